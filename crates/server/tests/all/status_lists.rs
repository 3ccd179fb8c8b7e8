//! Revocation from end to end: issued, presented, suspended, restored, revoked; and how lists are served.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use credenza_formats::held::HeldCredential;
use credenza_formats::status_list::encode;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::fixed;
use crate::pages::Browser;
use crate::wallet_plane::{Keys, offer, receive, try_present};
use crate::world::{Got, World, ada};

async fn issued(world: &World) -> (Vec<HeldCredential>, Arc<Keys>, Value) {
    let made = offer(world, json!({"credentials": [{"type": "pid", "claims": ada()}]})).await;
    let (held, keys) = receive(world, &made).await;
    let path = format!("/api/v1/credentials?session={}", made["id"].as_str().unwrap());
    let page = world.admin(Method::GET, &path, None).await.json();
    assert_eq!(page["credentials"].as_array().unwrap().len(), 1, "{page}");
    (held, keys, page["credentials"][0].clone())
}

async fn set(world: &World, id: &Value, status: &str) -> Got {
    let path = format!("/api/v1/credentials/{}", id.as_str().unwrap());
    world.admin(Method::PATCH, &path, Some(json!({"status": status}))).await
}

/// Presents a copy; the state of the session, and the check that has failed.
async fn shown(world: &World, held: &HeldCredential, keys: &Keys) -> (Value, Value) {
    let request = json!({"query_id": "adult"});
    let made = world.admin(Method::POST, "/api/v1/presentations", Some(request)).await.json();
    let path = format!("/api/v1/presentations/{}", made["id"].as_str().unwrap());
    let link = made["uri"].as_str().unwrap().to_owned();
    let report = async {
        let session = world.admin(Method::GET, &path, None).await.json();
        (session["state"].clone(), session["refusal"].clone())
    };
    let _ = try_present(world, &link, held, keys).await;
    report.await
}

// Clauses: TSL-8.1-01, TSL-8.3-05, TSL-7-01
#[tokio::test(start_paused = true)]
async fn l01_suspended_and_revoked_credentials_are_refused_by_name() {
    let world = fixed();
    let (held, keys, credential) = issued(&world).await;
    assert_eq!(credential["status"], "valid");
    assert_eq!(credential["places"].as_array().unwrap().len(), 3);
    let verified = (json!("verified"), Value::Null);
    assert_eq!(shown(&world, &held[0], &keys).await, verified);
    let refused = |state: &(Value, Value)| state.1 == "status-list.status" && state.0 != "verified";

    let changed = set(&world, &credential["id"], "suspended").await;
    assert_eq!((changed.status.as_u16(), &changed.json()["published"]), (200, &json!(true)));
    for copy in &held {
        let state = shown(&world, copy, &keys).await;
        assert!(refused(&state), "{state:?}");
    }
    assert_eq!(set(&world, &credential["id"], "valid").await.status, 200);
    assert_eq!(shown(&world, &held[1], &keys).await, verified);
    let revoked = set(&world, &credential["id"], "revoked").await.json();
    assert_eq!((&revoked["status"], &revoked["published"]), (&json!("revoked"), &json!(true)));
    for copy in &held {
        let state = shown(&world, copy, &keys).await;
        assert!(refused(&state), "{state:?}");
    }
    assert_eq!(set(&world, &credential["id"], "valid").await.status, 409);
    // Somebody else's stays as it was.
    let (others, keys, _) = issued(&world).await;
    assert_eq!(shown(&world, &others[0], &keys).await, verified);
}

async fn fetch(world: &World, uri: &str, headers: &[(&str, &str)]) -> Got {
    let mut request = Request::get(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    world.send(request.body(Body::empty()).unwrap()).await
}

// Clauses: TSL-8.1-02, TSL-8.2-01, TSL-8.2-03, TSL-8.2-04, TSL-8.2-05, TSL-8.4-03, TSL-9.3-01, TSL-9.3-02, TSL-12.7-01
// Checks: ISS-100
#[tokio::test]
async fn a_list_is_served_in_the_form_that_is_asked_for() {
    let world = fixed();
    let (_, _, credential) = issued(&world).await;
    let uri = credential["places"][0]["uri"].as_str().unwrap().to_owned();
    let jwt = fetch(&world, &uri, &[]).await;
    assert_eq!((jwt.status.as_u16(), jwt.header("content-type")), (200, "application/statuslist+jwt"));
    assert_eq!(jwt.header("access-control-allow-origin"), "*");
    assert_eq!(jwt.header("cache-control"), "public, max-age=150");
    assert_eq!(jwt.header("vary"), "accept, accept-encoding");
    assert_eq!(jwt.text().matches('.').count(), 2);
    let cwt = fetch(&world, &uri, &[("accept", "application/statuslist+cwt")]).await;
    assert_eq!((cwt.header("content-type"), cwt.body[0]), ("application/statuslist+cwt", 0xd2));
    let gzip = fetch(&world, &uri, &[("accept-encoding", "gzip")]).await;
    assert_eq!(gzip.header("content-encoding"), "gzip");
    assert_eq!(encode::gunzip(&gzip.body, 1 << 20).unwrap(), jwt.body);

    for (query, status) in
        [("?time=1700000000", 501), ("?time=now", 400), ("?time=1&time=2", 400), ("?x=1", 200)]
    {
        assert_eq!(fetch(&world, &format!("{uri}{query}"), &[]).await.status, status, "{query}");
    }
    let aggregation = uri.rsplit_once('/').unwrap().0;
    let all = fetch(&world, aggregation, &[]).await;
    assert_eq!((all.status.as_u16(), all.header("content-type")), (200, "application/json"));
    assert_eq!(all.json(), json!({"status_lists": [uri]}));
    for nothing in ["/nothing", "/nothing/revocation"] {
        assert_eq!(fetch(&world, &format!("{aggregation}{nothing}"), &[]).await.status, 404);
    }
    let bitstring = fetch(&world, &format!("{uri}/suspension"), &[]).await;
    assert_eq!((bitstring.status.as_u16(), bitstring.header("content-type")), (200, "application/vc+jwt"));
    assert_eq!(fetch(&world, &format!("{uri}/refresh"), &[]).await.status, 404);
    let lists = world.admin(Method::GET, "/api/v1/status-lists", None).await.json();
    assert_eq!(
        (&lists["status_lists"][0]["uri"], &lists["status_lists"][0]["taken"]),
        (&json!(uri), &json!(8))
    );
}

#[tokio::test(start_paused = true)]
async fn many_changes_at_once_are_published_together() {
    let world = fixed();
    let mut all = Vec::new();
    for _ in 0..10 {
        all.push(issued(&world).await.2);
    }
    let uri = all[0]["places"][0]["uri"].as_str().unwrap().to_owned();
    fetch(&world, &uri, &[]).await;
    let begun = tokio::time::Instant::now();
    let changes = all.iter().map(|credential| set(&world, &credential["id"], "revoked"));
    for changed in futures_util::future::join_all(changes).await {
        assert_eq!((changed.status.as_u16(), &changed.json()["published"]), (200, &json!(true)));
    }
    // One publication a second: the first, and one for all that came while it was made.
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_callers_get_wrong_is_told() {
    let world = fixed();
    let (_, _, credential) = issued(&world).await;
    let path = format!("/api/v1/credentials/{}", credential["id"].as_str().unwrap());
    for (body, kind) in [
        (json!({"status": "gone"}), "invalid-request"),
        (json!({}), "invalid-request"),
        (json!({"status": "valid", "why": "x"}), "unknown-member"),
    ] {
        let got = world.admin(Method::PATCH, &path, Some(body)).await;
        assert_eq!(got.status, 400);
        assert!(got.json()["type"].as_str().unwrap().ends_with(kind), "{}", got.text());
    }
    assert_eq!(set(&world, &json!("nobody"), "revoked").await.status, 404);
    for query in ["limit=0", "limit=1001", "limit=x", "sesion=1"] {
        let got = world.admin(Method::GET, &format!("/api/v1/credentials?{query}"), None).await;
        assert_eq!(got.status, 400, "{query}");
    }
    issued(&world).await;
    let first = world.admin(Method::GET, "/api/v1/credentials?limit=1", None).await.json();
    let next = first["next"].as_str().unwrap();
    let path = format!("/api/v1/credentials?limit=5&after={next}");
    let second = world.admin(Method::GET, &path, None).await.json();
    assert_eq!((second["credentials"].as_array().unwrap().len(), &second["next"]), (1, &Value::Null));
    assert_ne!(first["credentials"][0]["id"], second["credentials"][0]["id"]);
    // Nobody without the token.
    let got = world.get("/api/v1/credentials").await;
    assert_eq!(got.status, 401);
}

#[tokio::test(start_paused = true)]
async fn a_person_suspends_and_revokes_on_the_page_of_the_offer() {
    let world = fixed();
    let (_, _, credential) = issued(&world).await;
    let page = format!("/issue/{}", credential["session"].as_str().unwrap());
    let mut browser = Browser::new(&world);
    let csrf = browser.csrf(&page).await;
    let id = credential["id"].as_str().unwrap();
    let action = format!("{page}/status");
    for (status, says) in [("suspended", "Restore"), ("valid", "Suspend"), ("revoked", "Issued: revoked")] {
        assert!(browser.get(&page).await.text().contains(&format!("value=\"{status}\"")));
        let fields = [("csrf", csrf.as_str()), ("credential", id), ("status", status)];
        let done = browser.form(&action, &fields).await;
        assert_eq!((done.status.as_u16(), done.header("location")), (303, page.as_str()));
        assert!(browser.get(&page).await.text().contains(says), "{status}");
    }
    assert!(!browser.get(&page).await.text().contains(&action), "revoked is final: there is no button");
    for (fields, status) in [
        ([("csrf", csrf.as_str()), ("credential", id), ("status", "valid")], 409),
        ([("csrf", csrf.as_str()), ("credential", id), ("status", "gone")], 400),
        ([("csrf", csrf.as_str()), ("credential", "nobody"), ("status", "valid")], 404),
        ([("csrf", "forged"), ("credential", id), ("status", "valid")], 403),
    ] {
        assert_eq!(browser.form(&action, &fields).await.status, status);
    }
}
