//! A node dies, the database dies: what was acknowledged is there, what was used is used, and nobody restarts the rest.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use credenza::core::{AddressPolicy, Http as _, Limits};
use credenza::http::ReqwestHttp;
use http::{Method, Request};
use serde_json::json;

use crate::nodes::Nodes;
use crate::world::{answer, code, pid_offer, pid_request, redeem};

/// What came of a code: how often it was accepted, and whether somebody does not know.
#[derive(Default)]
struct History {
    accepted: u32,
    unknown: bool,
}

// Q02: a node is killed under load, replaced, and killed again.
#[tokio::test(flavor = "multi_thread")]
async fn q02_a_node_is_killed_under_load() {
    const CODES: usize = 160;
    const CLIENTS: usize = 8;
    let Some(mut nodes) = Nodes::start(2) else { return };
    let mut codes = Vec::new();
    for number in 0..CODES {
        let offer = nodes.offer(number, json!({"delivery": "by_value"})).await;
        codes.push((offer["id"].as_str().unwrap().to_owned(), code(&offer)));
    }
    let histories: Arc<Mutex<BTreeMap<usize, History>>> = Arc::default();
    let done = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let codes: Vec<_> = codes.iter().map(|(_, code)| code.clone()).enumerate().collect();
            let urls = [nodes.node(0).to_owned(), nodes.node(1).to_owned()];
            let (histories, done) = (Arc::clone(&histories), Arc::clone(&done));
            tokio::spawn(async move {
                let http = ReqwestHttp::new(AddressPolicy::Loopback);
                // Two clients for each code, on different nodes at about the same time.
                for (number, code) in codes.iter().filter(|(number, _)| number % (CLIENTS / 2) == client / 2)
                {
                    let sent = redeem(&urls[(number + client) % 2], code);
                    let answered = http.send(sent, Limits::default()).await.map(|response| answer(&response));
                    let mut histories = histories.lock().unwrap();
                    let history = histories.entry(*number).or_default();
                    match answered {
                        Ok((200, _)) => history.accepted += 1,
                        Ok((400, body)) => assert_eq!(body["error"], "invalid_grant"),
                        Ok(other) => panic!("{other:?}"),
                        Err(_) => history.unknown = true,
                    }
                }
                done.store(true, Ordering::SeqCst);
            })
        })
        .collect();
    let mut kills = 0;
    while !done.load(Ordering::SeqCst) && kills < 3 {
        tokio::time::sleep(Duration::from_millis(60)).await;
        nodes.kill(0);
        nodes.restart(0);
        kills += 1;
    }
    for client in clients {
        client.await.unwrap();
    }
    assert!(kills > 0);
    let histories = std::mem::take(&mut *histories.lock().unwrap());
    for (number, (id, code)) in codes.iter().enumerate() {
        let history = &histories[&number];
        assert!(history.accepted <= 1, "accepted twice");
        let (status, session) = nodes.api(number, Method::GET, &format!("/offers/{id}"), None).await;
        assert_eq!(status, 200, "an offer that was acknowledged: {session}");
        let again = answer(&nodes.send(redeem(nodes.node(number + 1), code)).await.unwrap());
        if history.accepted == 1 {
            assert_eq!(session["state"], "authorized");
            assert_eq!((again.0, again.1["error"].as_str()), (400, Some("invalid_grant")), "used twice");
        } else {
            // Nobody was told: it was used for an answer that was lost, or it is still good; never both.
            assert!(history.unknown);
            assert_eq!(again.0 == 200, session["state"] != "authorized", "{session} {again:?}");
        }
    }
}

async fn probe(nodes: &Nodes, node: usize, path: &str) -> u16 {
    let request = Request::get(format!("{}{path}", nodes.node(node))).body(Vec::new()).unwrap();
    nodes.send(request).await.unwrap().status().as_u16()
}

// Q04, Q23: the database is killed and comes back.
#[tokio::test(flavor = "multi_thread")]
async fn q04_the_database_is_killed_and_comes_back() {
    const IN_TIME: Duration = Duration::from_secs(5);
    let Some(mut nodes) = Nodes::start(2) else { return };
    let used = code(&nodes.offer(0, json!({"delivery": "by_value"})).await);
    let unused = code(&nodes.offer(1, json!({"delivery": "by_value"})).await);
    assert_eq!(answer(&nodes.send(redeem(nodes.node(0), &used)).await.unwrap()).0, 200);
    assert_eq!(probe(&nodes, 0, "/readyz").await, 200);

    nodes.database.kill();
    let began = Instant::now();
    for node in 0..2 {
        // Its processes end one after the other.
        while probe(&nodes, node, "/readyz").await != 503 {
            assert!(began.elapsed() < IN_TIME, "not told");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(probe(&nodes, node, "/healthz").await, 200, "it lives, whatever others do");
        let offer = nodes.call(node, Method::POST, "/offers", Some(pid_offer(&json!({}))));
        let show = nodes.call(node, Method::GET, "/offers/AAAAAAAAAAAAAAAAAAAAAA", None);
        let ask = pid_request(&json!([{"path": ["given_name"]}]), &json!({}));
        let ask = nodes.call(node, Method::POST, "/presentations", Some(ask));
        for request in [redeem(nodes.node(node), &unused), offer, show, ask] {
            let asked = Instant::now();
            let what = request.uri().path().to_owned();
            let response = nodes.send(request).await.unwrap();
            assert_eq!(response.status(), 503, "{what}");
            assert_eq!(response.headers()["retry-after"], "1", "{what}");
            assert!(asked.elapsed() < IN_TIME, "{what} took {:?}", asked.elapsed());
        }
    }

    nodes.database.restart();
    let back = Instant::now();
    for node in 0..2 {
        while probe(&nodes, node, "/readyz").await != 200 {
            assert!(back.elapsed() < IN_TIME, "no recovery");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert_eq!(
        answer(&nodes.send(redeem(nodes.node(1), &used)).await.unwrap()).0,
        400,
        "used before, used after"
    );
    assert_eq!(answer(&nodes.send(redeem(nodes.node(0), &unused)).await.unwrap()).0, 200);
}
