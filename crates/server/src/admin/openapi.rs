//! The description of the admin plane, as it is written by hand.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, header};

use crate::respond::{ANY_ORIGIN, content_type};

const OPENAPI: &str = include_str!("../openapi.json");
const AN_HOUR: (HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));

/// The OpenAPI 3.1 document.
pub(super) async fn openapi() -> Response {
    ([content_type("application/json"), AN_HOUR, ANY_ORIGIN], OPENAPI).into_response()
}
