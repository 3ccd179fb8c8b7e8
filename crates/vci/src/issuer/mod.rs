//! The credential issuer and its authorization server: offers, and the answers of every endpoint.
//!
//! A handler of an HTTP server is five lines: headers and body in, `respond(issuer.token(…).await)` out.

mod builder;
mod claims;
mod configuration;
mod error;
mod offers;
mod view;

use std::sync::Arc;
use std::time::Duration;

use credenza_oauth::Reply;
use http::HeaderMap;
use url::Url;

pub use builder::{ConfigError, IssuerBuilder};
pub use claims::{ClaimsAnswer, ClaimsError, ClaimsSource, IssuanceContext, OfferedClaims, StatusSource};
pub use configuration::{CredentialConfiguration, Disclosure, DpopMode, Format, Lifetimes};
pub use error::{AccessError, CredentialError, NotificationError, TokenError};
pub use offers::{
    CancelError, CreatedOffer, Delivery, OfferError, OfferFetchError, OfferRequest, OfferedCredential,
    TxCodeRequest,
};
pub use view::{CredentialView, IssuedView, SessionState, SessionView, TxCodeView};

use crate::messages::{CredentialResponse, NonceResponse, TokenResponse};

/// How many copies one request may ask for, unless the issuer says otherwise.
pub const DEFAULT_BATCH_SIZE: u32 = 10;

/// How many wrong transaction codes kill an offer, unless the issuer says otherwise.
pub const DEFAULT_TX_CODE_TRIES: u32 = 5;

/// No offer lives longer: a code must be short-lived (§4.1.1).
pub const MAX_OFFER_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A credential issuer that is its own authorization server.
pub struct Issuer {
    endpoints: Endpoints,
}

/// The URLs of an issuer, as the metadata advertises them. A server routes their paths to the methods of [`Issuer`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// GET: [`Issuer::metadata`].
    pub metadata: Url,
    /// GET: [`Issuer::authorization_server_metadata`].
    pub authorization_server_metadata: Url,
    /// POST: [`Issuer::token`].
    pub token: Url,
    /// POST: [`Issuer::nonce`].
    pub nonce: Url,
    /// POST: [`Issuer::credential`].
    pub credential: Url,
    /// POST: [`Issuer::notification`].
    pub notification: Url,
    /// GET `…/{handle}`: [`Issuer::offer_object`]. Ends with a slash.
    pub offers: Url,
}

impl Issuer {
    /// Starts an issuer with the identifier `credential_issuer`: an https URL, with a path if there is one.
    pub fn builder(credential_issuer: &str) -> IssuerBuilder {
        IssuerBuilder::new(credential_issuer)
    }

    fn from_builder(parts: IssuerBuilder) -> Result<Self, ConfigError> {
        let _ = parts;
        Err(ConfigError::Missing("insides yet"))
    }

    /// Its identifier.
    #[must_use]
    pub fn identifier(&self) -> &str {
        ""
    }

    /// Its URLs.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// What it issues.
    #[must_use]
    pub fn configurations(&self) -> &[CredentialConfiguration] {
        &[]
    }

    /// Its metadata (§12.2.4): JSON that was rendered once.
    #[must_use]
    pub fn metadata(&self) -> Arc<[u8]> {
        Arc::from([])
    }

    /// The metadata of its authorization server (RFC 8414): JSON that was rendered once.
    #[must_use]
    pub fn authorization_server_metadata(&self) -> Arc<[u8]> {
        Arc::from([])
    }

    /// The token endpoint (§6): the headers and the form of a POST.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn token(&self, headers: &HeaderMap, form: &[u8]) -> Result<Reply<TokenResponse>, TokenError> {
        let _ = (headers, form);
        Err(TokenError::InvalidGrant)
    }

    /// The nonce endpoint (§7): a fresh challenge, and nothing is stored.
    #[must_use]
    pub fn nonce(&self) -> Reply<NonceResponse> {
        Reply::ok(NonceResponse { c_nonce: String::new() })
    }

    /// The credential endpoint (§8): the headers and the JSON of a POST.
    ///
    /// # Errors
    /// See [`CredentialError`].
    pub async fn credential(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Reply<CredentialResponse>, CredentialError> {
        let _ = (headers, body);
        Err(CredentialError::UnknownConfiguration)
    }

    /// The notification endpoint (§11): the headers and the JSON of a POST.
    ///
    /// # Errors
    /// See [`NotificationError`].
    pub async fn notification(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Reply<()>, NotificationError> {
        let _ = (headers, body);
        Err(NotificationError::InvalidId)
    }
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Issuer({})", self.identifier())
    }
}
