//! A key that has a name: where others have to find it in a set.

use std::sync::Arc;

use credenza_core::Answer;
use credenza_crypto::{Algorithm, Jwk, SignError, Signer};

/// Signs with another signer's key, which is named by its thumbprint (RFC 7638) unless it has a name.
pub struct NamedSigner {
    signer: Arc<dyn Signer>,
    jwk: Jwk,
}

impl NamedSigner {
    /// Names the key of a signer.
    #[must_use]
    pub fn new(signer: Arc<dyn Signer>) -> Self {
        let known = signer.public_jwk();
        let kid = known.kid.clone().unwrap_or_else(|| known.thumbprint_text());
        let jwk = Jwk { kid: Some(kid), ..Jwk::new(known.key.clone()) };
        Self { signer, jwk }
    }
}

impl Signer for NamedSigner {
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

impl std::fmt::Debug for NamedSigner {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "NamedSigner({:?})", self.jwk.kid)
    }
}
