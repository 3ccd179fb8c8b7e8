//! Choosing the key that a response is encrypted to (OID4VP 1.0 §8.3).

use credenza_crypto::{ContentEncryption, Curve, Jwk, KeyManagement};

use super::Refusal;
use crate::messages::ClientMetadata;

/// How a response is encrypted.
#[derive(Debug, Clone)]
pub(super) struct Encryption {
    pub(super) key: Jwk,
    pub(super) alg: KeyManagement,
    pub(super) enc: ContentEncryption,
}

impl Encryption {
    /// The first key that can be used and the first content encryption that is known. Keys of other kinds, for other
    /// uses or without `alg` are passed over (RFC 7517 §5).
    pub(super) fn choose(metadata: Option<&ClientMetadata>) -> Result<Self, Refusal> {
        let metadata = metadata.ok_or(Refusal::Encryption("there is no key"))?;
        let keys = metadata.jwks.as_ref().map(|set| set.keys.as_slice()).unwrap_or_default();
        let usable = |key: &Jwk| {
            let for_encryption = key.usage.as_deref().is_none_or(|usage| usage == "enc");
            let agrees =
                matches!(key.key.curve(), Some(Curve::P256 | Curve::P384 | Curve::P521 | Curve::X25519));
            let alg = KeyManagement::from_name(key.alg.as_deref()?)?;
            (for_encryption && agrees).then(|| (key.clone(), alg))
        };
        let (key, alg) =
            keys.iter().find_map(usable).ok_or(Refusal::Encryption("there is no key that can be used"))?;
        let enc = metadata.content_encryptions().first().copied();
        let enc = enc.ok_or(Refusal::Encryption("no content encryption is known"))?;
        Ok(Self { key, alg, enc })
    }
}
