//! The relying party's side, for an ID token alone: asks, and judges what comes back (SIOPv2 §9 to §11).
//!
//! Asking needs no memory: what the answer is judged by travels as the `state`, sealed. Accepting an answer costs one
//! write, which succeeds for one answer to each request (§11.2).

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Clock, Key, Random, Report, Sealer, Store, StoreError, UnixTime, id, json};
use credenza_crypto::jwt;
use credenza_oauth::{Form, FormError, error::allowed};
use credenza_trust::DidResolver;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::discovery::ProviderMetadata;
use super::{Expected, IdTokenRequest, SCOPE, SUBJECT_SIGNED, SelfIssuedSubject, rules, validate};
use crate::messages::{
    Attempt, AuthorizationRequest, ClientId, ClientIdPrefix, ClientMetadata, ResponseMode,
    SELF_ISSUED_AUDIENCE, WalletError,
};
use crate::verifier::VerifierIdentity;

/// How long a request can be answered, unless configured: short, since whoever is shown a request of somebody else can
/// be made to answer it (§13.3).
pub const LOGIN_LIFETIME: Duration = Duration::from_secs(300);
/// Bytes of an answer.
pub const MAX_LOGIN_RESPONSE: usize = 64 * 1024;

/// What requests are sealed for.
const STATE: &str = "siop.state";
/// The kind of the records of nonces that were used.
const USED: &str = "siop-nonce";

/// What a relying party needs from outside.
#[derive(Clone)]
pub struct RelyingPartyPorts {
    /// Remembers which requests were answered.
    pub store: Arc<dyn Store>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes nonces.
    pub random: Arc<dyn Random>,
    /// Seals what a request is judged by.
    pub sealer: Arc<Sealer>,
}

/// A relying party that asks for ID tokens alone.
pub struct RelyingParty {
    ports: RelyingPartyPorts,
    place: String,
    posted: bool,
    identity: Option<VerifierIdentity>,
    wanted: IdTokenRequest,
    endpoint: String,
    audience: String,
    dids: DidResolver,
    lifetime: Duration,
}

/// Builds a [`RelyingParty`].
pub struct RelyingPartyBuilder(RelyingParty);

/// A request that waits for a provider.
#[derive(Clone, Serialize)]
pub struct LoginRequest {
    /// What the provider opens, from a link or a QR code.
    pub link: String,
    /// The query of that link, to be appended to any provider's authorization endpoint.
    pub query: String,
    /// The request object, when requests are signed: to be served where a `request_uri` leads instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object: Option<String>,
    /// From then on it can't be answered.
    pub expires_at: UnixTime,
}

/// The link can be answered by whoever sees it.
impl std::fmt::Debug for LoginRequest {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("LoginRequest").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// Somebody has signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub subject: SelfIssuedSubject,
    /// The caller's own name for the login. For a provider on the same device it has to be that of the browser which
    /// has brought the answer, or somebody can sign in a stranger as himself.
    pub correlation_id: Option<String>,
    /// Every check.
    pub report: Report,
}

/// Why a login came to nothing.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LoginError {
    /// The request could not be signed or sealed.
    #[error("the request could not be made")]
    Make,
    /// Not a form.
    #[error(transparent)]
    Form(#[from] FormError),
    /// It answers no request of ours, or one that has expired.
    #[error("state is that of no request, or of one that has expired")]
    State,
    /// The provider said no.
    #[error("the provider answered with an error: {}", .0.error)]
    Provider(WalletError),
    /// Checks failed: the report says which.
    #[error("the ID token was refused: {}", .0.first_failure().map_or("nothing was checked", |check| check.rule.id))]
    Refused(Box<Report>),
    /// The store.
    #[error("try again later")]
    Store(#[from] StoreError),
}

/// What travels as the state.
#[derive(Serialize, Deserialize)]
struct Sealed {
    nonce: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
}

impl RelyingParty {
    /// Starts with where answers go. Without more: requests are unsigned and named by that place, the person's browser
    /// brings the answer in the fragment, and any provider on the device can be asked (`siopv2:`, §15.1.2).
    #[must_use]
    pub fn builder(place: &Url, ports: RelyingPartyPorts) -> RelyingPartyBuilder {
        RelyingPartyBuilder(Self {
            ports,
            place: place.as_str().to_owned(),
            posted: false,
            identity: None,
            wanted: IdTokenRequest::default(),
            endpoint: ProviderMetadata::siopv2().authorization_endpoint,
            audience: SELF_ISSUED_AUDIENCE.to_owned(),
            dids: DidResolver::offline(),
            lifetime: LOGIN_LIFETIME,
        })
    }

    /// The client identifier.
    #[must_use]
    pub fn client_id(&self) -> ClientId {
        self.identity.as_ref().map_or_else(
            || ClientId::new(ClientIdPrefix::RedirectUri, &self.place),
            |identity| identity.client_id().clone(),
        )
    }

    /// Makes a request. The correlation id is the caller's own name for it: it comes back with the answer, and the
    /// provider can't read it.
    ///
    /// # Errors
    /// [`LoginError::Make`].
    pub async fn request(&self, correlation_id: Option<String>) -> Result<LoginRequest, LoginError> {
        let random = &*self.ports.random;
        let now = self.ports.clock.now();
        let expires_at = now + self.lifetime;
        let nonce = id::unguessable(random);
        let sealed = serde_json::to_vec(&Sealed { nonce: nonce.clone(), correlation_id });
        let state = self.ports.sealer.seal(random, STATE, expires_at, &sealed.map_err(|_| LoginError::Make)?);
        if state.is_empty() {
            return Err(LoginError::Make);
        }
        let client_id = Some(self.client_id().as_str().to_owned());
        let self_issued = self.wanted.metadata();
        let parameters = AuthorizationRequest {
            client_id: client_id.clone(),
            response_type: Some("id_token".to_owned()),
            response_mode: self.posted.then_some(ResponseMode::DirectPost),
            // Here the place goes by this name in either mode (§9.2), other than in OpenID4VP.
            redirect_uri: Some(self.place.clone()),
            nonce: Some(nonce),
            state: Some(state),
            scope: Some(SCOPE.to_owned()),
            id_token_type: Some(SUBJECT_SIGNED.to_owned()),
            client_metadata: self
                .brings_metadata()
                .then(|| Attempt::new(ClientMetadata { self_issued, ..ClientMetadata::default() })),
            ..AuthorizationRequest::default()
        };
        let claims = AuthorizationRequest {
            aud: Some(Value::from(self.audience.as_str())),
            iat: Some(now),
            exp: Some(expires_at),
            ..parameters.clone()
        };
        let signed = match &self.identity {
            Some(identity) => identity.sign(&claims).await.map_err(|_| LoginError::Make)?,
            None => None,
        };
        let query = match &signed {
            None => parameters.to_query(),
            Some(_) => {
                let request = signed.clone();
                AuthorizationRequest { client_id, request, ..AuthorizationRequest::default() }.to_query()
            }
        };
        let separator = if self.endpoint.contains('?') { '&' } else { '?' };
        let link = format!("{}{separator}{query}", self.endpoint);
        Ok(LoginRequest { link, query, request_object: signed, expires_at })
    }

    /// Takes an answer in: the form that was posted, or what stood in the fragment, as it stood there.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn respond(&self, body: &[u8]) -> Result<SignedIn, LoginError> {
        let form = Form::parse_within(body, MAX_LOGIN_RESPONSE)?;
        let now = self.ports.clock.now();
        let state = form.get("state").ok_or(LoginError::State)?;
        let opened = self.ports.sealer.open(STATE, now, state).map_err(|_| LoginError::State)?;
        let sealed: Sealed = json::object_from_slice(&opened).map_err(|_| LoginError::State)?;
        if let Some(error) = form.get("error") {
            let error_description = form.get("error_description").map(allowed);
            return Err(LoginError::Provider(WalletError { error: allowed(error), error_description }));
        }
        let client_id = self.client_id();
        let expected = Expected {
            client_id: client_id.as_str(),
            nonce: &sealed.nonce,
            syntaxes: &self.wanted.subject_syntaxes,
            algorithms: &[self.wanted.algorithm],
            dids: &self.dids,
            now,
            leeway: jwt::LEEWAY,
            max_age: self.lifetime,
        };
        let (mut report, subject) = validate(form.get("id_token"), &expected).await;
        let Some(subject) = subject else { return Err(LoginError::Refused(Box::new(report))) };
        // Kept for as long as the seal holds: after that the state itself is refused.
        let until = now + self.lifetime + jwt::LEEWAY;
        match self.ports.store.insert(Key::new(USED, &*sealed.nonce), Vec::new(), until).await {
            Ok(()) => report.pass(&rules::REPLAY),
            Err(StoreError::Conflict(_)) => {
                report.fail(&rules::REPLAY, "the request was answered before");
                return Err(LoginError::Refused(Box::new(report)));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(SignedIn { subject, correlation_id: sealed.correlation_id, report })
    }

    /// Where wallets know the relying party from elsewhere, they must not be told otherwise (§7.4, §9).
    fn brings_metadata(&self) -> bool {
        let prefix = self.client_id().prefix();
        !matches!(prefix, ClientIdPrefix::PreRegistered | ClientIdPrefix::OpenidFederation)
    }
}

impl RelyingPartyBuilder {
    /// Has the answer posted to the place, by a provider on another device (§9.2).
    #[must_use]
    pub fn cross_device(mut self) -> Self {
        self.0.posted = true;
        self
    }

    /// Goes by a name of its own, and signs requests with its key if it has one.
    #[must_use]
    pub fn identity(mut self, identity: VerifierIdentity) -> Self {
        self.0.identity = Some(identity);
        self
    }

    /// What kind of token is asked for.
    #[must_use]
    pub fn id_token(mut self, wanted: IdTokenRequest) -> Self {
        self.0.wanted = wanted;
        self
    }

    /// Asks this provider: at its authorization endpoint, and with its issuer identifier as the audience of signed
    /// requests when it has one (§6.1, §9.1).
    #[must_use]
    pub fn provider(mut self, metadata: &ProviderMetadata) -> Self {
        self.0.endpoint.clone_from(&metadata.authorization_endpoint);
        self.0.audience = metadata.issuer.clone().unwrap_or_else(|| SELF_ISSUED_AUDIENCE.to_owned());
        self
    }

    /// How subjects that are DIDs are resolved. Unless said here, only DIDs that have their key in their name.
    #[must_use]
    pub fn dids(mut self, dids: DidResolver) -> Self {
        self.0.dids = dids;
        self
    }

    /// How long a request can be answered.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.0.lifetime = lifetime;
        self
    }

    /// Builds it.
    #[must_use]
    pub fn build(self) -> RelyingParty {
        self.0
    }
}

impl std::fmt::Debug for RelyingParty {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("RelyingParty").field("place", &self.place).finish_non_exhaustive()
    }
}
