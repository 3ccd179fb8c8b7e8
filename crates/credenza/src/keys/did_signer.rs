//! A key in the name of the DID that is made of it: issuers of W3C credentials are known by DIDs.

use std::sync::Arc;

use credenza_core::Answer;
use credenza_crypto::{Algorithm, Jwk, SignError, Signer};
use credenza_trust::did::{self, Did, DidError};

/// Signs with another signer's key, under the name of its `did:jwk`.
pub struct DidSigner {
    signer: Arc<dyn Signer>,
    did: Did,
    jwk: Jwk,
}

impl DidSigner {
    /// Names the key of a signer.
    ///
    /// # Errors
    /// The DID would be longer than one may be.
    pub fn new(signer: Arc<dyn Signer>) -> Result<Self, DidError> {
        let key = signer.public_jwk().key.clone();
        let did = did::jwk::from_jwk(&Jwk::new(key.clone()))?;
        let kid = format!("{}#{}", did.as_str(), did::jwk::FRAGMENT);
        Ok(Self { signer, did, jwk: Jwk { kid: Some(kid), ..Jwk::new(key) } })
    }

    /// The DID.
    #[must_use]
    pub fn did(&self) -> &Did {
        &self.did
    }
}

impl Signer for DidSigner {
    fn algorithm(&self) -> Algorithm {
        self.signer.algorithm()
    }

    fn public_jwk(&self) -> &Jwk {
        &self.jwk
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> Answer<'a, Result<Vec<u8>, SignError>> {
        self.signer.sign(message)
    }
}

impl std::fmt::Debug for DidSigner {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "DidSigner({})", self.did.as_str())
    }
}
