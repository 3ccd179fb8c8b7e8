//! Choosing the key that a response is encrypted to (OID4VP 1.0 §8.3).

use credenza_crypto::{ContentEncryption, Jwk, KeyManagement};

/// How a response is encrypted.
#[derive(Debug, Clone)]
pub(super) struct Encryption {
    pub(super) key: Jwk,
    pub(super) alg: KeyManagement,
    pub(super) enc: ContentEncryption,
}
