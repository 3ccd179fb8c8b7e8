//! What holds for every request: types that other nodes have made are seen. And what the issuer is called.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use serde_json::Value;

use crate::service::Service;

/// Has every request see the credential types that other nodes have made.
pub(crate) async fn keep_up(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    if let Some(types) = &service.types {
        types.keep_up().await;
    }
    next.run(request).await
}

/// What the issuer calls itself in its metadata.
pub(crate) fn issuer_name(metadata: &[u8]) -> Option<String> {
    let metadata: Value = serde_json::from_slice(metadata).ok()?;
    Some(metadata.pointer("/display/0/name")?.as_str()?.to_owned())
}
