//! Trust anchors: certificates that are trusted because somebody said so.

use credenza_core::UnixTime;
use rustls_pki_types::{CertificateDer, TrustAnchor};

use super::{Certificate, X509Error};
use crate::hash::sha256;

/// A set of anchors, parsed once. It never changes: another set is another value, with another digest.
///
/// The empty set trusts nothing.
#[derive(Debug, Clone)]
pub struct Anchors {
    pub(super) certificates: Vec<Certificate>,
    pub(super) trust: Vec<TrustAnchor<'static>>,
    digest: [u8; 32],
}

impl Anchors {
    /// Parses anchors (DER).
    ///
    /// # Errors
    /// [`X509Error::Malformed`] when one of them is not a certificate, or its key is of a type that is not supported:
    /// half a set is not what was asked for. Whoever reads a list in which such anchors must be expected leaves them
    /// out first, with the help of [`Certificate::parse`].
    pub fn new(anchors: &[Vec<u8>]) -> Result<Self, X509Error> {
        let mut hashes = Vec::with_capacity(anchors.len() * 32);
        let mut certificates = Vec::with_capacity(anchors.len());
        let mut trust = Vec::with_capacity(anchors.len());
        for anchor in anchors {
            hashes.extend_from_slice(&sha256(anchor));
            certificates.push(Certificate::parse(anchor)?);
            let der = CertificateDer::from(anchor.as_slice());
            let parsed = webpki::anchor_from_trusted_cert(&der)
                .map_err(|_| X509Error::Malformed("an anchor can't be used as one"))?;
            trust.push(parsed.to_owned());
        }
        Ok(Self { certificates, trust, digest: sha256(&hashes) })
    }

    /// The anchors, in the order in which they were given.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The certificates' hash: the identity of the set.
    pub(super) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Whether the certificate is one of the anchors, or another certificate of the same name and key.
    pub(super) fn contain(&self, certificate: &Certificate) -> bool {
        self.certificates
            .iter()
            .any(|anchor| anchor.subject == certificate.subject && anchor.key == certificate.key)
    }

    /// The number of the anchor that is this certificate, byte by byte.
    pub(super) fn position(&self, der: &[u8]) -> Option<usize> {
        self.certificates.iter().position(|anchor| anchor.der == der)
    }

    /// Whether the anchor may end a path at `now` that has `intermediates` CAs between it and the leaf.
    ///
    /// RFC 5280 §6.1 leaves the anchor's own constraints to us: they are kept.
    pub(super) fn check(
        &self,
        anchor: &TrustAnchor<'_>,
        intermediates: usize,
        now: UnixTime,
    ) -> Result<(), webpki::Error> {
        let certificate = self.index_of(anchor).and_then(|index| self.certificates.get(index));
        let certificate = certificate.ok_or(webpki::Error::UnknownIssuer)?;
        if !certificate.valid_at(now) {
            return Err(webpki::Error::InvalidCertValidity);
        }
        if !certificate.is_ca || certificate.key_usage.is_some_and(|usage| !usage.key_cert_sign) {
            return Err(webpki::Error::EndEntityUsedAsCa);
        }
        if certificate.path_length.is_some_and(|allowed| intermediates > usize::from(allowed)) {
            return Err(webpki::Error::PathLenConstraintViolated);
        }
        Ok(())
    }

    /// The number of an anchor that a path has ended at.
    pub(super) fn index_of(&self, anchor: &TrustAnchor<'_>) -> Option<usize> {
        self.trust.iter().position(|own| std::ptr::eq(own, anchor))
    }
}
