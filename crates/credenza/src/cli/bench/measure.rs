//! Operations that are measured in turns, so that what disturbs the machine disturbs all of them.

use std::time::{Duration, Instant};

/// How long one operation is run in a round.
const SLICE: Duration = Duration::from_millis(40);

/// The times of one operation.
#[derive(Debug, Default)]
pub(super) struct Times(Vec<f64>);

impl Times {
    /// Runs `operation` for a slice and notes the mean of it.
    pub(super) async fn run(
        &mut self,
        mut operation: impl AsyncFnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let start = Instant::now();
        let mut count = 0_u32;
        while start.elapsed() < SLICE {
            operation().await?;
            count += 1;
        }
        self.0.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(count.max(1)));
        Ok(())
    }

    /// The median, in microseconds.
    pub(super) fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }
}
