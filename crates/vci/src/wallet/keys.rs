//! Port: where the holder's keys are made.

use std::sync::Arc;

use credenza_core::Answer;
use credenza_crypto::{Algorithm, SignError, Signer};

/// Makes holder keys: one for each copy of a credential.
pub trait HolderKeys: Send + Sync {
    /// Makes a key for one of the algorithms, the first that it can, and keeps it, so that it is found again by its
    /// thumbprint when the credential is presented.
    fn generate<'a>(&'a self, algorithms: &'a [Algorithm]) -> Answer<'a, Result<Arc<dyn Signer>, SignError>>;

    /// Forgets keys that no credential was issued for, by their thumbprints.
    fn discard<'a>(&'a self, thumbprints: &'a [String]) -> Answer<'a, ()> {
        let _ = thumbprints;
        Answer::ready(())
    }
}
