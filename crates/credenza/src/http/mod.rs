//! The adapter of the [`Http`] port: reqwest with rustls, behind a guard that decides to which addresses it may connect.
//!
//! A wallet fetches what strangers tell it to fetch. So the address is judged after the name was resolved, at the very
//! connection that is about to be opened: a name that resolves to an internal address the second time leads nowhere.

mod outgoing;
mod redirects;
mod resolver;

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use credenza_core::{AddressPolicy, Answer, Http, HttpError, Limits};
use http::header::{AUTHORIZATION, COOKIE, LOCATION};
use http::{Method, Request, Response, StatusCode};
use url::{Host, Url};

pub use outgoing::Outgoing;
pub use redirects::NotSentBack;
use resolver::{Guarded, LocalOnly};
pub use resolver::{Lookup, SystemLookup};

/// How long a connection may take to be opened, within [`Limits::time`].
const CONNECT: Duration = Duration::from_secs(5);

/// Sends requests with reqwest; see the module.
pub struct ReqwestHttp {
    policy: AddressPolicy,
    lookup: Arc<dyn Lookup>,
    /// Hosts that are asked wherever they are.
    internal: Vec<String>,
    /// Root certificates beside the platform's: DER.
    roots: Vec<Vec<u8>>,
    // Made at the first request: reading the platform's certificates would delay the start of a service by as long as
    // everything else together, and most services never ask anybody.
    client: OnceLock<Result<reqwest::Client, String>>,
}

impl ReqwestHttp {
    /// An adapter that connects where the policy allows, with the system's name resolution.
    #[must_use]
    pub fn new(policy: AddressPolicy) -> Self {
        Self::with_lookup(policy, Arc::new(SystemLookup))
    }

    /// The same with another name resolution.
    #[must_use]
    pub fn with_lookup(policy: AddressPolicy, lookup: Arc<dyn Lookup>) -> Self {
        Self { policy, lookup, internal: Vec::new(), roots: Vec::new(), client: OnceLock::new() }
    }

    /// The same, and servers whose certificates lead to one of these roots (DER) are known, too.
    #[must_use]
    pub fn with_roots(self, roots: Vec<Vec<u8>>) -> Self {
        Self { roots, client: OnceLock::new(), ..self }
    }

    /// The same, and these hosts (names or addresses, without ports) may also be asked at internal addresses, and by
    /// http: they are the operator's own. For requests whose URL nobody else has a say in.
    #[must_use]
    pub fn with_internal(self, hosts: impl IntoIterator<Item = String>) -> Self {
        let hosts = hosts.into_iter().map(|host| host.to_ascii_lowercase());
        Self { internal: hosts.collect(), client: OnceLock::new(), ..self }
    }

    fn client(&self) -> Result<&reqwest::Client, HttpError> {
        let client = self.client.get_or_init(|| {
            let roots = self.roots.iter().map(|der| reqwest::Certificate::from_der(der));
            let roots = roots.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
            #[expect(clippy::disallowed_methods, reason = "this is the adapter")]
            let builder = reqwest::Client::builder();
            builder
                .user_agent(concat!("credenza/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                // A proxy would resolve names out of our sight.
                .no_proxy()
                .https_only(self.policy == AddressPolicy::Public && self.internal.is_empty())
                .connect_timeout(CONNECT)
                .tls_certs_merge(roots)
                .dns_resolver(Guarded {
                    policy: self.policy,
                    lookup: Arc::clone(&self.lookup),
                    internal: self.internal.clone(),
                })
                .build()
                .map_err(|error| error.to_string())
        });
        client.as_ref().map_err(|error| HttpError::Unreachable(error.clone()))
    }

    async fn follow(
        &self,
        mut request: Request<Vec<u8>>,
        limits: Limits,
    ) -> Result<Response<Vec<u8>>, HttpError> {
        let mut left = limits.redirects;
        loop {
            let url = self.allowed(&request.uri().to_string())?;
            // Only what can be repeated without doing anything twice is ever sent elsewhere.
            let again = (request.method() == Method::GET && left > 0).then(|| request.clone());
            let response = self.once(url.clone(), request, limits.body).await?;
            if !redirects(response.status()) {
                return Ok(response);
            }
            let (Some(mut next), Some(location)) = (again, response.headers().get(LOCATION)) else {
                return Err(HttpError::Redirected);
            };
            let location = location.to_str().ok().and_then(|location| url.join(location).ok());
            let location = location.ok_or(HttpError::Redirected)?;
            if location.origin() != url.origin() {
                for name in [AUTHORIZATION.as_str(), COOKIE.as_str(), "dpop"] {
                    next.headers_mut().remove(name);
                }
            }
            *next.uri_mut() = location.as_str().parse().map_err(|_| HttpError::Redirected)?;
            request = next;
            left -= 1;
        }
    }

    /// Judges what can be judged before a name is resolved.
    fn allowed(&self, url: &str) -> Result<Url, HttpError> {
        let url = Url::parse(url).map_err(|_| HttpError::Forbidden("not an absolute URL"))?;
        let internal = url.host_str().is_some_and(|host| self.internal.iter().any(|known| known == host));
        if internal && matches!(url.scheme(), "http" | "https") && url.username().is_empty() {
            return Ok(url);
        }
        if !self.policy.scheme(url.scheme()) {
            return Err(HttpError::Forbidden("the scheme is not https"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(HttpError::Forbidden("the URL carries a user name"));
        }
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err(HttpError::Forbidden("the URL has no host")),
        };
        // RFC 6761 §6.3: these names are this machine, no resolver needs to be asked.
        let by_name = url
            .domain()
            .map(|name| name.trim_end_matches('.'))
            .is_some_and(|name| name == "localhost" || name.ends_with(".localhost"));
        let internal = address.is_some_and(|address| !self.policy.address(address));
        if internal || (by_name && self.policy == AddressPolicy::Public) {
            return Err(HttpError::Forbidden("the address is not a public one"));
        }
        // Without TLS nobody knows who answers, except on this very machine.
        if url.scheme() == "http" && !is_loopback(&url) {
            return Err(HttpError::Forbidden("http is for this machine alone"));
        }
        Ok(url)
    }

    async fn once(
        &self,
        url: Url,
        request: Request<Vec<u8>>,
        limit: usize,
    ) -> Result<Response<Vec<u8>>, HttpError> {
        let (parts, body) = request.into_parts();
        let request = self.client()?.request(parts.method, url).headers(parts.headers).body(body);
        let mut answer = request.send().await.map_err(|error| translate(&error))?;
        if answer.content_length().is_some_and(|length| usize::try_from(length).is_ok_and(|it| it > limit)) {
            return Err(HttpError::TooLarge(limit));
        }
        let mut response = Response::new(Vec::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        while let Some(chunk) = answer.chunk().await.map_err(|error| translate(&error))? {
            if response.body().len() + chunk.len() > limit {
                return Err(HttpError::TooLarge(limit));
            }
            response.body_mut().extend_from_slice(&chunk);
        }
        Ok(response)
    }
}

impl Http for ReqwestHttp {
    fn send(
        &self,
        request: Request<Vec<u8>>,
        limits: Limits,
    ) -> Answer<'_, Result<Response<Vec<u8>>, HttpError>> {
        Answer::later(async move {
            match tokio::time::timeout(limits.time, self.follow(request, limits)).await {
                Ok(answer) => answer,
                Err(_) => Err(HttpError::TimedOut),
            }
        })
    }
}

impl std::fmt::Debug for ReqwestHttp {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "ReqwestHttp({:?})", self.policy)
    }
}

/// Whether the URL's host is literally this machine: `localhost`, 127.0.0.0/8 or `[::1]`.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn redirects(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Our error for reqwest's; its text is not passed on as it is, because it names the URL.
fn translate(error: &reqwest::Error) -> HttpError {
    let mut source = std::error::Error::source(error);
    let mut last = None;
    while let Some(cause) = source {
        if cause.is::<LocalOnly>() {
            return HttpError::Forbidden("the name resolves to no public address");
        }
        last = Some(cause);
        source = cause.source();
    }
    if error.is_timeout() {
        return HttpError::TimedOut;
    }
    let what = if error.is_connect() { "no connection" } else { "the exchange broke off" };
    HttpError::Unreachable(last.map_or_else(|| what.to_owned(), |cause| format!("{what} ({cause})")))
}

#[cfg(test)]
mod redirects_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tls_tests;
