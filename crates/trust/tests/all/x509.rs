//! X.509 anchors: purposes, types, names, and replacement under load.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use credenza_core::SeededRandom;
use credenza_crypto::x509::{CertificateAuthority, LeafProfile};
use credenza_crypto::{Algorithm, Signer, SoftwareSigner};
use credenza_trust::contract::{ask, check};
use credenza_trust::{Anchor, AnyOf, Distrust, IssuerBinding, KeyMaterial, Nobody, Purpose, X509Anchors};

use crate::NOW;

const DAY: Duration = Duration::from_secs(24 * 3600);
const PID: Purpose<'static> = Purpose::Issuer { credential_type: "urn:eudi:pid:1" };

struct Pki {
    root: CertificateAuthority,
    chain: Vec<Vec<u8>>,
}

fn pki(seed: u64) -> Pki {
    let random = SeededRandom::new(seed);
    let root = CertificateAuthority::generate("Root", NOW, 100 * DAY, &random).unwrap();
    let middle = root.intermediate("Middle", NOW, 50 * DAY, &random).unwrap();
    let signer = SoftwareSigner::generate(Algorithm::Es256, &random).unwrap();
    let profile = LeafProfile::new("Issuer", NOW, 10 * DAY)
        .dns_name("issuer.example")
        .uri("https://other.example/tenant");
    let chain = middle.issue_chain(&signer.public_jwk().key, &profile, &random).unwrap();
    Pki { root, chain }
}

fn by(chain: &[Vec<u8>]) -> KeyMaterial<'_> {
    KeyMaterial { x5c: Some(chain), ..KeyMaterial::default() }
}

#[test]
fn keeps_the_promises_of_the_port() {
    let Pki { root, chain } = pki(1);
    let issuers = X509Anchors::new(&[Anchor::for_issuers(root.certificate().to_vec())]).unwrap();
    check(&issuers, &by(&chain), &[PID, Purpose::StatusList, Purpose::IssuerMetadata], NOW);
    let verifiers = X509Anchors::new(&[Anchor::for_verifiers(root.certificate().to_vec())]).unwrap();
    check(&verifiers, &by(&chain), &[Purpose::Verifier], NOW);
    let providers = X509Anchors::new(&[Anchor::for_wallet_providers(root.certificate().to_vec())]).unwrap();
    check(&providers, &by(&chain), &[Purpose::WalletProvider], NOW);
    check(&Nobody, &by(&chain), &[], NOW);
    check(&X509Anchors::new(&[]).unwrap(), &by(&chain), &[], NOW);
    check(&AnyOf::default(), &by(&chain), &[], NOW);
    let any = AnyOf::new(vec![std::sync::Arc::new(Nobody), std::sync::Arc::new(verifiers)]);
    check(&any, &by(&chain), &[Purpose::Verifier], NOW);
}

#[test]
fn x01_no_path_to_an_anchor() {
    let (ours, theirs) = (pki(1), pki(2));
    let trust = X509Anchors::new(&[Anchor::for_issuers(ours.root.certificate().to_vec())]).unwrap();
    let mut appended = theirs.chain.clone();
    appended.push(ours.root.certificate().to_vec());
    let foreign_root = vec![theirs.root.certificate().to_vec()];
    for chain in [&theirs.chain, &appended, &foreign_root, &theirs.chain[..1].to_vec()] {
        assert!(matches!(ask(&trust, &by(chain), PID, NOW), Err(Distrust::Certificates(_))));
    }
}

#[test]
fn x02_the_anchor_in_the_chain() {
    let Pki { root, mut chain } = pki(1);
    chain.push(root.certificate().to_vec());
    let anchors = [Anchor::for_issuers(root.certificate().to_vec())];
    assert!(ask(&X509Anchors::new(&anchors).unwrap(), &by(&chain), PID, NOW).is_ok());
    let strict = X509Anchors::new(&anchors).unwrap().anchor_must_be_absent();
    assert!(ask(&strict, &by(&chain), PID, NOW).is_err());
    chain.pop();
    assert!(ask(&strict, &by(&chain), PID, NOW).is_ok());
}

#[test]
fn x03_outside_of_the_validity_also_when_remembered() {
    let Pki { root, chain } = pki(1);
    let trust = X509Anchors::new(&[Anchor::for_issuers(root.certificate().to_vec())]).unwrap();
    assert!(ask(&trust, &by(&chain), PID, NOW).is_ok());
    assert!(ask(&trust, &by(&chain), PID, NOW + 11 * DAY).is_err());
    assert!(ask(&trust, &by(&chain), PID, NOW - Duration::from_secs(1)).is_err());
}

#[test]
fn x07_another_use_of_the_key() {
    const SIGNER: &str = "1.0.18013.5.1.2";
    let random = SeededRandom::new(1);
    let root = CertificateAuthority::generate("Root", NOW, 100 * DAY, &random).unwrap();
    let key = SoftwareSigner::generate(Algorithm::Es256, &random).unwrap().public_jwk().key.clone();
    let chain = |usage: Option<&str>| {
        let profile = LeafProfile::new("Issuer", NOW, 10 * DAY);
        let profile = usage.into_iter().fold(profile, LeafProfile::purpose);
        root.issue_chain(&key, &profile, &random).unwrap()
    };
    let trust = X509Anchors::new(&[Anchor::for_issuers(root.certificate().to_vec())])
        .unwrap()
        .require_usage(&[PID], SIGNER);
    assert!(ask(&trust, &by(&chain(Some(SIGNER))), PID, NOW).is_ok());
    for usage in [None, Some("1.3.6.1.5.5.7.3.1"), Some("2.5.29.37.0")] {
        let refused = ask(&trust, &by(&chain(usage)), PID, NOW);
        assert!(matches!(refused, Err(Distrust::Certificates(_))), "{usage:?}");
        assert!(ask(&trust, &by(&chain(usage)), Purpose::StatusList, NOW).is_ok(), "{usage:?}");
    }
}

/// Authority key identifiers are raw bytes of every certificate in the chain, for DCQL.
// Clauses: X509-V-AKI-01
#[test]
fn x10_authority_key_identifiers_of_the_whole_chain() {
    let Pki { root, chain } = pki(1);
    let trust = X509Anchors::new(&[Anchor::for_issuers(root.certificate().to_vec())]).unwrap();
    let trusted = ask(&trust, &by(&chain), PID, NOW).unwrap();
    assert_eq!(trusted.authority_key_ids.len(), 2);
    assert_eq!(trusted.authority_key_ids.last(), root.parsed().subject_key_id.as_ref());
    assert!(trusted.how.contains("Issuer") && trusted.how.contains("Root"), "{}", trusted.how);
}

#[test]
fn x12_another_issuers_certificate() {
    let Pki { root, chain } = pki(1);
    let trust = X509Anchors::new(&[Anchor::for_issuers(root.certificate().to_vec())])
        .unwrap()
        .binding(IssuerBinding::AlternativeName);
    let named = |issuer| KeyMaterial { issuer: Some(issuer), ..by(&chain) };
    for issuer in ["https://issuer.example", "https://ISSUER.example/a?b", "https://other.example/tenant"] {
        assert!(ask(&trust, &named(issuer), PID, NOW).is_ok(), "{issuer}");
    }
    for issuer in [
        "https://evil.example",
        "https://other.example",
        "https://issuer.example@evil.example",
        "https://evil.example/issuer.example",
        "http://issuer.example",
        "issuer.example",
        "",
    ] {
        assert_eq!(ask(&trust, &named(issuer), PID, NOW).unwrap_err(), Distrust::IssuerName, "{issuer}");
    }
}

#[test]
fn each_purpose_has_a_check_of_its_own() {
    for (purpose, id) in [
        (PID, "trust.issuer"),
        (Purpose::Verifier, "trust.verifier"),
        (Purpose::StatusList, "trust.status-list"),
        (Purpose::WalletProvider, "trust.wallet-provider"),
        (Purpose::IssuerMetadata, "trust.issuer-metadata"),
    ] {
        assert_eq!(purpose.rule().id, id);
    }
}

#[test]
fn only_some_types_of_credential() {
    let Pki { root, chain } = pki(1);
    let mut anchor = Anchor::for_issuers(root.certificate().to_vec());
    anchor.credential_types = vec!["urn:eudi:pid:1".to_owned()];
    let trust = X509Anchors::new(&[anchor]).unwrap();
    assert!(ask(&trust, &by(&chain), PID, NOW).is_ok());
    let other = Purpose::Issuer { credential_type: "urn:eudi:ehic:1" };
    assert_eq!(ask(&trust, &by(&chain), other, NOW).unwrap_err(), Distrust::CredentialType);
}

#[test]
fn x13_replacing_anchors_under_load() {
    let (ours, theirs) = (pki(1), pki(2));
    let anchors = [Anchor::for_issuers(ours.root.certificate().to_vec())];
    let trust = X509Anchors::new(&anchors).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    assert!(ask(&trust, &by(&theirs.chain), PID, NOW).is_err());
                    let _ = ask(&trust, &by(&ours.chain), PID, NOW);
                }
            });
        }
        for round in 0..1000 {
            trust.replace(if round % 2 == 0 { &[] } else { &anchors }).unwrap();
            let accepted = ask(&trust, &by(&ours.chain), PID, NOW).is_ok();
            assert_eq!(accepted, round % 2 == 1, "what is known from before must not outlive its anchor");
            assert_eq!(trust.is_empty(PID), round % 2 == 0);
        }
        done.store(true, Ordering::Relaxed);
    });
    let broken = Anchor::for_issuers(b"no certificate".to_vec());
    assert!(trust.replace(&[broken]).is_err());
    assert!(ask(&trust, &by(&ours.chain), PID, NOW).is_ok(), "the old anchors stay");
}
