//! Properties: what goes in comes out, and nothing that was changed is accepted.

use credenza_core::{Report, SeededRandom};
use credenza_crypto::HashAlgorithm;
use credenza_formats::mdoc::{
    DeviceResponse, ElementTypes, Expected, Held, Issuance, IssuerSigned, MDL, MdocLimits, SessionTranscript,
    issue, value,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::support::{
    Forgery, NO_AUTHORIZATIONS, NOW, accepted, check, holder, issued, issuer, licence, transcript, validity,
};
use crate::support::now;

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e9..1e9_f64).prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn claims() -> impl Strategy<Value = Map<String, Value>> {
    let elements = prop::collection::btree_map("[a-z_]{1,8}", json_value(), 1..8)
        .prop_map(|members| Value::Object(members.into_iter().collect()));
    prop::collection::btree_map("org\\.[a-z]{1,6}", elements, 1..4)
        .prop_map(|namespaces| namespaces.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn issue_hold_present_verify(claims in claims(), choice in any::<u64>(), seed in any::<u64>()) {
        let issuance = Issuance {
            doc_type: MDL,
            claims: &claims,
            types: &ElementTypes::default(),
            holder: &holder().public_key(),
            validity: validity(),
            hash: HashAlgorithm::Sha256,
            status: None,
            key_authorizations: &NO_AUTHORIZATIONS,
        };
        let issued = now(issue(&issuer(), &issuance, &SeededRandom::new(seed))).unwrap();
        let mut report = Report::new("issued");
        let held = Held::accept(
            issued, &MdocLimits::default(), &issuer().public_key(), &holder().public_key(),
            &Expected::new(NOW), &mut report,
        );
        let held = held.unwrap_or_else(|| panic!("{report}"));
        prop_assert_eq!(held.claims(), &claims);
        let chosen: Vec<_> = held
            .elements()
            .enumerate()
            .filter(|(number, _)| choice >> (number % 64) & 1 == 1)
            .map(|(_, (namespace, element))| {
                credenza_core::ClaimsPath::keys([namespace, element]).unwrap()
            })
            .collect();
        let presentation = held.present(&chosen);
        prop_assert_eq!(presentation.count(), chosen.len());
        let response = now(presentation.sign(&holder(), &transcript())).unwrap();
        let verified = accepted(&response);
        prop_assert_eq!(&verified.claims, &held.preview(&chosen));
        prop_assert_eq!(verified.holder, holder().public_key());
    }

    #[test]
    fn a_response_of_which_a_bit_was_changed(at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let original = Forgery::default().response();
        let mut response = original.clone();
        let at = at.index(response.len());
        response[at] ^= 1 << bit;
        // The certificate that comes along is not signed by the issuer's key: only the caller's trust covers it.
        if let (Some(verified), report) = check(&response) {
            let before = accepted(&original);
            // An element whose place was renamed is not there any more; what is there is what was signed.
            for (namespace, elements) in &verified.claims {
                for (element, value) in elements.as_object().unwrap() {
                    prop_assert_eq!(value, &before.claims[namespace][element]);
                }
            }
            prop_assert!(verified.device_signed == before.device_signed && report.ok());
            prop_assert!(verified.holder == before.holder && verified.validity == before.validity);
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_parsers_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let limits = MdocLimits::default();
        let _ = DeviceResponse::parse(&bytes, &limits);
        let _ = IssuerSigned::parse(&bytes, &limits);
        let _ = Held::restore(bytes.clone(), &limits);
        let _ = value::to_json(&bytes);
        let _ = SessionTranscript::from_cbor(bytes);
    }

    #[test]
    fn no_mutation_makes_the_parsers_panic(
        at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(),
        insert in prop::collection::vec(any::<u8>(), 0..10),
    ) {
        let limits = MdocLimits::default();
        for original in [Forgery::default().response(), issued(&licence())] {
            let at = at.index(original.len());
            let mut changed = original.clone();
            changed[at] = byte;
            let _ = DeviceResponse::parse(&changed, &limits);
            let _ = IssuerSigned::parse(&changed, &limits);
            changed.splice(at..at, insert.iter().copied());
            changed.truncate(cut.index(changed.len()));
            let _ = DeviceResponse::parse(&changed, &limits);
            let _ = IssuerSigned::parse(&changed, &limits);
        }
    }
}

#[test]
fn what_json_shows_of_cbor() {
    let json = |text: &str| value::to_json(&super::support::hex(text)).unwrap();
    // RFC 8949 §6.1
    assert_eq!(json("42ffee"), "_-4");
    assert_eq!(json("d642ffee"), "/+4=");
    assert_eq!(json("d742ffee"), "FFEE");
    assert_eq!(json("d58142ffee"), json!(["_-4"]));
    assert_eq!(json("c24101"), "AQ");
    assert_eq!(json("c34101"), "~AQ");
    assert_eq!(json("d903ec6a313937312d30392d3031"), "1971-09-01");
    assert_eq!(json("c074323032362d31312d32345431363a30303a30305a"), "2026-11-24T16:00:00Z");
    assert_eq!(json("c11a6839a000"), 1_748_606_976);
    assert_eq!(json("f7"), Value::Null);
    assert_eq!(json("f97e00"), Value::Null);
    assert_eq!(json("f93e00"), 1.5);
    assert_eq!(json("a201022003"), json!({ "1": 2, "-1": 3 }));
    assert_eq!(json("3bffffffffffffffff"), -18_446_744_073_709_551_616.0);
    assert_eq!(json("1bffffffffffffffff"), u64::MAX);
    // Two keys that are one in JSON.
    assert!(value::to_json(&super::support::hex("a2010261310 3".replace(' ', "").as_str())).is_err());
}

/// A rough measure that holds on any machine: bytes of work, not time.
#[test]
fn ten_of_a_hundred_elements_cost_little_more_than_ten_of_ten() {
    let of = |count: usize| {
        let elements: Map<String, Value> =
            (0..count).map(|number| (format!("element_{number}"), json!("a value of some length"))).collect();
        let issued = issued(&json!({ "org.example": elements }));
        let held = Held::restore(issued, &MdocLimits::default()).unwrap();
        let paths: Vec<_> = (0..10)
            .map(|number| {
                credenza_core::ClaimsPath::keys(["org.example".to_owned(), format!("element_{number}")])
                    .unwrap()
            })
            .collect();
        now(held.present(&paths).sign(&holder(), &transcript())).unwrap()
    };
    let (ten, hundred) = (of(10), of(100));
    // 90 digests of 32 bytes with their numbers, and nothing of the elements that are not shown.
    assert!(hundred.len() - ten.len() < 90 * 37, "{} and {}", ten.len(), hundred.len());
    assert_eq!(accepted(&hundred).claims["org.example"].as_object().unwrap().len(), 10);
}
