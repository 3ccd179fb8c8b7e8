//! An open loop: flows are due at a rate, whatever became of those before them.

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::flows::{Times, Wallet};
use super::report::{Kind, Measured};

/// Which flows, how many of them, and for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schedule {
    pub(super) rate: f64,
    pub(super) duration: Duration,
    pub(super) kinds: &'static [Kind],
}

impl Schedule {
    /// When a flow is due, from the start on; `None`: not any more.
    fn due(&self, number: u32) -> Option<Duration> {
        let due = Duration::try_from_secs_f64(f64::from(number) / self.rate).ok()?;
        (due < self.duration).then_some(due)
    }

    fn kind(&self, number: u32) -> Kind {
        let place = usize::try_from(number).unwrap_or(0) % self.kinds.len().max(1);
        self.kinds.get(place).copied().unwrap_or(Kind::Issue)
    }
}

/// A run under way.
struct Run {
    schedule: Schedule,
    start: Instant,
    next: AtomicU32,
    measured: Mutex<Measured>,
}

impl Run {
    fn measured(&self) -> MutexGuard<'_, Measured> {
        self.measured.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes flow after flow. One that is due while all wallets are busy waits for the next free one, and its time runs.
    async fn work(&self, wallet: Wallet) {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(due) = self.schedule.due(number) else { return };
            let due = self.start + due;
            tokio::time::sleep_until(due.into()).await;
            if self.start.elapsed() >= self.schedule.duration {
                self.measured().not_started += 1;
                continue;
            }
            let kind = self.schedule.kind(number);
            self.measured().busy += 1;
            let mut times = Times::new();
            let ended = wallet.flow(kind, &mut times).await;
            let mut measured = self.measured();
            measured.busy -= 1;
            measured.note(kind, due.elapsed(), &times, ended);
        }
    }

    async fn watch(&self) {
        let mut beat = tokio::time::interval(Duration::from_secs(1));
        beat.tick().await;
        loop {
            beat.tick().await;
            let line = self.measured().line(self.start.elapsed());
            let _ = write!(std::io::stderr(), "\r{line}\x1b[K");
        }
    }
}

/// Runs the wallets to the end of the schedule, or until `interrupted`; what was measured, and for how long.
pub(super) async fn drive(
    wallets: Vec<Wallet>,
    schedule: Schedule,
    interrupted: impl Future<Output = ()>,
) -> (Measured, Duration) {
    let run = Arc::new(Run {
        schedule,
        start: Instant::now(),
        next: AtomicU32::new(0),
        measured: Mutex::default(),
    });
    let mut working = tokio::task::JoinSet::new();
    for wallet in wallets {
        let run = Arc::clone(&run);
        working.spawn(async move { run.work(wallet).await });
    }
    let watching = std::io::stderr().is_terminal().then(|| {
        let run = Arc::clone(&run);
        tokio::spawn(async move { run.watch().await })
    });
    let stopped = tokio::select! {
        () = async { while working.join_next().await.is_some() {} } => false,
        () = interrupted => true,
    };
    working.shutdown().await;
    if let Some(watching) = watching {
        watching.abort();
        eprintln!();
    }
    let took = run.start.elapsed();
    let mut measured = std::mem::take(&mut *run.measured());
    measured.interrupted = stopped;
    (measured, took)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_are_due_at_the_rate_and_alternate() {
        let schedule =
            Schedule { rate: 4.0, duration: Duration::from_secs(2), kinds: &[Kind::Issue, Kind::Present] };
        assert_eq!(schedule.due(0), Some(Duration::ZERO));
        assert_eq!(schedule.due(6), Some(Duration::from_millis(1500)));
        assert_eq!((0..).take_while(|number| schedule.due(*number).is_some()).count(), 8);
        assert_eq!(
            (schedule.kind(0), schedule.kind(1), schedule.kind(2)),
            (Kind::Issue, Kind::Present, Kind::Issue)
        );
    }
}
