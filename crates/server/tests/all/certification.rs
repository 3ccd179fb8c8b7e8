//! What the certification suite looks at in the HTTP itself, over a socket.

use std::time::Duration;

use axum::body::Body;
use credenza_core::{Clock as _, SystemClock, UnixTime, id};
use credenza_crypto::{Algorithm, Header, IdentifiedBy, Signer, SoftwareSigner, jwt};
use credenza_oauth::dpop::{self, ProofRequest};
use credenza_server::Limits;
use http::Request;
use serde_json::{Value, json};

use crate::fixed;
use crate::listener::{raw, run};
use crate::wallet_plane::offer;
use crate::world::{Got, World, ada};

const CREDENTIAL: &str = "https://service.example/credential";

async fn proof(world: &World, key: &dyn Signer, url: &str, token: Option<&str>) -> String {
    let now = world.clock.now();
    let request = ProofRequest { method: "POST", url, now, access_token: token, nonce: None };
    dpop::prove(key, &*world.random, &request).await.unwrap()
}

/// A token that is bound to this key.
async fn token(world: &World, key: &dyn Signer) -> String {
    let made = offer(world, json!({"credentials": [{"type": "pid", "claims": ada()}]})).await;
    let path = made["offer_uri"].as_str().unwrap().strip_prefix("https://service.example").unwrap();
    let object = world.get(path).await.json();
    let grants = object["grants"].as_object().unwrap();
    let (grant, parameters) = grants.iter().next().unwrap();
    let code = parameters["pre-authorized_code"].as_str().unwrap();
    let form = credenza_oauth::form::encode(&[("grant_type", grant), ("pre-authorized_code", code)]);
    let request = Request::post("/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("dpop", proof(world, key, "https://service.example/token", None).await)
        .body(Body::from(form));
    let granted = world.send(request.unwrap()).await;
    assert_eq!(granted.status, 200, "{}", granted.text());
    granted.json()["access_token"].as_str().unwrap().to_owned()
}

async fn nonce(world: &World) -> Got {
    world.send(Request::post("/nonce").body(Body::empty()).unwrap()).await
}

async fn request(world: &World) -> String {
    let key = SoftwareSigner::generate(Algorithm::Es256, &*world.random).unwrap();
    let nonce = nonce(world).await.json()["c_nonce"].clone();
    let claims = json!({"aud": "https://service.example", "iat": world.clock.now(), "nonce": nonce});
    let header = Header::signing(&key, "openid4vci-proof+jwt", IdentifiedBy::Jwk);
    let proof = jwt::sign(&key, &header, &claims).await.unwrap();
    json!({"credential_configuration_id": "pid", "proofs": {"jwt": [proof]}}).to_string()
}

// Checks: ISS-047 to ISS-050
#[tokio::test]
async fn a_nonce_needs_neither_authorization_nor_a_body() {
    let got = nonce(&fixed()).await;
    assert_eq!((got.status.as_u16(), got.header("content-type")), (200, "application/json"));
    assert!(got.header("cache-control").contains("no-store"));
    assert!(got.json()["c_nonce"].as_str().is_some_and(|nonce| !nonce.is_empty()));
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
fn date(text: &str) -> UnixTime {
    let [day_name, day, month, year, time, "GMT"] = text.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{text}")
    };
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|it| *it == month).unwrap_or_else(|| panic!("{text}")) + 1;
    assert!(["Mon,", "Tue,", "Wed,", "Thu,", "Fri,", "Sat,", "Sun,"].contains(&day_name) && day.len() == 2);
    UnixTime::from_rfc3339(&format!("{year}-{month:02}-{day}T{time}Z")).unwrap_or_else(|| panic!("{text}"))
}

// Checks: ISS-054, ISS-055, ISS-060, AS-099
#[tokio::test]
async fn headers_in_capitals_and_any_accept_are_understood_and_answers_are_dated() {
    let world = fixed();
    let running = run(world.router.clone(), Limits::default()).await;
    let interaction = id::unguessable(&*world.random);
    for accept in
        ["*/*", "application/json", "application/json;charset=utf-8", "application/json, text/plain;q=0.5"]
    {
        let key = SoftwareSigner::generate(Algorithm::Es256, &*world.random).unwrap();
        let token = token(&world, &key).await;
        let (proof, body) = (proof(&world, &key, CREDENTIAL, Some(&token)).await, request(&world).await);
        let head = format!(
            "POST /credential HTTP/1.1\r\nHOST: service.example\r\nCONNECTION: close\r\nAUTHORIZATION: DPoP {token}\r\n\
             DPOP: {proof}\r\nACCEPT: {accept}\r\nX-FAPI-INTERACTION-ID: {interaction}\r\n\
             CONTENT-TYPE: application/json\r\nCONTENT-LENGTH: {}\r\n\r\n",
            body.len()
        );
        let answer = raw(running.address, format!("{head}{body}").as_bytes()).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{accept}: {answer}");
        let body: Value = serde_json::from_str(body).unwrap();
        assert!(body["credentials"][0]["credential"].is_string());
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        };
        let (sent, now) = (date(header("date").unwrap()), SystemClock.now());
        assert!(sent.since(now).max(now.since(sent)) < Duration::from_secs(300), "{sent:?} {now:?}");
        // None is given back, so that none is wrong.
        assert_eq!(header("x-fapi-interaction-id"), None);
    }
}
