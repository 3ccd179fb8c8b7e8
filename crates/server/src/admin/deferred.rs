//! `/api/v1/deferred`: what becomes of credentials that were promised for later.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use credenza_vci::issuer::DeferredError;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::body::Body;
use super::no_such;
use crate::problem::{Kind, Problem};
use crate::respond::json;
use crate::service::Service;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Complete {
    #[serde(default)]
    claims: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fail {
    #[serde(default)]
    reason: String,
}

/// `POST /api/v1/deferred/{id}/complete`
pub(super) async fn complete(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    Body(Complete { claims }): Body<Complete>,
) -> Result<Response, Problem> {
    let view = service.issuer.complete_deferred(&id, claims).await?;
    Ok(json(StatusCode::OK, &view))
}

/// `POST /api/v1/deferred/{id}/fail`
pub(super) async fn fail(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    Body(Fail { reason }): Body<Fail>,
) -> Result<Response, Problem> {
    let view = service.issuer.fail_deferred(&id, &reason).await?;
    Ok(json(StatusCode::OK, &view))
}

impl From<DeferredError> for Problem {
    fn from(error: DeferredError) -> Self {
        match error {
            DeferredError::Store(error) => error.into(),
            DeferredError::NotFound => no_such("deferred credential"),
            DeferredError::TooLate => Self::new(Kind::Conflict).because(error.to_string()),
            DeferredError::Reason => Self::new(Kind::Unprocessable).because(error.to_string()).at("/reason"),
            _ => Self::new(Kind::Unprocessable).because(error.to_string()).at("/claims"),
        }
    }
}
