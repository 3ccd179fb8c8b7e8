//! Attacks on certificate chains, by the rows of the attack catalogue.

use std::time::{Duration, Instant};

use credenza_core::{SeededRandom, UnixTime};
use credenza_crypto::x509::ca::{CertificateAuthority, LeafProfile};
use credenza_crypto::x509::{Anchors, PathPolicy, ValidPath, X509Error, validate, validate_path};
use credenza_crypto::{Algorithm, Certificate};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints,
};

use crate::support::{NOW, signer};

pub(crate) const DAY: Duration = Duration::from_secs(86_400);
pub(crate) const HAIP: PathPolicy<'_> = PathPolicy { extended_key_usage: None, anchor_must_be_absent: true };
const LOOSE: PathPolicy<'_> = PathPolicy { extended_key_usage: None, anchor_must_be_absent: false };

/// A root, an intermediate below it, and a leaf below that.
pub(crate) struct Pki {
    pub(crate) root: CertificateAuthority,
    pub(crate) below: CertificateAuthority,
    pub(crate) chain: Vec<Vec<u8>>,
}

pub(crate) fn pki(seed: u64) -> Pki {
    let random = SeededRandom::new(seed);
    let root = CertificateAuthority::generate("root", NOW - DAY, DAY * 3650, &random).unwrap();
    let below = root.intermediate("below", NOW - DAY, DAY * 365, &random).unwrap();
    let chain = below.issue_chain(&signer(Algorithm::Es256).public_key(), &leaf(), &random).unwrap();
    Pki { root, below, chain }
}

pub(crate) fn leaf() -> LeafProfile {
    LeafProfile::new("leaf", NOW, DAY * 30).dns_name("issuer.example").purpose("1.0.18013.5.1.2")
}

pub(crate) fn check(
    chain: &[Vec<u8>],
    anchors: &[&[u8]],
    now: UnixTime,
    policy: PathPolicy<'_>,
) -> Result<ValidPath, X509Error> {
    let anchors: Vec<Vec<u8>> = anchors.iter().map(|anchor| anchor.to_vec()).collect();
    validate_path(chain, &Anchors::new(&anchors)?, now, policy)
}

/// The reason why the chain is not trusted.
fn refused(chain: &[Vec<u8>], anchors: &[&[u8]], policy: PathPolicy<'_>) -> String {
    match check(chain, anchors, NOW, policy) {
        Err(X509Error::Untrusted(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_path_that_holds() {
    let (pki, other) = (pki(1), pki(2));
    let anchors = [other.root.certificate(), pki.root.certificate()];
    let path = check(&pki.chain, &anchors, NOW, HAIP).unwrap();
    assert_eq!((path.anchor, path.leaf.subject.as_str()), (1, "CN=leaf"));
    assert_eq!(path.intermediates.len(), 1);
    assert_eq!((path.not_before, path.not_after), (NOW, NOW + DAY * 30));
    let (leaf, anchor) =
        validate(&pki.chain, &anchors.map(<[u8]>::to_vec), NOW, PathPolicy::default()).unwrap();
    assert_eq!((leaf, anchor), (path.leaf, 1));
    // The intermediate may be what is trusted, without its root.
    assert!(check(&pki.chain[..1], &[pki.below.certificate()], NOW, HAIP).is_ok());
}

// Clauses: X509-V-5280-6.1-01, X509-A-9360-02
#[test]
fn x01_chains_that_lead_nowhere() {
    let (good, other) = (pki(1), pki(2));
    let anchor = good.root.certificate();
    assert_eq!(refused(&good.chain, &[], HAIP), "its issuer is not known");
    // Another root of the same name: the signature tells them apart.
    assert_eq!(refused(&other.chain, &[anchor], HAIP), "a signature does not verify");
    assert_eq!(refused(&good.chain[..1], &[anchor], HAIP), "its issuer is not known");
    let unknown = vec![other.root.certificate().to_vec()];
    assert!(matches!(check(&unknown, &[anchor], NOW, LOOSE), Err(X509Error::Untrusted(_))));
    assert_eq!(refused(&unknown, &[anchor], HAIP), "the leaf is self-signed");
    assert!(matches!(check(&[], &[anchor], NOW, HAIP), Err(X509Error::Malformed(_))));
    let alone = [self_signed()];
    let [own] = &alone;
    assert_eq!(refused(&alone, &[anchor], HAIP), "the leaf is self-signed");
    assert_eq!(refused(&alone, &[anchor], LOOSE), "its issuer is not known");
    // Named as trusted itself, and still refused where the profile wants a chain.
    assert_eq!(refused(&alone, &[own], HAIP), "the leaf is self-signed");
    assert!(check(&alone, &[own], NOW, LOOSE).is_ok());
    assert!(check(&alone, &[own], NOW + DAY * 31, LOOSE).is_err());
}

/// A leaf that has signed itself.
fn self_signed() -> Vec<u8> {
    let key = KeyPair::generate().unwrap();
    let mut parameters = parameters("alone", false);
    parameters.not_after = rcgen::date_time_ymd(2025, 7, 15);
    parameters.self_signed(&key).unwrap().der().to_vec()
}

// Clauses: X509-V-5280-6.1-01
#[test]
fn x02_the_anchor_in_the_chain() {
    let (good, other) = (pki(1), pki(2));
    let anchor = good.root.certificate();
    let mut with_anchor = good.chain.clone();
    with_anchor.push(anchor.to_vec());
    assert_eq!(
        refused(&with_anchor, &[anchor], HAIP),
        "the trust anchor is part of the chain, where it must not be"
    );
    let path = check(&with_anchor, &[anchor], NOW, LOOSE).unwrap();
    assert_eq!(path.intermediates.len(), 1);
    // The true anchor behind a leaf of somebody else: its name is there, its signature is not.
    let mut forged = other.chain;
    forged.push(anchor.to_vec());
    assert_eq!(refused(&forged, &[anchor], LOOSE), "a signature does not verify");
    let mut one = good.chain[..1].to_vec();
    one.push(anchor.to_vec());
    assert!(matches!(check(&one, &[anchor], NOW, LOOSE), Err(X509Error::Untrusted(_))));
    // Another certificate of the anchor's name and key is the anchor too.
    let again = CertificateAuthority::root(
        credenza_crypto::SoftwareSigner::from_private_jwk(good.root.to_private_jwk().expose()).unwrap(),
        "root",
        NOW,
        DAY * 400,
        &SeededRandom::new(5),
    )
    .unwrap();
    let mut with_again = good.chain;
    with_again.push(again.certificate().to_vec());
    assert!(refused(&with_again, &[anchor], HAIP).contains("trust anchor"));
}

// Clauses: X509-V-5280-6.1-04
#[test]
fn x02_order_of_the_chain() {
    let pki = pki(1);
    let anchor = pki.root.certificate();
    let reversed: Vec<_> = pki.chain.iter().rev().cloned().collect();
    assert_eq!(refused(&reversed, &[anchor], HAIP), "a certificate is not followed by the one of its issuer");
    let mut stray = pki.chain.clone();
    stray.insert(1, self_signed());
    assert!(matches!(check(&stray, &[anchor], NOW, HAIP), Err(X509Error::Untrusted(_))));
    let mut twice = pki.chain.clone();
    twice.push(pki.chain[1].clone());
    assert!(matches!(check(&twice, &[anchor], NOW, HAIP), Err(X509Error::Untrusted(_))));
}

// Clauses: X509-V-5280-6.1-02
#[test]
fn x03_times() {
    let pki = pki(1);
    let anchor = pki.root.certificate();
    let second = Duration::from_secs(1);
    for (now, held) in [
        (NOW - second, false),
        (NOW, true),
        (NOW + DAY * 30, true),
        (NOW + DAY * 30 + second, false),
        (UnixTime::EPOCH, false),
    ] {
        assert_eq!(check(&pki.chain, &[anchor], now, HAIP).is_ok(), held, "{now}");
    }
    let random = SeededRandom::new(1);
    let short = pki.root.intermediate("short", NOW, DAY, &random).unwrap();
    let profile = LeafProfile::new("leaf", NOW, DAY);
    let chain = short.issue_chain(&signer(Algorithm::Es256).public_key(), &profile, &random).unwrap();
    assert!(check(&chain, &[anchor], NOW + DAY, HAIP).is_ok());
    assert!(check(&chain, &[anchor], NOW + DAY + second, HAIP).is_err());

    // An anchor that has expired is none.
    let root = CertificateAuthority::generate("old", NOW, DAY, &random).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut long = parameters("leaf", false);
    long.not_after = rcgen::date_time_ymd(2025, 7, 15);
    let chain = vec![long.signed_by(&key, &issuer_of(&root)).unwrap().der().to_vec()];
    assert!(check(&chain, &[root.certificate()], NOW, HAIP).is_ok());
    assert!(check(&chain, &[root.certificate()], NOW + DAY * 2, HAIP).is_err());
}

/// rcgen's own issuer with the key of a CA: it checks nothing that our CA does.
fn issuer_of(ca: &CertificateAuthority) -> Issuer<'static, KeyPair> {
    let name = ca.parsed().subject.strip_prefix("CN=").unwrap().to_owned();
    Issuer::new(parameters(&name, true), rcgen_key(ca))
}

/// The CA's key in PKCS#8 (RFC 5958, RFC 5915), as rcgen wants it.
fn rcgen_key(ca: &CertificateAuthority) -> KeyPair {
    let jwk: serde_json::Value = serde_json::from_str(ca.to_private_jwk().expose()).unwrap();
    let member = |name: &str| credenza_core::b64::decode(jwk[name].as_str().unwrap()).unwrap();
    let mut der =
        crate::support::hex("308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420");
    der.extend(member("d"));
    der.extend(crate::support::hex("a14403420004"));
    der.extend(member("x"));
    der.extend(member("y"));
    let der = rustls_pki_types::PrivatePkcs8KeyDer::from(der);
    KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_ECDSA_P256_SHA256).unwrap()
}

pub(crate) fn parameters(name: &str, ca: bool) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.not_before = rcgen::date_time_ymd(2025, 6, 1);
    parameters.not_after = rcgen::date_time_ymd(2025, 10, 1);
    if ca {
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    }
    parameters
}

/// A chain of certificates below `root`, the root's child first, each with what `change` makes of it; leaf first.
pub(crate) fn chain_below(
    root: &CertificateAuthority,
    changes: &[&dyn Fn(&mut CertificateParams)],
) -> Vec<Vec<u8>> {
    let mut issuer = issuer_of(root);
    let mut chain = Vec::new();
    for (number, change) in changes.iter().enumerate() {
        let mut certificate = parameters(&format!("below {number}"), false);
        change(&mut certificate);
        let key = KeyPair::generate().unwrap();
        chain.insert(0, certificate.signed_by(&key, &issuer).unwrap().der().to_vec());
        issuer = Issuer::new(certificate, key);
    }
    chain
}

pub(crate) fn ca(parameters: &mut CertificateParams) {
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
}

pub(crate) fn no_ca(_: &mut CertificateParams) {}

// Clauses: X509-V-5280-6.1-05, X509-V-5280-4.2.1.3-01
#[test]
fn x04_who_may_certify() {
    let pki = pki(1);
    let anchor = pki.root.certificate();
    let chain = |changes: &[&dyn Fn(&mut CertificateParams)]| chain_below(&pki.root, changes);
    assert!(check(&chain(&[&ca, &no_ca]), &[anchor], NOW, HAIP).is_ok());
    assert!(check(&chain(&[&ca, &ca, &no_ca]), &[anchor], NOW, HAIP).is_ok());
    // A leaf that mints another leaf.
    let not_ca = "a certificate that is not a CA has issued another";
    assert_eq!(refused(&chain(&[&no_ca, &no_ca]), &[anchor], HAIP), not_ca);
    let explicit = |parameters: &mut CertificateParams| parameters.is_ca = IsCa::ExplicitNoCa;
    assert_eq!(refused(&chain(&[&explicit, &no_ca]), &[anchor], HAIP), not_ca);
    // A CA that signs documents itself.
    assert_eq!(refused(&chain(&[&ca]), &[anchor], HAIP), "the leaf's key usage does not allow signatures");
    let ca_without_usage = |parameters: &mut CertificateParams| {
        ca(parameters);
        parameters.key_usages.clear();
    };
    assert_eq!(refused(&chain(&[&ca_without_usage]), &[anchor], HAIP), "the leaf is a CA");
    // A CA that may not certify.
    let no_cert_sign = |parameters: &mut CertificateParams| {
        ca(parameters);
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    };
    assert_eq!(
        refused(&chain(&[&no_cert_sign, &no_ca]), &[anchor], HAIP),
        "an intermediate's key usage does not allow it to certify"
    );
    // A leaf that may not sign.
    let exchange = |parameters: &mut CertificateParams| {
        parameters.key_usages = vec![KeyUsagePurpose::KeyAgreement];
    };
    assert!(refused(&chain(&[&ca, &exchange]), &[anchor], HAIP).contains("does not allow signatures"));
    // More CAs than one of them allows.
    let limited = |parameters: &mut CertificateParams| {
        ca(parameters);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    };
    assert!(check(&chain(&[&ca, &limited, &no_ca]), &[anchor], NOW, HAIP).is_ok());
    let too_many = "there are more CAs in the path than one of them allows";
    assert_eq!(refused(&chain(&[&limited, &ca, &no_ca]), &[anchor], HAIP), too_many);
    // The anchor's own constraint counts as well: here it is the intermediate with a path length of zero.
    let below = chain_below(&pki.below, &[&ca, &no_ca]);
    assert_eq!(refused(&below, &[pki.below.certificate()], HAIP), too_many);
    // An anchor that is no CA certifies nobody.
    let key = KeyPair::generate().unwrap();
    let alone = parameters("alone", false);
    let anchor = alone.self_signed(&key).unwrap().der().to_vec();
    let minted = parameters("minted", false)
        .signed_by(&KeyPair::generate().unwrap(), &Issuer::new(alone, key))
        .unwrap()
        .der()
        .to_vec();
    assert_eq!(refused(&[minted], &[&anchor], HAIP), not_ca);
}

// Clauses: X509-V-5280-6.1-06
#[test]
fn x05_name_constraints() {
    let pki = pki(1);
    let only = |name: &'static str| {
        move |parameters: &mut CertificateParams| {
            ca(parameters);
            parameters.name_constraints = Some(NameConstraints {
                permitted_subtrees: vec![GeneralSubtree::DnsName(name.to_owned())],
                excluded_subtrees: Vec::new(),
            });
        }
    };
    let named = |name: &'static str| {
        move |parameters: &mut CertificateParams| {
            parameters.subject_alt_names = vec![rcgen::SanType::DnsName(name.try_into().unwrap())];
        }
    };
    let anchor = pki.root.certificate();
    for (name, held) in [
        ("a.example", true),
        ("b.a.example", true),
        ("b.example", false),
        ("xa.example", false),
        ("*.example", false),
        ("a.example.com", false),
    ] {
        let chain = chain_below(&pki.root, &[&only("a.example"), &named(name)]);
        assert_eq!(check(&chain, &[anchor], NOW, HAIP).is_ok(), held, "{name}");
    }
}

#[test]
fn x06_chains_that_are_too_much() {
    let pki = pki(1);
    let anchor = pki.root.certificate();
    let started = Instant::now();
    for length in [6, 60, 100] {
        let chain = vec![pki.chain[0].clone(); length];
        assert_eq!(check(&chain, &[anchor], NOW, HAIP).unwrap_err(), X509Error::TooLong(5));
    }
    let big = |parameters: &mut CertificateParams| {
        let name = |number| rcgen::SanType::DnsName(format!("name-{number}.example").try_into().unwrap());
        parameters.subject_alt_names = (0..700).map(name).collect();
    };
    let chain = chain_below(&pki.root, &[&ca, &big]);
    assert!(matches!(check(&chain, &[anchor], NOW, HAIP), Err(X509Error::Malformed(_))));
    assert!(Certificate::parse(&vec![0x30; 50_000]).is_err());
    // Many anchors of one name: each is tried, within webpki's budget of signatures.
    let anchors: Vec<Vec<u8>> =
        (10..40).map(|seed| crate::x509_path::pki(seed).root.certificate().to_vec()).collect();
    assert!(validate(&pki.chain, &anchors, NOW, HAIP).is_err());
    assert!(started.elapsed() < Duration::from_secs(5));
}

// Clauses: X509-V-5280-4.2.1.12-01
#[test]
fn x07_extended_key_usage() {
    let pki = pki(1);
    let anchor = pki.root.certificate();
    let needs = |oid| PathPolicy { extended_key_usage: Some(oid), anchor_must_be_absent: true };
    assert!(check(&pki.chain, &[anchor], NOW, needs("1.0.18013.5.1.2")).is_ok());
    let missing = "the leaf does not have the extended key usage that is needed here";
    for oid in ["1.0.18013.5.1.6", "1.3.6.1.5.5.7.3.1", "1.0.18013.5.1", "2.5.29.37.0", ""] {
        assert_eq!(refused(&pki.chain, &[anchor], needs(oid)), missing, "{oid}");
    }
    let none = chain_below(&pki.root, &[&ca, &no_ca]);
    assert_eq!(refused(&none, &[anchor], needs("1.0.18013.5.1.2")), missing);
    // anyExtendedKeyUsage in a leaf is not the one that is demanded.
    let any = |parameters: &mut CertificateParams| {
        parameters.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::Any];
    };
    assert_eq!(refused(&chain_below(&pki.root, &[&ca, &any]), &[anchor], needs("1.0.18013.5.1.2")), missing);
    // A CA for TLS servers must not certify other things.
    let signs = |parameters: &mut CertificateParams| {
        let oid = vec![1, 0, 18013, 5, 1, 2];
        parameters.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::Other(oid)];
    };
    let tls = |parameters: &mut CertificateParams| {
        ca(parameters);
        parameters.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    };
    let chain = chain_below(&pki.root, &[&tls, &signs]);
    assert!(refused(&chain, &[anchor], needs("1.0.18013.5.1.2")).contains("restricted"));
}

/// Certificates that no signature vouches for must not come out as part of a path: whoever looks for an authority's
/// key identifier among them would find what the sender has put there.
#[test]
fn x10_nothing_unverified_is_handed_out() {
    let (pki, other) = (pki(1), pki(2));
    let anchor = pki.root.certificate();
    let mut surplus = pki.chain.clone();
    surplus.push(other.root.certificate().to_vec());
    // A root of the same name and another key, behind a path that holds without it.
    assert_eq!(
        refused(&surplus, &[anchor], HAIP),
        "the chain has certificates that are not part of the path"
    );
    assert!(matches!(check(&surplus, &[anchor], NOW, LOOSE), Err(X509Error::Untrusted(_))));
    // Behind an anchor nothing is looked at.
    let path = check(&surplus, &[anchor, pki.below.certificate()], NOW, LOOSE).unwrap();
    assert_eq!((path.anchor, path.intermediates.len()), (1, 0));
}
