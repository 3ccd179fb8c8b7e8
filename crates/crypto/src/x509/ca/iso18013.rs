//! Certificates as ISO/IEC 18013-5 Annex B wants them: the root of an issuing authority, and its signers.

use std::time::Duration;

use credenza_core::{Random, UnixTime};
use rcgen::{CertificateParams, CrlDistributionPoint, CustomExtension};

use der::Encode as _;
use der::asn1::{Ia5String, ObjectIdentifier};
use x509_cert::ext::pkix::ExtendedKeyUsage;
use x509_cert::ext::pkix::name::GeneralName;

use super::keys::CertifiedKey;
use super::{CaError, CertificateAuthority, LeafProfile, Subject, ca_parameters, distinguished_name};
use crate::SoftwareSigner;
use crate::x509::profile::{DOCUMENT_SIGNER, READER};

const ISSUER_ALT_NAME: [u64; 4] = [2, 5, 29, 18];
const EXTENDED_KEY_USAGE: [u64; 4] = [2, 5, 29, 37];

/// Where an issuing authority can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// A page, or `mailto:` and an address, for people (issuerAltName).
    pub contact: String,
    /// Where its revocation list is.
    pub crl_url: String,
}

impl CertificateAuthority {
    /// The root of an issuing authority (IACA), or of readers: it certifies signers and no other CAs.
    ///
    /// # Errors
    /// [`CaError::Name`] also when the subject has no country; [`CaError::Key`].
    pub fn iaca(
        signer: SoftwareSigner,
        subject: impl Into<Subject>,
        publication: &Publication,
        now: UnixTime,
        valid_for: Duration,
        random: &dyn Random,
    ) -> Result<Self, CaError> {
        let subject = subject.into();
        if subject.country.is_none() {
            return Err(CaError::Name);
        }
        let key = CertifiedKey::new(&signer.public_key())?;
        let validity = (now, now + valid_for);
        let mut parameters = ca_parameters(distinguished_name(&subject)?, &key, validity, Some(0), random);
        publish(&mut parameters, publication)?;
        Self::self_signed(signer, &parameters)
    }
}

impl LeafProfile {
    /// A signer of mobile documents: at most 457 days.
    #[must_use]
    pub fn document_signer(
        subject: impl Into<Subject>,
        publication: Publication,
        not_before: UnixTime,
        valid_for: Duration,
    ) -> Self {
        Self::of_iso18013(subject, publication, Some(DOCUMENT_SIGNER), not_before, valid_for)
    }

    /// A reader of mobile documents: at most 1187 days.
    #[must_use]
    pub fn reader(
        subject: impl Into<Subject>,
        publication: Publication,
        not_before: UnixTime,
        valid_for: Duration,
    ) -> Self {
        Self::of_iso18013(subject, publication, Some(READER), not_before, valid_for)
    }

    /// A signer of status lists. No purpose is written: the one of Token Status List §10 has no number yet.
    #[must_use]
    pub fn status_signer(
        subject: impl Into<Subject>,
        publication: Publication,
        not_before: UnixTime,
        valid_for: Duration,
    ) -> Self {
        Self::of_iso18013(subject, publication, None, not_before, valid_for)
    }

    fn of_iso18013(
        subject: impl Into<Subject>,
        publication: Publication,
        purpose: Option<&str>,
        not_before: UnixTime,
        valid_for: Duration,
    ) -> Self {
        Self {
            critical_purpose: purpose.map(str::to_owned),
            publication: Some(publication),
            ..Self::new(subject, not_before, valid_for)
        }
    }
}

/// Writes where the issuer can be reached.
pub(super) fn publish(parameters: &mut CertificateParams, publication: &Publication) -> Result<(), CaError> {
    let text = |text: &str| Ia5String::new(text).map_err(|_| CaError::Name);
    let contact = match publication.contact.strip_prefix("mailto:") {
        Some(address) => GeneralName::Rfc822Name(text(address)?),
        None => GeneralName::UniformResourceIdentifier(text(&publication.contact)?),
    };
    text(&publication.crl_url)?;
    let names = vec![contact].to_der().map_err(|_| CaError::Name)?;
    parameters.custom_extensions.push(CustomExtension::from_oid_content(&ISSUER_ALT_NAME, names));
    parameters.crl_distribution_points.push(CrlDistributionPoint { uris: vec![publication.crl_url.clone()] });
    Ok(())
}

/// Writes the only purpose of a key, which whoever does not know it has to refuse.
pub(super) fn restrict(parameters: &mut CertificateParams, purpose: &str) -> Result<(), CaError> {
    let purpose = ObjectIdentifier::new(purpose).map_err(|_| CaError::Name)?;
    let content = ExtendedKeyUsage(vec![purpose]).to_der().map_err(|_| CaError::Name)?;
    let mut extension = CustomExtension::from_oid_content(&EXTENDED_KEY_USAGE, content);
    extension.set_criticality(true);
    parameters.custom_extensions.push(extension);
    Ok(())
}
