//! The webhooks that there are: one record each, read anew from time to time by every node.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use credenza_core::{
    Clock, Kept, Key, Listing, Random, RecordWrite, Records, Sealer, Secret, StoreError, UnixTime, id,
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::Ports;
use super::egress::Egress;
use super::message::{Message, is_pattern};
use super::outbox::Outbox;
use super::secret::{self, Kept as KeptSecret};
use crate::stated::stated;

const KIND: &str = "server.webhook";

/// For how long a node takes what it knows for granted.
const REREAD: Duration = Duration::from_secs(1);

/// No service has more webhooks.
pub(crate) const MAX_WEBHOOKS: usize = 64;

/// No webhook has more patterns.
const MAX_PATTERNS: usize = 32;

/// The longest description, in bytes.
const MAX_DESCRIPTION: usize = 512;

/// For how long an old secret signs beside a new one, at most.
pub(crate) const MAX_OVERLAP: Duration = Duration::from_secs(30 * 24 * 3600);

/// What a receiver gets to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Include {
    /// Ids alone: what belongs to them is asked for over the API.
    #[default]
    Ids,
    /// With `presentation.verified`, also what was presented.
    Result,
}

/// A webhook as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Webhook {
    pub(crate) id: String,
    pub(crate) url: String,
    pub(crate) events: Vec<String>,
    pub(crate) include: Include,
    pub(crate) enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    pub(crate) created_at: UnixTime,
    pub(super) secrets: Vec<KeptSecret>,
}

impl Webhook {
    /// Whether the message is to be sent there.
    pub(super) fn wants(&self, message: &Message) -> bool {
        self.enabled
            && message.at >= self.created_at
            && self.events.iter().any(|pattern| message.is_meant_by(pattern))
    }
}

/// What is to be different.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    #[serde(default, deserialize_with = "stated")]
    pub(crate) url: Option<String>,
    #[serde(default, deserialize_with = "stated")]
    pub(crate) events: Option<Vec<String>>,
    #[serde(default, deserialize_with = "stated")]
    pub(crate) include: Option<Include>,
    #[serde(default, deserialize_with = "stated")]
    pub(crate) enabled: Option<bool>,
    #[serde(default, deserialize_with = "stated")]
    pub(crate) description: Option<String>,
}

/// Why a webhook was not made or changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegisterError {
    #[error("there is no such webhook")]
    NotFound,
    #[error("nothing can be sent to this URL: {0}")]
    Url(&'static str),
    #[error(
        "events have to be one to {MAX_PATTERNS} types such as `presentation.verified`, `offer.*` or `*`"
    )]
    Events,
    #[error("the description is longer than {MAX_DESCRIPTION} bytes")]
    Description,
    #[error("the old secret may go on for {} seconds at most", MAX_OVERLAP.as_secs())]
    Overlap,
    #[error("there are {MAX_WEBHOOKS} webhooks already")]
    TooMany,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// All webhooks.
pub(crate) struct Register {
    records: Arc<dyn Records>,
    sealer: Arc<Sealer>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    egress: Egress,
    outbox: Arc<Outbox>,
    seen: Mutex<Option<(Arc<Vec<Webhook>>, Instant)>>,
}

impl Register {
    pub(super) fn new(ports: &Ports, egress: Egress, outbox: Arc<Outbox>) -> Self {
        Self {
            records: Arc::clone(&ports.records),
            sealer: Arc::clone(&ports.sealer),
            clock: Arc::clone(&ports.clock),
            random: Arc::clone(&ports.random),
            egress,
            outbox,
            seen: Mutex::default(),
        }
    }

    /// All webhooks, as this node has known them for a second at most.
    pub(crate) async fn all(&self) -> Result<Arc<Vec<Webhook>>, StoreError> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match seen {
            Some((all, at)) if at.elapsed() < REREAD => Ok(all),
            _ => self.reload().await,
        }
    }

    /// All webhooks.
    pub(crate) async fn reload(&self) -> Result<Arc<Vec<Webhook>>, StoreError> {
        let at = Instant::now();
        let found = self.records.list(Listing::of(KIND, MAX_WEBHOOKS * 2)).await?;
        let all: Vec<Webhook> = found.iter().map(|(_, kept)| read(kept)).collect::<Result<_, _>>()?;
        let all = Arc::new(all);
        self.outbox.set_idle(!all.iter().any(|webhook| webhook.enabled));
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(&all), at));
        Ok(all)
    }

    pub(crate) async fn get(&self, id: &str) -> Result<Option<Webhook>, StoreError> {
        Ok(self.load(id).await?.map(|(webhook, _)| webhook))
    }

    /// Makes a webhook, with its secret, which is told once.
    pub(crate) async fn create(
        &self,
        url: String,
        change: Change,
    ) -> Result<(Webhook, Secret), RegisterError> {
        if self.reload().await?.len() >= MAX_WEBHOOKS {
            return Err(RegisterError::TooMany);
        }
        let (shown, secret) = self.new_secret()?;
        let now = self.clock.now();
        let mut webhook = Webhook {
            id: format!("{:010x}{}", now.as_secs(), id::short(&*self.random)),
            url: String::new(),
            events: vec!["*".to_owned()],
            include: Include::default(),
            enabled: true,
            description: None,
            created_at: now,
            secrets: vec![secret],
        };
        self.apply(&mut webhook, Change { url: Some(url), ..change })?;
        let key = Key::new(KIND, &*webhook.id);
        let write = RecordWrite::Insert { key, group: String::new(), value: written(&webhook)? };
        self.records.commit(vec![write]).await?;
        self.reload().await?;
        Ok((webhook, shown))
    }

    /// Changes a webhook.
    pub(crate) async fn change(&self, id: &str, change: Change) -> Result<Webhook, RegisterError> {
        let (mut webhook, version) = self.load(id).await?.ok_or(RegisterError::NotFound)?;
        self.apply(&mut webhook, change)?;
        self.replace(&webhook, version).await?;
        Ok(webhook)
    }

    /// Makes a new secret. The old one signs, too, for `overlap`; until when is told.
    pub(crate) async fn rotate(
        &self,
        id: &str,
        overlap: Duration,
    ) -> Result<(Webhook, Secret, UnixTime), RegisterError> {
        if overlap > MAX_OVERLAP {
            return Err(RegisterError::Overlap);
        }
        let (mut webhook, version) = self.load(id).await?.ok_or(RegisterError::NotFound)?;
        let (shown, new) = self.new_secret()?;
        let until = secret::rotate(&mut webhook.secrets, new, overlap, self.clock.now());
        self.replace(&webhook, version).await?;
        Ok((webhook, shown, until))
    }

    /// Removes a webhook. Says whether there was one.
    pub(crate) async fn remove(&self, id: &str) -> Result<bool, StoreError> {
        let Some((_, version)) = self.load(id).await? else { return Ok(false) };
        self.records.commit(vec![RecordWrite::Remove { key: Key::new(KIND, id), expected: version }]).await?;
        self.reload().await?;
        Ok(true)
    }

    fn new_secret(&self) -> Result<(Secret, KeptSecret), StoreError> {
        KeptSecret::new(&self.sealer, &*self.random)
            .ok_or_else(|| StoreError::Unavailable("there is no key to seal with".to_owned()))
    }

    fn apply(&self, webhook: &mut Webhook, change: Change) -> Result<(), RegisterError> {
        if let Some(url) = change.url {
            self.egress.check(&url).map_err(RegisterError::Url)?;
            webhook.url = url;
        }
        if let Some(events) = change.events {
            if events.is_empty() || events.len() > MAX_PATTERNS || !events.iter().all(|one| is_pattern(one)) {
                return Err(RegisterError::Events);
            }
            webhook.events = events;
        }
        if let Some(description) = change.description {
            if description.len() > MAX_DESCRIPTION {
                return Err(RegisterError::Description);
            }
            webhook.description = Some(description).filter(|text| !text.is_empty());
        }
        webhook.include = change.include.unwrap_or(webhook.include);
        webhook.enabled = change.enabled.unwrap_or(webhook.enabled);
        Ok(())
    }

    async fn load(&self, id: &str) -> Result<Option<(Webhook, u64)>, StoreError> {
        let Some(kept) = self.records.get(&Key::new(KIND, id)).await? else { return Ok(None) };
        Ok(Some((read(&kept)?, kept.version)))
    }

    async fn replace(&self, webhook: &Webhook, expected: u64) -> Result<(), StoreError> {
        let key = Key::new(KIND, &*webhook.id);
        self.records.commit(vec![RecordWrite::Replace { key, expected, value: written(webhook)? }]).await?;
        self.reload().await?;
        Ok(())
    }
}

fn written(webhook: &Webhook) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(webhook).map_err(|error| StoreError::Unavailable(error.to_string()))
}

fn read(kept: &Kept) -> Result<Webhook, StoreError> {
    serde_json::from_slice(&kept.value)
        .map_err(|_| StoreError::Unavailable("a webhook can't be read".to_owned()))
}
