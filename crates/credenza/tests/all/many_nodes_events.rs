//! Events of a session are the same on every node: whoever watches one sees what others do, and goes on at a third.

use std::sync::Arc;
use std::time::Duration;

use credenza::core::Limits;
use http::{Method, Request};
use serde_json::json;

use crate::nodes::{Nodes, holder};

/// The stream of an offer's events at a node, to its end: the ids and the names.
async fn stream(nodes: &Nodes, node: usize, path: &str, last: Option<u32>) -> Vec<(u32, String)> {
    let mut request: Request<Vec<u8>> = nodes.call(node, Method::GET, path, None);
    request.headers_mut().insert("accept", "text/event-stream".parse().unwrap());
    if let Some(last) = last {
        request.headers_mut().insert("last-event-id", last.to_string().parse().unwrap());
    }
    let patient = Limits { time: Duration::from_secs(60), ..Limits::default() };
    let response = nodes.send_within(request, patient).await.unwrap();
    assert_eq!(response.status(), 200);
    let text = String::from_utf8(response.into_body()).unwrap();
    let field = |event: &str, name: &str| {
        let value =
            event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned));
        value.unwrap_or_default()
    };
    let events = text.split("\n\n").filter(|event| event.contains("data:"));
    events.map(|event| (field(event, "id").parse().unwrap(), field(event, "event"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_seen_on_every_node_and_resumed_on_another() {
    let Some(nodes) = Nodes::start(3) else { return };
    let nodes = Arc::new(nodes);
    let offer = nodes.offer(0, json!({})).await;
    let path = format!("/offers/{}/events", offer["id"].as_str().unwrap());
    let watching = {
        let (nodes, path) = (Arc::clone(&nodes), path.clone());
        tokio::spawn(async move { stream(&nodes, 1, &path, None).await })
    };
    let wallet = holder(nodes.spread(), Arc::default());
    let shown = wallet.open_offer(offer["uri"].as_str().unwrap()).await.unwrap();
    wallet.accept_offer(&shown.id, None).await.unwrap();

    let seen = watching.await.unwrap();
    let ids: Vec<u32> = seen.iter().map(|(id, _)| *id).collect();
    assert!(ids.iter().copied().eq(1..=u32::try_from(ids.len()).unwrap()), "without gaps, once: {ids:?}");
    assert_eq!(seen.first().unwrap().1, "offer.created");
    assert!(seen.len() > 3, "{seen:?}");
    // A client that lost its node after the second event has missed the others, and nothing else.
    assert_eq!(stream(&nodes, 2, &path, Some(2)).await, seen[2..]);
}
