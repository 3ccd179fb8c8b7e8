//! Webhooks from outside: services and receivers with sockets of their own, and nodes that die.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use credenza::core::{Key, RecordWrite, Records, SystemClock, b64};
use credenza::crypto::hash::HmacKey;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::nodes::Nodes;
use crate::world::{Service, good, good_json};

/// What a receiver got: the headers, and the body as it came.
type Got = (HeaderMap, Bytes);

/// Status for no answer at all.
const SILENCE: u16 = 0;

/// A service of the operator's own, over HTTP.
struct Receiver {
    url: String,
    answers: Arc<Mutex<u16>>,
    inbox: UnboundedReceiver<Got>,
}

impl Receiver {
    async fn start(answers: u16) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (answers, (out, inbox)) = (Arc::new(Mutex::new(answers)), unbounded_channel());
        let says = Arc::clone(&answers);
        let hook = post(async move |headers: HeaderMap, body: Bytes| {
            out.send((headers, body)).unwrap();
            let status = *says.lock().unwrap();
            if status == SILENCE {
                std::future::pending::<()>().await;
            }
            StatusCode::from_u16(status).unwrap()
        });
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/hook", hook)).await });
        Self { url, answers, inbox }
    }

    fn answer(&self, status: u16) {
        *self.answers.lock().unwrap() = status;
    }

    /// The next message, and its id.
    async fn next(&mut self) -> (String, Value, Got) {
        let got = tokio::time::timeout(Duration::from_secs(60), self.inbox.recv()).await;
        let got = got.expect("a message comes").unwrap();
        let id = got.0["webhook-id"].to_str().unwrap().to_owned();
        (id, serde_json::from_slice(&got.1).unwrap(), got)
    }

    /// Messages until one of this kind, with that.
    async fn until(&mut self, kind: &str) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let (_, message, _) = self.next().await;
            let found = message["type"] == kind;
            all.push(message);
            if found {
                return all;
            }
        }
    }
}

/// Whether a message was signed with the secret that the webhook was made with.
fn signed(secret: &Value, (headers, body): &Got) -> bool {
    let secret = secret.as_str().unwrap().strip_prefix("whsec_").unwrap();
    let key = HmacKey::new(&b64::decode_std(secret).unwrap());
    let header = |name: &str| headers[name].to_str().unwrap();
    let mut text = format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).into_bytes();
    text.extend_from_slice(body);
    header("webhook-signature") == format!("v1,{}", b64::encode_std(key.mac(&text)))
}

async fn hook(service: &Service, receiver: &Receiver, more: Value) -> Value {
    let mut body = json!({"url": receiver.url});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let (status, made) = service.api(Method::POST, "/webhooks", Some(body)).await;
    assert_eq!(status, 201, "{made}");
    made
}

/// The leases of a node that died run out after a minute; here they do at once.
async fn leases_run_out(records: &Arc<dyn Records>, webhook: &Value) {
    for name in ["webhooks.outbox".to_owned(), format!("webhook.{}", webhook["id"].as_str().unwrap())] {
        let key = Key::new("server.lease", name);
        if let Some(kept) = records.get(&key).await.unwrap() {
            let expected = kept.version;
            records.commit(vec![RecordWrite::Remove { key, expected }]).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_learns_of_issuance_presentation_and_revocation() {
    let service = Service::start();
    let (mut all, mut ids) = (Receiver::start(204).await, Receiver::start(204).await);
    let made = hook(&service, &all, json!({"include": "result"})).await;
    hook(&service, &ids, json!({"events": ["presentation.verified"]})).await;
    let home = service.folder.path().join("wallet");
    let wallet = ["wallet", "--home", home.to_str().unwrap()];
    let root = service.root();
    good(&[&wallet[..], &["trust", "add", root.to_str().unwrap()]].concat());

    let offer = service.offer(json!({"correlation_id": "case-7"})).await;
    good_json(&[&wallet[..], &["accept", "--yes", "--json", offer["uri"].as_str().unwrap()]].concat());
    let told = all.until("credential.accepted").await;
    let kinds: Vec<_> = told.iter().map(|one| one["type"].as_str().unwrap()).collect();
    assert!(kinds.starts_with(&["offer.created"]) && kinds.contains(&"credential.issued"), "{kinds:?}");
    for (number, message) in told.iter().enumerate() {
        assert_eq!(message["data"]["sequence"], json!(number + 1), "{message}");
        assert_eq!(message["data"]["session"], offer["id"]);
        assert_eq!(message["data"]["correlation_id"], "case-7");
        assert!(!message.to_string().contains("Mustermann"), "{message}");
    }

    let asked = service.ask(json!([{"path": ["given_name"]}]), json!({})).await;
    good(&[&wallet[..], &["present", "--yes", asked["uri"].as_str().unwrap()]].concat());
    let verified = all.until("presentation.verified").await.pop().unwrap();
    assert_eq!(verified["data"]["result"]["presentations"][0]["claims"]["given_name"], "Erika", "{verified}");
    let (_, without, got) = ids.next().await;
    assert_eq!(
        (&without["type"], &without["data"]["session"]),
        (&json!("presentation.verified"), &asked["id"])
    );
    assert!(without["data"].get("result").is_none() && !signed(&made["secret"], &got), "{without}");

    let page = format!("/credentials?session={}", offer["id"].as_str().unwrap());
    let (_, page) = service.api(Method::GET, &page, None).await;
    let credential = page["credentials"][0]["id"].as_str().unwrap();
    let path = format!("/credentials/{credential}");
    assert_eq!(service.api(Method::PATCH, &path, Some(json!({"status": "revoked"}))).await.0, 200);
    let (_, changed, got) = all.next().await;
    assert_eq!(changed["type"], "credential.status_changed");
    assert_eq!(
        (&changed["data"]["credential"], &changed["data"]["status"]),
        (&json!(credential), &json!("revoked"))
    );
    assert!(signed(&made["secret"], &got));
}

#[tokio::test(flavor = "multi_thread")]
async fn q_what_was_committed_and_not_sent_is_sent_after_a_kill() {
    let mut service = Service::start();
    let mut receiver = Receiver::start(SILENCE).await;
    let made = hook(&service, &receiver, json!({})).await;
    let mut offers = Vec::new();
    for _ in 0..12 {
        offers.push(service.offer(json!({})).await["id"].clone());
    }
    // One at least is in the middle of being sent, and others have not left yet.
    let (first, _, _) = receiver.next().await;
    service.kill();
    receiver.answer(204);
    while receiver.inbox.try_recv().is_ok() {}
    let database = format!("sqlite:{}", service.folder.path().join("credenza.db").display());
    let stores = credenza::store::open(&database, Arc::new(SystemClock)).await.unwrap();
    leases_run_out(&stores.records, &made).await;
    drop(stores);
    service.restart();
    // What the dead one has sent may still arrive: by its id it is known.
    let (mut told, mut ids) = (Vec::new(), HashSet::new());
    while told.len() < offers.len() {
        let (id, message, got) = receiver.next().await;
        assert_eq!(message["type"], "offer.created");
        assert!(signed(&made["secret"], &got));
        if ids.insert(id) {
            told.push(message["data"]["session"].clone());
        }
    }
    assert!(ids.contains(&first), "under the id of the first try");
    let sorted = |mut all: Vec<Value>| {
        all.sort_by_key(Value::to_string);
        all
    };
    assert_eq!(sorted(told), sorted(offers), "each of them");
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_share_the_work_and_take_over_from_each_other() {
    let Some(mut nodes) = Nodes::start(2) else { return };
    let mut receiver = Receiver::start(204).await;
    let body = json!({"url": receiver.url, "events": ["offer.*"]});
    let (status, made) = nodes.api(0, Method::POST, "/webhooks", Some(body)).await;
    assert_eq!(status, 201, "{made}");
    // Whoever asks the other node knows that it knows.
    let path = format!("/webhooks/{}", made["id"].as_str().unwrap());
    assert_eq!(nodes.api(1, Method::GET, "/webhooks", None).await.1["webhooks"][0]["id"], made["id"]);
    let mut sessions = Vec::new();
    for node in 0..8 {
        let offer = nodes.offer(node, json!({})).await;
        let cancel = format!("/offers/{}", offer["id"].as_str().unwrap());
        // What one node begins the other ends.
        assert_eq!(nodes.api(node + 1, Method::DELETE, &cancel, None).await.0, 200);
        sessions.push(offer["id"].clone());
    }
    let (mut told, mut ids) = (Vec::new(), HashSet::new());
    for _ in 0..sessions.len() * 2 {
        let (id, message, got) = receiver.next().await;
        assert!(signed(&made["secret"], &got) && ids.insert(id), "nodes that live send nothing twice");
        told.push(message);
    }
    for session in &sessions {
        let of: Vec<_> = told.iter().filter(|one| one["data"]["session"] == *session).collect();
        let kinds: Vec<_> = of.iter().map(|one| one["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["offer.created", "offer.cancelled"], "{session}");
    }
    nodes.kill(0);
    let records =
        credenza::store::open(&nodes.database.url("public"), Arc::new(SystemClock)).await.unwrap().records;
    leases_run_out(&records, &made).await;
    let offer = nodes.offer(1, json!({})).await;
    // What the dead one has sent and could not tick off comes again, under the id that is known.
    let (mut id, mut message, _) = receiver.next().await;
    while ids.contains(&id) {
        (id, message, _) = receiver.next().await;
    }
    assert_eq!(message["data"]["session"], offer["id"]);
    assert_eq!(nodes.api(1, Method::DELETE, &path, None).await.0, 204);
}
