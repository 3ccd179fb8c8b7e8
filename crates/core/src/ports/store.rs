//! Port: short-lived records that expire, change by version, and are taken once.

use crate::{Answer, UnixTime};

/// The name of a record: what it is, and which one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// What it is: `offer`, `nonce`, `presentation`. From a fixed set.
    pub kind: &'static str,
    /// Which one: at most 128 bytes.
    pub id: String,
}

impl Key {
    /// A key.
    pub fn new(kind: &'static str, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }
}

/// A record as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The content: the store does not look inside.
    pub value: Vec<u8>,
    /// 1 when inserted, one more with each replacement.
    pub version: u64,
    /// From this second on the record is gone.
    pub expires: UnixTime,
}

/// One change; see [`Store::commit`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Makes a record that must not exist (an expired one does not).
    Insert {
        /// Its name.
        key: Key,
        /// Its content.
        value: Vec<u8>,
        /// When it is gone.
        expires: UnixTime,
    },
    /// Changes a record that must have the version `expected`.
    Replace {
        /// Its name.
        key: Key,
        /// The version that was read.
        expected: u64,
        /// The new content.
        value: Vec<u8>,
        /// When it is gone.
        expires: UnixTime,
    },
    /// Removes a record that must exist.
    Remove {
        /// Its name.
        key: Key,
    },
}

impl Write {
    /// The name of the record that is written.
    #[must_use]
    pub fn key(&self) -> &Key {
        match self {
            Self::Insert { key, .. } | Self::Replace { key, .. } | Self::Remove { key } => key,
        }
    }
}

/// Why a store did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Somebody else was first: the write with this number (from 0) found another state than it needs. Nothing was
    /// written.
    #[error("the record has changed meanwhile")]
    Conflict(usize),
    /// The store can't be reached or is full. Nothing is known about the write.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
}

/// A store of records that expire.
///
/// Its promises, which the contract tests check for every adapter:
/// * [`commit`](Store::commit) does all of its writes or none, and what it has answered is durable;
/// * of any number of callers that insert one key, replace one version or take one record, one wins;
/// * an expired record is not there, for every method.
pub trait Store: Send + Sync {
    /// Reads a record.
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Result<Option<Record>, StoreError>>;

    /// Does all the writes, or none and says which one could not be done.
    fn commit(&self, writes: Vec<Write>) -> Answer<'_, Result<(), StoreError>>;

    /// Removes a record and hands it to exactly one caller.
    fn take<'a>(&'a self, key: &'a Key) -> Answer<'a, Result<Option<Record>, StoreError>>;

    /// Reads up to `limit` records of a kind in the order of the bytes of their ids, from the one after `after` on, each
    /// with its id. A record that was there all the while is in it.
    fn list<'a>(
        &'a self,
        kind: &'static str,
        after: Option<&'a str>,
        limit: usize,
    ) -> Answer<'a, Result<Vec<(String, Record)>, StoreError>>;

    /// Deletes up to `limit` records that have expired; says how many. For housekeeping: correctness needs no call.
    fn sweep(&self, limit: usize) -> Answer<'_, Result<usize, StoreError>>;

    /// Makes a record; [`StoreError::Conflict`] when it exists.
    fn insert(&self, key: Key, value: Vec<u8>, expires: UnixTime) -> Answer<'_, Result<(), StoreError>> {
        self.commit(vec![Write::Insert { key, value, expires }])
    }

    /// Changes a record of the given version; [`StoreError::Conflict`] when it has another or is gone.
    fn replace(
        &self,
        key: Key,
        expected: u64,
        value: Vec<u8>,
        expires: UnixTime,
    ) -> Answer<'_, Result<(), StoreError>> {
        self.commit(vec![Write::Replace { key, expected, value, expires }])
    }
}
