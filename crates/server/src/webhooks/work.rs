//! The work behind the scenes: notes become deliveries, deliveries are sent, old ones are forgotten.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use credenza_core::StoreError;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::courier::PATIENCE;
use super::{TICK, Webhooks};

/// The lease under which notes become deliveries.
const OUTBOX: &str = "webhooks.outbox";

/// So many notes become deliveries in one commit.
const NOTES: usize = 64;

/// The longest pause that a receiver who does not answer is given, before something is tried again.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// How often deliveries that have ended long ago are looked for.
const FORGETTING: Duration = Duration::from_secs(60);

/// How a receiver has behaved.
#[derive(Default)]
struct Manners {
    running: bool,
    /// Rounds in a row that have ended with failures.
    bad: u32,
    rest_until: Option<Instant>,
    forgotten_at: Option<Instant>,
}

impl Webhooks {
    /// Works until `stop` is done.
    pub(crate) async fn work(self: Arc<Self>, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut manners: HashMap<String, Manners> = HashMap::new();
        let mut rounds = JoinSet::new();
        loop {
            if let Err(error) = self.begin_rounds(&mut manners, &mut rounds).await {
                tracing::warn!(%error, "webhooks have to wait");
            }
            tokio::select! {
                () = &mut stop => break,
                () = self.wake.notified() => {}
                () = tokio::time::sleep(TICK) => {}
            }
            while let Some(ended) = rounds.try_join_next() {
                if let Ok((webhook, result)) = ended {
                    rate(&mut manners, webhook, result);
                }
            }
        }
        // What is being sent is sent again by whoever comes next, should its answer not be known.
        rounds.shutdown().await;
        if let Err(error) = self.leases.release().await {
            tracing::warn!(%error, "another node has to wait for the leases of the webhooks");
        }
    }

    async fn begin_rounds(
        self: &Arc<Self>,
        manners: &mut HashMap<String, Manners>,
        rounds: &mut JoinSet<(String, Result<u32, StoreError>)>,
    ) -> Result<(), StoreError> {
        let webhooks = self.register.all().await?;
        if webhooks.is_empty() {
            return Ok(());
        }
        if self.leases.hold(OUTBOX).await? {
            while self.leases.is_held(OUTBOX) && self.empty_outbox().await? {}
        }
        let now = Instant::now();
        for webhook in webhooks.iter() {
            let known = manners.entry(webhook.id.clone()).or_default();
            let resting = known.rest_until.is_some_and(|until| now < until);
            let lease = format!("webhook.{}", webhook.id);
            if !webhook.enabled || known.running || resting || !self.leases.hold(&lease).await? {
                continue;
            }
            if known.forgotten_at.is_none_or(|at| now.duration_since(at) >= FORGETTING) {
                known.forgotten_at = Some(now);
                while self.deliveries.forget(&webhook.id, false).await? {}
            }
            known.running = true;
            let (webhooks, webhook) = (Arc::clone(self), webhook.clone());
            rounds.spawn(async move {
                let result = webhooks.deliver(&webhook, &lease).await;
                (webhook.id, result)
            });
        }
        manners.retain(|id, known| known.running || webhooks.iter().any(|webhook| webhook.id == *id));
        Ok(())
    }

    /// Makes deliveries of the first notes. Says whether there may be more.
    async fn empty_outbox(&self) -> Result<bool, StoreError> {
        let notes = self.outbox.first(NOTES).await?;
        let full = notes.len() == NOTES;
        if notes.is_empty() {
            return Ok(false);
        }
        // One that was made a moment ago on another node wants what has happened since.
        let webhooks = self.register.reload().await?;
        let mut writes = Vec::new();
        for note in &notes {
            writes.extend(self.writes(&webhooks, &note.message)?);
        }
        if !writes.is_empty() && !self.deliveries.commit(writes).await? {
            // Some were made before the notes could be removed: each for itself.
            for note in &notes {
                for webhook in webhooks.iter().filter(|webhook| webhook.wants(&note.message)) {
                    self.deliveries.commit(self.deliveries.begin(webhook, &note.message)?.to_vec()).await?;
                }
            }
        }
        self.outbox.remove(notes).await?;
        Ok(full)
    }
}

/// Gives a receiver that does not answer more and more rest.
fn rate(manners: &mut HashMap<String, Manners>, webhook: String, result: Result<u32, StoreError>) {
    let known = manners.entry(webhook).or_default();
    known.running = false;
    match result {
        Ok(failures) if failures < PATIENCE => {
            known.bad = 0;
            known.rest_until = None;
        }
        Ok(_) => {
            known.bad = known.bad.saturating_add(1);
            let rest = Duration::from_secs(1 << known.bad.min(6)).min(LONGEST_REST);
            known.rest_until = Some(Instant::now() + rest);
        }
        Err(error) => tracing::warn!(%error, "deliveries of a webhook have to wait"),
    }
}
