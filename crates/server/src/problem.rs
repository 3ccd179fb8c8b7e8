//! Problem details (RFC 9457): how the admin plane says what a caller did wrong.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// Where the types are explained; the fragment is the kind's name.
const TYPES: &str = "https://github.com/credenza/credenza/blob/main/docs/problems.md#";

/// What went wrong. The names are stable: clients may compare [`Kind::uri`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The body is not the JSON that is expected here, or a member has a wrong value.
    InvalidRequest,
    /// The body has a member that is not known.
    UnknownMember,
    /// No token, or not a valid one.
    Unauthorized,
    /// The token is not for this.
    Forbidden,
    /// Nothing of that id, or it has expired.
    NotFound,
    /// The path knows other methods.
    MethodNotAllowed,
    /// The session is in another state than this needs.
    Conflict,
    /// The body is larger than the limit.
    TooLarge,
    /// The body is not JSON by its `Content-Type`.
    UnsupportedMediaType,
    /// The request is understood and can't be carried out: an unknown credential type, a query that can't be read.
    Unprocessable,
    /// The service can't do it right now.
    Unavailable,
    /// A fault of the service.
    Internal,
}

impl Kind {
    /// All kinds, for the documentation and its test.
    pub const ALL: [Self; 12] = [
        Self::InvalidRequest,
        Self::UnknownMember,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::Unprocessable,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The last part of the `type`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid-request",
            Self::UnknownMember => "unknown-member",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::Conflict => "conflict",
            Self::TooLarge => "too-large",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::Unprocessable => "unprocessable",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// The `type`.
    #[must_use]
    pub fn uri(self) -> String {
        format!("{TYPES}{}", self.name())
    }

    /// The `title`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::InvalidRequest => "The request can't be understood",
            Self::UnknownMember => "The request has a member that is not known here",
            Self::Unauthorized => "A valid token is needed",
            Self::Forbidden => "The token is not for this",
            Self::NotFound => "There is nothing here",
            Self::MethodNotAllowed => "This path knows other methods",
            Self::Conflict => "The state does not allow this",
            Self::TooLarge => "The request is too large",
            Self::UnsupportedMediaType => "The body must be JSON",
            Self::Unprocessable => "The request can't be carried out",
            Self::Unavailable => "The service can't do this right now",
            Self::Internal => "The service has a fault",
        }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest | Self::UnknownMember => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The kind that a bare status stands for.
    pub(crate) const fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            409 => Self::Conflict,
            413 => Self::TooLarge,
            415 => Self::UnsupportedMediaType,
            422 => Self::Unprocessable,
            503 => Self::Unavailable,
            500..=599 => Self::Internal,
            _ => Self::InvalidRequest,
        }
    }
}

/// A problem, as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What went wrong.
    pub kind: Kind,
    /// What exactly, for the developer who reads it. Never a secret, never personal data.
    pub detail: Option<String>,
    /// A JSON Pointer to the member of the request that is at fault (RFC 6901).
    pub pointer: Option<String>,
}

impl Problem {
    /// A problem of a kind.
    #[must_use]
    pub const fn new(kind: Kind) -> Self {
        Self { kind, detail: None, pointer: None }
    }

    /// Says what exactly.
    #[must_use]
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Says where in the request.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Wire<'a> {
            r#type: String,
            title: &'a str,
            status: u16,
            #[serde(skip_serializing_if = "Option::is_none")]
            detail: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pointer: Option<&'a str>,
        }
        let Self { kind, detail, pointer } = &self;
        let wire = Wire {
            r#type: kind.uri(),
            title: kind.title(),
            status: kind.status().as_u16(),
            detail: detail.as_deref(),
            pointer: pointer.as_deref(),
        };
        let body = serde_json::to_vec(&wire).unwrap_or_default();
        let mut response = (kind.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if *kind == Kind::Unauthorized {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"credenza admin\""),
            );
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_stands_for_its_kind() {
        for kind in Kind::ALL {
            if kind != Kind::UnknownMember {
                assert_eq!(Kind::of(kind.status()), kind);
            }
        }
    }
}
