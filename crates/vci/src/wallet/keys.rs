//! Port: where the holder's keys are made.

use std::sync::Arc;

use credenza_core::Answer;
use credenza_crypto::{Algorithm, SignError, Signer};

/// Makes holder keys: one for each copy of a credential.
pub trait HolderKeys: Send + Sync {
    /// Makes a key for one of the algorithms, the first that it can, and keeps it, so that it is found again by its
    /// thumbprint when the credential is presented.
    fn generate<'a>(&'a self, algorithms: &'a [Algorithm]) -> Answer<'a, Result<Arc<dyn Signer>, SignError>>;

    /// Whether somebody vouches for the keys: [`attest`](Self::attest) has an answer.
    fn attests(&self) -> bool {
        false
    }

    /// A key attestation (Appendix D) of exactly these keys, made for this nonce: by the key storage, or by the wallet
    /// provider; `None` when nobody vouches for them. It says until when it is good (`exp`).
    fn attest<'a>(
        &'a self,
        keys: &'a [Arc<dyn Signer>],
        nonce: Option<&'a str>,
    ) -> Answer<'a, Result<Option<String>, SignError>> {
        let _ = (keys, nonce);
        Answer::ready(Ok(None))
    }

    /// Forgets keys that no credential was issued for, by their thumbprints.
    fn discard<'a>(&'a self, thumbprints: &'a [String]) -> Answer<'a, ()> {
        let _ = thumbprints;
        Answer::ready(())
    }
}
