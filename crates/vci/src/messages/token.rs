//! The token request and response of the pre-authorized code flow (§6).

use credenza_core::Secret;
use credenza_oauth::{Form, TokenType};
use serde::{Deserialize, Serialize};

use super::claims_description::ClaimDescription;
use super::{OPENID_CREDENTIAL, PRE_AUTHORIZED_CODE};

/// What the wallet asks for at the token endpoint. Parameters that are not known are ignored.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// The client, when it says which it is.
    pub client_id: Option<String>,
    /// By which right.
    pub grant: Grant,
    /// For what, when it does not want all that was offered.
    pub authorization_details: Vec<AuthorizationDetail>,
    /// For what, as scopes.
    pub scope: Option<String>,
}

/// By which right a token is asked for.
#[derive(Debug, Clone)]
pub enum Grant {
    /// By a code from an offer.
    PreAuthorizedCode {
        /// The code.
        code: Secret,
        /// The transaction code, when the wallet sent one.
        tx_code: Option<Secret>,
    },
}

/// Why a token request could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTokenRequest {
    /// `invalid_request`
    #[error("{0}")]
    Malformed(&'static str),
    /// `unsupported_grant_type`
    #[error("this grant type is not supported")]
    GrantType,
    /// `invalid_authorization_details` (RFC 9396 §5)
    #[error("authorization_details is not an array of openid_credential objects")]
    AuthorizationDetails,
}

impl TokenRequest {
    /// Reads a form.
    ///
    /// # Errors
    /// See [`InvalidTokenRequest`].
    pub fn parse(form: &[u8]) -> Result<Self, InvalidTokenRequest> {
        let form = Form::parse(form).map_err(|error| {
            InvalidTokenRequest::Malformed(match error {
                credenza_oauth::FormError::Duplicate => "a parameter is sent more than once",
                credenza_oauth::FormError::TooLarge => "the form is too large",
                credenza_oauth::FormError::Malformed => "the form is malformed",
            })
        })?;
        let grant_type =
            form.get("grant_type").ok_or(InvalidTokenRequest::Malformed("grant_type is missing"))?;
        if grant_type != PRE_AUTHORIZED_CODE {
            // A transaction code belongs to this grant alone (§6.1).
            if form.has("tx_code") && grant_type == "authorization_code" {
                return Err(InvalidTokenRequest::Malformed("tx_code does not belong to this grant type"));
            }
            return Err(InvalidTokenRequest::GrantType);
        }
        let code = form
            .get("pre-authorized_code")
            .ok_or(InvalidTokenRequest::Malformed("pre-authorized_code is missing"))?;
        let tx_code = form.get("tx_code").map(|code| Secret::new(code.to_owned()));
        let authorization_details = match form.get("authorization_details") {
            None => Vec::new(),
            Some(text) => details(text)?,
        };
        Ok(Self {
            client_id: form.get("client_id").map(str::to_owned),
            grant: Grant::PreAuthorizedCode { code: Secret::new(code.to_owned()), tx_code },
            authorization_details,
            scope: form.get("scope").map(str::to_owned),
        })
    }
}

fn details(text: &str) -> Result<Vec<AuthorizationDetail>, InvalidTokenRequest> {
    let details: Vec<AuthorizationDetail> = credenza_core::json::from_slice(text.as_bytes())
        .map_err(|_| InvalidTokenRequest::AuthorizationDetails)?;
    let known = details.iter().all(|detail| detail.kind == OPENID_CREDENTIAL);
    if details.is_empty() || !known {
        return Err(InvalidTokenRequest::AuthorizationDetails);
    }
    Ok(details)
}

/// One credential that is asked for or granted (§5.1.1, §6.2; RFC 9396). Unknown members are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuthorizationDetail {
    /// `openid_credential`
    #[serde(rename = "type")]
    pub kind: String,
    /// Which configuration.
    pub credential_configuration_id: String,
    /// The issuers that are meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<String>,
    /// The claims that the wallet wants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimDescription>,
    /// In a response: the names of the data sets that can be fetched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credential_identifiers: Vec<String>,
}

impl AuthorizationDetail {
    /// Asks for one configuration.
    #[must_use]
    pub fn new(credential_configuration_id: impl Into<String>) -> Self {
        Self {
            kind: OPENID_CREDENTIAL.to_owned(),
            credential_configuration_id: credential_configuration_id.into(),
            locations: Vec::new(),
            claims: Vec::new(),
            credential_identifiers: Vec::new(),
        }
    }
}

/// What the token endpoint answers (§6.2, RFC 6749 §5.1).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenResponse {
    /// The token.
    pub access_token: Secret,
    /// How to present it.
    pub token_type: TokenType,
    /// For how many seconds it is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
    /// Its scopes, when they differ from what was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// What it is good for, when details were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_details: Vec<AuthorizationDetail>,
}
