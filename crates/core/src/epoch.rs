//! Which life a store of sessions is in: one that lost what it knew begins another.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The life that a store of sessions is in, shared by the store and by the [`Sealer`](crate::Sealer) beside it.
///
/// Spending a sealed value is a record that says so. A store that can lose acknowledged records (a Redis that was
/// flushed, or restarted without its last second) would forget that a value was spent; so it begins another epoch, in
/// which nothing that was sealed before opens. Stores that keep what they have acknowledged stay in epoch 0.
#[derive(Debug, Clone, Default)]
pub struct Epoch(Arc<AtomicU64>);

impl Epoch {
    /// The number of the epoch.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Enters the epoch with this number.
    pub fn enter(&self, number: u64) {
        self.0.store(number, Ordering::SeqCst);
    }
}
