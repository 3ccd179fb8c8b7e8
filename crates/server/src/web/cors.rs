//! Which scripts may read: those of the origins that a presentation was made for, each told so by name.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

/// How long, in seconds, a browser need not ask again.
const KEPT: HeaderValue = HeaderValue::from_static("600");

/// Whether a browser says that the request comes from a website that is none of these. Requests of our own pages, and
/// those that no browser has made, name none.
pub(crate) fn is_foreign(headers: &HeaderMap, origins: &[String]) -> bool {
    headers
        .get(header::ORIGIN)
        .is_some_and(|origin| !origins.iter().any(|known| known.as_bytes() == origin.as_bytes()))
}

/// Lets the origin of the request read the answer, which has to be one that [`is_foreign`] knows.
pub(crate) fn allow(mut response: Response, headers: &HeaderMap) -> Response {
    let out = response.headers_mut();
    out.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = headers.get(header::ORIGIN) {
        out.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    response
}

/// What a browser is told that asks whether a script may post JSON.
pub(crate) fn preflight(headers: &HeaderMap, origins: &[String]) -> Response {
    if !headers.contains_key(header::ORIGIN) || is_foreign(headers, origins) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let mut response = allow(StatusCode::NO_CONTENT.into_response(), headers);
    let out = response.headers_mut();
    out.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    out.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type"));
    out.insert(header::ACCESS_CONTROL_MAX_AGE, KEPT);
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
