//! What to offer, what comes of it, and why an offer can't be made, fetched or called off.

use credenza_core::{Secret, StoreError, UnixTime};
use credenza_oauth::EndpointError;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::configuration::Deferral;
use crate::messages::{InputMode, OfferLink};

/// What to offer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct OfferRequest {
    /// The credentials. One configuration may be here several times, with different claims: several data sets.
    pub credentials: Vec<OfferedCredential>,
    /// Whether the holder must type a transaction code, and which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tx_code: Option<TxCodeRequest>,
    /// Who it is for, as the user authentication names them: nobody else can take it up with a browser. Absent: whoever
    /// has the offer and signs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// By which grants it can be taken up.
    #[serde(default)]
    pub grants: OfferGrants,
    /// Whether the link carries the offer or points at it.
    #[serde(default)]
    pub delivery: Delivery,
    /// For how many seconds it is good; absent: as the issuer's lifetimes say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
    /// What the caller calls it; handed to the claims source, never to the wallet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// One credential of an offer.
#[derive(Clone, Serialize, Deserialize)]
pub struct OfferedCredential {
    /// Which configuration.
    pub configuration_id: String,
    /// Its claims; absent when the claims source brings them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<Map<String, Value>>,
    /// Whether it is issued at once; absent: as its configuration says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deferral: Option<Deferral>,
}

impl std::fmt::Debug for OfferedCredential {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "OfferedCredential({})", self.configuration_id)
    }
}

/// Which transaction code.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct TxCodeRequest {
    /// This one; absent: digits are drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Secret>,
    /// How many digits are drawn, from 4 to 12; absent: 6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u8>,
    /// For the holder: where the code comes from; at most 300 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The characters of `code`; digits are always `numeric`.
    #[serde(default)]
    pub input_mode: InputMode,
}

/// By which grants an offer can be taken up (§4.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferGrants {
    /// By a code in the offer: whoever has the offer, and the transaction code where there is one, gets the credentials.
    #[default]
    PreAuthorizedCode,
    /// By a browser, where somebody signs in and agrees.
    AuthorizationCode,
    /// By either.
    Both,
}

impl OfferGrants {
    /// Whether a code is in the offer.
    #[must_use]
    pub const fn pre_authorized_code(self) -> bool {
        matches!(self, Self::PreAuthorizedCode | Self::Both)
    }

    /// Whether it leads to a browser.
    #[must_use]
    pub const fn authorization_code(self) -> bool {
        matches!(self, Self::AuthorizationCode | Self::Both)
    }
}

/// How an offer comes to the wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// The link points at it: a small QR code (§4.1.3).
    #[default]
    ByReference,
    /// The link is it (§4.1.2).
    ByValue,
}

/// An offer that was made.
#[derive(Clone, Serialize)]
pub struct CreatedOffer {
    /// The session's identifier, for the issuer's own use.
    pub id: String,
    /// `openid-credential-offer://…`, for a link or a QR code.
    pub uri: String,
    /// The https URL of the offer, when it goes by reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer_uri: Option<Url>,
    /// The transaction code, to be given to the holder on another way. It is not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tx_code: Option<Secret>,
    /// From this second on the offer is dead.
    pub expires_at: UnixTime,
    /// The same as a link, for wallets whose credential offer endpoint is known.
    #[serde(skip)]
    pub link: OfferLink,
}

/// The links are as good as the credentials themselves, and are not shown.
impl std::fmt::Debug for CreatedOffer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("CreatedOffer")
            .field("id", &self.id)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Why no offer was made. All but the last are the caller's mistakes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// Nothing is offered, or too much.
    #[error("an offer needs between 1 and {} credentials", crate::messages::offer::MAX_OFFERED)]
    Count,
    /// A configuration that does not exist.
    #[error("there is no credential configuration \"{0}\"")]
    UnknownConfiguration(String),
    /// A mandatory claim is missing.
    #[error("the credential \"{configuration}\" needs the claim \"{claim}\"")]
    MissingClaim {
        /// The configuration.
        configuration: String,
        /// The path of the claim, as people write it.
        claim: String,
    },
    /// A claim that the issuer itself sets.
    #[error("the claim \"{0}\" is set by the issuer")]
    ReservedClaim(&'static str),
    /// No credential can be made of these claims.
    #[error("the credential \"{configuration}\" can't be made: {reason}")]
    Unfit {
        /// The configuration.
        configuration: String,
        /// What does not fit.
        reason: String,
    },
    /// The transaction code does not have the form that was announced.
    #[error("the transaction code: {0}")]
    TxCode(&'static str),
    /// The issuer has no authorization endpoint.
    #[error("this issuer does not support the authorization code flow")]
    NoAuthorization,
    /// Lives for no time, or too long.
    #[error("expires_in must be between 1 and {} seconds", super::MAX_OFFER_LIFETIME.as_secs())]
    Lifetime,
    /// The claims are larger than a session may be.
    #[error("the claims are too large")]
    TooLarge,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an offer was not handed out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfferFetchError {
    /// There is none under this URL, or no more.
    #[error("there is no offer here, or no more")]
    NotFound,
    /// The store failed.
    #[error("the service is temporarily unavailable")]
    Store(#[source] StoreError),
}

impl EndpointError for OfferFetchError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Store(_) => "temporarily_unavailable",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Why an offer was not called off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CancelError {
    /// No such session.
    #[error("there is no such offer")]
    NotFound,
    /// Credentials were issued, or it is over.
    #[error("the offer can't be cancelled any more: it is {0}")]
    TooLate(&'static str),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OfferRequest {
    /// Offers one credential with these claims.
    #[must_use]
    pub fn of(configuration_id: impl Into<String>, claims: Map<String, Value>) -> Self {
        let credential = OfferedCredential {
            configuration_id: configuration_id.into(),
            claims: Some(claims),
            deferral: None,
        };
        Self { credentials: vec![credential], ..Self::default() }
    }

    /// The same, to be taken up with a browser.
    #[must_use]
    pub const fn with_grants(mut self, grants: OfferGrants) -> Self {
        self.grants = grants;
        self
    }

    /// The same, with a transaction code of `length` digits.
    #[must_use]
    pub fn with_tx_code(mut self, length: u8) -> Self {
        self.tx_code = Some(TxCodeRequest { length: Some(length), ..TxCodeRequest::default() });
        self
    }
}
