//! A credential in a wallet: what is stored, shown and presented.

use credenza_core::UnixTime;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One copy of a credential, with what the wallet needs to show it, choose it and present it.
///
/// Its claims are personal data: `Debug` shows none, and whoever stores it should encrypt it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldCredential {
    /// Its format, by the name that its issuer's metadata gives it: `dc+sd-jwt`, `mso_mdoc`, `jwt_vc_json`, …
    pub format: String,
    /// Its type: `vct` for an SD-JWT VC, `doctype` for an mdoc, and for a W3C credential the one of its types that says
    /// what it is.
    #[serde(rename = "type")]
    pub credential_type: String,
    /// The identifier of the issuer that it was fetched from.
    pub issuer: String,
    /// The issuer's name for this kind of credential.
    pub configuration_id: String,
    /// The credential as it was issued: a JWT or SD-JWT, base64url of the `IssuerSigned` of an mdoc, or the JSON of a
    /// credential with an embedded proof.
    pub credential: String,
    /// The SHA-256 thumbprint of the key it is bound to, base64url; `None` when it is bound to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_thumbprint: Option<String>,
    /// All its claims, with nothing kept back: of an mdoc an object for each namespace, of a W3C credential the whole
    /// document.
    pub claims: Map<String, Value>,
    /// How it wants to be shown: the `display` of the issuer's metadata, by language.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub display: Vec<Value>,
    /// How its claims want to be shown: the `claims` of the issuer's metadata.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims_display: Vec<Value>,
    /// Names the copies that were fetched together: they show the same, and each is bound to a key of its own.
    pub batch: String,
    /// When it was fetched.
    pub received_at: UnixTime,
    /// When it ends; `None` when it says nothing about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<UnixTime>,
}

impl std::fmt::Debug for HeldCredential {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("HeldCredential")
            .field("format", &self.format)
            .field("type", &self.credential_type)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}
