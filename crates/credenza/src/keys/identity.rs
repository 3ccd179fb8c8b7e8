//! The keys of a service: authorities of its own, and the certified keys that it works with.

use std::time::Duration;

use credenza_core::{Random, UnixTime};
use credenza_crypto::x509::{CaError, CertificateAuthority, LeafProfile, Publication, Subject};
use credenza_crypto::{Algorithm, KeyError, Signer as _, SoftwareSigner};
use url::{Host, Url};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the authority's own certificate is valid.
pub const ROOT_VALIDITY: Duration = DAY.saturating_mul(10 * 365);

/// How long the certificates of issuer and verifier are valid: 15 months, so that a yearly renewal is never late.
pub const LEAF_VALIDITY: Duration = DAY.saturating_mul(456);

/// The country of the authority for mobile documents: ISO/IEC 18013-5 wants one, and a licence has to name the same as
/// its `issuing_country`. This one is the standard's own example, and nobody's.
pub const COUNTRY: &str = "UT";

/// Certificates begin a little in the past: clocks differ.
const BEFORE: Duration = Duration::from_secs(60 * 60);

/// What a service signs with.
#[derive(Debug)]
pub struct Identity {
    /// The root, to be trusted by whoever wants to trust the service.
    pub authority: CertificateAuthority,
    /// Signs credentials.
    pub issuer: SoftwareSigner,
    /// Signs requests for presentations.
    pub verifier: SoftwareSigner,
    /// The root of the authority for mobile documents (IACA): a root of its own, as ISO/IEC 18013-5 Annex B wants it.
    pub iaca: CertificateAuthority,
    /// Signs mobile documents.
    pub document_signer: SoftwareSigner,
}

/// Why there is no identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// No key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No certificate.
    #[error(transparent)]
    Certificate(#[from] CaError),
}

impl Identity {
    /// Makes an authority called `name`, and certifies keys for an issuer and a verifier that live at `url`.
    ///
    /// # Errors
    /// See [`IdentityError`].
    pub fn generate(
        name: &str,
        url: &Url,
        now: UnixTime,
        random: &dyn Random,
    ) -> Result<Self, IdentityError> {
        let start = now - BEFORE;
        let authority =
            CertificateAuthority::generate(format!("{name} Root").as_str(), start, ROOT_VALIDITY, random)?;
        let certified = |role: &str| -> Result<SoftwareSigner, IdentityError> {
            let signer = SoftwareSigner::generate(Algorithm::Es256, random)?;
            let subject: Subject = format!("{name} {role}").as_str().into();
            let mut profile =
                LeafProfile::new(subject, start, LEAF_VALIDITY).uri(url.as_str().trim_end_matches('/'));
            if let Some(Host::Domain(host)) = url.host() {
                profile = profile.dns_name(host);
            }
            let chain = authority.issue_chain(&signer.public_jwk().key, &profile, random)?;
            Ok(signer.with_x5c(chain))
        };
        let (issuer, verifier) = (certified("Issuer")?, certified("Verifier")?);
        let (iaca, document_signer) = mobile_documents(name, url, start, random)?;
        Ok(Self { authority, issuer, verifier, iaca, document_signer })
    }
}

fn mobile_documents(
    name: &str,
    url: &Url,
    start: UnixTime,
    random: &dyn Random,
) -> Result<(CertificateAuthority, SoftwareSigner), IdentityError> {
    let subject = |role: &str| Subject {
        country: Some(COUNTRY.to_owned()),
        ..Subject::from(format!("{name} {role}").as_str())
    };
    let contact = url.as_str().trim_end_matches('/').to_owned();
    let publication = Publication { crl_url: format!("{contact}/iaca.crl"), contact };
    let key = SoftwareSigner::generate(Algorithm::Es256, random)?;
    let iaca = CertificateAuthority::iaca(key, subject("IACA"), &publication, start, ROOT_VALIDITY, random)?;
    let signer = SoftwareSigner::generate(Algorithm::Es256, random)?;
    let profile = LeafProfile::document_signer(subject("Document Signer"), publication, start, LEAF_VALIDITY);
    let chain = iaca.issue_chain(&signer.public_jwk().key, &profile, random)?;
    Ok((iaca, signer.with_x5c(chain)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use credenza_core::SystemRandom;
    use credenza_crypto::x509::{self, PathPolicy};

    #[test]
    fn both_chains_lead_to_the_authority() {
        let url: Url = "https://issuer.example/tenant".parse().unwrap();
        let now = UnixTime::from_secs(1_750_000_000);
        let identity = Identity::generate("Example", &url, now, &SystemRandom).unwrap();
        let anchors = [identity.authority.certificate().to_vec()];
        for signer in [&identity.issuer, &identity.verifier] {
            let policy = PathPolicy { anchor_must_be_absent: true, ..PathPolicy::default() };
            let (leaf, _) = x509::validate(signer.x5c(), &anchors, now, policy).unwrap();
            assert_eq!(leaf.dns_names, ["issuer.example"]);
            assert_eq!(leaf.uris, ["https://issuer.example/tenant"]);
            let stored = SoftwareSigner::from_private_jwk(signer.to_private_jwk().expose()).unwrap();
            assert_eq!(stored.x5c(), signer.x5c(), "the file holds key and certificates");
        }
    }

    #[test]
    fn mobile_documents_have_certificates_as_their_standard_wants_them() {
        use credenza_crypto::x509::profile::{CertificateProfile, check};
        let url: Url = "https://issuer.example".parse().unwrap();
        let now = UnixTime::from_secs(1_750_000_000);
        let identity = Identity::generate("Example", &url, now, &SystemRandom).unwrap();
        let leaf = credenza_crypto::Certificate::parse(&identity.document_signer.x5c()[0]).unwrap();
        let iaca = identity.iaca.parsed();
        let mut report = credenza_core::Report::new("certificates");
        check(CertificateProfile::Root, iaca, iaca, &mut report);
        check(CertificateProfile::DocumentSigner, &leaf, iaca, &mut report);
        assert!(report.ok(), "{report}");
    }
}
