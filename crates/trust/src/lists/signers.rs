//! Who may sign a list.

use credenza_core::UnixTime;
use credenza_crypto::x509::{Anchors, PathPolicy, validate_path};
use credenza_crypto::{Algorithm, PublicKey, X509Error};

use super::ListError;

/// The signers of a list: certificates that chain to these anchors, or are among them.
#[derive(Debug, Clone)]
pub struct ListSigners {
    anchors: Anchors,
    extended_key_usage: Option<String>,
    algorithms: Vec<Algorithm>,
}

impl ListSigners {
    /// Signers under these anchors (DER), with any algorithm that signs with elliptic curves.
    ///
    /// # Errors
    /// One of them is not a certificate.
    pub fn new(anchors: &[Vec<u8>]) -> Result<Self, X509Error> {
        Ok(Self {
            anchors: Anchors::new(anchors)?,
            extended_key_usage: None,
            algorithms: vec![Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa],
        })
    }

    /// Their certificates must have this extended key usage (dotted OID).
    #[must_use]
    pub fn extended_key_usage(mut self, oid: impl Into<String>) -> Self {
        self.extended_key_usage = Some(oid.into());
        self
    }

    /// They must sign with one of these algorithms.
    #[must_use]
    pub fn algorithms(mut self, algorithms: &[Algorithm]) -> Self {
        self.algorithms = algorithms.to_vec();
        self
    }

    pub(super) fn accepted(&self) -> &[Algorithm] {
        &self.algorithms
    }

    /// The key of the signer that the chain names.
    pub(super) fn key(&self, chain: &[Vec<u8>], now: UnixTime) -> Result<PublicKey, ListError> {
        let policy =
            PathPolicy { extended_key_usage: self.extended_key_usage.as_deref(), ..PathPolicy::default() };
        Ok(validate_path(chain, &self.anchors, now, policy)?.leaf.key)
    }
}
