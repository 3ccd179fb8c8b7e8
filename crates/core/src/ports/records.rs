//! Port: records that stay until somebody removes them, in an order, and in groups.

use super::store::{Key, StoreError};
use crate::Answer;

/// A record as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// The content: nobody looks inside.
    pub value: Vec<u8>,
    /// 1 when inserted, one more with each replacement.
    pub version: u64,
}

/// One change; see [`Records::commit`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordWrite {
    /// Makes a record that must not exist.
    Insert {
        /// Its name.
        key: Key,
        /// What it belongs to, for [`Listing::group`]; it never changes. Empty: to nothing.
        group: String,
        /// Its content.
        value: Vec<u8>,
    },
    /// Changes a record that must have the version `expected`.
    Replace {
        /// Its name.
        key: Key,
        /// The version that was read.
        expected: u64,
        /// The new content.
        value: Vec<u8>,
    },
    /// Removes a record that must have the version `expected`.
    Remove {
        /// Its name.
        key: Key,
        /// The version that was read.
        expected: u64,
    },
}

impl RecordWrite {
    /// The name of the record that is written.
    #[must_use]
    pub fn key(&self) -> &Key {
        match self {
            Self::Insert { key, .. } | Self::Replace { key, .. } | Self::Remove { key, .. } => key,
        }
    }
}

/// Which records are listed: those of a kind in the order of the bytes of their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing<'a> {
    /// Their kind.
    pub kind: &'static str,
    /// Only those of this group.
    pub group: Option<&'a str>,
    /// Only those whose ids come after this one: the last that was seen.
    pub after: Option<&'a str>,
    /// No more than these.
    pub limit: usize,
}

impl<'a> Listing<'a> {
    /// The first `limit` of a kind.
    #[must_use]
    pub const fn of(kind: &'static str, limit: usize) -> Self {
        Self { kind, group: None, after: None, limit }
    }

    /// Only those of this group.
    #[must_use]
    pub const fn in_group(self, group: &'a str) -> Self {
        Self { group: Some(group), ..self }
    }

    /// Only those after this id.
    #[must_use]
    pub const fn after(self, id: Option<&'a str>) -> Self {
        Self { after: id, ..self }
    }
}

/// Durable records without an end: issued credentials, status lists, keys, whatever outlives a session.
///
/// Its promises, which the contract tests check for every adapter:
/// * [`commit`](Records::commit) does all of its writes or none, and what it has answered is durable;
/// * of any number of callers, on any number of nodes, that insert one key or write one version, one wins;
/// * whatever was acknowledged before a call is seen by it;
/// * a listing has every record that was there all the while, once, in the order of the ids.
pub trait Records: Send + Sync {
    /// Reads a record.
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Result<Option<Kept>, StoreError>>;

    /// Reads records in order, each with its id.
    fn list<'a>(&'a self, listing: Listing<'a>) -> Answer<'a, Result<Vec<(String, Kept)>, StoreError>>;

    /// Does all the writes in their order, or none and says which one could not be done ([`StoreError::Conflict`]).
    fn commit(&self, writes: Vec<RecordWrite>) -> Answer<'_, Result<(), StoreError>>;
}
