//! Credential types that were made over the API, beside those of the configuration.
//!
//! All of them are one record, so that each change is one commit against one version, and every node sees the same set.
//! A node looks at the record when a request comes and a second has passed since the last time; its own changes hold at
//! once. Types of the configuration are not to be changed here, and win over a record of their id.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use credenza_core::{Key, Records, StoreError};
use credenza_vci::issuer::{ConfigError, CredentialConfiguration, Issuer};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::one_record::OneRecord;

const KIND: &str = "server.credential_types";

/// For how long a node takes what it knows for granted.
const REREAD: Duration = Duration::from_secs(1);

/// The types that were made over the API.
pub(crate) struct TypeRegister {
    record: OneRecord<Content>,
    issuer: Arc<Issuer>,
    /// Those of the configuration.
    fixed: Vec<CredentialConfiguration>,
    seen: Mutex<Seen>,
    /// One reads or writes at a time.
    work: tokio::sync::Mutex<()>,
}

/// What this node knows of the record.
#[derive(Default)]
struct Seen {
    /// 0: there is none.
    version: u64,
    /// `None`: it was never read.
    at: Option<Instant>,
}

/// The record's content.
#[derive(Default, Serialize, Deserialize)]
struct Content {
    types: Vec<CredentialConfiguration>,
}

/// Why a type was not made, replaced or removed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TypeError {
    #[error("it comes from the configuration of the service, and can be changed there alone")]
    Fixed,
    #[error("there is no credential type of this id")]
    NotFound,
    #[error(transparent)]
    Invalid(#[from] ConfigError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TypeRegister {
    pub(crate) fn new(records: Arc<dyn Records>, issuer: Arc<Issuer>) -> Self {
        let fixed = issuer.configurations().map(|one| CredentialConfiguration::clone(&one)).collect();
        let key = Key::new(KIND, issuer.identifier());
        let record = OneRecord::new(records, key, "credential types");
        Self { record, issuer, fixed, seen: Mutex::default(), work: tokio::sync::Mutex::default() }
    }

    /// Whether a type comes from the configuration.
    pub(crate) fn is_fixed(&self, id: &str) -> bool {
        self.fixed.iter().any(|one| one.id == id)
    }

    /// Looks whether another node has changed something, unless that was done a moment ago. Whoever comes while somebody
    /// else looks goes on with what is known, but for the first ones.
    pub(crate) async fn keep_up(&self) {
        let (never, due) = match self.seen().at {
            None => (true, true),
            Some(at) => (false, at.elapsed() >= REREAD),
        };
        if !due {
            return;
        }
        let _work = match self.work.try_lock() {
            Ok(work) => work,
            Err(_) if never => self.work.lock().await,
            Err(_) => return,
        };
        if self.seen().at.is_none_or(|at| at.elapsed() >= REREAD)
            && let Err(error) = self.reload().await
        {
            tracing::warn!(%error, "the credential types can't be read");
        }
    }

    /// Looks whether another node has changed something.
    pub(crate) async fn catch_up(&self) -> Result<(), StoreError> {
        let _work = self.work.lock().await;
        self.reload().await
    }

    /// Makes a type, or replaces it. Says whether it is new.
    pub(crate) async fn put(&self, configuration: CredentialConfiguration) -> Result<bool, TypeError> {
        if self.is_fixed(&configuration.id) {
            return Err(TypeError::Fixed);
        }
        self.change(|content| {
            let others = content.types.iter().filter(|one| one.id != configuration.id);
            let mut all = self.usable(others.cloned().collect());
            all.push(configuration.clone());
            self.issuer.check_configurations(all)?;
            match content.types.iter_mut().find(|one| one.id == configuration.id) {
                Some(old) => {
                    *old = configuration.clone();
                    Ok(false)
                }
                None => {
                    content.types.push(configuration.clone());
                    Ok(true)
                }
            }
        })
        .await
    }

    /// Removes a type.
    pub(crate) async fn remove(&self, id: &str) -> Result<(), TypeError> {
        if self.is_fixed(id) {
            return Err(TypeError::Fixed);
        }
        self.change(|content| {
            let before = content.types.len();
            content.types.retain(|one| one.id != id);
            if content.types.len() == before { Err(TypeError::NotFound) } else { Ok(()) }
        })
        .await
    }

    async fn change<T>(&self, change: impl Fn(&mut Content) -> Result<T, TypeError>) -> Result<T, TypeError> {
        let _work = self.work.lock().await;
        let (done, content, version) = self.record.change(change).await?;
        self.apply(content, version);
        Ok(done)
    }

    async fn reload(&self) -> Result<(), StoreError> {
        let (content, version) = self.record.read().await?;
        let known = {
            let mut seen = self.seen();
            let known = seen.version == version;
            if known {
                seen.at = Some(Instant::now());
            }
            known
        };
        if !known {
            self.apply(content, version);
        }
        Ok(())
    }

    /// Has what is known issued from now on.
    fn apply(&self, content: Content, version: u64) {
        match self.issuer.replace_configurations(self.usable(content.types)) {
            Ok(()) => *self.seen() = Seen { version, at: Some(Instant::now()) },
            Err(error) => tracing::error!(%error, "the credential types can't be put together"),
        }
    }

    /// The types of the configuration, and of these all that can be issued beside them. One that can't be, because the
    /// configuration has changed since it was made, is left out and told to the log.
    fn usable(&self, added: Vec<CredentialConfiguration>) -> Vec<CredentialConfiguration> {
        let added = added.into_iter().filter(|one| !self.is_fixed(&one.id));
        let all: Vec<_> = self.fixed.iter().cloned().chain(added).collect();
        if self.issuer.check_configurations(all.clone()).is_ok() {
            return all;
        }
        let mut usable = self.fixed.clone();
        for one in all.into_iter().skip(self.fixed.len()) {
            let id = one.id.clone();
            usable.push(one);
            if let Err(error) = self.issuer.check_configurations(usable.clone()) {
                tracing::warn!(id, %error, "a credential type can't be issued any more");
                usable.pop();
            }
        }
        usable
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
