//! Lists of the admin plane: pages, filters, and the way to the next page.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use crate::fixed;
use crate::world::{World, ada};

async fn offer(world: &World, name: &str) -> String {
    let body = json!({"credentials": [{"type": "pid", "claims": ada()}], "correlation_id": name});
    let made = world.admin(Method::POST, "/api/v1/offers", Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()["id"].as_str().unwrap().to_owned()
}

async fn ask(world: &World) -> String {
    let made = world.admin(Method::POST, "/api/v1/presentations", Some(json!({"query": "adult"}))).await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()["id"].as_str().unwrap().to_owned()
}

fn ids(page: &Value, name: &str) -> Vec<String> {
    page[name].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

/// Follows the links to the end.
async fn all(world: &World, path: &str, name: &str) -> (usize, Vec<String>) {
    let (mut found, mut pages, mut next) = (Vec::new(), 0, Some(path.to_owned()));
    while let Some(path) = next.take() {
        let got = world.admin(Method::GET, &path, None).await;
        assert_eq!(got.status, 200, "{}", got.text());
        found.extend(ids(&got.json(), name));
        pages += 1;
        let link = got.header("link");
        assert_eq!(link.is_empty(), got.json().get("next").is_none());
        next = link.strip_prefix("<https://service.example").map(|link| {
            let (path, relation) = link.split_once('>').unwrap();
            assert_eq!(relation, "; rel=\"next\"");
            path.to_owned()
        });
    }
    (pages, found)
}

#[tokio::test]
async fn pages_of_offers_have_each_offer_once() {
    let world = fixed();
    let mut made = BTreeSet::new();
    for number in 0..7 {
        made.insert(offer(&world, &format!("case-{number}")).await);
    }
    let (pages, found) = all(&world, "/api/v1/offers?limit=3", "offers").await;
    assert_eq!(pages, 3);
    assert_eq!((found.len(), found.into_iter().collect::<BTreeSet<_>>()), (7, made.clone()));
    let cancelled = made.first().unwrap();
    assert_eq!(world.admin(Method::DELETE, &format!("/api/v1/offers/{cancelled}"), None).await.status, 200);
    let (_, found) = all(&world, "/api/v1/offers?state=cancelled&limit=2", "offers").await;
    assert_eq!(found, std::slice::from_ref(cancelled));
    let (_, found) = all(&world, "/api/v1/offers?correlation_id=case-4", "offers").await;
    assert_eq!(found.len(), 1);
    let text = world.admin(Method::GET, "/api/v1/offers", None).await.text();
    assert!(!text.contains("Lovelace"), "claims are not in it");
}

#[tokio::test]
async fn pages_of_requests_have_each_request_once_and_no_claims() {
    let world = fixed();
    let mut made = BTreeSet::new();
    for _ in 0..5 {
        made.insert(ask(&world).await);
    }
    let (pages, found) = all(&world, "/api/v1/presentations?limit=2", "presentations").await;
    assert_eq!((pages, found.into_iter().collect::<BTreeSet<_>>()), (3, made.clone()));
    let one = made.first().unwrap();
    let cancel = format!("/api/v1/presentations/{one}/cancel");
    assert_eq!(world.admin(Method::POST, &cancel, None).await.status, 200);
    let (_, found) = all(&world, "/api/v1/presentations?state=cancelled", "presentations").await;
    assert_eq!(found, std::slice::from_ref(one));
    let (_, found) = all(&world, "/api/v1/presentations?state=created&limit=1", "presentations").await;
    assert_eq!(found.len(), 4);
}

#[tokio::test]
async fn what_is_always_there_comes_in_pages_too() {
    let world = fixed();
    for (path, name) in [("/api/v1/credential-types", "credential_types"), ("/api/v1/queries", "queries")] {
        let (pages, found) = all(&world, &format!("{path}?limit=1"), name).await;
        assert!(pages >= 2 && found.is_sorted(), "{path}: {found:?}");
        assert_eq!(all(&world, path, name).await, (1, found));
    }
}

#[tokio::test]
async fn mistakes_in_the_query_are_named() {
    let world = fixed();
    for path in [
        "/api/v1/offers",
        "/api/v1/presentations",
        "/api/v1/credentials",
        "/api/v1/status-lists",
        "/api/v1/credential-types",
        "/api/v1/queries",
        "/api/v1/webhooks",
    ] {
        for query in ["limit=0", "limit=1001", "limit=x", "limit=1&limit=2", "page=2"] {
            let got = world.admin(Method::GET, &format!("{path}?{query}"), None).await;
            assert_eq!(got.status, 400, "{path}?{query}: {}", got.text());
            let word = query.split_once('=').unwrap().0;
            assert!(got.json()["detail"].as_str().unwrap().contains(word), "{}", got.text());
        }
    }
    for path in ["/api/v1/offers?state=x", "/api/v1/presentations?state=x", "/api/v1/credentials?status=x"] {
        assert_eq!(world.admin(Method::GET, path, None).await.status, 400, "{path}");
    }
}
