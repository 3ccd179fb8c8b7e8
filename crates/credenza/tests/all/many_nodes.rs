//! Several nodes over one database behave as one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use credenza::core::{AddressPolicy, Clock as _, Http as _, Limits, SystemClock, SystemRandom, b64};
use credenza::crypto::{Algorithm, Header, IdentifiedBy, SoftwareSigner, jwt};
use credenza::formats::status_list::{EncodedList, Status, StatusBits};
use credenza::http::ReqwestHttp;
use credenza::wallet::default_choices;
use credenza::wallet::vault::MemoryVault;
use http::{Method, Request};
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::nodes::{Nodes, holder};
use crate::signing_in::{self, CALLBACK, VERIFIER};
use crate::world::{answer, code, form, redeem};

const CLIENTS: usize = 50;

/// Sends each request at the same moment; hands out the answers.
async fn race(requests: Vec<Request<Vec<u8>>>) -> Vec<(u16, Value)> {
    let start = Arc::new(Barrier::new(requests.len()));
    let http = Arc::new(ReqwestHttp::new(AddressPolicy::Loopback));
    let clients: Vec<_> = requests
        .into_iter()
        .map(|request| {
            let (start, http) = (Arc::clone(&start), Arc::clone(&http));
            tokio::spawn(async move {
                start.wait().await;
                answer(&http.send(request, Limits::default()).await.unwrap())
            })
        })
        .collect();
    let mut answers = Vec::new();
    for client in clients {
        answers.push(client.await.unwrap());
    }
    answers
}

/// The one answer that is a success; nobody else's is the service's fault.
fn winner(what: &str, answers: Vec<(u16, Value)>) -> Value {
    assert!(answers.iter().all(|(status, _)| *status < 500), "{what}: {answers:?}");
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(status, _)| *status == 200);
    assert_eq!(won.len(), 1, "{what}: {won:?} {lost:?}");
    won.into_iter().next().unwrap().1
}

/// The same from many clients, in turns to all nodes.
fn from_many(request: impl Fn(usize) -> Request<Vec<u8>>) -> Vec<Request<Vec<u8>>> {
    (0..CLIENTS).map(request).collect()
}

// A flow that begins on one node goes on with the others, request by request.
#[tokio::test(flavor = "multi_thread")]
async fn flows_wander_between_the_nodes() {
    let Some(nodes) = Nodes::start(3) else { return };
    let vault: Arc<MemoryVault> = Arc::default();
    let wallet = holder(nodes.spread(), vault);
    for begin in 0..3 {
        let offer = nodes.offer(begin, json!({"tx_code": true})).await;
        let shown = wallet.open_offer(offer["uri"].as_str().unwrap()).await.unwrap();
        wallet.accept_offer(&shown.id, offer["tx_code"].as_str()).await.unwrap();
        let path = format!("/offers/{}", offer["id"].as_str().unwrap());
        let asked = nodes.ask(begin, json!({})).await;
        let consent = wallet.open_request(asked["uri"].as_str().unwrap()).await.unwrap();
        wallet.answer_request(&consent.id, &default_choices(&consent)).await.unwrap();
        for node in 0..3 {
            let (_, session) = nodes.api(node, Method::GET, &path, None).await;
            assert_eq!(session["state"], "acknowledged");
            let path = format!("/presentations/{}", asked["id"].as_str().unwrap());
            let (_, session) = nodes.api(node, Method::GET, &path, None).await;
            assert_eq!(session["state"], "verified", "{session}");
            let (status, story) =
                nodes.api(node, Method::GET, &format!("{path}/events?format=json"), None).await;
            assert_eq!((status, &story["ended"]), (200, &json!(true)));
        }
    }
    one_list_for_all(&nodes).await;
}

/// What a node says about a credential's place in the list of status tokens.
async fn listed(nodes: &Nodes, node: usize, place: &Value) -> (Vec<u8>, Status) {
    let uri = place["uri"].as_str().unwrap().replacen(&nodes.url, nodes.node(node), 1);
    let response = nodes.send(Request::get(uri).body(Vec::new()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    let token = response.into_body();
    let claims = std::str::from_utf8(&token).unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&b64::decode(claims).unwrap()).unwrap();
    let list =
        EncodedList::from_base64url(StatusBits::Two, claims["status_list"]["lst"].as_str().unwrap()).unwrap();
    let list = list.decode(1 << 24).unwrap();
    (token, list.get(place["index"].as_u64().unwrap()).unwrap())
}

/// A list is signed once for all nodes, and a revocation at one of them is seen at every other.
async fn one_list_for_all(nodes: &Nodes) {
    let (_, page) = nodes.api(0, Method::GET, "/credentials", None).await;
    let credential = &page["credentials"][0];
    let place = &credential["places"][0];
    let (first, status) = listed(nodes, 0, place).await;
    assert_eq!(status, Status::Valid);
    for node in 1..3 {
        assert!(listed(nodes, node, place).await.0 == first, "signed once");
    }
    let path = format!("/credentials/{}", credential["id"].as_str().unwrap());
    let (status, answer) = nodes.api(0, Method::PATCH, &path, Some(json!({"status": "revoked"}))).await;
    assert_eq!(status, 200, "{answer}");
    let revoked = Instant::now();
    let (published, _) = listed(nodes, 0, place).await;
    for node in 1..3 {
        while listed(nodes, node, place).await != (published.clone(), Status::Invalid) {
            assert!(revoked.elapsed() < Duration::from_secs(12), "node {node} does not see it");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

// Q01: each single-use value, raced by many clients over all nodes, has one winner; and is used afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn q01_what_is_good_once_is_good_once_for_all_nodes() {
    let Some(nodes) = Nodes::start(3) else { return };
    each_is_good_once(&nodes).await;
}

// Q04: the same with sessions in Redis, which is flushed, and killed: what was used stays used, and the service goes on.
#[tokio::test(flavor = "multi_thread")]
async fn q01_what_is_good_once_is_good_once_over_redis() {
    let Some(mut nodes) = Nodes::start_with_redis(3) else { return };
    each_is_good_once(&nodes).await;
    let [used, unused] = [0, 1].map(|node| nodes.offer(node, json!({"delivery": "by_value"})));
    let (used, unused) = (code(&used.await), code(&unused.await));
    assert_eq!(answer(&nodes.send(redeem(nodes.node(1), &used)).await.unwrap()).0, 200);
    nodes.sessions.as_ref().unwrap().flush();
    for node in 0..3 {
        for code in [&used, &unused] {
            let (status, body) = answer(&nodes.send(redeem(nodes.node(node), code)).await.unwrap());
            assert_eq!((status, &body["error"]), (400, &json!("invalid_grant")), "{body}");
        }
    }
    let fresh = code(&nodes.offer(2, json!({"delivery": "by_value"})).await);
    nodes.sessions.as_mut().unwrap().kill();
    assert_eq!(answer(&nodes.send(redeem(nodes.node(0), &fresh)).await.unwrap()).0, 503);
    nodes.sessions.as_mut().unwrap().restart();
    for node in 0..3 {
        let ready = || Request::get(format!("{}/readyz", nodes.node(node))).body(Vec::new()).unwrap();
        while nodes.send(ready()).await.unwrap().status() != 200 {
            tokio::task::yield_now().await;
        }
    }
    let fresh = code(&nodes.offer(2, json!({"delivery": "by_value"})).await);
    assert_eq!(answer(&nodes.send(redeem(nodes.node(0), &fresh)).await.unwrap()).0, 200);
}

async fn each_is_good_once(nodes: &Nodes) {
    let offer = nodes.offer(0, json!({"delivery": "by_value"})).await;
    let pre_authorized = code(&offer);
    let redeeming = || from_many(|client| redeem(nodes.node(client), &pre_authorized));
    let token = winner("pre-authorized code", race(redeeming()).await);
    let again = race(redeeming()).await;
    assert!(again.iter().all(|(_, body)| body["error"] == "invalid_grant"), "{again:?}");
    nonces(nodes, &token).await;

    let granted = signing_in::code(nodes).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "wallet"),
        ("code", &granted),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let by_code = from_many(|client| form(&format!("{}/token", nodes.node(client)), &fields));
    winner("authorization code", race(by_code).await);

    // Racing a code ends its grant: a refresh token comes from another one.
    let granted = signing_in::code(nodes).await;
    let fields = fields.map(|(name, value)| (name, if name == "code" { &granted } else { value }));
    let token = answer(&nodes.send(form(&format!("{}/token", nodes.node(1)), &fields)).await.unwrap()).1;
    let refresh = token["refresh_token"].as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("client_id", "wallet"), ("refresh_token", refresh)];
    let refreshing = from_many(|client| form(&format!("{}/token", nodes.node(client)), &fields));
    winner("refresh token", race(refreshing).await);

    presentations(nodes).await;
}

/// Each client proves another key, with one nonce.
async fn nonces(nodes: &Nodes, token: &Value) {
    let endpoint = format!("{}/nonce", nodes.node(2));
    let nonce = answer(&nodes.send(Request::post(endpoint).body(Vec::new()).unwrap()).await.unwrap()).1;
    let mut requests = Vec::new();
    for client in 0..CLIENTS {
        let key = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap();
        let header = Header::signing(&key, "openid4vci-proof+jwt", IdentifiedBy::Jwk);
        let claims = json!({"aud": nodes.url, "iat": SystemClock.now().as_secs(), "nonce": nonce["c_nonce"]});
        let proof = jwt::sign(&key, &header, &claims).await.unwrap();
        let body = json!({"credential_configuration_id": "pid", "proofs": {"jwt": [proof]}});
        let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
        let request = Request::post(format!("{}/credential", nodes.node(client)))
            .header("authorization", bearer)
            .header("content-type", "application/json");
        requests.push(request.body(body.to_string().into_bytes()).unwrap());
    }
    winner("nonce", race(requests).await);
}

/// A wallet's response, and the code by which the browser comes back.
async fn presentations(nodes: &Nodes) {
    let vault: Arc<MemoryVault> = Arc::default();
    let receiver = holder(nodes.spread(), Arc::clone(&vault));
    let offer = nodes.offer(1, json!({})).await;
    let shown = receiver.open_offer(offer["uri"].as_str().unwrap()).await.unwrap();
    receiver.accept_offer(&shown.id, None).await.unwrap();

    let back = format!("{}/done", nodes.url);
    let asked = nodes.ask(2, json!({"redirect_uri": back})).await;
    let held = nodes.holding("/openid4vp/response/");
    let presenter = holder(Arc::clone(&held) as _, vault);
    let consent = presenter.open_request(asked["uri"].as_str().unwrap()).await.unwrap();
    presenter.answer_request(&consent.id, &default_choices(&consent)).await.unwrap();
    let response = held.kept();
    let answered = winner("response", race(from_many(|_| held.to_next(response.clone()))).await);
    let back: url::Url = answered["redirect_uri"].as_str().unwrap().parse().unwrap();
    let (_, response_code) = back.query_pairs().find(|(name, _)| name == "response_code").unwrap();
    let path = format!("/presentations/{}/result", asked["id"].as_str().unwrap());
    let wanted = json!({"response_code": response_code});
    let results = from_many(|client| nodes.call(client, Method::POST, &path, Some(wanted.clone())));
    let result = winner("response_code", race(results).await);
    assert_eq!(result["presentations"][0]["claims"]["given_name"], "Erika");
}
