//! Why a client is not believed, and what the PAR and the authorization endpoint answer when they refuse.

use credenza_core::{Report, StoreError};
use credenza_oauth::{EndpointError, InvalidAuthorizationRequest};
use http::StatusCode;

use crate::issuer::error::because;

/// Why a client is not who it says it is (RFC 6749 §5.2, client attestation §7.4).
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// `invalid_client`: no such client, or not by this method.
    #[error("{0}")]
    Unknown(&'static str),
    /// `invalid_request`: more than one way of saying who it is.
    #[error("{0}")]
    Ambiguous(&'static str),
    /// `invalid_client`: what it has shown was not accepted.
    #[error("the client could not be authenticated{}", because(.0))]
    Refused(Box<Report>),
    /// `use_fresh_attestation`
    #[error("the client attestation has expired{}", because(.0))]
    Stale(Box<Report>),
    /// `use_attestation_challenge`, with a challenge.
    #[error("the proof of possession must contain the challenge of this server")]
    UseChallenge(String),
    /// `temporarily_unavailable`: nobody can say whether the wallet provider is trusted.
    #[error("the service is temporarily unavailable")]
    Unavailable,
}

impl ClientError {
    pub(in crate::issuer) const fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) | Self::Refused(_) => "invalid_client",
            Self::Ambiguous(_) => "invalid_request",
            Self::Stale(_) => "use_fresh_attestation",
            Self::UseChallenge(_) => "use_attestation_challenge",
            Self::Unavailable => "temporarily_unavailable",
        }
    }

    pub(in crate::issuer) const fn status(&self) -> StatusCode {
        match self {
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    pub(in crate::issuer) fn challenge(&self) -> Option<&str> {
        match self {
            Self::UseChallenge(challenge) => Some(challenge),
            _ => None,
        }
    }

    /// What was checked, when the reason is a check.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::Refused(report) | Self::Stale(report) => Some(report),
            _ => None,
        }
    }
}

/// What is wrong with what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// A parameter.
    #[error(transparent)]
    Request(#[from] InvalidAuthorizationRequest),
    /// `invalid_request`
    #[error("{0}")]
    Invalid(&'static str),
    /// `invalid_scope`
    #[error("the scope names no credential that can be issued here")]
    Scope,
    /// `invalid_authorization_details`
    #[error("{0}")]
    Details(&'static str),
}

impl Reason {
    pub(in crate::issuer) const fn code(self) -> &'static str {
        match self {
            Self::Request(error) => error.code(),
            Self::Invalid(_) => "invalid_request",
            Self::Scope => "invalid_scope",
            Self::Details(_) => "invalid_authorization_details",
        }
    }
}

/// Why a request was not taken in at the PAR endpoint (RFC 9126 §2.3).
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// Nobody may push here.
    #[error("this issuer has no authorization endpoint")]
    Unsupported,
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
    /// The store failed.
    #[error("the service is temporarily unavailable")]
    Unavailable(#[source] StoreError),
}

impl EndpointError for PushError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unsupported => "invalid_request",
            Self::Client(error) => error.code(),
            Self::Request(reason) => reason.code(),
            Self::InvalidDpopProof(_) => "invalid_dpop_proof",
            Self::UseDpopNonce(_) => "use_dpop_nonce",
            Self::Unavailable(_) => "temporarily_unavailable",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Client(error) => error.status(),
            Self::Unsupported => StatusCode::NOT_FOUND,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
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

impl PushError {
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

/// Why there is nothing for the user to decide.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizeError {
    /// To be shown to the person at the browser, who is led nowhere: it is not known that the address belongs to the
    /// client (RFC 6749 §4.1.2.1).
    #[error("{0}")]
    Shown(&'static str),
    /// The browser goes back to the client with an error: this URL, by 303.
    #[error("the client is told that its request was refused")]
    Redirect(String),
    /// The store failed.
    #[error("the service is temporarily unavailable")]
    Unavailable(#[source] StoreError),
}

impl From<StoreError> for AuthorizeError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}
