//! Queries that were stored over the API, beside the presets that the service comes with.
//!
//! All of them are one record, as the credential types are: each change is one commit against one version, and every
//! node sees it with its next request.

use std::sync::Arc;

use credenza_core::{Key, RecordWrite, Records, StoreError};
use credenza_query::DcqlQuery;
use credenza_query::presentation_exchange::PresentationDefinition;
use credenza_vp::Query;
use serde::{Deserialize, Serialize};

use crate::service::Preset;

const KIND: &str = "server.queries";

/// A service stores no more.
pub(crate) const MAX_QUERIES: usize = 500;

/// How often a lost race is run again; each time somebody else has made a change.
const MAX_RACES: usize = 16;

/// A query that has a name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredQuery {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) explains: String,
    #[serde(flatten)]
    pub(crate) asks: Asks,
    /// The scope that wallets know it by (OID4VP 1.0 §5.5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<String>,
}

/// What it asks for, in one of two languages.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Asks {
    DcqlQuery(DcqlQuery),
    /// For wallets of drafts before 1.0.
    PresentationDefinition(Box<PresentationDefinition>),
}

impl Asks {
    pub(crate) fn dcql(&self) -> Option<&DcqlQuery> {
        match self {
            Self::DcqlQuery(query) => Some(query),
            Self::PresentationDefinition(_) => None,
        }
    }
}

impl From<Asks> for Query {
    fn from(asks: Asks) -> Self {
        match asks {
            Asks::DcqlQuery(query) => Self::Dcql(query),
            Asks::PresentationDefinition(definition) => Self::Definition(definition),
        }
    }
}

impl From<&Preset> for StoredQuery {
    fn from(preset: &Preset) -> Self {
        Self {
            id: preset.id.clone(),
            name: preset.name.clone(),
            explains: preset.explains.clone(),
            asks: Asks::DcqlQuery(preset.query.clone()),
            scope: None,
        }
    }
}

/// The queries of a service.
pub(crate) struct QueryRegister {
    presets: Vec<Preset>,
    /// Where others are stored; without it there are none.
    records: Option<Arc<dyn Records>>,
    key: Key,
}

#[derive(Default, Serialize, Deserialize)]
struct Content {
    queries: Vec<StoredQuery>,
}

/// Why a query was not stored or removed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum QueryRefused {
    #[error("it is a preset, which can't be changed; choose another id")]
    Preset,
    #[error("another query has this scope: {0}")]
    Scope(String),
    #[error("there are {MAX_QUERIES} queries already")]
    Full,
    #[error("this service stores no queries")]
    NoStore,
    #[error("there is no query of this id")]
    NotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl QueryRegister {
    /// `service` tells services apart that share a database.
    pub(crate) fn new(presets: Vec<Preset>, records: Option<Arc<dyn Records>>, service: &str) -> Self {
        Self { presets, records, key: Key::new(KIND, service) }
    }

    /// Whether queries can be stored.
    pub(crate) fn stores(&self) -> bool {
        self.records.is_some()
    }

    pub(crate) fn is_preset(&self, id: &str) -> bool {
        self.presets.iter().any(|preset| preset.id == id)
    }

    /// The presets, and then what was stored, by id.
    pub(crate) async fn all(&self) -> Result<Vec<StoredQuery>, StoreError> {
        let mut all: Vec<_> = self.presets.iter().map(StoredQuery::from).collect();
        all.extend(self.read().await?.0.queries);
        Ok(all)
    }

    /// The query of this id.
    pub(crate) async fn find(&self, id: &str) -> Result<Option<StoredQuery>, StoreError> {
        if let Some(preset) = self.presets.iter().find(|preset| preset.id == id) {
            return Ok(Some(preset.into()));
        }
        Ok(self.read().await?.0.queries.into_iter().find(|query| query.id == id))
    }

    /// The query that goes by this scope.
    pub(crate) async fn of_scope(&self, scope: &str) -> Result<Option<StoredQuery>, StoreError> {
        let named = |query: &StoredQuery| query.scope.as_deref() == Some(scope);
        Ok(self.read().await?.0.queries.into_iter().find(named))
    }

    /// Stores a query, or replaces it. Says whether it is new.
    pub(crate) async fn put(&self, query: StoredQuery) -> Result<bool, QueryRefused> {
        if self.is_preset(&query.id) {
            return Err(QueryRefused::Preset);
        }
        self.change(|content| {
            let same = |other: &&StoredQuery| query.scope.is_some() && other.scope == query.scope;
            if let Some(other) = content.queries.iter().filter(|one| one.id != query.id).find(same) {
                return Err(QueryRefused::Scope(other.id.clone()));
            }
            match content.queries.binary_search_by(|one| one.id.as_str().cmp(&query.id)) {
                Ok(place) => {
                    if let Some(old) = content.queries.get_mut(place) {
                        *old = query.clone();
                    }
                    Ok(false)
                }
                Err(_) if content.queries.len() >= MAX_QUERIES => Err(QueryRefused::Full),
                Err(place) => {
                    content.queries.insert(place, query.clone());
                    Ok(true)
                }
            }
        })
        .await
    }

    /// Removes a query.
    pub(crate) async fn remove(&self, id: &str) -> Result<(), QueryRefused> {
        if self.is_preset(id) {
            return Err(QueryRefused::Preset);
        }
        self.change(|content| {
            let before = content.queries.len();
            content.queries.retain(|one| one.id != id);
            if content.queries.len() == before { Err(QueryRefused::NotFound) } else { Ok(()) }
        })
        .await
    }

    async fn change<T>(
        &self,
        change: impl Fn(&mut Content) -> Result<T, QueryRefused>,
    ) -> Result<T, QueryRefused> {
        let records = self.records.as_ref().ok_or(QueryRefused::NoStore)?;
        for _ in 0..MAX_RACES {
            let (mut content, version) = self.read().await?;
            let done = change(&mut content)?;
            let value = serde_json::to_vec(&content).map_err(broken)?;
            let key = self.key.clone();
            let write = match version {
                0 => RecordWrite::Insert { key, group: String::new(), value },
                expected => RecordWrite::Replace { key, expected, value },
            };
            match records.commit(vec![write]).await {
                Ok(()) => return Ok(done),
                Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Unavailable("too many changes at once".to_owned()).into())
    }

    async fn read(&self) -> Result<(Content, u64), StoreError> {
        let Some(records) = &self.records else { return Ok((Content::default(), 0)) };
        match records.get(&self.key).await? {
            None => Ok((Content::default(), 0)),
            Some(kept) => Ok((serde_json::from_slice(&kept.value).map_err(broken)?, kept.version)),
        }
    }
}

/// The record is ours alone: what is wrong with it has no more to say.
fn broken(_: serde_json::Error) -> StoreError {
    StoreError::Unavailable("the record of the queries can't be read".to_owned())
}
