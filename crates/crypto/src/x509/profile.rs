//! The certificate profiles of ISO/IEC 18013-5 Annex B, as named checks.
//!
//! Path validation says whether a chain holds; this says whether its certificates are made as the standard wants them.
//! Real certificates often are not: whoever does not want to refuse those takes the findings as warnings.

use std::time::Duration;

use credenza_core::{Report, Rule};
use der::asn1::ObjectIdentifier;
use der::oid::AssociatedOid;
use der::{Decode, Encode as _};
use x509_cert::TbsCertificate;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::{GeneralName, GeneralNames};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage as PkixKeyUsage};
use x509_cert::name::Name;

use super::Certificate;

/// Extended key usage of signers of mobile driving licences.
pub const DOCUMENT_SIGNER: &str = "1.0.18013.5.1.2";

/// Extended key usage of readers.
pub const READER: &str = "1.0.18013.5.1.6";

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Twenty years, five leap days included.
const IACA_LIFETIME: Duration = DAY.saturating_mul(20 * 365 + 5);
const DOCUMENT_SIGNER_LIFETIME: Duration = DAY.saturating_mul(457);
const READER_LIFETIME: Duration = DAY.saturating_mul(1187);

/// Bytes that 63 random bits need.
const SERIAL_LENGTHS: std::ops::RangeInclusive<usize> = 8..=20;

const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
const STATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.8");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ISSUER_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.18");

/// ECDSA with SHA-256, SHA-384 and SHA-512; Ed25519.
const SIGNATURES: [ObjectIdentifier; 4] = [
    ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"),
    ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3"),
    ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4"),
    ObjectIdentifier::new_unwrap("1.3.101.112"),
];

/// Policy mappings, name constraints, policy constraints, inhibit any-policy, freshest CRL.
const FORBIDDEN: [&str; 5] = ["2.5.29.33", "2.5.29.30", "2.5.29.36", "2.5.29.54", "2.5.29.46"];

/// The extensions that may be critical: basic constraints, key usage, extended key usage.
const KNOWN_CRITICAL: [&str; 3] = ["2.5.29.19", "2.5.29.15", "2.5.29.37"];

/// Serial number.
pub const SERIAL: Rule = Rule::new(
    "x509.profile.serial",
    "ISO/IEC 18013-5 Annex B",
    "The certificate's serial number is positive, of at most 20 bytes, and can't be guessed.",
);

/// Names.
pub const NAMES: Rule = Rule::new(
    "x509.profile.names",
    "ISO/IEC 18013-5 Annex B",
    "The certificate names country and subject, and fits the names of its issuer.",
);

/// Basic constraints.
pub const BASIC_CONSTRAINTS: Rule = Rule::new(
    "x509.profile.basic-constraints",
    "ISO/IEC 18013-5 Annex B",
    "An authority's root certifies signers and no other authorities; a signer certifies nobody.",
);

/// Key usage.
pub const KEY_USAGE: Rule = Rule::new(
    "x509.profile.key-usage",
    "ISO/IEC 18013-5 Annex B",
    "The certificate restricts the key to exactly what it is for.",
);

/// Extended key usage.
pub const EXTENDED_KEY_USAGE: Rule = Rule::new(
    "x509.profile.extended-key-usage",
    "ISO/IEC 18013-5 Annex B",
    "The certificate says that it is for this purpose, and that whoever does not know the purpose has to refuse it.",
);

/// Key identifiers.
pub const KEY_IDS: Rule = Rule::new(
    "x509.profile.key-identifiers",
    "ISO/IEC 18013-5 Annex B",
    "The certificate identifies its key, and the key of its issuer.",
);

/// Issuer's contact.
pub const CONTACT: Rule = Rule::new(
    "x509.profile.issuer-alt-name",
    "ISO/IEC 18013-5 Annex B",
    "The certificate says by mail address or page how to reach its issuer.",
);

/// Revocation.
pub const REVOCATION: Rule = Rule::new(
    "x509.profile.crl-distribution-point",
    "ISO/IEC 18013-5 Annex B",
    "The certificate says where the list of revoked certificates is.",
);

/// Validity.
pub const VALIDITY: Rule = Rule::new(
    "x509.profile.validity",
    "ISO/IEC 18013-5 Annex B",
    "The certificate does not live longer than its kind may, or than its issuer.",
);

/// Algorithm.
pub const SIGNATURE: Rule = Rule::new(
    "x509.profile.signature",
    "ISO/IEC 18013-5 Annex B",
    "The certificate was signed with an algorithm that the standard allows.",
);

/// Other extensions.
pub const EXTENSIONS: Rule = Rule::new(
    "x509.profile.extensions",
    "ISO/IEC 18013-5 Annex B; RFC 5280 §4.2",
    "The certificate has no extension that is forbidden, and no critical one that is unknown.",
);

/// All of them.
pub const ALL: [&Rule; 11] = [
    &SERIAL,
    &NAMES,
    &BASIC_CONSTRAINTS,
    &KEY_USAGE,
    &EXTENDED_KEY_USAGE,
    &KEY_IDS,
    &CONTACT,
    &REVOCATION,
    &VALIDITY,
    &SIGNATURE,
    &EXTENSIONS,
];

/// A kind of certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateProfile {
    /// The root of an issuing authority (IACA).
    Root,
    /// A signer of mobile documents.
    DocumentSigner,
    /// A reader, which signs its requests.
    Reader,
    /// A signer of status lists.
    StatusSigner,
}

impl CertificateProfile {
    const fn purpose(self) -> Option<&'static str> {
        match self {
            Self::DocumentSigner => Some(DOCUMENT_SIGNER),
            Self::Reader => Some(READER),
            Self::Root | Self::StatusSigner => None,
        }
    }

    const fn lifetime(self) -> Duration {
        match self {
            Self::Root => IACA_LIFETIME,
            Self::DocumentSigner | Self::StatusSigner => DOCUMENT_SIGNER_LIFETIME,
            Self::Reader => READER_LIFETIME,
        }
    }
}

/// Checks a certificate against its profile; `issuer` is the certificate of who issued it, which for a root is itself.
/// Signatures are not verified here.
pub fn check(
    profile: CertificateProfile,
    certificate: &Certificate,
    issuer: &Certificate,
    report: &mut Report,
) {
    let parse = |certificate: &Certificate| x509_cert::Certificate::from_der(&certificate.der);
    let (Ok(parsed), Ok(of_issuer)) = (parse(certificate), parse(issuer)) else {
        report.fail(&EXTENSIONS, "not the DER of a certificate");
        return;
    };
    let checked = Checked {
        profile,
        certificate,
        issuer,
        own: parsed.tbs_certificate(),
        above: of_issuer.tbs_certificate(),
    };
    let serial = certificate.serial.as_slice();
    let positive =
        serial.first().is_some_and(|first| first & 0x80 == 0) && serial.iter().any(|byte| *byte != 0);
    report.check(&SERIAL, positive && SERIAL_LENGTHS.contains(&serial.len()), || {
        format!("{} bytes{}", serial.len(), if positive { "" } else { ", not positive" })
    });
    finding(report, &NAMES, checked.names());
    finding(report, &BASIC_CONSTRAINTS, checked.basic_constraints());
    finding(report, &KEY_USAGE, checked.key_usage());
    match profile.purpose() {
        Some(purpose) => finding(report, &EXTENDED_KEY_USAGE, checked.purpose(purpose)),
        None => report.skip(&EXTENDED_KEY_USAGE, "none is prescribed for this kind of certificate"),
    }
    finding(report, &KEY_IDS, checked.key_ids());
    report.check(&CONTACT, checked.has_contact(), || "none");
    report.check(&REVOCATION, !certificate.crl_urls.is_empty(), || "none that is a URL");
    finding(report, &VALIDITY, checked.validity());
    let algorithm = parsed.signature_algorithm().oid;
    report.check(&SIGNATURE, SIGNATURES.contains(&algorithm), || algorithm.to_string());
    finding(report, &EXTENSIONS, checked.extensions());
}

fn finding(report: &mut Report, rule: &'static Rule, found: Result<(), String>) {
    match found {
        Ok(()) => report.pass(rule),
        Err(evidence) => report.fail(rule, evidence),
    }
}

struct Checked<'a> {
    profile: CertificateProfile,
    certificate: &'a Certificate,
    issuer: &'a Certificate,
    own: &'a TbsCertificate,
    above: &'a TbsCertificate,
}

impl Checked<'_> {
    fn extension<'t, T: Decode<'t> + AssociatedOid>(&'t self) -> Option<(bool, T)> {
        self.own.get_extension().ok().flatten()
    }

    fn names(&self) -> Result<(), String> {
        let subject = self.own.subject();
        let encoded = |name: &Name| name.to_der().unwrap_or_default();
        if encoded(self.own.issuer()) != encoded(self.above.subject()) {
            return Err("the issuer's name is not byte by byte the subject of its certificate".to_owned());
        }
        let country = attribute(subject, COUNTRY).ok_or("no countryName")?;
        if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err("countryName is not two capital letters".to_owned());
        }
        if attribute(subject, COMMON_NAME).is_none_or(|name| name.is_empty()) {
            return Err("no commonName".to_owned());
        }
        if matches!(self.profile, CertificateProfile::Reader) {
            return Ok(());
        }
        let above = self.above.subject();
        if attribute(above, COUNTRY).is_some_and(|above| above != country) {
            return Err("another countryName than its issuer's".to_owned());
        }
        if attribute(above, STATE).is_some_and(|above| attribute(subject, STATE) != Some(above)) {
            return Err("another stateOrProvinceName than its issuer's".to_owned());
        }
        Ok(())
    }

    fn basic_constraints(&self) -> Result<(), String> {
        let constraints = self.extension::<BasicConstraints>();
        match (self.profile, constraints) {
            (
                CertificateProfile::Root,
                Some((true, BasicConstraints { ca: true, path_len_constraint: Some(0) })),
            ) => Ok(()),
            (CertificateProfile::Root, _) => Err("not critical, a CA, and of path length 0".to_owned()),
            (_, None | Some((_, BasicConstraints { ca: false, .. }))) => Ok(()),
            (_, Some(_)) => Err("a signer that is a CA".to_owned()),
        }
    }

    fn key_usage(&self) -> Result<(), String> {
        let (critical, PkixKeyUsage(usage)) = self.extension::<PkixKeyUsage>().ok_or("none")?;
        let wanted = if self.profile == CertificateProfile::Root {
            x509_cert::ext::pkix::KeyUsages::KeyCertSign | x509_cert::ext::pkix::KeyUsages::CRLSign
        } else {
            x509_cert::ext::pkix::KeyUsages::DigitalSignature.into()
        };
        if usage != wanted {
            return Err("another usage, or one more".to_owned());
        }
        if critical { Ok(()) } else { Err("not critical".to_owned()) }
    }

    fn purpose(&self, purpose: &str) -> Result<(), String> {
        let (critical, ExtendedKeyUsage(usages)) = self.extension::<ExtendedKeyUsage>().ok_or("none")?;
        if !usages.iter().any(|usage| usage.to_string() == purpose) {
            return Err("another purpose".to_owned());
        }
        if critical { Ok(()) } else { Err("not critical".to_owned()) }
    }

    fn key_ids(&self) -> Result<(), String> {
        let own = self.certificate.subject_key_id.as_ref().ok_or("no subjectKeyIdentifier")?;
        let above = match self.profile {
            CertificateProfile::Root => self.certificate.authority_key_id.as_ref().unwrap_or(own),
            _ => self.certificate.authority_key_id.as_ref().ok_or("no authorityKeyIdentifier")?,
        };
        let same = self.issuer.subject_key_id.as_ref() == Some(above);
        if same {
            Ok(())
        } else {
            Err("authorityKeyIdentifier is another key's than the issuer's".to_owned())
        }
    }

    fn has_contact(&self) -> bool {
        let names = self.all_extensions().find(|extension| extension.extn_id == ISSUER_ALT_NAME);
        names.and_then(|names| GeneralNames::from_der(names.extn_value.as_bytes()).ok()).is_some_and(
            |names| {
                names.iter().any(|name| {
                    matches!(name, GeneralName::Rfc822Name(_) | GeneralName::UniformResourceIdentifier(_))
                })
            },
        )
    }

    fn validity(&self) -> Result<(), String> {
        let lifetime = self.certificate.not_after.since(self.certificate.not_before);
        if lifetime > self.profile.lifetime() {
            return Err(format!("{} days", lifetime.as_secs() / DAY.as_secs()));
        }
        let outlives = self.certificate.not_after > self.issuer.not_after;
        if outlives { Err("longer than its issuer's".to_owned()) } else { Ok(()) }
    }

    fn extensions(&self) -> Result<(), String> {
        for extension in self.all_extensions() {
            let id = extension.extn_id.to_string();
            if FORBIDDEN.contains(&id.as_str()) {
                return Err(format!("{id} is forbidden"));
            }
            if extension.critical && !KNOWN_CRITICAL.contains(&id.as_str()) {
                return Err(format!("{id} is critical and unknown"));
            }
        }
        Ok(())
    }

    fn all_extensions(&self) -> impl Iterator<Item = &Extension> {
        self.own.extensions().into_iter().flatten()
    }
}

/// The text of a name's attribute, when it is one and the only one.
fn attribute(name: &Name, oid: ObjectIdentifier) -> Option<String> {
    let mut found = name.iter().filter(|attribute| attribute.oid == oid);
    let only = found.next().filter(|_| found.next().is_none())?;
    String::from_utf8(only.value.value().to_vec()).ok()
}
