//! Who looks at the pages: a session in a sealed cookie, and whether it has signed in.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use credenza_core::id;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::cookie::{self, SameSite};
use super::view::{Layout, PARTS};
use crate::service::{Pages, Service};

/// How long a session lives.
const LIVES: Duration = Duration::from_secs(12 * 60 * 60);

const SESSION: &str = "server.page_session";
const CSRF: &str = "server.page_csrf";

/// First byte of the sealed session.
const OPERATOR: u8 = b'o';
const GUEST: u8 = b'g';

/// Somebody with a browser.
pub(super) struct Visitor {
    id: String,
    pub(super) operator: bool,
    /// The cookie that the answer has to set.
    set_cookie: Option<HeaderValue>,
}

impl Visitor {
    /// The visitor of a request, known or new.
    pub(super) fn of(service: &Service, headers: &HeaderMap) -> Self {
        Self::known(service, headers).unwrap_or_else(|| Self::start(service, false))
    }

    fn known(service: &Service, headers: &HeaderMap) -> Option<Self> {
        let sealed = cookie::get(headers, cookie_name(service))?;
        let content = service.sealer.open(SESSION, service.clock.now(), sealed).ok()?;
        let (role, id) = content.split_first()?;
        let id = std::str::from_utf8(id).ok()?.to_owned();
        Some(Self { id, operator: *role == OPERATOR, set_cookie: None })
    }

    /// A session of its own, never one that was there before: nobody can plant a session to be signed in.
    pub(super) fn start(service: &Service, operator: bool) -> Self {
        let id = id::short(&*service.random);
        let mut content = vec![if operator { OPERATOR } else { GUEST }];
        content.extend_from_slice(id.as_bytes());
        let expires = service.clock.now() + LIVES;
        let sealed = service.sealer.seal(&*service.random, SESSION, expires, &content);
        let path = format!("{}/", service.base_path);
        let set_cookie = cookie::set(service, cookie_name(service), &sealed, &path, SameSite::Strict, LIVES);
        Self { id, operator, set_cookie }
    }

    /// Whether the pages are open to this visitor.
    pub(super) fn may_enter(&self, service: &Service) -> bool {
        service.pages == Pages::Open || self.operator
    }

    /// The token that a form of this visitor carries.
    fn csrf(&self, service: &Service) -> String {
        let expires = service.clock.now() + LIVES;
        service.sealer.seal(&*service.random, CSRF, expires, self.id.as_bytes())
    }

    /// Whether a form carries a token of this visitor.
    pub(super) fn owns(&self, service: &Service, csrf: &str) -> bool {
        let opened = service.sealer.open(CSRF, service.clock.now(), csrf);
        opened.is_ok_and(|id| credenza_core::secret::equal(&id, self.id.as_bytes()))
    }

    /// Renders a page for this visitor.
    pub(super) fn page(
        self,
        service: &Service,
        template: &str,
        here: &'static str,
        view: &impl Serialize,
    ) -> Response {
        let host = service.base.host_str().unwrap_or_default();
        let nav: Vec<_> = PARTS.iter().filter(|part| has(service, part.path)).collect();
        let layout = Layout {
            base: &service.base_path,
            host,
            nav,
            here,
            demo: service.wallet.is_some(),
            signed_in: self.operator && service.pages == Pages::SignIn,
            csrf: self.csrf(service),
        };
        let response = service.templates.page(template, &layout, view);
        self.answer(response)
    }

    /// Leads this visitor elsewhere on this service.
    pub(super) fn redirect(self, service: &Service, path: &str) -> Response {
        let to = format!("{}{path}", service.base_path);
        self.answer((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response())
    }

    /// Adds the cookie to an answer.
    pub(super) fn answer(self, mut response: Response) -> Response {
        if let Some(cookie) = self.set_cookie {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }
}

/// Whether the service has a page.
pub(super) fn has(service: &Service, path: &str) -> bool {
    match path {
        "/wallet" => service.wallet.is_some(),
        "/inspect" => service.inspect.is_some(),
        _ => true,
    }
}

/// The prefix binds the cookie to this host and to TLS; it is only possible at the root of the host.
fn cookie_name(service: &Service) -> &'static str {
    if service.base.scheme() == "https" && service.base_path.is_empty() {
        "__Host-credenza"
    } else {
        "credenza"
    }
}

/// A visitor to whom the pages are open; others are led to the login.
pub(super) struct Entered(pub(super) Visitor);

impl FromRequestParts<Arc<Service>> for Entered {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Result<Self, Response> {
        let visitor = Visitor::of(service, &parts.headers);
        if visitor.may_enter(service) {
            return Ok(Self(visitor));
        }
        let next = parts.uri.path().strip_prefix(service.base_path.as_str()).unwrap_or("/");
        let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        Err(visitor.redirect(service, &format!("/login?next={next}")))
    }
}
