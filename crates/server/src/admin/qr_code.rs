//! The QR code of a session's link.

use axum::response::{IntoResponse, Response};

use super::links::{self, Of};
use super::no_such;
use crate::problem::{Kind, Problem};
use crate::qr;
use crate::respond::{NO_STORE, content_type};
use crate::service::Service;

pub(super) async fn answer(service: &Service, of: Of, id: &str) -> Result<Response, Problem> {
    let link = links::link(service, of, id).await?.ok_or_else(|| no_such("open session"))?;
    let svg = qr::svg(&link).map_err(|error| Problem::new(Kind::Unprocessable).because(error.to_string()))?;
    Ok(([NO_STORE, content_type("image/svg+xml")], svg).into_response())
}
