//! The probes of whoever runs the service: does it live, can it work, what has it done.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use credenza_core::{Deviation, Key};
use http::StatusCode;
use serde_json::json;

use crate::metrics;
use crate::problem::{Kind, Problem};
use crate::respond::{self, NO_STORE, content_type};
use crate::service::Service;

/// It answers.
pub(super) async fn alive() -> Response {
    respond::json(StatusCode::OK, &json!({ "status": "alive" }))
}

/// What was counted, for Prometheus.
pub(super) async fn metrics(State(service): State<Arc<Service>>) -> Response {
    let form = [NO_STORE, content_type(metrics::CONTENT_TYPE)];
    (form, service.hub.metrics().text()).into_response()
}

/// By how many seconds the machine's clock may differ from that of the store, before the probe mentions it.
const TOLERATED: u64 = 5;

/// Its store answers too, and the clocks of the two can be reconciled.
pub(super) async fn ready(State(service): State<Arc<Service>>) -> Response {
    let key = Key::new("server.probe", "probe");
    if let Err(error) = service.store.get(&key).await {
        return Problem::from(error).into_response();
    }
    let ready = match service.clock.deviation() {
        Some(Deviation { seconds, corrected: false }) => {
            let off = format!("the clock of this machine differs from that of the database by {seconds} s");
            return Problem::new(Kind::Unavailable).because(off).into_response();
        }
        Some(Deviation { seconds, .. }) if seconds.unsigned_abs() > TOLERATED => {
            json!({ "status": "ready", "clock_difference": seconds })
        }
        _ => json!({ "status": "ready" }),
    };
    respond::json(StatusCode::OK, &ready)
}
