//! Authorization server metadata (RFC 8414), with the members that PAR, DPoP, `iss` and OpenID4VCI add.

use serde::{Deserialize, Serialize};

/// The well-known name under which it is published (RFC 8414 §3).
pub const WELL_KNOWN: &str = "oauth-authorization-server";

/// What an authorization server says about itself. Lists without elements are left out (RFC 8414 §3.2); members that
/// are not known are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AuthorizationServerMetadata {
    /// Its identifier; must equal the one that the URL was made from (RFC 8414 §3.3).
    pub issuer: String,
    /// Where the browser is sent to; absent when no grant needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_endpoint: Option<String>,
    /// Where grants become tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint: Option<String>,
    /// Its keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// Scopes that may be asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes_supported: Vec<String>,
    /// Response types; may be left out when the pre-authorized code is the only grant (OID4VCI 1.0 §12.2.4).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub response_types_supported: Vec<String>,
    /// Response modes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub response_modes_supported: Vec<String>,
    /// Grant types. Left out it means `authorization_code` and `implicit`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grant_types_supported: Vec<String>,
    /// How clients authenticate at the token endpoint. Left out it means `client_secret_basic`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub token_endpoint_auth_methods_supported: Vec<String>,
    /// Algorithms for that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub token_endpoint_auth_signing_alg_values_supported: Vec<String>,
    /// PKCE methods (RFC 7636).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub code_challenge_methods_supported: Vec<String>,
    /// Where authorization requests are pushed to (RFC 9126 §5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed_authorization_request_endpoint: Option<String>,
    /// Whether they must be pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_pushed_authorization_requests: Option<bool>,
    /// Types of `authorization_details` (RFC 9396 §10).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_details_types_supported: Vec<String>,
    /// Whether `iss` is in authorization responses (RFC 9207 §3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_response_iss_parameter_supported: Option<bool>,
    /// Algorithms of DPoP proofs (RFC 9449 §5.1); present means that DPoP is supported.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dpop_signing_alg_values_supported: Vec<String>,
    /// Where client attestation challenges come from (attestation-based client authentication §6.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge_endpoint: Option<String>,
    /// Algorithms of client attestations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_attestation_signing_alg_values_supported: Vec<String>,
    /// Algorithms of the proofs that go with them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_attestation_pop_signing_alg_values_supported: Vec<String>,
    /// How the attested key may be proven, where a client attestation is asked for beside other client authentication
    /// (§7.6). Absent: in any way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_attestation_pop_methods_supported: Vec<String>,
    /// Where wallets are authorized without a browser (First-Party Applications §4; OID4VCI 1.1 §13.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_challenge_endpoint: Option<String>,
    /// Whether credentials are authorized there alone. Absent means `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_interactive_authorization: Option<bool>,
    /// Where all status lists of the issuer are named (Token Status List §9.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_list_aggregation_endpoint: Option<String>,
    /// Where tokens are introspected (RFC 7662).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introspection_endpoint: Option<String>,
    /// Whether a pre-authorized code is accepted without `client_id` (OID4VCI 1.0 §12.3). Absent means `false`.
    #[serde(
        rename = "pre-authorized_grant_anonymous_access_supported",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub pre_authorized_grant_anonymous_access_supported: Option<bool>,
}

impl AuthorizationServerMetadata {
    /// Whether the server says that it accepts this grant type. A list that is absent has RFC 8414's default.
    #[must_use]
    pub fn supports_grant(&self, grant_type: &str) -> bool {
        if self.grant_types_supported.is_empty() {
            return matches!(grant_type, "authorization_code" | "implicit");
        }
        self.grant_types_supported.iter().any(|known| known == grant_type)
    }
}
