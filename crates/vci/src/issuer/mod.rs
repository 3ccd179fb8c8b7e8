//! The credential issuer and its authorization server: offers, and the answers of every endpoint.
//!
//! A handler of an HTTP server is five lines: headers and body in, `respond(issuer.token(…).await)` out.

mod access;
mod authorization;
mod build;
mod builder;
mod catalogue;
mod claims;
mod configuration;
mod credential;
mod deferred;
mod earlier;
mod encryption;
mod error;
mod external;
mod format;
mod issuance;
mod kind;
mod language;
mod listing;
mod metadata;
mod notification;
mod offer;
mod offers;
pub(crate) mod proof;
mod records;
mod seals;
mod session;
mod signed_metadata;
pub mod status;
mod token;
mod type_document;
mod view;

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use credenza_core::{Clock, EventSink, Random, Store};
use credenza_crypto::Signer;
use credenza_formats::w3c::data_integrity::Contexts;
use credenza_oauth::dpop::{self, Nonces};
use credenza_trust::{DidResolver, Trust};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use url::Url;

use crate::messages::IssuerDisplay;

use crate::dialects::Dialects;
use authorization::AuthorizationServer;
use catalogue::{Catalogue, Signers};
use external::External;
use seals::Seals;
pub(crate) use signed_metadata::METADATA_TYPE;

pub use authorization::{
    Approval, AttestationSettings, AuthorizationLifetimes, AuthorizationSettings, AuthorizeError, Client,
    ClientAuthentication, ClientError, Failure, Interaction, InteractiveAuthorization, InteractiveError,
    PresentationAsked, PresentationFailure, PresentationInside, PushError, Reason,
};
pub use builder::{ConfigError, IssuerBuilder};
pub use claims::{
    ClaimsAnswer, ClaimsError, ClaimsSource, IssuanceContext, OfferedClaims, StatusSource, TableClaims,
    TableError,
};
pub use configuration::{
    CredentialConfiguration, Deferral, Disclosure, DpopMode, Lifetimes, MAX_BEARER, ProofKind,
};
pub use deferred::DeferredError;
pub use earlier::EarlierRefusal;
pub(crate) use encryption::DEF;
pub use encryption::Encryption;
pub use error::{AccessError, CredentialError, NotificationError, TokenError};
pub use external::{ExternalAuthorizationServer, TokenCheck};
pub use format::{ElementKind, Format, TypedElement};
pub use offer::{
    CancelError, CreatedOffer, Delivery, OfferError, OfferFetchError, OfferGrants, OfferRequest,
    OfferedCredential, TxCodeRequest,
};
pub use view::{
    CredentialView, DeferredState, DeferredView, IssuedView, SessionState, SessionView, TxCodeView,
};

/// How many copies one request may ask for, unless the issuer says otherwise.
pub const DEFAULT_BATCH_SIZE: u32 = 10;

/// How many wrong transaction codes kill an offer, unless the issuer says otherwise.
pub const DEFAULT_TX_CODE_TRIES: u32 = 5;

/// No offer lives longer: a code must be short-lived (§4.1.1).
pub const MAX_OFFER_LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A credential issuer that is its own authorization server.
pub struct Issuer {
    identifier: String,
    endpoints: Endpoints,
    catalogue: RwLock<Arc<Catalogue>>,
    display: Vec<IssuerDisplay>,
    signers: Signers,
    metadata_signer: Option<Arc<dyn Signer>>,
    haip: bool,
    batch_size: u32,
    lifetimes: Lifetimes,
    dpop: DpopMode,
    dpop_policy: dpop::Policy,
    token_nonces: Option<Nonces>,
    resource_nonces: Option<Nonces>,
    anonymous_access: bool,
    authorization: AuthorizationServer,
    external: External,
    tx_code_tries: u32,
    seals: Seals,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    claims: Arc<dyn ClaimsSource>,
    claims_sources: BTreeMap<String, Arc<dyn ClaimsSource>>,
    status: Option<Arc<dyn StatusSource>>,
    events: Arc<dyn EventSink>,
    dids: DidResolver,
    contexts: Contexts,
    wallet_providers: Option<Arc<dyn Trust>>,
    encryption: Option<Encryption>,
    dialects: Dialects,
}

/// The URLs of an issuer, as the metadata advertises them. A server routes their paths to the methods of [`Issuer`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// GET: [`Issuer::metadata`].
    pub metadata: Url,
    /// GET: [`Issuer::authorization_server_metadata`].
    pub authorization_server_metadata: Url,
    /// GET: [`Issuer::metadata_for_dialects`], where wallets of earlier drafts look for it.
    pub earlier_metadata: Url,
    /// GET: [`Issuer::authorization_server_metadata`], where wallets of earlier drafts look for it.
    pub earlier_server_metadata: Url,
    /// POST: [`Issuer::token`].
    pub token: Url,
    /// POST: [`Issuer::pushed_authorization`].
    pub pushed_authorization: Url,
    /// POST: [`Issuer::authorization_challenge`].
    pub authorization_challenge: Url,
    /// GET, by a browser: [`Issuer::authorize`].
    pub authorization: Url,
    /// POST: [`Issuer::attestation_challenge`].
    pub challenge: Url,
    /// POST: [`Issuer::nonce`].
    pub nonce: Url,
    /// POST: [`Issuer::credential`].
    pub credential: Url,
    /// POST: [`Issuer::deferred_credential`].
    pub deferred_credential: Url,
    /// POST: [`Issuer::notification`].
    pub notification: Url,
    /// GET `…/{handle}`: [`Issuer::offer_object`]. Ends with a slash.
    pub offers: Url,
    /// GET `…/{type}`: [`Issuer::type_metadata`]. Ends with a slash.
    pub types: Url,
}

impl Issuer {
    /// Starts an issuer with the identifier `credential_issuer`: an https URL, with a path if there is one.
    pub fn builder(credential_issuer: &str) -> IssuerBuilder {
        IssuerBuilder::new(credential_issuer)
    }

    /// Its identifier.
    #[must_use]
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// Its URLs.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// How clients are authorized by a browser; `None` where they are not.
    #[must_use]
    pub fn authorization_settings(&self) -> Option<&AuthorizationSettings> {
        self.authorization.settings()
    }

    /// Its metadata (§12.2.4): JSON that was rendered once. An issuer that speaks earlier drafts and has no path has one
    /// place for all wallets, and what is there is for those of the earlier drafts.
    #[must_use]
    pub fn metadata(&self) -> Arc<[u8]> {
        let catalogue = self.catalogue();
        match &catalogue.metadata_for_dialects {
            Some(earlier) if self.endpoints.earlier_metadata == self.endpoints.metadata => earlier.clone(),
            _ => catalogue.metadata.clone(),
        }
    }

    /// The metadata of its authorization server (RFC 8414): JSON that was rendered once.
    #[must_use]
    pub fn authorization_server_metadata(&self) -> Arc<[u8]> {
        self.catalogue().authorization_server_metadata.clone()
    }

    /// The metadata of a type of ours (SD-JWT VC §4.3.1), by its whole `vct`: exactly the bytes that `vct#integrity` of
    /// the credentials was made of.
    #[must_use]
    pub fn type_metadata(&self, vct: &str) -> Option<Arc<[u8]>> {
        self.catalogue().type_documents.get(vct).cloned()
    }
}

/// The media type of a request without its parameters, in lower case.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or(value).trim().to_ascii_lowercase())
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Issuer({})", self.identifier)
    }
}
