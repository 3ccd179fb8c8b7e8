//! Bringing the metadata of a type: from given documents, or from the URL that the type is (SD-JWT VC §4.3).

mod cache;
mod fetch;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use credenza_core::{AddressPolicy, Clock, Http, HttpError, Limits};
use serde_json::{Map, Value};

use super::document::{DocumentError, MAX_DOCUMENT, TypeMetadata};
use super::effective::{EffectiveType, InheritanceError};
use super::integrity::{Integrity, IntegrityError};
use cache::{Cache, Next};

/// How types are looked up.
#[derive(Debug, Clone)]
pub struct TypeResolverConfig {
    /// Whether http on loopback is a place for metadata, beside https: for a demo on one machine. Which addresses are
    /// connected to is decided by the [`Http`] port.
    pub addresses: AddressPolicy,
    /// Limits of a request.
    pub limits: Limits,
    /// How many types one chain may have, the credential's own included.
    pub max_chain: usize,
    /// The most documents that are kept.
    pub max_documents: usize,
    /// The longest that a document without an integrity is kept, whatever its publisher says.
    pub max_age: Duration,
    /// For how long a failed fetch is not tried again.
    pub retry_after: Duration,
    /// Whether `/.well-known/vct` before the path of the type's URL is asked when the URL itself has nothing, as drafts
    /// before 2025 had it.
    pub well_known: bool,
}

impl Default for TypeResolverConfig {
    /// https, [`MAX_DOCUMENT`], no redirects, ten seconds, 8 types, 500 documents, a day, a minute, no well-known.
    fn default() -> Self {
        Self {
            addresses: AddressPolicy::Public,
            limits: Limits { body: MAX_DOCUMENT, redirects: 0, time: Duration::from_secs(10) },
            max_chain: 8,
            max_documents: 500,
            max_age: Duration::from_secs(24 * 3600),
            retry_after: Duration::from_secs(60),
            well_known: false,
        }
    }
}

/// Why there is no metadata of a type. The texts name no URL: a type can say something about a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TypeError {
    /// The credential has no type.
    #[error("there is no vct")]
    NoType,
    /// The type is no https URL, and no document of it was given.
    #[error("the type is no https URL, and no metadata of it was given")]
    NoPlace,
    /// No answer.
    #[error("the type metadata could not be fetched: {0}")]
    Http(#[from] HttpError),
    /// Another status than 200.
    #[error("the type metadata could not be fetched: answered with {0}")]
    Status(u16),
    /// Another type than `application/json`.
    #[error("the type metadata is not application/json")]
    ContentType,
    /// An integrity member that is none.
    #[error(transparent)]
    Integrity(#[from] IntegrityError),
    /// `vct#integrity` is no string.
    #[error("vct#integrity is no string")]
    IntegrityType,
    /// Other bytes than were meant.
    #[error("the document is not the one that its integrity was made for")]
    Altered,
    /// Not type metadata.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Metadata of another type.
    #[error("the document is about another type")]
    OtherType,
    /// More types than [`TypeResolverConfig::max_chain`].
    #[error("the type extends more types than are followed")]
    ChainTooLong,
    /// The documents do not go together.
    #[error(transparent)]
    Inheritance(#[from] InheritanceError),
}

/// Knows types. Clones share what is known.
#[derive(Clone)]
pub struct TypeResolver {
    inner: Arc<Inner>,
    given: Arc<HashMap<String, Vec<u8>>>,
}

struct Inner {
    http: Arc<dyn Http>,
    clock: Arc<dyn Clock>,
    config: TypeResolverConfig,
    cache: Cache,
}

impl TypeResolver {
    /// A resolver that knows nothing yet.
    #[must_use]
    pub fn new(http: Arc<dyn Http>, clock: Arc<dyn Clock>, config: TypeResolverConfig) -> Self {
        let inner = Inner { http, clock, config, cache: Cache::default() };
        Self { inner: Arc::new(inner), given: Arc::default() }
    }

    /// Gives it the documents of a registry that is trusted (§4.3.2). They are preferred to what could be fetched, so
    /// that nobody learns of it (§7.4).
    ///
    /// # Errors
    /// A document that is none.
    pub fn with_documents(
        mut self,
        documents: impl IntoIterator<Item = Vec<u8>>,
    ) -> Result<Self, DocumentError> {
        let mut given = HashMap::clone(&self.given);
        for document in documents {
            given.insert(TypeMetadata::parse(&document)?.vct, document);
        }
        self.given = Arc::new(given);
        Ok(self)
    }

    /// The metadata of a credential's type, by its `vct` and `vct#integrity`.
    ///
    /// # Errors
    /// See [`TypeError`].
    pub async fn of_credential(&self, claims: &Map<String, Value>) -> Result<EffectiveType, TypeError> {
        let vct = claims.get("vct").and_then(Value::as_str).ok_or(TypeError::NoType)?;
        let integrity = match claims.get("vct#integrity") {
            None => None,
            Some(integrity) => Some(integrity.as_str().ok_or(TypeError::IntegrityType)?),
        };
        self.resolve(vct, integrity).await
    }

    /// The metadata of a type with all that it extends.
    ///
    /// # Errors
    /// See [`TypeError`].
    pub async fn resolve(&self, vct: &str, integrity: Option<&str>) -> Result<EffectiveType, TypeError> {
        let mut chain: Vec<TypeMetadata> = Vec::new();
        let mut next = Some((vct.to_owned(), integrity.map(str::to_owned)));
        while let Some((vct, integrity)) = next {
            if chain.iter().any(|known| known.vct == vct) {
                return Err(InheritanceError::Circular.into());
            }
            if chain.len() >= self.inner.config.max_chain {
                return Err(TypeError::ChainTooLong);
            }
            let integrity = integrity.as_deref().map(Integrity::parse).transpose()?;
            let document = self.document(&vct, integrity).await?;
            next = document.extends.clone().map(|extended| (extended, document.extends_integrity.clone()));
            chain.push(TypeMetadata::clone(&document));
        }
        Ok(EffectiveType::merge(&chain)?)
    }

    async fn document(
        &self,
        vct: &str,
        integrity: Option<Integrity>,
    ) -> Result<Arc<TypeMetadata>, TypeError> {
        if let Some(given) = self.given.get(vct) {
            return read(vct, integrity.as_ref(), given).map(Arc::new);
        }
        let inner = &self.inner;
        let name = (vct.to_owned(), integrity);
        let begin = || fetch::document(Arc::clone(inner), name.clone());
        match inner.cache.next(&name, inner.clock.now(), &inner.config, begin) {
            Next::Known(document) => Ok(document),
            Next::Failed(error) => Err(error),
            Next::Await(fetch) => fetch.await,
        }
    }

    /// A picture or template that metadata refers to, held against its integrity. `https` alone: the caller shows
    /// `data:` URIs himself, if he knows their type.
    ///
    /// # Errors
    /// See [`TypeError`].
    pub async fn resource(&self, uri: &str, integrity: Option<&str>) -> Result<Vec<u8>, TypeError> {
        let integrity = integrity.map(Integrity::parse).transpose()?;
        let bytes = fetch::get(&self.inner, uri, None).await?.into_body();
        match integrity {
            Some(integrity) if !integrity.matches(&bytes) => Err(TypeError::Altered),
            _ => Ok(bytes),
        }
    }
}

/// The document, if it is what was meant: integrity first, then what it says.
fn read(vct: &str, integrity: Option<&Integrity>, document: &[u8]) -> Result<TypeMetadata, TypeError> {
    if integrity.is_some_and(|integrity| !integrity.matches(document)) {
        return Err(TypeError::Altered);
    }
    let metadata = TypeMetadata::parse(document)?;
    if metadata.vct == vct { Ok(metadata) } else { Err(TypeError::OtherType) }
}

impl fmt::Debug for TypeResolver {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "TypeResolver({} documents given)", self.given.len())
    }
}
