//! A certification authority: for tests, demos, and whoever runs an own one.

use std::fmt;
use std::time::Duration;

use credenza_core::{Random, Secret, UnixTime};
use der::asn1::{Ia5StringRef, PrintableStringRef, Utf8StringRef};
use der::{Decode as _, Tag, Tagged as _};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyUsagePurpose, PublicKeyData, SanType, SerialNumber, SignatureAlgorithm,
    SigningKey,
};

use super::parse::ecdsa_to_der;
use super::{Certificate, X509Error, der_to_pem};
use crate::hash::sha256;
use crate::{Algorithm, Curve, PublicKey, SoftwareSigner};

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

/// The name of a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// commonName
    pub common_name: String,
    /// organizationName
    pub organization: Option<String>,
    /// countryName, two letters
    pub country: Option<String>,
}

impl From<&str> for Subject {
    /// A common name alone.
    fn from(common_name: &str) -> Self {
        Self { common_name: common_name.to_owned(), organization: None, country: None }
    }
}

/// What the certificate of a leaf says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafProfile {
    /// Its subject.
    pub subject: Subject,
    /// dNSName entries.
    pub dns_names: Vec<String>,
    /// uniformResourceIdentifier entries.
    pub uris: Vec<String>,
    /// Extended key usages, dotted.
    pub extended_key_usage: Vec<String>,
    /// First second of validity.
    pub not_before: UnixTime,
    /// Last second of validity.
    pub not_after: UnixTime,
}

impl LeafProfile {
    /// A leaf without alternative names and extended key usages.
    #[must_use]
    pub fn new(subject: impl Into<Subject>, not_before: UnixTime, valid_for: Duration) -> Self {
        Self {
            subject: subject.into(),
            dns_names: Vec::new(),
            uris: Vec::new(),
            extended_key_usage: Vec::new(),
            not_before,
            not_after: not_before + valid_for,
        }
    }

    /// With a dNSName more.
    #[must_use]
    pub fn dns_name(mut self, name: impl Into<String>) -> Self {
        self.dns_names.push(name.into());
        self
    }

    /// With a URI more.
    #[must_use]
    pub fn uri(mut self, uri: impl Into<String>) -> Self {
        self.uris.push(uri.into());
        self
    }

    /// With an extended key usage (dotted OID) more.
    #[must_use]
    pub fn purpose(mut self, oid: impl Into<String>) -> Self {
        self.extended_key_usage.push(oid.into());
        self
    }
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
        let parameters = ca_parameters(name, &key, (now, now + valid_for), None, random);
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
        let mut issuer = CertificateParams::default();
        issuer.distinguished_name = issuer_name(&own.der)?;
        issuer.key_identifier_method =
            KeyIdMethod::PreSpecified(own.subject_key_id.clone().unwrap_or_else(|| key_id(&own.key)));
        issuer.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = Issuer::new(issuer, IssuerKey::new(&self.signer)?);
        let issued = parameters.signed_by(key, &issuer).map_err(|_| CaError::Name)?;
        let certificate = Certificate::parse(issued.der()).map_err(|_| CaError::Name)?;
        // The names must be the same bytes, or no path leads from one to the other.
        if names(issued.der())?.issuer() != names(&own.der)?.subject() {
            return Err(CaError::Name);
        }
        Ok(certificate)
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

/// The content of subjectPublicKey; RSA keys are not certified here.
fn raw_key(key: &PublicKey) -> &[u8] {
    match key {
        PublicKey::Ec { point, .. } => point,
        PublicKey::Okp { bytes, .. } => bytes,
        PublicKey::Rsa { .. } => &[],
    }
}

fn distinguished_name(subject: &Subject) -> Result<DistinguishedName, CaError> {
    let mut name = DistinguishedName::new();
    if let Some(country) = &subject.country {
        let country = country.as_str().try_into().map_err(|_| CaError::Name)?;
        name.push(DnType::CountryName, DnValue::PrintableString(country));
    }
    if let Some(organization) = &subject.organization {
        name.push(DnType::OrganizationName, organization.as_str());
    }
    name.push(DnType::CommonName, subject.common_name.as_str());
    Ok(name)
}

/// The subject of a CA's certificate, as rcgen writes names: with the same types of strings.
fn issuer_name(der: &[u8]) -> Result<DistinguishedName, CaError> {
    let mut name = DistinguishedName::new();
    for attribute in names(der)?.subject().iter() {
        let kind = DnType::CustomDnType(arcs(&attribute.oid.to_string())?);
        let bad = |_| CaError::Name;
        let value = match attribute.value.tag() {
            Tag::Utf8String => {
                let text = attribute.value.decode_as::<Utf8StringRef<'_>>().map_err(bad)?;
                DnValue::Utf8String(text.to_string())
            }
            Tag::PrintableString => {
                let text = attribute.value.decode_as::<PrintableStringRef<'_>>().map_err(bad)?;
                DnValue::PrintableString(text.as_str().try_into().map_err(|_| CaError::Name)?)
            }
            Tag::Ia5String => {
                let text = attribute.value.decode_as::<Ia5StringRef<'_>>().map_err(bad)?;
                DnValue::Ia5String(text.as_str().try_into().map_err(|_| CaError::Name)?)
            }
            _ => return Err(CaError::Name),
        };
        name.push(kind, value);
    }
    Ok(name)
}

fn names(der: &[u8]) -> Result<x509_cert::TbsCertificate, CaError> {
    let certificate = x509_cert::Certificate::from_der(der).map_err(|_| CaError::Name)?;
    Ok(certificate.tbs_certificate().clone())
}

/// The numbers of a dotted OID.
fn arcs(oid: &str) -> Result<Vec<u64>, CaError> {
    let oid = der::oid::ObjectIdentifier::new(oid).map_err(|_| CaError::Name)?;
    Ok(oid.arcs().map(u64::from).collect())
}

/// A key that gets a certificate, in rcgen's terms.
struct CertifiedKey {
    key: PublicKey,
    algorithm: &'static SignatureAlgorithm,
}

impl CertifiedKey {
    fn new(key: &PublicKey) -> Result<Self, CaError> {
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
struct IssuerKey<'a> {
    signer: &'a SoftwareSigner,
    key: CertifiedKey,
}

impl<'a> IssuerKey<'a> {
    fn new(signer: &'a SoftwareSigner) -> Result<Self, CaError> {
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
