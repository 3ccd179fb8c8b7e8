//! The nodes of a service go by one clock: that of the server that keeps their state.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{AgreedClock, Clock, Deviation, SystemClock};
use credenza_store::{OpenError, ServerTime, Stores, open_both};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// How often a node asks what time it is.
const EVERY: Duration = Duration::from_secs(10);

/// By how many seconds a clock may be wrong before somebody is told.
const TOLERATED: u64 = 5;

/// Stores, and the clock by which they and everything around them should go.
pub struct InStep {
    /// Sessions and records.
    pub stores: Stores,
    /// The clock.
    pub clock: Arc<AgreedClock>,
    asking: Option<JoinHandle<()>>,
}

impl InStep {
    /// Opens stores as [`open_both`] does, asks their server what time it is, and goes on asking. Needs a tokio runtime.
    ///
    /// # Errors
    /// Those of [`open_both`].
    pub async fn open(database: &str, sessions: Option<&str>) -> Result<Self, OpenError> {
        Self::open_on(Arc::new(SystemClock), database, sessions).await
    }

    /// The same on a machine whose clock shows something else.
    ///
    /// # Errors
    /// Those of [`open_both`].
    pub async fn open_on(
        machine: Arc<dyn Clock>,
        database: &str,
        sessions: Option<&str>,
    ) -> Result<Self, OpenError> {
        let clock = Arc::new(AgreedClock::new(machine));
        let stores = open_both(database, sessions, Arc::clone(&clock) as _).await?;
        let asking = match &stores.time {
            None => None,
            Some(server) => {
                ask(&clock, &**server).await;
                told(None, clock.deviation());
                Some(tokio::spawn(keep_asking(Arc::clone(&clock), Arc::clone(server))))
            }
        };
        Ok(Self { stores, clock, asking })
    }
}

impl Drop for InStep {
    fn drop(&mut self) {
        if let Some(asking) = &self.asking {
            asking.abort();
        }
    }
}

impl std::fmt::Debug for InStep {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "InStep({:?})", self.clock)
    }
}

async fn keep_asking(clock: Arc<AgreedClock>, server: Arc<dyn ServerTime>) {
    loop {
        tokio::time::sleep(EVERY).await;
        let before = clock.deviation();
        ask(&clock, &*server).await;
        told(before, clock.deviation());
    }
}

async fn ask(clock: &AgreedClock, server: &dyn ServerTime) {
    let asked = Instant::now();
    match server.server_time().await {
        Ok(time) => clock.learn(time, asked.elapsed()),
        // Whoever needs the store says so; the clock goes on by itself.
        Err(error) => tracing::debug!(%error, "the database does not say what time it is"),
    }
}

/// Logs what is new about a clock that is wrong.
fn told(before: Option<Deviation>, now: Option<Deviation>) {
    let wrong = |deviation: Option<Deviation>| {
        deviation.filter(|it| !it.corrected || it.seconds.unsigned_abs() > TOLERATED)
    };
    match (wrong(before), wrong(now)) {
        (None, Some(Deviation { seconds, corrected: true })) => {
            tracing::warn!(seconds, "the clock of this machine is wrong; the database's is used");
        }
        (before, Some(Deviation { seconds, corrected: false })) if before.is_none_or(|it| it.corrected) => {
            tracing::error!(
                seconds,
                "the clock of this machine and the database's differ too much to be used"
            );
        }
        (Some(_), None) => tracing::info!("the clock of this machine is right again"),
        _ => {}
    }
}
