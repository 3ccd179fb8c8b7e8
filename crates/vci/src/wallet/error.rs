//! Why a wallet stopped.

use credenza_core::{HttpError, Report};
use credenza_crypto::SignError;
use credenza_oauth::ResponseError;

use crate::messages::metadata::MetadataError;
use crate::messages::offer::InvalidOffer;

/// Which request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The offer by reference.
    Offer,
    /// The issuer's metadata.
    IssuerMetadata,
    /// The authorization server's metadata.
    ServerMetadata,
    /// The authorization request that is pushed.
    PushedAuthorization,
    /// The authorization without a browser.
    AuthorizationChallenge,
    /// The challenge for a client attestation.
    Challenge,
    /// The token.
    Token,
    /// The nonce.
    Nonce,
    /// The credential.
    Credential,
    /// The credential that was promised.
    DeferredCredential,
    /// The notification.
    Notification,
}

impl std::fmt::Display for Step {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Offer => "the credential offer",
            Self::IssuerMetadata => "the issuer's metadata",
            Self::ServerMetadata => "the authorization server's metadata",
            Self::PushedAuthorization => "the pushed authorization request endpoint",
            Self::AuthorizationChallenge => "the authorization challenge endpoint",
            Self::Challenge => "the challenge endpoint",
            Self::Token => "the token endpoint",
            Self::Nonce => "the nonce endpoint",
            Self::Credential => "the credential endpoint",
            Self::DeferredCredential => "the deferred credential endpoint",
            Self::Notification => "the notification endpoint",
        })
    }
}

/// Why a wallet stopped. Texts carry no code, token or claim.
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    /// The link or the offer is not acceptable.
    #[error(transparent)]
    Offer(#[from] InvalidOffer),
    /// The issuer's metadata is not acceptable.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// A party did not answer, or was not asked.
    #[error("{step}: {error}")]
    Http {
        /// Which request.
        step: Step,
        /// What happened.
        error: HttpError,
    },
    /// An answer that the specification does not know.
    #[error("{step}: {reason}")]
    Unexpected {
        /// Which request.
        step: Step,
        /// What is wrong with it.
        reason: String,
    },
    /// An error of the specification.
    #[error("{step} refused: {code}{}", .description.as_deref().map(|text| format!(" ({text})")).unwrap_or_default())]
    Refused {
        /// Which request.
        step: Step,
        /// The error code.
        code: String,
        /// What the other side says about it, in printable ASCII.
        description: Option<String>,
    },
    /// The holder or the authorization server said no, or the browser came back with something else.
    #[error("{error}")]
    Authorization {
        /// What came back.
        error: ResponseError,
        /// What was checked.
        report: Box<Report>,
    },
    /// The issuer offers what this wallet can't do.
    #[error("not supported: {0}")]
    Unsupported(&'static str),
    /// The metadata belongs to somebody else, the offer does not fit it, or DPoP was lost on the way.
    #[error("not trustworthy: {0}")]
    Untrustworthy(&'static str),
    /// What was issued is not what was asked for.
    #[error("the issued credential was not accepted")]
    Received(Box<Report>),
    /// A key could not be made or used.
    #[error(transparent)]
    Key(#[from] SignError),
    /// What was kept of a promised credential can't be used.
    #[error("what was kept of a credential that was promised can't be read")]
    Kept,
    /// The transaction code does not have the form that the issuer announced.
    #[error("the transaction code {0}")]
    TxCode(&'static str),
}
