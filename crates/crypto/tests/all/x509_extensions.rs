//! What a certificate demands of whoever reads it, and with what it was signed.

use credenza_core::{Outcome, Report};
use credenza_crypto::x509::profile::{CertificateProfile, check as check_profile};
use credenza_crypto::x509::{Anchors, validate_path};
use credenza_crypto::{Algorithm, Certificate, Jws, PublicKey, SoftwareSigner, jws};
use rcgen::{CertificateParams, CustomExtension};

use crate::support::{NOW, signer};
use crate::x509_path::{HAIP, ca, chain_below, check, no_ca, pki};

/// An extension with a null in it.
fn extension(oid: &[u64], critical: bool) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(oid, vec![5, 0]);
    extension.set_criticality(critical);
    extension
}

// Clauses: X509-V-5280-4.2-01, X509-V-5280-6.1-06
#[test]
fn x04_extensions_that_have_to_be_understood() {
    let pki = pki(1);
    let anchor = pki.root.certificate();
    // Somebody's own, policyMappings, policyConstraints, inhibitAnyPolicy.
    for oid in [&[1, 3, 6, 1, 4, 1, 99999, 1][..], &[2, 5, 29, 33], &[2, 5, 29, 36], &[2, 5, 29, 54]] {
        let demanding = |parameters: &mut CertificateParams| {
            parameters.custom_extensions = vec![extension(oid, true)];
        };
        let demanding_ca = |parameters: &mut CertificateParams| {
            ca(parameters);
            demanding(parameters);
        };
        for chain in
            [chain_below(&pki.root, &[&ca, &demanding]), chain_below(&pki.root, &[&demanding_ca, &no_ca])]
        {
            assert!(check(&chain, &[anchor], NOW, HAIP).is_err(), "{oid:?}");
        }
    }
    let harmless = |parameters: &mut CertificateParams| {
        parameters.custom_extensions = vec![extension(&[1, 3, 6, 1, 4, 1, 99999, 1], false)];
    };
    assert!(check(&chain_below(&pki.root, &[&ca, &harmless]), &[anchor], NOW, HAIP).is_ok());
}

fn findings(certificate: &Certificate, root: &Certificate) -> Vec<&'static str> {
    let mut report = Report::new("certificate");
    check_profile(CertificateProfile::DocumentSigner, certificate, root, &mut report);
    let failed = report.checks.iter().filter(|check| check.outcome == Outcome::Failed);
    failed.map(|check| check.rule.id).collect()
}

#[test]
fn extensions_and_signatures_that_the_profile_does_not_have() {
    let pki = pki(1);
    let strange = |parameters: &mut CertificateParams| {
        parameters.custom_extensions = vec![extension(&[2, 5, 29, 33], false)];
    };
    let chain = chain_below(&pki.root, &[&strange]);
    let certificate = Certificate::parse(&chain[0]).unwrap();
    assert!(findings(&certificate, pki.root.parsed()).contains(&"x509.profile.extensions"));
    // ecdsa-with-SHA256, and what is written as one with SHA-224.
    let weak = weakened(&chain[0]);
    let certificate = Certificate::parse(&weak).unwrap();
    assert!(findings(&certificate, pki.root.parsed()).contains(&"x509.profile.signature"));
    let good = chain_below(&pki.root, &[&no_ca]);
    let found = findings(&Certificate::parse(&good[0]).unwrap(), pki.root.parsed());
    assert!(!found.contains(&"x509.profile.extensions") && !found.contains(&"x509.profile.signature"));
}

/// The same certificate under the name of a weaker algorithm.
fn weakened(der: &[u8]) -> Vec<u8> {
    let name = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    let mut weak = der.to_vec();
    let places: Vec<usize> = (0..der.len()).filter(|at| der[*at..].starts_with(&name)).collect();
    assert_eq!(places.len(), 2, "within what is signed, and beside it");
    for at in places {
        weak[at + 7] = 1;
    }
    weak
}

// Clauses: X509-V-ALG-01, X509-V-7515-01
#[test]
fn x04_the_key_of_the_first_certificate_and_its_algorithm() {
    let pki = pki(1);
    let anchors = Anchors::new(&[pki.root.certificate().to_vec()]).unwrap();
    let chain = vec![weakened(&pki.chain[0]), pki.chain[1].clone()];
    assert!(validate_path(&chain, &anchors, NOW, HAIP).is_err(), "a weak signature in the chain");

    let leaf = validate_path(&pki.chain, &anchors, NOW, HAIP).unwrap().leaf.key;
    let signed = |signer: &SoftwareSigner| {
        let header = credenza_crypto::Header::signing(signer, "x", credenza_crypto::IdentifiedBy::Nothing);
        crate::support::now(jws::sign(signer, &header, b"{}")).unwrap()
    };
    let verify = |text: &str, key: &PublicKey, algorithms: &[Algorithm]| {
        Jws::parse(text).unwrap().verify(key, algorithms).is_ok()
    };
    let all = [Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa];
    assert!(verify(&signed(&signer(Algorithm::Es256)), &leaf, &all));
    // Signed with the key of the second certificate, or with an algorithm of another kind of key.
    let second = SoftwareSigner::from_private_jwk(pki.below.to_private_jwk().expose()).unwrap();
    assert_eq!(second.public_key(), Certificate::parse(&pki.chain[1]).unwrap().key);
    assert!(!verify(&signed(&second), &leaf, &all));
    for algorithm in [Algorithm::Es384, Algorithm::EdDsa] {
        assert!(!verify(&signed(&signer(algorithm)), &leaf, &all));
    }
}
