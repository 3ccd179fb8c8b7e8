//! The few shapes of answers that handlers give.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

/// For public documents that browsers of any origin may read; never with credentials.
pub(crate) const ANY_ORIGIN: (HeaderName, HeaderValue) =
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));

/// For everything that is about one wallet or one session.
pub(crate) const NO_STORE: (HeaderName, HeaderValue) =
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// JSON that nobody keeps.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => (status, [NO_STORE, content_type("application/json")], bytes).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// An error as OAuth words it (RFC 6749 §5.2). The description keeps to the characters that are allowed there.
pub(crate) fn oauth_error(status: StatusCode, error: &str, description: &str) -> Response {
    #[derive(Serialize)]
    struct Wire<'a> {
        error: &'a str,
        #[serde(skip_serializing_if = "str::is_empty")]
        error_description: &'a str,
    }
    let error_description = credenza_oauth::error::allowed(description);
    json(status, &Wire { error, error_description: &error_description })
}

/// The header for a media type.
pub(crate) const fn content_type(media_type: &'static str) -> (HeaderName, HeaderValue) {
    (header::CONTENT_TYPE, HeaderValue::from_static(media_type))
}
