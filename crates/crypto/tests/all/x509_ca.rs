//! The certification authority: what it issues, and what it does not.

use credenza_core::SeededRandom;
use credenza_crypto::x509::{
    Anchors, CaError, CertificateAuthority, LeafProfile, PathPolicy, Subject, pem_to_der_chain, validate_path,
};
use credenza_crypto::{Algorithm, Certificate, Curve, PublicKey, SoftwareSigner};

use crate::support::{NOW, SIGNING, signer};
use crate::x509_path::{DAY, leaf, pki};

const HAIP: PathPolicy<'_> =
    PathPolicy { extended_key_usage: Some("1.0.18013.5.1.2"), anchor_must_be_absent: true };

#[test]
fn a_leaf_says_what_its_profile_says() {
    let random = SeededRandom::new(3);
    let ca = CertificateAuthority::generate("root", NOW, DAY * 90, &random).unwrap();
    let subject = Subject {
        common_name: "Credenza demo, issuer".to_owned(),
        organization: Some("D\u{f6}mo".to_owned()),
        country: Some("UT".to_owned()),
        state: None,
    };
    let profile = LeafProfile::new(subject, NOW, DAY)
        .dns_name("issuer.example")
        .uri("https://issuer.example/tenant")
        .purpose("1.0.18013.5.1.2");
    let key = signer(Algorithm::Es256).public_key();
    let leaf = Certificate::parse(&ca.issue(&key, &profile, &random).unwrap()).unwrap();
    assert_eq!(leaf.key, key);
    assert_eq!(leaf.issuer, "CN=root");
    assert!(
        leaf.subject.contains("Credenza demo\\, issuer") && leaf.subject.contains("C=UT"),
        "{}",
        leaf.subject
    );
    assert_eq!((leaf.not_before, leaf.not_after), (NOW, NOW + DAY));
    assert_eq!(leaf.dns_names, ["issuer.example"]);
    assert_eq!(leaf.uris, ["https://issuer.example/tenant"]);
    assert_eq!(leaf.extended_key_usage, ["1.0.18013.5.1.2"]);
    assert!(
        !leaf.is_ca && leaf.key_usage.unwrap().digital_signature && !leaf.key_usage.unwrap().key_cert_sign
    );
    assert_eq!(leaf.authority_key_id, ca.parsed().subject_key_id);
}

#[test]
fn all_kinds_of_keys() {
    let random = SeededRandom::new(3);
    for algorithm in SIGNING {
        let root = CertificateAuthority::root(signer(algorithm), "root", NOW, DAY * 90, &random);
        if algorithm == Algorithm::Es256K {
            assert_eq!(root.unwrap_err(), CaError::Key);
            continue;
        }
        let root = root.unwrap();
        let anchors = Anchors::new(&[root.certificate().to_vec()]).unwrap();
        for of_leaf in SIGNING {
            let key = signer(of_leaf).public_key();
            match root.issue_chain(&key, &leaf(), &random) {
                Ok(chain) => assert_eq!(validate_path(&chain, &anchors, NOW, HAIP).unwrap().leaf.key, key),
                Err(error) => assert_eq!((error, of_leaf), (CaError::Key, Algorithm::Es256K)),
            }
        }
    }
    let exchange = PublicKey::from_okp(Curve::X25519, &[9; 32]).unwrap();
    assert_eq!(pki(1).root.issue(&exchange, &leaf(), &random), Err(CaError::Key));
}

#[test]
fn what_is_not_issued() {
    let random = SeededRandom::new(3);
    let pki = pki(1);
    let key = signer(Algorithm::Es256).public_key();
    let issue = |profile: LeafProfile| pki.below.issue(&key, &profile, &random);
    assert_eq!(issue(LeafProfile::new("x", NOW, DAY * 366)), Err(CaError::Validity));
    assert_eq!(issue(LeafProfile::new("x", NOW - DAY * 2, DAY)), Err(CaError::Validity));
    let backwards = LeafProfile { not_after: NOW - DAY, ..LeafProfile::new("x", NOW, DAY) };
    assert_eq!(issue(backwards), Err(CaError::Validity));
    assert_eq!(issue(leaf().dns_name("b\u{fc}cher.example")), Err(CaError::Name));
    assert_eq!(issue(leaf().uri("https://b\u{fc}cher.example")), Err(CaError::Name));
    assert_eq!(issue(leaf().purpose("not an oid")), Err(CaError::Name));
    assert!(pki.root.intermediate("x", NOW, DAY * 9_000, &random).is_err());
}

#[test]
fn a_ca_is_stored_and_taken_up_again() {
    let random = SeededRandom::new(3);
    let pki = pki(1);
    let again = |ca: &CertificateAuthority| {
        let signer = SoftwareSigner::from_private_jwk(ca.to_private_jwk().expose()).unwrap();
        let certificate = pem_to_der_chain(&ca.to_pem()).unwrap().remove(0);
        CertificateAuthority::restore(&certificate, &[], signer).unwrap()
    };
    let key = signer(Algorithm::Es256).public_key();
    let anchors = Anchors::new(&[pki.root.certificate().to_vec()]).unwrap();
    for ca in [again(&pki.root), again(&pki.below)] {
        let chain = ca.issue_chain(&key, &leaf(), &random).unwrap();
        validate_path(&chain, &anchors, NOW, HAIP).unwrap();
    }
    let other = signer(Algorithm::Es256);
    let wrong = CertificateAuthority::restore(pki.root.certificate(), &[], other);
    assert!(matches!(wrong, Err(CaError::Certificate(_))));
    let owner = signer(Algorithm::Es256);
    assert!(matches!(CertificateAuthority::restore(&pki.chain[0], &[], owner), Err(CaError::Certificate(_))));
    let debug = format!("{:?}", pki.root);
    assert_eq!(debug, "CertificateAuthority(CN=root)");
}

#[test]
fn serial_numbers_are_random() {
    let random = SeededRandom::new(3);
    let pki = pki(1);
    let key = signer(Algorithm::Es256).public_key();
    let issue = || pki.below.issue(&key, &leaf(), &random).unwrap();
    let serial = |der: Vec<u8>| {
        use der::Decode as _;
        x509_cert::Certificate::from_der(&der).unwrap().tbs_certificate().serial_number().as_bytes().to_vec()
    };
    let (one, two) = (serial(issue()), serial(issue()));
    assert_ne!(one, two);
    assert_eq!((one.len(), two.len()), (16, 16));
}
