//! What the verifier's names lead to: the document of its `did:web`, and what it says about itself in a federation.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use credenza_trust::federation::EntityConfiguration;
use http::{Method, StatusCode};

use super::any_origin;
use crate::respond::content_type;
use crate::routes::Routes;
use crate::service::Service;

pub(super) fn routes(service: &Service, routes: &mut Routes) {
    if service.did_document.is_some() {
        // A did:web with a path has its document at the end of that path.
        let path = if service.base_path.is_empty() { "/.well-known/did.json" } else { "/did.json" };
        routes.on(Method::GET, path, did_document);
    }
    if service.federation_entity.is_some() {
        routes.on(Method::GET, "/.well-known/openid-federation", entity_configuration);
    }
}

async fn did_document(State(service): State<Arc<Service>>) -> Response {
    let document = service.did_document.as_ref().and_then(|document| serde_json::to_vec(document).ok());
    document.map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        |document| any_origin(([content_type("application/did+json")], document).into_response()),
    )
}

async fn entity_configuration(State(service): State<Arc<Service>>) -> Response {
    let Some(entity) = &service.federation_entity else { return StatusCode::NOT_FOUND.into_response() };
    match entity.sign(service.clock.now()).await {
        Ok(statement) => {
            any_origin(([content_type(EntityConfiguration::CONTENT_TYPE)], statement).into_response())
        }
        Err(error) => {
            tracing::warn!(%error, "the entity configuration could not be signed");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
