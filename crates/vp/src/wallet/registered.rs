//! Verifiers that are known beforehand (OID4VP 1.0 §5.9.2).

use credenza_crypto::JwkSet;

use crate::messages::ClientMetadata;

/// A verifier that was registered with the wallet.
#[derive(Debug, Clone, Default)]
pub struct RegisteredVerifier {
    /// Its client identifier, which starts with no client id prefix that OpenID4VP defines.
    pub client_id: String,
    /// What the person knows it by.
    pub name: String,
    /// The keys that it signs requests with. With none, its requests are not signed.
    pub request_keys: JwkSet,
    /// What a request would otherwise say in `client_metadata`, which it must not then (§8.5, `invalid_client`).
    pub metadata: ClientMetadata,
    /// The `response_uri` and `redirect_uri` values that it may use, to the letter.
    pub uris: Vec<String>,
}
