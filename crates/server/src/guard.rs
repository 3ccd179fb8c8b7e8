//! What surrounds every request: size and time limits, a net for panics, headers of safety, one line in the log.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tracing::Instrument as _;

use crate::limits::Limits;
use crate::pages;
use crate::problem::{Kind, Problem};
use crate::service::{Pages, Service};

/// Who a path is for; that decides how an error reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plane {
    /// Wallets: OAuth errors.
    Wallet,
    /// Developers and operators: problem details.
    Admin,
    /// People: pages.
    Pages,
}

impl Plane {
    /// The plane of a route, or of a path that leads nowhere.
    pub(crate) fn of(path: &str) -> Self {
        const ADMIN: [&str; 5] = ["/api", "/openapi.json", "/healthz", "/readyz", "/metrics"];
        const PAGES: [&str; 9] = [
            "/assets",
            "/authorize",
            "/issue",
            "/verify",
            "/wallet",
            "/inspect",
            "/login",
            "/logout",
            "/done",
        ];
        let under = |root: &&str| {
            path.strip_prefix(*root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if ADMIN.iter().any(&under) {
            Self::Admin
        } else if path == "/" || PAGES.iter().any(&under) {
            Self::Pages
        } else {
            Self::Wallet
        }
    }
}

/// Guards one request.
pub(crate) async fn guard(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    // The route, not the path: a path can have an id in it that is a secret.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("unknown", MatchedPath::as_str);
    let below = request.uri().path().strip_prefix(service.base_path.as_str());
    let plane = below.map_or(Plane::Wallet, Plane::of);
    let span = tracing::info_span!("request", %method, route);
    let response = async {
        let response = match misdirected(&service, plane, &request) {
            Some(elsewhere) => elsewhere,
            None => bounded(service.limits, request, next).await,
        };
        let response = finish(plane, &service, response);
        let metrics = service.hub.metrics();
        metrics.answered(route, known(&method), response.status().as_u16(), started.elapsed());
        tracing::info!(
            status = response.status().as_u16(),
            micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
        response
    };
    response.instrument(span).await
}

/// Pages that are open to whoever reaches them answer to their own name alone: a site whose name leads to this
/// machine (DNS rebinding) must not read them. Whoever just used another name is led to the right one.
fn misdirected(service: &Service, plane: Plane, request: &Request) -> Option<Response> {
    if service.pages != Pages::Open || plane != Plane::Pages {
        return None;
    }
    let host = request.headers().get(header::HOST)?;
    let authority = service.base.authority();
    if host.as_bytes().eq_ignore_ascii_case(authority.as_bytes()) {
        return None;
    }
    if request.method() != Method::GET {
        return Some(StatusCode::MISDIRECTED_REQUEST.into_response());
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let to = format!("{}{path}", service.base.origin().ascii_serialization());
    Some((StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response())
}

/// A method as a label: strangers invent none.
fn known(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known.into_iter().find(|known| method == known).unwrap_or("other")
}

async fn bounded(limits: Limits, request: Request, next: Next) -> Response {
    if declared_length(request.headers()).is_some_and(|length| length > limits.body) {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(limits.request_time, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => {
            // What the panic says stays out of the log: it can quote the input.
            tracing::error!("a handler panicked");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Gives an error that came from below the handlers the plane's shape, and adds the headers of safety.
fn finish(plane: Plane, service: &Service, response: Response) -> Response {
    let status = response.status();
    let mut response = if (status.is_client_error() || status.is_server_error()) && is_bare(&response) {
        let mut shaped = shape(plane, status, service);
        let kept = [
            header::ALLOW,
            header::WWW_AUTHENTICATE,
            header::RETRY_AFTER,
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
        ];
        for name in kept {
            if let Some(value) = response.headers().get(&name) {
                shaped.headers_mut().insert(name, value.clone());
            }
        }
        shaped
    } else {
        response
    };
    let headers = response.headers_mut();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.entry(header::RETRY_AFTER).or_insert(RETRY_AFTER);
    }
    for (name, value) in SAFETY {
        headers.entry(name).or_insert(value);
    }
    response
}

/// Whether the answer is one of the framework's own, in plain text or empty.
fn is_bare(response: &Response) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_none_or(|value| value.as_bytes().starts_with(b"text/plain"))
}

fn shape(plane: Plane, status: StatusCode, service: &Service) -> Response {
    let detail = match status {
        StatusCode::PAYLOAD_TOO_LARGE => format!("the body is larger than {} bytes", service.limits.body),
        StatusCode::NOT_FOUND => "there is nothing at this path".to_owned(),
        StatusCode::METHOD_NOT_ALLOWED => "this path knows other methods, named in Allow".to_owned(),
        StatusCode::SERVICE_UNAVAILABLE => "not done in time, try again".to_owned(),
        _ if status.is_server_error() => "a fault of the service".to_owned(),
        _ => "the request can't be understood".to_owned(),
    };
    match plane {
        Plane::Admin => Problem::new(Kind::of(status)).because(detail).into_response(),
        Plane::Wallet => crate::respond::oauth_error(status, wire_code(status), &detail),
        Plane::Pages => pages::refuse(service, status, for_people(status)),
    }
}

fn for_people(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "The page does not exist, or what it was about is over and forgotten.",
        StatusCode::PAYLOAD_TOO_LARGE => "That is more than this service takes at once.",
        StatusCode::SERVICE_UNAVAILABLE => "The service can't do this right now. Try again in a moment.",
        _ if status.is_server_error() => "The service has a fault. It is in the log.",
        _ => "The request can't be understood.",
    }
}

fn wire_code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::SERVICE_UNAVAILABLE => "temporarily_unavailable",
        _ if status.is_server_error() => "server_error",
        _ => "invalid_request",
    }
}

/// Seconds after which a client may try again what could not be done.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// On every answer that does not say otherwise.
const SAFETY: [(HeaderName, HeaderValue); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_has_its_plane() {
        assert_eq!(Plane::of("/api/v1/offers"), Plane::Admin);
        assert_eq!(Plane::of("/healthz"), Plane::Admin);
        assert_eq!(Plane::of("/"), Plane::Pages);
        assert_eq!(Plane::of("/verify/abc/events"), Plane::Pages);
        assert_eq!(Plane::of("/token"), Plane::Wallet);
        assert_eq!(Plane::of("/issuer"), Plane::Wallet);
        assert_eq!(Plane::of("/.well-known/openid-credential-issuer"), Plane::Wallet);
    }
}
