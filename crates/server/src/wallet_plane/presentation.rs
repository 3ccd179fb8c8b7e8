//! OpenID4VP 1.0: request objects and the response endpoint.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use credenza_oauth::EndpointError;
use credenza_vp::messages::ResponseAccepted;
use credenza_vp::verifier::{Fetch, RequestObject, RespondError};
use http::{HeaderMap, Method, StatusCode, header};

use super::{FORM, JSON, Malformed, expect_type, whole};
use crate::respond::{NO_STORE, content_type, json};
use crate::routes::Routes;
use crate::service::Service;
use crate::web::cors;

pub(super) fn routes(routes: &mut Routes) {
    routes.on(Method::GET, "/openid4vp/request/{id}", request_object);
    routes.on(Method::POST, "/openid4vp/request/{id}", posted_request_object);
    routes.on(Method::POST, "/openid4vp/response/{id}", response);
    routes.on(Method::POST, "/openid4vp/dc-api/{id}", dc_api_response);
    routes.on(Method::OPTIONS, "/openid4vp/dc-api/{id}", may_post);
}

/// The request object (§5.10), fetched by GET.
async fn request_object(State(service): State<Arc<Service>>, Path(id): Path<String>) -> Response {
    hand_out(&service, &id, Fetch::Get).await
}

/// The request object, fetched by POST with what the wallet can do and a nonce of its own (§5.10).
async fn posted_request_object(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Malformed> {
    expect_type(&headers, FORM)?;
    Ok(hand_out(&service, &id, Fetch::Post(&body)).await)
}

async fn hand_out(service: &Service, id: &str, fetch: Fetch<'_>) -> Response {
    match service.verifier.request_object(id, fetch).await {
        Ok(object) => ([NO_STORE, content_type(RequestObject::CONTENT_TYPE)], object.jwt).into_response(),
        Err(error) => refuse(&error),
    }
}

/// The response endpoint (§8.2).
async fn response(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Malformed> {
    expect_type(&headers, FORM)?;
    match service.verifier.respond(&id, &body).await {
        Ok(accepted) => Ok(json(StatusCode::OK, &accepted)),
        Err(error) => Ok(refused(&service, &error)),
    }
}

/// What a website brings from the Digital Credentials API (Annex A.4), from the page itself or by way of its server. The
/// browser says which website it is; for a request that is for one alone, nobody needs to.
async fn dc_api_response(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Malformed> {
    expect_type(&headers, JSON)?;
    let origin = headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
    // Looked up first: with the answer the request may end.
    let readers = if origin.is_some() { readers(&service, &id).await } else { Vec::new() };
    let answer = match service.verifier.respond_dc_api(&id, origin, &body).await {
        Ok(()) => json(StatusCode::OK, &ResponseAccepted::default()),
        Err(error) => refused(&service, &error),
    };
    Ok(if cors::is_foreign(&headers, &readers) { answer } else { cors::allow(answer, &headers) })
}

/// Whether a website's script may bring an answer.
async fn may_post(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    cors::preflight(&headers, &readers(&service, &id).await)
}

/// Whose scripts may bring an answer to a request, and read what is said to it.
async fn readers(service: &Service, id: &str) -> Vec<String> {
    service.verifier.dc_api_origins(id).await.unwrap_or_default()
}

fn refused(service: &Service, error: &RespondError) -> Response {
    let check = error.report().and_then(|report| report.first_failure()).map(|check| check.rule.id);
    tracing::info!(code = error.code(), check, "presentation refused");
    service.hub.metrics().refused(error.code(), check);
    refuse(error)
}

fn refuse(error: &impl EndpointError) -> Response {
    whole(error.to_response())
}
