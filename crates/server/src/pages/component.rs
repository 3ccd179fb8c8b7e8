//! The web component `<credenza-verify>` on a page of ours: what it looks like, and what a website does to have it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use credenza_core::UnixTime;
use credenza_vp::dc_api::Protocol;
use credenza_vp::verifier::{DcApiCall, PresentationRequest};
use http::StatusCode;
use serde::Serialize;

use super::flow::Flow;
use super::posted::Posted;
use super::visitor::Entered;
use crate::admin;
use crate::service::Service;
use crate::web::page;

#[derive(Serialize, Default)]
struct View<'a> {
    presets: Vec<Choice>,
    problem: Option<String>,
    /// The request that the component shows.
    src: Option<&'a str>,
    /// The page with the result, for this browser.
    result: Option<String>,
    script: String,
}

#[derive(Serialize)]
struct Choice {
    id: String,
    name: String,
}

async fn view<'a>(service: &Service) -> View<'a> {
    let queries = service.queries.all().await.unwrap_or_default();
    let presets = queries.into_iter().map(|query| Choice { id: query.id, name: query.name }).collect();
    View { presets, script: service.url("/assets/credenza-verify.js"), ..View::default() }
}

/// `GET /verify/component`
pub(super) async fn form(State(service): State<Arc<Service>>, Entered(visitor): Entered) -> Response {
    let view = view(&service).await;
    visitor.page(&service, "component.html", "/verify", &view)
}

/// `POST /verify/component`: what the backend of a website does.
pub(super) async fn create(State(service): State<Arc<Service>>, posted: Posted) -> Response {
    let chosen = posted.get("preset").unwrap_or_default().to_owned();
    let query = match service.queries.find(&chosen).await {
        Ok(Some(query)) => query,
        Ok(None) => return again(&service, posted, "There is no such query.").await,
        Err(_) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
    };
    let call = DcApiCall {
        origins: vec![service.base.origin().ascii_serialization()],
        protocol: Protocol::Signed,
        identities: Vec::new(),
    };
    let request = PresentationRequest::new(query.asks);
    let Ok((created, _)) = admin::for_page(&service, request, call).await else {
        return again(&service, posted, "This query can't be asked from a website.").await;
    };
    let until = created.expires_at;
    let flow = Flow { id: created.id, name: query.name, tx_code: None, same_device: false };
    let mut response = posted.visitor.redirect(&service, &format!("/verify/component/{}", flow.id));
    flow.give(&service, &format!("/verify/{}", flow.id), until, &mut response);
    response
}

async fn again(service: &Service, posted: Posted, problem: &str) -> Response {
    let view = View { problem: Some(problem.to_owned()), ..view(service).await };
    posted.visitor.page(service, "component.html", "/verify", &view)
}

/// `GET /verify/component/{id}`
pub(super) async fn show(
    State(service): State<Arc<Service>>,
    Entered(visitor): Entered,
    Path(id): Path<String>,
) -> Response {
    let until = match service.verifier.session(&id).await {
        Ok(session) => session.expires_at,
        Err(credenza_vp::verifier::SessionError::Store(_)) => {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        Err(_) => UnixTime::from_secs(0),
    };
    let src = page::url(&service, &page::token(&service, &id, until));
    let view = View { src: Some(&src), result: Some(format!("/verify/{id}")), ..view(&service).await };
    visitor.page(&service, "component.html", "/verify", &view)
}
