//! Resolves DIDs of the methods that are allowed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Answer, Http, Limits};
use credenza_crypto::Jwk;
use http::header::ACCEPT;
use http::{Request, StatusCode};

use super::{Did, DidDocument, DidError, DidUrl, Relationship, jwk, key, web};

/// A DID method that can be resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// `did:jwk`
    Jwk,
    /// `did:key`
    Key,
    /// `did:web`
    Web,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Jwk, Self::Key, Self::Web];

    /// The method of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jwk => jwk::METHOD,
            Self::Key => key::METHOD,
            Self::Web => web::METHOD,
        }
    }
}

/// A key that a document listed for the use that was asked for.
#[derive(Debug, Clone)]
pub struct ResolvedKey {
    /// The name of the key.
    pub url: DidUrl,
    /// The key.
    pub jwk: Jwk,
}

/// What is fetched for a document: 64 KiB, no redirects, five seconds.
pub const DOCUMENT_LIMITS: Limits = Limits { body: 64 * 1024, redirects: 0, time: Duration::from_secs(5) };

/// Resolves DIDs of some methods. Nothing is remembered: each call looks once, so call once for each verification.
#[derive(Clone)]
pub struct DidResolver {
    http: Option<Arc<dyn Http>>,
    limits: Limits,
    methods: Vec<Method>,
}

impl DidResolver {
    /// Resolves what needs no network: `did:jwk` and `did:key`.
    #[must_use]
    pub fn offline() -> Self {
        Self { http: None, limits: DOCUMENT_LIMITS, methods: vec![Method::Jwk, Method::Key] }
    }

    /// Resolves all methods.
    #[must_use]
    pub fn new(http: Arc<dyn Http>) -> Self {
        Self { http: Some(http), limits: DOCUMENT_LIMITS, methods: Method::ALL.to_vec() }
    }

    /// Resolves these methods and no other.
    #[must_use]
    pub fn allow(mut self, methods: &[Method]) -> Self {
        self.methods = methods.to_vec();
        self
    }

    /// With other limits than [`DOCUMENT_LIMITS`]. Redirects are never followed.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Limits { redirects: 0, ..limits };
        self
    }

    /// The document of a DID. What is in the name itself is there at once.
    pub fn resolve<'a>(&'a self, did: &Did) -> Answer<'a, Result<DidDocument, DidError>> {
        let method = Method::from_name(did.method()).filter(|method| self.methods.contains(method));
        match (method, &self.http) {
            (Some(Method::Jwk), _) => Answer::ready(jwk::document(did)),
            (Some(Method::Key), _) => Answer::ready(key::document(did)),
            (Some(Method::Web), Some(http)) => {
                let did = did.clone();
                Answer::later(async move { fetch(&did, http.as_ref(), self.limits).await })
            }
            _ => Answer::ready(Err(DidError::Method)),
        }
    }

    /// The key that a DID URL names (the `kid` of a proof or a request, say), if its document lists it for that use.
    pub fn resolve_key<'a>(
        &'a self,
        url: &str,
        relationship: Relationship,
    ) -> Answer<'a, Result<ResolvedKey, DidError>> {
        let url = match DidUrl::parse(url) {
            Ok(url) if url.names_a_key() => url,
            Ok(_) => return Answer::ready(Err(DidError::Syntax("not a DID, # and the name of a key"))),
            Err(error) => return Answer::ready(Err(error)),
        };
        then(self.resolve(&url.did.clone()), move |document| {
            let jwk = document?.key(&url, relationship)?.clone();
            Ok(ResolvedKey { url, jwk })
        })
    }
}

/// Goes on with an answer: at once, when it is there.
pub(super) fn then<'a, T: Unpin + Send + 'a, U>(
    answer: Answer<'a, T>,
    go_on: impl FnOnce(T) -> U + Send + 'a,
) -> Answer<'a, U> {
    match answer {
        Answer::Ready(Some(value)) => Answer::ready(go_on(value)),
        later => Answer::later(async move { go_on(later.await) }),
    }
}

async fn fetch(did: &Did, http: &dyn Http, limits: Limits) -> Result<DidDocument, DidError> {
    let request = Request::get(web::location(did)?.as_str())
        .header(ACCEPT, web::ACCEPT)
        .body(Vec::new())
        .map_err(|_| DidError::Syntax("the host is not the name of one"))?;
    let response = http.send(request, limits).await?;
    if response.status() != StatusCode::OK {
        return Err(DidError::Status(response.status().as_u16()));
    }
    DidDocument::parse(response.body(), did)
}

impl fmt::Debug for DidResolver {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "DidResolver({:?})", self.methods)
    }
}
