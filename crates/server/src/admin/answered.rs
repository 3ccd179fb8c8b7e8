//! An answer of a handler, as a whole: for those that keep it or look into it.

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::StatusCode;
use http::response::Parts;
use serde::Deserialize;

/// No answer of the admin plane to a change is larger.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// The answer with its body read.
pub(super) async fn whole(response: Response) -> Result<(Parts, Bytes), StatusCode> {
    let (parts, body) = response.into_parts();
    match axum::body::to_bytes(body, MAX_ANSWER).await {
        Ok(bytes) => Ok((parts, bytes)),
        Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// And back.
pub(super) fn again(parts: Parts, bytes: Bytes) -> Response {
    Response::from_parts(parts, Body::from(bytes))
}

/// The id in the body of an answer.
pub(super) fn id_in(bytes: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Made {
        id: String,
    }
    serde_json::from_slice::<Made>(bytes).ok().map(|made| made.id)
}
