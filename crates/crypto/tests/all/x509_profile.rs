//! The certificate profiles of ISO/IEC 18013-5 Annex B: our own certificates, and other people's.

use credenza_core::{Outcome, Report, SeededRandom};
use credenza_crypto::x509::profile::{self, CertificateProfile, check};
use credenza_crypto::x509::{
    CaError, CertificateAuthority, LeafProfile, PathPolicy, Publication, Subject, pem_to_der_chain, validate,
};
use credenza_crypto::{Algorithm, Certificate};

use crate::support::{NOW, signer};
use crate::x509_path::DAY;

fn publication() -> Publication {
    Publication {
        contact: "https://authority.example".to_owned(),
        crl_url: "https://authority.example/crl".to_owned(),
    }
}

fn subject(name: &str) -> Subject {
    Subject { country: Some("UT".to_owned()), state: Some("UT-AC".to_owned()), ..Subject::from(name) }
}

fn iaca() -> CertificateAuthority {
    let random = SeededRandom::new(5);
    let years = DAY * 20 * 365;
    CertificateAuthority::iaca(signer(Algorithm::Es256), subject("IACA"), &publication(), NOW, years, &random)
        .unwrap()
}

fn issue(ca: &CertificateAuthority, profile: &LeafProfile) -> Certificate {
    let der = ca.issue(&signer(Algorithm::Es384).public_key(), profile, &SeededRandom::new(6)).unwrap();
    Certificate::parse(&der).unwrap()
}

fn checked(profile: CertificateProfile, certificate: &Certificate, issuer: &Certificate) -> Report {
    let mut report = Report::new("certificate");
    check(profile, certificate, issuer, &mut report);
    report
}

fn failures(report: &Report) -> Vec<&'static str> {
    let failed = report.checks.iter().filter(|check| check.outcome == Outcome::Failed);
    failed.map(|check| check.rule.id).collect()
}

// Clauses: MDOC-C-B.1.2-01, MDOC-C-B.1.2-02, MDOC-C-B.1.2-03, MDOC-C-B.1.2-04, MDOC-C-B.1.2-05, MDOC-C-B.1.2-06,
// Clauses: MDOC-C-B.1.4-01, MDOC-C-B.1.4-02, MDOC-C-B.1.4-03, MDOC-C-B.1.4-04, MDOC-C-B.1.4-05, MDOC-C-B.1.4-06,
// Clauses: MDOC-C-B.1.4-07, MDOC-C-B.1.7-01, MDOC-C-B.1-02
#[test]
fn our_own_fit_their_profiles() {
    let ca = iaca();
    let root = ca.parsed();
    let report = checked(CertificateProfile::Root, root, root);
    assert!(report.ok(), "{report}");
    assert_eq!(report.checks.len(), profile::ALL.len());
    assert_eq!(root.crl_urls, ["https://authority.example/crl"]);

    let signer = issue(&ca, &LeafProfile::document_signer(subject("DS"), publication(), NOW, DAY * 457));
    let report = checked(CertificateProfile::DocumentSigner, &signer, root);
    assert!(report.ok(), "{report}");
    let chain = [signer.der.clone()];
    let policy =
        PathPolicy { extended_key_usage: Some(profile::DOCUMENT_SIGNER), anchor_must_be_absent: true };
    assert!(validate(&chain, std::slice::from_ref(&root.der), NOW, policy).is_ok());

    let mail = Publication { contact: "mailto:ca@authority.example".to_owned(), ..publication() };
    let reader = issue(&ca, &LeafProfile::reader(subject("Reader"), mail, NOW, DAY * 1187));
    assert!(checked(CertificateProfile::Reader, &reader, root).ok());
    let status = issue(&ca, &LeafProfile::status_signer(subject("Status"), publication(), NOW, DAY * 300));
    assert!(checked(CertificateProfile::StatusSigner, &status, root).ok());
    assert!(
        validate(&[status.der], std::slice::from_ref(&root.der), NOW, policy).is_err(),
        "not for documents"
    );
}

// Clauses: MDOC-C-B.1.2-02, MDOC-C-B.1.4-02, MDOC-C-B.1.4-04, MDOC-C-B.1.4-05, MDOC-C-B.1.4-06, MDOC-C-B.1.7-01
#[test]
fn each_deviation_has_its_name() {
    let ca = iaca();
    let root = ca.parsed();
    let good = || LeafProfile::document_signer(subject("DS"), publication(), NOW, DAY * 400);
    let found = |profile: &LeafProfile| {
        failures(&checked(CertificateProfile::DocumentSigner, &issue(&ca, profile), root))
    };
    assert!(found(&good()).is_empty());
    assert_eq!(found(&LeafProfile { not_after: NOW + DAY * 458, ..good() }), ["x509.profile.validity"]);
    assert_eq!(
        found(&LeafProfile { publication: None, ..good() }),
        ["x509.profile.issuer-alt-name", "x509.profile.crl-distribution-point"]
    );
    assert_eq!(found(&LeafProfile { critical_purpose: None, ..good() }), ["x509.profile.extended-key-usage"]);
    let lenient = LeafProfile { critical_purpose: None, ..good() }.purpose(profile::DOCUMENT_SIGNER);
    assert_eq!(found(&lenient), ["x509.profile.extended-key-usage"], "not critical");
    let of_reader = LeafProfile { critical_purpose: Some(profile::READER.to_owned()), ..good() };
    assert_eq!(found(&of_reader), ["x509.profile.extended-key-usage"]);
    for subject in [
        Subject { country: Some("XX".to_owned()), ..subject("DS") },
        Subject { country: Some("ut".to_owned()), ..subject("DS") },
        Subject { country: None, ..subject("DS") },
        Subject { state: None, ..subject("DS") },
        Subject { state: Some("UT-XX".to_owned()), ..subject("DS") },
        subject(""),
    ] {
        assert_eq!(found(&LeafProfile { subject, ..good() }), ["x509.profile.names"]);
    }

    // A signer is no root, a root no signer, and another root's signer not ours.
    let report = checked(CertificateProfile::Root, &issue(&ca, &good()), root);
    assert_eq!(failures(&report), ["x509.profile.basic-constraints", "x509.profile.key-usage"], "{report}");
    let report = checked(CertificateProfile::DocumentSigner, root, root);
    assert!(
        failures(&report).contains(&"x509.profile.basic-constraints")
            && failures(&report).contains(&"x509.profile.key-usage")
    );
    let plain = CertificateAuthority::generate("root", NOW, DAY * 365 * 21, &SeededRandom::new(7)).unwrap();
    let report = checked(CertificateProfile::Root, plain.parsed(), plain.parsed());
    let all = [
        "x509.profile.names",
        "x509.profile.basic-constraints",
        "x509.profile.issuer-alt-name",
        "x509.profile.crl-distribution-point",
        "x509.profile.validity",
    ];
    assert_eq!(failures(&report), all, "{report}");
    let report = checked(CertificateProfile::DocumentSigner, &issue(&ca, &good()), plain.parsed());
    assert_eq!(failures(&report), ["x509.profile.names", "x509.profile.key-identifiers"], "{report}");

    let nowhere = CertificateAuthority::iaca(
        signer(Algorithm::Es256),
        "IACA",
        &publication(),
        NOW,
        DAY,
        &SeededRandom::new(8),
    );
    assert_eq!(nowhere.unwrap_err(), CaError::Name);
}

fn vector(name: &str) -> Certificate {
    let path = format!("{}/../../tests/vectors/isomdl/pki/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    Certificate::parse(&pem_to_der_chain(&std::fs::read_to_string(path).unwrap()).unwrap()[0]).unwrap()
}

// Clauses: MDOC-C-TEST-01
#[test]
fn other_peoples_certificates() {
    let root = vector("isomdl_iaca_root_cert");
    assert!(checked(CertificateProfile::Root, &root, &root).ok());
    let of = |name: &str, profile| failures(&checked(profile, &vector(name), &root));
    let outlives = of("isomdl_iaca_signer", CertificateProfile::DocumentSigner);
    assert_eq!(outlives, ["x509.profile.validity"], "it lives longer than its root");
    let wrong = of("isomdl_incorrect_iaca_signer", CertificateProfile::DocumentSigner);
    assert_eq!(
        wrong,
        ["x509.profile.basic-constraints", "x509.profile.issuer-alt-name", "x509.profile.validity"]
    );
    let between = of("isomdl_iaca_intermediate", CertificateProfile::DocumentSigner);
    assert_eq!(
        between,
        ["x509.profile.basic-constraints", "x509.profile.issuer-alt-name", "x509.profile.validity"]
    );

    let multipaz = vector("owf_multipaz_iaca_p384");
    assert!(checked(CertificateProfile::Root, &multipaz, &multipaz).ok());
    let signer = checked(CertificateProfile::DocumentSigner, &vector("owf_multipaz_ds_p384"), &multipaz);
    assert_eq!(failures(&signer), ["x509.profile.serial"], "its serial number is negative: {signer}");

    // Its root is not among the vectors: what does not fit is that alone.
    let reader = of("reader_auth", CertificateProfile::Reader);
    assert_eq!(reader, ["x509.profile.names", "x509.profile.key-identifiers"]);
}
