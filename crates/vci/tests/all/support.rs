//! One world for all tests: a fixed clock, a store in memory, an issuer with a CA, and a wallet without a network.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use credenza_core::{
    AddressPolicy, Answer, Event, EventSink, FixedClock, Http, HttpError, Limits, Random, Sealer,
    SeededRandom, Store, UnixTime,
};
use credenza_crypto::x509::ca::{CertificateAuthority, LeafProfile};
use credenza_crypto::{Algorithm, Header, IdentifiedBy, SignError, Signer, SoftwareSigner, jwt};
use credenza_oauth::dpop::{self, ProofRequest};
use credenza_oauth::{form, respond};
use credenza_store::MemoryStore;
use credenza_trust::{Anchor, X509Anchors};
use credenza_vci::issuer::{
    ConfigError, CreatedOffer, CredentialConfiguration, Issuer, IssuerBuilder, OfferRequest, SessionState,
    SessionView,
};
use credenza_vci::messages::{ClaimDescription, CredentialDisplay, IssuerDisplay, OfferLink};
use credenza_vci::wallet::{HolderKeys, Opened, Policy, Wallet};
use http::{HeaderMap, Request, Response};
use serde_json::{Map, Value, json};

pub(crate) const ISSUER: &str = "https://issuer.example/tenant";
pub(crate) const VCT: &str = "urn:example:pid";
pub(crate) const START: UnixTime = UnixTime::from_secs(1_750_000_123);
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const JSON: &str = "application/json";

/// Runs a future to its end: all ports here answer without a runtime.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        std::thread::yield_now();
    }
}

#[derive(Default)]
pub(crate) struct Heard(pub(crate) Mutex<Vec<(String, Event)>>);

impl EventSink for Heard {
    fn emit(&self, session: &str, event: &Event) {
        self.0.lock().unwrap().push((session.to_owned(), event.clone()));
    }
}

pub(crate) struct World {
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) random: Arc<SeededRandom>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) ca: Arc<CertificateAuthority>,
    pub(crate) signer: Arc<SoftwareSigner>,
    pub(crate) heard: Arc<Heard>,
    pub(crate) issuer: Arc<Issuer>,
}

pub(crate) fn pid() -> CredentialConfiguration {
    let claim = |name: &str, mandatory| ClaimDescription {
        path: credenza_core::ClaimsPath::keys([name]).unwrap(),
        mandatory,
        display: vec![],
    };
    CredentialConfiguration {
        scope: Some("pid".to_owned()),
        display: vec![CredentialDisplay::named("Personal ID")],
        claims: vec![claim("given_name", true), claim("family_name", false)],
        ..CredentialConfiguration::sd_jwt_vc("pid", VCT)
    }
}

pub(crate) fn diploma() -> CredentialConfiguration {
    CredentialConfiguration {
        scope: Some("diploma".to_owned()),
        ..CredentialConfiguration::sd_jwt_vc("diploma", "urn:example:diploma")
    }
}

pub(crate) fn erika() -> Map<String, Value> {
    match json!({ "given_name": "Erika", "family_name": "Mustermann" }) {
        Value::Object(claims) => claims,
        _ => unreachable!(),
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "World({:?})", self.issuer)
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(change: impl FnOnce(IssuerBuilder) -> IssuerBuilder) -> Self {
        let clock = Arc::new(FixedClock::at(START));
        let store = Arc::new(MemoryStore::new(clock.clone()));
        Self::over(clock, store, change)
    }

    /// The same, when it may be that no issuer can be built so.
    pub(crate) fn try_with(change: impl FnOnce(IssuerBuilder) -> IssuerBuilder) -> Result<Self, ConfigError> {
        let clock = Arc::new(FixedClock::at(START));
        let store = Arc::new(MemoryStore::new(clock.clone()));
        Self::try_over(clock, store, change)
    }

    pub(crate) fn over(
        clock: Arc<FixedClock>,
        store: Arc<dyn Store>,
        change: impl FnOnce(IssuerBuilder) -> IssuerBuilder,
    ) -> Self {
        Self::try_over(clock, store, change).unwrap()
    }

    fn try_over(
        clock: Arc<FixedClock>,
        store: Arc<dyn Store>,
        change: impl FnOnce(IssuerBuilder) -> IssuerBuilder,
    ) -> Result<Self, ConfigError> {
        let random = Arc::new(SeededRandom::new(42));
        let sealer = Arc::new(Sealer::fresh(&*random));
        let year = Duration::from_secs(365 * 24 * 3600);
        let ca = CertificateAuthority::generate("Demo CA", START - Duration::from_secs(3600), year, &*random)
            .unwrap();
        let signer = SoftwareSigner::generate(Algorithm::Es256, &*random).unwrap();
        let profile =
            LeafProfile::new("Issuer", START - Duration::from_secs(60), Duration::from_secs(300 * 24 * 3600))
                .dns_name("issuer.example");
        let chain = ca.issue_chain(&signer.public_jwk().key, &profile, &*random).unwrap();
        let signer = Arc::new(signer.with_x5c(chain));
        let heard = Arc::new(Heard::default());
        let builder = Issuer::builder(ISSUER)
            .display(IssuerDisplay::named("Example authority"))
            .configuration(pid())
            .configuration(diploma())
            .signer(signer.clone())
            .store(store.clone())
            .sealer(sealer.clone())
            .clock(clock.clone())
            .random(random.clone())
            .events(heard.clone());
        let issuer = Arc::new(change(builder).build()?);
        Ok(Self { clock, random, store, sealer, ca: Arc::new(ca), signer, heard, issuer })
    }

    pub(crate) fn now(&self) -> UnixTime {
        use credenza_core::Clock as _;
        self.clock.now()
    }

    pub(crate) fn offer(&self) -> CreatedOffer {
        self.create(OfferRequest::of("pid", erika()))
    }

    pub(crate) fn create(&self, request: OfferRequest) -> CreatedOffer {
        wait(self.issuer.create_offer(request)).unwrap()
    }

    /// The pre-authorized code of an offer, as a wallet finds it.
    pub(crate) fn code(&self, offer: &CreatedOffer) -> String {
        let offer = match &offer.link {
            OfferLink::ByValue(offer) => (**offer).clone(),
            OfferLink::ByReference(url) => {
                let handle = url.path().rsplit('/').next().unwrap();
                wait(self.issuer.offer_object(handle)).unwrap().body.unwrap()
            }
        };
        offer.pre_authorized().unwrap().pre_authorized_code.clone()
    }

    pub(crate) fn view(&self, id: &str) -> SessionView {
        wait(self.issuer.session(id)).unwrap().unwrap()
    }

    pub(crate) fn state(&self, id: &str) -> SessionState {
        self.view(id).state
    }

    /// A POST to the token endpoint.
    pub(crate) fn token(&self, parameters: &[(&str, &str)]) -> Response<Vec<u8>> {
        self.token_with(&headers(FORM), parameters)
    }

    pub(crate) fn token_with(&self, headers: &HeaderMap, parameters: &[(&str, &str)]) -> Response<Vec<u8>> {
        respond(wait(self.issuer.token(headers, form::encode(parameters).as_bytes())))
    }

    pub(crate) fn redeem(&self, offer: &CreatedOffer) -> String {
        let response = self.token(&[("grant_type", GRANT), ("pre-authorized_code", &self.code(offer))]);
        body(&response)["access_token"].as_str().unwrap_or_else(|| panic!("{response:?}")).to_owned()
    }

    pub(crate) fn nonce(&self) -> String {
        self.issuer.nonce().body.unwrap().c_nonce
    }

    /// A POST to the credential endpoint with a bearer token.
    pub(crate) fn credential(&self, token: &str, request: &Value) -> Response<Vec<u8>> {
        self.credential_with(&bearer(token), request.to_string().as_bytes())
    }

    pub(crate) fn credential_with(&self, headers: &HeaderMap, body: &[u8]) -> Response<Vec<u8>> {
        respond(wait(self.issuer.credential(headers, body)))
    }

    /// A POST to the deferred credential endpoint with a bearer token.
    pub(crate) fn deferred(&self, token: &str, request: &Value) -> Response<Vec<u8>> {
        self.deferred_with(&bearer(token), request.to_string().as_bytes())
    }

    pub(crate) fn deferred_with(&self, headers: &HeaderMap, body: &[u8]) -> Response<Vec<u8>> {
        respond(wait(self.issuer.deferred_credential(headers, body)))
    }

    pub(crate) fn notify(&self, token: &str, request: &Value) -> Response<Vec<u8>> {
        respond(wait(self.issuer.notification(&bearer(token), request.to_string().as_bytes())))
    }

    pub(crate) fn key(&self) -> SoftwareSigner {
        SoftwareSigner::generate(Algorithm::Es256, &*self.random).unwrap()
    }

    /// A good key proof.
    pub(crate) fn proof(&self, key: &dyn Signer, nonce: &str) -> String {
        self.proof_of(key, &json!({ "aud": ISSUER, "iat": self.now(), "nonce": nonce }))
    }

    pub(crate) fn proof_of(&self, key: &dyn Signer, claims: &Value) -> String {
        let header = Header::signing(key, "openid4vci-proof+jwt", IdentifiedBy::Jwk);
        wait(jwt::sign(key, &header, claims)).unwrap()
    }

    /// A request for one copy of `pid` with a fresh nonce and key.
    pub(crate) fn request(&self) -> Value {
        let proof = self.proof(&self.key(), &self.nonce());
        json!({ "credential_configuration_id": "pid", "proofs": { "jwt": [proof] } })
    }

    pub(crate) fn dpop(
        &self,
        key: &dyn Signer,
        url: &str,
        token: Option<&str>,
        nonce: Option<&str>,
    ) -> String {
        let request = ProofRequest { method: "POST", url, now: self.now(), access_token: token, nonce };
        wait(dpop::prove(key, &*self.random, &request)).unwrap()
    }

    pub(crate) fn http(&self) -> Loop {
        Loop { issuer: self.issuer.clone(), tamper: Box::new(|_, _| {}), asked: Mutex::new(vec![]) }
    }

    pub(crate) fn wallet(&self, http: Arc<dyn Http>) -> (Wallet, Arc<Keys>) {
        let keys = Arc::new(Keys::new(self.random.clone()));
        let trust = X509Anchors::new(&[Anchor::for_issuers(self.ca.certificate().to_vec())]).unwrap();
        let wallet = Wallet::new(http, keys.clone())
            .with_clock(self.clock.clone())
            .with_random(self.random.clone())
            .with_trust(Arc::new(trust))
            .with_policy(Policy { addresses: AddressPolicy::Public, ..Policy::default() });
        (wallet, keys)
    }
}

/// How a test spoils a JSON value.
pub(crate) type Spoil = fn(&mut Value);
pub(crate) type SpoilBy<'a> = &'a dyn Fn(&mut Value);

pub(crate) const GRANT: &str = "urn:ietf:params:oauth:grant-type:pre-authorized_code";

pub(crate) fn ready(opened: Opened) -> credenza_vci::wallet::Ready {
    match opened {
        Opened::Ready(ready) => ready,
        Opened::NeedsTxCode(_) => panic!("needs a transaction code"),
        Opened::NeedsAuthorization(_) => panic!("needs somebody to sign in"),
    }
}

pub(crate) fn headers(content_type: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", content_type.parse().unwrap());
    headers
}

pub(crate) fn bearer(token: &str) -> HeaderMap {
    with(headers(JSON), "authorization", &format!("Bearer {token}"))
}

pub(crate) fn with(mut headers: HeaderMap, name: &'static str, value: &str) -> HeaderMap {
    headers.append(name, value.parse().unwrap());
    headers
}

pub(crate) fn body(response: &Response<Vec<u8>>) -> Value {
    serde_json::from_slice(response.body()).unwrap_or(Value::Null)
}

/// Status and error code.
pub(crate) fn refused(response: &Response<Vec<u8>>) -> (u16, String) {
    (response.status().as_u16(), body(response)["error"].as_str().unwrap_or_default().to_owned())
}

/// Keys in memory.
pub(crate) struct Keys {
    random: Arc<dyn Random>,
    pub(crate) made: Mutex<HashMap<String, Arc<dyn Signer>>>,
}

impl Keys {
    pub(crate) fn new(random: Arc<dyn Random>) -> Self {
        Self { random, made: Mutex::default() }
    }
}

impl HolderKeys for Keys {
    fn generate<'a>(&'a self, algorithms: &'a [Algorithm]) -> Answer<'a, Result<Arc<dyn Signer>, SignError>> {
        let key: Arc<dyn Signer> = Arc::new(SoftwareSigner::generate(algorithms[0], &*self.random).unwrap());
        self.made.lock().unwrap().insert(key.public_jwk().thumbprint_text(), key.clone());
        Answer::ready(Ok(key))
    }

    fn discard<'a>(&'a self, thumbprints: &'a [String]) -> Answer<'a, ()> {
        self.made.lock().unwrap().retain(|thumbprint, _| !thumbprints.contains(thumbprint));
        Answer::ready(())
    }
}

type Tamper = Box<dyn Fn(&Request<Vec<u8>>, &mut Response<Vec<u8>>) + Send + Sync>;

/// The network: everything goes to the issuer, and a test can change the answers.
pub(crate) struct Loop {
    issuer: Arc<Issuer>,
    tamper: Tamper,
    pub(crate) asked: Mutex<Vec<Request<Vec<u8>>>>,
}

impl Loop {
    pub(crate) fn tampered(
        mut self,
        tamper: impl Fn(&Request<Vec<u8>>, &mut Response<Vec<u8>>) + Send + Sync + 'static,
    ) -> Self {
        self.tamper = Box::new(tamper);
        self
    }

    /// The paths that were asked, in their order.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|request| request.uri().path().to_owned()).collect()
    }

    async fn answer(&self, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
        let issuer = &self.issuer;
        let path = request.uri().path();
        let urls = issuer.endpoints();
        let document =
            |json: Arc<[u8]>| Response::builder().header("content-type", JSON).body(json.to_vec()).unwrap();
        let accepts =
            request.headers().get("accept").and_then(|value| value.to_str().ok()).unwrap_or_default();
        if path == urls.metadata.path() && accepts.starts_with("application/jwt") {
            match issuer.signed_metadata().await.unwrap() {
                Some(signed) => Response::builder()
                    .header("content-type", "application/jwt")
                    .body(signed.as_bytes().to_vec())
                    .unwrap(),
                None => document(issuer.metadata()),
            }
        } else if path == urls.metadata.path() {
            document(issuer.metadata())
        } else if path == urls.earlier_metadata.path()
            && let Some(metadata) = issuer.metadata_for_dialects()
        {
            document(metadata)
        } else if path == urls.authorization_server_metadata.path() {
            document(issuer.authorization_server_metadata())
        } else if path == urls.pushed_authorization.path() {
            respond(issuer.pushed_authorization(request.headers(), request.body()).await)
        } else if path == urls.authorization_challenge.path() {
            respond(issuer.authorization_challenge(request.headers(), request.body()).await)
        } else if path == urls.challenge.path() {
            match issuer.attestation_challenge() {
                Some(reply) => reply.into_response(),
                None => Response::builder().status(404).body(vec![]).unwrap(),
            }
        } else if path == urls.token.path() {
            respond(issuer.token(request.headers(), request.body()).await)
        } else if path == urls.nonce.path() {
            issuer.nonce().into_response()
        } else if path == urls.credential.path() {
            respond(issuer.credential(request.headers(), request.body()).await)
        } else if path == urls.deferred_credential.path() {
            respond(issuer.deferred_credential(request.headers(), request.body()).await)
        } else if path == urls.notification.path() {
            respond(issuer.notification(request.headers(), request.body()).await)
        } else if let Some(handle) = path.strip_prefix(urls.offers.path()) {
            respond(issuer.offer_object(handle).await)
        } else {
            Response::builder().status(404).body(vec![]).unwrap()
        }
    }
}

impl Http for Loop {
    fn send(
        &self,
        request: Request<Vec<u8>>,
        limits: Limits,
    ) -> Answer<'_, Result<Response<Vec<u8>>, HttpError>> {
        Answer::later(async move {
            let mut response = self.answer(&request).await;
            (self.tamper)(&request, &mut response);
            self.asked.lock().unwrap().push(request);
            match response.status().as_u16() {
                301 | 302 | 303 | 307 | 308 => Err(HttpError::Redirected),
                _ if response.body().len() > limits.body => Err(HttpError::TooLarge(limits.body)),
                _ => Ok(response),
            }
        })
    }
}
