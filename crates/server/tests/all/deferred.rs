//! Credentials that come later over HTTP, and metadata in both of its forms.

use http::{Method, Request};
use serde_json::{Value, json};

use axum::body::Body;

use crate::fixed;
use crate::wallet_plane::Keys;
use crate::world::{World, ada};
use credenza_vci::wallet::{Opened, Policy, Polled, Wallet as Receiving};

async fn promised(world: &World) -> (Receiving, credenza_vci::wallet::PendingCredential, String) {
    let credential = json!({ "type": "pid", "claims": ada(), "deferral": "until_completed" });
    let offer = crate::wallet_plane::offer(world, json!({ "credentials": [credential] })).await;
    let wallet = Receiving::new(world.network(), Keys::fresh(world))
        .with_clock(world.clock.clone())
        .with_random(world.random.clone())
        .with_trust(world.trust.clone())
        .with_policy(Policy::default());
    let Opened::Ready(ready) = wallet.open(offer["uri"].as_str().unwrap()).await.unwrap() else { panic!() };
    let received = ready.accept().await.unwrap();
    let [pending] = <[_; 1]>::try_from(received.pending).unwrap();
    (wallet, pending, offer["id"].as_str().unwrap().to_owned())
}

async fn name(world: &World, offer: &str) -> String {
    let shown = world.admin(Method::GET, &format!("/api/v1/offers/{offer}"), None).await.json();
    assert_eq!(shown["state"], "deferred");
    shown["credentials"][0]["deferred"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn promised_completed_and_fetched() {
    let world = fixed();
    let (wallet, pending, offer) = promised(&world).await;
    let Polled::Pending(pending) = wallet.poll(&pending).await.unwrap() else { panic!("too soon") };
    let path = format!("/api/v1/deferred/{}/complete", name(&world, &offer).await);
    let complete = |body: Value| world.admin(Method::POST, &path, Some(body));
    let ready = complete(json!({})).await;
    assert_eq!((ready.status.as_u16(), &ready.json()["state"]), (200, &json!("deferred")));
    let Polled::Received(received) = wallet.poll(&pending).await.unwrap() else { panic!("not yet") };
    assert_eq!(received.credentials.len(), 1);
    assert_eq!(complete(json!({})).await.status, 409);
}

#[tokio::test]
async fn promised_and_given_up() {
    let world = fixed();
    let (wallet, pending, offer) = promised(&world).await;
    let path = format!("/api/v1/deferred/{}", name(&world, &offer).await);
    for (end, body, status) in [
        ("complete", json!({ "claims": { "vct": "x" } }), 422),
        ("complete", json!({ "other": 1 }), 400),
        ("complete", json!({ "claims": "x" }), 400),
        ("fail", json!({ "reason": "x".repeat(301) }), 422),
    ] {
        let got = world.admin(Method::POST, &format!("{path}/{end}"), Some(body.clone())).await;
        assert_eq!(got.status, status, "{body} {}", got.text());
    }
    let unknown = world.admin(Method::POST, "/api/v1/deferred/x.0/fail", Some(json!({}))).await;
    assert_eq!(unknown.status, 404);
    let stranger = world.post(&format!("{path}/fail"), "application/json", "{}").await;
    assert_eq!(stranger.status, 401);
    let failed = world.admin(Method::POST, &format!("{path}/fail"), Some(json!({ "reason": "no" }))).await;
    assert_eq!((failed.status.as_u16(), &failed.json()["state"]), (200, &json!("failed")));
    assert!(wallet.poll(&pending).await.unwrap_err().is_final());
}

// Clauses: VCI-12.2.2-05, VCI-12.2.2-06, VCI-12.2.2-07, VCI-12.2.2-08
#[tokio::test]
async fn iss_004_iss_034_metadata_as_it_is_asked_for() {
    let world = fixed();
    let ask = |accept: Option<&'static str>| {
        let mut request = Request::get("/.well-known/openid-credential-issuer");
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        world.send(request.body(Body::empty()).unwrap())
    };
    for accept in [None, Some("*/*"), Some("application/json"), Some("application/json, application/jwt")] {
        let got = ask(accept).await;
        assert_eq!(
            (got.status.as_u16(), got.header("content-type")),
            (200, "application/json"),
            "{accept:?}"
        );
        assert_eq!(got.header("vary"), "accept");
    }
    for accept in ["application/jwt", "application/jwt, application/json;q=0.5"] {
        let got = ask(Some(accept)).await;
        assert_eq!((got.status.as_u16(), got.header("content-type")), (200, "application/jwt"), "{accept}");
        assert_eq!(got.text().split('.').count(), 3);
    }
}

// Clauses: VCI-9.1-09
#[tokio::test]
async fn a24_a34_the_deferred_endpoint_is_as_strict_as_the_others() {
    let world = fixed();
    let got = world.post("/deferred_credential?access_token=abc", "application/json", "{}").await;
    assert_eq!((got.status.as_u16(), &got.json()["error"]), (400, &json!("invalid_request")));
    assert_eq!(world.post("/deferred_credential", "text/plain", "{}").await.status, 415);
    for media_type in ["application/json", "application/jwt"] {
        assert_eq!(world.post("/deferred_credential", media_type, "{}").await.status, 401);
    }
}
