//! OAuth around the authorization endpoint: pushed requests (RFC 9126) and challenges for client attestations.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use credenza_oauth::respond;
use http::{HeaderMap, Method, StatusCode};

use super::{FORM, Malformed, any_origin, expect_type, whole};
use crate::pages::authorize;
use crate::routes::Routes;
use crate::service::Service;

pub(super) fn routes(service: &Service, routes: &mut Routes) {
    let Some(settings) = service.issuer.authorization_settings() else { return };
    let at = service.issuer.endpoints();
    routes.at_root(Method::POST, at.pushed_authorization.path(), push);
    if settings.attestation.is_some() {
        routes.at_root(Method::POST, at.challenge.path(), challenge);
    }
    if service.issuer.has_interactive_authorization() {
        routes.at_root(Method::POST, at.authorization_challenge.path(), interact);
    }
    authorize::routes(service, routes);
}

/// Pushed authorization request endpoint.
async fn push(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Malformed> {
    expect_type(&headers, FORM)?;
    Ok(whole(respond(service.issuer.pushed_authorization(&headers, &body).await)))
}

/// Authorization challenge endpoint (OID4VCI 1.1 §6).
async fn interact(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Malformed> {
    expect_type(&headers, FORM)?;
    Ok(whole(respond(service.issuer.authorization_challenge(&headers, &body).await)))
}

/// Challenge endpoint (client attestation §6.1).
async fn challenge(State(service): State<Arc<Service>>) -> Response {
    match service.issuer.attestation_challenge() {
        Some(reply) => any_origin(whole(reply.into_response())),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
