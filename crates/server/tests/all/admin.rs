//! The admin plane: what callers do wrong, and what they get.

use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::world::{Got, TOKEN, World, ada};
use crate::{NOW, fixed};

async fn offer(world: &World, body: Value) -> Got {
    world.admin(Method::POST, "/api/v1/offers", Some(body)).await
}

/// Kind and pointer of a problem.
fn problem(got: &Got) -> (u16, String, String) {
    assert_eq!(got.header("content-type"), "application/problem+json", "{}", got.text());
    assert_eq!(got.header("cache-control"), "no-store");
    let json = got.json();
    assert_eq!(json["status"], got.status.as_u16());
    let kind = json["type"].as_str().unwrap().rsplit('#').next().unwrap().to_owned();
    (got.status.as_u16(), kind, json["pointer"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn mistakes_are_named() {
    let world = fixed();
    for (body, status, kind, pointer) in [
        (json!({}), 400, "invalid-request", ""),
        (json!([]), 400, "invalid-request", ""),
        (json!({"credentials": [], "colour": "red"}), 400, "unknown-member", "/colour"),
        (json!({"credentials": [{"typ": "pid"}]}), 400, "unknown-member", "/credentials/0/typ"),
        (json!({"credentials": [{"type": 7}]}), 400, "invalid-request", "/credentials/0/type"),
        (
            json!({"credentials": [{"type": "pid"}], "tx_code": {"length": "six"}}),
            400,
            "invalid-request",
            "/tx_code",
        ),
        (json!({"credentials": []}), 422, "unprocessable", "/credentials"),
        (json!({"credentials": [{"type": "passport"}]}), 422, "unprocessable", "/credentials/0/type"),
        (
            json!({"credentials": [{"type": "pid", "claims": ada()}], "expires_in": 0}),
            422,
            "unprocessable",
            "/expires_in",
        ),
        (
            json!({"credentials": [{"type": "pid", "claims": ada()}], "tx_code": {"length": 200}}),
            422,
            "unprocessable",
            "/tx_code",
        ),
    ] {
        let got = offer(&world, body.clone()).await;
        assert_eq!(problem(&got), (status, kind.to_owned(), pointer.to_owned()), "{body}");
    }
    for (body, status, pointer) in [
        (json!({}), 400, ""),
        (json!({"query_id": "adult", "dcql_query": {}}), 400, ""),
        (json!({"query_id": "nothing"}), 422, "/query"),
        (json!({"dcql_query": {"credentials": []}}), 422, "/dcql_query/credentials"),
        (json!({"query_id": "adult", "redirect_uri": "https://evil.example/"}), 422, "/redirect_uri"),
        (json!({"query_id": "adult", "response_mode": "fragment"}), 422, "/response_mode"),
        (json!({"query_id": "adult", "expires_in": 0}), 422, "/expires_in"),
    ] {
        let got = world.admin(Method::POST, "/api/v1/presentations", Some(body.clone())).await;
        let (found, _, at) = problem(&got);
        assert_eq!((found, at.as_str()), (status, pointer), "{body}: {}", got.text());
    }
}

#[tokio::test]
async fn a34_h04_other_bodies_are_refused_in_the_same_shape() {
    let world = fixed();
    let send = async |content_type: &str, body: Vec<u8>| {
        let request = Request::post("/api/v1/offers")
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-type", content_type);
        world.send(request.body(Body::from(body)).unwrap()).await
    };
    assert_eq!(problem(&send("text/plain", b"{}".to_vec()).await).0, 415);
    assert_eq!(problem(&send("application/json", vec![b' '; 300 * 1024]).await).0, 413);
    assert_eq!(
        problem(&send("application/json", b"{\"credentials\":[],\"credentials\":[]}".to_vec()).await).0,
        400
    );
    let deep = format!("{{\"credentials\":{}", "[".repeat(100_000)).into_bytes();
    assert_eq!(problem(&send("application/json", deep).await).0, 400);

    let wrong_method = world.admin(Method::PUT, "/api/v1/offers", None).await;
    assert_eq!(problem(&wrong_method), (405, "method-not-allowed".into(), String::new()));
    assert!(wrong_method.header("allow").contains("POST"));
    assert_eq!(problem(&world.admin(Method::GET, "/api/v1/nothing", None).await).0, 404);
    assert_eq!(problem(&world.admin(Method::GET, "/api/v2/offers", None).await).0, 404);
}

// Clauses: HAIP-4.2-06
#[tokio::test]
async fn an_offer_and_its_qr_code() {
    let world = fixed();
    let body = json!({"credentials": [{"type": "pid", "claims": ada()}], "tx_code": true, "correlation_id": "till-7"});
    let created = offer(&world, body).await.json();
    assert!(created["uri"].as_str().unwrap().starts_with("openid-credential-offer://?credential_offer_uri="));
    assert_eq!(created["tx_code"].as_str().unwrap().len(), 6);
    assert_eq!(created["expires_at"], NOW.as_secs() + 600);
    let path = created["status_url"].as_str().unwrap().strip_prefix("https://service.example").unwrap();

    let shown = world.admin(Method::GET, path, None).await;
    assert_eq!(shown.json()["state"], "created");
    assert_eq!(shown.json()["correlation_id"], "till-7");
    // Shown once: nothing secret and nothing personal is in the session's view.
    for secret in [created["tx_code"].as_str().unwrap(), "Lovelace"] {
        assert!(!shown.text().contains(secret));
    }
    let qr = world.admin(Method::GET, &format!("{path}/qr.svg"), None).await;
    assert_eq!(qr.header("content-type"), "image/svg+xml");
    assert!(qr.text().starts_with("<svg "));
    assert_eq!(problem(&world.admin(Method::GET, "/api/v1/offers/other/qr.svg", None).await).0, 404);
}

#[tokio::test]
async fn c22_ids_and_handles_cannot_be_guessed() {
    let world = fixed();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..50 {
        let created = offer(&world, json!({"credentials": [{"type": "pid", "claims": ada()}]})).await.json();
        let handle = created["offer_uri"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let id = created["id"].as_str().unwrap().to_owned();
        assert!(id.len() >= 22 && handle.len() >= 22);
        assert!(!handle.contains(&id));
        assert!(seen.insert(id) && seen.insert(handle));
    }
}
