//! `/web`: what scripts on websites of a relying party talk to, each with the URL that its own backend was given.
//!
//! The URL has a sealed token in it, which leads to one presentation and ends with it. Whoever has it learns how the
//! presentation stands, and can have it answered; nobody learns a claim. Scripts of other origins than those that the
//! presentation was made for can't read a thing, and are refused.

pub(crate) mod cors;
pub(crate) mod page;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use credenza_core::StoreError;
use credenza_vp::verifier::{SessionError, SessionView, Status};
use http::{HeaderMap, Method, StatusCode};
use serde::Serialize;

use crate::admin::{self, Naming, Session};
use crate::qr::{self, Drawing};
use crate::respond::{json, oauth_error};
use crate::routes::Routes;
use crate::service::Service;
use crate::stopping::Stopping;
use page::{Asked, Page};

pub(crate) fn routes(routes: &mut Routes) {
    routes.on(Method::GET, "/web/presentations/{token}", show);
    routes.on(Method::GET, "/web/presentations/{token}/events", events);
}

/// How a presentation stands, for a script in a browser: nothing of what was presented.
#[derive(Serialize)]
struct Shown {
    state: Status,
    /// Seconds since 1970.
    expires_at: i64,
    /// Why it came to nothing: the wallet's error, or the check that has failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Whether the result is handed out in the browser alone that the wallet has brought back with a code.
    response_code_needed: bool,
    events_url: String,
    #[serde(flatten)]
    ways: Option<Ways>,
}

/// How it can be answered, as long as it can.
#[derive(Serialize)]
struct Ways {
    link: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    qr: Option<Drawing>,
    dc_api: Asked,
}

/// `GET /web/presentations/{token}`
async fn show(
    State(service): State<Arc<Service>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let page = match visited(&service, &token, &headers).await {
        Ok(page) => page,
        Err(refused) => return refused,
    };
    let answer = match service.verifier.session(&page.id).await {
        Ok(view) => json(StatusCode::OK, &shown(&service, &token, &page, view)),
        Err(SessionError::Store(error)) => unavailable(&error),
        Err(_) => gone(),
    };
    cors::allow(answer, &headers)
}

fn shown(service: &Service, token: &str, page: &Page, view: SessionView) -> Shown {
    let open = matches!(view.status, Status::Created | Status::Retrieved | Status::Failed);
    let lost = matches!(view.status, Status::Failed | Status::Rejected);
    let reason = view.wallet_error.map(|error| error.error).or(view.refusal).filter(|_| lost);
    let ways = open.then(|| Ways {
        link: page.link.clone(),
        qr: qr::draw(&page.link).ok(),
        dc_api: page.asked(service),
    });
    let events_url = format!("{}/events", page::url(service, token));
    Shown {
        state: view.status,
        expires_at: view.expires_at.as_secs(),
        reason,
        response_code_needed: view.needs_response_code,
        events_url,
        ways,
    }
}

/// `GET /web/presentations/{token}/events`: says that something has happened, and is to be followed by another look.
async fn events(
    State(service): State<Arc<Service>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    stopping: Stopping,
) -> Response {
    let page = match visited(&service, &token, &headers).await {
        Ok(page) => page,
        Err(refused) => return refused,
    };
    let session = Session::Presentation(page.id);
    let answer = admin::stream(&service, session, Naming::Change, &headers, stopping).await.into_response();
    cors::allow(answer, &headers)
}

/// The page of a token, for a script that may read it.
async fn visited(service: &Service, token: &str, headers: &HeaderMap) -> Result<Page, Response> {
    let page = page::find(service, token).await.map_err(|error| unavailable(&error))?;
    let page = page.ok_or_else(gone)?;
    if cors::is_foreign(headers, &page.origins) {
        let why = "the presentation was not made for this website";
        return Err(oauth_error(StatusCode::FORBIDDEN, "access_denied", why));
    }
    Ok(page)
}

/// Told to scripts of any origin: there is nothing to be told.
fn gone() -> Response {
    let mut response =
        oauth_error(StatusCode::NOT_FOUND, "invalid_request", "there is no such presentation any more");
    let (name, value) = crate::respond::ANY_ORIGIN;
    response.headers_mut().insert(name, value);
    response
}

fn unavailable(error: &StoreError) -> Response {
    tracing::warn!(%error, "the store failed");
    oauth_error(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", "try again")
}
