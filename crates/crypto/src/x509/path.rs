//! Path validation (RFC 5280 §6): signatures, names and constraints by webpki; caps, order, key usage and the
//! profile's demands here.

use std::time::Duration;

use credenza_core::UnixTime;
use rustls_pki_types::CertificateDer;
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, VerifiedPath};

use super::{Anchors, Certificate, MAX_CERTIFICATE, MAX_CHAIN, PathPolicy, X509Error};

/// anyExtendedKeyUsage (RFC 5280 §4.2.1.12): good for a CA, never enough for a leaf of which a purpose is demanded.
const ANY_PURPOSE: &str = "2.5.29.37.0";

/// A path that holds.
#[derive(Debug, Clone)]
pub struct ValidPath {
    /// The leaf.
    pub leaf: Certificate,
    /// The certificates between leaf and anchor, the leaf's issuer first.
    pub intermediates: Vec<Certificate>,
    /// The number of the anchor that it leads to.
    pub anchor: usize,
    /// First second at which all certificates of the path are valid.
    pub not_before: UnixTime,
    /// Last second at which all certificates of the path are valid.
    pub not_after: UnixTime,
}

impl ValidPath {
    /// Each certificate of the path with its issuer's, the leaf first. A leaf that is itself the anchor has none.
    pub fn links<'a>(
        &'a self,
        anchor: &'a Certificate,
    ) -> impl Iterator<Item = (&'a Certificate, &'a Certificate)> {
        let certificates = std::iter::once(&self.leaf).chain(&self.intermediates);
        let issuers = self.intermediates.iter().chain(std::iter::once(anchor));
        certificates.zip(issuers).filter(|(certificate, issuer)| certificate.der != issuer.der)
    }
}

/// Validates `chain` (DER, leaf first) against `anchors` (DER) at the time `now`; hands out the parsed leaf, and the
/// number of the anchor that the path leads to.
///
/// Parses the anchors each time: where there is a set that stays, keep [`Anchors`] and call [`validate_path`], or
/// [`ChainCache`](super::ChainCache) in front of it.
///
/// # Errors
/// See [`X509Error`].
pub fn validate(
    chain: &[Vec<u8>],
    anchors: &[Vec<u8>],
    now: UnixTime,
    policy: PathPolicy<'_>,
) -> Result<(Certificate, usize), X509Error> {
    let path = validate_path(chain, &Anchors::new(anchors)?, now, policy)?;
    Ok((path.leaf, path.anchor))
}

/// Validates `chain` (DER, leaf first, each certified by the next) at the time `now`.
///
/// The chain may contain its anchor unless the policy forbids it; what follows the anchor is ignored. A leaf that is itself an anchor, byte by byte, is
/// trusted directly unless the policy forbids it.
///
/// # Errors
/// [`X509Error::TooLong`] and [`X509Error::Malformed`] before any signature is looked at, else
/// [`X509Error::Untrusted`] with the reason.
pub fn validate_path(
    chain: &[Vec<u8>],
    anchors: &Anchors,
    now: UnixTime,
    policy: PathPolicy<'_>,
) -> Result<ValidPath, X509Error> {
    check_sizes(chain)?;
    let mut certificates = chain.iter().map(|der| Certificate::parse(der)).collect::<Result<Vec<_>, _>>()?;
    check_order(&certificates)?;
    if policy.anchor_must_be_absent {
        check_anchor_is_absent(&certificates, anchors)?;
    } else if let [leaf] = certificates.as_slice()
        && let Some(anchor) = anchors.position(&leaf.der)
    {
        return pinned(leaf, anchor, now, policy);
    }
    // Where an anchor begins, the path ends: nothing behind is believed, or handed out.
    let end = certificates.iter().skip(1).position(|certificate| anchors.contain(certificate));
    certificates.truncate(end.map_or(certificates.len(), |end| end + 1));
    let (leaf, intermediates) =
        certificates.split_first().ok_or(X509Error::Malformed("there is no certificate"))?;
    check_purpose(leaf, intermediates, policy)?;
    let anchor = build(leaf, intermediates, anchors, now)?;

    let end = anchors.certificates.get(anchor);
    let all = || certificates.iter().chain(end);
    let not_before = all().map(|certificate| certificate.not_before).max().unwrap_or(now);
    let not_after = all().map(|certificate| certificate.not_after).min().unwrap_or(now);
    let mut certificates = certificates.into_iter();
    let leaf = certificates.next().ok_or(X509Error::Malformed("there is no certificate"))?;
    Ok(ValidPath { leaf, intermediates: certificates.collect(), anchor, not_before, not_after })
}

fn check_sizes(chain: &[Vec<u8>]) -> Result<(), X509Error> {
    if chain.is_empty() {
        return Err(X509Error::Malformed("there is no certificate"));
    }
    if chain.len() > MAX_CHAIN {
        return Err(X509Error::TooLong(MAX_CHAIN));
    }
    if chain.iter().any(|der| der.len() > MAX_CERTIFICATE) {
        return Err(X509Error::Malformed("longer than a certificate may be"));
    }
    Ok(())
}

fn check_order(certificates: &[Certificate]) -> Result<(), X509Error> {
    let mut pairs = certificates.iter().zip(certificates.iter().skip(1));
    if pairs.any(|(certificate, next)| certificate.issuer != next.subject) {
        return Err(untrusted("a certificate is not followed by the one of its issuer"));
    }
    Ok(())
}

fn check_anchor_is_absent(certificates: &[Certificate], anchors: &Anchors) -> Result<(), X509Error> {
    if certificates.first().is_some_and(Certificate::is_self_issued) {
        return Err(untrusted("the leaf is self-signed"));
    }
    if certificates.iter().any(|certificate| anchors.contain(certificate)) {
        return Err(untrusted("the trust anchor is part of the chain, where it must not be"));
    }
    Ok(())
}

/// The certificate itself was named as trusted: there is no path to follow.
fn pinned(
    leaf: &Certificate,
    anchor: usize,
    now: UnixTime,
    policy: PathPolicy<'_>,
) -> Result<ValidPath, X509Error> {
    if !leaf.valid_at(now) {
        return Err(reason(&webpki::Error::InvalidCertValidity));
    }
    check_purpose(leaf, &[], policy)?;
    Ok(ValidPath {
        leaf: leaf.clone(),
        intermediates: Vec::new(),
        anchor,
        not_before: leaf.not_before,
        not_after: leaf.not_after,
    })
}

/// webpki leaves key usage aside (TLS lives without); here a CA must be allowed to certify, and a leaf to sign.
fn check_purpose(
    leaf: &Certificate,
    intermediates: &[Certificate],
    policy: PathPolicy<'_>,
) -> Result<(), X509Error> {
    if leaf.key_usage.is_some_and(|usage| !usage.digital_signature && !usage.content_commitment) {
        return Err(untrusted("the leaf's key usage does not allow signatures"));
    }
    for certificate in intermediates {
        if certificate.key_usage.is_some_and(|usage| !usage.key_cert_sign) {
            return Err(untrusted("an intermediate's key usage does not allow it to certify"));
        }
    }
    if let Some(needed) = policy.extended_key_usage {
        if !leaf.extended_key_usage.iter().any(|usage| usage == needed) {
            return Err(untrusted("the leaf does not have the extended key usage that is needed here"));
        }
        let restricted = |certificate: &Certificate| {
            let usages = &certificate.extended_key_usage;
            !usages.is_empty() && !usages.iter().any(|usage| usage == needed || usage == ANY_PURPOSE)
        };
        if intermediates.iter().any(restricted) {
            return Err(untrusted("an intermediate is restricted to other extended key usages"));
        }
    }
    Ok(())
}

/// Follows the path by webpki; answers with the number of the anchor.
fn build(
    leaf: &Certificate,
    intermediates: &[Certificate],
    anchors: &Anchors,
    now: UnixTime,
) -> Result<usize, X509Error> {
    let der = CertificateDer::from(leaf.der.as_slice());
    let end_entity = EndEntityCert::try_from(&der).map_err(|error| reason(&error))?;
    let between: Vec<CertificateDer<'_>> =
        intermediates.iter().map(|certificate| CertificateDer::from(certificate.der.as_slice())).collect();
    let seconds = u64::try_from(now.as_secs()).unwrap_or(0);
    let time = rustls_pki_types::UnixTime::since_unix_epoch(Duration::from_secs(seconds));
    let check =
        |path: &VerifiedPath<'_>| anchors.check(path.anchor(), path.intermediate_certificates().count(), now);
    let path = end_entity
        .verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &anchors.trust,
            &between,
            time,
            AnyUsage,
            None,
            Some(&check),
        )
        .map_err(|error| reason(&error))?;
    if path.intermediate_certificates().count() != intermediates.len() {
        return Err(untrusted("the chain has certificates that are not part of the path"));
    }
    anchors.index_of(path.anchor()).ok_or_else(|| untrusted("its issuer is not known"))
}

/// Extended key usages are checked by [`check_purpose`], with OIDs that are not known at compile time.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, mut usages: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        usages.try_for_each(|usage| usage.map(drop))
    }
}

fn untrusted(reason: &str) -> X509Error {
    X509Error::Untrusted(reason.to_owned())
}

/// webpki's reason in words.
fn reason(error: &webpki::Error) -> X509Error {
    use webpki::Error as E;
    match error {
        E::UnknownIssuer => untrusted("its issuer is not known"),
        E::InvalidSignatureForPublicKey => untrusted("a signature does not verify"),
        E::CertExpired { .. } => untrusted("a certificate has expired"),
        E::CertNotValidYet { .. } => untrusted("a certificate is not valid yet"),
        E::InvalidCertValidity => untrusted("a certificate or the anchor is not valid now"),
        E::CaUsedAsEndEntity => untrusted("the leaf is a CA"),
        E::EndEntityUsedAsCa => untrusted("a certificate that is not a CA has issued another"),
        E::PathLenConstraintViolated => untrusted("there are more CAs in the path than one of them allows"),
        E::NameConstraintViolation => untrusted("a CA is not allowed to certify this name"),
        other => X509Error::Untrusted(other.to_string()),
    }
}
