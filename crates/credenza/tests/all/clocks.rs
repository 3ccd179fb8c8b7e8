//! Q06: the clocks of the machines are wrong, and the nodes behave as one all the same.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use credenza::config;
use credenza::core::{Clock, Key, SystemClock, UnixTime};
use credenza::server::{AdminToken, Limits, serve};
use credenza::service::clock::InStep;
use credenza::service::{Parts, Revocation};
use credenza::store::open;
use credenza::wallet::default_choices;
use http::{Method, Request};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::nodes::{Spread, holder};
use crate::postgres_server::PostgresServer;
use crate::redis_server::RedisServer;
use crate::world::{answer, call, good_json, pid_offer, pid_request, send};

/// A machine's clock that is fast by so many seconds.
struct Fast(i64);

impl Clock for Fast {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(SystemClock.now().as_secs() + self.0)
    }
}

const OFF: [i64; 3] = [-120, 0, 120];

async fn in_step(off: i64, database: &str, sessions: Option<&str>) -> InStep {
    InStep::open_on(Arc::new(Fast(off)), database, sessions).await.unwrap()
}

/// Each node writes what is good for half a minute, and what is over; all see the one and none the other.
async fn agree(database: &str, sessions: Option<&str>) {
    let mut nodes = Vec::new();
    for off in OFF {
        nodes.push(in_step(off, database, sessions).await);
    }
    for (number, node) in nodes.iter().enumerate() {
        let [good, over] = ["good", "over"].map(|kind| Key::new(kind, number.to_string()));
        let now = node.clock.now();
        node.stores.sessions.insert(good.clone(), Vec::new(), now + Duration::from_secs(30)).await.unwrap();
        node.stores.sessions.insert(over.clone(), Vec::new(), now - Duration::from_secs(30)).await.unwrap();
        for other in &nodes {
            assert!(other.stores.sessions.get(&good).await.unwrap().is_some(), "expired for one of them");
            assert!(other.stores.sessions.get(&over).await.unwrap().is_none(), "good for one of them");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn q06_nodes_agree_about_what_has_expired() {
    let Some(database) = PostgresServer::start() else { return };
    let url = database.url("public");
    agree(&url, None).await;
    // Without the database's time they do not.
    let [slow, fast] = [-120, 120].map(|off| open(&url, Arc::new(Fast(off))));
    let (slow, fast) = (slow.await.unwrap(), fast.await.unwrap());
    let key = Key::new("good", "alone");
    let expires = Fast(-120).now() + Duration::from_secs(30);
    slow.sessions.insert(key.clone(), Vec::new(), expires).await.unwrap();
    assert!(
        slow.sessions.get(&key).await.unwrap().is_some() && fast.sessions.get(&key).await.unwrap().is_none()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn q06_nodes_over_redis_agree_too() {
    let (Some(database), Some(sessions)) = (PostgresServer::start(), RedisServer::start()) else { return };
    agree(&database.url("public"), Some(&sessions.url("test"))).await;
    // Where the records have no server, the sessions' tells the time.
    let node = in_step(120, "memory:", Some(&sessions.url("alone"))).await;
    assert!(node.clock.now().as_secs().abs_diff(SystemClock.now().as_secs()) < 30);
}

/// A node in this process, on a machine whose clock is fast; its address.
async fn node(config: &Path, database: &str, off: i64) -> (InStep, String) {
    let settings = config::read(config, &SystemClock).unwrap();
    let in_step = in_step(off, database, None).await;
    let stores = in_step.stores.clone();
    let parts = Parts {
        clock: Arc::clone(&in_step.clock) as _,
        document_signer: settings.document_signer.map(|signer| Arc::new(signer) as _),
        type_records: Some(Arc::clone(&stores.records)),
        revocation: settings.status.map(|policy| Revocation { records: stores.records, policy }),
        trusted_dids: settings.trusted_dids,
        ..Parts::new(
            settings.url,
            (settings.issuer_name, Arc::new(settings.issuer_key), settings.credential_types),
            (settings.verifier_key, settings.anchors),
            stores.sessions,
            settings.sealer,
        )
    };
    let service =
        parts.assemble().unwrap().service.admin_token(AdminToken::from_sha256(settings.admin_token));
    let router = service.build().unwrap().router();
    // The first one is where the world knows the service to be.
    let at = if off == OFF[0] { settings.listen } else { ([127, 0, 0, 1], 0).into() };
    let listener = TcpListener::bind(at).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve(listener, router, Limits::default(), std::future::pending()));
    (in_step, url)
}

async fn ready(node: &str) -> (u16, Value) {
    answer(&send(Request::get(format!("{node}/readyz")).body(Vec::new()).unwrap()).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn q06_flows_wander_between_nodes_whose_clocks_are_wrong() {
    let Some(database) = PostgresServer::start() else { return };
    let database = database.url("public");
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://127.0.0.1:{}", crate::world::free_port());
    let written = good_json(&["init", "--dir", folder.path().to_str().unwrap(), "--url", &url, "--json"]);
    let token = written["admin_token"].as_str().unwrap();
    let config = folder.path().join("credenza.toml");
    let (mut running, mut nodes) = (Vec::new(), Vec::new());
    for off in OFF {
        let (in_step, url) = node(&config, &database, off).await;
        running.push(in_step);
        nodes.push(url);
    }
    for (off, node) in OFF.into_iter().zip(&nodes) {
        let (status, said) = ready(node).await;
        let told = said["clock_difference"].as_i64();
        assert_eq!((status, told.is_some()), (200, off != 0), "{said}");
        assert!(told.unwrap_or(0).abs_diff(off) <= 2, "{said}");
    }
    for begin in 0..3 {
        let wallet = holder(Spread::over(&url, nodes.clone()), Arc::default());
        let post = async |path: &str, body| {
            answer(&send(call(&nodes[begin], token, Method::POST, path, Some(body))).await.unwrap()).1
        };
        let offer = post("/offers", pid_offer(&json!({}))).await;
        let shown = wallet.open_offer(offer["uri"].as_str().unwrap()).await.unwrap();
        wallet.accept_offer(&shown.id, None).await.unwrap();
        let asked = post("/presentations", pid_request(&json!([{"path": ["given_name"]}]), &json!({}))).await;
        let consent = wallet.open_request(asked["uri"].as_str().unwrap()).await.unwrap();
        wallet.answer_request(&consent.id, &default_choices(&consent)).await.unwrap();
        let path = format!("/presentations/{}", asked["id"].as_str().unwrap());
        for node in &nodes {
            let (_, session) = answer(&send(call(node, token, Method::GET, &path, None)).await.unwrap());
            assert_eq!(session["state"], "verified", "{session}");
        }
    }
    // An hour is more than anybody can put right.
    let (_lost, lost) = node(&config, &database, 3600).await;
    let (status, said) = ready(&lost).await;
    assert_eq!((status, said["type"].as_str().unwrap().ends_with("#unavailable")), (503, true), "{said}");
    assert!(said["detail"].as_str().unwrap().contains("clock"), "{said}");
}
