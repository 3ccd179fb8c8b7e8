//! The key that a service signs with: in a file, or on a token.

use std::path::Path;

use credenza_core::Answer;
use credenza_crypto::{Algorithm, Jwk, SignError, Signer, SoftwareSigner};

use super::FileError;
use super::file::{self, KeyFileError};

/// A key for a service.
#[derive(Debug)]
pub enum ServiceKey {
    /// From a file.
    Software(SoftwareSigner),
    /// On a token (PKCS#11).
    #[cfg(feature = "pkcs11")]
    Token(credenza_crypto::pkcs11::Pkcs11Signer),
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum ServiceKeyError {
    /// The file can't be used.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The file with a passphrase or a PIN can't be read.
    #[error(transparent)]
    Secret(#[from] FileError),
    /// The program was built without support for tokens.
    #[error("keys on tokens need a program that was built with --features pkcs11")]
    NotBuilt,
    /// The URI names no key.
    #[cfg(feature = "pkcs11")]
    #[error(transparent)]
    Uri(#[from] credenza_crypto::pkcs11::NotAUri),
    /// No module.
    #[cfg(feature = "pkcs11")]
    #[error("say the PKCS#11 module: module-path in the URI, or {MODULE}")]
    NoModule,
    /// No PIN.
    #[cfg(feature = "pkcs11")]
    #[error("say the PIN: pin-source=file:… in the URI, {PIN} or {PIN_FILE}")]
    NoPin,
    /// The token.
    #[cfg(feature = "pkcs11")]
    #[error(transparent)]
    Token(#[from] credenza_crypto::pkcs11::Pkcs11Error),
}

/// The module of tokens whose URIs name none.
#[cfg(feature = "pkcs11")]
pub const MODULE: &str = "CREDENZA_PKCS11_MODULE";

/// The PIN of tokens whose URIs name none.
#[cfg(feature = "pkcs11")]
pub const PIN: &str = "CREDENZA_PKCS11_PIN";

/// A file with that PIN in its first line.
#[cfg(feature = "pkcs11")]
pub const PIN_FILE: &str = "CREDENZA_PKCS11_PIN_FILE";

impl ServiceKey {
    /// Opens the key that a setting names: a file in `folder`, or a `pkcs11:` URI (RFC 7512). `chain` are its
    /// certificates, where they are in a file of their own: leaf first, DER.
    ///
    /// # Errors
    /// See [`ServiceKeyError`].
    pub fn open(name: &Path, folder: &Path, chain: Vec<Vec<u8>>) -> Result<Self, ServiceKeyError> {
        match name.to_str().filter(|name| name.starts_with("pkcs11:")) {
            Some(uri) => Self::on_token(uri, chain),
            None => {
                let passphrase = file::environment()?;
                let signer = file::read_signer(&folder.join(name), || passphrase)?;
                Ok(Self::Software(if chain.is_empty() { signer } else { signer.with_x5c(chain) }))
            }
        }
    }

    #[cfg(not(feature = "pkcs11"))]
    fn on_token(_uri: &str, _chain: Vec<Vec<u8>>) -> Result<Self, ServiceKeyError> {
        Err(ServiceKeyError::NotBuilt)
    }

    #[cfg(feature = "pkcs11")]
    fn on_token(uri: &str, chain: Vec<Vec<u8>>) -> Result<Self, ServiceKeyError> {
        use credenza_crypto::pkcs11::{PinSource, Pkcs11Signer, Pkcs11Uri, SESSIONS};
        let uri = Pkcs11Uri::parse(uri)?;
        let module = uri.module_path.clone().or_else(|| std::env::var_os(MODULE).map(Into::into));
        let module = module.ok_or(ServiceKeyError::NoModule)?;
        let pin = match &uri.pin {
            Some(PinSource::Value(pin)) => Some(pin.clone()),
            Some(PinSource::File(path)) => Some(file::first_line(path)?),
            None => file::from_environment(PIN, PIN_FILE)?,
        };
        let pin = pin.ok_or(ServiceKeyError::NoPin)?;
        Ok(Self::Token(Pkcs11Signer::open(&uri, &module, pin, chain, SESSIONS)?))
    }

    fn signer(&self) -> &dyn Signer {
        match self {
            Self::Software(signer) => signer,
            #[cfg(feature = "pkcs11")]
            Self::Token(signer) => signer,
        }
    }
}

impl Signer for ServiceKey {
    fn algorithm(&self) -> Algorithm {
        self.signer().algorithm()
    }

    fn public_jwk(&self) -> &Jwk {
        self.signer().public_jwk()
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> Answer<'a, Result<Vec<u8>, SignError>> {
        self.signer().sign(message)
    }
}

#[cfg(all(test, not(feature = "pkcs11")))]
mod tests {
    use super::*;

    #[test]
    fn a_token_needs_the_feature() {
        let refused =
            ServiceKey::open(Path::new("pkcs11:object=key"), Path::new(""), Vec::new()).unwrap_err();
        assert!(matches!(refused, ServiceKeyError::NotBuilt));
    }
}
