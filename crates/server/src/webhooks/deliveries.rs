//! Deliveries: what is on its way to a webhook, and what has become of it.
//!
//! A delivery is two records: its story, which is kept for a while after its end, and while it waits, its place in the
//! queue of its webhook, where messages of one session follow each other.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Clock, Kept, Key, Listing, RecordWrite, Records, StoreError, UnixTime, b64};
use credenza_crypto::hash::sha256;
use serde::{Deserialize, Serialize};

use super::message::Message;
use super::register::Webhook;

const STORY: &str = "server.webhook_delivery";
const QUEUE: &str = "server.webhook_queue";

/// How long the story of a delivery that has ended is kept.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// So many of the last tries are told.
const TOLD: usize = 12;

/// How a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It waits for its turn, or for another try.
    Pending,
    /// The receiver has taken it.
    Delivered,
    /// It was tried often enough.
    Failed,
}

/// One try.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) at: UnixTime,
    /// The receiver's answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// Why there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

/// The story of a delivery.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Delivery {
    /// Also the `webhook-id`, by which a receiver knows a message that it has had already.
    pub(crate) id: String,
    pub(crate) webhook: String,
    #[serde(flatten)]
    pub(crate) message: Message,
    pub(crate) state: State,
    /// Tries so far.
    pub(crate) tries: u32,
    /// The last ones.
    pub(crate) attempts: Vec<Attempt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next_try_at: Option<UnixTime>,
}

/// A place in the queue.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) delivery: String,
    pub(super) session: String,
    /// Not before then.
    pub(super) due: UnixTime,
    /// Tries since it got this place.
    pub(super) tries: u32,
}

/// A place as it was read.
pub(super) struct Queued {
    pub(super) id: String,
    pub(super) version: u64,
    pub(super) place: Place,
}

/// What becomes of a delivery after a try.
pub(super) enum Outcome {
    Delivered,
    Again(UnixTime),
    Failed,
}

/// Why something was not sent again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    #[error("there is no such delivery")]
    NotFound,
    #[error("the delivery is on its way already")]
    Pending,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The deliveries of all webhooks.
pub(crate) struct Deliveries {
    records: Arc<dyn Records>,
    clock: Arc<dyn Clock>,
}

impl Deliveries {
    pub(super) fn new(records: Arc<dyn Records>, clock: Arc<dyn Clock>) -> Self {
        Self { records, clock }
    }

    /// The writes by which a message gets on its way to a webhook. Their names follow from the message: done twice, the
    /// second time is a conflict.
    pub(super) fn begin(&self, webhook: &Webhook, message: &Message) -> Result<[RecordWrite; 2], StoreError> {
        Ok(self.begun(webhook, message)?.1)
    }

    pub(super) fn begun(
        &self,
        webhook: &Webhook,
        message: &Message,
    ) -> Result<(Delivery, [RecordWrite; 2]), StoreError> {
        let name = format!("{}\n{}\n{}", webhook.id, message.session, message.order());
        let hash: String = b64::encode(sha256(name.as_bytes())).chars().take(22).collect();
        let id = format!("msg_{:012}_{hash}", message.at.as_secs());
        let delivery = Delivery {
            id: id.clone(),
            webhook: webhook.id.clone(),
            message: message.clone(),
            state: State::Pending,
            tries: 0,
            attempts: Vec::new(),
            next_try_at: None,
        };
        let story = RecordWrite::Insert {
            key: Key::new(STORY, id),
            group: webhook.id.clone(),
            value: written(&delivery)?,
        };
        let place = enqueue(&delivery, message.at)?;
        Ok((delivery, [story, place]))
    }

    /// Does the writes of [`begin`](Self::begin); says whether they were not done before.
    pub(super) async fn commit(&self, writes: Vec<RecordWrite>) -> Result<bool, StoreError> {
        match self.records.commit(writes).await {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The places in the queue of a webhook, in order.
    pub(super) async fn queued(
        &self,
        webhook: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Queued>, StoreError> {
        let listing = Listing::of(QUEUE, limit).in_group(webhook).after(after);
        let found = self.records.list(listing).await?;
        found
            .into_iter()
            .map(|(id, kept)| Ok(Queued { id, version: kept.version, place: read(&kept)? }))
            .collect()
    }

    /// One delivery of a webhook.
    pub(crate) async fn get(&self, webhook: &str, id: &str) -> Result<Option<Delivery>, StoreError> {
        Ok(self.load(webhook, id).await?.map(|(delivery, _)| delivery))
    }

    async fn load(&self, webhook: &str, id: &str) -> Result<Option<(Delivery, u64)>, StoreError> {
        let Some(kept) = self.records.get(&Key::new(STORY, id)).await? else { return Ok(None) };
        let delivery: Delivery = read(&kept)?;
        Ok((delivery.webhook == webhook).then_some((delivery, kept.version)))
    }

    /// Deliveries of a webhook, oldest first.
    pub(crate) async fn list(
        &self,
        webhook: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let found = self.records.list(Listing::of(STORY, limit).in_group(webhook).after(after)).await?;
        found.iter().map(|(_, kept)| read(kept)).collect()
    }

    /// Writes down what a try has come to. Nothing is written when somebody else has done so meanwhile.
    pub(super) async fn tried(
        &self,
        queued: Queued,
        attempt: Attempt,
        outcome: Outcome,
    ) -> Result<(), StoreError> {
        let Queued { id, version, place } = queued;
        let Some(kept) = self.records.get(&Key::new(STORY, &*place.delivery)).await? else { return Ok(()) };
        let mut delivery: Delivery = read(&kept)?;
        delivery.tries = delivery.tries.saturating_add(1);
        delivery.attempts.push(attempt);
        let told = delivery.attempts.len().saturating_sub(TOLD);
        delivery.attempts.drain(..told);
        let key = Key::new(QUEUE, id);
        let queue = match outcome {
            Outcome::Delivered | Outcome::Failed => RecordWrite::Remove { key, expected: version },
            Outcome::Again(due) => {
                let place = Place { due, tries: place.tries.saturating_add(1), ..place };
                RecordWrite::Replace { key, expected: version, value: written(&place)? }
            }
        };
        (delivery.state, delivery.next_try_at) = match outcome {
            Outcome::Delivered => (State::Delivered, None),
            Outcome::Failed => (State::Failed, None),
            Outcome::Again(due) => (State::Pending, Some(due)),
        };
        let key = Key::new(STORY, &*delivery.id);
        let story = RecordWrite::Replace { key, expected: kept.version, value: written(&delivery)? };
        self.commit(vec![queue, story]).await.map(|_| ())
    }

    /// Sends a delivery that has ended once more.
    pub(crate) async fn replay(&self, webhook: &str, id: &str) -> Result<Delivery, ReplayError> {
        let (mut delivery, version) = self.load(webhook, id).await?.ok_or(ReplayError::NotFound)?;
        if delivery.state == State::Pending {
            return Err(ReplayError::Pending);
        }
        delivery.state = State::Pending;
        let key = Key::new(STORY, id);
        let story = RecordWrite::Replace { key, expected: version, value: written(&delivery)? };
        let place = enqueue(&delivery, self.clock.now())?;
        if self.commit(vec![story, place]).await? { Ok(delivery) } else { Err(ReplayError::Pending) }
    }

    /// Forgets what has ended long ago; of a webhook that is gone, everything. Says whether there may be more.
    pub(super) async fn forget(&self, webhook: &str, gone: bool) -> Result<bool, StoreError> {
        const AT_ONCE: usize = 100;
        let oldest = self.clock.now() - KEPT;
        let ended = |kept: &Kept| {
            let delivery: Result<Delivery, _> = read(kept);
            delivery.is_ok_and(|one| one.state != State::Pending && one.message.at < oldest)
        };
        let mut forgotten = 0;
        for kind in [STORY, QUEUE] {
            let found = self.records.list(Listing::of(kind, AT_ONCE).in_group(webhook)).await?;
            for (id, kept) in found {
                if gone || (kind == STORY && ended(&kept)) {
                    self.commit(vec![RecordWrite::Remove {
                        key: Key::new(kind, id),
                        expected: kept.version,
                    }])
                    .await?;
                    forgotten += 1;
                }
            }
        }
        Ok(forgotten >= AT_ONCE)
    }
}

/// The write that gives a delivery its place: after the earlier ones of its session.
fn enqueue(delivery: &Delivery, due: UnixTime) -> Result<RecordWrite, StoreError> {
    let Delivery { webhook, message, .. } = delivery;
    let id = format!("{}~{}", session_key(webhook, &message.session), message.order());
    let place = Place { delivery: delivery.id.clone(), session: message.session.clone(), due, tries: 0 };
    Ok(RecordWrite::Insert { key: Key::new(QUEUE, id), group: webhook.clone(), value: written(&place)? })
}

/// What the names of all places of a session begin with.
fn session_key(webhook: &str, session: &str) -> String {
    let hash: String = b64::encode(sha256(session.as_bytes())).chars().take(22).collect();
    format!("{webhook}~{hash}")
}

fn written<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|error| StoreError::Unavailable(error.to_string()))
}

fn read<T: for<'de> Deserialize<'de>>(kept: &Kept) -> Result<T, StoreError> {
    serde_json::from_slice(&kept.value)
        .map_err(|_| StoreError::Unavailable("a delivery can't be read".to_owned()))
}
