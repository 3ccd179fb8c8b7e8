//! `GET /api/v1/offers` and `GET /api/v1/presentations`: all sessions, a page after the other.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use credenza_vci::issuer::SessionState;
use credenza_vp::verifier::session::Status;
use http::Uri;

use super::paging::{self, Page};
use crate::problem::Problem;
use crate::service::Service;

const FILTERS: [&str; 2] = ["state", "correlation_id"];

/// `GET /api/v1/offers`
pub(super) async fn offers(State(service): State<Arc<Service>>, uri: Uri) -> Result<Response, Problem> {
    let page = Page::of(&uri, &FILTERS)?;
    let state: Option<SessionState> = page.filter("state")?;
    let (issuer, named) = (&service.issuer, page.text("correlation_id"));
    let found = page
        .collect(
            |after, limit| async move { issuer.sessions(after.as_deref(), limit).await },
            |view| {
                view.as_ref().is_some_and(|view| {
                    state.is_none_or(|state| view.state == state)
                        && (named.is_none() || view.reference.as_deref() == named)
                })
            },
        )
        .await?;
    Ok(paging::answer(&service, &uri, &page, "offers", found))
}

/// `GET /api/v1/presentations`: what was presented is not in it.
pub(super) async fn presentations(
    State(service): State<Arc<Service>>,
    uri: Uri,
) -> Result<Response, Problem> {
    let page = Page::of(&uri, &FILTERS)?;
    let state: Option<Status> = page.filter("state")?;
    let (verifier, named) = (&service.verifier, page.text("correlation_id"));
    let found = page
        .collect(
            |after, limit| async move { verifier.sessions(after.as_deref(), limit).await },
            |view| {
                view.as_ref().is_some_and(|view| {
                    state.is_none_or(|state| view.status == state)
                        && (named.is_none() || view.correlation_id.as_deref() == named)
                })
            },
        )
        .await?;
    Ok(paging::answer(&service, &uri, &page, "presentations", found))
}
