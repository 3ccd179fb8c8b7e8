//! Entity statements (OpenID Federation 1.0 §3).

use credenza_core::{UnixTime, json};
use credenza_crypto::jwt::{LEEWAY, check_times};
use credenza_crypto::{Algorithm, JwkSet, Jws};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::FederationError;
use super::constraints::Constraints;
use super::policy::Policy;

pub(super) const MEDIA_TYPE: &str = "entity-statement+jwt";

/// No identifier is longer, in bytes.
const MAX_IDENTIFIER: usize = 2048;

const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::EdDsa,
    Algorithm::Ps256,
    Algorithm::Rs256,
];

/// Metadata by entity type.
pub(super) type Metadata = Map<String, Value>;

/// A statement that is well-formed and valid now; whose signature is whose is for the chain to say.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) expires_at: UnixTime,
    pub(super) keys: JwkSet,
    pub(super) authority_hints: Vec<String>,
    pub(super) metadata: Metadata,
    pub(super) policy: Policy,
    pub(super) constraints: Constraints,
    text: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    iat: UnixTime,
    exp: UnixTime,
    jwks: JwkSet,
    authority_hints: Option<Vec<String>>,
    trust_anchor_hints: Option<Value>,
    metadata: Option<Metadata>,
    metadata_policy: Option<Policy>,
    metadata_policy_crit: Option<Value>,
    constraints: Option<Constraints>,
    crit: Option<Value>,
}

impl Statement {
    /// Reads a statement and checks everything that it says itself.
    pub(super) fn parse(text: &str, now: UnixTime) -> Result<Self, FederationError> {
        use FederationError::Statement as Malformed;
        let jws = Jws::parse(text)?;
        if !jws.header.has_type(MEDIA_TYPE) {
            return Err(Malformed("its typ is another one"));
        }
        let claims: Claims = json::object_from_slice(&jws.payload)
            .map_err(|_| Malformed("its claims have another structure"))?;
        entity(&claims.iss)?;
        entity(&claims.sub)?;
        // No extension of claims or policies is understood here, so whatever must be understood is not.
        if claims.crit.is_some() || claims.metadata_policy_crit.is_some() {
            return Err(Malformed("it has critical claims or operators"));
        }
        let own = claims.iss == claims.sub;
        let of_superiors = claims.metadata_policy.is_some() || claims.constraints.is_some();
        let of_oneself = claims.authority_hints.is_some() || claims.trust_anchor_hints.is_some();
        if (own && of_superiors) || (!own && of_oneself) {
            return Err(Malformed("it has claims of the other kind of statement"));
        }
        if claims.authority_hints.as_ref().is_some_and(Vec::is_empty) {
            return Err(Malformed("authority_hints is empty"));
        }
        let metadata = claims.metadata.unwrap_or_default();
        let readable = |entity: &Value| {
            entity.as_object().is_some_and(|parameters| !parameters.values().any(Value::is_null))
        };
        if !metadata.values().all(readable) {
            return Err(Malformed("metadata that is none, or null"));
        }
        check_times(now, LEEWAY, Some(claims.exp), None, Some(claims.iat))
            .map_err(|_| FederationError::Time)?;
        Ok(Self {
            issuer: claims.iss,
            subject: claims.sub,
            expires_at: claims.exp,
            keys: claims.jwks,
            authority_hints: claims.authority_hints.unwrap_or_default(),
            metadata,
            policy: claims.metadata_policy.unwrap_or_default(),
            constraints: claims.constraints.unwrap_or_default(),
            text: text.to_owned(),
        })
    }

    /// Verifies the signature with the key of the set that the header names.
    pub(super) fn verify(&self, keys: &JwkSet) -> Result<(), FederationError> {
        let jws = Jws::parse(&self.text)?;
        let key = jws.header.kid.as_deref().filter(|kid| !kid.is_empty()).and_then(|kid| keys.by_kid(kid));
        let key = key.ok_or(FederationError::Statement("its kid names no key of its issuer"))?;
        Ok(jws.verify_by(key, &ALGORITHMS)?)
    }

    /// Where it tells about its subordinates (§5.1.1).
    pub(super) fn fetch_endpoint(&self) -> Option<Url> {
        let endpoint = self.metadata.get("federation_entity")?.get("federation_fetch_endpoint")?;
        let url: Url = endpoint.as_str()?.parse().ok()?;
        (url.scheme() == "https" && url.fragment().is_none()).then_some(url)
    }
}

/// An entity identifier as a URL (§1.2).
pub(super) fn entity(identifier: &str) -> Result<Url, FederationError> {
    let url: Url = identifier.parse().map_err(|_| FederationError::Identifier)?;
    let fits = identifier.len() <= MAX_IDENTIFIER
        && url.scheme() == "https"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if fits { Ok(url) } else { Err(FederationError::Identifier) }
}
