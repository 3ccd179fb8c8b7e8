//! Webhooks: noted with the change, sent in order, signed, tried again, and sent once more on demand.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use credenza_core::{Answer, FixedClock, Http, HttpError, Limits, SeededRandom, b64};
use credenza_crypto::hash::HmacKey;
use http::{Method, Request, Response};
use serde_json::{Value, json};

use crate::world::{Wanted, World, ada, world_with};
use crate::{NOW, fixed_with};

/// A receiver that keeps what it gets.
#[derive(Default)]
pub(crate) struct Receiver {
    got: Mutex<Vec<Request<Vec<u8>>>>,
    /// What it answers; 0: nothing.
    pub(crate) answers: Mutex<u16>,
}

impl Http for Receiver {
    fn send(&self, request: Request<Vec<u8>>, _: Limits) -> Answer<'_, Result<Response<Vec<u8>>, HttpError>> {
        self.got.lock().unwrap().push(request);
        Answer::ready(match *self.answers.lock().unwrap() {
            0 => Err(HttpError::TimedOut),
            status => Ok(Response::builder().status(status).body(Vec::new()).unwrap()),
        })
    }
}

impl Receiver {
    fn told(&self) -> Vec<Value> {
        self.got.lock().unwrap().iter().map(|one| serde_json::from_slice(one.body()).unwrap()).collect()
    }

    fn kinds(&self) -> Vec<String> {
        self.told().iter().map(|one| one["type"].as_str().unwrap().to_owned()).collect()
    }
}

fn hooked(answers: u16) -> (World, Arc<Receiver>) {
    let world = fixed_with(Wanted { webhooks: true, ..Wanted::default() });
    let receiver = Arc::clone(&world.receiver);
    *receiver.answers.lock().unwrap() = answers;
    (world, receiver)
}

async fn webhook(world: &World, body: Value) -> Value {
    let made = world.admin(Method::POST, "/api/v1/webhooks", Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()
}

/// An offer that was made and called off.
async fn flow(world: &World) -> String {
    let offer = json!({"credentials": [{"type": "pid", "claims": ada()}], "correlation_id": "case-1"});
    let made = world.admin(Method::POST, "/api/v1/offers", Some(offer)).await;
    assert_eq!(made.status, 201);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(world.admin(Method::DELETE, &format!("/api/v1/offers/{id}"), None).await.status, 200);
    id
}

/// One node works for a while, and stops.
async fn work(world: &World) {
    Arc::clone(&world.service).work(tokio::time::sleep(Duration::from_secs(5))).await;
}

#[tokio::test(start_paused = true)]
async fn events_come_in_order_signed_and_without_claims() {
    let (world, receiver) = hooked(204);
    let hook = webhook(&world, json!({"url": "http://127.0.0.1:9/hook", "events": ["offer.*"]})).await;
    let id = flow(&world).await;
    assert!(receiver.told().is_empty(), "no flow sends anything itself");
    work(&world).await;
    assert_eq!(receiver.kinds(), ["offer.created", "offer.cancelled"]);
    let first = &receiver.told()[0];
    assert_eq!((&first["data"]["session"], &first["data"]["sequence"]), (&json!(id), &json!(1)));
    assert_eq!(first["data"]["correlation_id"], "case-1");
    let secret = hook["secret"].as_str().unwrap().strip_prefix("whsec_").unwrap();
    let key = HmacKey::new(&b64::decode_std(secret).unwrap());
    for request in receiver.got.lock().unwrap().iter() {
        let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
        let mut signed = format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).into_bytes();
        signed.extend_from_slice(request.body());
        assert_eq!(header("webhook-signature"), format!("v1,{}", b64::encode_std(key.mac(&signed))));
        assert!(!String::from_utf8_lossy(request.body()).contains("Lovelace"));
    }
    work(&world).await;
    assert_eq!(receiver.told().len(), 2, "nothing is sent twice");
    let shown = world.admin(Method::GET, "/api/v1/webhooks", None).await;
    assert!(!shown.text().contains("whsec_") && !shown.text().contains("sealed"), "{}", shown.text());
}

#[tokio::test(start_paused = true)]
async fn a_dead_receiver_is_left_alone_and_what_waits_can_be_seen() {
    let (world, receiver) = hooked(0);
    let hook = webhook(&world, json!({"url": "http://127.0.0.1:9/hook"})).await;
    for _ in 0..12 {
        flow(&world).await;
    }
    work(&world).await;
    let tries = receiver.told().len();
    assert!((3..24).contains(&tries), "{tries} tries");
    assert!(receiver.kinds().iter().all(|kind| kind == "offer.created"), "never the second before the first");
    let path = format!("/api/v1/webhooks/{}/deliveries?state=pending", hook["id"].as_str().unwrap());
    let waiting = world.admin(Method::GET, &path, None).await.json();
    assert_eq!(waiting["deliveries"].as_array().unwrap().len(), 24, "{waiting}");
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_tried_again_after_a_pause_and_not_before() {
    let clock = Arc::new(FixedClock::at(NOW));
    let world = world_with(Wanted::default(), Arc::new(SeededRandom::new(3)), clock.clone());
    let receiver = Arc::clone(&world.receiver);
    *receiver.answers.lock().unwrap() = 500;
    let hook = webhook(&world, json!({"url": "http://127.0.0.1:9/hook", "events": ["offer.created"]})).await;
    flow(&world).await;
    work(&world).await;
    work(&world).await;
    assert_eq!(receiver.told().len(), 1, "no time has passed");
    let path = format!("/api/v1/webhooks/{}/deliveries", hook["id"].as_str().unwrap());
    let waiting = world.admin(Method::GET, &path, None).await.json()["deliveries"][0].clone();
    assert_eq!((&waiting["state"], &waiting["attempts"][0]["status"]), (&json!("pending"), &json!(500)));
    // Five seconds and up to a fifth more.
    clock.advance(Duration::from_secs(4));
    work(&world).await;
    assert_eq!(receiver.told().len(), 1);
    clock.advance(Duration::from_secs(2));
    *receiver.answers.lock().unwrap() = 204;
    work(&world).await;
    assert_eq!(receiver.told().len(), 2);
    assert_eq!(receiver.told()[0], receiver.told()[1]);
    let got = world.admin(Method::GET, &path, None).await.json()["deliveries"][0].clone();
    assert_eq!((&got["state"], &got["tries"]), (&json!("delivered"), &json!(2)));
    clock.advance(Duration::from_secs(3600));
    work(&world).await;
    assert_eq!(receiver.told().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_delivery_is_sent_again_on_demand_with_the_same_id() {
    let (world, receiver) = hooked(200);
    let hook = webhook(&world, json!({"url": "http://127.0.0.1:9/hook", "events": ["offer.created"]})).await;
    flow(&world).await;
    work(&world).await;
    let path = format!("/api/v1/webhooks/{}/deliveries", hook["id"].as_str().unwrap());
    let all = world.admin(Method::GET, &path, None).await.json();
    assert_eq!(all["deliveries"][0]["state"], "delivered");
    let replay = format!("{path}/{}/replay", all["deliveries"][0]["id"].as_str().unwrap());
    assert_eq!(world.admin(Method::POST, &replay, None).await.status, 202);
    assert_eq!(world.admin(Method::POST, &replay, None).await.status, 409);
    work(&world).await;
    let got = receiver.got.lock().unwrap();
    assert_eq!(got.len(), 2);
    assert_eq!(got[0].headers()["webhook-id"], got[1].headers()["webhook-id"]);
}

#[tokio::test(start_paused = true)]
async fn mistakes_are_named_and_a_webhook_can_be_removed() {
    let (world, receiver) = hooked(200);
    for (body, at) in [
        (json!({"url": "https://10.0.0.1/"}), "/url"),
        (json!({"url": "https://a.example/", "events": []}), "/events"),
        (json!({"url": "https://a.example/", "events": ["Offer"]}), "/events"),
    ] {
        let refused = world.admin(Method::POST, "/api/v1/webhooks", Some(body)).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["pointer"]), (422, &json!(at)));
    }
    let hook = webhook(&world, json!({"url": "http://127.0.0.1:9/hook"})).await;
    let path = format!("/api/v1/webhooks/{}", hook["id"].as_str().unwrap());
    let rotated = world.admin(Method::POST, &format!("{path}/secret"), Some(json!({}))).await.json();
    assert_ne!(rotated["secret"], hook["secret"]);
    flow(&world).await;
    work(&world).await;
    let signed = receiver.got.lock().unwrap()[0].headers()["webhook-signature"].to_str().unwrap().to_owned();
    assert_eq!(signed.split(' ').count(), 2, "both secrets sign for a day");
    assert_eq!(world.admin(Method::DELETE, &path, None).await.status, 204);
    flow(&world).await;
    work(&world).await;
    assert_eq!(receiver.told().len(), 2);
    assert_eq!(world.admin(Method::GET, &path, None).await.status, 404);
}
