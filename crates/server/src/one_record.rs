//! A register that is one record: each change is one commit against one version, and every node reads the same.

use std::marker::PhantomData;
use std::sync::Arc;

use credenza_core::{Key, RecordWrite, Records, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How often a lost race is run again; each time somebody else has made a change.
const MAX_RACES: usize = 16;

/// The record, with content `C`.
pub(crate) struct OneRecord<C> {
    records: Arc<dyn Records>,
    key: Key,
    /// What is in it, for the error when it can't be read.
    what: &'static str,
    content: PhantomData<fn() -> C>,
}

impl<C: Default + Serialize + DeserializeOwned> OneRecord<C> {
    pub(crate) fn new(records: Arc<dyn Records>, key: Key, what: &'static str) -> Self {
        Self { records, key, what, content: PhantomData }
    }

    /// What is kept, and its version: 0 where there is none yet.
    pub(crate) async fn read(&self) -> Result<(C, u64), StoreError> {
        match self.records.get(&self.key).await? {
            None => Ok((C::default(), 0)),
            Some(kept) => {
                let content = serde_json::from_slice(&kept.value).map_err(|_| self.broken())?;
                Ok((content, kept.version))
            }
        }
    }

    /// Makes a change, and makes it again when another node was faster. Says what came of it, and what is kept now in
    /// which version.
    pub(crate) async fn change<T, E: From<StoreError>>(
        &self,
        change: impl Fn(&mut C) -> Result<T, E>,
    ) -> Result<(T, C, u64), E> {
        for _ in 0..MAX_RACES {
            let (mut content, version) = self.read().await?;
            let done = change(&mut content)?;
            let value = serde_json::to_vec(&content).map_err(|_| self.broken())?;
            let key = self.key.clone();
            let write = match version {
                0 => RecordWrite::Insert { key, group: String::new(), value },
                expected => RecordWrite::Replace { key, expected, value },
            };
            match self.records.commit(vec![write]).await {
                Ok(()) => return Ok((done, content, version + 1)),
                Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Unavailable("too many changes at once".to_owned()).into())
    }

    /// The record is ours alone: what is wrong with it has no more to say.
    fn broken(&self) -> StoreError {
        StoreError::Unavailable(format!("the record of the {} can't be read", self.what))
    }
}
