//! Certificate revocation lists (RFC 5280 §5): parsed, verified once, asked often.

use std::collections::HashMap;

use credenza_core::UnixTime;
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier};
use der::{Decode as _, Encode as _};
use x509_cert::crl::TbsCertList;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::AuthorityKeyIdentifier;
use x509_cert::ext::pkix::crl::IssuingDistributionPoint;

use super::path::ValidPath;
use super::{Certificate, X509Error};
use crate::hash::sha256;
use crate::jwt::LEEWAY;

/// No list is longer, in bytes of DER.
pub const MAX_CRL: usize = 8 * 1024 * 1024;

const AUTHORITY_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
const DELTA: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.27");
const ISSUING_POINT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");

/// Why a list was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CrlError {
    /// Not DER, or not a list.
    #[error("not a certificate revocation list: {0}")]
    Malformed(&'static str),
    /// A list of a kind that is not supported, which must not be mistaken for a complete one.
    #[error("a revocation list that says less than it seems to: {0}")]
    Unsupported(&'static str),
    /// Not this issuer's.
    #[error("not a revocation list of this issuer: {0}")]
    Issuer(&'static str),
    /// The signature does not verify.
    #[error("the signature of the revocation list does not verify")]
    Signature,
}

/// What a missing or outdated list means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RevocationPolicy {
    /// That the certificate can't be trusted.
    #[default]
    Required,
    /// That nothing is known against the certificate.
    WhenKnown,
}

/// A complete list of one issuer, whose signature was verified.
#[derive(Debug, Clone)]
pub struct Crl {
    /// When it was issued.
    pub this_update: UnixTime,
    /// When the next one is due.
    pub next_update: UnixTime,
    /// Serial numbers, and since when.
    revoked: HashMap<Vec<u8>, UnixTime>,
    /// It speaks of certificates that are not CAs' alone, or of CAs' alone.
    scope: Scope,
}

/// What a list says of itself, to look at: nothing is verified, so nothing may be decided by it. See [`Crl::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlSummary {
    /// Whose list it says it is, as RFC 4514 text.
    pub issuer: String,
    /// When it was issued.
    pub this_update: UnixTime,
    /// When the next one is due.
    pub next_update: Option<UnixTime>,
    /// Serial numbers, and since when they are revoked.
    pub revoked: Vec<(Vec<u8>, UnixTime)>,
}

impl CrlSummary {
    /// Reads a list (DER) of any kind.
    ///
    /// # Errors
    /// [`CrlError::Malformed`].
    pub fn read(bytes: &[u8]) -> Result<Self, CrlError> {
        const MALFORMED: CrlError = CrlError::Malformed("not the DER of one");
        if bytes.len() > MAX_CRL {
            return Err(CrlError::Malformed("longer than a list may be"));
        }
        let parts = Vec::<AnyRef<'_>>::from_der(bytes).map_err(|_| MALFORMED)?;
        let [signed, _, _] = parts.as_slice() else { return Err(MALFORMED) };
        let signed = signed.to_der().map_err(|_| MALFORMED)?;
        let list: TbsCertList = TbsCertList::from_der(&signed).map_err(|_| MALFORMED)?;
        let revoked = list.revoked_certificates.unwrap_or_default();
        let revoked = revoked.into_iter().map(|entry| {
            (entry.serial_number.as_bytes().to_vec(), super::parse::time(entry.revocation_date))
        });
        Ok(Self {
            issuer: list.issuer.to_string(),
            this_update: super::parse::time(list.this_update),
            next_update: list.next_update.map(super::parse::time),
            revoked: revoked.collect(),
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    All,
    Leaves,
    Authorities,
}

impl Crl {
    /// Reads a list (DER) and verifies that it is this issuer's.
    ///
    /// # Errors
    /// See [`CrlError`]. Deltas, indirect lists and lists of some reasons are refused, and so is what is critical and
    /// not known.
    pub fn verify(bytes: &[u8], issuer: &Certificate) -> Result<Self, CrlError> {
        const MALFORMED: CrlError = CrlError::Malformed("not the DER of one");
        if bytes.len() > MAX_CRL {
            return Err(CrlError::Malformed("longer than a list may be"));
        }
        let parts = Vec::<AnyRef<'_>>::from_der(bytes).map_err(|_| MALFORMED)?;
        let [signed, algorithm, signature] = parts.as_slice() else { return Err(MALFORMED) };
        let signed = signed.to_der().map_err(|_| MALFORMED)?;
        let list = TbsCertList::from_der(&signed).map_err(|_| MALFORMED)?;
        let inner = list.signature.to_der().map_err(|_| MALFORMED)?;
        if algorithm.to_der().map_err(|_| MALFORMED)? != inner {
            return Err(CrlError::Malformed("two different algorithms"));
        }
        check_issuer(&list, issuer)?;
        let signature: BitStringRef<'_> = signature.decode_as().map_err(|_| MALFORMED)?;
        let signature = signature.as_bytes().ok_or(MALFORMED)?;
        verify_signature(issuer, algorithm.value(), &signed, signature)?;

        let scope = scope(list.crl_extensions.as_deref().unwrap_or_default())?;
        let next_update = list.next_update.ok_or(CrlError::Malformed("no nextUpdate"))?;
        let mut revoked = HashMap::new();
        for entry in list.revoked_certificates.unwrap_or_default() {
            // Whose certificate it is, in an indirect list, would be said by a critical extension.
            if entry.crl_entry_extensions.iter().flatten().any(|extension| extension.critical) {
                return Err(CrlError::Unsupported("a critical extension of an entry"));
            }
            revoked
                .insert(entry.serial_number.as_bytes().to_vec(), super::parse::time(entry.revocation_date));
        }
        Ok(Self {
            this_update: super::parse::time(list.this_update),
            next_update: super::parse::time(next_update),
            revoked,
            scope,
        })
    }

    /// Whether the list can be relied on at the time.
    #[must_use]
    pub fn is_current(&self, now: UnixTime) -> bool {
        self.this_update <= now + LEEWAY && now < self.next_update
    }

    /// Since when a certificate of the same issuer is revoked, if it is; `None` as well when the list does not speak of
    /// certificates of its kind: see [`covers`](Self::covers).
    #[must_use]
    pub fn revoked_since(&self, certificate: &Certificate) -> Option<UnixTime> {
        self.revoked.get(&certificate.serial).copied()
    }

    /// Whether the list speaks of certificates of this kind.
    #[must_use]
    pub fn covers(&self, certificate: &Certificate) -> bool {
        match self.scope {
            Scope::All => true,
            Scope::Leaves => !certificate.is_ca,
            Scope::Authorities => certificate.is_ca,
        }
    }

    /// How many certificates are revoked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.revoked.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.revoked.is_empty()
    }
}

/// Lists by their issuers.
#[derive(Debug, Clone, Default)]
pub struct RevocationLists {
    lists: HashMap<[u8; 32], Crl>,
}

impl RevocationLists {
    /// Verifies a list of this issuer and puts it in the place of the one before, unless that is newer.
    ///
    /// # Errors
    /// See [`CrlError`]. The one before stays.
    pub fn add(&mut self, bytes: &[u8], issuer: &Certificate) -> Result<&Crl, CrlError> {
        let new = Crl::verify(bytes, issuer)?;
        let name = sha256(&issuer.der);
        let newer_is_there = self.lists.get(&name).is_some_and(|old| old.this_update > new.this_update);
        if newer_is_there {
            return Err(CrlError::Issuer("older than the list that is there"));
        }
        Ok(self.lists.entry(name).insert_entry(new).into_mut())
    }

    /// The list of an issuer.
    #[must_use]
    pub fn of(&self, issuer: &Certificate) -> Option<&Crl> {
        self.lists.get(&sha256(&issuer.der))
    }

    /// Makes sure that no certificate of a path is revoked; the anchor is trusted because somebody said so, and is not
    /// looked at.
    ///
    /// # Errors
    /// [`X509Error::Revoked`], and [`X509Error::RevocationUnknown`] as the policy says.
    pub fn check(
        &self,
        path: &ValidPath,
        anchor: &Certificate,
        now: UnixTime,
        policy: RevocationPolicy,
    ) -> Result<(), X509Error> {
        for (certificate, issuer) in path.links(anchor) {
            let list = self.of(issuer).filter(|list| list.is_current(now) && list.covers(certificate));
            match list {
                Some(list) if list.revoked_since(certificate).is_some() => return Err(X509Error::Revoked),
                None if policy == RevocationPolicy::Required => return Err(X509Error::RevocationUnknown),
                _ => {}
            }
        }
        Ok(())
    }
}

fn check_issuer(list: &TbsCertList, issuer: &Certificate) -> Result<(), CrlError> {
    let certificate = x509_cert::Certificate::from_der(&issuer.der)
        .map_err(|_| CrlError::Issuer("its certificate can't be read"))?;
    if list.issuer != *certificate.tbs_certificate().subject() {
        return Err(CrlError::Issuer("another name"));
    }
    if !issuer.is_ca || issuer.key_usage.is_some_and(|usage| !usage.crl_sign) {
        return Err(CrlError::Issuer("it may not sign revocation lists"));
    }
    let extensions = list.crl_extensions.as_deref().unwrap_or_default();
    let key_id = extensions
        .iter()
        .find(|extension| extension.extn_id == AUTHORITY_KEY_ID)
        .and_then(|extension| AuthorityKeyIdentifier::from_der(extension.extn_value.as_bytes()).ok())
        .and_then(|id| id.key_identifier);
    match (&key_id, &issuer.subject_key_id) {
        (Some(said), Some(own)) if said.as_bytes() != own => Err(CrlError::Issuer("another key")),
        _ => Ok(()),
    }
}

fn scope(extensions: &[Extension]) -> Result<Scope, CrlError> {
    let mut scope = Scope::All;
    for extension in extensions {
        match extension.extn_id {
            DELTA => return Err(CrlError::Unsupported("a delta")),
            ISSUING_POINT => {
                let point = IssuingDistributionPoint::from_der(extension.extn_value.as_bytes())
                    .map_err(|_| CrlError::Malformed("an issuing distribution point"))?;
                if point.indirect_crl
                    || point.only_some_reasons.is_some()
                    || point.only_contains_attribute_certs
                {
                    return Err(CrlError::Unsupported("indirect, or of some reasons or kinds alone"));
                }
                scope = match (point.only_contains_user_certs, point.only_contains_ca_certs) {
                    (false, false) => Scope::All,
                    (true, false) => Scope::Leaves,
                    (false, true) => Scope::Authorities,
                    (true, true) => return Err(CrlError::Malformed("an issuing distribution point")),
                };
            }
            _ if extension.critical => return Err(CrlError::Unsupported("a critical extension")),
            _ => {}
        }
    }
    Ok(scope)
}

/// By the algorithms that certificates are verified with.
fn verify_signature(
    issuer: &Certificate,
    algorithm: &[u8],
    signed: &[u8],
    signature: &[u8],
) -> Result<(), CrlError> {
    let certificate =
        x509_cert::Certificate::from_der(&issuer.der).map_err(|_| CrlError::Issuer("unreadable"))?;
    let info = certificate.tbs_certificate().subject_public_key_info();
    let key_algorithm = info.algorithm.to_der().map_err(|_| CrlError::Signature)?;
    let key_algorithm = AnyRef::from_der(&key_algorithm).map_err(|_| CrlError::Signature)?;
    let key = info.subject_public_key.as_bytes().ok_or(CrlError::Signature)?;
    webpki::ALL_VERIFICATION_ALGS
        .iter()
        .filter(|known| known.signature_alg_id().as_ref() == algorithm)
        .filter(|known| known.public_key_alg_id().as_ref() == key_algorithm.value())
        .any(|known| known.verify_signature(key, signed, signature).is_ok())
        .then_some(())
        .ok_or(CrlError::Signature)
}
