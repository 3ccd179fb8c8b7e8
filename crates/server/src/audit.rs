//! The audit log: who has changed what on the admin plane, by the name of the token, without personal data.

use std::sync::Arc;

use credenza_core::{Clock, Kept, Key, Listing, Random, RecordWrite, Records, StoreError, UnixTime, id};
use serde::{Deserialize, Serialize};

use crate::service::ServiceBuilder;

const KIND: &str = "server.audit";

/// One change.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Entries are in the order of their ids, to the second.
    pub(crate) id: String,
    pub(crate) at: UnixTime,
    /// The name of the token.
    pub(crate) token: String,
    /// Method and route.
    pub(crate) action: String,
    /// What was made or changed, by its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) object: Option<String>,
    /// What was answered.
    pub(crate) status: u16,
}

/// Where entries are kept.
pub(crate) struct Audit {
    records: Arc<dyn Records>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Audit {
    pub(crate) fn over(records: Arc<dyn Records>, builder: &ServiceBuilder) -> Arc<Self> {
        let (clock, random) = (Arc::clone(&builder.clock), Arc::clone(&builder.random));
        Arc::new(Self { records, clock, random })
    }

    pub(crate) async fn note(
        &self,
        token: &str,
        action: String,
        object: Option<String>,
        status: u16,
    ) -> Result<(), StoreError> {
        let at = self.clock.now();
        let id = format!("{:012}.{}", at.as_secs(), id::short(&*self.random));
        let entry = Entry { id: id.clone(), at, token: token.to_owned(), action, object, status };
        let value = serde_json::to_vec(&entry).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let write = RecordWrite::Insert { key: Key::new(KIND, id), group: token.to_owned(), value };
        self.records.commit(vec![write]).await
    }

    /// Entries, oldest first; of one token, if one is named.
    pub(crate) async fn list(
        &self,
        token: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let listing = Listing::of(KIND, limit).after(after);
        let listing = match token {
            Some(token) => listing.in_group(token),
            None => listing,
        };
        let found = self.records.list(listing).await?;
        found.iter().map(|(_, kept)| read(kept)).collect()
    }
}

fn read(kept: &Kept) -> Result<Entry, StoreError> {
    serde_json::from_slice(&kept.value)
        .map_err(|_| StoreError::Unavailable("an entry of the audit log can't be read".to_owned()))
}

impl ServiceBuilder {
    /// Keeps an entry for every change over the admin plane, in these records, and shows them at `/api/v1/audit`. Each
    /// costs a write. Without it, changes are told to the log alone.
    pub fn audit(mut self, records: Arc<dyn Records>) -> Self {
        self.audit = Some(records);
        self
    }
}
