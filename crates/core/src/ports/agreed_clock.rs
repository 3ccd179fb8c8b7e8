//! A clock that several machines agree on: that of the server which keeps their state.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::clock::{Clock, Deviation};
use crate::UnixTime;

/// No correction is larger than this: that far off, nobody knows which of two clocks is wrong.
pub const LARGEST_CORRECTION: Duration = Duration::from_secs(300);

/// An answer that took longer than this says too little about the present.
const SLOW: Duration = Duration::from_secs(2);

/// A clock that shows the time of a server which all nodes of a service share, so that they decide alike about what has
/// expired, whatever the clocks of their own machines show. Between two answers of the server it goes on with the time
/// that has passed: a machine's clock that is set anew changes nothing.
///
/// A time is believed when it is within [`LARGEST_CORRECTION`] of what this clock shows, or of what the machine's does.
/// Otherwise it is disputed: the clock goes on as before, and [`Clock::deviation`] says so.
pub struct AgreedClock {
    machine: Arc<dyn Clock>,
    state: RwLock<State>,
}

#[derive(Clone, Copy, Default)]
struct State {
    /// What the server's clock showed (since 1970), and when that was.
    anchor: Option<(Duration, Instant)>,
    deviation: Option<Deviation>,
}

impl State {
    fn shows(&self) -> Option<Duration> {
        self.anchor.map(|(time, at)| time.saturating_add(at.elapsed()))
    }
}

impl AgreedClock {
    /// Shows what the machine's clock does, until it [learns](Self::learn) better.
    #[must_use]
    pub fn new(machine: Arc<dyn Clock>) -> Self {
        Self { machine, state: RwLock::default() }
    }

    /// The server's clock has shown `time` (since 1970-01-01T00:00:00Z); to ask took so long.
    pub fn learn(&self, time: Duration, took: Duration) {
        if took > SLOW {
            return;
        }
        let time = time.saturating_add(took / 2);
        let machine = self.machine.now().since(UnixTime::EPOCH);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let own = state.shows().unwrap_or(machine);
        let believed = [own, machine].into_iter().any(|clock| clock.abs_diff(time) <= LARGEST_CORRECTION);
        if believed {
            state.anchor = Some((time, Instant::now()));
        }
        let seconds = i64::try_from(machine.abs_diff(time).as_secs()).unwrap_or(i64::MAX);
        let seconds = if machine < time { -seconds } else { seconds };
        state.deviation = Some(Deviation { seconds, corrected: believed });
    }
}

impl Clock for AgreedClock {
    fn now(&self) -> UnixTime {
        let state = *self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.shows().map_or_else(|| self.machine.now(), |time| UnixTime::EPOCH + time)
    }

    fn deviation(&self) -> Option<Deviation> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).deviation
    }
}

impl std::fmt::Debug for AgreedClock {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "AgreedClock({:?})", self.deviation())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FixedClock;

    const TRUE: i64 = 1_700_000_000;

    /// A clock on a machine that shows so many seconds too many.
    fn on_a_machine(off: i64) -> (Arc<FixedClock>, AgreedClock) {
        let machine = Arc::new(FixedClock::at(UnixTime::from_secs(TRUE + off)));
        (Arc::clone(&machine), AgreedClock::new(machine))
    }

    fn server(time: i64) -> Duration {
        UnixTime::from_secs(time).since(UnixTime::EPOCH)
    }

    fn is(clock: &AgreedClock, time: i64) -> bool {
        clock.now().as_secs().abs_diff(time) <= 60
    }

    #[test]
    fn it_shows_the_machines_time_until_it_knows_better() {
        let (machine, clock) = on_a_machine(-7);
        assert_eq!((clock.now(), clock.deviation()), (machine.now(), None));
    }

    // Q06
    #[test]
    fn q06_clocks_that_are_wrong_agree() {
        for off in [-120, 0, 120, 300] {
            let (_, clock) = on_a_machine(off);
            clock.learn(server(TRUE), Duration::ZERO);
            assert!(is(&clock, TRUE), "{off}: {}", clock.now());
            assert_eq!(clock.deviation(), Some(Deviation { seconds: off, corrected: true }));
        }
    }

    #[test]
    fn q06_a_machines_clock_that_is_set_anew_changes_nothing() {
        let (machine, clock) = on_a_machine(0);
        clock.learn(server(TRUE), Duration::ZERO);
        for step in [3600, -3600, 86_400] {
            machine.set(UnixTime::from_secs(TRUE + step));
            assert!(is(&clock, TRUE), "{}", clock.now());
            clock.learn(server(TRUE), Duration::ZERO);
            assert!(is(&clock, TRUE), "{}", clock.now());
            assert_eq!(clock.deviation(), Some(Deviation { seconds: step, corrected: true }));
        }
    }

    #[test]
    fn a_correction_is_bounded() {
        let (machine, clock) = on_a_machine(0);
        clock.learn(server(TRUE + 3600), Duration::ZERO);
        assert_eq!(clock.now(), machine.now());
        assert_eq!(clock.deviation(), Some(Deviation { seconds: -3600, corrected: false }));
        // The machine's clock is put right: both are heard again.
        machine.set(UnixTime::from_secs(TRUE + 3590));
        clock.learn(server(TRUE + 3600), Duration::ZERO);
        assert!(is(&clock, TRUE + 3600));
        assert_eq!(clock.deviation(), Some(Deviation { seconds: -10, corrected: true }));
    }

    #[test]
    fn a_slow_answer_says_nothing() {
        let (machine, clock) = on_a_machine(0);
        clock.learn(server(TRUE + 100), Duration::from_secs(3));
        assert_eq!((clock.now(), clock.deviation()), (machine.now(), None));
    }
}
