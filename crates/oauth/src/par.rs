//! Pushed authorization requests (RFC 9126): the response, and the URL that stands for what was pushed.

use serde::{Deserialize, Serialize};

use crate::redirect_uri;

/// How our request URIs start (RFC 9126 §2.2).
pub const REQUEST_URI_PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// What the endpoint answers with 201 (RFC 9126 §2.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedAuthorizationResponse {
    /// What stands for the request at the authorization endpoint, once.
    pub request_uri: String,
    /// For how many seconds.
    pub expires_in: u64,
}

impl PushedAuthorizationResponse {
    /// The URL that the browser is sent to (RFC 9126 §4).
    #[must_use]
    pub fn to_url(&self, authorization_endpoint: &str, client_id: &str) -> String {
        let parameters = [("client_id", client_id), ("request_uri", self.request_uri.as_str())];
        redirect_uri::with_parameters(authorization_endpoint, &parameters)
    }
}
