//! Tests of W3C Verifiable Credentials.

mod data_integrity;
mod data_model;
mod jwt;
mod rdfc;
mod vectors;

use credenza_core::{Outcome, Report, UnixTime, base58};
use credenza_crypto::{Curve, PublicKey};
use credenza_formats::w3c::data_integrity::{Contexts, Purpose, VerificationMethod};
use serde_json::{Map, Value, json};

use crate::support::{file, object};

/// Within the validity of everything that the vectors and the tests make.
pub(crate) const TIME: UnixTime = UnixTime::from_secs(1_750_000_000);

pub(crate) fn contexts() -> Contexts {
    Contexts::bundled()
        .with(
            "https://www.w3.org/ns/credentials/examples/v2",
            file("w3c-contexts/credentials-examples-v2.jsonld").as_bytes(),
        )
        .unwrap()
        .with("https://issuer.example/degrees/v1", DEGREES.as_bytes())
        .unwrap()
}

/// The context of the tests' credentials by VCDM 1.1; the specification's own examples build on a context of ODRL.
const DEGREES: &str = r#"{ "@context": {
    "UniversityDegreeCredential": "https://issuer.example/degrees#UniversityDegreeCredential",
    "BachelorDegree": "https://issuer.example/degrees#BachelorDegree",
    "degree": "https://issuer.example/degrees#degree",
    "name": "https://issuer.example/degrees#name"
} }"#;

/// The key of a `did:key`, as the callers of these tests resolve it.
pub(crate) fn did_key(text: &str) -> Option<PublicKey> {
    let bytes = base58::decode(text.strip_prefix('z')?)?;
    match bytes.split_at_checked(2)? {
        ([0xed, 0x01], raw) => PublicKey::from_okp(Curve::Ed25519, raw).ok(),
        ([0x80, 0x24], raw) => PublicKey::from_compressed_point(Curve::P256, raw).ok(),
        ([0x81, 0x24], raw) => PublicKey::from_compressed_point(Curve::P384, raw).ok(),
        _ => None,
    }
}

/// As `did_key`, with the controller that the vectors' issuer has.
pub(crate) fn vector_method(url: &str, purpose: Purpose) -> Option<VerificationMethod> {
    let (did, _) = url.split_once('#')?;
    let key = did_key(did.strip_prefix("did:key:")?)?;
    let controller = "https://vc.example/issuers/5678".to_owned();
    (purpose == Purpose::AssertionMethod).then_some(VerificationMethod { key, controller })
}

pub(crate) fn v1() -> Map<String, Value> {
    object(json!({
        "@context": ["https://www.w3.org/2018/credentials/v1", "https://issuer.example/degrees/v1"],
        "id": "https://issuer.example/credentials/1",
        "type": ["VerifiableCredential", "UniversityDegreeCredential"],
        "issuer": "did:example:issuer",
        "issuanceDate": "2025-01-01T00:00:00Z",
        "expirationDate": "2030-01-01T00:00:00Z",
        "credentialSubject": {
            "id": "did:example:holder",
            "degree": { "type": "BachelorDegree", "name": "Bachelor of Science" },
        },
    }))
}

pub(crate) fn v2() -> Map<String, Value> {
    object(json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
        "id": "https://issuer.example/credentials/2",
        "type": ["VerifiableCredential", "AlumniCredential"],
        "issuer": { "id": "did:example:issuer", "name": "Example" },
        "validFrom": "2025-01-01T00:00:00Z",
        "validUntil": "2030-01-01T00:00:00Z",
        "credentialSubject": { "id": "did:example:holder", "alumniOf": "The School of Examples" },
        "credentialStatus": {
            "id": "https://issuer.example/status/3#94567",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": "94567",
            "statusListCredential": "https://issuer.example/status/3",
        },
    }))
}

pub(crate) fn with(mut document: Map<String, Value>, name: &str, value: Value) -> Map<String, Value> {
    document.insert(name.to_owned(), value);
    document
}

pub(crate) fn without(mut document: Map<String, Value>, name: &str) -> Map<String, Value> {
    document.remove(name);
    document
}

pub(crate) fn failed(report: &Report, rule: &str) {
    let failed = |report: &Report| {
        report.checks.iter().any(|check| check.rule.id == rule && check.outcome == Outcome::Failed)
    };
    assert!(failed(report) && !report.ok(), "{rule} should fail\n{report}");
}
