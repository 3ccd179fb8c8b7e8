//! The authorization request: in the parameters of a URL, or as the claims of a request object (OID4VP 1.0 §5).

use credenza_core::{UnixTime, json};
use credenza_oauth::Form;
use credenza_query::DcqlQuery;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Attempt, ClientMetadata};

/// How the answer comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResponseMode {
    /// `direct_post`: a form in the clear (§8.2).
    #[serde(rename = "direct_post")]
    DirectPost,
    /// `direct_post.jwt`: encrypted (§8.3.1).
    #[serde(rename = "direct_post.jwt")]
    DirectPostJwt,
    /// `fragment`: in the fragment of the `redirect_uri`; the default of `vp_token` (§5.6).
    #[serde(rename = "fragment")]
    Fragment,
    /// `query`: in the query of the `redirect_uri` (OAuth 2.0 Multiple Response Types §2.1).
    #[serde(rename = "query")]
    Query,
    /// `dc_api`: through the Digital Credentials API in the clear (§A.2).
    #[serde(rename = "dc_api")]
    DcApi,
    /// `dc_api.jwt`: through the Digital Credentials API, encrypted (§A.2, §8.3).
    #[serde(rename = "dc_api.jwt")]
    DcApiJwt,
    /// `ia_post`: to the authorization challenge endpoint that has asked, in the clear (OID4VCI 1.1 §6.2.1.1).
    #[serde(rename = "ia_post")]
    IaPost,
    /// `ia_post.jwt`: to the authorization challenge endpoint that has asked, encrypted.
    #[serde(rename = "ia_post.jwt")]
    IaPostJwt,
    /// Another one, which is not supported.
    #[serde(other)]
    Unsupported,
}

impl ResponseMode {
    /// Whether the answer is encrypted.
    #[must_use]
    pub const fn is_encrypted(self) -> bool {
        matches!(self, Self::DirectPostJwt | Self::DcApiJwt | Self::IaPostJwt)
    }

    /// Whether the answer is posted to a `response_uri`.
    #[must_use]
    pub const fn is_posted(self) -> bool {
        matches!(self, Self::DirectPost | Self::DirectPostJwt)
    }

    /// Whether the answer comes with the person's browser to a `redirect_uri`.
    #[must_use]
    pub const fn is_redirect(self) -> bool {
        matches!(self, Self::Fragment | Self::Query)
    }

    /// Whether request and answer go through the Digital Credentials API.
    #[must_use]
    pub const fn is_dc_api(self) -> bool {
        matches!(self, Self::DcApi | Self::DcApiJwt)
    }

    /// Whether request and answer are part of an authorization (OID4VCI 1.1 §6.2.1.1).
    #[must_use]
    pub const fn is_interactive(self) -> bool {
        matches!(self, Self::IaPost | Self::IaPostJwt)
    }

    /// Whether the answer goes back to whoever has brought the request, and nowhere else.
    #[must_use]
    pub const fn is_returned(self) -> bool {
        self.is_dc_api() || self.is_interactive()
    }
}

/// How a request object is fetched (§5.1, `request_uri_method`; §5.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestUriMethod {
    /// As RFC 9101 has it.
    #[default]
    Get,
    /// With the wallet's nonce and metadata in a form.
    Post,
}

/// An attestation about the verifier (§5.11). It is kept and shown; nothing in it is believed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerifierInfo {
    /// What kind of attestation it is.
    pub format: String,
    /// The attestation.
    pub data: Value,
    /// The credential queries it is about; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_ids: Option<Vec<String>>,
}

/// The parameters of a request. Those that are not known are ignored (§5).
///
/// As the claims of a request object it also has `aud`, the times and `wallet_nonce`; `iss` is ignored, as §5 demands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "each member is the parameter of that name in §5.1, §5.2, §8.2, §A.2, RFC 9101 §5 and SIOPv2 §9"
)]
pub struct AuthorizationRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_mode: Option<ResponseMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dcql_query: Option<Attempt<DcqlQuery>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_metadata: Option<Attempt<ClientMetadata>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_metadata_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_data: Option<Attempt<Vec<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verifier_info: Option<Attempt<Vec<VerifierInfo>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_origins: Option<Attempt<Vec<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_uri_method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<UnixTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wallet_nonce: Option<String>,
}

/// Parameters that are plain text in a URL.
const TEXTS: [&str; 12] = [
    "client_id",
    "response_type",
    "response_mode",
    "response_uri",
    "redirect_uri",
    "nonce",
    "state",
    "scope",
    "id_token_type",
    "client_metadata_uri",
    "request",
    "request_uri",
];

/// Parameters that are JSON in a URL.
const JSON: [&str; 4] = ["dcql_query", "client_metadata", "transaction_data", "verifier_info"];

impl AuthorizationRequest {
    /// Reads the parameters of a URL's query. Text that should be JSON and is none becomes a failed [`Attempt`].
    #[must_use]
    pub fn from_query(query: &Form<'_>) -> Self {
        let mut members = Map::new();
        for name in TEXTS.into_iter().chain(["request_uri_method"]) {
            if let Some(text) = query.get(name) {
                members.insert(name.to_owned(), text.into());
            }
        }
        for name in JSON {
            if let Some(text) = query.get(name) {
                let value = json::parse(text.as_bytes()).unwrap_or_else(|_| Value::from(text));
                members.insert(name.to_owned(), value);
            }
        }
        serde_json::from_value(Value::Object(members)).unwrap_or_default()
    }

    /// The names of the parameters that a URL's query may have.
    pub(crate) fn parameters() -> impl Iterator<Item = &'static str> {
        TEXTS.into_iter().chain(["request_uri_method"]).chain(JSON)
    }

    /// The parameters as a URL's query.
    #[must_use]
    pub fn to_query(&self) -> String {
        match serde_json::to_value(self) {
            Ok(Value::Object(members)) => query_of(&members),
            _ => String::new(),
        }
    }
}

/// Parameters as a URL's query or a form: text as it is, everything else as JSON.
pub(crate) fn query_of(members: &Map<String, Value>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in members {
        match value {
            Value::String(text) => query.append_pair(name, text),
            other => query.append_pair(name, &other.to_string()),
        };
    }
    query.finish()
}
