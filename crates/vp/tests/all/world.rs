//! A small world: a CA, an issuer, a verifier with its store, a wallet with a credential, and HTTP between them that
//! is a function call.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use credenza_core::{
    ClaimsPath, Event, EventSink, FixedClock, FnHttp, Http, HttpError, Limits, Random, Sealer, SeededRandom,
    UnixTime,
};
use credenza_crypto::x509::{CertificateAuthority, LeafProfile};
use credenza_crypto::{Algorithm, Header, IdentifiedBy, Jwk, Signer, SoftwareSigner, jwt};
use credenza_formats::sd_jwt::{self, Concealment, Held, Issuance, Profile, SdJwtLimits};
use credenza_oauth::{EndpointError, Reply};
use credenza_query::{Dcql, DcqlQuery};
use credenza_store::MemoryStore;
use credenza_trust::{Anchor, X509Anchors};
use credenza_vp::messages::{ClientId, ResponseAccepted};
use credenza_vp::verifier::{Fetch, RequestObject, VerifierBuilder};
use credenza_vp::wallet::{AnswerError, Answered, Choice, Holding, WalletBuilder};
use credenza_vp::{Asked, CreatedRequest, Ports, PresentationRequest, Verifier, Wallet};
use http::{Method, Request, Response};
use serde_json::{Map, Value, json};

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);
pub(crate) const BASE: &str = "https://verifier.example";
pub(crate) const VCT: &str = "urn:eudi:pid:1";

/// Runs a future that never waits for the outside.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        std::thread::yield_now();
    }
}

/// Remembers events.
#[derive(Default)]
pub(crate) struct Recorder(pub(crate) Mutex<Vec<(String, Event)>>);

impl EventSink for Recorder {
    fn emit(&self, session: &str, event: &Event) {
        self.0.lock().unwrap().push((session.to_owned(), event.clone()));
    }
}

pub(crate) struct World {
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) random: Arc<SeededRandom>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) events: Arc<Recorder>,
    pub(crate) root: CertificateAuthority,
    pub(crate) trust: Arc<X509Anchors>,
    pub(crate) verifier_signer: Arc<SoftwareSigner>,
    pub(crate) issuer: SoftwareSigner,
    pub(crate) holder: SoftwareSigner,
    pub(crate) verifier: Arc<Verifier>,
}

pub(crate) fn world() -> World {
    world_with(|builder| builder)
}

pub(crate) fn world_with(configure: impl FnOnce(VerifierBuilder) -> VerifierBuilder) -> World {
    let random = Arc::new(SeededRandom::new(7));
    let clock = Arc::new(FixedClock::at(NOW));
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let events = Arc::new(Recorder::default());
    let root = CertificateAuthority::generate("Test Root", NOW - DAY, 1000 * DAY, &*random).unwrap();
    let trust = Arc::new(
        X509Anchors::new(&[
            Anchor::for_issuers(root.certificate().to_vec()),
            Anchor::for_verifiers(root.certificate().to_vec()),
        ])
        .unwrap(),
    );
    let middle = root.intermediate("Test Issuing CA", NOW - DAY, 500 * DAY, &*random).unwrap();
    let issuer = certified(&middle, "Test Issuer", "issuer.example", &*random);
    let verifier_signer = Arc::new(certified(&root, "Test Verifier", "verifier.example", &*random));
    let holder = SoftwareSigner::generate(Algorithm::Es256, &*random).unwrap();
    let ports = Ports {
        store: store.clone(),
        clock: clock.clone(),
        random: random.clone(),
        sealer: Arc::new(Sealer::fresh(&*random)),
        trust: trust.clone(),
        events: events.clone(),
    };
    let builder = Verifier::builder(BASE.parse().unwrap(), ports).request_signer(verifier_signer.clone());
    let verifier = Arc::new(configure(builder).build().unwrap());
    World { clock, random, store, events, root, trust, verifier_signer, issuer, holder, verifier }
}

/// A key with certificates for this name.
pub(crate) fn certified(
    ca: &CertificateAuthority,
    name: &str,
    dns: &str,
    random: &dyn Random,
) -> SoftwareSigner {
    let signer = SoftwareSigner::generate(Algorithm::Es256, random).unwrap();
    let profile = LeafProfile::new(name, NOW - DAY, 100 * DAY).dns_name(dns);
    let chain = ca.issue_chain(&signer.public_jwk().key, &profile, random).unwrap();
    signer.with_x5c(chain)
}

/// The verifier as an HTTP service.
pub(crate) fn serve(verifier: &Verifier, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    let path = request.uri().path();
    if let Some(id) = path.strip_prefix("/openid4vp/request/") {
        let fetch = if request.method() == Method::POST { Fetch::Post(request.body()) } else { Fetch::Get };
        return match run(verifier.request_object(id, fetch)) {
            Ok(object) => object_response(object.jwt),
            Err(error) => error.to_response(),
        };
    }
    if let (Some(id), &Method::POST) = (path.strip_prefix("/openid4vp/response/"), request.method()) {
        return match run(verifier.respond(id, request.body())) {
            Ok(accepted) => Reply::<ResponseAccepted>::ok(accepted).into_response(),
            Err(error) => error.to_response(),
        };
    }
    Response::builder().status(404).body(Vec::new()).unwrap()
}

pub(crate) fn object_response(jwt: String) -> Response<Vec<u8>> {
    Response::builder().header("content-type", RequestObject::CONTENT_TYPE).body(jwt.into_bytes()).unwrap()
}

type Log = Arc<Mutex<Vec<Request<Vec<u8>>>>>;

/// What a wallet sees of the world, and what it has sent.
pub(crate) struct WalletSide {
    pub(crate) wallet: Wallet,
    pub(crate) log: Log,
}

impl World {
    pub(crate) fn wallet(&self) -> WalletSide {
        self.wallet_with(|builder| builder)
    }

    pub(crate) fn wallet_with(&self, configure: impl FnOnce(WalletBuilder) -> WalletBuilder) -> WalletSide {
        let verifier = self.verifier.clone();
        self.wallet_over(move |request| Ok(serve(&verifier, request)), configure)
    }

    /// A wallet whose requests are answered by a closure.
    pub(crate) fn wallet_over(
        &self,
        answer: impl Fn(&Request<Vec<u8>>) -> Result<Response<Vec<u8>>, HttpError> + Send + Sync + 'static,
        configure: impl FnOnce(WalletBuilder) -> WalletBuilder,
    ) -> WalletSide {
        let log = Log::default();
        let seen = log.clone();
        let http: Arc<dyn Http> = Arc::new(FnHttp::new(move |request: Request<Vec<u8>>, _: Limits| {
            let response = answer(&request);
            seen.lock().unwrap().push(request);
            response
        }));
        let builder = Wallet::builder(http, self.trust.clone(), self.clock.clone(), self.random.clone());
        WalletSide { wallet: configure(builder).build(), log }
    }

    pub(crate) fn create(&self, request: PresentationRequest) -> CreatedRequest {
        run(self.verifier.create(request)).unwrap()
    }

    /// Claims of the credential that the wallet holds.
    pub(crate) fn claims() -> Value {
        json!({
            "vct": VCT,
            "iss": "https://issuer.example",
            "iat": NOW.as_secs() - 1000,
            "exp": NOW.as_secs() + 1_000_000,
            "family_name": "Möbius",
            "given_name": "August",
            "age_equal_or_over": { "18": true, "21": true },
            "address": { "locality": "Leipzig", "country": "DE" },
            "nationalities": ["DE", "FR"],
        })
    }

    pub(crate) fn issue(&self, claims: &Value) -> String {
        self.issue_by(&self.issuer, claims, Some(self.holder.public_jwk()))
    }

    pub(crate) fn issue_by(&self, issuer: &dyn Signer, claims: &Value, holder: Option<&Jwk>) -> String {
        let header = sd_jwt::header(issuer, IdentifiedBy::X5c);
        let Value::Object(claims) = claims else { panic!("claims are an object") };
        let nested = [
            ClaimsPath::keys(["address", "locality"]).unwrap(),
            ClaimsPath::keys(["address", "country"]).unwrap(),
            ClaimsPath::keys(["age_equal_or_over", "18"]).unwrap(),
            ClaimsPath::keys(["age_equal_or_over", "21"]).unwrap(),
            serde_json::from_str(r#"["nationalities", null]"#).unwrap(),
        ];
        let concealment = Concealment::everything_but(&["iat"]).and_at(&nested);
        let issuance = Issuance {
            header: &header,
            claims,
            concealment: &concealment,
            holder,
            profile: Profile::Credential,
        };
        run(sd_jwt::issue(issuer, &issuance, &*self.random)).unwrap()
    }

    pub(crate) fn held(&self) -> Vec<Holding> {
        vec![holding(self.issue(&Self::claims()), true)]
    }

    /// Answers the way a person would who agrees.
    pub(crate) fn agree(
        &self,
        side: &WalletSide,
        asked: Asked,
        holdings: &[Holding],
    ) -> Result<Answered, AnswerError> {
        let choices = {
            let matches = asked.matches(holdings);
            let proposals = matches.proposals();
            let own =
                |it: &credenza_vp::wallet::Proposal<'_>| (it.id.to_owned(), it.holding, it.disclose.to_vec());
            proposals.iter().map(own).collect::<Vec<_>>()
        };
        let choices: Vec<_> = choices
            .iter()
            .map(|(id, holding, disclose)| Choice {
                query_id: id,
                holding: &holdings[*holding],
                disclose,
                signer: Some(&self.holder),
                device_key: None,
            })
            .collect();
        run(asked.answer(&side.wallet, &choices))
    }

    /// From a link to an answer.
    pub(crate) fn present(&self, link: &str) -> Result<Answered, AnswerError> {
        let side = self.wallet();
        let asked = run(side.wallet.resolve(link)).unwrap();
        self.agree(&side, asked, &self.held())
    }

    /// A presentation that discloses these paths, bound for a nonce and an audience.
    pub(crate) fn bound(&self, paths: &[&[&str]], nonce: &str, audience: &str) -> String {
        self.bound_of(self.issue(&Self::claims()), paths, nonce, audience)
    }

    pub(crate) fn bound_of(
        &self,
        credential: String,
        paths: &[&[&str]],
        nonce: &str,
        audience: &str,
    ) -> String {
        let held = Held::restore(credential, &SdJwtLimits::default()).unwrap();
        let paths: Vec<_> =
            paths.iter().map(|path| ClaimsPath::keys(path.iter().copied()).unwrap()).collect();
        let binding = sd_jwt::Binding { nonce, audience, issued_at: self.now(), more: Map::new() };
        run(held.present(&paths).bind(&self.holder, &binding)).unwrap()
    }

    pub(crate) fn now(&self) -> UnixTime {
        use credenza_core::Clock as _;
        self.clock.now()
    }

    /// The claims of the request object.
    pub(crate) fn request_claims(&self, created: &CreatedRequest) -> Map<String, Value> {
        let object = run(self.verifier.request_object(&created.request_id, Fetch::Get)).unwrap();
        let jws = credenza_crypto::Jws::parse(&object.jwt).unwrap();
        credenza_core::json::parse_object(&jws.payload).unwrap()
    }

    /// A request in the clear with its nonce, so that a test can answer by hand.
    pub(crate) fn plain(&self, query: DcqlQuery) -> Plain {
        let mut request = PresentationRequest::new(query);
        request.response_mode = credenza_vp::ResponseMode::DirectPost;
        let created = self.create(request);
        let claims = self.request_claims(&created);
        let text = |name: &str| claims[name].as_str().unwrap().to_owned();
        Plain { nonce: text("nonce"), state: text("state"), client_id: text("client_id"), created }
    }

    pub(crate) fn post(
        &self,
        request_id: &str,
        parameters: &[(&str, &str)],
    ) -> Result<ResponseAccepted, credenza_vp::verifier::RespondError> {
        let body = credenza_oauth::form::encode(parameters);
        run(self.verifier.respond(request_id, body.as_bytes()))
    }

    pub(crate) fn status(&self, id: &str) -> credenza_vp::verifier::Status {
        run(self.verifier.session(id)).unwrap().status
    }

    /// Signs a request object by hand.
    pub(crate) fn sign_request(&self, signer: &dyn Signer, typ: &str, claims: &Value) -> String {
        let header = Header::signing(signer, typ, IdentifiedBy::X5c);
        run(jwt::sign(signer, &header, claims)).unwrap()
    }
}

/// A request that a test answers by hand.
pub(crate) struct Plain {
    pub(crate) created: CreatedRequest,
    pub(crate) nonce: String,
    pub(crate) state: String,
    pub(crate) client_id: String,
}

impl Plain {
    pub(crate) fn client(&self) -> ClientId {
        ClientId::parse(self.client_id.clone())
    }
}

pub(crate) fn holding(credential: String, bound: bool) -> Holding {
    Holding::sd_jwt(Held::restore(credential, &SdJwtLimits::default()).unwrap(), bound)
}

/// Asks for the family name and whether somebody is of age.
pub(crate) fn query() -> DcqlQuery {
    Dcql::credential("pid")
        .sd_jwt([VCT])
        .claim(["family_name"])
        .claim(["age_equal_or_over", "18"])
        .build()
        .unwrap()
}
