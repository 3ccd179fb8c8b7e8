//! Port: what time it is.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::UnixTime;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> UnixTime;

    /// How wrong the machine's clock is, as far as anybody knows: `None` where it is not compared with another one.
    fn deviation(&self) -> Option<Deviation> {
        None
    }
}

/// How far the clock of a machine is from the one that all nodes of a service share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deviation {
    /// By how many seconds the machine's clock is fast; negative: slow.
    pub seconds: i64,
    /// Whether the times that are told are right all the same. `false`: the two differ by so much that nobody knows which
    /// of them is wrong.
    pub corrected: bool,
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the adapter")]
    fn now(&self) -> UnixTime {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        UnixTime::EPOCH + since
    }
}

/// A clock that stands still until it is moved: for tests and replays.
#[derive(Debug)]
pub struct FixedClock(AtomicI64);

impl FixedClock {
    /// A clock that shows `time`.
    #[must_use]
    pub fn at(time: UnixTime) -> Self {
        Self(AtomicI64::new(time.as_secs()))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.0.store((self.now() + by).as_secs(), Ordering::SeqCst);
    }

    /// Sets the clock.
    pub fn set(&self, time: UnixTime) {
        self.0.store(time.as_secs(), Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_moves_only_when_told() {
        let clock = FixedClock::at(UnixTime::from_secs(10));
        assert_eq!(clock.now(), clock.now());
        clock.advance(Duration::from_secs(5));
        assert_eq!(clock.now(), UnixTime::from_secs(15));
        clock.set(UnixTime::EPOCH);
        assert_eq!(clock.now(), UnixTime::EPOCH);
    }

    #[test]
    fn system_is_in_this_century() {
        let now = SystemClock.now();
        assert!(now > UnixTime::from_secs(1_700_000_000) && now < UnixTime::from_secs(4_102_444_800));
    }
}
