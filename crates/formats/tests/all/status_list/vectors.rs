//! The lists and tokens that the specification prints.

use credenza_core::{Report, UnixTime, b64};
use credenza_crypto::cose::{Label, Reader, Sign1, Tagging, cwt::Claims};
use credenza_formats::sd_jwt::{SdJwt, SdJwtLimits};
use credenza_formats::status_list::token::{Expected, MAX_TOKEN, cwt, jwt};
use credenza_formats::status_list::{
    EncodedList, Level, Status, StatusArray, StatusBits, StatusReference, encode,
};
use serde_json::Value;

use crate::support::{public_key, vectors};

const LISTS: &str = "token-status-list/status_lists.json";
const TOKENS: &str = "token-status-list/tokens.json";
const URI: &str = "https://example.com/statuslists/1";

fn hex(text: &Value) -> Vec<u8> {
    let digits: Vec<u8> = text
        .as_str()
        .unwrap()
        .bytes()
        .map(|digit| u8::try_from((digit as char).to_digit(16).unwrap()).unwrap())
        .collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn bits(list: &Value) -> StatusBits {
    StatusBits::from_number(list["bits"].as_u64().unwrap()).unwrap()
}

fn from_json(list: &Value) -> StatusArray {
    EncodedList::from_base64url(bits(list), list["lst"].as_str().unwrap())
        .unwrap()
        .decode(encode::MAX_LIST)
        .unwrap()
}

/// A list in CBOR (§4.3).
fn from_cbor(list: &[u8]) -> StatusArray {
    let (mut bits, mut lst) = (None, None);
    Reader::whole(list, |reader| {
        reader.map(|label, value| {
            match label {
                Label::Text("bits") => bits = StatusBits::from_number(value.unsigned()?),
                Label::Text("lst") => lst = Some(value.bytes()?),
                _ => value.skip()?,
            }
            Ok::<_, credenza_crypto::cose::CborError>(())
        })
    })
    .unwrap();
    EncodedList::from_compressed(bits.unwrap(), lst.unwrap().to_vec()).decode(encode::MAX_LIST).unwrap()
}

// Clauses: TSL-4.1-01, TSL-4.2-01, TSL-4.2-02, TSL-4.3-01, TSL-4.3-02, TSL-11.1-01
#[test]
fn l08_small_lists() {
    for vector in vectors(LISTS)["small"].as_array().unwrap() {
        let statuses = vector["statuses"].as_array().unwrap();
        let mut list = StatusArray::new(bits(vector), statuses.len() as u64).unwrap();
        for (index, status) in statuses.iter().enumerate() {
            let status = Status::from_value(u8::try_from(status.as_u64().unwrap()).unwrap());
            list.set(index as u64, status).unwrap();
        }
        assert_eq!(list.as_bytes(), hex(&vector["byte_array_hex"]));
        assert_eq!(from_json(&vector["json"]), list);
        assert_eq!(from_cbor(&hex(&vector["cbor_hex"])), list);
        let written = EncodedList::new(&list, Level::BEST);
        assert_eq!(written.decode(100).unwrap(), list);
        // So short a list has but one compressed form.
        assert_eq!(written.base64url(), vector["json"]["lst"].as_str().unwrap());
    }
}

// Clauses: TSL-4.1-01, TSL-4.2-03, TSL-4.3-03, TSL-11.1-01
#[test]
fn l08_lists_of_a_million() {
    for vector in vectors(LISTS)["size_2_20"].as_array().unwrap() {
        let listed = vector["statuses"].as_object().unwrap();
        let mut list = StatusArray::new(bits(vector), vector["size"].as_u64().unwrap()).unwrap();
        for (index, status) in listed {
            list.set(
                index.parse().unwrap(),
                Status::from_value(u8::try_from(status.as_u64().unwrap()).unwrap()),
            )
            .unwrap();
        }
        // Of the one with 8 bits the text prints a selection only.
        let read = from_json(&vector["json"]);
        assert_eq!(read.len(), 1 << 20);
        for (index, status) in listed {
            assert_eq!(
                u64::from(read.get(index.parse().unwrap()).unwrap().value()),
                status.as_u64().unwrap(),
                "{index}"
            );
        }
        if bits(vector) != StatusBits::Eight {
            assert_eq!(read, list);
        }
        assert_eq!(from_cbor(&hex(&vector["cbor_hex"])), read);
        let written = EncodedList::new(&list, Level::BEST).decode(encode::MAX_LIST).unwrap();
        assert_eq!(written, list);
    }
}

// Clauses: TSL-5.1-01, TSL-5.1-02, TSL-5.1-03, TSL-5.1-06, TSL-5.1-12, TSL-5.1-13
#[test]
fn token_as_jwt() {
    let tokens = vectors(TOKENS);
    let key = public_key(&tokens["signing_jwk"]);
    let token = tokens["status_list_token_jwt"]["serialized"].as_str().unwrap();
    let mut report = Report::new("status list");
    let unverified = jwt::Unverified::read(token, MAX_TOKEN, &mut report).unwrap();
    assert_eq!(unverified.clues().kid.as_deref(), Some("12"));
    assert_eq!(unverified.clues().issuer.as_deref(), Some("https://example.com"));
    let list =
        unverified.verify(&key, &Expected::of(URI, UnixTime::from_secs(1_700_000_000)), &mut report).unwrap();
    assert!(report.ok(), "{report}");
    assert_eq!(list.statuses.as_bytes(), [0xb9, 0xa3]);
    assert_eq!(list.issued_at.as_secs(), 1_686_920_170);
    assert_eq!(list.expires_at.map(UnixTime::as_secs), Some(2_291_720_170));
    assert_eq!(list.ttl.map(|ttl| ttl.as_secs()), Some(43_200));
}

// Clauses: TSL-5.2-01, TSL-5.2-03, TSL-5.2-04, TSL-5.2-05, TSL-5.2-08, TSL-5.2-15
#[test]
fn token_as_cwt() {
    let tokens = vectors(TOKENS);
    let key = public_key(&tokens["signing_jwk"]);
    let token = hex(&tokens["status_list_token_cwt"]["cbor_hex"]);
    let mut report = Report::new("status list");
    let unverified =
        cwt::Unverified::read(&token, MAX_TOKEN, &mut report).unwrap_or_else(|| panic!("{report}"));
    assert_eq!(unverified.clues().kid.as_deref(), Some("12"));
    let list =
        unverified.verify(&key, &Expected::of(URI, UnixTime::from_secs(1_700_000_000)), &mut report).unwrap();
    assert!(report.ok(), "{report}");
    assert_eq!(list.statuses.as_bytes(), [0xb9, 0xa3]);
    assert_eq!(list.issued_at.as_secs(), 1_686_920_170);
    assert_eq!(list.expires_at.map(UnixTime::as_secs), Some(2_291_720_170));
    assert_eq!(list.ttl.map(|ttl| ttl.as_secs()), Some(43_200));
}

// Clauses: TSL-6.2-01, TSL-6.2-02, TSL-6.2-03, TSL-6.2-05, TSL-6.3-01, TSL-6.3-05, TSL-6.3-12
#[test]
fn referenced_tokens() {
    let tokens = vectors(TOKENS);
    let text = tokens["referenced_token_sd_jwt"]["serialized"].as_str().unwrap();
    let payload = SdJwt::parse(text, &SdJwtLimits::default()).is_ok();
    assert!(payload);
    let claims: Value =
        serde_json::from_slice(&b64::decode(text.split('.').nth(1).unwrap()).unwrap()).unwrap();
    let reference = StatusReference::from_status(&claims["status"]).unwrap().unwrap();
    assert_eq!((reference.idx, reference.uri.as_str()), (0, URI));

    let token = hex(&tokens["referenced_token_cwt"]["cbor_hex"]);
    let message = Sign1::parse(&token, Tagging::Required).unwrap();
    message.verify(&public_key(&tokens["signing_jwk"]), &[credenza_crypto::Algorithm::Es256], &[]).unwrap();
    let claims = Claims::parse(message.payload.unwrap()).unwrap();
    let status = claims.get(Label::Integer(65535)).unwrap();
    let reference = StatusReference::from_cbor_status(status).unwrap().unwrap();
    assert_eq!((reference.idx, reference.uri.as_str()), (0, URI));
    assert_eq!(reference.to_cbor_status(), status);
}
