//! Requests: `/authorize`, and `/dc-api` in the place of a browser.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use credenza::server::demo_wallet::WalletRefusal;
use credenza::wallet::Unattended;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;

use super::{Served, call, page};
use page::NO_STORE;

/// The authorization endpoint: the query is the request.
pub(super) async fn authorize(State(served): State<Arc<Served>>, RawQuery(query): RawQuery) -> Response {
    let link = format!("openid4vp://?{}", query.unwrap_or_default());
    let Unattended { refusal, redirect_uri, .. } = served.holder.answer_link(&link, served.unknown).await;
    match (redirect_uri.and_then(|uri| HeaderValue::try_from(uri).ok()), refusal) {
        (Some(uri), _) => (StatusCode::FOUND, [NO_STORE, (header::LOCATION, uri)]).into_response(),
        (None, None) => page::presented(),
        (None, Some(refusal)) => page::refused("a request for credentials", &refusal),
    }
}

/// What a platform would do with a call of the Digital Credentials API.
pub(super) async fn dc_api(State(served): State<Arc<Served>>, headers: HeaderMap, body: Bytes) -> Response {
    let Some((origin, request)) = call(&headers, &body) else {
        let problem = json!({"error": "a JSON object with origin and request is needed"});
        return (StatusCode::BAD_REQUEST, [NO_STORE], Json(problem)).into_response();
    };
    let answered = served.holder.answer_dc_api(&origin, &request, served.unknown).await;
    match (answered.dc_api, answered.refusal) {
        (Some(call), _) => (StatusCode::OK, [NO_STORE], Json(call)).into_response(),
        (None, refusal) => {
            let refusal = refusal.unwrap_or_else(|| WalletRefusal::new("it was not answered"));
            (StatusCode::BAD_REQUEST, [NO_STORE], Json(page::refused_json(&refusal))).into_response()
        }
    }
}
