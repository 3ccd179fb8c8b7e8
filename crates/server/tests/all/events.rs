//! Event streams: resumed, live, ended, and as JSON.

use std::time::Duration;

use axum::body::Body;
use credenza_server::Limits;
use futures_util::StreamExt as _;
use http::{Method, Request};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::world::{TOKEN, Wanted, World, ada};
use crate::{fixed, fixed_with};

async fn offer(world: &World) -> Value {
    let body = json!({"credentials": [{"type": "pid", "claims": ada()}]});
    world.admin(Method::POST, "/api/v1/offers", Some(body)).await.json()
}

async fn open(world: &World, id: &str, last: Option<&str>) -> http::Response<Body> {
    let mut request = Request::get(format!("/api/v1/offers/{id}/events"))
        .header("authorization", format!("Bearer {TOKEN}"));
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    world.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

/// Everything until the stream ends.
async fn until_the_end(response: http::Response<Body>) -> String {
    let body = axum::body::to_bytes(response.into_body(), 1 << 16);
    let bytes = tokio::time::timeout(Duration::from_secs(10), body).await.expect("the stream ends").unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn ids(stream: &str) -> Vec<&str> {
    stream.lines().filter_map(|line| line.strip_prefix("id: ")).collect()
}

#[tokio::test]
async fn a_stream_is_resumed_where_it_broke_and_ends_with_the_session() {
    let world = fixed();
    let offer = offer(&world).await;
    let id = offer["id"].as_str().unwrap();
    let handle = offer["offer_uri"].as_str().unwrap().strip_prefix("https://service.example").unwrap();
    assert_eq!(world.get(handle).await.status, 200);
    world.admin(Method::DELETE, &format!("/api/v1/offers/{id}"), None).await;

    let all = open(&world, id, None).await;
    assert_eq!(all.headers()["content-type"], "text/event-stream");
    let all = until_the_end(all).await;
    assert_eq!(ids(&all), ["1", "2", "3"]);
    assert!(all.contains("event: offer.created") && all.contains("event: offer.cancelled"), "{all}");
    assert_eq!(ids(&until_the_end(open(&world, id, Some("2")).await).await), ["3"]);
    assert_eq!(ids(&until_the_end(open(&world, id, Some("3")).await).await), [""; 0]);
    // What is no number counts as nothing seen.
    assert_eq!(ids(&until_the_end(open(&world, id, Some("x")).await).await), ["1", "2", "3"]);
}

#[tokio::test]
async fn what_happens_is_sent_as_it_happens() {
    // No heartbeat within the test: it is the hub that wakes the stream.
    let limits = Limits { heartbeat: Duration::from_secs(600), ..Limits::default() };
    let world = fixed_with(Wanted { limits, ..Wanted::default() });
    let offer = offer(&world).await;
    let id = offer["id"].as_str().unwrap();
    let mut stream = open(&world, id, None).await.into_body().into_data_stream();
    let mut next = async || {
        let chunk = tokio::time::timeout(Duration::from_secs(10), stream.next()).await.expect("in time");
        String::from_utf8(chunk.unwrap().unwrap().to_vec()).unwrap()
    };
    assert!(next().await.contains("offer.created"));
    let handle = offer["offer_uri"].as_str().unwrap().strip_prefix("https://service.example").unwrap();
    world.get(handle).await;
    assert!(next().await.contains("offer.retrieved"));
}

#[tokio::test]
async fn what_another_node_did_is_seen_with_the_heartbeat() {
    let world = fixed();
    let offer = offer(&world).await;
    let id = offer["id"].as_str().unwrap();
    let stream = open(&world, id, None).await;
    // Nobody tells the hub: the stream has to find out by itself.
    let cancelled = world.admin(Method::DELETE, &format!("/api/v1/offers/{id}"), None).await;
    assert_eq!(cancelled.status, 200);
    assert!(until_the_end(stream).await.contains("offer.cancelled"));
}

#[tokio::test]
async fn json_for_those_who_ask() {
    let world = fixed();
    let offer = offer(&world).await;
    let path = format!("/api/v1/offers/{}/events", offer["id"].as_str().unwrap());
    let by_query = world.admin(Method::GET, &format!("{path}?format=json"), None).await;
    assert_eq!(by_query.json()["events"][0]["type"], "offer.created");
    assert_eq!(by_query.json()["ended"], false);
    let request = Request::get(&path)
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("accept", "application/json");
    let by_accept = world.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(by_accept.json(), by_query.json());
    assert_eq!(world.admin(Method::GET, "/api/v1/offers/nothing/events", None).await.status, 404);
}

#[tokio::test]
async fn h03_streams_are_counted() {
    let limits = Limits { event_streams: 1, heartbeat: Duration::from_millis(20), ..Limits::default() };
    let world = fixed_with(Wanted { limits, ..Wanted::default() });
    let offer = offer(&world).await;
    let id = offer["id"].as_str().unwrap();
    let first = open(&world, id, None).await;
    assert_eq!(open(&world, id, None).await.status(), 503);
    drop(first);
    assert_eq!(open(&world, id, None).await.status(), 200);
}
