//! A posted form of a page: from our own origin, with the visitor's token (A29).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};

use super::refuse;
use super::visitor::Visitor;
use crate::media_type;
use crate::service::Service;

/// A form that may be acted upon: for visitors to whom the pages are open.
pub(super) struct Posted {
    pub(super) visitor: Visitor,
    fields: Vec<(String, String)>,
}

impl Posted {
    /// The first field of that name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find_map(|(known, value)| (known == name).then_some(value.as_str()))
    }

    /// The fields whose name starts so, without the start.
    pub(super) fn starting<'a>(&'a self, start: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.fields.iter().filter_map(move |(name, value)| Some((name.strip_prefix(start)?, value.as_str())))
    }

    /// Reads a form whoever posts it; its origin and token are checked all the same.
    pub(super) async fn by_anybody(request: Request, service: &Arc<Service>) -> Result<Self, Response> {
        let headers = request.headers();
        let visitor = Visitor::of(service, headers);
        if !from_us(service, headers) {
            return Err(refuse(service, StatusCode::FORBIDDEN, "This form was sent from another site."));
        }
        if !media_type::is(headers, "application/x-www-form-urlencoded") {
            return Err(refuse(service, StatusCode::UNSUPPORTED_MEDIA_TYPE, "This is not a form."));
        }
        let body = Bytes::from_request(request, service).await.map_err(IntoResponse::into_response)?;
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
        let posted = Self { visitor, fields };
        if !posted.get("csrf").is_some_and(|token| posted.visitor.owns(service, token)) {
            return Err(refuse(
                service,
                StatusCode::FORBIDDEN,
                "This form has expired: go back, load the page again, and send it once more.",
            ));
        }
        Ok(posted)
    }
}

impl FromRequest<Arc<Service>> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, service: &Arc<Service>) -> Result<Self, Response> {
        let posted = Self::by_anybody(request, service).await?;
        if posted.visitor.may_enter(service) {
            return Ok(posted);
        }
        Err(posted.visitor.redirect(service, "/login"))
    }
}

/// Whether a browser says that a request comes from one of our own pages. One that says nothing is not believed.
pub(super) fn from_us(service: &Service, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match text(header::ORIGIN) {
        Some(origin) if origin != "null" => origin == service.base.origin().ascii_serialization(),
        _ => text(http::HeaderName::from_static("sec-fetch-site")) == Some("same-origin"),
    }
}
