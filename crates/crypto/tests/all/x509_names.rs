//! Names and hashes of leaf certificates, by the rows of the attack catalogue.

use credenza_core::{SeededRandom, b64};
use credenza_crypto::x509::{CertificateAuthority, LeafProfile, der_to_pem, pem_to_der_chain, x509_hash};
use credenza_crypto::{Algorithm, Certificate, hash, x509};

use crate::support::{NOW, signer};
use crate::x509_path::{DAY, pki};

fn certificate(profile: &LeafProfile) -> Certificate {
    let random = SeededRandom::new(8);
    let ca = CertificateAuthority::generate("ca.example", NOW, DAY * 90, &random).unwrap();
    let der = ca.issue(&signer(Algorithm::Es256).public_key(), profile, &random).unwrap();
    Certificate::parse(&der).unwrap()
}

// Clauses: X509-V-SAN-01
#[test]
fn x08_names() {
    let leaf = certificate(
        &LeafProfile::new("common.example", NOW, DAY)
            .dns_name("Verifier.Example")
            .dns_name("*.wild.example")
            .dns_name("dot.example.")
            .dns_name("xn--bcher-kva.example")
            .uri("https://uri.example/"),
    );
    for name in ["verifier.example", "VERIFIER.EXAMPLE", "Verifier.Example", "xn--bcher-kva.example"] {
        assert!(leaf.has_dns_name(name), "{name}");
    }
    for name in [
        "",
        ".",
        "common.example",
        "ca.example",
        "a.wild.example",
        "*.wild.example",
        "wild.example",
        "verifier.example.",
        "dot.example.",
        "dot.example",
        "uri.example",
        "https://uri.example/",
        "sub.verifier.example",
        "verifier.exampl",
        "verifier.example\0",
        "verifier.example\0.evil.example",
        " verifier.example",
        "ver\u{131}fier.example",
        "b\u{fc}cher.example",
        "verifier\u{ff0e}example",
    ] {
        assert!(!leaf.has_dns_name(name), "{name}");
    }
}

/// The name is looked for in the leaf that was asked, and a chain's other certificates do not lend theirs.
#[test]
fn x08_names_of_other_certificates() {
    let pki = pki(1);
    let intermediate = Certificate::parse(&pki.chain[1]).unwrap();
    assert!(Certificate::parse(&pki.chain[0]).unwrap().has_dns_name("issuer.example"));
    assert!(!intermediate.has_dns_name("issuer.example"));
}

// Clauses: X509-V-HASH-01
#[test]
fn x09_hashes() {
    let pki = pki(1);
    let leaf = Certificate::parse(&pki.chain[0]).unwrap();
    let right = leaf.x509_hash();
    assert_eq!(right, b64::encode(hash::sha256(&pki.chain[0])));
    assert_eq!(right, x509_hash(&pki.chain[0]));
    assert_eq!(right.len(), 43);
    let digest = hash::sha256(&leaf.der);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let sha384 = credenza_crypto::HashAlgorithm::Sha384.hash(&leaf.der);
    let (x, y) = leaf.key.coordinates().unwrap();
    for wrong in [
        x509_hash(&pki.chain[1]),
        b64::encode(sha384),
        hex,
        b64::encode_std(digest),
        format!("{right}="),
        b64::encode(hash::sha256(&[&[4], x, y].concat())),
        b64::encode(hash::sha256(der_to_pem(&leaf.der).as_bytes())),
        right.to_lowercase(),
    ] {
        assert_ne!(wrong, right);
    }
}

#[test]
fn x10_key_identifiers() {
    let pki = pki(1);
    let [leaf, intermediate] = [0, 1].map(|index| Certificate::parse(&pki.chain[index]).unwrap());
    let root = pki.root.parsed();
    assert_eq!(leaf.authority_key_id, intermediate.subject_key_id);
    assert_eq!(intermediate.authority_key_id, root.subject_key_id);
    let ids = [&leaf, &intermediate, root].map(|certificate| certificate.subject_key_id.clone().unwrap());
    assert!(ids.iter().all(|id| id.len() == 20));
    assert!(ids[0] != ids[1] && ids[1] != ids[2]);
}

#[test]
fn pem_both_ways() {
    let pki = pki(1);
    let pem: String = pki.chain.iter().map(|der| der_to_pem(der)).collect();
    assert_eq!(pem_to_der_chain(&pem).unwrap(), pki.chain);
    assert!(pem.lines().all(|line| line.len() <= 64));
    let commented = format!("subject=whatever\n{pem}\n# the end\n");
    assert_eq!(pem_to_der_chain(&commented).unwrap(), pki.chain);
    for bad in [
        "",
        "-----BEGIN CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n%\n-----END CERTIFICATE-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ] {
        assert!(pem_to_der_chain(bad).is_err(), "{bad}");
    }
    let many = der_to_pem(&[0]).repeat(x509::pem::MAX_CERTIFICATES + 1);
    assert_eq!(pem_to_der_chain(&many), Err(x509::X509Error::TooLong(x509::pem::MAX_CERTIFICATES)));
}
