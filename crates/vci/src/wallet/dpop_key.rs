//! The key that a token is bound to, and the nonce that a server wants in its proofs (RFC 9449).

use std::sync::Arc;

use credenza_core::{Secret, UnixTime};
use credenza_crypto::{Algorithm, SignError, Signer, SoftwareSigner};
use credenza_oauth::AuthorizationServerMetadata;
use credenza_oauth::dpop::{self, ProofRequest};
use credenza_oauth::error::DPOP_NONCE;
use http::{HeaderValue, Response};
use url::Url;

use super::{DpopUse, Parts, WalletError};

/// Algorithms of our DPoP keys, best first.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Es384];

/// No nonce of a server is longer, in bytes.
const MAX_NONCE: usize = 2048;

/// A key for the proofs of one token. It lives as long as the token does.
pub(super) struct DpopKey {
    signer: Arc<SoftwareSigner>,
    /// The last nonce of the server that is being talked to.
    nonce: Option<String>,
}

impl DpopKey {
    /// A new key, where the server knows DPoP.
    pub(super) fn generate(
        parts: &Parts,
        server: &AuthorizationServerMetadata,
    ) -> Result<Option<Self>, WalletError> {
        let supported = &server.dpop_signing_alg_values_supported;
        let usable = |algorithm: &&Algorithm| supported.iter().any(|name| name == algorithm.name());
        let Some(algorithm) = ALGORITHMS.iter().find(usable) else {
            return match parts.policy.dpop {
                DpopUse::WhenSupported => Ok(None),
                DpopUse::Required => {
                    Err(WalletError::Unsupported("the authorization server does not know DPoP"))
                }
            };
        };
        let signer = SoftwareSigner::generate(*algorithm, &*parts.random)
            .map_err(|error| SignError(error.to_string()))?;
        Ok(Some(Self { signer: Arc::new(signer), nonce: None }))
    }

    /// The key of a token that was kept.
    pub(super) fn from_kept(jwk: &Secret) -> Result<Self, WalletError> {
        let signer = SoftwareSigner::from_private_jwk(jwk.expose()).map_err(|_| WalletError::Kept)?;
        Ok(Self { signer: Arc::new(signer), nonce: None })
    }

    /// The key, to be kept with its token. It is secret.
    pub(super) fn to_kept(&self) -> Secret {
        self.signer.to_private_jwk()
    }

    /// The thumbprint by which a code is bound to the key (RFC 9449 §10).
    pub(super) fn thumbprint(&self) -> String {
        self.signer.public_jwk().thumbprint_text()
    }

    /// The same key for another server: that one has nonces of its own.
    pub(super) fn elsewhere(&self) -> Self {
        Self { signer: Arc::clone(&self.signer), nonce: None }
    }

    pub(super) async fn prove(
        &self,
        parts: &Parts,
        url: &Url,
        access_token: Option<&str>,
        now: UnixTime,
    ) -> Result<HeaderValue, WalletError> {
        let request = ProofRequest {
            method: "POST",
            url: url.as_str(),
            now,
            access_token,
            nonce: self.nonce.as_deref(),
        };
        let proof = dpop::prove(&*self.signer, &*parts.random, &request).await?;
        HeaderValue::from_str(&proof)
            .map_err(|_| WalletError::Unsupported("a DPoP proof that is no header value"))
    }

    /// Remembers the nonce of an answer; whether there is a new one.
    pub(super) fn remember(&mut self, response: &Response<Vec<u8>>) -> bool {
        let nonce = response.headers().get(DPOP_NONCE).and_then(|value| value.to_str().ok());
        let Some(nonce) = nonce.filter(|nonce| !nonce.is_empty() && nonce.len() <= MAX_NONCE) else {
            return false;
        };
        let new = self.nonce.as_deref() != Some(nonce);
        self.nonce = Some(nonce.to_owned());
        new
    }
}
