//! X.509 certificates (RFC 5280): parse, validate a path, and make the ones that a demo needs.

use credenza_core::UnixTime;

use crate::PublicKey;

/// A certificate that was parsed; nothing is verified yet.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The bytes it was made from.
    pub der: Vec<u8>,
    /// The key that it certifies.
    pub key: PublicKey,
    /// Subject, as RFC 4514 text.
    pub subject: String,
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
    /// Extended key usages, dotted.
    pub extended_key_usage: Vec<String>,
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
        let _ = der;
        Err(X509Error::Malformed("not implemented yet"))
    }
}

/// Validates `chain` (DER, leaf first) against `anchors` (DER) at the time `now`; hands out the parsed leaf, and the
/// number of the anchor that the path leads to.
///
/// # Errors
/// See [`X509Error`].
pub fn validate(
    chain: &[Vec<u8>],
    anchors: &[Vec<u8>],
    now: UnixTime,
    policy: PathPolicy<'_>,
) -> Result<(Certificate, usize), X509Error> {
    let _ = (chain, anchors, now, policy);
    Err(X509Error::Untrusted("not implemented yet".to_owned()))
}
