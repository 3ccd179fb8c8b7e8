//! What can be offered, and what can be asked for by name.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use credenza_vci::issuer::CredentialConfiguration;
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use crate::respond::json;
use crate::service::Service;

/// `GET /api/v1/credential-types`
pub(super) async fn list(State(service): State<Arc<Service>>) -> Response {
    #[derive(Serialize)]
    struct List<'a> {
        credential_types: Vec<&'a CredentialConfiguration>,
    }
    json(StatusCode::OK, &List { credential_types: service.issuer.configurations().collect() })
}

/// `GET /api/v1/queries`
pub(super) async fn queries(State(service): State<Arc<Service>>) -> Response {
    #[derive(Serialize)]
    struct Query<'a> {
        id: &'a str,
        name: &'a str,
        explains: &'a str,
        dcql_query: Value,
    }
    #[derive(Serialize)]
    struct List<'a> {
        queries: Vec<Query<'a>>,
    }
    let queries = service.presets.iter().map(|preset| Query {
        id: &preset.id,
        name: &preset.name,
        explains: &preset.explains,
        dcql_query: serde_json::to_value(&preset.query).unwrap_or_default(),
    });
    json(StatusCode::OK, &List { queries: queries.collect() })
}
