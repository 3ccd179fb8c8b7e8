//! The protected header of a JWE that was received.

use credenza_core::{b64, json};
use serde_json::{Map, Value};

use super::{ContentEncryption, JweError, KeyManagement, compression};
use crate::{Jwk, JwkError, PublicKey};

/// What is needed of the header. It is parsed strictly: no duplicate members, nothing critical.
pub(super) struct ReceivedHeader {
    pub(super) alg: KeyManagement,
    pub(super) enc: ContentEncryption,
    /// Whether the content was compressed.
    pub(super) compressed: bool,
    pub(super) kid: Option<String>,
    /// There for ECDH-ES, and only there.
    pub(super) epk: Option<PublicKey>,
    pub(super) apu: Vec<u8>,
    pub(super) apv: Vec<u8>,
}

impl ReceivedHeader {
    pub(super) fn parse(encoded: &str) -> Result<Self, JweError> {
        let decoded = b64::decode(encoded).map_err(|_| JweError::Malformed("the header is not base64url"))?;
        let members = json::parse_object(&decoded)
            .map_err(|_| JweError::Malformed("the header is not a JSON object"))?;
        if members.contains_key("crit") {
            return Err(JweError::Malformed("a critical extension that is not supported"));
        }
        let compressed = match members.get("zip") {
            None => false,
            Some(zip) if zip == compression::DEF => true,
            Some(_) => return Err(JweError::Algorithm),
        };
        let alg = text(&members, "alg", "alg is not a string")?
            .ok_or(JweError::Malformed("the header has no alg"))?;
        let alg = KeyManagement::from_name(alg).ok_or(JweError::Algorithm)?;
        let enc = text(&members, "enc", "enc is not a string")?
            .ok_or(JweError::Malformed("the header has no enc"))?;
        let enc = ContentEncryption::from_name(enc).ok_or(JweError::Algorithm)?;
        let epk = match (members.get("epk"), alg) {
            (None, KeyManagement::RsaOaep256) => None,
            (Some(_), KeyManagement::RsaOaep256) => {
                return Err(JweError::Malformed("epk does not go with this alg"));
            }
            (None, _) => return Err(JweError::Malformed("the header has no epk")),
            (Some(epk), _) => Some(Jwk::from_value(epk).map_err(|error| match error {
                JwkError::Private => JweError::Malformed("epk is a private key"),
                _ => JweError::Malformed("epk is not a public key on a supported curve"),
            })?),
        };
        let kid = text(&members, "kid", "kid is not a string")?.map(str::to_owned);
        let party = |name, what| match text(&members, name, what)? {
            None => Ok(Vec::new()),
            Some(value) => b64::decode(value).map_err(|_| JweError::Malformed(what)),
        };
        Ok(Self {
            alg,
            enc,
            compressed,
            kid,
            epk: epk.map(|epk| epk.key),
            apu: party("apu", "apu is not base64url")?,
            apv: party("apv", "apv is not base64url")?,
        })
    }
}

fn text<'a>(
    members: &'a Map<String, Value>,
    name: &str,
    what: &'static str,
) -> Result<Option<&'a str>, JweError> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(value)) => Ok(Some(value)),
        Some(_) => Err(JweError::Malformed(what)),
    }
}
