//! Which DIDs are trusted, and what for.

use std::collections::HashMap;
use std::fmt;

use credenza_core::{Answer, UnixTime};
use credenza_crypto::Jwk;

use super::resolver::then;
use super::{Did, DidDocument, DidError, DidResolver, DidUrl, Method, Relationship};
use crate::{Distrust, KeyMaterial, Purpose, Trust, Trusted};

/// Trusts keys of DIDs: of those that were named, or of all DIDs of a method where anybody may sign.
///
/// The key is named by a `kid` that is a DID URL (or `#` and a fragment, beside an issuer), or by the issuer's DID
/// alone when that has one key for the use. The document has to list it under `authentication` for requests and
/// under `assertionMethod` for everything else. Whoever comes in the name of a DID that is trusted here, and with
/// certificates, is refused for good ([`Distrust::Mechanism`]).
pub struct DidKeys {
    resolver: DidResolver,
    dids: HashMap<Did, Vec<&'static str>>,
    methods: Vec<(Method, Vec<&'static str>)>,
}

impl DidKeys {
    /// Trusts nobody yet.
    #[must_use]
    pub fn new(resolver: DidResolver) -> Self {
        Self { resolver, dids: HashMap::new(), methods: Vec::new() }
    }

    /// Trusts a DID for the purposes (of [`Purpose::Issuer`] every type of credential).
    #[must_use]
    pub fn trust(mut self, did: Did, purposes: &[Purpose<'_>]) -> Self {
        self.dids.insert(did, ids(purposes));
        self
    }

    /// Trusts every DID of a method for the purposes. As anybody can make a DID, that is trust in whoever comes.
    #[must_use]
    pub fn trust_everybody_by(mut self, method: Method, purposes: &[Purpose<'_>]) -> Self {
        self.methods.push((method, ids(purposes)));
        self
    }

    fn trusts(&self, did: &Did, purpose: Purpose<'_>) -> bool {
        let id = &purpose.rule().id;
        let by_method = |(method, ids): &(Method, Vec<_>)| method.name() == did.method() && ids.contains(id);
        self.dids.get(did).is_some_and(|ids| ids.contains(id)) || self.methods.iter().any(by_method)
    }

    /// Who is said to have signed, and by which key.
    fn named(material: &KeyMaterial<'_>) -> Result<(Did, Option<DidUrl>), Distrust> {
        let issuer = match material.issuer {
            Some(issuer) if issuer.starts_with("did:") => {
                Some(Did::parse(issuer).map_err(|_| Distrust::Unknown)?)
            }
            Some(_) if material.kid.is_some_and(|kid| kid.starts_with("did:")) => {
                return Err(Distrust::IssuerName);
            }
            Some(_) => return Err(Distrust::Unknown),
            None => None,
        };
        let url = match (material.kid, &issuer) {
            (None, _) => None,
            (Some(kid), Some(issuer)) => Some(DidUrl::parse_relative(kid, issuer)),
            (Some(kid), None) => Some(DidUrl::parse(kid)),
        };
        let url = url.transpose().map_err(|_| Distrust::Unknown)?;
        if url.as_ref().is_some_and(|url| !url.names_a_key()) {
            return Err(Distrust::Unknown);
        }
        match (issuer, url) {
            (Some(issuer), Some(url)) if url.did != issuer => Err(Distrust::IssuerName),
            (Some(issuer), url) => Ok((issuer, url)),
            (None, Some(url)) => Ok((url.did.clone(), Some(url))),
            (None, None) => Err(Distrust::NoMaterial),
        }
    }
}

fn ids(purposes: &[Purpose<'_>]) -> Vec<&'static str> {
    purposes.iter().map(|purpose| purpose.rule().id).collect()
}

/// What a key has to be listed for, to be good for the purpose.
fn relationship(purpose: Purpose<'_>) -> Relationship {
    match purpose {
        Purpose::Verifier => Relationship::Authentication,
        _ => Relationship::AssertionMethod,
    }
}

fn choose<'d>(
    document: &'d DidDocument,
    url: Option<&DidUrl>,
    relationship: Relationship,
) -> Result<&'d Jwk, DidError> {
    if let Some(url) = url {
        return document.key(url, relationship);
    }
    let mut keys = document.keys(relationship);
    match (keys.next(), keys.next()) {
        (Some((_, only)), None) => Ok(only),
        _ => Err(DidError::NotFound),
    }
}

impl From<DidError> for Distrust {
    fn from(error: DidError) -> Self {
        match error {
            DidError::Unavailable(_) | DidError::Status(_) => Self::Unavailable(error.to_string()),
            other => Self::Did(other),
        }
    }
}

impl Trust for DidKeys {
    fn resolve<'a>(
        &'a self,
        material: &'a KeyMaterial<'a>,
        purpose: Purpose<'a>,
        _now: UnixTime,
    ) -> Answer<'a, Result<Trusted, Distrust>> {
        let (did, url) = match Self::named(material) {
            Ok(named) => named,
            Err(distrust) => return Answer::ready(Err(distrust)),
        };
        if !self.trusts(&did, purpose) {
            return Answer::ready(Err(Distrust::Unknown));
        }
        if material.x5c.is_some() {
            return Answer::ready(Err(Distrust::Mechanism));
        }
        then(self.resolver.resolve(&did), move |document| {
            let document = document?;
            let jwk = choose(&document, url.as_ref(), relationship(purpose))?;
            Ok(Trusted {
                key: jwk.key.clone(),
                how: format!("the key {} that the did:{} lists", jwk.thumbprint_text(), did.method()).into(),
                name: Some(did.as_str().to_owned()),
                authority_key_ids: Vec::new(),
                authorities: Vec::new(),
                leaf: None,
            })
        })
    }
}

impl fmt::Debug for DidKeys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "DidKeys({} DIDs, {} methods)", self.dids.len(), self.methods.len())
    }
}
