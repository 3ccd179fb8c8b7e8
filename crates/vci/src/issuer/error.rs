//! What the endpoints answer when they refuse: one enum for each, since their codes differ.

use credenza_core::{Report, StoreError};
use credenza_crypto::Algorithm;
use credenza_oauth::{EndpointError, dpop};
use http::StatusCode;

use super::authorization::ClientError;
use super::earlier::EarlierRefusal;

/// Why the token endpoint refused (§6.3, RFC 6749 §5.2, RFC 9449 §5).
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// `invalid_request`
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// The client is not known, or not who it says it is.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// `invalid_grant`: wrong, used, expired, cancelled or foreign code or refresh token, wrong transaction code, or
    /// wrong code verifier. Which of these is told to
    /// the issuer's own people, not to the client.
    #[error(
        "the code, refresh token, transaction code or verifier is wrong, was used before, or has expired"
    )]
    InvalidGrant,
    /// `unsupported_grant_type`
    #[error("this grant type is not supported")]
    UnsupportedGrantType,
    /// `invalid_authorization_details`
    #[error("{0}")]
    InvalidAuthorizationDetails(&'static str),
    /// `invalid_scope`
    #[error("the scope goes beyond the offer")]
    InvalidScope,
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

impl EndpointError for TokenError {
    fn code(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "invalid_request",
            Self::Client(error) => error.code(),
            Self::InvalidGrant => "invalid_grant",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidAuthorizationDetails(_) => "invalid_authorization_details",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidDpopProof(_) => "invalid_dpop_proof",
            Self::UseDpopNonce(_) => "use_dpop_nonce",
            Self::Unavailable(_) => "temporarily_unavailable",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Client(error) => error.status(),
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

impl TokenError {
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

/// Why a request with an access token was not let in (RFC 6750 §3, RFC 9449 §7.1).
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// No access token at all: 401 without an error code.
    #[error("an access token is needed")]
    Missing,
    /// `invalid_token`
    #[error("the access token is not valid here")]
    InvalidToken,
    /// `insufficient_scope`: the token is valid, and not for this credential.
    #[error("the access token does not cover this credential")]
    InsufficientScope,
    /// `invalid_request`
    #[error("the Authorization header is malformed")]
    Malformed,
    /// `invalid_dpop_proof`
    #[error("the DPoP proof was not accepted{}", because(.0))]
    InvalidDpopProof(Box<Report>),
    /// `use_dpop_nonce`
    #[error("the DPoP proof must contain the nonce of this server")]
    UseDpopNonce(String),
    /// `temporarily_unavailable`: the server that the token may be from can't be asked, or the store has failed.
    #[error("the service is temporarily unavailable")]
    Unavailable,
}

impl AccessError {
    fn code(&self) -> &'static str {
        match self {
            Self::Missing | Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::Malformed => "invalid_request",
            Self::InvalidDpopProof(_) => "invalid_dpop_proof",
            Self::UseDpopNonce(_) => "use_dpop_nonce",
            Self::Unavailable => "temporarily_unavailable",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::InsufficientScope => StatusCode::FORBIDDEN,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    /// One challenge for each scheme: the error in both, for a client that can do either (RFC 9449 §7.2).
    fn challenges(&self) -> Vec<String> {
        let error = match self {
            Self::Missing => String::new(),
            _ => format!("error=\"{}\", ", self.code()),
        };
        let algorithms = dpop::ALGORITHMS.map(Algorithm::name).join(" ");
        let dpop = format!("DPoP {error}algs=\"{algorithms}\"");
        match self {
            Self::Missing => vec![dpop, "Bearer".to_owned()],
            Self::Unavailable => Vec::new(),
            Self::InvalidDpopProof(_) | Self::UseDpopNonce(_) => vec![dpop],
            Self::InvalidToken | Self::InsufficientScope | Self::Malformed => {
                vec![dpop, format!("Bearer error=\"{}\"", self.code())]
            }
        }
    }

    fn dpop_nonce(&self) -> Option<&str> {
        match self {
            Self::UseDpopNonce(nonce) => Some(nonce),
            _ => None,
        }
    }
}

/// Why the credential endpoint (§8.3.1) or the deferred credential endpoint (§9.3) refused.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// No valid access token (§8.3.1.1).
    #[error(transparent)]
    Access(#[from] AccessError),
    /// `invalid_credential_request`
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// `unknown_credential_configuration`
    #[error("there is no such credential configuration, or it was not offered")]
    UnknownConfiguration,
    /// `unknown_credential_identifier`
    #[error("there is no such credential identifier for this access token")]
    UnknownIdentifier,
    /// `invalid_proof`
    #[error("a key proof was not accepted{}", because(.0))]
    InvalidProof(Box<Report>),
    /// `invalid_nonce`
    #[error("the nonce of a key proof is not one of ours, too old, or was used before")]
    InvalidNonce(Box<Report>),
    /// `invalid_encryption_parameters`
    #[error("{0}")]
    InvalidEncryptionParameters(&'static str),
    /// `invalid_transaction_id` (§9.3): not ours, another session's, used before or expired.
    #[error("there is no such transaction_id for this access token, or no more")]
    InvalidTransactionId,
    /// `credential_request_denied`
    #[error("{0}")]
    Denied(&'static str),
    /// The store, the signer or the source of claims failed.
    #[error("the service is temporarily unavailable")]
    Unavailable(String),
    /// Any of these, as an earlier draft tells it.
    #[error(transparent)]
    InDialect(Box<EarlierRefusal>),
}

impl EndpointError for CredentialError {
    fn code(&self) -> &'static str {
        match self {
            Self::Access(error) => error.code(),
            Self::InvalidRequest(_) => "invalid_credential_request",
            Self::UnknownConfiguration => "unknown_credential_configuration",
            Self::UnknownIdentifier => "unknown_credential_identifier",
            Self::InvalidProof(_) => "invalid_proof",
            Self::InvalidNonce(_) => "invalid_nonce",
            Self::InvalidEncryptionParameters(_) => "invalid_encryption_parameters",
            Self::InvalidTransactionId => "invalid_transaction_id",
            Self::Denied(_) => "credential_request_denied",
            Self::Unavailable(_) => "temporarily_unavailable",
            Self::InDialect(refusal) => refusal.code,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Access(error) => error.status(),
            Self::InDialect(refusal) => refusal.status(),
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn challenges(&self) -> Vec<String> {
        match self {
            Self::Access(error) => error.challenges(),
            _ => Vec::new(),
        }
    }

    fn dpop_nonce(&self) -> Option<&str> {
        match self {
            Self::Access(error) => error.dpop_nonce(),
            _ => None,
        }
    }

    fn members(&self) -> serde_json::Map<String, serde_json::Value> {
        match self {
            Self::InDialect(refusal) => refusal.members(),
            _ => serde_json::Map::new(),
        }
    }

    fn has_body(&self) -> bool {
        !matches!(self, Self::Access(AccessError::Missing))
    }
}

impl CredentialError {
    /// What was checked, when the reason is a check.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::InvalidProof(report)
            | Self::InvalidNonce(report)
            | Self::Access(AccessError::InvalidDpopProof(report)) => Some(report),
            Self::InDialect(refusal) => refusal.source.as_ref().and_then(Self::report),
            _ => None,
        }
    }
}

/// Why the notification endpoint refused (§11.3).
#[derive(Debug, thiserror::Error)]
pub enum NotificationError {
    /// No valid access token.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// `invalid_notification_request`: malformed, or it contradicts what was told before.
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// `invalid_notification_id`
    #[error("there is no such notification_id for this access token")]
    InvalidId,
    /// The store failed.
    #[error("the service is temporarily unavailable")]
    Unavailable(#[source] StoreError),
}

impl EndpointError for NotificationError {
    fn code(&self) -> &'static str {
        match self {
            Self::Access(error) => error.code(),
            Self::InvalidRequest(_) => "invalid_notification_request",
            Self::InvalidId => "invalid_notification_id",
            Self::Unavailable(_) => "temporarily_unavailable",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Access(error) => error.status(),
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn challenges(&self) -> Vec<String> {
        match self {
            Self::Access(error) => error.challenges(),
            _ => Vec::new(),
        }
    }

    fn dpop_nonce(&self) -> Option<&str> {
        match self {
            Self::Access(error) => error.dpop_nonce(),
            _ => None,
        }
    }

    fn has_body(&self) -> bool {
        !matches!(self, Self::Access(AccessError::Missing))
    }
}

/// The first check that failed, as the end of a sentence.
pub(super) fn because(report: &Report) -> String {
    report.first_failure().map_or_else(String::new, |check| {
        let evidence = check.evidence.as_deref().unwrap_or("it does not hold");
        format!(": {} ({evidence})", check.rule.id)
    })
}
