//! What an entity says about itself, to be served at `/.well-known/openid-federation` (OpenID Federation 1.0 §3, §9).

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{UnixTime, b64};
use credenza_crypto::{IdentifiedBy, Jwk, JwkSet, SignError, Signer, SigningHeader, jwt};
use serde::Serialize;
use serde_json::{Map, Value};

use super::FederationError;
use super::statement::{MEDIA_TYPE, Metadata, entity};

/// How long a configuration is good, unless said otherwise.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// An entity that describes itself.
#[derive(Clone)]
pub struct EntityConfiguration {
    identifier: String,
    signer: Arc<dyn Signer>,
    authority_hints: Vec<String>,
    metadata: Metadata,
    lifetime: Duration,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    iat: UnixTime,
    exp: UnixTime,
    jwks: Value,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    authority_hints: &'a [String],
    #[serde(skip_serializing_if = "Map::is_empty")]
    metadata: &'a Metadata,
}

impl EntityConfiguration {
    /// The media type of what [`sign`](Self::sign) gives.
    pub const CONTENT_TYPE: &'static str = "application/entity-statement+jwt";

    /// An entity, and the key that its superiors vouch for.
    ///
    /// # Errors
    /// [`FederationError`]: the identifier can't be that of an entity.
    pub fn new(identifier: &str, signer: Arc<dyn Signer>) -> Result<Self, FederationError> {
        entity(identifier)?;
        let (identifier, lifetime) = (identifier.to_owned(), LIFETIME);
        Ok(Self { identifier, signer, authority_hints: Vec::new(), metadata: Map::new(), lifetime })
    }

    /// With a superior that vouches for it.
    ///
    /// # Errors
    /// [`FederationError`]: it can't be the identifier of one.
    pub fn superior(mut self, identifier: &str) -> Result<Self, FederationError> {
        entity(identifier)?;
        self.authority_hints.push(identifier.to_owned());
        Ok(self)
    }

    /// With metadata of an entity type.
    #[must_use]
    pub fn metadata(mut self, entity_type: &str, metadata: Map<String, Value>) -> Self {
        self.metadata.insert(entity_type.to_owned(), metadata.into());
        self
    }

    /// The name of the entity.
    #[must_use]
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// The signed statement.
    ///
    /// # Errors
    /// The signer.
    pub async fn sign(&self, now: UnixTime) -> Result<String, SignError> {
        let known = self.signer.public_jwk();
        // A statement has to name its key (§3.1); one without a name gets its thumbprint.
        let kid = known.kid.clone().unwrap_or_else(|| b64::encode(known.thumbprint()));
        let named = Map::from_iter([("kid".to_owned(), kid.clone().into())]);
        let header = SigningHeader::new(&*self.signer, MEDIA_TYPE, IdentifiedBy::Nothing, named);
        let key = Jwk { kid: Some(kid), ..Jwk::new(known.key.clone()) };
        let claims = Claims {
            iss: &self.identifier,
            sub: &self.identifier,
            iat: now,
            exp: now + self.lifetime,
            jwks: serde_json::to_value(JwkSet { keys: vec![key] }).unwrap_or_default(),
            authority_hints: &self.authority_hints,
            metadata: &self.metadata,
        };
        jwt::sign(&*self.signer, &header, &claims).await
    }
}

impl std::fmt::Debug for EntityConfiguration {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "EntityConfiguration({})", self.identifier)
    }
}
