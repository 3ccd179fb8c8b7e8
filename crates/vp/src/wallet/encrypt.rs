//! Choosing the key that a response is encrypted to (OID4VP 1.0 §8.3).

use credenza_crypto::{ContentEncryption, Jwk, KeyManagement};

use super::Refusal;
use crate::Profile;
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
    pub(super) fn choose(metadata: Option<&ClientMetadata>, profile: Profile) -> Result<Self, Refusal> {
        let metadata = metadata.ok_or(Refusal::Encryption("there is no key"))?;
        let keys = metadata.jwks.as_ref().map(|set| set.keys.as_slice()).unwrap_or_default();
        let usable = |key: &Jwk| KeyManagement::of_key(key).map(|alg| (key.clone(), alg));
        let (key, alg) =
            keys.iter().find_map(usable).ok_or(Refusal::Encryption("there is no key that can be used"))?;
        let offered = metadata.content_encryptions();
        // HAIP 1.0 §5 prefers the longer key, whatever the verifier's order.
        let preferred = (profile == Profile::Haip).then_some(ContentEncryption::A256Gcm);
        let preferred = preferred.filter(|enc| offered.contains(enc));
        let enc = preferred.or_else(|| offered.first().copied());
        let enc = enc.ok_or(Refusal::Encryption("no content encryption is known"))?;
        Ok(Self { key, alg, enc })
    }
}
