//! Queries that were stored over the API, beside the presets that the service comes with.
//!
//! All of them are one record, as the credential types are: each change is one commit against one version, and every
//! node sees it with its next request.

use std::sync::Arc;

use credenza_core::{Key, Records, StoreError};
use credenza_query::DcqlQuery;
use credenza_query::presentation_exchange::PresentationDefinition;
use credenza_vp::Query;
use serde::{Deserialize, Serialize};

use crate::one_record::OneRecord;
use crate::service::Preset;

const KIND: &str = "server.queries";

/// A service stores no more.
pub(crate) const MAX_QUERIES: usize = 500;

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
    stored: Option<OneRecord<Content>>,
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
        let stored = records.map(|records| OneRecord::new(records, Key::new(KIND, service), "queries"));
        Self { presets, stored }
    }

    /// Whether queries can be stored.
    pub(crate) fn stores(&self) -> bool {
        self.stored.is_some()
    }

    pub(crate) fn is_preset(&self, id: &str) -> bool {
        self.presets.iter().any(|preset| preset.id == id)
    }

    /// The presets, and then what was stored, by id.
    pub(crate) async fn all(&self) -> Result<Vec<StoredQuery>, StoreError> {
        let mut all: Vec<_> = self.presets.iter().map(StoredQuery::from).collect();
        all.extend(self.read().await?);
        Ok(all)
    }

    /// The query of this id.
    pub(crate) async fn find(&self, id: &str) -> Result<Option<StoredQuery>, StoreError> {
        if let Some(preset) = self.presets.iter().find(|preset| preset.id == id) {
            return Ok(Some(preset.into()));
        }
        Ok(self.read().await?.into_iter().find(|query| query.id == id))
    }

    /// The query that goes by this scope.
    pub(crate) async fn of_scope(&self, scope: &str) -> Result<Option<StoredQuery>, StoreError> {
        let named = |query: &StoredQuery| query.scope.as_deref() == Some(scope);
        Ok(self.read().await?.into_iter().find(named))
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
        let record = self.stored.as_ref().ok_or(QueryRefused::NoStore)?;
        record.change(change).await.map(|(done, ..)| done)
    }

    async fn read(&self) -> Result<Vec<StoredQuery>, StoreError> {
        match &self.stored {
            Some(record) => record.read().await.map(|(content, _)| content.queries),
            None => Ok(Vec::new()),
        }
    }
}
