//! The authorization request (RFC 6749 §4.1.1) with PKCE, `authorization_details` (RFC 9396), `issuer_state`
//! (OID4VCI §5.1.3) and `dpop_jkt` (RFC 9449 §10): one type, whether it is pushed or travels in the browser.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Form, pkce, redirect_uri};

/// No `state` is longer, in bytes: it is echoed into a URL.
pub const MAX_STATE: usize = 2048;

/// A request has no more authorization details.
pub const MAX_DETAILS: usize = 100;

/// An authorization request: the parameters that mean something to us. Others are ignored (RFC 6749 §3.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// The client.
    pub client_id: String,
    /// Where the response goes; absent when the client has registered exactly one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    /// The S256 challenge (RFC 7636 §4.2).
    pub code_challenge: String,
    /// For what, as scopes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// For what, in detail (RFC 9396 §2): each has a `type`. Empty when the parameter is absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_details: Vec<Map<String, Value>>,
    /// What comes back with the response as it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Which offer it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer_state: Option<String>,
    /// The thumbprint of the DPoP key that the code is to be bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpop_jkt: Option<String>,
    /// The credential issuer that is meant (RFC 8707), when a server stands for several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
}

/// Why an authorization request is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAuthorizationRequest {
    /// `invalid_request`
    #[error("{0}")]
    Malformed(&'static str),
    /// `unsupported_response_type`
    #[error("response_type must be code")]
    ResponseType,
    /// `invalid_authorization_details` (RFC 9396 §5)
    #[error("authorization_details is not a non-empty array of objects with a type")]
    AuthorizationDetails,
    /// `request_not_supported` (RFC 9101 §7; OpenID Connect Core §3.1.2.6)
    #[error("request objects are not supported")]
    RequestObject,
}

impl InvalidAuthorizationRequest {
    /// The error code on the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed(_) => "invalid_request",
            Self::ResponseType => "unsupported_response_type",
            Self::AuthorizationDetails => "invalid_authorization_details",
            Self::RequestObject => "request_not_supported",
        }
    }
}

impl AuthorizationRequest {
    /// A request with what every request needs.
    #[must_use]
    pub fn new(client_id: impl Into<String>, redirect_uri: impl Into<String>, verifier: &str) -> Self {
        Self {
            client_id: client_id.into(),
            redirect_uri: Some(redirect_uri.into()),
            code_challenge: pkce::challenge(verifier),
            scope: None,
            authorization_details: Vec::new(),
            state: None,
            issuer_state: None,
            dpop_jkt: None,
            resource: None,
        }
    }

    /// Reads the parameters of a request; says nothing about who the client is and which redirect URIs it has.
    ///
    /// # Errors
    /// See [`InvalidAuthorizationRequest`].
    pub fn parse(form: &Form<'_>) -> Result<Self, InvalidAuthorizationRequest> {
        use InvalidAuthorizationRequest as Invalid;
        let text = |name: &str| form.get(name).map(str::to_owned);
        if form.has("request") {
            return Err(Invalid::RequestObject);
        }
        let client_id = text("client_id").ok_or(Invalid::Malformed("client_id is missing"))?;
        match form.get("response_type") {
            Some("code") => {}
            Some(_) => return Err(Invalid::ResponseType),
            None => return Err(Invalid::Malformed("response_type is missing")),
        }
        if form.get("response_mode").is_some_and(|mode| mode != "query") {
            return Err(Invalid::Malformed("response_mode must be query"));
        }
        let state = text("state");
        if state.as_ref().is_some_and(|state| state.len() > MAX_STATE) {
            return Err(Invalid::Malformed("state is too long"));
        }
        Ok(Self {
            client_id,
            redirect_uri: text("redirect_uri"),
            code_challenge: code_challenge(form)?,
            scope: scope(form)?,
            authorization_details: details(form.get("authorization_details"))?,
            state,
            issuer_state: text("issuer_state"),
            dpop_jkt: dpop_jkt(form)?,
            resource: text("resource"),
        })
    }

    /// The parameters, for the form of a pushed request or for a query.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters = vec![
            ("response_type", "code".to_owned()),
            ("client_id", self.client_id.clone()),
            ("code_challenge", self.code_challenge.clone()),
            ("code_challenge_method", pkce::METHOD.to_owned()),
        ];
        let details = (!self.authorization_details.is_empty())
            .then(|| serde_json::to_string(&self.authorization_details).unwrap_or_default());
        let optional = [
            ("redirect_uri", self.redirect_uri.clone()),
            ("scope", self.scope.clone()),
            ("authorization_details", details),
            ("state", self.state.clone()),
            ("issuer_state", self.issuer_state.clone()),
            ("dpop_jkt", self.dpop_jkt.clone()),
            ("resource", self.resource.clone()),
        ];
        parameters.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
        parameters
    }

    /// The URL that the browser is sent to when nothing was pushed.
    #[must_use]
    pub fn to_url(&self, authorization_endpoint: &str) -> String {
        let parameters = self.parameters();
        let borrowed: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (*name, &**value)).collect();
        redirect_uri::with_parameters(authorization_endpoint, &borrowed)
    }
}

fn code_challenge(form: &Form<'_>) -> Result<String, InvalidAuthorizationRequest> {
    use InvalidAuthorizationRequest::Malformed;
    let challenge = form.get("code_challenge").ok_or(Malformed("code_challenge is missing"))?;
    // Absent means `plain` (RFC 7636 §4.3), which is not accepted either.
    if form.get("code_challenge_method") != Some(pkce::METHOD) {
        return Err(Malformed("code_challenge_method must be S256"));
    }
    is_thumbprint(challenge)
        .then(|| challenge.to_owned())
        .ok_or(Malformed("code_challenge is not a SHA-256 in base64url"))
}

fn dpop_jkt(form: &Form<'_>) -> Result<Option<String>, InvalidAuthorizationRequest> {
    match form.get("dpop_jkt") {
        Some(jkt) if !is_thumbprint(jkt) => {
            Err(InvalidAuthorizationRequest::Malformed("dpop_jkt is not a SHA-256 thumbprint"))
        }
        jkt => Ok(jkt.map(str::to_owned)),
    }
}

/// 32 bytes as base64url without padding.
fn is_thumbprint(text: &str) -> bool {
    text.len() == 43 && credenza_core::b64::decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

/// `scope-token *( SP scope-token )` (RFC 6749 §3.3).
fn scope(form: &Form<'_>) -> Result<Option<String>, InvalidAuthorizationRequest> {
    let Some(scope) = form.get("scope") else { return Ok(None) };
    let token = |token: &str| {
        !token.is_empty() && token.bytes().all(|byte| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~'))
    };
    if scope.split(' ').all(token) {
        Ok(Some(scope.to_owned()))
    } else {
        Err(InvalidAuthorizationRequest::Malformed("scope has other characters than a scope may have"))
    }
}

fn details(text: Option<&str>) -> Result<Vec<Map<String, Value>>, InvalidAuthorizationRequest> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let details: Vec<Map<String, Value>> = credenza_core::json::from_slice(text.as_bytes())
        .map_err(|_| InvalidAuthorizationRequest::AuthorizationDetails)?;
    let typed = details.iter().all(|detail| detail.get("type").is_some_and(Value::is_string));
    if details.is_empty() || details.len() > MAX_DETAILS || !typed {
        return Err(InvalidAuthorizationRequest::AuthorizationDetails);
    }
    Ok(details)
}
