//! What a wallet in the terminal is told about verifiers (`credenza wallet trust …`), each against a service that goes
//! by such a name: two processes, and for a federation an anchor between them.

use std::fs;
use std::path::Path;

use axum::Router;
use axum::extract::RawQuery;
use axum::response::IntoResponse;
use axum::routing::get;
use credenza::core::{AddressPolicy, Clock as _, Http as _, Limits as Bounds, SystemClock, SystemRandom};
use credenza::crypto::{Algorithm, Header, IdentifiedBy, Jwk, JwkSet, Signer as _, SoftwareSigner, jwt};
use credenza::http::ReqwestHttp;
use credenza::keys;
use credenza::server::{Limits, Tls, serve_tls};
use http::{Method, Request};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::tls_authority::Authority;
use crate::wallet_serve::Serving;
use crate::world::{Service, answer, bad, call, good, good_json, pid_request};

/// A service on `localhost`, whose `[verifier]` says more.
fn service(change: impl FnOnce(&Path) -> String) -> Service {
    Service::start_with("localhost", |folder, text| {
        let more = change(folder);
        text.replace("[verifier]\n", &format!("[verifier]\n{more}\n"))
    })
}

/// A wallet with the example's credential, that trusts nobody.
struct Holding(TempDir);

impl Holding {
    async fn of(service: &Service) -> Self {
        let holding = Self(tempfile::tempdir().unwrap());
        let offer = service.offer(json!({})).await;
        holding.wallet(&["accept", offer["uri"].as_str().unwrap(), "--yes"]);
        holding
    }

    fn home(&self) -> &str {
        self.0.path().to_str().unwrap()
    }

    fn file(&self, name: &str, content: &Value) -> String {
        let file = self.0.path().join(name);
        fs::write(&file, content.to_string()).unwrap();
        file.to_str().unwrap().to_owned()
    }

    fn arguments<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        [&["wallet", "--home", self.home()][..], more].concat()
    }

    fn wallet(&self, more: &[&str]) -> String {
        good(&self.arguments(more))
    }

    fn refuses(&self, asked: &Value) -> String {
        bad(1, &self.arguments(&["present", "--yes", asked["uri"].as_str().unwrap()]))
    }

    fn presents(&self, asked: &Value) {
        self.wallet(&["present", "--yes", asked["uri"].as_str().unwrap()]);
    }
}

async fn asked(service: &Service, more: Value) -> Value {
    service.ask(json!([{"path": ["given_name"]}]), more).await
}

async fn state(service: &Service, created: &Value) -> Value {
    let path = format!("/presentations/{}", created["id"].as_str().unwrap());
    service.api(Method::GET, &path, None).await.1["state"].clone()
}

fn key() -> SoftwareSigner {
    SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap()
}

fn key_set(signer: &SoftwareSigner) -> Value {
    serde_json::to_value(JwkSet { keys: vec![signer.public_jwk().clone()] }).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verifier_is_known_by_those_who_attest_it() {
    let (attester, stranger) = (key().with_kid("a"), key().with_kid("a"));
    let verifier = key();
    let now = SystemClock.now().as_secs();
    let claims = json!({
        "iss": "https://attester.example", "sub": "shop", "iat": now, "exp": now + 3600,
        "cnf": {"jwk": Jwk::new(verifier.public_key()).to_value()},
    });
    let header = Header::signing(&attester, "verifier-attestation+jwt", IdentifiedBy::Kid);
    let attestation = jwt::sign(&attester, &header, &claims).await.unwrap();
    let service = service(|folder| {
        fs::write(folder.join("attestation.jwt"), attestation).unwrap();
        let private = verifier.to_private_jwk();
        keys::write_private(&folder.join("keys/requests.jwk"), private.expose().as_bytes()).unwrap();
        "client_ids.verifier_attestation = { attestation = \"attestation.jwt\", key = \"keys/requests.jwk\" }"
            .to_owned()
    });
    let wallet = Holding::of(&service).await;
    let ask = || asked(&service, json!({"client_id_prefix": "verifier_attestation"}));
    let created = ask().await;
    wallet.refuses(&created);
    // Somebody else of that name is nobody.
    let others = wallet.file("others.json", &key_set(&stranger));
    wallet.wallet(&["trust", "attester", "https://attester.example", &others]);
    wallet.refuses(&ask().await);
    let right = wallet.file("keys.json", &key_set(&attester));
    wallet.wallet(&["trust", "attester", "https://attester.example", &right]);
    let listed = good_json(&wallet.arguments(&["--json", "trust", "list"]));
    assert_eq!(listed, json!([{"name": "https://attester.example", "subject": "attests verifiers"}]));
    let created = ask().await;
    wallet.presents(&created);
    assert_eq!(state(&service, &created).await, "verified");
    wallet.wallet(&["trust", "remove", "https://attester.example"]);
    wallet.refuses(&ask().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verifier_is_known_by_a_name_that_was_agreed() {
    let service = service(|_| "client_ids.pre_registered.client_id = \"shop\"".to_owned());
    let wallet = Holding::of(&service).await;
    let more = json!({"client_id_prefix": "pre_registered", "response_mode": "direct_post"});
    let ask = || asked(&service, more.clone());
    wallet.refuses(&ask().await);
    let own = fs::read_to_string(service.folder.path().join("keys/verifier.jwk")).unwrap();
    let own = SoftwareSigner::from_private_jwk(&own).unwrap();
    let kid = Some(own.public_jwk().thumbprint_text());
    let keys = json!({"keys": [Jwk { kid, ..Jwk::new(own.public_key()) }.to_value()]});
    let keys = wallet.file("keys.json", &keys);
    let known = ["trust", "verifier", "shop", "--name", "The shop", "--keys", &keys, "--uri"];
    // It sends answers elsewhere than was agreed.
    wallet.wallet(&[&known[..], &["https://shop.example/*"]].concat());
    wallet.refuses(&ask().await);
    let place = format!("{}/openid4vp/response/*", service.url);
    wallet.wallet(&[&known[..], &[&place]].concat());
    let created = ask().await;
    wallet.presents(&created);
    assert_eq!(state(&service, &created).await, "verified");
    // What can't be is not written.
    let wrong = ["trust", "verifier", "redirect_uri:x", "--uri", "https://shop.example/*"];
    assert!(bad(2, &wallet.arguments(&wrong)).contains("has no prefix"));
    assert!(
        bad(2, &wallet.arguments(&["trust", "attester", "x", &wallet.file("no.json", &json!({"keys": []}))]))
            .contains("no key")
    );
    let scope = wallet.file("scope.json", &json!({"credentials": []}));
    bad(2, &wallet.arguments(&["trust", "scope", "names", &scope]));
    bad(2, &wallet.arguments(&["trust", "anchor", "http://anchor.example", &keys]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_is_known_by_its_scope() {
    let service = service(|_| String::new());
    let wallet = Holding::of(&service).await;
    wallet.wallet(&["trust", "add", service.root().to_str().unwrap()]);
    let dcql = pid_request(&json!([{"path": ["given_name"]}]), &json!({}))["dcql_query"].clone();
    let stored = json!({"name": "Names", "scope": "com.example.names", "dcql_query": dcql});
    let (status, problem) = service.api(Method::PUT, "/queries/names", Some(stored)).await;
    assert!(status < 300, "{status} {problem}");
    let ask = async || {
        let (status, created) =
            service.api(Method::POST, "/presentations", Some(json!({"scope": "com.example.names"}))).await;
        assert_eq!(status, 201, "{created}");
        created
    };
    wallet.refuses(&ask().await);
    let file = wallet.file("names.json", &dcql);
    wallet.wallet(&["trust", "scope", "com.example.names", &file]);
    let created = ask().await;
    wallet.presents(&created);
    assert_eq!(state(&service, &created).await, "verified");
}

/// What a server needs of an authority.
fn tls(authority: &Authority) -> Tls {
    let read = |name| fs::read(authority.folder.path().join(name)).unwrap();
    Tls::from_pem(&read("certificate.pem"), &read("key.pem")).unwrap()
}

/// A trust anchor that vouches for whoever asks for a statement about an entity: with the keys that it was told.
async fn anchor(authority: &Authority, signer: SoftwareSigner, subject: (String, Value)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let name = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let now = SystemClock.now().as_secs();
    let statement = async |claims: Value| {
        let mut claims = claims;
        claims["iat"] = now.into();
        claims["exp"] = (now + 3600).into();
        let header = Header::signing(&signer, "entity-statement+jwt", IdentifiedBy::Kid);
        jwt::sign(&signer, &header, &claims).await.unwrap()
    };
    let own = statement(json!({
        "iss": name, "sub": name, "jwks": key_set(&signer),
        "metadata": {"federation_entity": {"federation_fetch_endpoint": format!("{name}/fetch")}},
    }));
    let (entity, keys) = subject;
    let about = statement(json!({"iss": name, "sub": entity, "jwks": keys}));
    let (own, about) = (own.await, about.await);
    let said = |text: String| async move {
        ([("content-type", "application/entity-statement+jwt")], text).into_response()
    };
    let router = Router::new().route("/.well-known/openid-federation", get(move || said(own))).route(
        "/fetch",
        get(move |RawQuery(query): RawQuery| {
            assert!(query.unwrap_or_default().starts_with("sub=https"));
            said(about)
        }),
    );
    let tls = tls(authority);
    tokio::spawn(
        async move { serve_tls(listener, tls, router, Limits::default(), std::future::pending()).await },
    );
    name
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verifier_is_known_by_its_federation() {
    let authority = Authority::new();
    let issuing = Service::start();
    let wallet = Holding::of(&issuing).await;
    // The anchor knows the verifier by its key before the verifier is there.
    let port = crate::world::free_port();
    let entity = format!("https://localhost:{port}");
    let (own, high) = (key(), key().with_kid("anchor"));
    let public = Jwk { kid: Some(own.public_jwk().thumbprint_text()), ..Jwk::new(own.public_key()) };
    let high_keys = key_set(&high);
    let name = anchor(&authority, high, (entity.clone(), json!({"keys": [public.to_value()]}))).await;
    let verifying = Service::start_with("localhost", |folder, text| {
        keys::write_private(&folder.join("keys/entity.jwk"), own.to_private_jwk().expose().as_bytes())
            .unwrap();
        let line = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap().to_owned();
        text.replace(&line("url = "), &format!("url = \"{entity}\""))
            .replace(&line("listen = "), &format!("listen = \"127.0.0.1:{port}\""))
            .replace(
                &line("trusted_issuers = "),
                &format!("trusted_issuers = [{:?}]", issuing.root().to_str().unwrap()),
            )
            .replace(
                "[verifier]\n",
                &format!(
                    "[tls]\ncertificate = {:?}\nkey = {:?}\n\n[verifier]\n\
                     client_ids.openid_federation = {{ authority_hints = [\"{name}\"], name = \"The shop\", \
                     key = \"keys/entity.jwk\" }}\n",
                    authority.file("certificate.pem"),
                    authority.file("key.pem")
                ),
            )
    });
    let http = ReqwestHttp::new(AddressPolicy::Loopback).with_roots(vec![authority.root.clone()]);
    let api = async |method: Method, path: &str, body: Option<Value>| {
        let request = call(&entity, &verifying.token, method, path, body);
        answer(&http.send(request, Bounds::default()).await.unwrap())
    };
    let ask = async || {
        let more = json!({"client_id_prefix": "openid_federation", "response_mode": "direct_post"});
        let ask = pid_request(&json!([{"path": ["given_name"]}]), &more);
        let (status, created) = api(Method::POST, "/presentations", Some(ask)).await;
        assert_eq!(
            (status, &created["client_id"]),
            (201, &json!(format!("openid_federation:{entity}"))),
            "{created}"
        );
        created
    };
    let answers = async |created: &Value| {
        let serving = Serving::start(wallet.home(), &["--trusted-roots", &authority.file("root.pem")]);
        let query = created["wallet_query"].as_str().unwrap();
        let request = Request::get(format!("{}/authorize?{query}", serving.url)).body(Vec::new()).unwrap();
        let response = http.send(request, Bounds::default()).await.unwrap();
        (response.status().as_u16(), String::from_utf8(response.into_body()).unwrap())
    };
    let (status, page) = answers(&ask().await).await;
    assert!(status == 400 && page.contains("no federation is known here"), "{page}");
    // An anchor of that name with another key is not it.
    let other = wallet.file("other.json", &key_set(&key().with_kid("anchor")));
    wallet.wallet(&["trust", "anchor", &name, &other]);
    assert_eq!(answers(&ask().await).await.0, 400);
    let right = wallet.file("anchor.json", &high_keys);
    wallet.wallet(&["trust", "anchor", &name, &right]);
    let created = ask().await;
    let (status, page) = answers(&created).await;
    assert_eq!(status, 200, "{page}");
    let session = format!("/presentations/{}", created["id"].as_str().unwrap());
    assert_eq!(api(Method::GET, &session, None).await.1["state"], "verified");
}
