//! What the authorization challenge endpoint answers when there is no code yet, or never (OID4VCI 1.1 §6.2).

use credenza_core::{Report, StoreError};
use credenza_oauth::EndpointError;
use http::StatusCode;
use serde_json::{Map, Value};

use crate::issuer::authorization::{ClientError, Reason, Replayed};
use crate::issuer::error::because;
use crate::issuer::token::ProofRefused;
use crate::messages::interactive::{
    INSUFFICIENT_AUTHORIZATION, InteractionRequired, InteractionType, MISSING_INTERACTION_TYPE,
};

/// Why the authorization challenge endpoint gives no code.
#[derive(Debug, thiserror::Error)]
pub enum InteractiveError {
    /// There is no such endpoint.
    #[error("this issuer has no authorization challenge endpoint")]
    Unsupported,
    /// `insufficient_authorization`, with 401: the wallet has to do something first.
    #[error("an interaction is required")]
    Required(Box<InteractionRequired>),
    /// `missing_interaction_type`: the wallet can't do what would be required.
    #[error("interaction_types_supported lacks the required interaction type '{}'", .0.as_str())]
    MissingType(InteractionType),
    /// `invalid_session`: the `auth_session` was made up, used before, is too old, or belongs to another client.
    #[error("auth_session is not good, or not for this client")]
    Session,
    /// `access_denied`: the authorization has ended without a code. The text has no personal data.
    #[error("{0}")]
    Denied(String),
    /// The client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The request.
    #[error(transparent)]
    Request(#[from] Reason),
    /// `invalid_dpop_proof`
    #[error("the DPoP proof was not accepted{}", because(.0))]
    InvalidDpopProof(Box<Report>),
    /// `use_dpop_nonce`
    #[error("the DPoP proof must contain the nonce of this server")]
    UseDpopNonce(String),
    /// `temporarily_unavailable`: the store, or the verifier, can't work.
    #[error("the service is temporarily unavailable")]
    Unavailable(#[source] StoreError),
}

impl EndpointError for InteractiveError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unsupported => "invalid_request",
            Self::Required(_) => INSUFFICIENT_AUTHORIZATION,
            Self::MissingType(_) => MISSING_INTERACTION_TYPE,
            Self::Session => "invalid_session",
            Self::Denied(_) => "access_denied",
            Self::Client(error) => error.code(),
            Self::Request(reason) => reason.code(),
            Self::InvalidDpopProof(_) => "invalid_dpop_proof",
            Self::UseDpopNonce(_) => "use_dpop_nonce",
            Self::Unavailable(_) => "temporarily_unavailable",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Unsupported => StatusCode::NOT_FOUND,
            Self::Required(_) => StatusCode::UNAUTHORIZED,
            Self::Client(error) => error.status(),
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn members(&self) -> Map<String, Value> {
        match self {
            Self::Required(required) => match serde_json::to_value(required) {
                Ok(Value::Object(members)) => members,
                _ => Map::new(),
            },
            _ => Map::new(),
        }
    }

    fn dpop_nonce(&self) -> Option<&str> {
        match self {
            Self::UseDpopNonce(nonce) => Some(nonce),
            _ => None,
        }
    }

    fn attestation_challenge(&self) -> Option<&str> {
        match self {
            Self::Client(error) => error.challenge(),
            _ => None,
        }
    }
}

impl InteractiveError {
    /// What was checked, when the reason is a check.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::InvalidDpopProof(report) => Some(report),
            Self::Client(error) => error.report(),
            _ => None,
        }
    }
}

impl From<StoreError> for InteractiveError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

impl From<Replayed> for InteractiveError {
    fn from(replayed: Replayed) -> Self {
        match replayed {
            Replayed::Dpop(report) => Self::InvalidDpopProof(report),
            Replayed::Client(error) => Self::Client(error),
            Replayed::Unavailable(error) => Self::Unavailable(error),
        }
    }
}

impl From<ProofRefused> for InteractiveError {
    fn from(refused: ProofRefused) -> Self {
        match refused {
            ProofRefused::Invalid(report) => Self::InvalidDpopProof(report),
            ProofRefused::UseNonce(nonce) => Self::UseDpopNonce(nonce),
        }
    }
}
