//! Issuers of SD-JWT VCs that publish their keys beside their name: JWT VC Issuer Metadata (SD-JWT VC §3).

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Answer, Http, Limits, UnixTime, json, well_known};
use credenza_crypto::{Jwk, JwkSet};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Request, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::{Distrust, KeyMaterial, Purpose, Trust, Trusted};

/// What is fetched for the metadata and for the keys: 64 KiB each, no redirects, five seconds.
pub const METADATA_LIMITS: Limits = Limits { body: 64 * 1024, redirects: 0, time: Duration::from_secs(5) };

const WELL_KNOWN: &str = "jwt-vc-issuer";
const JSON: &str = "application/json";

/// Trusts issuers of a list by the keys that they publish. Nothing is fetched for anybody who is not in the list.
///
/// A name in the list belongs to this mechanism: when something in that name comes with certificates instead, that is
/// [`Distrust::Mechanism`], so that nobody can choose by which way he is verified (§6.2). Keys are not remembered: each
/// call looks once.
#[derive(Clone)]
pub struct JwtVcIssuers {
    http: Arc<dyn Http>,
    limits: Limits,
    issuers: HashMap<String, Types>,
}

#[derive(Debug, Clone)]
enum Types {
    All,
    These(Vec<String>),
}

/// Why a name or a document is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssuerMetadataError {
    /// `iss` is not an https URL without query and fragment.
    #[error("the issuer is no https URL without query and fragment")]
    Issuer,
    /// Not JSON, or not this document.
    #[error("the issuer's metadata can't be read")]
    Malformed,
    /// About another issuer.
    #[error("the issuer's metadata is about another issuer")]
    OtherIssuer,
    /// Neither `jwks` nor `jwks_uri`, or both.
    #[error("the issuer's metadata must have either jwks or jwks_uri")]
    Keys,
}

/// Where the metadata of an issuer is: the well-known name stands between host and path.
///
/// # Errors
/// [`IssuerMetadataError::Issuer`].
pub fn location(issuer: &str) -> Result<Url, IssuerMetadataError> {
    let url = Url::parse(issuer).map_err(|_| IssuerMetadataError::Issuer)?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if url.scheme() != "https" || !url.has_host() || !plain || url.password().is_some() {
        return Err(IssuerMetadataError::Issuer);
    }
    Ok(well_known::insert(&url, WELL_KNOWN))
}

/// Where the keys are.
#[derive(Debug)]
enum Keys {
    Here(JwkSet),
    At(Url),
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    jwks: Option<Value>,
    jwks_uri: Option<String>,
}

fn read(document: &[u8], issuer: &str) -> Result<Keys, IssuerMetadataError> {
    let Document { issuer: named, jwks, jwks_uri } =
        json::object_from_slice(document).map_err(|_| IssuerMetadataError::Malformed)?;
    if named != issuer {
        return Err(IssuerMetadataError::OtherIssuer);
    }
    match (jwks, jwks_uri) {
        (Some(jwks), None) if jwks.is_object() => {
            let keys = JwkSet::from_value(&jwks).map_err(|_| IssuerMetadataError::Malformed)?;
            Ok(Keys::Here(keys))
        }
        (None, Some(uri)) => {
            let uri = Url::parse(&uri).ok().filter(|uri| uri.scheme() == "https" && uri.has_host());
            uri.map(Keys::At).ok_or(IssuerMetadataError::Malformed)
        }
        (Some(_), None) => Err(IssuerMetadataError::Malformed),
        _ => Err(IssuerMetadataError::Keys),
    }
}

impl JwtVcIssuers {
    /// A list without entries: trusts nobody.
    #[must_use]
    pub fn new(http: Arc<dyn Http>) -> Self {
        Self { http, limits: METADATA_LIMITS, issuers: HashMap::new() }
    }

    /// Trusts an issuer with every type of credential.
    #[must_use]
    pub fn trust(mut self, issuer: impl Into<String>) -> Self {
        self.issuers.insert(issuer.into(), Types::All);
        self
    }

    /// Trusts an issuer with these types of credentials.
    #[must_use]
    pub fn trust_with(mut self, issuer: impl Into<String>, types: &[&str]) -> Self {
        let types = types.iter().map(|one| (*one).to_owned()).collect();
        self.issuers.insert(issuer.into(), Types::These(types));
        self
    }

    /// Whether the issuer may issue this, by these means; nothing is fetched before that is known.
    fn admit<'a>(&self, material: &KeyMaterial<'a>, purpose: Purpose<'_>) -> Result<&'a str, Distrust> {
        let Purpose::Issuer { credential_type } = purpose else { return Err(Distrust::Unknown) };
        let issuer = material.issuer.ok_or(Distrust::NoMaterial)?;
        let types = self.issuers.get(issuer).ok_or(Distrust::Unknown)?;
        if material.x5c.is_some() {
            return Err(Distrust::Mechanism);
        }
        match types {
            Types::These(types) if !types.iter().any(|known| known == credential_type) => {
                Err(Distrust::CredentialType)
            }
            _ => Ok(issuer),
        }
    }

    async fn look(&self, issuer: &str, kid: Option<&str>) -> Result<Trusted, Distrust> {
        let unavailable = |error: IssuerMetadataError| Distrust::Unavailable(error.to_string());
        let document = self.get(&location(issuer).map_err(unavailable)?).await?;
        let keys = match read(&document, issuer).map_err(unavailable)? {
            Keys::Here(keys) => keys,
            Keys::At(uri) => json::object_from_slice(&self.get(&uri).await?)
                .map_err(|_| unavailable(IssuerMetadataError::Malformed))?,
        };
        let jwk = match kid {
            Some(kid) => keys.by_kid(kid),
            None => match keys.keys.as_slice() {
                [only] => Some(only),
                _ => None,
            },
        };
        let jwk: &Jwk = jwk.ok_or(Distrust::Unknown)?;
        Ok(Trusted {
            key: jwk.key.clone(),
            how: format!("the key {} that {issuer} publishes for its credentials", jwk.thumbprint_text())
                .into(),
            name: Some(issuer.to_owned()),
            authority_key_ids: Vec::new(),
            authorities: Vec::new(),
            leaf: None,
        })
    }

    async fn get(&self, url: &Url) -> Result<Vec<u8>, Distrust> {
        let broken = |why: String| Distrust::Unavailable(why);
        let request = Request::get(url.as_str()).header(ACCEPT, JSON).body(Vec::new());
        let request = request.map_err(|error| broken(error.to_string()))?;
        let response =
            self.http.send(request, self.limits).await.map_err(|error| broken(error.to_string()))?;
        if response.status() != StatusCode::OK {
            return Err(broken(format!("answered with {}", response.status().as_u16())));
        }
        let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = media_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        // Keys have a media type of their own, too (RFC 7517 §8.5.2).
        if ![JSON, "application/jwk-set+json"].iter().any(|known| essence.eq_ignore_ascii_case(known)) {
            return Err(broken("the answer is not application/json".to_owned()));
        }
        Ok(response.into_body())
    }
}

impl Trust for JwtVcIssuers {
    fn resolve<'a>(
        &'a self,
        material: &'a KeyMaterial<'a>,
        purpose: Purpose<'a>,
        _now: UnixTime,
    ) -> Answer<'a, Result<Trusted, Distrust>> {
        match self.admit(material, purpose) {
            Err(distrust) => Answer::ready(Err(distrust)),
            Ok(issuer) => Answer::later(self.look(issuer, material.kid)),
        }
    }
}

impl fmt::Debug for JwtVcIssuers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "JwtVcIssuers({} issuers)", self.issuers.len())
    }
}
