//! Signing in with the admin token, and out again.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderMap, Uri};
use serde::Serialize;

use super::own_page::own_page;
use super::posted::Posted;
use super::visitor::Visitor;
use crate::access::Role;
use crate::service::Service;

#[derive(Serialize)]
struct View<'a> {
    problem: Option<&'static str>,
    next: &'a str,
}

/// `GET /login`
pub(super) async fn form(State(service): State<Arc<Service>>, uri: Uri, headers: HeaderMap) -> Response {
    let query = uri.query().unwrap_or_default();
    let next = url::form_urlencoded::parse(query.as_bytes())
        .find_map(|(name, value)| (name == "next").then_some(value));
    let view = View { problem: None, next: own_page(next.as_deref()).unwrap_or("/") };
    Visitor::of(&service, &headers).page(&service, "login.html", "", &view)
}

/// `POST /login`
pub(super) async fn sign_in(
    State(service): State<Arc<Service>>,
    request: Request,
) -> Result<Response, Response> {
    let posted = Posted::by_anybody(request, &service).await?;
    let next = own_page(posted.get("next")).unwrap_or("/").to_owned();
    let token = posted.get("token").unwrap_or_default().trim();
    if Service::whose(&service.access, token).is_some_and(|access| access.may(Role::Admin)) {
        return Ok(Visitor::start(&service, true).redirect(&service, &next));
    }
    tracing::warn!("somebody tried to sign in with a wrong token");
    let view = View { problem: Some("That is not the token."), next: &next };
    Ok(posted.visitor.page(&service, "login.html", "", &view))
}

/// `POST /logout`
pub(super) async fn sign_out(
    State(service): State<Arc<Service>>,
    request: Request,
) -> Result<Response, Response> {
    Posted::by_anybody(request, &service).await?;
    Ok(Visitor::start(&service, false).redirect(&service, "/login"))
}
