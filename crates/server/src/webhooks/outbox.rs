//! The outbox: notes that are stored in the commit of the change that they tell of.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use credenza_core::{Clock, Event, Key, Store, StoreError, Write};
use tokio::sync::Notify;

use super::message::Message;

const KIND: &str = "server.outbox";

/// A note that nobody has come for is forgotten after this time.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// A note, and its name.
pub(super) struct Note {
    key: Key,
    pub(super) message: Message,
}

/// Where notes are left and found.
pub(crate) struct Outbox {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    wake: Arc<Notify>,
    /// Nobody listens: nothing need be noted. Until somebody has looked, everything is.
    idle: AtomicBool,
}

impl Outbox {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, wake: Arc<Notify>) -> Self {
        Self { store, clock, wake, idle: AtomicBool::new(false) }
    }

    pub(super) fn set_idle(&self, idle: bool) {
        self.idle.store(idle, Ordering::Relaxed);
    }

    /// The write that notes an event.
    pub(crate) fn note(&self, session: &str, event: &Event) -> Option<Write> {
        if self.idle.load(Ordering::Relaxed) {
            return None;
        }
        // In the order of the ids, those of one session are in the order in which they happened.
        let key = Key::new(KIND, format!("{session}.{:010}", event.sequence));
        let value = serde_json::to_vec(&Message::of_session(session, event.clone())).ok()?;
        Some(Write::Insert { key, value, expires: self.clock.now() + KEPT })
    }

    /// An event is stored.
    pub(crate) fn noted(&self) {
        if !self.idle.load(Ordering::Relaxed) {
            self.wake.notify_one();
        }
    }

    /// The first notes, in order.
    pub(super) async fn first(&self, limit: usize) -> Result<Vec<Note>, StoreError> {
        let found = self.store.list(KIND, None, limit).await?;
        let mut notes = Vec::with_capacity(found.len());
        for (id, record) in found {
            let key = Key::new(KIND, id);
            match serde_json::from_slice(&record.value) {
                Ok(message) => notes.push(Note { key, message }),
                Err(_) => {
                    tracing::error!("a note in the outbox can't be read, and is thrown away");
                    self.store.take(&key).await?;
                }
            }
        }
        Ok(notes)
    }

    /// Throws away notes that have become deliveries. Another node may have done that already.
    pub(super) async fn remove(&self, notes: Vec<Note>) -> Result<(), StoreError> {
        let keys: Vec<Key> = notes.into_iter().map(|note| note.key).collect();
        let writes = keys.iter().cloned().map(|key| Write::Remove { key }).collect();
        match self.store.commit(writes).await {
            Ok(()) => Ok(()),
            Err(StoreError::Conflict(_)) => {
                for key in keys {
                    self.store.take(&key).await?;
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}
