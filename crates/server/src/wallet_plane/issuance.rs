//! OpenID4VCI 1.0: metadata, offers, token, nonce, credential, deferred credential and notification endpoints.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use credenza_oauth::{EndpointError as _, Reply, respond};
use credenza_vci::issuer::CredentialError;
use credenza_vci::messages::CredentialResponse;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use super::{FORM, JSON, JWT, Malformed, any_origin, expect_one_of, expect_type, no_token_in_query, whole};
use crate::media_type;
use crate::respond::content_type;
use crate::routes::Routes;
use crate::service::Service;

pub(super) fn routes(service: &Service, routes: &mut Routes) {
    let at = service.issuer.endpoints();
    routes.at_root(Method::GET, at.metadata.path(), issuer_metadata);
    routes.at_root(Method::GET, at.authorization_server_metadata.path(), server_metadata);
    if service.issuer.metadata_for_dialects().is_some() && at.earlier_metadata != at.metadata {
        routes.at_root(Method::GET, at.earlier_metadata.path(), metadata_for_dialects);
        routes.at_root(Method::GET, at.earlier_server_metadata.path(), server_metadata);
    }
    routes.at_root(Method::GET, &format!("{}{{handle}}", at.offers.path()), offer);
    routes.at_root(Method::GET, &format!("{}{{*name}}", at.types.path()), type_metadata);
    routes.at_root(Method::POST, at.token.path(), token);
    routes.at_root(Method::POST, at.nonce.path(), nonce);
    routes.at_root(Method::POST, at.credential.path(), credential);
    routes.at_root(Method::POST, at.deferred_credential.path(), deferred_credential);
    routes.at_root(Method::POST, at.notification.path(), notification);
}

/// Metadata changes when the configuration does; wallets may keep it this long.
const A_WHILE: (HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));

/// Caches keep the forms apart.
const BY_ACCEPT: (HeaderName, HeaderValue) = (header::VARY, HeaderValue::from_static("accept"));

/// Credential issuer metadata (§12.2.2): signed, for wallets that ask for that first.
async fn issuer_metadata(State(service): State<Arc<Service>>, headers: HeaderMap) -> Response {
    if media_type::prefers(&headers, JWT, JSON) {
        match service.issuer.signed_metadata().await {
            Ok(Some(signed)) => {
                let signed = signed.as_bytes().to_vec();
                return any_origin(([content_type(JWT), A_WHILE, BY_ACCEPT], signed).into_response());
            }
            Ok(None) => {}
            // A wallet that takes both is served as well as can be.
            Err(error) => tracing::warn!(%error, "the metadata could not be signed"),
        }
    }
    let headers = [content_type(JSON), A_WHILE, BY_ACCEPT];
    any_origin((headers, Bytes::from_owner(service.issuer.metadata())).into_response())
}

/// Credential issuer metadata, where wallets of earlier drafts look for it.
async fn metadata_for_dialects(State(service): State<Arc<Service>>) -> Response {
    any_origin(match service.issuer.metadata_for_dialects() {
        Some(metadata) => ([content_type(JSON), A_WHILE], Bytes::from_owner(metadata)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    })
}

/// Authorization server metadata (RFC 8414 §3).
async fn server_metadata(State(service): State<Arc<Service>>) -> Response {
    any_origin(
        ([content_type(JSON), A_WHILE], Bytes::from_owner(service.issuer.authorization_server_metadata()))
            .into_response(),
    )
}

/// Metadata of a type of credential (SD-JWT VC §4.3.1).
async fn type_metadata(State(service): State<Arc<Service>>, Path(name): Path<String>) -> Response {
    let vct = format!("{}{name}", service.issuer.endpoints().types);
    any_origin(match service.issuer.type_metadata(&vct) {
        Some(document) => ([content_type(JSON), A_WHILE], Bytes::from_owner(document)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    })
}

/// A credential offer by reference (§4.1.3).
async fn offer(State(service): State<Arc<Service>>, Path(handle): Path<String>) -> Response {
    whole(respond(service.issuer.offer_object(&handle).await))
}

/// Token endpoint (§6).
async fn token(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Malformed> {
    expect_type(&headers, FORM)?;
    let result = service.issuer.token(&headers, &body).await;
    if let Err(error) = &result {
        service.hub.metrics().refused(error.code(), None);
    }
    Ok(whole(respond(result)))
}

/// Nonce endpoint (§7).
async fn nonce(State(service): State<Arc<Service>>) -> Response {
    any_origin(whole(service.issuer.nonce().into_response()))
}

/// Credential endpoint (§8).
async fn credential(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Malformed> {
    no_token_in_query(&uri)?;
    expect_one_of(&headers, [JSON, JWT])?;
    Ok(issued(&service, service.issuer.credential(&headers, &body).await))
}

/// Deferred credential endpoint (§9).
async fn deferred_credential(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Malformed> {
    no_token_in_query(&uri)?;
    expect_one_of(&headers, [JSON, JWT])?;
    Ok(issued(&service, service.issuer.deferred_credential(&headers, &body).await))
}

fn issued(service: &Service, result: Result<Reply<CredentialResponse>, CredentialError>) -> Response {
    if let Err(error) = &result {
        let check = error.report().and_then(failed);
        tracing::info!(code = error.code(), check, "credential refused");
        service.hub.metrics().refused(error.code(), check);
        if let CredentialError::Unavailable(reason) = error {
            tracing::warn!(reason, "a credential could not be issued");
        }
    }
    whole(respond(result))
}

/// Notification endpoint (§11).
async fn notification(
    State(service): State<Arc<Service>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Malformed> {
    no_token_in_query(&uri)?;
    expect_type(&headers, JSON)?;
    Ok(whole(respond(service.issuer.notification(&headers, &body).await)))
}

fn failed(report: &credenza_core::Report) -> Option<&'static str> {
    report.first_failure().map(|check| check.rule.id)
}
