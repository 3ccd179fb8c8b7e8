//! The first page, and the files of all pages.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use http::HeaderMap;
use serde::Serialize;

use super::assets;
use super::view::{NavItem, PARTS};
use super::visitor::{Entered, has};
use crate::service::Service;

#[derive(Serialize)]
struct View {
    tiles: Vec<&'static NavItem>,
}

/// `GET /`
pub(super) async fn home(State(service): State<Arc<Service>>, Entered(visitor): Entered) -> Response {
    let tiles = PARTS.iter().filter(|part| has(&service, part.path)).collect();
    visitor.page(&service, "home.html", "/", &View { tiles })
}

/// `GET /assets/{name}`
pub(super) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    assets::serve(&name, &headers)
}
