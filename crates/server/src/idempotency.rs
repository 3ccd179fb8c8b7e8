//! Answers that are kept, so that a request that is sent once more is done once.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Clock, Key, Random, Sealer, Store, StoreError, b64};
use credenza_crypto::hash::sha256;
use serde::{Deserialize, Serialize};

use crate::service::ServiceBuilder;

const KIND: &str = "server.idempotency";
const PURPOSE: &str = "server.idempotency";

/// For how long an answer is kept.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// A request that is under way for longer was given up, by a node that died.
const UNDER_WAY: Duration = Duration::from_secs(120);

/// An answer as it was given.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Given {
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    pub(crate) body: String,
}

#[derive(Serialize, Deserialize)]
struct Content {
    /// Of the request.
    fingerprint: String,
    /// `None`: it is under way.
    given: Option<Given>,
}

/// How a request stands.
pub(crate) enum Standing {
    /// It is the first one of this name; whoever got this does it.
    New(Name),
    /// It was answered before.
    Given(Given),
    /// It is being done right now.
    UnderWay,
    /// Another request had this name.
    Another,
}

/// The name of a request that is under way.
pub(crate) struct Name {
    key: Key,
    fingerprint: String,
}

/// Where answers are kept: sealed, for there are secrets in them that are told once.
pub(crate) struct Idempotency {
    store: Arc<dyn Store>,
    sealer: Arc<Sealer>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Idempotency {
    pub(crate) fn over(builder: &ServiceBuilder) -> Arc<Self> {
        Arc::new(Self {
            store: Arc::clone(&builder.store),
            sealer: Arc::clone(&builder.sealer),
            clock: Arc::clone(&builder.clock),
            random: Arc::clone(&builder.random),
        })
    }

    /// Begins a request of this caller's, by the name that the caller gives it.
    pub(crate) async fn begin(
        &self,
        caller: &str,
        named: &str,
        target: &str,
        body: &[u8],
    ) -> Result<Standing, StoreError> {
        let key = Key::new(KIND, b64::encode(sha256(format!("{caller}\n{named}").as_bytes())));
        let fingerprint = [target.as_bytes(), b"\n", body].concat();
        let fingerprint = b64::encode(sha256(&fingerprint));
        let content = Content { fingerprint, given: None };
        let expires = self.clock.now() + UNDER_WAY;
        let value = self.seal(&key, &content, UNDER_WAY)?;
        match self.store.insert(key.clone(), value, expires).await {
            Ok(()) => return Ok(Standing::New(Name { key, fingerprint: content.fingerprint })),
            Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
        let Some(record) = self.store.get(&key).await? else { return Ok(Standing::UnderWay) };
        let known = self.open(&key, &record.value);
        Ok(match known {
            Some(known) if known.fingerprint != content.fingerprint => Standing::Another,
            Some(Content { given: Some(given), .. }) => Standing::Given(given),
            _ => Standing::UnderWay,
        })
    }

    /// Keeps the answer.
    pub(crate) async fn keep(&self, name: Name, given: Given) -> Result<(), StoreError> {
        let Name { key, fingerprint } = name;
        let value = self.seal(&key, &Content { fingerprint, given: Some(given) }, KEPT)?;
        self.store.replace(key, 1, value, self.clock.now() + KEPT).await
    }

    /// Nothing was done: the same name can be used again.
    pub(crate) async fn forget(&self, name: &Name) -> Result<(), StoreError> {
        self.store.take(&name.key).await.map(|_| ())
    }

    fn seal(&self, key: &Key, content: &Content, time: Duration) -> Result<Vec<u8>, StoreError> {
        let unavailable = || StoreError::Unavailable("an answer can't be kept".to_owned());
        let content = serde_json::to_vec(&(&key.id, content)).map_err(|_| unavailable())?;
        let sealed = self.sealer.seal(&*self.random, PURPOSE, self.clock.now() + time, &content);
        if sealed.is_empty() { Err(unavailable()) } else { Ok(sealed.into_bytes()) }
    }

    fn open(&self, key: &Key, value: &[u8]) -> Option<Content> {
        let sealed = std::str::from_utf8(value).ok()?;
        let content = self.sealer.open(PURPOSE, self.clock.now(), sealed).ok()?;
        // A record that was moved to another name is not that answer.
        let (id, content): (String, Content) = serde_json::from_slice(&content).ok()?;
        (id == key.id).then_some(content)
    }
}
