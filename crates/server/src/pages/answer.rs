//! The page that wallets bring the answers to which come by the browser (`fragment` and `query`, OID4VP 1.0 §5, §8).
//!
//! The relying party sends the browser to `/web/answers/{id}/start`, which leads on to the wallet; what the wallet
//! sends back is taken from that browser alone, so that nobody can have somebody else answer for him, and nobody's
//! answer is brought into a session that somebody else has begun (§14.2).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use credenza_core::{Key, StoreError, UnixTime, id};
use credenza_oauth::EndpointError as _;
use credenza_vp::verifier::CreatedRequest;
use http::{HeaderMap, Method, StatusCode, header};
use serde::{Deserialize, Serialize};

use super::cookie::{self, SameSite};
use super::posted::from_us;
use super::view::Layout;
use crate::media_type;
use crate::respond::{NO_STORE, json, oauth_error};
use crate::routes::Routes;
use crate::service::Service;

/// What the records are sealed for.
const RECORD: &str = "server.web_answer";
/// The kind of the records, and of those that say that a browser has begun.
const KIND: &str = "server.web_answer";
const BEGUN: &str = "server.web_answer_begun";
/// What the cookie of the browser is sealed for.
const BROWSER: &str = "server.web_answer_browser";
const COOKIE: &str = "credenza-answer";

pub(crate) fn routes(routes: &mut Routes) {
    routes.on(Method::GET, "/web/answers/{id}/start", start);
    routes.on(Method::GET, "/web/answers/{id}", show);
    routes.on(Method::POST, "/web/answers/{id}", bring);
}

/// A request whose answer comes by the browser.
#[derive(Serialize, Deserialize)]
struct Awaited {
    id: String,
    request_id: String,
    link: String,
    until: UnixTime,
}

/// A place for an answer, before there is a request: the `redirect_uri` is part of that.
pub(crate) struct Place(String);

impl Place {
    pub(crate) fn new(service: &Service) -> Self {
        Self(id::unguessable(&*service.random))
    }

    /// Where the wallet brings the answer.
    pub(crate) fn redirect_uri(&self, service: &Service) -> String {
        service.url(&path(&self.0))
    }

    /// Waits for the answer to a request; the URL is the one that the relying party sends the browser to.
    pub(crate) async fn awaits(
        self,
        service: &Service,
        request: &CreatedRequest,
    ) -> Result<String, StoreError> {
        let start = service.url(&format!("{}/start", path(&self.0)));
        let until = request.expires_at;
        let key = Key::new(KIND, &self.0);
        let (request_id, link) = (request.request_id.clone(), request.wallet_link.clone());
        let content =
            serde_json::to_vec(&Awaited { id: self.0, request_id, link, until }).unwrap_or_default();
        let sealed = service.sealer.seal(&*service.random, RECORD, until, &content);
        service.store.insert(key, sealed.into_bytes(), until).await?;
        Ok(start)
    }
}

fn path(id: &str) -> String {
    format!("/web/answers/{id}")
}

async fn awaited(service: &Service, id: &str) -> Result<Awaited, Response> {
    let record =
        service.store.get(&Key::new(KIND, id)).await.map_err(|error| unavailable(service, &error))?;
    let sealed = record.and_then(|record| String::from_utf8(record.value).ok());
    let content = sealed.and_then(|sealed| service.sealer.open(RECORD, service.clock.now(), &sealed).ok());
    let awaited: Option<Awaited> = content.and_then(|content| serde_json::from_slice(&content).ok());
    let gone = || said(service, StatusCode::NOT_FOUND, "Nobody waits for an answer here, or no more.");
    awaited.filter(|awaited| awaited.id == id).ok_or_else(gone)
}

/// Whether this is the browser that has begun.
fn has_begun(service: &Service, headers: &HeaderMap, id: &str) -> bool {
    let sealed = cookie::get(headers, COOKIE);
    let opened = sealed.and_then(|sealed| service.sealer.open(BROWSER, service.clock.now(), sealed).ok());
    opened.is_some_and(|known| known == id.as_bytes())
}

/// `GET /web/answers/{id}/start`: the first browser that comes is the one; it goes on to the wallet.
async fn start(State(service): State<Arc<Service>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let awaited = match awaited(&service, &id).await {
        Ok(awaited) => awaited,
        Err(refused) => return refused,
    };
    let mut response = (StatusCode::SEE_OTHER, [NO_STORE]).into_response();
    let Ok(link) = http::HeaderValue::from_str(&awaited.link) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    response.headers_mut().insert(header::LOCATION, link);
    if has_begun(&service, &headers, &id) {
        return response;
    }
    match service.store.insert(Key::new(BEGUN, &id), Vec::new(), awaited.until).await {
        Ok(()) => {}
        Err(StoreError::Conflict(_)) => {
            return said(
                &service,
                StatusCode::FORBIDDEN,
                "This was begun in another browser. Ask for it anew there.",
            );
        }
        Err(error) => return unavailable(&service, &error),
    }
    let sealed = service.sealer.seal(&*service.random, BROWSER, awaited.until, id.as_bytes());
    let lives = awaited.until.since(service.clock.now());
    let below = format!("{}{}", service.base_path, path(&id));
    // Lax: the wallet, another site, leads back here.
    if let Some(cookie) = cookie::set(&service, COOKIE, &sealed, &below, SameSite::Lax, lives) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

const ELSEWHERE: &str = "This answer belongs to another browser. It was not taken.";

/// `GET /web/answers/{id}`: the answer is in the fragment or the query; the page's script brings it.
async fn show(State(service): State<Arc<Service>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    if let Err(refused) = awaited(&service, &id).await {
        return refused;
    }
    if !has_begun(&service, &headers, &id) {
        return said(&service, StatusCode::FORBIDDEN, ELSEWHERE);
    }
    page(&service, StatusCode::OK, None)
}

/// `POST /web/answers/{id}`: the answer, as a form. What comes back says where the browser goes next.
async fn bring(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = media_type::is(&headers, "application/x-www-form-urlencoded");
    if !form || !from_us(&service, &headers) || !has_begun(&service, &headers, &id) {
        return oauth_error(StatusCode::FORBIDDEN, "access_denied", ELSEWHERE);
    }
    let awaited = match awaited(&service, &id).await {
        Ok(awaited) => awaited,
        Err(refused) => return refused,
    };
    match service.verifier.respond(&awaited.request_id, &body).await {
        Ok(accepted) => json(StatusCode::OK, &accepted),
        Err(error) => {
            let check = error.report().and_then(|report| report.first_failure()).map(|check| check.rule.id);
            tracing::info!(code = error.code(), check, "presentation refused");
            service.hub.metrics().refused(error.code(), check);
            error.to_response().map(Into::into)
        }
    }
}

fn unavailable(service: &Service, error: &StoreError) -> Response {
    tracing::warn!(%error, "the store failed");
    said(
        service,
        StatusCode::SERVICE_UNAVAILABLE,
        "The service can't do this right now. Try again in a moment.",
    )
}

fn said(service: &Service, status: StatusCode, problem: &str) -> Response {
    page(service, status, Some(problem))
}

fn page(service: &Service, status: StatusCode, problem: Option<&str>) -> Response {
    #[derive(Serialize)]
    struct View<'a> {
        problem: Option<&'a str>,
    }
    let layout = Layout {
        base: &service.base_path,
        host: service.base.host_str().unwrap_or_default(),
        nav: Vec::new(),
        here: "",
        demo: false,
        signed_in: false,
        csrf: String::new(),
    };
    let mut page = service.templates.page("answer.html", &layout, &View { problem });
    *page.status_mut() = status;
    page
}
