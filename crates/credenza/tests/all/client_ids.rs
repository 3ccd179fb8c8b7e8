//! The names that a service's verifier goes by, as `credenza.toml` gives them, each against the wallet in the terminal.

use std::fs;
use std::sync::Arc;

use credenza::core::{AddressPolicy, Clock as _, SystemClock, SystemRandom};
use credenza::crypto::{Algorithm, Header, IdentifiedBy, Jwk, JwkSet, Signer as _, SoftwareSigner, jwt};
use credenza::http::ReqwestHttp;
use credenza::trust::federation::GivenStatement;
use credenza::trust::{Nobody, PinnedKeys, Purpose};
use credenza::vp::wallet::{HowKnown, RegisteredVerifier, Wallet, WalletBuilder};
use http::{Method, Request};
use serde_json::{Value, json};

use crate::world::{Service, answer, bad, good, send};

/// A service on `localhost`, whose `[verifier]` says more.
fn service(verifier: &str) -> Service {
    Service::start_with("localhost", |_, text| {
        text.replace("[verifier]\n", &format!("[verifier]\n{verifier}\n"))
    })
}

async fn wallet(service: &Service, home: &str) {
    let offer = service.offer(json!({})).await;
    good(&["wallet", "--home", home, "accept", offer["uri"].as_str().unwrap(), "--yes"]);
}

async fn state(service: &Service, created: &Value) -> Value {
    let path = format!("/presentations/{}", created["id"].as_str().unwrap());
    service.api(Method::GET, &path, None).await.1["state"].clone()
}

/// Asks under a name, and has the wallet answer.
async fn presents(service: &Service, home: &str, more: Value) -> Value {
    let asked = service.ask(json!([{"path": ["given_name"]}]), more).await;
    let request = asked["uri"].as_str().unwrap();
    good(&["wallet", "--home", home, "present", "--yes", "--allow-unknown", request]);
    assert_eq!(state(service, &asked).await, "verified", "{asked}");
    asked
}

#[tokio::test(flavor = "multi_thread")]
async fn each_name_is_answered_by_the_wallet_in_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    let service = service(
        "client_id_prefix = \"decentralized_identifier\"\n\
         client_ids.decentralized_identifier.method = \"web\"",
    );
    wallet(&service, home).await;
    let asked = presents(&service, home, json!({})).await;
    let host = service.url.trim_start_matches("http://").replace(':', "%3A");
    assert_eq!(asked["client_id"], format!("decentralized_identifier:did:web:{host}"));
    let document = Request::get(format!("{}/.well-known/did.json", service.url)).body(Vec::new()).unwrap();
    let (status, document) = answer(&send(document).await.unwrap());
    assert_eq!((status, &document["id"]), (200, &json!(format!("did:web:{host}"))));
    // The names of the certificate are there as well, and the one that needs no key.
    for prefix in ["x509_hash", "x509_san_dns", "redirect_uri"] {
        let mode = if prefix == "redirect_uri" { "direct_post" } else { "direct_post.jwt" };
        let more = json!({"client_id_prefix": prefix, "response_mode": mode});
        let asked = presents(&service, home, more).await;
        assert!(asked["client_id"].as_str().unwrap().starts_with(&format!("{prefix}:")), "{asked}");
    }
    // A name that was not given is refused, where it was asked for.
    let ask = json!({"query": "pid-name", "client_id_prefix": "verifier_attestation"});
    let (status, problem) = service.api(Method::POST, "/presentations", Some(ask)).await;
    assert_eq!((status, &problem["pointer"]), (422, &json!("/client_id_prefix")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verifier_is_a_did_that_is_made_of_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    for method in ["jwk", "key"] {
        let setting = format!("client_ids.decentralized_identifier.method = \"{method}\"");
        let service = service(&setting);
        wallet(&service, home).await;
        let by_did = json!({"client_id_prefix": "decentralized_identifier"});
        let asked = presents(&service, home, by_did.clone()).await;
        let did = asked["client_id"].as_str().unwrap().strip_prefix("decentralized_identifier:").unwrap();
        assert!(did.starts_with(&format!("did:{method}:")), "{did}");
        // Whoever trusts the DID needs no --allow-unknown.
        let asked = service.ask(json!([{"path": ["given_name"]}]), by_did).await;
        let present = ["wallet", "--home", home, "present", "--yes", asked["uri"].as_str().unwrap()];
        assert!(bad(1, &present).contains("trust"));
        good(&["wallet", "--home", home, "trust", "add", did]);
        good(&present);
        assert_eq!(state(&service, &asked).await, "verified");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attestations_about_the_verifier_are_in_each_request() {
    let service = Service::start_with("localhost", |folder, text| {
        fs::write(folder.join("registration.jwt"), "a.token\n").unwrap();
        text.replace(
            "[status]\n",
            "[[verifier.info]]\nformat = \"registration_cert\"\nfile = \"registration.jwt\"\n\n[status]\n",
        )
    });
    let asked = service
        .ask(
            json!([{"path": ["given_name"]}]),
            json!({"verifier_info": [{"format": "own", "data": {"a": 1}}]}),
        )
        .await;
    let request = Request::get(asked["request_uri"].as_str().unwrap()).body(Vec::new()).unwrap();
    let response = send(request).await.unwrap();
    let jwt = String::from_utf8(response.into_body()).unwrap();
    let claims = credenza::core::b64::decode(jwt.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(
        claims["verifier_info"],
        json!([{"format": "registration_cert", "data": "a.token"}, {"format": "own", "data": {"a": 1}}])
    );
}

/// A wallet of the library, over sockets of its own.
fn library_wallet(more: impl FnOnce(WalletBuilder) -> WalletBuilder) -> Wallet {
    let http = Arc::new(ReqwestHttp::new(AddressPolicy::Loopback));
    let wallet = Wallet::builder(http, Arc::new(Nobody), Arc::new(SystemClock), Arc::new(SystemRandom));
    more(wallet.addresses(AddressPolicy::Loopback)).build()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_knows_the_verifier_by_an_attestation() {
    let attester = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap().with_kid("a");
    let keys = JwkSet { keys: vec![attester.public_jwk().clone()] };
    let key = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap();
    let claims = json!({
        "iss": "https://attester.example", "sub": "shop", "cnf": {"jwk": Jwk::new(key.public_key()).to_value()},
        "iat": SystemClock.now().as_secs(), "exp": SystemClock.now().as_secs() + 3600,
    });
    let header = Header::signing(&attester, "verifier-attestation+jwt", IdentifiedBy::Kid);
    let attestation = jwt::sign(&attester, &header, &claims).await.unwrap();
    let service = Service::start_with("localhost", |folder, text| {
        fs::write(folder.join("attestation.jwt"), attestation).unwrap();
        credenza::keys::write_private(
            &folder.join("keys/requests.jwk"),
            key.to_private_jwk().expose().as_bytes(),
        )
        .unwrap();
        text.replace(
            "[status]\n",
            "[verifier.client_ids.verifier_attestation]\nattestation = \"attestation.jwt\"\n\
             key = \"keys/requests.jwk\"\n\n[status]\n",
        )
    });
    let more = json!({"client_id_prefix": "verifier_attestation"});
    let asked = service.ask(json!([{"path": ["given_name"]}]), more).await;
    assert_eq!(asked["client_id"], "verifier_attestation:shop");
    let attesters = PinnedKeys::new().with("https://attester.example", keys, &[Purpose::Verifier]);
    let wallet = library_wallet(|wallet| wallet.verifier_attesters(Arc::new(attesters)));
    let seen = wallet.resolve(asked["uri"].as_str().unwrap()).await.unwrap();
    assert!(matches!(seen.who().how, HowKnown::Trusted(_)), "{:?}", seen.who());
    // Where nobody is known who attests, it is refused.
    assert!(library_wallet(|wallet| wallet).resolve(asked["uri"].as_str().unwrap()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_knows_the_verifier_by_name() {
    let service = service("client_ids.pre_registered.client_id = \"shop\"");
    let more = json!({"client_id_prefix": "pre_registered", "response_mode": "direct_post"});
    let asked = service.ask(json!([{"path": ["given_name"]}]), more).await;
    assert_eq!(asked["client_id"], "shop");
    let own = fs::read_to_string(service.folder.path().join("keys/verifier.jwk")).unwrap();
    let own = SoftwareSigner::from_private_jwk(&own).unwrap();
    let response = format!("{}/openid4vp/response/{}", service.url, asked["request_id"].as_str().unwrap());
    let known = |key: Jwk| RegisteredVerifier {
        client_id: "shop".to_owned(),
        name: "The shop".to_owned(),
        request_keys: JwkSet { keys: vec![key] },
        uris: vec![response.clone()],
        ..RegisteredVerifier::default()
    };
    let link = asked["uri"].as_str().unwrap();
    let kid = Some(own.public_jwk().thumbprint_text());
    let right = known(Jwk { kid: kid.clone(), ..Jwk::new(own.public_key()) });
    let seen = library_wallet(|wallet| wallet.registered(right)).resolve(link).await.unwrap();
    assert_eq!(seen.who().name, "The shop");
    let other = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap();
    let wrong = known(Jwk { kid, ..Jwk::new(other.public_key()) });
    assert!(library_wallet(|wallet| wallet.registered(wrong)).resolve(link).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_entity_of_a_federation_describes_itself() {
    let service = Service::start_with("localhost", |_, text| {
        let line = text.lines().find(|line| line.starts_with("url = ")).unwrap().to_owned();
        text.replace(&line, "url = \"https://verifier.example\"").replace(
            "[status]\n",
            "[verifier.client_ids.openid_federation]\nauthority_hints = [\"https://anchor.example\"]\n\n[status]\n",
        )
    });
    let url = format!("{}/.well-known/openid-federation", service.url);
    let response = send(Request::get(url).body(Vec::new()).unwrap()).await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/entity-statement+jwt");
    let text = String::from_utf8(response.into_body()).unwrap();
    let statement = GivenStatement::parse(&text, SystemClock.now()).unwrap();
    assert!(statement.is_own());
    assert_eq!(statement.issuer(), "https://verifier.example");
    statement.verify_by(statement.keys()).unwrap();
    let claims = credenza::core::b64::decode(text.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["authority_hints"], json!(["https://anchor.example"]));
    let verifier = &claims["metadata"]["openid_credential_verifier"];
    assert_eq!(verifier["jwks"], claims["jwks"], "one key for both");
    assert!(verifier["vp_formats_supported"]["mso_mdoc"].is_object(), "{verifier}");
    let more = json!({"client_id_prefix": "openid_federation", "response_mode": "direct_post"});
    let asked = service.ask(json!([{"path": ["given_name"]}]), more).await;
    assert_eq!(asked["client_id"], "openid_federation:https://verifier.example");
}

/// What `credenza serve --check` says of a `[verifier]` that says more.
fn refused(verifier: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    good(&["init", "--dir", home, "--url", "https://shop.example"]);
    let signer = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap();
    fs::write(folder.path().join("other.jwk"), signer.to_private_jwk().expose()).unwrap();
    fs::write(folder.path().join("not-a.jwt"), format!("{}", SystemClock.now())).unwrap();
    let file = folder.path().join("credenza.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("[verifier]\n", &format!("[verifier]\n{verifier}\n"))).unwrap();
    bad(2, &["serve", "--check", "--config", file.to_str().unwrap()])
}

#[test]
fn a_name_that_can_not_be_is_explained() {
    for (verifier, setting) in [
        ("client_id_prefix = \"verifier_attestation\"", "verifier.client_id_prefix"),
        (
            "client_ids.verifier_attestation.attestation = \"not-a.jwt\"",
            "verifier.client_ids.verifier_attestation.attestation",
        ),
        (
            "client_ids.openid_federation.authority_hints = []",
            "verifier.client_ids.openid_federation.authority_hints",
        ),
        (
            "client_ids.pre_registered.client_id = \"redirect_uri:x\"",
            "verifier.client_ids.pre_registered.client_id",
        ),
        ("redirects = [\"javascript:alert(1)\"]", "verifier.redirects"),
        ("websites = [\"https://shop.example/\"]", "verifier.websites"),
        ("websites = [\"http://127.0.0.1:3000\"]", "verifier.websites"),
        ("retention = 0", "verifier.retention"),
        ("lifetime = 90000", "verifier.lifetime"),
    ] {
        let said = refused(verifier);
        assert!(said.contains(setting), "{verifier}: {said}");
    }
}
