//! Tokens with roles, the audit log, the listener of its own, and requests that are sent once more.

use axum::body::Body;
use credenza_server::{Access, AdminToken, Role};
use http::{Method, Request};
use serde_json::{Value, json};

use crate::world::{Got, TOKEN, World, ada};
use crate::{fixed, fixed_with};

const SHOP: &str = "token of the shop";
const OFFICE: &str = "token of the office";

/// The tokens of a world beside the one that may do everything.
pub(crate) fn others() -> [Access; 2] {
    let access = |name: &str, token: &str, role| Access {
        name: name.into(),
        token: AdminToken::from(credenza_core::Secret::new(token.to_owned())),
        roles: vec![role],
    };
    [access("shop", SHOP, Role::Verify), access("office", OFFICE, Role::Issue)]
}

async fn by(world: &World, token: &str, method: Method, path: &str, body: Option<Value>) -> Got {
    keyed(world, token, method, path, body, None).await
}

async fn keyed(
    world: &World,
    token: &str,
    method: Method,
    path: &str,
    body: Option<Value>,
    key: Option<&str>,
) -> Got {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    world.send(request.body(body).unwrap()).await
}

fn offer() -> Value {
    json!({"credentials": [{"type": "pid", "claims": ada()}], "tx_code": true})
}

#[tokio::test]
async fn each_operation_needs_the_roles_that_its_description_names() {
    let world = fixed();
    let document = world.get("/openapi.json").await.json();
    for route in world.service.route_table().into_iter().filter(|route| route.admin) {
        let operation = &document["paths"][&route.path][route.method.as_str().to_lowercase()];
        if operation["security"] == json!([]) {
            continue;
        }
        let roles: Vec<&str> = operation["x-roles"]
            .as_array()
            .map(|roles| roles.iter().map(|role| role.as_str().unwrap()).collect())
            .unwrap_or_default();
        let path = route.path.replace("{id}", "abc").replace("{delivery}", "def");
        for (token, role) in [(SHOP, "verify"), (OFFICE, "issue"), (TOKEN, "admin")] {
            let got = by(&world, token, route.method.clone(), &path, None).await;
            let may = role == "admin" || roles.is_empty() || roles.contains(&role);
            assert_eq!(got.status != 403, may, "{} {path} for {role}: {}", route.method, got.status);
            if !may {
                let detail = got.json()["detail"].as_str().unwrap().to_owned();
                assert!(detail.contains(&format!("`{}`", roles[0])), "{detail}");
                assert_eq!(operation["responses"]["403"]["$ref"], "#/components/responses/Forbidden");
            }
        }
    }
}

#[tokio::test]
async fn a_token_for_some_things_does_not_open_the_pages() {
    let world = fixed_with(crate::world::Wanted {
        pages: credenza_server::Pages::SignIn,
        demo: false,
        ..crate::world::Wanted::default()
    });
    for (token, opens) in [(SHOP, false), (TOKEN, true)] {
        let page = world.get("/login").await;
        let cookie = page.header("set-cookie").split(';').next().unwrap().to_owned();
        let text = page.text();
        let csrf = text.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let form = serde_urlencoded::to_string([("token", token), ("csrf", csrf)]).unwrap();
        let request = Request::post("/login")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", cookie)
            .header("origin", "https://service.example")
            .body(Body::from(form))
            .unwrap();
        let got = world.send(request).await;
        assert_eq!(got.status == 303, opens, "{}: {}", got.status, got.text());
    }
}

#[tokio::test]
async fn the_audit_log_says_who_has_changed_what_and_nothing_of_persons() {
    let world = fixed();
    let made = by(&world, OFFICE, Method::POST, "/api/v1/offers", Some(offer())).await.json();
    let id = made["id"].as_str().unwrap();
    by(&world, OFFICE, Method::GET, &format!("/api/v1/offers/{id}"), None).await;
    by(&world, SHOP, Method::DELETE, &format!("/api/v1/offers/{id}"), None).await;
    by(&world, TOKEN, Method::DELETE, &format!("/api/v1/offers/{id}"), None).await;
    by(&world, OFFICE, Method::POST, "/api/v1/offers", Some(json!({"x": "Lovelace"}))).await;
    by(&world, SHOP, Method::POST, "/api/v1/inspect", Some(json!({"text": "Lovelace"}))).await;
    let got = world.admin(Method::GET, "/api/v1/audit", None).await;
    assert!(!got.text().contains("Lovelace") && !got.text().contains(made["tx_code"].as_str().unwrap()));
    let mut entries: Vec<_> = got.json()["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (one["token"].clone(), one["action"].clone(), one["object"].clone(), one["status"].clone())
        })
        .collect();
    entries.sort_by_key(|entry| format!("{entry:?}"));
    let object = json!(id);
    let mut expected = vec![
        (json!("office"), json!("POST /api/v1/offers"), object.clone(), json!(201)),
        (json!("admin"), json!("DELETE /api/v1/offers/{id}"), object.clone(), json!(200)),
        (json!("office"), json!("POST /api/v1/offers"), Value::Null, json!(400)),
    ];
    expected.sort_by_key(|entry| format!("{entry:?}"));
    assert_eq!(entries, expected, "what was refused at the gate and what only reads is not in it");
    let of = async |query: String| world.admin(Method::GET, &format!("/api/v1/audit?{query}"), None).await;
    assert_eq!(of("token=office".into()).await.json()["entries"].as_array().unwrap().len(), 2);
    assert_eq!(of(format!("object={id}")).await.json()["entries"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_request_that_is_sent_once_more_is_done_once() {
    let world = fixed();
    let post = async |token: &str, body: Value, key: &str| {
        keyed(&world, token, Method::POST, "/api/v1/offers", Some(body), Some(key)).await
    };
    let first = post(TOKEN, offer(), "one").await;
    assert_eq!((first.status.as_u16(), first.header("idempotency-replayed")), (201, ""));
    let again = post(TOKEN, offer(), "\"one\"").await;
    assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (201, "true"));
    assert_eq!(first.json(), again.json(), "the code that is told once included");
    assert_eq!(again.header("content-type"), "application/json");
    let other = post(TOKEN, json!({"credentials": [{"type": "pid", "claims": ada()}]}), "one").await;
    assert_eq!(other.status, 422, "another request");
    let elsewhere = keyed(&world, TOKEN, Method::POST, "/api/v1/inspect", Some(offer()), Some("one")).await;
    assert_eq!(elsewhere.status, 422);
    // Another caller has names of its own, and so does another key.
    assert_ne!(post(OFFICE, offer(), "one").await.json()["id"], first.json()["id"]);
    assert_ne!(post(TOKEN, offer(), "two").await.json()["id"], first.json()["id"]);
    let all = world.admin(Method::GET, "/api/v1/offers", None).await.json();
    assert_eq!(all["offers"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn what_was_refused_can_be_tried_again_under_the_same_key() {
    let world = fixed();
    let post = async |body: Value| {
        keyed(&world, TOKEN, Method::POST, "/api/v1/offers", Some(body), Some("k")).await.status.as_u16()
    };
    assert_eq!(post(json!({"credentials": []})).await, 422);
    assert_eq!(post(offer()).await, 201);
    for key in ["", "\"\"", "a b", &"x".repeat(256)] {
        let got = keyed(&world, TOKEN, Method::POST, "/api/v1/offers", Some(offer()), Some(key)).await;
        assert_eq!(got.status, 400, "{key}");
    }
    let path = "/api/v1/presentations/x/result";
    let got = keyed(&world, TOKEN, Method::POST, path, Some(json!({})), Some("k")).await;
    assert_eq!(got.status, 400, "claims are not kept twice");
}

#[tokio::test]
async fn c01_a_key_that_is_raced_makes_one_offer() {
    let world = std::sync::Arc::new(fixed());
    let racers: Vec<_> = (0..20)
        .map(|_| {
            let world = std::sync::Arc::clone(&world);
            tokio::spawn(async move {
                keyed(&world, TOKEN, Method::POST, "/api/v1/offers", Some(offer()), Some("race")).await
            })
        })
        .collect();
    for racer in racers {
        let got = racer.await.unwrap();
        assert!([201, 409].contains(&got.status.as_u16()), "{}", got.text());
    }
    let all = world.admin(Method::GET, "/api/v1/offers", None).await.json();
    assert_eq!(all["offers"].as_array().unwrap().len(), 1);
}
