//! What an issuer signs.

use std::collections::HashSet;

use credenza_core::SeededRandom;
use credenza_crypto::cose::{Kind, Reader};
use credenza_crypto::{Algorithm, HashAlgorithm, PublicKey, SignError, SoftwareSigner};
use credenza_formats::mdoc::{
    ElementType, ElementTypes, Held, Issuance, IssueError, IssuerSigned, KeyAuthorizations, MDL,
    MDL_NAMESPACE, MdocLimits, PID, ValidityInfo, issue,
};
use serde_json::{Value, json};

use super::support::{
    DAY, NO_AUTHORIZATIONS, NOW, holder, issued, issuer, issuer_with, key, licence, validity,
};
use crate::support::{now, object};

struct Order {
    claims: Value,
    types: ElementTypes,
    holder: PublicKey,
    validity: ValidityInfo,
    hash: HashAlgorithm,
    status: Option<Value>,
    key_authorizations: KeyAuthorizations,
    signer: SoftwareSigner,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            claims: licence(),
            types: ElementTypes::standard(),
            holder: holder().public_key(),
            validity: validity(),
            hash: HashAlgorithm::Sha256,
            status: None,
            key_authorizations: NO_AUTHORIZATIONS,
            signer: issuer(),
        }
    }
}

impl Order {
    fn issue(&self) -> Result<Vec<u8>, IssueError> {
        let issuance = Issuance {
            doc_type: MDL,
            claims: &object(self.claims.clone()),
            types: &self.types,
            holder: &self.holder,
            validity: self.validity,
            hash: self.hash,
            status: self.status.as_ref(),
            key_authorizations: &self.key_authorizations,
        };
        now(issue(&self.signer, &issuance, &SeededRandom::new(7)))
    }
}

fn kinds(bytes: &[u8]) -> Vec<(String, Option<u64>, Kind)> {
    let parsed = IssuerSigned::parse(bytes, &MdocLimits::default()).unwrap();
    let kind = |value: &[u8]| {
        let mut reader = Reader::new(value);
        match reader.kind().unwrap() {
            Kind::Tag => reader
                .tagged(|tag, inner| Ok::<_, credenza_crypto::cose::CborError>((Some(tag), inner.kind()?)))
                .unwrap(),
            kind => (None, kind),
        }
    };
    let kinds = parsed.elements().map(|(_, item)| {
        let (tag, kind) = kind(item.value);
        (item.identifier.to_owned(), tag, kind)
    });
    kinds.collect()
}

// Clauses: MDOC-I-7-01
#[test]
fn texts_become_dates_and_bytes() {
    let found = kinds(&issued(&licence()));
    let of = |name: &str| {
        found.iter().find(|(found, ..)| found == name).map(|(_, tag, kind)| (*tag, *kind)).unwrap()
    };
    assert_eq!(of("birth_date"), (Some(1004), Kind::Text));
    assert_eq!(of("issue_date"), (Some(1004), Kind::Text));
    assert_eq!(of("portrait"), (None, Kind::Bytes));
    assert_eq!(of("family_name"), (None, Kind::Text));
    assert_eq!(of("age_over_18"), (None, Kind::Bool));
    assert_eq!(of("height"), (None, Kind::Integer));
    assert_eq!(of("driving_privileges"), (None, Kind::Array));
    // The dates within the array.
    let bytes = issued(&licence());
    let tagged = [&[0xd9, 0x03, 0xec, 0x6a][..], b"1989-10-01"].concat();
    assert!(bytes.windows(tagged.len()).any(|part| part == tagged));
}

// Clauses: MDOC-I-7-01
#[test]
fn types_of_other_namespaces() {
    let claims = json!({
        PID: { "birth_date": "1971-09-01", "expiry_date": "2026-11-24T16:00:00.5+01:00", "nationality": ["DE"] },
        "org.example": { "born": "1971-09-01", "at": "2026-11-24T16:00:00Z", "photo": "aGk=", "ratio": 0.5, "none": null,
            "small": -3, "big": u64::MAX, "low": i64::MIN },
    });
    let types = ElementTypes::standard()
        .with("org.example", &["born"], ElementType::FullDate)
        .with("org.example", &["at"], ElementType::DateTime)
        .with("org.example", &["photo"], ElementType::Bytes);
    let bytes = Order { claims, types, ..Order::default() }.issue().unwrap();
    let held = Held::restore(bytes, &MdocLimits::default()).unwrap();
    assert_eq!(held.claims()[PID]["expiry_date"], "2026-11-24T15:00:00Z", "UTC, and no fraction");
    let example = &held.claims()["org.example"];
    assert_eq!(example["born"], "1971-09-01");
    assert_eq!(example["photo"], "aGk");
    assert_eq!((&example["ratio"], &example["none"]), (&json!(0.5), &Value::Null));
    assert_eq!(
        (&example["small"], &example["big"], &example["low"]),
        (&json!(-3), &json!(u64::MAX), &json!(i64::MIN))
    );
}

#[test]
fn claims_that_do_not_fit() {
    let with = |claims: Value| Order { claims, ..Order::default() }.issue();
    for claims in [json!({}), json!({ MDL_NAMESPACE: {} }), json!({ MDL_NAMESPACE: [] }), json!({ "a": 1 })] {
        assert_eq!(with(claims), Err(IssueError::Shape));
    }
    for (name, value) in [
        ("birth_date", json!("1971-02-30")),
        ("birth_date", json!("1971-09-01T00:00:00Z")),
        ("issue_date", json!("today")),
        ("portrait_capture_date", json!("2024-01-01")),
        ("portrait", json!("not base64!")),
        ("other", (0..20).fold(json!(1), |inner, _| json!([inner]))),
    ] {
        let refused = with(json!({ MDL_NAMESPACE: { name: value } }));
        assert_eq!(refused, Err(IssueError::Element(name.to_owned())));
    }
}

// Clauses: MDOC-I-9.1.2.4-07, MDOC-I-9.1.2.4-09, MDOC-I-9.1.2.4-14
#[test]
fn orders_that_are_refused() {
    for (valid_from, valid_until) in [(NOW, NOW), (NOW - DAY - DAY, NOW), (NOW + DAY, NOW)] {
        let validity = ValidityInfo { valid_from, valid_until, ..validity() };
        assert_eq!(Order { validity, ..Order::default() }.issue(), Err(IssueError::Validity));
    }
    assert_eq!(Order { signer: key(11), ..Order::default() }.issue(), Err(IssueError::NoCertificate));
    let signer = SoftwareSigner::generate(Algorithm::Es256K, &SeededRandom::new(1)).unwrap();
    let refused = Order { signer, ..Order::default() }.issue();
    assert_eq!(refused, Err(IssueError::Algorithm(Algorithm::Es256K)));
    let rsa = PublicKey::from_rsa(&[0xff; 256], &[1, 0, 1]).unwrap();
    assert_eq!(Order { holder: rsa, ..Order::default() }.issue(), Err(IssueError::HolderKey));
    let key_authorizations = KeyAuthorizations {
        namespaces: vec![MDL_NAMESPACE.to_owned()],
        elements: vec![(MDL_NAMESPACE.to_owned(), vec!["height".to_owned()])],
    };
    let refused = Order { key_authorizations, ..Order::default() }.issue();
    assert_eq!(refused, Err(IssueError::KeyAuthorizations));
    let status = Some(json!({ "identifier_list": { "id": "?" } }));
    assert_eq!(Order { status, ..Order::default() }.issue(), Err(IssueError::Status));
    assert!(IssueError::from(SignError("away".to_owned())).to_string().contains("away"));
}

// Clauses: MDOC-I-9.1.2.4-03, HAIP-5.3.1-04
// Checks: WVP-068
#[test]
fn status_times_and_hashes() {
    let status = json!({ "status_list": { "idx": 412, "uri": "https://status.example/1" } });
    let validity = ValidityInfo { expected_update: Some(NOW + DAY), ..validity() };
    for (hash, name) in [
        (HashAlgorithm::Sha256, "SHA-256"),
        (HashAlgorithm::Sha384, "SHA-384"),
        (HashAlgorithm::Sha512, "SHA-512"),
    ] {
        let bytes =
            Order { status: Some(status.clone()), validity, hash, ..Order::default() }.issue().unwrap();
        let parsed = IssuerSigned::parse(&bytes, &MdocLimits::default()).unwrap();
        assert_eq!((parsed.mso.digest_algorithm, parsed.mso.validity), (name, validity));
        let held = Held::restore(bytes, &MdocLimits::default()).unwrap();
        assert_eq!(held.status(), Some(&status));
    }
}

// Clauses: MDOC-I-9.1.2.5-01
#[test]
fn m19_salts_are_long_and_no_two_are_the_same() {
    let mut salts = HashSet::new();
    let bytes = issued(&licence());
    let parsed = IssuerSigned::parse(&bytes, &MdocLimits::default()).unwrap();
    for (_, item) in parsed.elements() {
        assert!(item.random.len() >= 16);
        assert!(salts.insert(item.random.to_vec()));
    }
    assert_eq!(salts.len(), 11);
}

// Clauses: MDOC-I-9.1.2.4-04
#[test]
fn digest_numbers_say_nothing_about_the_elements() {
    let order = Order::default();
    let mut orders = HashSet::new();
    for seed in 0..50 {
        let issuance = Issuance {
            doc_type: MDL,
            claims: &object(order.claims.clone()),
            types: &order.types,
            holder: &order.holder,
            validity: order.validity,
            hash: order.hash,
            status: None,
            key_authorizations: &order.key_authorizations,
        };
        let bytes = now(issue(&order.signer, &issuance, &SeededRandom::new(seed))).unwrap();
        let parsed = IssuerSigned::parse(&bytes, &MdocLimits::default()).unwrap();
        let ids: Vec<u64> = parsed.namespaces[0].1.iter().map(|item| item.digest_id).collect();
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..10).collect::<Vec<_>>(), "each number once");
        orders.insert(ids);
    }
    assert!(orders.len() > 45, "{} orders of ten elements in fifty documents", orders.len());
}

// Clauses: MDOC-I-9.1.2.4-14
#[test]
fn every_algorithm_of_an_issuer() {
    for algorithm in [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa] {
        let signer = SoftwareSigner::generate(algorithm, &SeededRandom::new(3)).unwrap();
        let signer = issuer_with(signer, "UT", NOW - DAY, DAY + DAY);
        let key = signer.public_key();
        let bytes = Order { signer, ..Order::default() }.issue().unwrap();
        let parsed = IssuerSigned::parse(&bytes, &MdocLimits::default()).unwrap();
        assert_eq!(parsed.issuer_auth.algorithm(), Some(algorithm));
        assert_eq!(parsed.issuer_auth.verify(&key, &[algorithm], &[]), Ok(()));
        assert_eq!(parsed.x5chain().len(), 1);
    }
}
