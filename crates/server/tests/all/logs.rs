//! H07: what must never be in a log, looked for in everything that is logged.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::fixed;
use crate::wallet_plane::{offer, present, receive};
use crate::world::{TOKEN, ada};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

// Clauses: OABCP-7.9.3-03
#[tokio::test]
async fn h07_c23_no_secret_and_no_claim_is_logged_at_any_level() {
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);

    let world = fixed();
    let mut claims = ada();
    claims.insert("given_name".into(), json!("canary-given-name"));
    claims.insert("family_name".into(), json!("canary-family-name"));
    let made =
        offer(&world, json!({"credentials": [{"type": "pid", "claims": claims}], "tx_code": true})).await;
    let (held, keys) = receive(&world, &made).await;
    let asked = json!({"query_id": "adult", "correlation_id": "canary-correlation"});
    let asked = world.admin(http::Method::POST, "/api/v1/presentations", Some(asked)).await.json();
    present(&world, asked["uri"].as_str().unwrap(), &held[0], &keys).await;
    let id = asked["id"].as_str().unwrap();
    world.admin(http::Method::POST, &format!("/api/v1/presentations/{id}/result"), Some(json!({}))).await;
    // Mistakes, which tempt to quote what was sent.
    world
        .post("/token?code=canary-query", "application/x-www-form-urlencoded", "grant_type=canary-grant")
        .await;
    world.post("/credential?access_token=canary-token", "application/json", "canary-json").await;
    world
        .post("/openid4vp/response/canary-path", "application/x-www-form-urlencoded", "vp_token=canary-vp")
        .await;
    world.get("/canary-unknown?canary-q=1").await;
    drop(guard);

    let log = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("answered") && log.contains("route=\"/token\""), "{log}");
    let handle = made["offer_uri"].as_str().unwrap().rsplit('/').next().unwrap();
    let tx_code = format!("\"{}\"", made["tx_code"].as_str().unwrap());
    let credential = held[0].credential.split('.').next_back().unwrap();
    for secret in ["canary", TOKEN, handle, tx_code.as_str(), id, "Lovelace", "1990-12-10", credential] {
        assert!(!log.contains(secret), "{secret} in the log");
    }
    // One line for each request.
    let answered = log.lines().filter(|line| line.contains("answered")).count();
    assert!(answered >= 12, "{answered}");
}
