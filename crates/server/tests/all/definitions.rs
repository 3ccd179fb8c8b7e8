//! Definitions of Presentation Exchange over the API: asked with as they are, stored, and refused with a place.

use http::Method;
use serde_json::{Value, json};

use crate::fixed;
use crate::pages::Browser;
use crate::world::World;

fn definition() -> Value {
    json!({"id": "d", "purpose": "to know who reads", "input_descriptors": [{
        "id": "card", "format": {"vc+sd-jwt": {}},
        "constraints": {"limit_disclosure": "required", "fields": [
            {"path": ["$.vct"], "filter": {"type": "string", "pattern": "card$"}},
            {"path": ["$.number"], "optional": true},
        ]},
    }]})
}

async fn call(world: &World, method: Method, path: &str, body: Value) -> (u16, Value) {
    let got = world.admin(method, &format!("/api/v1{path}"), Some(body)).await;
    (got.status.as_u16(), got.json())
}

fn asking(change: impl FnOnce(&mut Value)) -> Value {
    let mut body = json!({
        "presentation_definition": definition(), "dialect": "draft20",
        "client_id_prefix": "redirect_uri", "response_mode": "direct_post",
    });
    change(&mut body);
    body
}

/// The definition in the link of an unsigned request.
fn sent(created: &Value) -> Value {
    let query = created["wallet_query"].as_str().unwrap();
    let mut parameters = url::form_urlencoded::parse(query.as_bytes());
    let found = parameters.find(|(name, _)| name == "presentation_definition").unwrap().1;
    serde_json::from_str(&found).unwrap()
}

#[tokio::test]
async fn a_definition_is_sent_as_it_is_given_here_or_by_name() {
    let world = fixed();
    let (status, created) = call(&world, Method::POST, "/presentations", asking(|_| {})).await;
    assert_eq!((status, sent(&created)), (201, definition()), "{created}");

    let stored = json!({"name": "Readers", "presentation_definition": definition()});
    let (status, made) = call(&world, Method::PUT, "/queries/readers", stored).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["presentation_definition"], definition());
    assert_eq!(made.get("dcql_query"), None);
    // What was read can be sent back.
    assert_eq!(call(&world, Method::PUT, "/queries/readers", made).await.0, 200);
    let by_name = |dialect: Value| {
        asking(|body| {
            body.as_object_mut().unwrap().remove("presentation_definition");
            body["query"] = json!("readers");
            body["dialect"] = dialect;
        })
    };
    let (status, created) = call(&world, Method::POST, "/presentations", by_name(json!("draft24"))).await;
    assert_eq!((status, sent(&created)), (201, definition()), "{created}");
    let (status, problem) = call(&world, Method::POST, "/presentations", by_name(Value::Null)).await;
    assert_eq!((status, &problem["pointer"]), (422, &json!("/dialect")));
}

#[tokio::test]
async fn every_mistake_is_told_where_it_is() {
    let world = fixed();
    let inside = |pointer: &str, value: Value| {
        asking(|body| *body["presentation_definition"].pointer_mut(pointer).unwrap() = value)
    };
    let descriptor = "/presentation_definition/input_descriptors/0";
    for (body, status, pointer) in [
        (inside("/id", json!(1)), 422, "/presentation_definition/id".to_owned()),
        (inside("/input_descriptors", json!([])), 422, "/presentation_definition".to_owned()),
        (inside("/input_descriptors/0/format", json!({})), 422, format!("{descriptor}/format")),
        (
            inside("/input_descriptors/0/format", json!({"ac_vp": {}})),
            422,
            "/presentation_definition".to_owned(),
        ),
        (
            inside("/input_descriptors/0/constraints/fields/1/path", json!(["number"])),
            422,
            format!("{descriptor}/constraints/fields/1/path/0"),
        ),
        (
            inside("/input_descriptors/0/constraints/fields/0/filter", json!({"pattern": "("})),
            422,
            format!("{descriptor}/constraints/fields/0/filter/pattern"),
        ),
        (
            inside("/input_descriptors/0/constraints", json!({"subject_is_issuer": "required"})),
            422,
            "/presentation_definition".to_owned(),
        ),
        (asking(|body| body["dialect"] = Value::Null), 422, "/dialect".to_owned()),
        (asking(|body| body["query_language"] = json!("dcql")), 422, "/query_language".to_owned()),
        (asking(|body| body["scope"] = json!("org.example.card")), 422, "/dialect".to_owned()),
        (asking(|body| body["query"] = json!("adult")), 400, String::new()),
    ] {
        let (found, problem) = call(&world, Method::POST, "/presentations", body.clone()).await;
        let at = problem["pointer"].as_str().unwrap_or_default();
        assert_eq!((found, at), (status, &*pointer), "{body}: {problem}");
    }
    let both = json!({"presentation_definition": definition(), "dcql_query": {"credentials": []}});
    let named = json!({"presentation_definition": definition(), "scope": "org.example.card"});
    for (body, status, pointer) in [
        (json!({"name": "x"}), 400, "/dcql_query"),
        (both, 422, "/presentation_definition"),
        (named, 422, "/scope"),
        (json!({"presentation_definition": {"id": "d"}}), 422, "/presentation_definition/input_descriptors"),
    ] {
        let (found, problem) = call(&world, Method::PUT, "/queries/x", body).await;
        assert_eq!((found, problem["pointer"].as_str().unwrap()), (status, pointer), "{problem}");
    }
}

#[tokio::test]
async fn the_page_does_not_ask_with_one() {
    let world = fixed();
    let stored = json!({"name": "Readers of old", "presentation_definition": definition()});
    assert_eq!(call(&world, Method::PUT, "/queries/readers", stored).await.0, 201);
    let mut browser = Browser::new(&world);
    let csrf = browser.csrf("/verify").await;
    assert!(browser.get("/verify").await.text().contains("Readers of old"));
    let fields = [("csrf", csrf.as_str()), ("preset", "readers"), ("device", "cross")];
    let refused = browser.form("/verify", &fields).await;
    assert!(refused.text().contains("for wallets of earlier drafts"), "{}", refused.text());
}
