//! Credential types that are made over the API: checked, issued, shared among nodes, and gone again.

use http::Method;
use serde_json::{Value, json};

use crate::fixed;
use crate::wallet_plane::{offer, receive};
use crate::world::World;

const TYPES: &str = "/api/v1/credential-types";

fn card() -> Value {
    json!({
        "format": "dc+sd-jwt", "vct": "https://service.example/card", "display": [{"name": "Library card"}],
        "claims": [{"path": ["number"], "mandatory": true}],
    })
}

async fn put(world: &World, id: &str, body: Value) -> (u16, Value) {
    let got = world.admin(Method::PUT, &format!("{TYPES}/{id}"), Some(body)).await;
    (got.status.as_u16(), got.json())
}

async fn supported(world: &World) -> Value {
    let metadata = world.get("/.well-known/openid-credential-issuer").await.json();
    metadata["credential_configurations_supported"].clone()
}

#[tokio::test]
async fn a_type_is_made_offered_issued_and_removed() {
    let world = fixed();
    let (status, made) = put(&world, "card", card()).await;
    assert_eq!((status, &made["id"], &made["origin"]), (201, &json!("card"), &json!("api")), "{made}");
    assert_eq!(supported(&world).await["card"]["vct"], "https://service.example/card");
    assert!(world.get("/issue").await.text().contains("Library card"));
    let offered = json!({"credentials": [{"type": "card", "claims": {"number": "7"}}]});
    let (held, _) = receive(&world, &offer(&world, offered.clone()).await).await;
    assert!(!held.is_empty());

    // What was read can be changed and sent back.
    let mut changed = made;
    changed["vct"] = json!("https://service.example/card-2");
    assert_eq!(put(&world, "card", changed).await.0, 200);
    assert_eq!(supported(&world).await["card"]["vct"], "https://service.example/card-2");

    let waiting = offer(&world, offered.clone()).await;
    assert_eq!(world.admin(Method::DELETE, &format!("{TYPES}/card"), None).await.status, 204);
    assert!(supported(&world).await.get("card").is_none());
    assert_eq!(world.admin(Method::GET, &format!("{TYPES}/card"), None).await.status, 404);
    let refused = world.admin(Method::POST, "/api/v1/offers", Some(offered)).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["pointer"]), (422, &json!("/credentials/0/type")));
    assert!(waiting["id"].is_string());
}

#[tokio::test]
async fn every_mistake_is_told_where_it_is() {
    let world = fixed();
    let with = |name: &str, value: Value| {
        let mut body = card();
        body[name] = value;
        body
    };
    for (id, body, status, pointer, says) in [
        ("card", with("colour", json!("red")), 400, json!("/colour"), "colour"),
        ("card", with("id", json!("other")), 422, json!("/id"), "path"),
        ("card", with("claims", json!([{"path": []}])), 400, json!("/claims/0/path"), ""),
        ("card", with("format", json!("vhs")), 400, json!(""), "vhs"),
        ("card", with("vct", json!("")), 422, Value::Null, "type is empty"),
        ("card", with("validity_seconds", json!(5)), 422, Value::Null, "valid for a minute"),
        ("card", with("claims_source", json!("nobody")), 422, Value::Null, "no claims source"),
        ("card", with("scope", json!("two words")), 422, Value::Null, "scope"),
        ("pid", card(), 409, Value::Null, "configuration"),
    ] {
        let (got, problem) = put(&world, id, body).await;
        assert_eq!(got, status, "{problem}");
        assert_eq!(problem.get("pointer").unwrap_or(&Value::Null), &pointer, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{problem}");
    }
    assert!(supported(&world).await.get("card").is_none());
    let listed = world.admin(Method::GET, TYPES, None).await.json();
    let origins = listed["credential_types"].as_array().unwrap().iter().map(|one| &one["origin"]);
    assert!(origins.clone().count() > 0 && origins.into_iter().all(|origin| origin == "configuration"));
}

#[tokio::test]
async fn claims_that_are_wrong_are_told_at_their_credential() {
    let world = fixed();
    put(&world, "card", card()).await;
    let good = json!({"type": "card", "claims": {"number": "7"}});
    for (wrong, pointer) in [
        (json!({"type": "none"}), "/credentials/1/type"),
        (json!({"type": "pid", "claims": {}}), "/credentials/1/claims"),
        (json!({"type": "card", "claims": {}}), "/credentials"),
    ] {
        let body = json!({"credentials": [good, wrong]});
        let problem = world.admin(Method::POST, "/api/v1/offers", Some(body)).await;
        assert_eq!((problem.status.as_u16(), &problem.json()["pointer"]), (422, &json!(pointer)));
    }
}
