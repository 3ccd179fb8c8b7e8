//! A deployment, looked at from outside as a wallet does: what does not fit, and what to change.
//!
//! [`examine`] fetches what wallets fetch, over the public URL, and compares. Where the configuration is at hand, it knows
//! what should come back; without it, it says what can be said. Each check is one of [`rules`]; the evidence of one that
//! failed says what was found, and then what to do.

mod address;
mod asking;
mod date;
mod issuer;
mod keys;
mod known;
pub mod rules;
mod server;
mod service;
mod status;
mod tls;
mod types;
mod way;

use std::sync::Arc;

use credenza_core::{AddressPolicy, Clock, Http as _, HttpError, Limits, Report, Secret, SystemClock};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use url::Url;

use crate::http::{Lookup, Outgoing, ReqwestHttp, SystemLookup, is_loopback};

pub use known::Known;

/// What is examined, and from where.
pub struct Examination {
    /// The public URL.
    pub url: Url,
    /// What the operator knows; `None` where the URL is all.
    pub known: Option<Known>,
    /// To make a request of the verifier with; without it that is left out.
    pub admin_token: Option<Secret>,
    /// Whom this machine trusts for TLS, beside its platform's authorities.
    pub outgoing: Outgoing,
    /// Finds addresses.
    pub lookup: Arc<dyn Lookup>,
    /// The time of this machine.
    pub clock: Arc<dyn Clock>,
    /// Where plain http would be.
    pub plain_port: u16,
}

impl Examination {
    /// From this machine, over the network.
    #[must_use]
    pub fn new(url: Url) -> Self {
        Self {
            url,
            known: None,
            admin_token: None,
            outgoing: Outgoing::default(),
            lookup: Arc::new(SystemLookup),
            clock: Arc::new(SystemClock),
            plain_port: 80,
        }
    }
}

impl std::fmt::Debug for Examination {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Examination({})", self.url)
    }
}

/// Examines a deployment.
pub async fn examine(what: &Examination) -> Report {
    let mut report = Report::new(format!("deployment {}", what.url));
    let visitor = Visitor::new(what);
    let (address, addresses) = address::check(&visitor).await;
    report.parts.push(address);
    if what.url.scheme() == "https" {
        report.parts.push(tls::check(&visitor, &addresses).await);
    }
    let (service, reached) = service::check(&visitor).await;
    report.parts.push(service);
    if reached {
        let (issuer, served) = issuer::check(&visitor).await;
        report.parts.push(issuer);
        if let Some(served) = &served {
            let (server, metadata) = server::check(&visitor, served).await;
            report.parts.push(server);
            report.parts.push(way::check(&visitor, served, metadata.as_ref()).await);
            report.parts.push(status::check(&visitor, metadata.as_ref()).await);
            report.parts.push(types::check(&visitor, served).await);
        }
        report.parts.push(asking::check(&visitor).await);
    }
    if let Some(known) = &what.known {
        report.parts.extend(keys::check(&visitor, known).await);
    }
    report.parts.retain(|part| !part.checks.is_empty());
    report
}

/// The identifier of a URL as it is configured: without the slash that the parser adds.
fn identifier(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}

/// Somebody who asks as a wallet does: no redirects, no compression. The deployment's own host is asked wherever it is,
/// so that one mistake (an internal address) does not hide the others.
struct Visitor<'a> {
    what: &'a Examination,
    http: Arc<ReqwestHttp>,
    addresses: AddressPolicy,
}

impl<'a> Visitor<'a> {
    fn new(what: &'a Examination) -> Self {
        let addresses = if is_loopback(&what.url) { AddressPolicy::Loopback } else { AddressPolicy::Public };
        let host = what.url.host_str().map(str::to_owned);
        let admin = what.known.as_ref().and_then(|known| known.admin).map(|at| at.ip().to_string());
        let http = ReqwestHttp::with_lookup(addresses, Arc::clone(&what.lookup))
            .with_internal(what.outgoing.internal_hosts.iter().cloned().chain(host).chain(admin))
            .with_roots(what.outgoing.roots.clone());
        Self { what, http: Arc::new(http), addresses }
    }

    fn known(&self) -> Option<&Known> {
        self.what.known.as_ref()
    }

    /// The URL of a path of the service.
    fn below(&self, path: &str) -> String {
        format!("{}{path}", identifier(&self.what.url))
    }

    async fn get(&self, url: &str, accept: &'static str) -> Result<Response<Vec<u8>>, HttpError> {
        let headers = HeaderMap::from_iter([(http::header::ACCEPT, HeaderValue::from_static(accept))]);
        self.send(Method::GET, url, headers, Vec::new()).await
    }

    async fn post(
        &self,
        url: &str,
        content_type: &'static str,
        more: &[(HeaderName, &str)],
        body: Vec<u8>,
    ) -> Result<Response<Vec<u8>>, HttpError> {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(http::header::ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in more {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name.clone(), value);
            }
        }
        self.send(Method::POST, url, headers, body).await
    }

    async fn send(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Response<Vec<u8>>, HttpError> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = url.parse().map_err(|_| HttpError::Forbidden("not a URL for HTTP"))?;
        *request.headers_mut() = headers;
        self.http.send(request, Limits { body: MAX_ANSWER, ..Limits::default() }).await
    }
}

/// The largest answer that is looked at: a status list can be a few megabytes.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// A header of an answer as text.
fn header(response: &Response<Vec<u8>>, name: impl http::header::AsHeaderName) -> &str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Whether an answer is of that media type.
fn is_type(response: &Response<Vec<u8>>, expected: &str) -> bool {
    let value = header(response, http::header::CONTENT_TYPE);
    value.split(';').next().unwrap_or(value).trim().eq_ignore_ascii_case(expected)
}
