//! `POST /api/v1/inspect`: decodes anything.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use super::body::Body;
use crate::problem::{Kind, Problem};
use crate::respond::json;
use crate::service::Service;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    text: String,
}

pub(super) async fn inspect(
    State(service): State<Arc<Service>>,
    Body(request): Body<Request>,
) -> Result<Response, Problem> {
    let Some(inspect) = &service.inspect else { return Err(Problem::new(Kind::NotFound)) };
    match inspect.inspect(&request.text) {
        Ok(inspection) => Ok(json(StatusCode::OK, &inspection)),
        Err(reason) => Err(Problem::new(Kind::Unprocessable).because(reason).at("/text")),
    }
}
