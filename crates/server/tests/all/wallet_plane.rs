//! The wallet plane: real wallets over the router, and what no wallet should send.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use credenza_core::{Answer, Random};
use credenza_crypto::{Algorithm, SignError, Signer, SoftwareSigner};
use credenza_formats::held::HeldCredential;
use credenza_vci::wallet::{HolderKeys, Opened, Policy, Wallet as Receiving};
use credenza_vp::Wallet as Presenting;
use credenza_vp::wallet::{Choice, Holding};
use http::{Method, Request};
use serde_json::{Value, json};

use crate::world::{TOKEN, Wanted, World, ada};
use crate::{fixed, fixed_with};

/// Keys of a wallet, in memory.
pub(crate) struct Keys {
    random: Arc<dyn Random>,
    made: Mutex<HashMap<String, Arc<dyn Signer>>>,
}

impl Keys {
    pub(crate) fn fresh(world: &World) -> Arc<Self> {
        Arc::new(Self { random: world.random.clone(), made: Mutex::default() })
    }

    pub(crate) fn find(&self, thumbprint: &str) -> Arc<dyn Signer> {
        self.made.lock().unwrap()[thumbprint].clone()
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

/// Makes an offer over the admin plane.
pub(crate) async fn offer(world: &World, body: Value) -> Value {
    let got = world.admin(Method::POST, "/api/v1/offers", Some(body)).await;
    assert_eq!(got.status, 201, "{}", got.text());
    got.json()
}

/// Receives an offer with a real wallet.
pub(crate) async fn receive(world: &World, offer: &Value) -> (Vec<HeldCredential>, Arc<Keys>) {
    let keys = Arc::new(Keys { random: world.random.clone(), made: Mutex::default() });
    let wallet = Receiving::new(world.network(), keys.clone())
        .with_clock(world.clock.clone())
        .with_random(world.random.clone())
        .with_trust(world.trust.clone())
        .with_policy(Policy { copies: 3, ..Policy::default() });
    let opened = wallet.open(offer["uri"].as_str().unwrap()).await.unwrap();
    let ready = match opened {
        Opened::Ready(ready) => ready,
        Opened::NeedsTxCode(waiting) => waiting.tx_code(offer["tx_code"].as_str().unwrap()).unwrap(),
        Opened::NeedsAuthorization(_) => panic!("the offer has a code"),
    };
    let received = ready.accept().await.unwrap();
    (received.credentials, keys)
}

/// Answers a request with a real wallet. Where the browser has to go.
pub(crate) async fn present(world: &World, link: &str, held: &HeldCredential, keys: &Keys) -> Option<String> {
    try_present(world, link, held, keys).await.unwrap()
}

/// As [`present`], when it may be refused.
pub(crate) async fn try_present(
    world: &World,
    link: &str,
    held: &HeldCredential,
    keys: &Keys,
) -> Result<Option<String>, String> {
    let network = world.network();
    let wallet =
        Presenting::builder(network, world.trust.clone(), world.clock.clone(), world.random.clone()).build();
    let asked = wallet.resolve(link).await.unwrap();
    let holdings = [Holding::new(held).unwrap()];
    let (query, disclose) = {
        let matches = asked.matches(&holdings);
        let proposals = matches.proposals();
        (proposals[0].id.to_owned(), proposals[0].disclose.to_vec())
    };
    let key = keys.find(held.key_thumbprint.as_ref().unwrap());
    let choice = Choice {
        query_id: &query,
        holding: &holdings[0],
        disclose: &disclose,
        signer: Some(&*key),
        device_key: None,
    };
    let answered = asked.answer(&wallet, &[choice]).await.map_err(|error| error.to_string())?;
    Ok(answered.redirect_uri.map(String::from))
}

async fn whole_way(world: &World, prefix: &str) {
    let body = json!({"credentials": [{"type": "pid", "claims": ada()}], "tx_code": true});
    let made = offer(world, body).await;
    let (held, keys) = receive(world, &made).await;
    assert_eq!(held.len(), 3);
    let offers = format!("{prefix}/api/v1/offers/{}", made["id"].as_str().unwrap());
    let state = world.admin(Method::GET, &offers, None).await.json();
    assert!(["issued", "acknowledged"].contains(&state["state"].as_str().unwrap()), "{state}");

    let request = json!({"query_id": "adult", "request_uri_method": "post"});
    let made =
        world.admin(Method::POST, &format!("{prefix}/api/v1/presentations"), Some(request)).await.json();
    assert_eq!(present(world, made["uri"].as_str().unwrap(), &held[0], &keys).await, None);
    let path = format!("{prefix}/api/v1/presentations/{}", made["id"].as_str().unwrap());
    let shown = world.admin(Method::GET, &path, None).await.json();
    assert_eq!(
        (&shown["state"], &shown["presentations"][0]["claims"]["given_name"]),
        (&json!("verified"), &json!("Ada"))
    );
    let result = world.admin(Method::POST, &format!("{path}/result"), Some(json!({}))).await.json();
    let claims = &result["presentations"][0]["claims"];
    assert_eq!((&claims["given_name"], &claims["age_over_18"]), (&json!("Ada"), &json!(true)));
    assert!(claims.get("family_name").is_none());
    let report = world.admin(Method::GET, &format!("{path}/report"), None).await.json();
    assert_eq!(report["ok"], true, "{report:#}");
}

// Clauses: VCI-4.1.3-03, VCI-8.3-01, VCI-8.3-06, VP-8.2-11
#[tokio::test]
async fn the_whole_way_over_http() {
    whole_way(&fixed(), "").await;
}

// Clauses: VCI-12.2.2-01, VCI-12.2.2-06, VCI-12.2.4-02,
// ASM-3.2-01, ASM-3.1-01
// Checks: ISS-001, ISS-003, ISS-008, ISS-010, ISS-038, AS-001, AS-003
#[tokio::test]
async fn an_issuer_with_a_path_has_its_metadata_at_the_root_of_the_host() {
    let world = fixed_with(Wanted { base: "https://service.example/tenant", ..Wanted::default() });
    for name in ["openid-credential-issuer", "oauth-authorization-server"] {
        let got = world.get(&format!("/.well-known/{name}/tenant")).await;
        assert_eq!(got.status, 200, "{name}");
        assert_eq!(got.header("content-type"), "application/json");
        let json = got.json();
        let identifier = json.get("credential_issuer").or(json.get("issuer")).unwrap();
        assert_eq!(identifier, "https://service.example/tenant");
    }
    assert_eq!(world.get("/tenant/healthz").await.status, 200);
    assert!(world.get("/tenant/").await.text().contains("href=\"/tenant/issue\""));
    let wrong = world.get("/tenant/nothing").await;
    assert_eq!(wrong.status, 404);
}

#[tokio::test]
async fn h14_the_same_device_comes_back_with_a_code_that_is_good_once() {
    let world = fixed();
    let (held, keys) =
        receive(&world, &offer(&world, json!({"credentials": [{"type": "pid", "claims": ada()}]})).await)
            .await;
    let request = json!({"query_id": "adult", "redirect_uri": "https://service.example/shop?response_code={RESPONSE_CODE}"});
    let made = world.admin(Method::POST, "/api/v1/presentations", Some(request)).await.json();
    let back = present(&world, made["uri"].as_str().unwrap(), &held[0], &keys).await.unwrap();
    let code = back.split_once("response_code=").unwrap().1;
    let path = format!("/api/v1/presentations/{}/result", made["id"].as_str().unwrap());
    let shown = world.admin(Method::GET, path.trim_end_matches("/result"), None).await.json();
    assert_eq!((&shown["state"], shown.get("presentations")), (&json!("verified"), None));
    let ask = async |body| world.admin(Method::POST, &path, Some(body)).await.status.as_u16();
    assert_eq!(ask(json!({})).await, 409);
    assert_eq!(ask(json!({"response_code": "wrong"})).await, 409);
    assert_eq!(ask(json!({"response_code": code})).await, 200);
    assert_eq!(ask(json!({"response_code": code})).await, 409);
}

fn error(got: &crate::world::Got) -> (u16, String) {
    assert_eq!(got.header("content-type"), "application/json", "{}", got.text());
    assert_eq!(got.header("cache-control"), "no-store");
    (got.status.as_u16(), got.json()["error"].as_str().unwrap_or_default().to_owned())
}

// Clauses: VCI-8.2-21, VP-5.10-01, VP-8.2-01
#[tokio::test]
async fn a34_other_content_types_are_refused_by_every_endpoint() {
    let world = fixed();
    for (path, wrong) in [
        ("/token", "application/json"),
        ("/credential", "application/x-www-form-urlencoded"),
        ("/notification", "text/plain"),
        ("/openid4vp/response/abc", "application/json"),
        ("/openid4vp/request/abc", "multipart/form-data; boundary=x"),
    ] {
        assert_eq!(error(&world.post(path, wrong, "{}").await), (415, "invalid_request".into()), "{path}");
        let too_large = world.post(path, wrong, vec![b'a'; 300 * 1024]).await;
        assert_eq!(error(&too_large), (413, "invalid_request".into()), "{path}");
        let wrong_method = world.send(Request::put(path).body(Body::empty()).unwrap()).await;
        assert_eq!(error(&wrong_method), (405, "invalid_request".into()), "{path}");
        assert!(!wrong_method.header("allow").is_empty());
    }
    assert_eq!(error(&world.get("/nothing").await).0, 404);
}

// Checks: ISS-065
#[tokio::test]
async fn a24_an_access_token_in_the_query_is_refused() {
    let world = fixed();
    for path in ["/credential?access_token=abc", "/notification?x=1&access_token=abc"] {
        let got = world.post(path, "application/json", "{}").await;
        assert_eq!(error(&got), (400, "invalid_request".into()), "{path}");
    }
}

#[tokio::test]
async fn a25_the_admin_token_is_no_access_token() {
    let world = fixed();
    let request = Request::post("/credential")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {TOKEN}"))
        .body(Body::from("{}"))
        .unwrap();
    let got = world.send(request).await;
    assert_eq!(got.status, 401);
    assert!(got.header("www-authenticate").contains("invalid_token"));
    let nothing = world.post("/credential", "application/json", "{}").await;
    assert_eq!(nothing.status, 401);
    assert!(!nothing.header("www-authenticate").is_empty());
}

// Clauses: VP-5.10.1-01
#[tokio::test]
async fn a_request_object_has_its_media_type_and_unknown_ones_are_not_found() {
    let world = fixed();
    let made =
        world.admin(Method::POST, "/api/v1/presentations", Some(json!({"query_id": "adult"}))).await.json();
    let path = made["request_uri"].as_str().unwrap().strip_prefix("https://service.example").unwrap();
    let got = world.get(path).await;
    assert_eq!(got.header("content-type"), "application/oauth-authz-req+jwt");
    assert_eq!(got.header("cache-control"), "no-store");
    assert_eq!(world.get("/openid4vp/request/unknown").await.status, 404);
    let answer =
        world.post("/openid4vp/response/unknown", "application/x-www-form-urlencoded", "vp_token=x").await;
    assert_eq!(error(&answer), (400, "invalid_request".into()));
}

// Clauses: VCI-4.1.1-14
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn q01_fifty_clients_race_one_code_and_one_wins() {
    let world = Arc::new(fixed());
    let made = offer(&world, json!({"credentials": [{"type": "pid", "claims": ada()}]})).await;
    let handle = made["offer_uri"].as_str().unwrap().strip_prefix("https://service.example").unwrap();
    let offer = world.get(handle).await.json();
    let grants = offer["grants"].as_object().unwrap();
    let code = grants.values().next().unwrap()["pre-authorized_code"].as_str().unwrap();
    let grant = "urn:ietf:params:oauth:grant-type:pre-authorized_code";
    let form = credenza_oauth::form::encode(&[("grant_type", grant), ("pre-authorized_code", code)]);
    let clients: Vec<_> = (0..50)
        .map(|_| {
            let (world, form) = (world.clone(), form.clone());
            let post = async move { world.post("/token", "application/x-www-form-urlencoded", form).await };
            tokio::spawn(post)
        })
        .collect();
    let mut winners = 0;
    for client in clients {
        let got = client.await.unwrap();
        assert_eq!(got.header("cache-control"), "no-store");
        match got.status.as_u16() {
            200 => winners += 1,
            _ => assert_eq!(error(&got), (400, "invalid_grant".into())),
        }
    }
    assert_eq!(winners, 1);
}
