//! The provider's side: what a wallet can make, whether a request is one for it, and the token (SIOPv2 §9 to §11).

use std::time::Duration;

use credenza_core::UnixTime;
use credenza_crypto::{Algorithm, IdentifiedBy, Jwk, Signer, SigningHeader, jwt};
use serde_json::{Map, Value, json};

use super::metadata::RelyingPartyMetadata;
use super::{SCOPE, SubjectSyntax, identifier};
use crate::messages::{AuthorizationRequest, ClientMetadata};

/// How long an ID token can be used, unless configured.
pub const ID_TOKEN_LIFETIME: Duration = Duration::from_secs(300);

/// What a wallet can do as a self-issued provider.
#[derive(Debug, Clone)]
pub struct Provider {
    /// How its subjects can name their keys.
    pub syntaxes: Vec<SubjectSyntax>,
    /// The algorithms that its keys sign by.
    pub algorithms: Vec<Algorithm>,
    /// How long its tokens can be used.
    pub lifetime: Duration,
    /// The issuer identifier below which its metadata is published, if it is: signed requests of relying parties that
    /// have found it there name it as their audience (§9.1).
    pub issuer: Option<String>,
}

impl Default for Provider {
    /// By thumbprint, `did:jwk` and `did:key`; ES256, ES384, ES512 and EdDSA; for five minutes.
    fn default() -> Self {
        Self {
            syntaxes: vec![
                SubjectSyntax::JwkThumbprint,
                SubjectSyntax::did("jwk"),
                SubjectSyntax::did("key"),
            ],
            algorithms: vec![Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa],
            lifetime: ID_TOKEN_LIFETIME,
            issuer: None,
        }
    }
}

/// Why a request for an ID token is refused, in the words of SIOPv2 §10.3.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderRefusal {
    /// A parameter breaks a rule.
    #[error("the request for an ID token is refused: {0}")]
    Request(&'static str),
    /// `client_metadata` can't be used.
    #[error("what the relying party says about itself can't be used: {0}")]
    MetadataObject(String),
    /// The relying party wants something that is not supported.
    #[error("the relying party wants what is not supported: {0}")]
    MetadataValue(&'static str),
    /// There is no subject syntax type that both know.
    #[error("the relying party knows no subject syntax type that this wallet knows")]
    Syntaxes,
    /// Metadata by reference is not fetched.
    #[error("client_metadata_uri is not supported: the request has to bring the metadata itself")]
    MetadataUri,
}

impl ProviderRefusal {
    /// The code for the relying party.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Request(_) => "invalid_request",
            Self::MetadataObject(_) => "invalid_client_metadata_object",
            Self::MetadataValue(_) => "client_metadata_value_not_supported",
            Self::Syntaxes => "subject_syntax_types_not_supported",
            Self::MetadataUri => "invalid_client_metadata_uri",
        }
    }
}

/// Who signs in: a key, and how it is named. Use another key for each relying party, or they can tell that it is the
/// same person (§14.1).
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The key.
    pub signer: &'a dyn Signer,
    /// How `sub` names it: one of [`Wanted::syntaxes`].
    pub syntax: &'a SubjectSyntax,
}

/// Why a token is not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// The syntax is none that was asked for, or can't be made from the key.
    #[error("the key can't be named as it was asked for")]
    Syntax,
    /// The key signs by another algorithm.
    #[error("the key signs by an algorithm that was not asked for")]
    Algorithm,
    /// It could not sign.
    #[error("the key could not sign: {0}")]
    Sign(String),
}

/// An ID token that is wanted, in a way that the wallet can make it.
#[derive(Debug, Clone)]
pub struct Wanted {
    syntaxes: Vec<SubjectSyntax>,
    algorithms: Vec<Algorithm>,
    lifetime: Duration,
    audience: String,
    nonce: String,
}

impl Wanted {
    /// The subject syntax types that both sides know, in the relying party's order.
    #[must_use]
    pub fn syntaxes(&self) -> &[SubjectSyntax] {
        &self.syntaxes
    }

    /// The algorithms that both sides know.
    #[must_use]
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    /// The relying party, as the token names it.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Makes the token (§11).
    ///
    /// # Errors
    /// See [`SubjectError`].
    pub async fn id_token(&self, subject: Subject<'_>, now: UnixTime) -> Result<String, SubjectError> {
        let Subject { signer, syntax } = subject;
        if !self.algorithms.contains(&signer.algorithm()) {
            return Err(SubjectError::Algorithm);
        }
        let key = &signer.public_jwk().key;
        let made = identifier::of_key(key, syntax).filter(|_| self.syntaxes.contains(syntax));
        let identifier::Made { sub, kid } = made.ok_or(SubjectError::Syntax)?;
        let mut claims = Map::new();
        let mut add = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        add("iss", sub.as_str().into());
        add("sub", sub.into());
        add("aud", self.audience.as_str().into());
        add("nonce", self.nonce.as_str().into());
        add("iat", json!(now));
        add("exp", json!(now + self.lifetime));
        let mut more = Map::new();
        match kid {
            Some(kid) => drop(more.insert("kid".to_owned(), kid.into())),
            // Nothing else about the key: a kid of ours would follow the person from one relying party to the next.
            None => drop(add("sub_jwk", Jwk::new(key.clone()).to_value())),
        }
        let header = SigningHeader::new(signer, "JWT", IdentifiedBy::Nothing, more);
        jwt::sign(signer, &header, &claims).await.map_err(|error| SubjectError::Sign(error.0))
    }
}

impl Provider {
    /// Whether the request has what a request for an ID token must (§9): before its metadata is looked at.
    pub(crate) fn check_scope(request: &AuthorizationRequest) -> Result<(), ProviderRefusal> {
        let mut scopes = request.scope.as_deref().unwrap_or_default().split(' ');
        if scopes.any(|scope| scope == SCOPE) {
            Ok(())
        } else {
            Err(ProviderRefusal::Request("scope does not have openid"))
        }
    }

    /// Whether metadata is in one place (§9).
    pub(crate) fn check_metadata(request: &AuthorizationRequest) -> Result<(), ProviderRefusal> {
        match (&request.client_metadata_uri, &request.client_metadata) {
            (Some(_), Some(_)) => {
                Err(ProviderRefusal::Request("there are both client_metadata and client_metadata_uri"))
            }
            (Some(_), None) => Err(ProviderRefusal::MetadataUri),
            (None, _) => Ok(()),
        }
    }

    /// What is wanted, of what this provider can do. `id_token_type` changes nothing: of what a relying party may
    /// prefer, a token that its subject signs is the only one that there is here (§9).
    pub(crate) fn wanted(
        &self,
        metadata: Option<&ClientMetadata>,
        audience: &str,
        nonce: &str,
    ) -> Result<Wanted, ProviderRefusal> {
        let metadata = metadata.ok_or(ProviderRefusal::Request("client_metadata is missing"))?;
        let metadata = RelyingPartyMetadata::read(&metadata.self_issued)?;
        let mut syntaxes: Vec<SubjectSyntax> = Vec::new();
        for theirs in &metadata.syntaxes {
            let ours = self.syntaxes.iter().filter(|ours| theirs.covers(ours) && !syntaxes.contains(ours));
            syntaxes.extend(ours.cloned().collect::<Vec<_>>());
        }
        if syntaxes.is_empty() {
            return Err(ProviderRefusal::Syntaxes);
        }
        let algorithms = match metadata.algorithm {
            None => self.algorithms.clone(),
            Some(algorithm) if self.algorithms.contains(&algorithm) => vec![algorithm],
            Some(_) => return Err(ProviderRefusal::MetadataValue("id_token_signed_response_alg")),
        };
        Ok(Wanted {
            syntaxes,
            algorithms,
            lifetime: self.lifetime,
            audience: audience.to_owned(),
            nonce: nonce.to_owned(),
        })
    }
}
