//! Requests to strangers: which URLs are asked, with which headers, and what counts as an answer.

use credenza_core::{HttpError, json};
use credenza_oauth::ErrorBody;
use credenza_oauth::error::allowed;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, Method, Request, Response};
use serde::de::DeserializeOwned;
use url::{Host, Url};

use super::{Parts, Step, WalletError};
use crate::messages::why;

/// No error code is longer.
const MAX_CODE: usize = 64;

impl Parts {
    /// Reads a URL from an offer or metadata, and refuses those that this wallet does not ask.
    pub(super) fn url(&self, step: Step, text: &str) -> Result<Url, WalletError> {
        let forbidden = |reason| WalletError::Http { step, error: HttpError::Forbidden(reason) };
        let url = Url::parse(text).map_err(|_| forbidden("not a URL"))?;
        if !self.policy.addresses.scheme(url.scheme()) {
            return Err(forbidden("not https"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(forbidden("a URL with credentials"));
        }
        let address = match url.host() {
            None => return Err(forbidden("a URL without a host")),
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            Some(Host::Domain(_)) => None,
        };
        if address.is_some_and(|address| !self.policy.addresses.address(address)) {
            return Err(forbidden("an internal address"));
        }
        Ok(url)
    }

    /// Fetches a JSON document.
    pub(super) async fn fetch(&self, step: Step, url: &Url) -> Result<Vec<u8>, WalletError> {
        let response = self.send(step, Method::GET, url, HeaderMap::new(), Vec::new()).await?;
        if response.status() != 200 {
            return Err(unexpected(step, format!("HTTP status {}", response.status().as_u16())));
        }
        must_be_json(step, &response)?;
        Ok(response.into_body())
    }

    /// Sends one request: no header but those given and what it accepts, which is JSON unless they say otherwise.
    pub(super) async fn send(
        &self,
        step: Step,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Result<Response<Vec<u8>>, WalletError> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = url
            .as_str()
            .parse()
            .map_err(|_| WalletError::Http { step, error: HttpError::Forbidden("not a URL for HTTP") })?;
        *request.headers_mut() = headers;
        let accept = request.headers_mut().entry(ACCEPT);
        accept.or_insert(http::HeaderValue::from_static("application/json"));
        self.http.send(request, self.policy.limits).await.map_err(|error| WalletError::Http { step, error })
    }
}

/// Reads an answer: the message when the status is one of `good`, the specification's error otherwise.
pub(super) fn answer<T: DeserializeOwned>(
    step: Step,
    response: &Response<Vec<u8>>,
    good: &[u16],
) -> Result<T, WalletError> {
    if !good.contains(&response.status().as_u16()) {
        return Err(refusal(step, response));
    }
    must_be_json(step, response)?;
    json::object_from_slice(response.body()).map_err(|error| unexpected(step, why(&error)))
}

/// What the other side says about why it refused.
pub(super) fn refusal(step: Step, response: &Response<Vec<u8>>) -> WalletError {
    let body: Option<ErrorBody> = json::object_from_slice(response.body()).ok();
    match body {
        Some(body) if body.error.len() <= MAX_CODE => WalletError::Refused {
            step,
            code: allowed(&body.error),
            description: body.error_description.map(|text| allowed(&text)),
        },
        _ => unexpected(step, format!("HTTP status {}", response.status().as_u16())),
    }
}

pub(super) fn unexpected(step: Step, reason: impl Into<String>) -> WalletError {
    WalletError::Unexpected { step, reason: reason.into() }
}

/// Whether an answer is of that media type.
pub(super) fn is_type(response: &Response<Vec<u8>>, expected: &str) -> bool {
    let value =
        response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or(value).trim().eq_ignore_ascii_case(expected)
}

/// HTML of a portal or a proxy is no answer.
pub(super) fn must_be_json(step: Step, response: &Response<Vec<u8>>) -> Result<(), WalletError> {
    if is_type(response, "application/json") {
        Ok(())
    } else {
        Err(unexpected(step, "the answer is not application/json"))
    }
}
