//! The lists: made once, never changed.

use credenza_core::{Key, Listing, Secret, StoreError, UnixTime, b64};
use credenza_formats::status_list::{Aggregation, Permutation, StatusBits};
use serde::{Deserialize, Serialize};

use super::{StatusLists, read};

pub(super) const KIND: &str = "status.list";

/// As many lists are read at once.
const PAGE: usize = 500;

/// A list as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct List {
    pub(super) bits: u8,
    pub(super) capacity: u64,
    pub(super) created_at: UnixTime,
    /// What scatters the places: who has it can put credentials into the order of their issuance, which the register
    /// of credentials beside it says anyway. Base64url.
    pub(super) secret: Secret,
}

/// A list, as the issuer's own people may see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListView {
    /// Its name.
    pub id: String,
    /// Its address.
    pub uri: String,
    /// Bits for each status.
    pub bits: u8,
    /// How many places it has.
    pub size: u64,
    /// How many of them were given away, those included that nodes have leased.
    pub taken: u64,
    /// When it was begun.
    pub created_at: UnixTime,
}

pub(super) fn key(id: &str) -> Key {
    Key::new(KIND, id)
}

impl List {
    pub(super) fn bits(&self) -> Result<StatusBits, StoreError> {
        StatusBits::from_number(self.bits.into()).ok_or_else(broken)
    }

    pub(super) fn permutation(&self, uri: &str) -> Result<Permutation, StoreError> {
        let secret = b64::decode(self.secret.expose()).map_err(|_| broken())?;
        Permutation::new(&secret, uri, self.capacity).map_err(|_| broken())
    }
}

fn broken() -> StoreError {
    StoreError::Unavailable("a status list can't be read".to_owned())
}

impl StatusLists {
    /// Reads a list.
    pub(super) async fn list(&self, id: &str) -> Result<Option<List>, StoreError> {
        match self.records.get(&key(id)).await? {
            Some(kept) => read(&kept.value).map(Some),
            None => Ok(None),
        }
    }

    /// All lists.
    ///
    /// # Errors
    /// The store.
    pub async fn lists(&self) -> Result<Vec<ListView>, StoreError> {
        let filling = self.filling().await?;
        let mut all = Vec::new();
        let mut last: Option<String> = None;
        loop {
            let page = self.records.list(Listing::of(KIND, PAGE).after(last.as_deref())).await?;
            let full = page.len() == PAGE;
            last = page.last().map(|(id, _)| id.clone());
            for (id, kept) in page {
                let List { bits, capacity, created_at, .. } = read(&kept.value)?;
                let taken = match &filling {
                    Some(filling) if filling.list == id => filling.taken,
                    _ => capacity,
                };
                all.push(ListView { uri: self.uri(&id), id, bits, size: capacity, taken, created_at });
            }
            if !full {
                all.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
                return Ok(all);
            }
        }
    }

    /// The aggregation of all lists (Token Status List §9).
    ///
    /// # Errors
    /// The store.
    pub async fn aggregation(&self) -> Result<Aggregation, StoreError> {
        let lists = self.lists().await?;
        Ok(Aggregation { status_lists: lists.into_iter().map(|list| list.uri).collect() })
    }
}
