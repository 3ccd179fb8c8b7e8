//! X.509 certificates (RFC 5280): parse them, validate a path, remember paths, and issue the ones we need.

pub mod anchors;
pub mod ca;
pub mod cache;
pub mod crl;
mod parse;
mod path;
pub mod pem;
pub mod profile;

use credenza_core::{UnixTime, b64};

use crate::PublicKey;
use crate::hash::sha256;

pub use anchors::Anchors;
pub use ca::{CaError, CertificateAuthority, LeafProfile, Publication, RevokedCertificate, Subject};
pub use cache::ChainCache;
pub use crl::{Crl, CrlError, CrlSummary, RevocationLists, RevocationPolicy};
pub use path::{ValidPath, validate, validate_path};
pub use pem::{der_to_pem, pem_to_der_chain};

/// No chain has more certificates, the leaf included.
pub const MAX_CHAIN: usize = 5;

/// No certificate is longer, in bytes of DER.
pub const MAX_CERTIFICATE: usize = 10 * 1024;

/// A certificate that was parsed; nothing is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The bytes it was made from.
    pub der: Vec<u8>,
    /// The serial number that its issuer gave it, big-endian, as it is encoded.
    pub serial: Vec<u8>,
    /// The key that it certifies.
    pub key: PublicKey,
    /// Subject, as RFC 4514 text.
    pub subject: String,
    /// Common name of the subject: what people call it.
    pub common_name: Option<String>,
    /// Issuer, as RFC 4514 text.
    pub issuer: String,
    /// First second of validity.
    pub not_before: UnixTime,
    /// Last second of validity.
    pub not_after: UnixTime,
    /// dNSName entries of the subject alternative name.
    pub dns_names: Vec<String>,
    /// uniformResourceIdentifier entries of the subject alternative name.
    pub uris: Vec<String>,
    /// Subject key identifier.
    pub subject_key_id: Option<Vec<u8>>,
    /// Authority key identifier (keyIdentifier).
    pub authority_key_id: Option<Vec<u8>>,
    /// Basic constraints say that it is a CA.
    pub is_ca: bool,
    /// How many CAs may stand between this one and a leaf.
    pub path_length: Option<u8>,
    /// What the key may be used for, when the certificate says it.
    pub key_usage: Option<KeyUsage>,
    /// Extended key usages, dotted.
    pub extended_key_usage: Vec<String>,
    /// Where its issuer's revocation lists are (cRLDistributionPoints), as far as these are complete and its own.
    pub crl_urls: Vec<String>,
}

/// What a key may be used for (RFC 5280 §4.2.1.3), as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage {
    /// Signatures on anything but certificates and revocation lists.
    pub digital_signature: bool,
    /// Signatures on anything but certificates and revocation lists that bind the signer to the content
    /// (contentCommitment, formerly nonRepudiation): seals have it alone.
    pub content_commitment: bool,
    /// Signatures on certificates.
    pub key_cert_sign: bool,
    /// Signatures on revocation lists.
    pub crl_sign: bool,
}

/// Why a certificate or a path was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum X509Error {
    /// Not DER, or not a certificate that we understand.
    #[error("not a certificate: {0}")]
    Malformed(&'static str),
    /// Longer than a chain may be.
    #[error("the chain has more than {0} certificates")]
    TooLong(usize),
    /// No path to an anchor that is trusted for this.
    #[error("the chain does not lead to a trusted certificate: {0}")]
    Untrusted(String),
    /// A certificate of the chain is revoked.
    #[error("a certificate of the chain is revoked")]
    Revoked,
    /// Whether a certificate of the chain is revoked can't be found out, and has to be known.
    #[error("it is not known whether a certificate of the chain is revoked")]
    RevocationUnknown,
}

/// What a path must be good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PathPolicy<'a> {
    /// An extended key usage the leaf must have (dotted OID), when the profile demands one.
    pub extended_key_usage: Option<&'a str>,
    /// Refuse a chain that contains its own anchor, and a self-signed leaf (HAIP 1.0 §4.1, §5, §6.1).
    pub anchor_must_be_absent: bool,
}

impl Certificate {
    /// Parses DER.
    ///
    /// # Errors
    /// [`X509Error::Malformed`].
    pub fn parse(der: &[u8]) -> Result<Self, X509Error> {
        parse::certificate(der)
    }

    /// Whether `name` is one of the dNSName entries: the whole name, in any case of ASCII letters. A wildcard stands
    /// for nothing, and the common name is not looked at (OID4VP 1.0 §5.9.3, `x509_san_dns`).
    #[must_use]
    pub fn has_dns_name(&self, name: &str) -> bool {
        is_host_name(name) && self.dns_names.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// The `x509_hash` of this certificate: base64url of the SHA-256 of its DER (OID4VP 1.0 §5.9.3).
    #[must_use]
    pub fn x509_hash(&self) -> String {
        x509_hash(&self.der)
    }

    /// What people call the subject: its common name, or the whole name when it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.common_name.as_deref().unwrap_or(&self.subject)
    }

    /// Whether subject and issuer are the same name.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    fn valid_at(&self, now: UnixTime) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }
}

/// The `x509_hash` of a leaf certificate given as DER.
#[must_use]
pub fn x509_hash(leaf: &[u8]) -> String {
    b64::encode(sha256(leaf))
}

/// Labels of ASCII letters, digits and hyphens, with single dots between them.
fn is_host_name(name: &str) -> bool {
    name.split('.').all(|label| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    })
}
