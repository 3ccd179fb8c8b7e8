//! What is asked for when somebody signs in with a credential: a query of the configuration, or one that was stored over
//! the API and can be changed there.

use std::sync::Arc;

use credenza_core::Records;
use credenza_query::DcqlQuery;
use url::Url;

use super::ElsewhereError;
use crate::query_register::QueryRegister;

/// A query, or where it is found when somebody signs in.
#[derive(Clone)]
pub struct SignInQuery(Source);

#[derive(Clone)]
enum Source {
    Fixed(Box<DcqlQuery>),
    Stored { register: Arc<QueryRegister>, id: String },
}

impl SignInQuery {
    /// The query that is stored under this id with the service of this base URL.
    #[must_use]
    pub fn stored(records: Arc<dyn Records>, service: &Url, id: impl Into<String>) -> Self {
        let register = Arc::new(QueryRegister::new(Vec::new(), Some(records), service.as_str()));
        Self(Source::Stored { register, id: id.into() })
    }

    /// As it is now.
    pub(super) async fn current(&self) -> Result<DcqlQuery, ElsewhereError> {
        let (register, id) = match &self.0 {
            Source::Fixed(query) => return Ok((**query).clone()),
            Source::Stored { register, id } => (register, id),
        };
        let found = register.find(id).await;
        let found = found.map_err(|error| ElsewhereError::Unavailable(error.to_string()))?;
        let query = found.as_ref().and_then(|stored| stored.asks.dcql()).cloned();
        query.ok_or_else(|| ElsewhereError::Unavailable(format!("no query in DCQL is stored as \"{id}\"")))
    }
}

impl From<DcqlQuery> for SignInQuery {
    fn from(query: DcqlQuery) -> Self {
        Self(Source::Fixed(Box::new(query)))
    }
}
