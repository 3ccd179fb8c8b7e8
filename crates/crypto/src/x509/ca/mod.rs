//! A certification authority: for tests, demos, and whoever runs an own one.
//!
//! ```
//! use std::time::Duration;
//! use credenza_core::{SystemRandom, UnixTime};
//! use credenza_crypto::x509::{self, CertificateAuthority, LeafProfile, PathPolicy};
//! use credenza_crypto::{Algorithm, SoftwareSigner};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (now, year) = (UnixTime::from_secs(1_750_000_000), Duration::from_secs(365 * 86_400));
//! let root = CertificateAuthority::generate("Demo root", now, year * 10, &SystemRandom)?;
//! let below = root.intermediate("Demo issuers", now, year, &SystemRandom)?;
//!
//! let signer = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom)?;
//! let profile = LeafProfile::new("Demo issuer", now, year).dns_name("issuer.example");
//! let chain = below.issue_chain(&signer.public_key(), &profile, &SystemRandom)?;
//!
//! let policy = PathPolicy { anchor_must_be_absent: true, ..PathPolicy::default() };
//! let (leaf, _) = x509::validate(&chain, &[root.certificate().to_vec()], now, policy)?;
//! assert!(leaf.has_dns_name("issuer.example"));
//! let signer = signer.with_x5c(chain);
//! # let _ = signer; Ok(()) }
//! ```

mod iso18013;
mod keys;
mod names;
mod profile;
mod revocation;

use std::fmt;
use std::time::Duration;

use credenza_core::{Random, Secret, UnixTime};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyIdMethod, KeyUsagePurpose, SanType, SerialNumber,
};

use super::{Certificate, X509Error, der_to_pem};
use crate::hash::sha256;
use crate::{Algorithm, PublicKey, SoftwareSigner};
pub use iso18013::Publication;
use keys::{CertifiedKey, IssuerKey, raw_key};
use names::{arcs, distinguished_name, issuer_name, names};
pub use profile::{LeafProfile, Subject};
pub use revocation::RevokedCertificate;

/// Bytes of a serial number: 127 random bits, which is more than the 64 that are usual, and within the 20 bytes that
/// RFC 5280 §4.1.2.2 allows.
const SERIAL: usize = 16;

/// Bytes of a key identifier: the leftmost 160 bits of the SHA-256 of the key (RFC 7093 §2, method 1).
const KEY_ID: usize = 20;

/// Why no certificate was issued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaError {
    /// The subject's key is of a type that is not certified here, or the CA's own key can't be used.
    #[error("this key can't be certified, or can't certify")]
    Key,
    /// A name, a URI or an OID that can't be written into a certificate.
    #[error("a name, a URI or an object identifier can't be written into a certificate")]
    Name,
    /// The certificate would live longer than its CA, or end before it begins.
    #[error("the certificate's validity is not within that of its CA")]
    Validity,
    /// The certificate that was given for the CA is not one of this key, or not a CA's.
    #[error("not the certificate of this CA: {0}")]
    Certificate(&'static str),
}

/// A CA: its key, its certificate, and the certificates between it and the root.
pub struct CertificateAuthority {
    signer: SoftwareSigner,
    certificate: Certificate,
    /// This CA's certificate and those above it, without the root's; empty for a root.
    chain: Vec<Vec<u8>>,
}

impl CertificateAuthority {
    /// A new root with a key on P-256, valid from `now` on.
    ///
    /// # Errors
    /// [`CaError::Name`].
    pub fn generate(
        subject: impl Into<Subject>,
        now: UnixTime,
        valid_for: Duration,
        random: &dyn Random,
    ) -> Result<Self, CaError> {
        let signer = SoftwareSigner::generate(Algorithm::Es256, random).map_err(|_| CaError::Key)?;
        Self::root(signer, subject, now, valid_for, random)
    }

    /// A new root with a key that is there.
    ///
    /// # Errors
    /// [`CaError::Key`] when certificates can't be signed with it, [`CaError::Name`].
    pub fn root(
        signer: SoftwareSigner,
        subject: impl Into<Subject>,
        now: UnixTime,
        valid_for: Duration,
        random: &dyn Random,
    ) -> Result<Self, CaError> {
        let name = distinguished_name(&subject.into())?;
        let key = CertifiedKey::new(&signer.public_key())?;
        Self::self_signed(signer, &ca_parameters(name, &key, (now, now + valid_for), None, random))
    }

    fn self_signed(signer: SoftwareSigner, parameters: &CertificateParams) -> Result<Self, CaError> {
        let der = parameters.self_signed(&IssuerKey::new(&signer)?).map_err(|_| CaError::Name)?;
        let certificate = Certificate::parse(der.der()).map_err(|_| CaError::Name)?;
        Ok(Self { signer, certificate, chain: Vec::new() })
    }

    /// An intermediate CA below this one, with a new key on P-256. It can certify leaves only.
    ///
    /// # Errors
    /// [`CaError::Validity`] when it would outlive this one, [`CaError::Name`].
    pub fn intermediate(
        &self,
        subject: impl Into<Subject>,
        now: UnixTime,
        valid_for: Duration,
        random: &dyn Random,
    ) -> Result<Self, CaError> {
        let signer = SoftwareSigner::generate(Algorithm::Es256, random).map_err(|_| CaError::Key)?;
        let key = CertifiedKey::new(&signer.public_key())?;
        let validity = (now, now + valid_for);
        let name = distinguished_name(&subject.into())?;
        let certificate =
            self.certify(&key, &ca_parameters(name, &key, validity, Some(0), random), validity)?;
        let mut chain = vec![certificate.der.clone()];
        chain.extend_from_slice(&self.chain);
        Ok(Self { signer, certificate, chain })
    }

    /// Takes a CA up again from what was stored: its certificate, those above it without the root's, and its key.
    ///
    /// # Errors
    /// [`CaError::Certificate`] when certificate and key are not of one CA, [`CaError::Key`].
    pub fn restore(certificate: &[u8], above: &[Vec<u8>], signer: SoftwareSigner) -> Result<Self, CaError> {
        let certificate = Certificate::parse(certificate).map_err(|error| {
            CaError::Certificate(match error {
                X509Error::Malformed(what) => what,
                _ => "not a certificate",
            })
        })?;
        if certificate.key != signer.public_key() {
            return Err(CaError::Certificate("it certifies another key"));
        }
        if !certificate.is_ca || certificate.key_usage.is_some_and(|usage| !usage.key_cert_sign) {
            return Err(CaError::Certificate("it is not a CA's"));
        }
        IssuerKey::new(&signer)?;
        let mut chain = Vec::new();
        if !certificate.is_self_issued() {
            chain.push(certificate.der.clone());
            chain.extend_from_slice(above);
        }
        Ok(Self { signer, certificate, chain })
    }

    /// Certifies a leaf's key for signatures; answers with the DER.
    ///
    /// # Errors
    /// See [`CaError`].
    pub fn issue(
        &self,
        key: &PublicKey,
        profile: &LeafProfile,
        random: &dyn Random,
    ) -> Result<Vec<u8>, CaError> {
        let key = CertifiedKey::new(key)?;
        let validity = (profile.not_before, profile.not_after);
        let name = distinguished_name(&profile.subject)?;
        let mut parameters = parameters(name, &key, validity, random);
        parameters.is_ca = IsCa::ExplicitNoCa;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        for name in &profile.dns_names {
            let name = name.as_str().try_into().map_err(|_| CaError::Name)?;
            parameters.subject_alt_names.push(SanType::DnsName(name));
        }
        for uri in &profile.uris {
            let uri = uri.as_str().try_into().map_err(|_| CaError::Name)?;
            parameters.subject_alt_names.push(SanType::URI(uri));
        }
        for usage in &profile.extended_key_usage {
            parameters.extended_key_usages.push(ExtendedKeyUsagePurpose::Other(arcs(usage)?));
        }
        if let Some(purpose) = &profile.critical_purpose {
            iso18013::restrict(&mut parameters, purpose)?;
        }
        if let Some(publication) = &profile.publication {
            iso18013::publish(&mut parameters, publication)?;
        }
        Ok(self.certify(&key, &parameters, validity)?.der)
    }

    /// Certifies a leaf's key, and answers with what belongs into `x5c`: the leaf and all CAs but the root.
    ///
    /// # Errors
    /// See [`CaError`].
    pub fn issue_chain(
        &self,
        key: &PublicKey,
        profile: &LeafProfile,
        random: &dyn Random,
    ) -> Result<Vec<Vec<u8>>, CaError> {
        let mut chain = vec![self.issue(key, profile, random)?];
        chain.extend_from_slice(&self.chain);
        Ok(chain)
    }

    /// The CA's own certificate (DER).
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate.der
    }

    /// The CA's own certificate, parsed.
    #[must_use]
    pub fn parsed(&self) -> &Certificate {
        &self.certificate
    }

    /// This CA's certificate and those above it, without the root's (DER); empty for a root.
    #[must_use]
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// The CA's own certificate as PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        der_to_pem(&self.certificate.der)
    }

    /// The CA's private key, to be stored encrypted.
    #[must_use]
    pub fn to_private_jwk(&self) -> Secret {
        self.signer.to_private_jwk()
    }

    fn certify(
        &self,
        key: &CertifiedKey,
        parameters: &CertificateParams,
        (not_before, not_after): (UnixTime, UnixTime),
    ) -> Result<Certificate, CaError> {
        let own = &self.certificate;
        if not_before > not_after || not_before < own.not_before || not_after > own.not_after {
            return Err(CaError::Validity);
        }
        let issuer = self.issuer()?;
        let issued = parameters.signed_by(key, &issuer).map_err(|_| CaError::Name)?;
        let certificate = Certificate::parse(issued.der()).map_err(|_| CaError::Name)?;
        // The names must be the same bytes, or no path leads from one to the other.
        if names(issued.der())?.issuer() != names(&own.der)?.subject() {
            return Err(CaError::Name);
        }
        Ok(certificate)
    }

    /// This CA in rcgen's terms.
    fn issuer(&self) -> Result<Issuer<'static, IssuerKey<'_>>, CaError> {
        let own = &self.certificate;
        let mut issuer = CertificateParams::default();
        issuer.distinguished_name = issuer_name(&own.der)?;
        issuer.key_identifier_method =
            KeyIdMethod::PreSpecified(own.subject_key_id.clone().unwrap_or_else(|| key_id(&own.key)));
        issuer.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(Issuer::new(issuer, IssuerKey::new(&self.signer)?))
    }
}

impl fmt::Debug for CertificateAuthority {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "CertificateAuthority({})", self.certificate.subject)
    }
}

fn parameters(
    name: DistinguishedName,
    key: &CertifiedKey,
    (not_before, not_after): (UnixTime, UnixTime),
    random: &dyn Random,
) -> CertificateParams {
    let at = |time: UnixTime| rcgen::date_time_ymd(1970, 1, 1) + time.since(UnixTime::EPOCH);
    let mut serial = [0; SERIAL];
    random.fill(&mut serial);
    let [first, ..] = &mut serial;
    // Positive, and of full length.
    *first = (*first & 0x7f) | 0x40;
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = name;
    parameters.not_before = at(not_before);
    parameters.not_after = at(not_after);
    parameters.serial_number = Some(SerialNumber::from_slice(&serial));
    parameters.use_authority_key_identifier_extension = true;
    parameters.key_identifier_method = KeyIdMethod::PreSpecified(key_id(&key.key));
    parameters
}

fn ca_parameters(
    name: DistinguishedName,
    key: &CertifiedKey,
    validity: (UnixTime, UnixTime),
    path_length: Option<u8>,
    random: &dyn Random,
) -> CertificateParams {
    let mut parameters = parameters(name, key, validity, random);
    parameters.is_ca = IsCa::Ca(match path_length {
        Some(length) => BasicConstraints::Constrained(length),
        None => BasicConstraints::Unconstrained,
    });
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters
}

fn key_id(key: &PublicKey) -> Vec<u8> {
    let mut id = sha256(raw_key(key)).to_vec();
    id.truncate(KEY_ID);
    id
}
