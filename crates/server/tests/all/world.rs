//! A service in memory: a CA, an issuer, a verifier, a demo wallet that pretends, and requests without a socket.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::password_hash::SaltString;
use argon2::{Argon2, Params, PasswordHasher as _, Version};
use axum::Router;
use axum::body::{Body, Bytes};
use credenza_core::{
    AddressPolicy, Answer, ClaimsPath, Clock, Http, Random, Report, Rule, Sealer, Secret, UnixTime,
};
use credenza_crypto::x509::{CertificateAuthority, LeafProfile};
use credenza_crypto::{Algorithm, Signer, SoftwareSigner};
use credenza_formats::status_list::CachePolicy;
use credenza_formats::status_list::resolve::ResolverConfig;
use credenza_query::Dcql;
use credenza_server::demo_wallet::{
    Accepted, Ask, Candidate, Card, Choice, Claim, Consent, HistoryEntry, OfferPreview, Party, Presented,
    Shown, TxCodePrompt, WalletRefusal,
};
use credenza_server::{
    ConfiguredUser, ConfiguredUsers, DemoWallet, Egress, EventHub, Inspect, InspectedPart, Inspection,
    Limits, Pages, Preset, Service,
};
use credenza_store::{MemoryRecords, MemoryStore};
use credenza_trust::{Anchor, X509Anchors};
use credenza_vci::issuer::status::{StatusLists, StatusPolicy, StatusPorts};
use credenza_vci::issuer::{
    AttestationSettings, AuthorizationSettings, Client, ClientAuthentication, CredentialConfiguration, Issuer,
};
use credenza_vci::messages::{ClaimDescription, ClaimDisplay, CredentialDisplay, IssuerDisplay};
use credenza_vp::verifier::StatusListCheck;
use credenza_vp::{Ports, Verifier};
use http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Map, Value, json};
use tower::ServiceExt as _;
use url::Url;

use crate::network::Network;
use crate::signing_in_elsewhere::{Links, Observed};
use crate::webhooks::Receiver;

pub(crate) const TOKEN: &str = "canary-admin-token-2f9c";
pub(crate) const VCT: &str = "urn:eudi:pid:1";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Everything a test needs.
pub(crate) struct World {
    pub(crate) service: Arc<Service>,
    pub(crate) router: Router,
    pub(crate) trust: Arc<X509Anchors>,
    pub(crate) network: Arc<Network>,
    pub(crate) receiver: Arc<Receiver>,
    pub(crate) shown: Arc<Links>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

/// How a world differs from the usual one.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) base: &'static str,
    pub(crate) pages: Pages,
    pub(crate) demo: bool,
    pub(crate) authorization: bool,
    pub(crate) webhooks: bool,
    pub(crate) dc_api: bool,
    /// Whether people can sign in with a credential.
    pub(crate) sign_in_by_wallet: bool,
    /// Whether what they get has to be bound to the key of that one.
    pub(crate) same_key: bool,
    pub(crate) limits: Limits,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            base: "https://service.example",
            pages: Pages::Open,
            demo: true,
            authorization: true,
            webhooks: true,
            dc_api: false,
            sign_in_by_wallet: false,
            same_key: false,
            limits: Limits { heartbeat: Duration::from_millis(20), ..Limits::default() },
        }
    }
}

fn described(path: &[&str], label: &str) -> ClaimDescription {
    let display = vec![ClaimDisplay { name: Some(label.to_owned()), locale: Some("en".to_owned()) }];
    ClaimDescription { path: ClaimsPath::keys(path.iter().copied()).unwrap(), mandatory: false, display }
}

fn pid() -> CredentialConfiguration {
    let mut display = CredentialDisplay::named("Person identification data");
    display.background_color = Some("#0b5d4e".to_owned());
    display.text_color = Some("#ffffff".to_owned());
    let mut nationalities = described(&["nationalities"], "Nationalities");
    nationalities.path = serde_json::from_str(r#"["nationalities", null]"#).unwrap();
    CredentialConfiguration {
        scope: Some("pid".to_owned()),
        display: vec![display],
        claims: vec![
            ClaimDescription { mandatory: true, ..described(&["given_name"], "Given name") },
            described(&["family_name"], "Family name"),
            described(&["birthdate"], "Date of birth"),
            nationalities,
            described(&["address", "street_address"], "Street"),
            described(&["address", "locality"], "City"),
            described(&["age_over_18"], "Over 18"),
        ],
        ..CredentialConfiguration::sd_jwt_vc("pid", VCT)
    }
}

/// A type with metadata of its own, which is published at its `vct`.
fn diploma(base: &str) -> CredentialConfiguration {
    let mut display = CredentialDisplay::named("University diploma");
    display.background_color = Some("#f2d6a2".to_owned());
    CredentialConfiguration {
        display: vec![display],
        claims: vec![described(&["degree"], "Degree"), described(&["university"], "University")],
        type_metadata: json!({"display": [{"locale": "en", "name": "Diploma"}]}).as_object().cloned(),
        ..CredentialConfiguration::sd_jwt_vc("diploma", format!("{base}/vct/diploma"))
    }
}

pub(crate) fn ada() -> Map<String, Value> {
    let claims = json!({
        "given_name": "Ada", "family_name": "Lovelace", "birthdate": "1990-12-10", "nationalities": ["GB", "IT"],
        "address": {"street_address": "12 St James's Square", "locality": "London"}, "age_over_18": true,
    });
    claims.as_object().unwrap().clone()
}

/// A wallet that is known, strangers, and attestations of whom nobody trusts.
fn authorization(trust: Arc<X509Anchors>) -> AuthorizationSettings {
    AuthorizationSettings {
        clients: vec![Client {
            id: "wallet".into(),
            name: Some("The Wallet".into()),
            redirect_uris: vec!["https://wallet.example/cb?x=1".into(), "wallet-app:/cb".into()],
            authentication: ClientAuthentication::None,
        }],
        public_clients: true,
        attestation: Some(AttestationSettings::trusting(trust)),
        ..AuthorizationSettings::default()
    }
}

/// Ada, whose password is `lovelace`.
fn people(clock: Arc<dyn Clock>) -> ConfiguredUsers {
    let salt = SaltString::encode_b64(b"a salt for tests").unwrap();
    let cheap = Argon2::new(argon2::Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
    let user = ConfiguredUser {
        name: "ada".into(),
        display: "Ada Lovelace".into(),
        password_hash: cheap.hash_password(b"lovelace", &salt).unwrap().to_string(),
        claims: [("pid".to_owned(), ada())].into(),
    };
    ConfiguredUsers::new(vec![user], clock).unwrap()
}

fn certified(
    ca: &CertificateAuthority,
    name: &str,
    dns: &str,
    now: UnixTime,
    random: &dyn Random,
) -> SoftwareSigner {
    let signer = SoftwareSigner::generate(Algorithm::Es256, random).unwrap();
    let profile = LeafProfile::new(name, now - DAY, 100 * DAY).dns_name(dns);
    let chain = ca.issue_chain(&signer.public_jwk().key, &profile, random).unwrap();
    signer.with_x5c(chain)
}

pub(crate) fn world_with(wanted: Wanted, random: Arc<dyn Random>, clock: Arc<dyn Clock>) -> World {
    let now = clock.now();
    let base: Url = wanted.base.parse().unwrap();
    let host = base.host_str().unwrap();
    let hub = Arc::new(EventHub::new());
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let sealer = Arc::new(Sealer::fresh(&*random));
    let ca = CertificateAuthority::generate("Credenza Demo CA", now - DAY, 1000 * DAY, &*random).unwrap();
    let root = ca.certificate().to_vec();
    let trust = Arc::new(
        X509Anchors::new(&[Anchor::for_issuers(root.clone()), Anchor::for_verifiers(root)]).unwrap(),
    );
    let key: Arc<dyn Signer> = Arc::new(certified(&ca, "Demo Issuer", host, now, &*random));
    let status = StatusLists::new(
        wanted.base,
        StatusPorts {
            records: Arc::new(MemoryRecords::default()),
            signer: key.clone(),
            clock: clock.clone(),
            random: random.clone(),
        },
        StatusPolicy { capacity: 2048, lease: 8, bitstring: true, ..StatusPolicy::default() },
    );
    let status = Arc::new(status.unwrap());
    let network = Arc::new(Network::default());
    let mut issuer = Issuer::builder(wanted.base)
        .addresses(AddressPolicy::Loopback)
        .display(IssuerDisplay::named("Credenza Demo Authority"))
        .configuration(pid())
        .configuration(diploma(wanted.base))
        .metadata_signer(key.clone())
        .signer(key)
        .status_source(status.clone())
        .store(store.clone())
        .sealer(sealer.clone())
        .clock(clock.clone())
        .random(random.clone())
        .events(hub.clone());
    if wanted.authorization {
        issuer = issuer.authorization(authorization(trust.clone()));
    }
    let issuer = issuer.build().unwrap();
    let ports = Ports {
        store: store.clone(),
        clock: clock.clone(),
        random: random.clone(),
        sealer: sealer.clone(),
        trust: trust.clone(),
        events: hub.clone(),
    };
    // Nothing is kept: each look-up asks.
    let nothing = CachePolicy {
        min_ttl: Duration::ZERO,
        max_ttl: Duration::ZERO,
        retry_after: Duration::ZERO,
        ..CachePolicy::default()
    };
    let config = ResolverConfig { cache: nothing, ..ResolverConfig::default() };
    let check = StatusListCheck::new(network.clone(), clock.clone(), trust.clone(), config);
    let verifier = Verifier::builder(base.clone(), ports)
        .status(Arc::new(check))
        .addresses(AddressPolicy::Loopback)
        .request_signer(Arc::new(certified(&ca, "Demo Verifier", host, now, &*random)))
        .allow_redirects([base.clone()])
        .build()
        .unwrap();
    let preset = |id: &str, name: &str, explains: &str, claims: &[&[&str]]| {
        let mut query = Dcql::credential("pid").sd_jwt([VCT]);
        for claim in claims {
            query = query.claim(claim.iter().copied());
        }
        Preset { id: id.into(), name: name.into(), explains: explains.into(), query: query.build().unwrap() }
    };
    let verifier = Arc::new(verifier);
    let mut builder = Service::builder(base, Arc::new(issuer), verifier.clone(), store, sealer)
        .hub(hub)
        .status_lists(status)
        .credential_types(Arc::new(MemoryRecords::default()))
        .stored_queries(Arc::new(MemoryRecords::default()))
        .admin_token(Secret::new(TOKEN.to_owned()))
        .audit(Arc::new(MemoryRecords::default()))
        .pages(wanted.pages)
        .inspect(Arc::new(Echo))
        .preset(preset(
            "adult",
            "Name and over 18",
            "Given name, and whether the holder is over 18. Not the date of birth.",
            &[&["given_name"], &["age_over_18"]],
        ))
        .preset(preset(
            "identity",
            "Full identity",
            "Name, date of birth and address.",
            &[&["given_name"], &["family_name"], &["birthdate"], &["address"]],
        ))
        .sample("pid", ada())
        .sample(
            "diploma",
            json!({"degree": "BSc Mathematics", "university": "London"}).as_object().unwrap().clone(),
        )
        .limits(wanted.limits)
        .offers_by_dc_api(wanted.dc_api)
        .websites(["https://shop.example".to_owned()])
        .clock(clock.clone())
        .random(random.clone());
    if wanted.authorization {
        builder = builder.users(Arc::new(people(clock.clone())));
    }
    if wanted.demo {
        builder = builder.demo_wallet(Arc::new(Pretender::default()));
    }
    for access in crate::access::others() {
        builder = builder.access(access);
    }
    let shown = Arc::new(Links::default());
    if wanted.sign_in_by_wallet {
        builder =
            builder.sign_in_elsewhere(Arc::new(Observed::new(verifier, shown.clone(), wanted.same_key)));
    }
    let receiver = Arc::new(Receiver::default());
    if wanted.webhooks {
        let egress = Egress { addresses: AddressPolicy::Loopback, ..Egress::default() };
        builder = builder.webhooks(Arc::new(MemoryRecords::default()), receiver.clone(), egress);
    }
    let service = builder.build().unwrap();
    let router = service.router();
    network.leads_to(&router);
    World { service, router, trust, network, clock, random, receiver, shown }
}

/// What came back.
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The body as text; of a page, with the slashes that its template has escaped.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).replace("&#x2f;", "/")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl World {
    /// Sends one request through the router.
    pub(crate) async fn send(&self, request: Request<Body>) -> Got {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        Got { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, content_type: &str, body: impl Into<Body>) -> Got {
        let request = Request::post(path).header("content-type", content_type).body(body.into()).unwrap();
        self.send(request).await
    }

    /// A request to the admin plane, with the token.
    pub(crate) async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> Got {
        let builder =
            Request::builder().method(method).uri(path).header("authorization", format!("Bearer {TOKEN}"));
        let request = match body {
            Some(body) => {
                builder.header("content-type", "application/json").body(Body::from(body.to_string()))
            }
            None => builder.body(Body::empty()),
        };
        self.send(request.unwrap()).await
    }

    /// The network, for wallets: everything goes to this service.
    pub(crate) fn network(&self) -> Arc<dyn Http> {
        self.network.clone()
    }
}

/// An inspector that finds text in everything, but not in nothing.
struct Echo;

const LOOKED_AT: Rule = Rule::new("inspect.looked", "§1", "Somebody has looked at it.");

impl Inspect for Echo {
    fn inspect(&self, text: &str) -> Result<Inspection, String> {
        if text.is_empty() {
            return Err("there is nothing to inspect".to_owned());
        }
        let mut report = Report::new("text");
        report.pass(&LOOKED_AT);
        let part = InspectedPart { name: "Text".into(), content: text.into(), remark: None };
        Ok(Inspection { kind: "Text".into(), parts: vec![part], report: Some(report) })
    }
}

/// A wallet that speaks no protocol: it has what the pages need to be seen.
#[derive(Default)]
pub(crate) struct Pretender(Mutex<Vec<HistoryEntry>>);

fn card(id: &str) -> Card {
    let claim = |label: &str, value: &str| Claim { label: label.into(), value: value.into() };
    Card {
        id: id.into(),
        name: "Person identification data".into(),
        issuer: "Credenza Demo Authority".into(),
        holder: Some("Ada Lovelace".into()),
        kind: format!("dc+sd-jwt · {VCT}"),
        background: Some("#0b5d4e".into()),
        text: Some("#ffffff".into()),
        claims: vec![claim("Given name", "Ada"), claim("Family name", "Lovelace"), claim("Over 18", "yes")],
        copies: 3,
        expires: Some(UnixTime::from_secs(1_900_000_000)),
    }
}

fn party(name: &str) -> Party {
    Party {
        name: name.into(),
        identifier: "x509_hash:Uvo3HtuIxuhC92rShpgqcT3YXwrqRxWEviRiA0OZszk".into(),
        known_by: "Its certificate comes from Credenza Demo CA, which this wallet trusts.".into(),
        trusted: true,
    }
}

fn preview() -> OfferPreview {
    OfferPreview {
        id: "offer-1".into(),
        issuer: party("Credenza Demo Authority"),
        credentials: vec![card("")],
        tx_code: Some(TxCodePrompt { length: Some(6), numeric: true, description: None }),
        sign_in: false,
    }
}

fn consent() -> Consent {
    let discloses = card("c1").claims.into_iter().filter(|claim| claim.label != "Family name").collect();
    let candidate =
        Candidate { card: card("c1"), discloses, withholds: vec!["Family name".into()], welcome: Vec::new() };
    Consent {
        id: "consent-1".into(),
        verifier: party("Demo Verifier"),
        purpose: Some("To sell you a film ticket".into()),
        asks: vec![Ask { id: "pid".into(), required: true, candidates: vec![candidate] }],
        answerable: true,
        ..Consent::default()
    }
}

impl Pretender {
    fn happened(&self, kind: &'static str) {
        let entry = HistoryEntry {
            at: UnixTime::from_secs(1_795_000_000),
            kind,
            party: "Demo".into(),
            what: "Person identification data".into(),
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(0, entry);
    }
}

impl DemoWallet for Pretender {
    fn offer<'a>(&'a self, link: &'a str) -> Answer<'a, Result<OfferPreview, WalletRefusal>> {
        let good = link.starts_with("openid-credential-offer://");
        Answer::ready(if good { Ok(preview()) } else { Err(WalletRefusal::new("This is no offer.")) })
    }

    fn sign_in<'a>(
        &'a self,
        offer: &'a str,
        redirect_uri: &'a str,
    ) -> Answer<'a, Result<Url, WalletRefusal>> {
        let to =
            if offer == "foreign" { "https://evil.example/" } else { "https://service.example/authorize" };
        Answer::ready(Ok(Url::parse_with_params(to, [("redirect_uri", redirect_uri)]).unwrap()))
    }

    fn signed_in<'a>(&'a self, offer: &'a str, response: &'a Url) -> Answer<'a, Result<(), WalletRefusal>> {
        let right = offer == "o1" && response.as_str() == "https://service.example/wallet/signed-in?code=c";
        Answer::ready(right.then_some(()).ok_or_else(|| WalletRefusal::new("That is another answer.")))
    }

    fn accept<'a>(
        &'a self,
        _: &'a str,
        code: Option<&'a str>,
    ) -> Answer<'a, Result<Accepted, WalletRefusal>> {
        if code == Some("000000") {
            let refusal =
                WalletRefusal { again: true, ..WalletRefusal::new("The transaction code is wrong.") };
            return Answer::ready(Err(refusal));
        }
        self.happened("received");
        Answer::ready(Ok(Accepted { credentials: vec![card("c1")], ..Accepted::default() }))
    }

    fn request<'a>(&'a self, link: &'a str) -> Answer<'a, Result<Consent, WalletRefusal>> {
        assert!(!link.contains("panic"), "canary-panic: the test asks for it");
        let good = link.starts_with("openid4vp://");
        Answer::ready(if good { Ok(consent()) } else { Err(WalletRefusal::new("This is no request.")) })
    }

    fn present<'a>(
        &'a self,
        _: &'a str,
        choices: &'a [Choice],
    ) -> Answer<'a, Result<Presented, WalletRefusal>> {
        if choices != [Choice { ask: "pid".into(), credential: "c1".into(), also: false }] {
            return Answer::ready(Err(WalletRefusal::new("Nothing was chosen.")));
        }
        self.happened("presented");
        Answer::ready(Ok(Presented { verifier: party("Demo Verifier"), redirect_uri: None }))
    }

    fn shown<'a>(&'a self, id: &'a str) -> Answer<'a, Option<Shown>> {
        Answer::ready(match id {
            "offer-1" => Some(Shown::Offer(preview())),
            "consent-1" => Some(Shown::Request(consent())),
            _ => None,
        })
    }

    fn decline<'a>(&'a self, _: &'a str) -> Answer<'a, Result<(), WalletRefusal>> {
        self.happened("declined");
        Answer::ready(Ok(()))
    }

    fn credentials(&self) -> Answer<'_, Vec<Card>> {
        Answer::ready(vec![card("c1")])
    }

    fn remove<'a>(&'a self, _: &'a str) -> Answer<'a, bool> {
        self.happened("removed");
        Answer::ready(true)
    }

    fn history(&self) -> Answer<'_, Vec<HistoryEntry>> {
        Answer::ready(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}
