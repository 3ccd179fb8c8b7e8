//! The description of the API against the API.

use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::fixed;
use crate::schema::faults;
use crate::world::{TOKEN, World};

async fn document(world: &World) -> Value {
    world.get("/openapi.json").await.json()
}

#[tokio::test]
async fn the_document_has_exactly_the_routes_of_the_router() {
    let world = fixed();
    let document = document(&world).await;
    let mut described: Vec<String> = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        described.extend(
            item.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())),
        );
    }
    let table = world.service.route_table();
    let mut routed: Vec<String> = table
        .iter()
        .filter(|route| route.admin)
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    described.sort();
    routed.sort();
    assert_eq!(described, routed);
}

#[tokio::test]
async fn c21_without_the_token_only_what_is_public_answers() {
    let world = fixed();
    let document = document(&world).await;
    for route in world.service.route_table().into_iter().filter(|route| route.admin) {
        let operation = &document["paths"][&route.path][route.method.as_str().to_lowercase()];
        let public = operation["security"] == json!([]);
        for authorization in [None, Some("Bearer wrong"), Some("Basic YTpi")] {
            let path = route.path.replace("{id}", "abc").replace("{delivery}", "def");
            let mut request = Request::builder().method(route.method.clone()).uri(&path);
            if let Some(value) = authorization {
                request = request.header("authorization", value);
            }
            let got = world.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(got.status == 401, !public, "{} {path}: {}", route.method, got.status);
            if !public {
                assert!(got.header("www-authenticate").starts_with("Bearer"));
                let schema = json!({"$ref": "#/components/schemas/Problem"});
                assert_eq!(faults(&document, &schema, &got.json()), Vec::<String>::new());
            }
        }
    }
}

/// The schema of an answer.
fn schema_of<'a>(document: &'a Value, path: &str, method: &Method, status: u16) -> &'a Value {
    let responses = &document["paths"][path][method.as_str().to_lowercase()]["responses"];
    let mut response = &responses[status.to_string()];
    assert!(!response.is_null(), "{method} {path} does not describe {status}");
    if let Some(reference) = response["$ref"].as_str() {
        response = document.pointer(reference.trim_start_matches('#')).unwrap();
    }
    let content = response["content"].as_object().unwrap();
    &content.get("application/json").or_else(|| content.values().next()).unwrap()["schema"]
}

#[tokio::test]
async fn documented_requests_are_answered_as_documented() {
    let world = fixed();
    let document = document(&world).await;
    let call = async |method: Method, path: &str, id: &str, body: Option<Value>| {
        let got = world.admin(method.clone(), &path.replace("{id}", id), body).await;
        let schema = schema_of(&document, path, &method, got.status.as_u16());
        let found = faults(&document, schema, &got.json());
        assert_eq!(found, Vec::<String>::new(), "{method} {path} {}: {}", got.status, got.text());
        got
    };
    let example = |path: &str| {
        let content = &document["paths"][path]["post"]["requestBody"]["content"]["application/json"];
        assert_eq!(faults(&document, &content["schema"], &content["example"]), Vec::<String>::new());
        Some(content["example"].clone())
    };
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);

    let offers = "/api/v1/offers";
    let offer = call(post.clone(), offers, "", example(offers)).await;
    assert_eq!(offer.status, 201);
    let id = offer.json()["id"].as_str().unwrap().to_owned();
    for path in ["/api/v1/offers/{id}", "/api/v1/offers/{id}/events"] {
        let path_with_format = path;
        let got = world.admin(get.clone(), &format!("{}?format=json", path.replace("{id}", &id)), None).await;
        assert_eq!(
            faults(&document, schema_of(&document, path_with_format, &get, 200), &got.json()),
            [""; 0]
        );
    }
    call(get.clone(), "/api/v1/offers/{id}", &id, None).await;
    assert_eq!(call(delete.clone(), "/api/v1/offers/{id}", &id, None).await.json()["state"], "cancelled");
    assert_eq!(call(get.clone(), "/api/v1/offers/{id}", "nothing", None).await.status, 404);
    assert_eq!(call(delete.clone(), "/api/v1/offers/{id}", "nothing", None).await.status, 404);

    let presentations = "/api/v1/presentations";
    let presentation = call(post.clone(), presentations, "", example(presentations)).await;
    assert_eq!(presentation.status, 201);
    let id = presentation.json()["id"].as_str().unwrap().to_owned();
    call(get.clone(), "/api/v1/presentations/{id}", &id, None).await;
    assert_eq!(call(get.clone(), "/api/v1/presentations/{id}/report", &id, None).await.status, 404);
    let result = "/api/v1/presentations/{id}/result";
    assert_eq!(call(post.clone(), result, &id, example(result)).await.status, 409);
    let cancel = "/api/v1/presentations/{id}/cancel";
    assert_eq!(call(post.clone(), cancel, &id, None).await.json()["state"], "cancelled");
    assert_eq!(call(post.clone(), cancel, &id, None).await.status, 409);
    let gone = world.admin(delete.clone(), &format!("{presentations}/{id}"), None).await;
    assert_eq!((gone.status.as_u16(), gone.body.len()), (204, 0));
    assert_eq!(call(delete, "/api/v1/presentations/{id}", &id, None).await.status, 404);

    let (held, _) = crate::wallet_plane::receive(
        &world,
        &crate::wallet_plane::offer(
            &world,
            json!({"credentials": [{"type": "pid", "claims": crate::world::ada()}]}),
        )
        .await,
    )
    .await;
    assert_eq!(held.len(), 3);
    let credentials = call(get.clone(), "/api/v1/credentials", "", None).await.json();
    let id = credentials["credentials"][0]["id"].as_str().unwrap().to_owned();
    let credential = "/api/v1/credentials/{id}";
    assert_eq!(call(get.clone(), credential, &id, None).await.status, 200);
    assert_eq!(call(get.clone(), credential, "nothing", None).await.status, 404);
    let patch = Method::PATCH;
    let content = &document["paths"][credential]["patch"]["requestBody"]["content"]["application/json"];
    assert_eq!(faults(&document, &content["schema"], &content["example"]), Vec::<String>::new());
    assert_eq!(call(patch.clone(), credential, &id, Some(content["example"].clone())).await.status, 200);
    assert_eq!(call(patch, credential, &id, Some(json!({"status": "valid"}))).await.status, 409);
    call(get.clone(), "/api/v1/status-lists", "", None).await;

    let types = "/api/v1/credential-types/{id}";
    let content = &document["paths"][types]["put"]["requestBody"]["content"]["application/json"];
    assert_eq!(faults(&document, &content["schema"], &content["example"]), Vec::<String>::new());
    let put = Method::PUT;
    assert_eq!(call(put.clone(), types, "library-card", Some(content["example"].clone())).await.status, 201);
    assert_eq!(call(put.clone(), types, "library-card", Some(content["example"].clone())).await.status, 200);
    assert_eq!(call(put.clone(), types, "pid", Some(content["example"].clone())).await.status, 422);
    assert_eq!(call(put, types, "other", Some(json!({"x": 1}))).await.status, 400);
    assert_eq!(call(get.clone(), types, "library-card", None).await.status, 200);
    let removed = world.admin(Method::DELETE, "/api/v1/credential-types/library-card", None).await;
    assert_eq!((removed.status.as_u16(), removed.body.len()), (204, 0));
    assert_eq!(call(Method::DELETE, types, "library-card", None).await.status, 404);
    assert_eq!(call(Method::DELETE, types, "pid", None).await.status, 409);

    for path in [
        "/api/v1/offers",
        "/api/v1/presentations",
        "/api/v1/credential-types",
        "/api/v1/queries",
        "/healthz",
        "/readyz",
        "/openapi.json",
    ] {
        assert_eq!(call(get.clone(), path, "", None).await.status, 200, "{path}");
    }
    let hooks = "/api/v1/webhooks";
    let hook = call(post.clone(), hooks, "", example(hooks)).await;
    assert_eq!(hook.status, 201);
    let id = hook.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(call(post.clone(), hooks, "", Some(json!({"url": "ftp://a.example/"}))).await.status, 422);
    let hook = "/api/v1/webhooks/{id}";
    assert_eq!(call(get.clone(), hooks, "", None).await.status, 200);
    assert_eq!(call(get.clone(), hook, &id, None).await.status, 200);
    let content = &document["paths"][hook]["patch"]["requestBody"]["content"]["application/json"];
    assert_eq!(faults(&document, &content["schema"], &content["example"]), Vec::<String>::new());
    assert_eq!(call(Method::PATCH, hook, &id, Some(content["example"].clone())).await.status, 200);
    let secret = "/api/v1/webhooks/{id}/secret";
    assert_eq!(call(post.clone(), secret, &id, example(secret)).await.status, 200);
    assert_eq!(
        call(post.clone(), secret, &id, Some(json!({"overlap": 1_000_000_000_u64}))).await.status,
        422
    );
    let sent = call(post.clone(), "/api/v1/webhooks/{id}/test", &id, None).await;
    assert_eq!(sent.status, 202);
    let deliveries = "/api/v1/webhooks/{id}/deliveries";
    assert_eq!(
        call(get.clone(), deliveries, &id, None).await.json()["deliveries"][0]["id"],
        sent.json()["id"]
    );
    let replay = "/api/v1/webhooks/{id}/deliveries/{delivery}/replay";
    let named = format!("{deliveries}/{}", sent.json()["id"].as_str().unwrap()).replace("{id}", &id);
    let got = world.admin(get.clone(), &named, None).await;
    let schema = schema_of(&document, "/api/v1/webhooks/{id}/deliveries/{delivery}", &get, 200);
    assert_eq!(faults(&document, schema, &got.json()), [""; 0]);
    let got = world.admin(post.clone(), &format!("{named}/replay"), None).await;
    assert_eq!(faults(&document, schema_of(&document, replay, &post, 409), &got.json()), [""; 0]);
    assert_eq!(got.status, 409);
    assert_eq!(world.admin(Method::DELETE, &hook.replace("{id}", &id), None).await.status, 204);
    assert_eq!(call(Method::DELETE, hook, &id, None).await.status, 404);

    let inspect = "/api/v1/inspect";
    assert_eq!(call(post.clone(), inspect, "", example(inspect)).await.status, 200);
    assert_eq!(call(post, inspect, "", Some(json!({"text": ""}))).await.status, 422);
}

#[tokio::test]
async fn every_documented_problem_is_one_the_service_knows() {
    let world = fixed();
    let document = document(&world).await;
    let types =
        document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"].as_array().unwrap();
    let known: Vec<Value> =
        credenza_server::problem::Kind::ALL.iter().map(|kind| kind.uri().into()).collect();
    assert_eq!(types, &known);
    let schema = json!({"$ref": "#/components/schemas/Problem"});
    for response in document["components"]["responses"].as_object().unwrap().values() {
        let example = &response["content"]["application/problem+json"]["example"];
        assert_eq!(faults(&document, &schema, example), Vec::<String>::new());
    }
    assert!(!document.to_string().contains(TOKEN));
}

#[test]
fn every_problem_is_explained() {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/problems.md")).unwrap();
    for kind in credenza_server::problem::Kind::ALL {
        let section = format!("\n## {}\n\n{}. ", kind.name(), kind.status().as_u16());
        assert!(page.contains(&section), "{section}");
        assert!(kind.uri().ends_with(&format!("/docs/problems.md#{}", kind.name())));
    }
}
