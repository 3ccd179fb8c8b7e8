//! The register of what was issued: no claims, and nobody's name.

use credenza_core::{Kept, Key, Listing, Random, RecordWrite, StoreError, UnixTime, id};
use credenza_formats::status_list::Status;
use serde::{Deserialize, Serialize};

use super::{StatusLists, read, written};

const KIND: &str = "status.credential";

/// No page of the register is longer.
const MAX_PAGE: usize = 1000;

/// The state of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialState {
    /// As it was issued.
    Valid,
    /// Not valid for a while.
    Suspended,
    /// Not valid any more, for good.
    Revoked,
}

impl CredentialState {
    /// What a list says of it (Token Status List §7.1).
    #[must_use]
    pub const fn status(self) -> Status {
        match self {
            Self::Valid => Status::Valid,
            Self::Suspended => Status::Suspended,
            Self::Revoked => Status::Invalid,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
        }
    }
}

/// A place in a list.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The name of the list.
    pub list: String,
    /// The index in it.
    pub index: u64,
}

/// A credential that was issued, with all its copies: they are valid, suspended and revoked together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialRecord {
    /// Its name in the register: names are in the order of issuance.
    pub id: String,
    /// The session in which it was issued. (A session that failed after all can have left a record behind.)
    pub session: String,
    /// What it is.
    pub credential_configuration_id: String,
    /// Its state.
    pub state: CredentialState,
    /// When it was issued.
    pub issued_at: UnixTime,
    /// When it expires by itself.
    pub expires_at: UnixTime,
    /// When its state has changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<UnixTime>,
    /// The places of its copies, one for each.
    pub places: Vec<Place>,
}

/// A name that sorts by time and can't be guessed.
pub(super) fn new_id(now: UnixTime, random: &dyn Random) -> String {
    format!("{:010x}{}", now.as_secs(), id::short(random))
}

pub(super) fn key(id: &str) -> Key {
    Key::new(KIND, id)
}

impl CredentialRecord {
    pub(super) fn insert(&self) -> Result<RecordWrite, StoreError> {
        Ok(RecordWrite::Insert { key: key(&self.id), group: self.session.clone(), value: written(self)? })
    }
}

impl StatusLists {
    pub(super) async fn load(&self, id: &str) -> Result<Option<(CredentialRecord, u64)>, StoreError> {
        match self.records.get(&key(id)).await? {
            Some(Kept { value, version }) => Ok(Some((read(&value)?, version))),
            None => Ok(None),
        }
    }

    /// A credential of the register.
    ///
    /// # Errors
    /// The store.
    pub async fn credential(&self, id: &str) -> Result<Option<CredentialRecord>, StoreError> {
        Ok(self.load(id).await?.map(|(record, _)| record))
    }

    /// A page of the register, in the order of issuance: of one session or of all, after the one called `after`, and no
    /// more than `limit` (1000 at most).
    ///
    /// # Errors
    /// The store.
    pub async fn credentials(
        &self,
        session: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<CredentialRecord>, StoreError> {
        let listing = Listing { kind: KIND, group: session, after, limit: limit.min(MAX_PAGE) };
        let page = self.records.list(listing).await?;
        page.iter().map(|(_, kept)| read(&kept.value)).collect()
    }
}
