//! A successful answer of an endpoint, and how it becomes HTTP.

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use serde::Serialize;

use crate::EndpointError;
use crate::error::DPOP_NONCE;

/// What an endpoint answers when all is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply<T> {
    /// 200, or another 2xx where the specification says so.
    pub status: StatusCode,
    /// The message; `None` for an answer without a body.
    pub body: Option<T>,
    /// The message in an envelope: it is sent as `application/jwt` in the place of the JSON.
    pub sealed: Option<String>,
    /// A nonce for the client's next DPoP proof.
    pub dpop_nonce: Option<String>,
}

impl<T> Reply<T> {
    /// 200 with this message.
    #[must_use]
    pub fn ok(body: T) -> Self {
        Self { status: StatusCode::OK, body: Some(body), sealed: None, dpop_nonce: None }
    }

    /// 201 with this message.
    #[must_use]
    pub fn created(body: T) -> Self {
        Self { status: StatusCode::CREATED, body: Some(body), sealed: None, dpop_nonce: None }
    }

    /// 202 with this message: what was asked for comes later.
    #[must_use]
    pub fn accepted(body: T) -> Self {
        Self { status: StatusCode::ACCEPTED, ..Self::ok(body) }
    }

    /// 204.
    #[must_use]
    pub fn no_content() -> Self {
        Self { status: StatusCode::NO_CONTENT, body: None, sealed: None, dpop_nonce: None }
    }

    /// The same, sent in this envelope.
    #[must_use]
    pub fn sealed(mut self, jwt: Option<String>) -> Self {
        self.sealed = jwt;
        self
    }

    /// The same with a nonce for the next DPoP proof.
    #[must_use]
    pub fn with_dpop_nonce(mut self, nonce: Option<String>) -> Self {
        self.dpop_nonce = nonce;
        self
    }
}

impl<T: Serialize> Reply<T> {
    /// The whole answer, JSON or its envelope, that nobody may cache.
    #[must_use]
    pub fn into_response(self) -> Response<Vec<u8>> {
        let mut response = Response::new(Vec::new());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(nonce) = self.dpop_nonce.and_then(|nonce| HeaderValue::from_str(&nonce).ok()) {
            headers.insert(DPOP_NONCE, nonce);
        }
        if let Some(jwt) = self.sealed {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/jwt"));
            *response.body_mut() = jwt.into_bytes();
        } else if let Some(body) = self.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            match serde_json::to_vec(&body) {
                Ok(body) => *response.body_mut() = body,
                Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
            }
        }
        response
    }
}

/// The HTTP answer of an endpoint, well or not.
#[must_use]
pub fn respond<T: Serialize, E: EndpointError>(result: Result<Reply<T>, E>) -> Response<Vec<u8>> {
    match result {
        Ok(reply) => reply.into_response(),
        Err(error) => error.to_response(),
    }
}
