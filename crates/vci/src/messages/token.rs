//! The token request and response (§6).

use credenza_core::Secret;
use credenza_oauth::{Form, FormError, TokenType};
use serde::{Deserialize, Serialize};

use super::claims_description::ClaimDescription;
use crate::dialects::EarlierNonce;

use super::{AUTHORIZATION_CODE, OPENID_CREDENTIAL, PRE_AUTHORIZED_CODE, REFRESH_TOKEN};

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
    /// By a code that the browser has brought (RFC 6749 §4.1.3).
    AuthorizationCode {
        /// The code.
        code: Secret,
        /// The redirect URI, as the authorization request had it.
        redirect_uri: Option<String>,
        /// The PKCE verifier (RFC 7636 §4.5).
        code_verifier: Option<Secret>,
    },
    /// By a refresh token (RFC 6749 §6).
    RefreshToken {
        /// The token.
        token: Secret,
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

impl From<FormError> for InvalidTokenRequest {
    fn from(error: FormError) -> Self {
        Self::Malformed(match error {
            FormError::Duplicate => "a parameter is sent more than once",
            FormError::TooLarge => "the form is too large",
            FormError::Malformed => "the form is malformed",
        })
    }
}

impl TokenRequest {
    /// Reads a form.
    ///
    /// # Errors
    /// See [`InvalidTokenRequest`].
    pub fn parse(form: &[u8]) -> Result<Self, InvalidTokenRequest> {
        Self::from_form(&Form::parse(form)?)
    }

    /// Reads the parameters of a form.
    ///
    /// # Errors
    /// See [`InvalidTokenRequest`].
    pub fn from_form(form: &Form<'_>) -> Result<Self, InvalidTokenRequest> {
        let grant_type =
            form.get("grant_type").ok_or(InvalidTokenRequest::Malformed("grant_type is missing"))?;
        // A transaction code belongs to one grant alone (§6.1).
        if form.has("tx_code") && matches!(grant_type, AUTHORIZATION_CODE | REFRESH_TOKEN) {
            return Err(InvalidTokenRequest::Malformed("tx_code does not belong to this grant type"));
        }
        let secret = |name: &str| form.get(name).map(|value| Secret::new(value.to_owned()));
        let needed = |name: &str, missing| secret(name).ok_or(InvalidTokenRequest::Malformed(missing));
        let grant = match grant_type {
            PRE_AUTHORIZED_CODE => Grant::PreAuthorizedCode {
                code: needed("pre-authorized_code", "pre-authorized_code is missing")?,
                tx_code: secret("tx_code"),
            },
            AUTHORIZATION_CODE => Grant::AuthorizationCode {
                code: needed("code", "code is missing")?,
                redirect_uri: form.get("redirect_uri").map(str::to_owned),
                code_verifier: secret("code_verifier"),
            },
            REFRESH_TOKEN => {
                Grant::RefreshToken { token: needed("refresh_token", "refresh_token is missing")? }
            }
            _ => return Err(InvalidTokenRequest::GrantType),
        };
        let authorization_details = match form.get("authorization_details") {
            None => Vec::new(),
            Some(text) => details(text)?,
        };
        Ok(Self {
            client_id: form.get("client_id").map(str::to_owned),
            grant,
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
    /// What brings the next token without the user; good once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
    /// Its scopes, when they differ from what was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// What it is good for, when details were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_details: Vec<AuthorizationDetail>,
    /// A nonce, as earlier drafts have it; empty in 1.0.
    #[serde(flatten)]
    pub earlier: EarlierNonce,
}
