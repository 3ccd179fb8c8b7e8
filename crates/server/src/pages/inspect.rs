//! The inspector's page.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;

use super::posted::Posted;
use super::view::ReportView;
use super::visitor::Entered;
use crate::inspect::Inspection;
use crate::service::Service;

#[derive(Serialize, Default)]
struct View<'a> {
    text: &'a str,
    problem: Option<String>,
    found: Option<Found>,
}

#[derive(Serialize)]
struct Found {
    kind: String,
    parts: Vec<Part>,
    report: Option<ReportView>,
}

#[derive(Serialize)]
struct Part {
    name: String,
    text: String,
    remark: Option<String>,
}

impl From<Inspection> for Found {
    fn from(found: Inspection) -> Self {
        let parts = found.parts.into_iter().map(|part| Part {
            name: part.name,
            text: readable(part.content),
            remark: part.remark,
        });
        Self { kind: found.kind, parts: parts.collect(), report: found.report.as_ref().map(ReportView::from) }
    }
}

/// A text as it is, everything else as indented JSON.
fn readable(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => serde_json::to_string_pretty(&other).unwrap_or_default(),
    }
}

/// `GET /inspect`
pub(super) async fn form(State(service): State<Arc<Service>>, Entered(visitor): Entered) -> Response {
    visitor.page(&service, "inspect.html", "/inspect", &View::default())
}

/// `POST /inspect`
pub(super) async fn inspect(State(service): State<Arc<Service>>, posted: Posted) -> Response {
    let text = posted.get("text").unwrap_or_default().to_owned();
    let answer = service.inspect.as_ref().map(|inspect| inspect.inspect(text.trim()));
    let (problem, found) = match answer {
        Some(Ok(found)) => (None, Some(found.into())),
        Some(Err(reason)) => (Some(reason), None),
        None => (None, None),
    };
    posted.visitor.page(&service, "inspect.html", "/inspect", &View { text: &text, problem, found })
}
