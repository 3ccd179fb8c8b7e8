//! Revocation lists: what they say, and what must not be taken for one.

use credenza_core::{SeededRandom, UnixTime};
use credenza_crypto::x509::{
    Anchors, CertificateAuthority, Crl, CrlError, PathPolicy, RevocationLists, RevocationPolicy,
    RevokedCertificate, ValidPath, X509Error, validate_path,
};
use credenza_crypto::{Algorithm, Certificate, SoftwareSigner};
use proptest::prelude::*;
use rcgen::{
    CertificateParams, CertificateRevocationListParams, CrlDistributionPoint, CrlIssuingDistributionPoint,
    CrlScope, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, SerialNumber,
};

use crate::support::{NOW, signer};
use crate::x509_path::{DAY, Pki, pki};

fn revoked(certificate: &Certificate) -> RevokedCertificate {
    RevokedCertificate { serial: certificate.serial.clone(), since: NOW }
}

fn list(ca: &CertificateAuthority, certificates: &[&Certificate]) -> Vec<u8> {
    let revoked: Vec<_> = certificates.iter().map(|certificate| revoked(certificate)).collect();
    ca.revocation_list(&revoked, 1, NOW - DAY, NOW + DAY).unwrap()
}

fn path(pki: &Pki) -> ValidPath {
    let anchors = Anchors::new(&[pki.root.certificate().to_vec()]).unwrap();
    validate_path(&pki.chain, &anchors, NOW, PathPolicy::default()).unwrap()
}

#[test]
fn x11_what_a_list_says() {
    let (pki, other) = (pki(1), pki(2));
    let path = path(&pki);
    let bytes = list(&pki.below, &[&path.leaf]);
    let crl = Crl::verify(&bytes, pki.below.parsed()).unwrap();
    assert_eq!((crl.this_update, crl.next_update, crl.len()), (NOW - DAY, NOW + DAY, 1));
    assert_eq!(crl.revoked_since(&path.leaf), Some(NOW));
    assert_eq!(crl.revoked_since(&path.intermediates[0]), None);
    assert!(crl.is_current(NOW) && !crl.is_current(NOW + DAY) && !crl.is_current(NOW - DAY * 2));

    let empty = Crl::verify(&list(&pki.below, &[]), pki.below.parsed()).unwrap();
    assert!(empty.is_empty() && empty.revoked_since(&path.leaf).is_none());

    // Of the same name, and another key.
    assert!(matches!(Crl::verify(&bytes, other.below.parsed()), Err(CrlError::Issuer(_))));
    assert!(matches!(Crl::verify(&bytes, pki.root.parsed()), Err(CrlError::Issuer(_))));
    assert!(matches!(Crl::verify(&bytes, &path.leaf), Err(CrlError::Issuer(_))));
}

#[test]
fn x11_a_path_with_a_revoked_certificate() {
    let pki = pki(1);
    let path = path(&pki);
    let (root, below) = (pki.root.parsed(), pki.below.parsed());
    let check = |of_root: &[&Certificate], of_below: &[&Certificate], now: UnixTime, policy| {
        let mut lists = RevocationLists::default();
        lists.add(&list(&pki.root, of_root), root).unwrap();
        lists.add(&list(&pki.below, of_below), below).unwrap();
        lists.check(&path, root, now, policy)
    };
    use RevocationPolicy::{Required, WhenKnown};
    for policy in [Required, WhenKnown] {
        assert_eq!(check(&[], &[], NOW, policy), Ok(()));
        assert_eq!(check(&[], &[&path.leaf], NOW, policy), Err(X509Error::Revoked));
        assert_eq!(check(&[&path.intermediates[0]], &[], NOW, policy), Err(X509Error::Revoked));
        // Serial numbers are the issuer's own: in another's list they are nobody's.
        assert_eq!(check(&[&path.leaf], &[&path.intermediates[0]], NOW, policy), Ok(()));
    }
    assert_eq!(check(&[], &[], NOW + DAY, Required), Err(X509Error::RevocationUnknown));
    assert_eq!(check(&[], &[], NOW + DAY, WhenKnown), Ok(()));

    let mut half = RevocationLists::default();
    half.add(&list(&pki.below, &[]), below).unwrap();
    assert_eq!(half.check(&path, root, NOW, Required), Err(X509Error::RevocationUnknown));
    let none = RevocationLists::default();
    assert_eq!(none.check(&path, root, NOW, RevocationPolicy::default()), Err(X509Error::RevocationUnknown));
}

#[test]
fn an_older_list_does_not_replace_a_newer_one() {
    let pki = pki(1);
    let path = path(&pki);
    let mut lists = RevocationLists::default();
    lists.add(&list(&pki.below, &[&path.leaf]), pki.below.parsed()).unwrap();
    let older = pki.below.revocation_list(&[], 1, NOW - DAY * 2, NOW + DAY).unwrap();
    assert!(lists.add(&older, pki.below.parsed()).is_err());
    assert!(lists.of(pki.below.parsed()).unwrap().revoked_since(&path.leaf).is_some());
    let newer = pki.below.revocation_list(&[], 2, NOW, NOW + DAY).unwrap();
    assert!(lists.add(&newer, pki.below.parsed()).unwrap().is_empty());
}

#[test]
fn x11_a_list_that_says_less_than_it_seems_to() {
    let key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::default();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate =
        |ca: &CertificateParams| Certificate::parse(ca.self_signed(&key).unwrap().der()).unwrap();
    let plain = certificate(&ca);
    let signed = |scope: Option<CrlScope>| {
        let parameters = CertificateRevocationListParams {
            this_update: rcgen::date_time_ymd(2020, 1, 1),
            next_update: rcgen::date_time_ymd(2090, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: scope.map(|scope| CrlIssuingDistributionPoint {
                distribution_point: CrlDistributionPoint { uris: vec!["https://ca.example/crl".to_owned()] },
                scope: Some(scope),
            }),
            revoked_certs: Vec::new(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        parameters.signed_by(&Issuer::from_params(&ca, &key)).unwrap().der().to_vec()
    };
    let leaf = path(&pki(1)).leaf;
    for (scope, of_leaf, of_ca) in [
        (None, true, true),
        (Some(CrlScope::UserCertsOnly), true, false),
        (Some(CrlScope::CaCertsOnly), false, true),
    ] {
        let crl = Crl::verify(&signed(scope), &plain).unwrap();
        assert_eq!((crl.covers(&leaf), crl.covers(&plain)), (of_leaf, of_ca), "{scope:?}");
    }
    let list = signed(None);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    assert!(matches!(Crl::verify(&list, &certificate(&ca)), Err(CrlError::Issuer(_))));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    assert!(Crl::verify(&list, &certificate(&ca)).is_ok());
}

#[test]
fn x11_crafted_lists() {
    let pki = pki(1);
    let path = path(&pki);
    let bytes = list(&pki.below, &[&path.leaf]);
    for at in 0..bytes.len() {
        assert!(Crl::verify(&bytes[..at], pki.below.parsed()).is_err());
        for bit in [0x01, 0x80] {
            let mut changed = bytes.clone();
            changed[at] ^= bit;
            assert!(Crl::verify(&changed, pki.below.parsed()).is_err(), "byte {at}");
        }
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(Crl::verify(&longer, pki.below.parsed()).is_err());
    assert!(Crl::verify(&vec![0x30; 8 * 1024 * 1024 + 1], pki.below.parsed()).is_err());
}

#[test]
fn lists_of_all_kinds_of_keys() {
    let random = SeededRandom::new(3);
    for algorithm in [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa] {
        let ca = CertificateAuthority::root(signer(algorithm), "root", NOW, DAY * 9, &random).unwrap();
        let bytes = list(&ca, &[]);
        assert!(Crl::verify(&bytes, ca.parsed()).is_ok(), "{algorithm}");
        let key = SoftwareSigner::generate(algorithm, &random).unwrap();
        let other = CertificateAuthority::root(key, "root", NOW, DAY * 9, &random).unwrap();
        assert!(Crl::verify(&bytes, other.parsed()).is_err(), "{algorithm}");
    }
}

proptest! {
    #[test]
    fn x11_nothing_panics(bytes: Vec<u8>, changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8)) {
        let pki = pki(1);
        let _ = Crl::verify(&bytes, pki.below.parsed());
        let mut crl = list(&pki.below, &[pki.below.parsed()]);
        let before = crl.clone();
        for (at, byte) in changes {
            let at = at.index(crl.len());
            crl[at] = byte;
        }
        prop_assert!(crl == before || Crl::verify(&crl, pki.below.parsed()).is_err());
    }
}
