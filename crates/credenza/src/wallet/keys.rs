//! The holder's keys: one for each copy of a credential, kept in the vault.

use std::sync::Arc;

use credenza_core::{Answer, Random};
use credenza_crypto::{Algorithm, SignError, Signer, SoftwareSigner};
use credenza_vci::wallet::HolderKeys;

use super::vault::{Vault, VaultError};

const PREFIX: &str = "key-";

/// Makes keys and keeps them in a vault, under their thumbprints.
#[derive(Clone)]
pub struct VaultKeys {
    vault: Arc<dyn Vault>,
    random: Arc<dyn Random>,
}

impl VaultKeys {
    /// Keys that are kept in this vault.
    #[must_use]
    pub fn new(vault: Arc<dyn Vault>, random: Arc<dyn Random>) -> Self {
        Self { vault, random }
    }

    /// Where they are kept.
    pub(super) fn vault(&self) -> &dyn Vault {
        &*self.vault
    }

    /// The key of that thumbprint.
    ///
    /// # Errors
    /// The vault can't be read, or what is in it is no key.
    pub fn find(&self, thumbprint: &str) -> Result<Option<Arc<dyn Signer>>, VaultError> {
        let name = name(thumbprint);
        let Some(jwk) = self.vault.read(&name)? else { return Ok(None) };
        match SoftwareSigner::from_private_jwk(jwk.expose()) {
            Ok(signer) => Ok(Some(Arc::new(signer))),
            Err(_) => Err(VaultError::Damaged(name.into())),
        }
    }

    /// The key that is kept under a name of its own; it is made when it is asked for first.
    pub(super) fn named(&self, name: &str, algorithm: Algorithm) -> Result<Arc<dyn Signer>, SignError> {
        let failed = |error: &dyn std::fmt::Display| SignError(error.to_string());
        if let Some(jwk) = self.vault.read(name).map_err(|error| failed(&error))? {
            let signer = SoftwareSigner::from_private_jwk(jwk.expose()).map_err(|error| failed(&error))?;
            return Ok(Arc::new(signer));
        }
        let signer = SoftwareSigner::generate(algorithm, &*self.random).map_err(|error| failed(&error))?;
        self.vault.write(name, &signer.to_private_jwk()).map_err(|error| failed(&error))?;
        Ok(Arc::new(signer))
    }

    /// Forgets the key of that thumbprint.
    ///
    /// # Errors
    /// The vault can't be written.
    pub fn forget(&self, thumbprint: &str) -> Result<bool, VaultError> {
        self.vault.remove(&name(thumbprint))
    }

    fn make(&self, algorithms: &[Algorithm]) -> Result<Arc<dyn Signer>, SignError> {
        let signer = algorithms
            .iter()
            .find_map(|algorithm| SoftwareSigner::generate(*algorithm, &*self.random).ok())
            .ok_or_else(|| {
                SignError("no key can be made for the algorithms that the issuer accepts".to_owned())
            })?;
        let name = name(&signer.public_jwk().thumbprint_text());
        // Kept before it is used: a credential whose key is lost is worth nothing.
        self.vault.write(&name, &signer.to_private_jwk()).map_err(|error| SignError(error.to_string()))?;
        Ok(Arc::new(signer))
    }
}

impl HolderKeys for VaultKeys {
    fn generate<'a>(&'a self, algorithms: &'a [Algorithm]) -> Answer<'a, Result<Arc<dyn Signer>, SignError>> {
        Answer::ready(self.make(algorithms))
    }

    fn discard<'a>(&'a self, thumbprints: &'a [String]) -> Answer<'a, ()> {
        for thumbprint in thumbprints {
            // What can't be removed is a key that nothing is bound to: it does no harm.
            let _ = self.forget(thumbprint);
        }
        Answer::ready(())
    }
}

fn name(thumbprint: &str) -> String {
    format!("{PREFIX}{thumbprint}")
}

#[cfg(test)]
mod tests {
    use super::super::vault::MemoryVault;
    use super::*;
    use credenza_core::SystemRandom;

    #[tokio::test]
    async fn a_key_is_found_again_until_it_is_discarded() {
        let keys = VaultKeys::new(Arc::new(MemoryVault::default()), Arc::new(SystemRandom));
        let signer = keys.generate(&[Algorithm::Rs256, Algorithm::Es256]).await.unwrap();
        assert_eq!(signer.algorithm(), Algorithm::Es256, "the first that can be made");
        let thumbprint = signer.public_jwk().thumbprint_text();
        let found = keys.find(&thumbprint).unwrap().unwrap();
        assert_eq!(found.public_jwk().key, signer.public_jwk().key);
        keys.discard(std::slice::from_ref(&thumbprint)).await;
        assert!(keys.find(&thumbprint).unwrap().is_none());
        assert!(keys.generate(&[Algorithm::Rs256]).await.is_err());
    }
}
