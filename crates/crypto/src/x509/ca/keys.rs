//! Keys in the terms of rcgen.

use rcgen::{PublicKeyData, SignatureAlgorithm, SigningKey};

use super::CaError;
use crate::x509::parse::ecdsa_to_der;
use crate::{Curve, PublicKey, SoftwareSigner};

/// The content of subjectPublicKey; RSA keys are not certified here.
pub(super) fn raw_key(key: &PublicKey) -> &[u8] {
    match key {
        PublicKey::Ec { point, .. } => point,
        PublicKey::Okp { bytes, .. } => bytes,
        PublicKey::Rsa { .. } => &[],
    }
}

/// A key that gets a certificate, in rcgen's terms.
pub(super) struct CertifiedKey {
    pub(super) key: PublicKey,
    algorithm: &'static SignatureAlgorithm,
}

impl CertifiedKey {
    pub(super) fn new(key: &PublicKey) -> Result<Self, CaError> {
        let algorithm = match key.curve() {
            Some(Curve::P256) => &rcgen::PKCS_ECDSA_P256_SHA256,
            Some(Curve::P384) => &rcgen::PKCS_ECDSA_P384_SHA384,
            Some(Curve::P521) => &rcgen::PKCS_ECDSA_P521_SHA512,
            Some(Curve::Ed25519) => &rcgen::PKCS_ED25519,
            Some(Curve::Secp256k1 | Curve::X25519) | None => return Err(CaError::Key),
        };
        Ok(Self { key: key.clone(), algorithm })
    }
}

impl PublicKeyData for CertifiedKey {
    fn der_bytes(&self) -> &[u8] {
        raw_key(&self.key)
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

/// A CA's key, in rcgen's terms.
pub(super) struct IssuerKey<'a> {
    signer: &'a SoftwareSigner,
    key: CertifiedKey,
}

impl<'a> IssuerKey<'a> {
    pub(super) fn new(signer: &'a SoftwareSigner) -> Result<Self, CaError> {
        Ok(Self { signer, key: CertifiedKey::new(&signer.public_key())? })
    }
}

impl PublicKeyData for IssuerKey<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.key.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.key.algorithm
    }
}

impl SigningKey for IssuerKey<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature = self.signer.sign_now(message).map_err(|_| rcgen::Error::RemoteKeyError)?;
        match self.key.key {
            PublicKey::Ec { .. } => ecdsa_to_der(&signature).map_err(|_| rcgen::Error::RemoteKeyError),
            _ => Ok(signature),
        }
    }
}
