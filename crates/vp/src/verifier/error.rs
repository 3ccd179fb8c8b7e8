//! What each of the verifier's doors answers when it refuses.

use credenza_core::{Report, StoreError};
use credenza_crypto::SignError;
use credenza_oauth::{EndpointError, FormError};
use http::StatusCode;

use crate::dc_api::MessageError;
use crate::dialects::{DialectError, ResponseError};
use crate::messages::request_uri::RequestUriFormError;
use crate::messages::response::ResponseSyntaxError;

/// Why a request was not made: the caller's mistake, but for [`Store`](Self::Store).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// Signed requests need a key with certificates.
    #[error("there is no key to sign requests with; only redirect_uri is possible")]
    Signer,
    /// `x509_san_dns` needs a certificate with the DNS name of the base URL.
    #[error("the certificate for requests does not have the DNS name of this verifier")]
    DnsName,
    /// A response mode that is not supported here.
    #[error("the response mode is not supported")]
    ResponseMode,
    /// `request_uri_method` with an unsigned request, which has no `request_uri`.
    #[error("an unsigned request has no request_uri that could be posted to")]
    Method,
    /// The redirect lies below no configured prefix.
    #[error("the redirect is not below an allowed address")]
    Redirect,
    /// The query asks twice for one claim (OID4VP 1.0 §6.1).
    #[error("the query asks for the same claim twice")]
    DuplicateClaim,
    /// An ID token is wanted where none can be: through the Digital Credentials API, or under a profile.
    #[error("no ID token can be asked for through the Digital Credentials API or under HAIP")]
    IdToken,
    /// A format in the query that can't be verified here.
    #[error("presentations of the format {0} can't be verified here")]
    Format(String),
    /// The authorization endpoint is not a URL.
    #[error("the authorization endpoint of the wallet is not a URL")]
    AuthorizationEndpoint,
    /// A text is longer than it may be.
    #[error("{0} is too long")]
    TooLong(&'static str),
    /// The lifetime is zero or longer than a day.
    #[error("the lifetime has to be between a second and a day")]
    Lifetime,
    /// A name that the verifier does not go by.
    #[error("the verifier has no client identifier with the prefix {0}")]
    Identity(&'static str),
    /// Transaction data that no credential of the query could authorise.
    #[error("the transaction data can't be authorised by what is asked for")]
    TransactionData,
    /// A definition of Presentation Exchange where none can be sent, or one that nothing could answer.
    #[error("the presentation definition can't be asked with: {0}")]
    Definition(&'static str),
    /// The origins of a request through the Digital Credentials API.
    #[error("the origins have to be those of websites, and at least one")]
    Origins,
    /// What the profile rules out.
    #[error("the profile does not allow it: {0}")]
    Profile(&'static str),
    /// The draft can't say it, or has no such thing.
    #[error("it can't be asked for in this dialect: {0}")]
    Dialect(#[from] DialectError),
    /// The key for the response could not be made.
    #[error("no key could be made for the response, or the request could not be signed")]
    Key,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why no request object was handed out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestObjectError {
    /// No such request, or it can't be answered any more. Both look the same from outside.
    #[error("there is no such request, or it was answered or has expired")]
    Unknown,
    /// The posted form.
    #[error(transparent)]
    Form(#[from] RequestUriFormError),
    /// What the wallet says about itself does not go with the request.
    #[error("{0}")]
    Wallet(&'static str),
    /// The signer.
    #[error("the request could not be signed")]
    Sign(#[from] SignError),
    /// The store.
    #[error("try again later")]
    Store(#[from] StoreError),
}

impl EndpointError for RequestObjectError {
    fn code(&self) -> &'static str {
        match self {
            Self::Unknown | Self::Form(_) | Self::Wallet(_) => "invalid_request",
            Self::Sign(_) => "server_error",
            Self::Store(_) => "temporarily_unavailable",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Form(RequestUriFormError::Form(FormError::TooLarge)) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Form(_) | Self::Wallet(_) => StatusCode::BAD_REQUEST,
            Self::Sign(_) | Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Why a response was refused.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RespondError {
    /// No such request, or it was answered or has expired. All look the same from outside.
    #[error("there is no such request, or it was answered or has expired")]
    Unknown,
    /// The form.
    #[error(transparent)]
    Form(#[from] FormError),
    /// The parameters.
    #[error(transparent)]
    Syntax(#[from] ResponseSyntaxError),
    /// The parameters, in the way of a draft.
    #[error(transparent)]
    Dialect(#[from] ResponseError),
    /// In the clear, though an encrypted response was asked for; or the other way round.
    #[error("the response does not have the response mode that was asked for")]
    ResponseMode,
    /// What came through the Digital Credentials API.
    #[error(transparent)]
    Call(#[from] MessageError),
    /// From a website that the request is not for.
    #[error("the answer comes from another website than the request is for")]
    Origin,
    /// It does not decrypt with the key of this request.
    #[error("the response does not decrypt")]
    Decrypt,
    /// `state` is missing or another one.
    #[error("state is missing or is not that of the request")]
    State,
    /// Checks failed: the report says which. Nothing of the response is used.
    #[error("the presentation was refused: {}", reason(.0))]
    Refused(Box<Report>),
    /// The store.
    #[error("try again later")]
    Store(#[from] StoreError),
}

impl RespondError {
    /// The report, when checks were made.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::Refused(report) => Some(report),
            _ => None,
        }
    }

    /// The check that says best why, when checks were made.
    #[must_use]
    pub fn reason(&self) -> Option<&'static str> {
        self.report().map(reason)
    }
}

/// The first check that failed: of a presentation, before what follows from that for the whole answer.
pub(super) fn reason(report: &Report) -> &'static str {
    let failure = report.parts.iter().find_map(Report::first_failure).or_else(|| report.first_failure());
    failure.map_or("nothing was checked", |check| check.rule.id)
}

impl EndpointError for RespondError {
    fn code(&self) -> &'static str {
        match self {
            Self::Store(_) => "temporarily_unavailable",
            _ => "invalid_request",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Form(FormError::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// Why a session is not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// There is none of that id, or it was forgotten.
    #[error("there is no such presentation")]
    Unknown,
    /// It has ended already.
    #[error("the presentation has ended already")]
    Ended,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a result is not handed out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResultError {
    /// There is no session of that id, or it was forgotten.
    #[error("there is no such presentation")]
    Unknown,
    /// There is no verified answer.
    #[error("the presentation was not verified")]
    NotVerified,
    /// The response code is missing, wrong, or was used before: whoever asks did not come from the wallet.
    #[error("the response code is missing, wrong, or was used before")]
    ResponseCode,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}
