//! OAuth errors: the body on the wire, the characters it may have, and what every endpoint's error knows about itself.

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::client_attestation;

/// The header that carries a nonce for the next DPoP proof (RFC 9449 §8).
pub const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// A description is cut after this many bytes.
pub const MAX_DESCRIPTION: usize = 512;

/// The JSON of an error response (RFC 6749 §5.2). Unknown members are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The error code.
    pub error: String,
    /// What happened, for the developer at the other end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
    /// A page that explains it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_uri: Option<String>,
}

#[derive(Serialize)]
struct With {
    #[serde(flatten)]
    body: ErrorBody,
    #[serde(flatten)]
    members: Map<String, Value>,
}

/// What the error of an endpoint knows about itself; each endpoint has its own enum.
pub trait EndpointError: std::error::Error {
    /// The error code of the specification.
    fn code(&self) -> &'static str;

    /// The HTTP status that goes with it.
    fn status(&self) -> StatusCode;

    /// What to tell the client's developer; the [`allowed`] characters of it are sent.
    fn explanation(&self) -> String {
        self.to_string()
    }

    /// The challenges of a 401 answer, one for each `WWW-Authenticate` header (RFC 9110 §11.6.1).
    fn challenges(&self) -> Vec<String> {
        Vec::new()
    }

    /// A nonce that the client's next DPoP proof must contain.
    fn dpop_nonce(&self) -> Option<&str> {
        None
    }

    /// A challenge that the client's next attestation proof must contain (client attestation §7.4).
    fn attestation_challenge(&self) -> Option<&str> {
        None
    }

    /// More members of the JSON body, beside those that every error has.
    fn members(&self) -> Map<String, Value> {
        Map::new()
    }

    /// Whether the answer has a JSON body. A request without any authentication gets none (RFC 6750 §3.1).
    fn has_body(&self) -> bool {
        true
    }

    /// The whole answer: never cached, description in allowed characters.
    fn to_response(&self) -> Response<Vec<u8>> {
        let mut response = Response::new(Vec::new());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for challenge in self.challenges() {
            if let Ok(challenge) = HeaderValue::from_str(&challenge) {
                headers.append(WWW_AUTHENTICATE, challenge);
            }
        }
        if let Some(nonce) = self.dpop_nonce().and_then(|nonce| HeaderValue::from_str(nonce).ok()) {
            headers.insert(DPOP_NONCE, nonce);
        }
        let challenge = self.attestation_challenge().map(HeaderValue::from_str);
        if let Some(Ok(challenge)) = challenge {
            headers.insert(client_attestation::CHALLENGE, challenge);
        }
        if self.has_body() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            let body = ErrorBody {
                error: self.code().to_owned(),
                error_description: Some(allowed(&self.explanation())).filter(|text| !text.is_empty()),
                error_uri: None,
            };
            *response.body_mut() =
                serde_json::to_vec(&With { body, members: self.members() }).unwrap_or_default();
        }
        response
    }
}

/// The text with nothing in it but the characters that an error description may have: `%x20-21 / %x23-5B / %x5D-7E`
/// (RFC 6749 §5.2). Double quotes become single ones, everything else a question mark.
#[must_use]
pub fn allowed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if out.len() >= MAX_DESCRIPTION {
            break;
        }
        out.push(match character {
            '"' => '\'',
            ' '..='!' | '#'..='[' | ']'..='~' => character,
            _ => '?',
        });
    }
    out
}

/// Whether the text has only the characters that an error or event description may have.
#[must_use]
pub fn is_allowed(text: &str) -> bool {
    text.chars().all(|character| matches!(character, ' '..='!' | '#'..='[' | ']'..='~'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Any(String);

    impl EndpointError for Any {
        fn code(&self) -> &'static str {
            "invalid_request"
        }
        fn status(&self) -> StatusCode {
            StatusCode::BAD_REQUEST
        }
        fn challenges(&self) -> Vec<String> {
            vec!["DPoP algs='ES256'".to_owned(), "a\r\nSet-Cookie: b".to_owned()]
        }
    }

    proptest! {
        // Clauses: VCI-8.3.1.2-06, VCI-11.1-07
        #[test]
        fn a35_descriptions_have_allowed_characters_only(text: String) {
            let response = Any(text).to_response();
            let body: ErrorBody = serde_json::from_slice(response.body()).unwrap();
            let description = body.error_description.unwrap_or_default();
            prop_assert!(is_allowed(&description));
            prop_assert!(description.len() <= MAX_DESCRIPTION);
        }
    }

    #[test]
    fn a35_no_header_is_injected() {
        let response = Any(String::new()).to_response();
        assert_eq!(response.headers().get_all(WWW_AUTHENTICATE).iter().count(), 1);
        assert!(!response.headers().contains_key("set-cookie"));
    }
}
