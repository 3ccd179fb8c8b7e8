//! Why a wallet does not show a request, or does not get an answer across.

use credenza_core::{HttpError, Report};

use crate::siop::{ProviderRefusal, SubjectError};

/// Why a request is refused, in the words of OID4VP 1.0 §8.5.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a link that a wallet opens.
    #[error("this is not a link to a presentation request: {0}")]
    Link(&'static str),
    /// `request_uri_method` is neither `get` nor `post`.
    #[error("request_uri_method has to be get or post")]
    RequestUriMethod,
    /// The request object could not be fetched.
    #[error("the request could not be fetched: {0}")]
    Fetch(#[from] HttpError),
    /// The request object's endpoint answered with an error.
    #[error("the verifier answered with status {0} instead of a request")]
    FetchStatus(u16),
    /// The request object is not what it must be, or its signature does not verify.
    #[error("the request object is refused: {0}")]
    RequestObject(String),
    /// Nobody vouches for the verifier.
    #[error("the verifier is not trusted: {0}")]
    Untrusted(String),
    /// The client identifier.
    #[error("the verifier's identifier is refused: {0}")]
    ClientId(&'static str),
    /// A parameter breaks a rule.
    #[error("the request is refused: {0}")]
    Request(String),
    /// `transaction_data` of a type that is not known, or not as its type demands.
    #[error("the request wants a transaction to be signed that this wallet does not understand: {0}")]
    TransactionData(String),
    /// The verifier is registered here, and brings other metadata.
    #[error("the verifier is registered here, and its request must not bring metadata of its own")]
    Client,
    /// What the profile rules out.
    #[error("the profile does not allow this request: {0}")]
    Profile(&'static str),
    /// There is no way to encrypt the response as it has to be.
    #[error("the response can't be encrypted as the verifier wants it: {0}")]
    Encryption(&'static str),
    /// None of the formats is supported.
    #[error("none of the formats that are asked for is supported")]
    Formats,
    /// A `scope` instead of a query.
    #[error("the request asks by a scope that is not known")]
    Scope,
    /// An ID token is wanted, and not as it has to be or can be made.
    #[error(transparent)]
    SelfIssued(#[from] ProviderRefusal),
}

impl Refusal {
    /// The code for the verifier.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SelfIssued(refusal) => refusal.code(),
            Self::RequestUriMethod => "invalid_request_uri_method",
            Self::TransactionData(_) => "invalid_transaction_data",
            Self::Client => "invalid_client",
            Self::Formats => "vp_formats_not_supported",
            Self::Scope => "invalid_scope",
            Self::Fetch(_) | Self::FetchStatus(_) => "invalid_request_uri",
            Self::RequestObject(_) => "invalid_request_object",
            _ => "invalid_request",
        }
    }
}

/// A request that is not shown for decision.
#[derive(Debug, thiserror::Error)]
#[error("{refusal}")]
pub struct ResolveError {
    /// Why.
    pub refusal: Refusal,
    /// What was checked, and which check it failed.
    pub report: Box<Report>,
    /// Where the verifier can be told, when it is known for sure who that is.
    pub(super) reply: Option<Box<super::reply::Reply>>,
}

/// Why an answer did not arrive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The choice does not answer the query.
    #[error("the choice does not answer what is asked for: {0}")]
    Choice(String),
    /// A holder's key could not sign.
    #[error("the holder's key could not sign: {0}")]
    Sign(String),
    /// The ID token could not be made.
    #[error("the ID token can't be made: {0}")]
    Subject(#[from] SubjectError),
    /// An ID token is wanted, and nobody was given to issue it; or the other way round.
    #[error("an ID token is made for a request that asks for one, and for no other")]
    NoSubject,
    /// The response could not be encrypted.
    #[error("the response could not be encrypted")]
    Encrypt,
    /// It was sent and no answer came: it may have arrived.
    #[error("the verifier could not be reached: {0}")]
    Http(#[from] HttpError),
    /// The verifier refused it.
    #[error("the verifier refused the answer with status {status}: {code}{}", description.as_ref().map(|text| format!(" ({text})")).unwrap_or_default())]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The error code, or an empty text.
        code: String,
        /// What the verifier says about it.
        description: Option<String>,
    },
    /// The verifier's answer is no JSON object.
    #[error("the verifier's answer makes no sense")]
    Malformed,
    /// The verifier wants the browser to go somewhere it must not go.
    #[error("the verifier wants to send you to an address that is not allowed")]
    Redirect,
    /// The request has expired.
    #[error("the request has expired")]
    Expired,
}
