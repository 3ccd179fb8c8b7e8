//! What a verifier says about itself (OID4VP 1.0 §5.1, `client_metadata`; §11.1).

use credenza_crypto::{ContentEncryption, JwkSet};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::siop::METADATA_MEMBERS;

/// The verifier's metadata; members that are not known are ignored, as §5.1 demands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct ClientMetadata {
    /// Keys to encrypt the response to; never to verify a request with. Keys that can't be used here are left out
    /// when it is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<JwkSet>,
    /// By format, what the verifier can verify.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vp_formats_supported: Option<Map<String, Value>>,
    /// Content encryption algorithms for the response; absent means `A128GCM`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted_response_enc_values_supported: Option<Vec<String>>,
    /// What it says about ID tokens, as it came (SIOPv2 §7.5): only looked at when one is wanted.
    #[serde(flatten)]
    pub self_issued: Map<String, Value>,
}

/// What is there has to be right; `null` is not absence.
impl TryFrom<Map<String, Value>> for ClientMetadata {
    type Error = String;

    fn try_from(mut members: Map<String, Value>) -> Result<Self, String> {
        let jwks = members.remove("jwks").map(|value| JwkSet::from_value(&value)).transpose();
        let formats = members.remove("vp_formats_supported").map(|value| match value {
            Value::Object(formats) => Ok(formats),
            _ => Err("vp_formats_supported is not an object"),
        });
        let name = "encrypted_response_enc_values_supported";
        let encryptions =
            members.remove(name).map(|value| match serde_json::from_value::<Vec<String>>(value) {
                Ok(names) if !names.is_empty() => Ok(names),
                _ => Err(format!("{name} is not a non-empty array of strings")),
            });
        let self_issued = METADATA_MEMBERS.iter().filter_map(|name| members.remove_entry(*name)).collect();
        Ok(Self {
            self_issued,
            jwks: jwks.map_err(|error| format!("jwks: {error}"))?,
            vp_formats_supported: formats.transpose()?,
            encrypted_response_enc_values_supported: encryptions.transpose()?,
        })
    }
}

impl ClientMetadata {
    /// The content encryptions that may be used for the response, of those known here, in the verifier's order.
    #[must_use]
    pub fn content_encryptions(&self) -> Vec<ContentEncryption> {
        match &self.encrypted_response_enc_values_supported {
            None => vec![ContentEncryption::A128Gcm],
            Some(names) => names.iter().filter_map(|name| ContentEncryption::from_name(name)).collect(),
        }
    }
}
