//! How a key proof names its key: by itself, or by the DID that is made of it.

use credenza_core::Answer;
use credenza_crypto::{Algorithm, Header, IdentifiedBy, Jwk, SignError, Signer, SigningHeader};
use credenza_trust::did;

use crate::issuer::proof::PROOF_TYPE;

/// How the issuer wants the key to be named (§8.2, §F.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProofKey {
    /// `jwk`
    Itself,
    /// `kid`, a DID URL.
    DidJwk,
}

impl ProofKey {
    /// By `cryptographic_binding_methods_supported`; `None` when none of them is known.
    pub(super) fn wanted(methods: &[String]) -> Option<Self> {
        let has = |name: &str| methods.iter().any(|method| method == name);
        if has("jwk") || has("cose_key") {
            Some(Self::Itself)
        } else if has("did:jwk") {
            Some(Self::DidJwk)
        } else {
            None
        }
    }

    /// The header of a proof.
    pub(super) fn header(self, key: &dyn Signer) -> SigningHeader {
        if let (Self::DidJwk, Ok(did)) = (self, did::jwk::from_jwk(&Jwk::new(key.public_jwk().key.clone()))) {
            let kid = format!("{}#{}", did.as_str(), did::jwk::FRAGMENT);
            let named = Named { key, jwk: Jwk { kid: Some(kid), ..Jwk::new(key.public_jwk().key.clone()) } };
            return Header::signing(&named, PROOF_TYPE, IdentifiedBy::Kid);
        }
        Header::signing(key, PROOF_TYPE, IdentifiedBy::Jwk)
    }
}

/// A key under another name.
struct Named<'a> {
    key: &'a dyn Signer,
    jwk: Jwk,
}

impl Signer for Named<'_> {
    fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    fn public_jwk(&self) -> &Jwk {
        &self.jwk
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> Answer<'a, Result<Vec<u8>, SignError>> {
        self.key.sign(message)
    }
}
