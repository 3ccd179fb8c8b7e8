//! What the operator decides: which clients there are, how they prove who they are, what they must do.

use std::sync::Arc;
use std::time::Duration;

use credenza_crypto::JwkSet;
use credenza_oauth::{client_attestation, redirect_uri};
use credenza_trust::Trust;

use crate::issuer::ConfigError;

/// The authorization code flow, and how clients prove who they are at every endpoint that asks.
#[derive(Clone, Default)]
pub struct AuthorizationSettings {
    /// Clients that are known by name.
    pub clients: Vec<Client>,
    /// Whether a client that nobody knows may ask, without proving who it is. The user sees where the answer goes.
    pub public_clients: bool,
    /// Whose attestations of wallets are accepted. A wallet that is attested needs no registration.
    pub attestation: Option<AttestationSettings>,
    /// Whether a client must prove who it is (`private_key_jwt` or attestation), whatever the grant.
    pub require_client_authentication: bool,
    /// Whether requests must be pushed (RFC 9126 §4).
    pub require_par: bool,
    /// How long things live.
    pub lifetimes: AuthorizationLifetimes,
}

impl std::fmt::Debug for AuthorizationSettings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("AuthorizationSettings")
            .field("clients", &self.clients)
            .field("public_clients", &self.public_clients)
            .field("attestation", &self.attestation.is_some())
            .field("require_par", &self.require_par)
            .finish_non_exhaustive()
    }
}

/// Which client attestations are accepted.
#[derive(Clone)]
pub struct AttestationSettings {
    /// Who knows the wallet providers.
    pub trust: Arc<dyn Trust>,
    /// What their attestations, and the proofs that go with them, must be like.
    pub policy: client_attestation::Policy,
    /// How long a challenge is good.
    pub challenge_lifetime: Duration,
}

impl AttestationSettings {
    /// Attestations of the wallet providers that are known here; challenges are good for five minutes.
    #[must_use]
    pub fn trusting(trust: Arc<dyn Trust>) -> Self {
        Self {
            trust,
            policy: client_attestation::Policy::default(),
            challenge_lifetime: Duration::from_secs(300),
        }
    }
}

/// How long things of the authorization code flow live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthorizationLifetimes {
    /// A `request_uri`, until the browser comes with it.
    pub request_uri: Duration,
    /// The pages, until the user has decided.
    pub interaction: Duration,
    /// An authorization code: a minute at most (FAPI 2.0 §5.3.2.1).
    pub code: Duration,
    /// A grant that can be renewed by refresh tokens, from the first token on; `None` gives none.
    pub refresh: Option<Duration>,
}

impl Default for AuthorizationLifetimes {
    /// 90 seconds for a `request_uri`, 15 minutes for the user, one minute for a code, 30 days for a grant.
    fn default() -> Self {
        Self {
            request_uri: Duration::from_secs(90),
            interaction: Duration::from_secs(15 * 60),
            code: Duration::from_secs(60),
            refresh: Some(Duration::from_secs(30 * 24 * 60 * 60)),
        }
    }
}

/// A client that is registered.
#[derive(Debug, Clone, PartialEq)]
pub struct Client {
    /// Its `client_id`; with an attestation, the `sub` of it.
    pub id: String,
    /// What the user is told about it.
    pub name: Option<String>,
    /// Where answers may go, character by character.
    pub redirect_uris: Vec<String>,
    /// How it proves who it is.
    pub authentication: ClientAuthentication,
}

/// How a client proves who it is.
#[derive(Debug, Clone, PartialEq)]
pub enum ClientAuthentication {
    /// It does not: a public client (`none`).
    None,
    /// By a JWT that it signs with one of these keys (`private_key_jwt`).
    PrivateKeyJwt(JwkSet),
    /// By an attestation of its wallet provider (`attest_jwt_client_auth`).
    Attestation,
}

/// No `client_id` is longer, in bytes.
pub(in crate::issuer) const MAX_CLIENT_ID: usize = 512;

impl AuthorizationSettings {
    pub(in crate::issuer) fn check(&self) -> Result<(), ConfigError> {
        for (number, client) in self.clients.iter().enumerate() {
            let bad = |reason: String| ConfigError::Client { id: client.id.clone(), reason };
            if client.id.is_empty() || client.id.len() > MAX_CLIENT_ID {
                return Err(bad("its identifier is empty or too long".to_owned()));
            }
            if self.clients.iter().skip(number + 1).any(|other| other.id == client.id) {
                return Err(bad("there are two of that name".to_owned()));
            }
            if client.redirect_uris.is_empty() {
                return Err(bad("it has no redirect URI".to_owned()));
            }
            for uri in &client.redirect_uris {
                redirect_uri::check(uri).map_err(|error| bad(error.to_string()))?;
            }
            match &client.authentication {
                ClientAuthentication::PrivateKeyJwt(keys) if keys.keys.is_empty() => {
                    return Err(bad("it has no keys".to_owned()));
                }
                ClientAuthentication::Attestation if self.attestation.is_none() => {
                    return Err(bad("no wallet provider is trusted to attest it".to_owned()));
                }
                _ => {}
            }
        }
        let AuthorizationLifetimes { request_uri, interaction, code, .. } = self.lifetimes;
        if code.is_zero() || code > Duration::from_secs(60) {
            return Err(ConfigError::Invalid("an authorization code must live for a minute at most"));
        }
        if request_uri < Duration::from_secs(5) || interaction < request_uri {
            return Err(ConfigError::Invalid(
                "request URIs and interactions must live long enough to be used",
            ));
        }
        Ok(())
    }

    /// How clients can authenticate (RFC 8414 §2).
    pub(in crate::issuer) fn methods(&self) -> Vec<String> {
        let mut methods = Vec::new();
        if self.attestation.is_some() {
            methods.push(client_attestation::METHOD.to_owned());
            methods.push(client_attestation::METHOD_WITH_DPOP.to_owned());
        }
        if self.clients.iter().any(|it| matches!(it.authentication, ClientAuthentication::PrivateKeyJwt(_))) {
            methods.push(credenza_oauth::client_assertion::METHOD.to_owned());
        }
        if !self.require_client_authentication {
            methods.push("none".to_owned());
        }
        methods
    }
}
