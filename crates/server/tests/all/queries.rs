//! Queries that have names: presets, and what is stored over the API.

use http::Method;
use serde_json::{Value, json};

use crate::fixed;
use crate::world::World;

const QUERIES: &str = "/api/v1/queries";

fn card() -> Value {
    json!({
        "name": "Are you a reader?", "explains": "Learns the number of your library card.", "scope": "org.example.card",
        "dcql_query": {"credentials": [{
            "id": "card", "format": "dc+sd-jwt", "meta": {"vct_values": ["https://service.example/card"]},
            "claims": [{"path": ["number"]}],
        }]},
    })
}

async fn put(world: &World, id: &str, body: Value) -> (u16, Value) {
    let got = world.admin(Method::PUT, &format!("{QUERIES}/{id}"), Some(body)).await;
    (got.status.as_u16(), got.json())
}

async fn ask(world: &World, body: Value) -> (u16, Value) {
    let got = world.admin(Method::POST, "/api/v1/presentations", Some(body)).await;
    (got.status.as_u16(), got.json())
}

/// The parameters of an unsigned request, as they stand in its link.
fn parameter(created: &Value, name: &str) -> Option<String> {
    let query = created["wallet_query"].as_str().unwrap();
    url::form_urlencoded::parse(query.as_bytes())
        .find_map(|(known, value)| (known == name).then(|| value.into_owned()))
}

#[tokio::test]
async fn a_query_is_stored_asked_by_name_and_by_scope_and_removed() {
    let world = fixed();
    let (status, made) = put(&world, "card", card()).await;
    assert_eq!((status, &made["id"], &made["origin"]), (201, &json!("card"), &json!("api")), "{made}");
    let listed = world.admin(Method::GET, QUERIES, None).await.json();
    let known = |id: &str| listed["queries"].as_array().unwrap().iter().find(|one| one["id"] == id).cloned();
    assert_eq!(known("card").unwrap(), made);
    assert_eq!(known("adult").unwrap()["origin"], "preset");
    assert!(world.get("/verify").await.text().contains("Are you a reader?"));

    let plain = json!({"client_id_prefix": "redirect_uri", "response_mode": "direct_post"});
    let with = |name: &str, value: &str| {
        let mut body = plain.clone();
        body[name] = value.into();
        body
    };
    let (status, by_name) = ask(&world, with("query", "card")).await;
    assert_eq!(status, 201, "{by_name}");
    let asked: Value = serde_json::from_str(&parameter(&by_name, "dcql_query").unwrap()).unwrap();
    assert_eq!(asked, made["dcql_query"]);
    assert_eq!(parameter(&by_name, "scope"), None);
    let (status, by_scope) = ask(&world, with("scope", "org.example.card")).await;
    assert_eq!(status, 201, "{by_scope}");
    assert_eq!(parameter(&by_scope, "scope").as_deref(), Some("org.example.card"));
    assert_eq!(parameter(&by_scope, "dcql_query"), None);

    // What was read can be changed and sent back.
    let mut changed = made;
    changed["name"] = json!("Do you read?");
    assert_eq!(put(&world, "card", changed).await.0, 200);
    let shown = world.admin(Method::GET, &format!("{QUERIES}/card"), None).await.json();
    assert_eq!(shown["name"], "Do you read?");
    assert_eq!(world.admin(Method::DELETE, &format!("{QUERIES}/card"), None).await.status, 204);
    assert_eq!(world.admin(Method::DELETE, &format!("{QUERIES}/card"), None).await.status, 404);
    assert_eq!(world.admin(Method::GET, &format!("{QUERIES}/card"), None).await.status, 404);
    let (status, problem) = ask(&world, with("query", "card")).await;
    assert_eq!((status, &problem["pointer"]), (422, &json!("/query")));
    let (status, problem) = ask(&world, with("scope", "org.example.card")).await;
    assert_eq!((status, &problem["pointer"]), (422, &json!("/scope")));
}

#[tokio::test]
async fn every_mistake_in_a_query_is_told_where_it_is() {
    let world = fixed();
    let with = |name: &str, value: Value| {
        let mut body = card();
        body[name] = value;
        body
    };
    let credential = |credential: Value| with("dcql_query", json!({"credentials": [credential]}));
    for (id, body, status, pointer) in [
        ("a%20b", card(), 422, "/id"),
        ("card", with("id", json!("other")), 422, "/id"),
        ("card", with("scope", json!("two words")), 422, "/scope"),
        ("card", with("scope", json!("openid")), 422, "/scope"),
        ("card", with("name", json!("x".repeat(2000))), 422, "/name"),
        ("card", with("colour", json!("red")), 400, "/colour"),
        ("card", credential(json!({"format": "dc+sd-jwt"})), 422, "/dcql_query/credentials/0/id"),
        ("card", credential(json!({"id": "a", "format": "x", "meta": {}})), 422, "/dcql_query"),
        ("adult", card(), 409, ""),
    ] {
        let (found, problem) = put(&world, id, body).await;
        let at = problem["pointer"].as_str().unwrap_or_default();
        assert_eq!((found, at), (status, pointer), "{id}: {problem}");
    }
    assert_eq!(world.admin(Method::DELETE, &format!("{QUERIES}/adult"), None).await.status, 409);
    // A scope is the name of one query.
    assert_eq!(put(&world, "one", card()).await.0, 201);
    let (status, problem) = put(&world, "two", card()).await;
    assert_eq!((status, &problem["pointer"]), (409, &json!("/scope")));
}
