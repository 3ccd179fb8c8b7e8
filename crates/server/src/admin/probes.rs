//! The probes of whoever runs the service: does it live, can it work, what has it done.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use credenza_core::Key;
use http::StatusCode;
use serde_json::json;

use crate::metrics;
use crate::problem::Problem;
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

/// Its store answers too.
pub(super) async fn ready(State(service): State<Arc<Service>>) -> Response {
    let key = Key::new("server.probe", "probe");
    match service.store.get(&key).await {
        Ok(_) => respond::json(StatusCode::OK, &json!({ "status": "ready" })),
        Err(error) => Problem::from(error).into_response(),
    }
}
