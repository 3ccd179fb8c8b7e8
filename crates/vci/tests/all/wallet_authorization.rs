//! The wallet's side of the authorization code flow: pushed or not, attested or not, renewed, and every answer that it
//! must not take.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Answer, Secret};
use credenza_crypto::{Algorithm, SignError, Signer, SoftwareSigner};
use credenza_oauth::ResponseError;
use credenza_vci::issuer::{
    AuthorizationSettings, ClientAuthentication, Deferral, DpopMode, OfferGrants, OfferRequest,
    OfferedCredential,
};
use credenza_vci::wallet::{
    Attested, Authorizing, Client, Opened, PendingCredential, Polled, Received, Renewal, Step, Wallet,
    WalletError, WalletInstance,
};
use url::Url;

use crate::authorizing::*;
use crate::support::*;

pub(crate) fn public() -> Client {
    Client::Public { client_id: CLIENT.to_owned() }
}

pub(crate) fn wallet(world: &World, http: Loop, client: Client) -> (Wallet, Arc<Loop>) {
    let http = Arc::new(http);
    (world.wallet(http.clone()).0.with_client(client), http)
}

pub(crate) fn browser_offer(world: &World) -> String {
    let offer = OfferRequest::of("pid", erika()).with_grants(OfferGrants::AuthorizationCode);
    world.create(offer).uri
}

pub(crate) fn begin(wallet: &Wallet, link: &str) -> Authorizing {
    try_to_begin(wallet, link).unwrap()
}

fn try_to_begin(wallet: &Wallet, link: &str) -> Result<Authorizing, WalletError> {
    match wait(wallet.open(link)).unwrap() {
        Opened::NeedsAuthorization(offer) => wait(offer.authorize(CALLBACK)),
        other => panic!("{other:?}"),
    }
}

/// The holder signs in and agrees.
pub(crate) fn agree(world: &World, authorizing: &Authorizing) -> Url {
    world.agreed(authorizing.url().query().unwrap()).parse().unwrap()
}

pub(crate) fn go_on(authorizing: Authorizing, response: &Url) -> Result<Received, WalletError> {
    let ready = authorizing.finish(response).map_err(|(_, error)| error)?;
    wait(ready.accept())
}

pub(crate) fn whole(world: &World, wallet: &Wallet, link: &str) -> Received {
    let authorizing = begin(wallet, link);
    let response = agree(world, &authorizing);
    go_on(authorizing, &response).unwrap()
}

// Clauses: VCI-5.1.3-01, VCI-5.1.4-01, PKCE-4.2-01, PKCE-4.3-01, PKCE-4.5-01
#[test]
fn an_offer_for_a_browser() {
    let world = world(|_| {});
    let (wallet, http) = wallet(&world, world.http(), public());
    let received = whole(&world, &wallet, &browser_offer(&world));
    assert_eq!(received.credentials.len(), 1);
    assert!(received.reports.iter().all(credenza_core::Report::ok));
    let pushed = world.issuer.endpoints().pushed_authorization.path().to_owned();
    assert!(http.paths().contains(&pushed), "{:?}", http.paths());
}

// Clauses: PKCE-4.2-01, OABCP-5.1.1-01, OABCP-5.1.1-02
#[test]
fn without_an_offer_and_without_pushing() {
    let world = world(|_| {});
    let http = world.http().tampered(|request, response| {
        if request.uri().path().contains("oauth-authorization-server") {
            let mut metadata: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
            let members = metadata.as_object_mut().unwrap();
            members.remove("pushed_authorization_request_endpoint").unwrap();
            members.remove("require_pushed_authorization_requests");
            *response.body_mut() = serde_json::to_vec(&metadata).unwrap();
        }
    });
    let (wallet, http) = wallet(&world, http, public());
    let Opened::NeedsAuthorization(offer) = wait(wallet.start(ISSUER, &["pid"])).unwrap() else { panic!() };
    let authorizing = wait(offer.authorize(CALLBACK)).unwrap();
    let query = authorizing.url().query().unwrap();
    assert!(query.contains("code_challenge_method=S256") && query.contains("state="), "{query}");
    let response = agree(&world, &authorizing);
    assert_eq!(go_on(authorizing, &response).unwrap().credentials.len(), 1);
    let pushed = world.issuer.endpoints().pushed_authorization.path().to_owned();
    assert!(!http.paths().contains(&pushed));
}

// Clauses: DPOP-10-02
#[test]
fn the_code_is_bound_to_the_key_of_the_token() {
    let world = world_with(|_| {}, |builder| builder.dpop(DpopMode { required: true, nonce: true }));
    let (wallet, _) = wallet(&world, world.http(), public());
    assert_eq!(whole(&world, &wallet, &browser_offer(&world)).credentials.len(), 1);
}

/// An instance that its provider vouches for.
struct Instance(Provider, Arc<SoftwareSigner>, credenza_core::UnixTime);

impl WalletInstance for Instance {
    fn attested<'a>(&'a self, _: &'a str) -> Answer<'a, Result<Attested, SignError>> {
        let attestation = self.0.attestation_for(&self.1, CLIENT, self.2, Duration::from_secs(600));
        Answer::ready(Ok(Attested {
            attestation: Secret::new(attestation),
            key: self.1.clone() as Arc<dyn Signer>,
        }))
    }
}

pub(crate) fn attested_world() -> (World, Client) {
    let provider = Provider::new(7);
    let world = world(|settings: &mut AuthorizationSettings| {
        settings.clients = vec![client(CLIENT, ClientAuthentication::Attestation)];
        settings.attestation = Some(provider.settings());
    });
    let client = attested_client(provider, &world);
    (world, client)
}

/// A wallet that its provider vouches for.
pub(crate) fn attested_client(provider: Provider, world: &World) -> Client {
    let key = Arc::new(SoftwareSigner::generate(Algorithm::Es256, &*world.random).unwrap());
    let instance = Arc::new(Instance(provider, key, world.now()));
    Client::Attested { client_id: CLIENT.to_owned(), instance }
}

// Clauses: HAIP-4.4.1-01, HAIP-4.4.1-08, HAIP-4.4.1-09,
// VCI-E-05
#[test]
fn an_attested_wallet() {
    let (world, client) = attested_world();
    let (wallet, http) = wallet(&world, world.http(), client);
    assert_eq!(whole(&world, &wallet, &browser_offer(&world)).credentials.len(), 1);
    let asked = http.asked.lock().unwrap();
    let urls = world.issuer.endpoints();
    for path in [urls.pushed_authorization.path(), urls.token.path()] {
        let request = asked.iter().find(|request| request.uri().path() == path).unwrap();
        assert!(request.headers().contains_key("oauth-client-attestation-pop"));
    }
    assert!(asked.iter().any(|request| request.uri().path() == urls.challenge.path()));
}

#[test]
fn a_wallet_that_should_be_attested_and_is_not() {
    let (world, _) = attested_world();
    let (wallet, _) = wallet(&world, world.http(), public());
    let error = try_to_begin(&wallet, &browser_offer(&world)).unwrap_err();
    let WalletError::Refused { step: Step::PushedAuthorization, code, .. } = error else { panic!("{error}") };
    assert_eq!(code, "invalid_client");
}

#[test]
fn a_wallet_with_a_registered_key() {
    let key = SoftwareSigner::generate(Algorithm::Es256, &credenza_core::SeededRandom::new(3)).unwrap();
    let jwks = keys(&key);
    let world = world(|settings: &mut AuthorizationSettings| {
        settings.clients = vec![client(CLIENT, ClientAuthentication::PrivateKeyJwt(jwks))];
    });
    let registered = Client::PrivateKey { client_id: CLIENT.to_owned(), signer: Arc::new(key) };
    let (wallet, _) = wallet(&world, world.http(), registered);
    assert_eq!(whole(&world, &wallet, &browser_offer(&world)).credentials.len(), 1);
}

// Clauses: ISS-2.4-01, ISS-2.4-02, ISS-2.4-03, ISS-2.4-04, ISS-2.4-05, OABCP-5.1-03, OABCP-5.1-06, OABCP-7.4.2-01,
// OABCP-7.4.2-02, OABCP-7.4.2.1-03
// Checks: WVCI-042 to WVCI-045
#[test]
fn v03_answers_that_belong_to_something_else_end_nothing() {
    let world = world(|_| {});
    let (wallet, _) = wallet(&world, world.http(), public());
    let mut authorizing = begin(&wallet, &browser_offer(&world));
    let good = agree(&world, &authorizing);
    let changed = |name: &str, value: Option<&str>| {
        let mut url = good.clone();
        let pairs: Vec<(String, String)> = good
            .query_pairs()
            .filter(|(known, _)| known != name)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        url.query_pairs_mut().clear().extend_pairs(pairs).extend_pairs(value.map(|value| (name, value)));
        url
    };
    let elsewhere: Url = good.as_str().replace("wallet.example/cb", "wallet.example/other").parse().unwrap();
    let denied = {
        let mut url = changed("code", None);
        url.query_pairs_mut().append_pair("error", "access_denied");
        url
    };
    let twice: Url = format!("{good}&state=again").parse().unwrap();
    for (what, url, expected) in [
        ("another state", changed("state", Some("x")), ResponseError::Foreign),
        ("no state", changed("state", None), ResponseError::Foreign),
        ("mix-up", changed("iss", Some("https://evil.example")), ResponseError::Foreign),
        ("no iss", changed("iss", None), ResponseError::Foreign),
        ("another place", elsewhere, ResponseError::Foreign),
        ("neither code nor error", changed("code", None), ResponseError::Malformed),
        ("a parameter twice", twice, ResponseError::Malformed),
    ] {
        let (back, error) = authorizing.finish(&url).unwrap_err();
        let WalletError::Authorization { error, .. } = error else { panic!("{what}: {error}") };
        assert_eq!(error, expected, "{what}");
        authorizing = *back;
    }
    let (back, error) = authorizing.finish(&denied).unwrap_err();
    assert_eq!(error.to_string(), "the authorization server refused: access_denied");
    assert_eq!(go_on(*back, &good).unwrap().credentials.len(), 1);
}

// Clauses: PKCE-7.2-01, OABCP-7.7.1-01
#[test]
fn what_a_server_must_not_say() {
    let world = world(|_| {});
    let with = |change: fn(&mut serde_json::Map<String, serde_json::Value>)| {
        let http = world.http().tampered(move |request, response| {
            if request.uri().path().contains("oauth-authorization-server") {
                let mut metadata: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
                change(metadata.as_object_mut().unwrap());
                *response.body_mut() = serde_json::to_vec(&metadata).unwrap();
            }
        });
        wallet(&world, http, public()).0
    };
    let plain = with(|it| drop(it.insert("code_challenge_methods_supported".into(), ["plain"].into())));
    let error = try_to_begin(&plain, &browser_offer(&world)).unwrap_err();
    assert!(matches!(error, WalletError::Unsupported(_)), "{error}");
    let internal = with(|it| drop(it.insert("authorization_endpoint".into(), "https://127.0.0.1/".into())));
    let error = try_to_begin(&internal, &browser_offer(&world)).unwrap_err();
    assert!(matches!(error, WalletError::Http { .. }), "{error}");
    let unnamed = wallet(&world, world.http(), Client::Anonymous).0;
    assert!(matches!(try_to_begin(&unnamed, &browser_offer(&world)), Err(WalletError::Unsupported(_))));
}

// Checks: WVCI-058
#[test]
fn renewed_without_the_holder() {
    let world = world_with(|_| {}, |builder| builder.dpop(DpopMode { required: true, nonce: false }));
    let (wallet, _) = wallet(&world, world.http(), public());
    let first = whole(&world, &wallet, &browser_offer(&world));
    let renewal = first.renewal.expect("a refresh token");
    assert!(!format!("{renewal:?}").contains("refresh_token"));
    // Over a restart.
    let renewal: Renewal = serde_json::from_str(&serde_json::to_string(&renewal).unwrap()).unwrap();
    let second = wait(wallet.renew(&renewal)).unwrap();
    assert_eq!(second.credentials.len(), 1);
    assert_ne!(second.credentials[0].key_thumbprint, first.credentials[0].key_thumbprint, "a new key");
    let third = wait(wallet.renew(&second.renewal.unwrap())).unwrap();
    // The first was good until its successor was used. Now somebody has stolen it: nobody gets anything any more.
    for stolen in [&renewal, &third.renewal.unwrap()] {
        let error = wait(wallet.renew(stolen)).unwrap_err();
        assert!(matches!(&error, WalletError::Refused { code, .. } if code == "invalid_grant"), "{error}");
    }
}

// Clauses: VCI-9-02, VCI-9.2-02
#[test]
fn a_promise_outlives_its_access_token() {
    let world = world_with(|_| {}, |builder| builder.dpop(DpopMode { required: true, nonce: false }));
    let (wallet, _) = wallet(&world, world.http(), public());
    let deferral = Some(Deferral::UntilCompleted);
    let credential =
        OfferedCredential { configuration_id: "pid".to_owned(), claims: Some(erika()), deferral };
    let offer = OfferRequest { credentials: vec![credential], ..OfferRequest::default() };
    let offer = world.create(offer.with_grants(OfferGrants::AuthorizationCode));
    let first = whole(&world, &wallet, &offer.uri);
    let restarted = |pending: &PendingCredential| -> PendingCredential {
        serde_json::from_str(&serde_json::to_string(pending).unwrap()).unwrap()
    };
    let (pending, renewal) = (restarted(&first.pending[0]), first.renewal.unwrap());
    assert_eq!(pending.grant(), Some(renewal.grant()));
    assert!(!pending.has_ended_token(world.now()));

    world.clock.advance(Duration::from_secs(2 * 60 * 60));
    assert!(pending.has_ended_token(world.now()));
    let error = wait(wallet.poll(&pending)).unwrap_err();
    assert!(error.wants_refresh() && !error.is_final(), "{error}");
    let refreshed = wait(wallet.refresh(&renewal)).unwrap();
    let pending = restarted(&pending.refreshed(&refreshed).unwrap());
    let Polled::Pending(pending) = wait(wallet.poll(&pending)).unwrap() else { panic!("too soon") };
    assert!(!pending.has_ended_token(world.now()));

    // Another morning: the renewal that came with the refresh is the one that is good.
    world.clock.advance(Duration::from_secs(2 * 60 * 60));
    let refreshed = wait(wallet.refresh(&refreshed.renewal().clone())).unwrap();
    let pending = pending.refreshed(&refreshed).unwrap();
    let name = world.view(&offer.id).credentials[0].deferred[0].id.clone();
    wait(world.issuer.complete_deferred(&name, None)).unwrap();
    let Polled::Received(received) = wait(wallet.poll(&pending)).unwrap() else { panic!("not yet") };
    assert_eq!(received.credentials[0].key_thumbprint.as_ref(), pending.keys().first());

    let other = whole(&world, &wallet, &browser_offer(&world)).renewal.unwrap();
    let foreign = wait(wallet.refresh(&other)).unwrap();
    assert!(pending.refreshed(&foreign).is_none(), "the token of another grant");
}
