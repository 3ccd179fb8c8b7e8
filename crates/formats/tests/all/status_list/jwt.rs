//! Status List Tokens as JWT: rows L01, L02, L03, L05, L06 and L09 of the attack catalogue.

use std::time::Duration;

use credenza_core::{Report, b64};
use credenza_crypto::{Algorithm, IdentifiedBy, Jwk, Signer as _};
use credenza_formats::status_list::token::{Expected, Issuance, IssueError, MAX_TOKEN, jwt};
use credenza_formats::status_list::{
    ArrayError, EncodedList, Level, Status, StatusArray, StatusBits, encode,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::shared::{
    EXPECTED, HOUR, NOW, URI, accepted, check, claims, earlier, encoded, forge, issue, issue_by, issuer,
    later, now, refused, sign, sign_under, statuses, stranger, with, with_list, without,
};

const GOOD: Issuance<'static> = Issuance::new(URI, NOW);

fn payload(token: &str) -> Value {
    serde_json::from_slice(&b64::decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

// Clauses: TSL-4.2-01, TSL-4.2-02, TSL-4.2-03, TSL-4.2-04, TSL-5.1-01, TSL-5.1-02, TSL-5.1-03, TSL-5.1-04,
// TSL-5.1-06, TSL-5.1-07, TSL-5.1-08, TSL-5.1-09, TSL-5.1-10, TSL-5.1-11, TSL-5.1-12, TSL-9.2-01, TSL-13.7-02
#[test]
fn what_is_issued() {
    let token = issue(&Issuance {
        expires_at: Some(later(86_400)),
        ttl: Some(HOUR),
        issuer: Some("https://issuer.example"),
        aggregation_uri: Some("https://issuer.example/statuslists"),
        ..GOOD
    });
    let mut header: Value =
        serde_json::from_slice(&b64::decode(token.split('.').next().unwrap()).unwrap()).unwrap();
    let key = header.as_object_mut().unwrap().remove("jwk").unwrap();
    assert_eq!(Jwk::from_value(&key).unwrap().key, issuer().public_jwk().key);
    assert_eq!(header, json!({ "alg": "ES256", "typ": "statuslist+jwt" }));
    assert_eq!(
        payload(&token),
        json!({
            "iss": "https://issuer.example",
            "sub": URI,
            "iat": NOW,
            "exp": later(86_400),
            "ttl": 3600,
            "status_list": { "bits": 2, "lst": encoded().base64url(), "aggregation_uri": "https://issuer.example/statuslists" },
        })
    );
    let list = accepted(&token, &EXPECTED);
    assert_eq!(list.statuses, statuses());
    assert_eq!((list.issued_at, list.expires_at, list.ttl), (NOW, Some(later(86_400)), Some(HOUR)));
    assert_eq!(list.aggregation_uri.as_deref(), Some("https://issuer.example/statuslists"));
    assert_eq!(
        [2, 3, 5].map(|idx| list.lookup(idx)),
        [Ok(Status::Valid), Ok(Status::Invalid), Ok(Status::Suspended)]
    );

    let least = issue(&GOOD);
    assert_eq!(payload(&least).as_object().unwrap().len(), 3);
    accepted(&least, &EXPECTED);
}

// Clauses: TSL-5.1-04, TSL-5.1-09, TSL-5.1-11
#[test]
fn what_is_not_issued() {
    let signer = issuer();
    let issue = |issuance: Issuance<'_>| {
        now(jwt::issue(&signer, &jwt::header(&signer, IdentifiedBy::Kid), &issuance, &encoded())).unwrap_err()
    };
    assert_eq!(issue(Issuance { uri: "statuslists/1", ..GOOD }), IssueError::Uri);
    assert_eq!(issue(Issuance { aggregation_uri: Some(""), ..GOOD }), IssueError::Uri);
    assert_eq!(issue(Issuance { ttl: Some(Duration::from_millis(999)), ..GOOD }), IssueError::Ttl);
    assert_eq!(issue(Issuance { expires_at: Some(NOW), ..GOOD }), IssueError::Expired);
}

// Clauses: TSL-5.1-14, TSL-5.1-15, TSL-8.3-05, TSL-8.3-12, TSL-11.2-01
#[test]
fn l01_invalid_signature() {
    let good = issue(&GOOD);
    accepted(&good, &EXPECTED);
    refused(&issue_by(&stranger(), &GOOD, &encoded()), &EXPECTED, "status-list.signature");
    let (signed, signature) = good.rsplit_once('.').unwrap();
    refused(&format!("{signed}."), &EXPECTED, "status-list.signature");
    refused(&format!("{signed}.{}", b64::encode([0; 64])), &EXPECTED, "status-list.signature");
    // The payload of a list on which everything is valid, under the signature of ours.
    let other = issue_by(
        &issuer(),
        &GOOD,
        &EncodedList::new(&StatusArray::new(StatusBits::Two, 64).unwrap(), Level::BEST),
    );
    let forged = other.rsplit_once('.').unwrap().0;
    refused(&format!("{forged}.{signature}"), &EXPECTED, "status-list.signature");

    let text = claims().to_string();
    for header in [r#"{"alg":"none","typ":"statuslist+jwt"}"#, r#"{"alg":"HS256","typ":"statuslist+jwt"}"#] {
        refused(&sign_under(&issuer(), header, &text), &EXPECTED, "status-list.alg");
        refused(&format!("{}.{}.", b64::encode(header), b64::encode(&text)), &EXPECTED, "status-list.alg");
    }
    let narrow = Expected { algorithms: &[Algorithm::Es384], ..EXPECTED };
    refused(&good, &narrow, "status-list.alg");
    let critical = r#"{"alg":"ES256","typ":"statuslist+jwt","crit":["x"],"x":1}"#;
    refused(&sign_under(&issuer(), critical, &text), &EXPECTED, "status-list.parse");
}

// Clauses: TSL-5.1-02, TSL-5.1-16, TSL-8.2-04
#[test]
fn another_type_of_token() {
    let text = claims().to_string();
    for typ in ["statuslist+jwt", "application/statuslist+jwt", "StatusList+JWT"] {
        accepted(&sign(&issuer(), typ, &text), &EXPECTED);
    }
    for typ in ["JWT", "dc+sd-jwt", "statuslist+cwt", "", "statuslist+jwt2"] {
        refused(&sign(&issuer(), typ, &text), &EXPECTED, "status-list.typ");
    }
    refused(&sign_under(&issuer(), r#"{"alg":"ES256"}"#, &text), &EXPECTED, "status-list.typ");
}

// Clauses: TSL-5.1-05, TSL-8.3-06, TSL-8.3-07
#[test]
fn l02_subject_is_the_uri_to_the_byte() {
    for sub in [
        "https://issuer.example/statuslists/2",
        "https://issuer.example/statuslists/1/",
        "https://issuer.example/statuslists/1?",
        "https://issuer.example/statuslists/1?x=1",
        "https://issuer.example/statuslists/1#",
        "https://Issuer.example/statuslists/1",
        "https://issuer.example/Statuslists/1",
        "https://issuer.example:443/statuslists/1",
        "https://issuer.example/statuslists/%31",
        "http://issuer.example/statuslists/1",
        "",
    ] {
        refused(&forge(&with(claims(), "sub", json!(sub))), &EXPECTED, "status-list.sub");
    }
}

// Clauses: TSL-5.1-03, TSL-5.1-06, TSL-5.1-12, TSL-5.1-16, TSL-8.3-06
#[test]
fn claims_are_there_and_of_their_type() {
    accepted(&forge(&claims()), &EXPECTED);
    accepted(&forge(&with(claims(), "more", json!({}))), &EXPECTED);
    for name in ["sub", "iat", "status_list"] {
        refused(&forge(&without(claims(), name)), &EXPECTED, "status-list.parse");
    }
    for name in ["exp", "ttl"] {
        accepted(&forge(&without(claims(), name)), &EXPECTED);
    }
    for (name, value) in [
        ("sub", json!(1)),
        ("iat", json!("1748537250")),
        ("iat", json!(null)),
        ("exp", json!("9999999999")),
        ("exp", json!(null)),
        ("exp", json!(-1)),
        ("nbf", json!(true)),
        ("ttl", json!("3600")),
        ("ttl", json!(null)),
        ("ttl", json!([3600])),
        ("aud", json!(1)),
        ("iss", json!(1)),
        ("status_list", json!([])),
        ("status_list", json!("eNrbuRgAAhcBXQ")),
        ("status_list", json!({ "bits": 1 })),
        ("status_list", json!({ "lst": "eNrbuRgAAhcBXQ" })),
        ("status_list", json!({ "bits": 1, "lst": "eNrbuRgAAhcBXQ", "aggregation_uri": 1 })),
    ] {
        refused(&forge(&with(claims(), name, value)), &EXPECTED, "status-list.parse");
    }
    let twice = format!(r#"{{"sub":"x",{}"#, &claims().to_string()[1..]);
    refused(&sign(&issuer(), jwt::TYP, &twice), &EXPECTED, "status-list.parse");
    for text in ["", "[]", "x", "{}"] {
        refused(&sign(&issuer(), jwt::TYP, text), &EXPECTED, "status-list.parse");
    }
}

// Clauses: TSL-4.1-01, TSL-4.2-01
#[test]
fn l05_bits() {
    for bits in [1, 2, 4, 8] {
        let list = accepted(&forge(&with_list(bits, "eNrbuRgAAhcBXQ")), &EXPECTED);
        assert_eq!(u64::from(list.statuses.bits().number()), bits);
    }
    for bits in [0, 3, 5, 6, 7, 16, 255, 257] {
        refused(&forge(&with_list(bits, "eNrbuRgAAhcBXQ")), &EXPECTED, "status-list.bits");
    }
    for bits in [json!("1"), json!(1.0), json!(-1), json!(null), json!([1])] {
        refused(&forge(&with_list(bits, "eNrbuRgAAhcBXQ")), &EXPECTED, "status-list.parse");
    }
}

// Clauses: TSL-4.2-03, TSL-8.3-12
#[test]
fn l06_l07_lists_that_can_not_be_inflated() {
    let zeros = encode::deflate(&vec![0; encode::MAX_LIST + 1], Level::FASTEST);
    refused(&forge(&with_list(1, b64::encode(zeros))), &EXPECTED, "status-list.lst");
    let largest = encode::deflate(&vec![0; encode::MAX_LIST], Level::FASTEST);
    let list = accepted(&forge(&with_list(1, b64::encode(&largest))), &EXPECTED);
    assert_eq!(list.statuses.len(), 1 << 27);
    let narrow = Expected { max_list: 1 << 20, ..EXPECTED };
    refused(&forge(&with_list(1, b64::encode(largest))), &narrow, "status-list.lst");

    for lst in ["", "AAAA", "eNrbuRgAAhcBXg"] {
        refused(&forge(&with_list(1, lst)), &EXPECTED, "status-list.lst");
    }
    for lst in ["eNrbuRgAAhcBXQ==", "eNrb+RgAAhcBXQ", "x"] {
        refused(&forge(&with_list(1, lst)), &EXPECTED, "status-list.parse");
    }
    // A token that is refused for another reason is not inflated at all.
    let bomb = forge(&with(with_list(1, "AAAA"), "sub", json!("https://other.example")));
    let (_, report) = check(&bomb, &EXPECTED);
    assert_eq!(report.find("status-list.lst").unwrap().outcome, credenza_core::Outcome::Skipped);
}

#[test]
fn l06_long_tokens() {
    let good = issue(&GOOD);
    let mut report = Report::new("status list");
    assert!(jwt::Unverified::read(&good, good.len(), &mut report).is_some());
    assert!(jwt::Unverified::read(&good, good.len() - 1, &mut report).is_none());
    assert!(!report.ok());
}

// Clauses: TSL-5.1-09, TSL-8.3-09, TSL-13.7-01
#[test]
fn l09_expired() {
    let token = |exp| forge(&with(claims(), "exp", json!(exp)));
    accepted(&token(later(1)), &EXPECTED);
    accepted(&token(earlier(59)), &EXPECTED);
    refused(&token(earlier(60)), &EXPECTED, "status-list.exp");
    let strict = Expected { leeway: Duration::ZERO, ..EXPECTED };
    accepted(&token(later(1)), &strict);
    refused(&token(NOW), &strict, "status-list.exp");
}

// Clauses: TSL-5.1-07, TSL-8.3-08
#[test]
fn l09_issued_in_the_future_or_long_ago() {
    let token = |name: &str, time| forge(&with(claims(), name, json!(time)));
    accepted(&token("iat", later(60)), &EXPECTED);
    refused(&token("iat", later(61)), &EXPECTED, "status-list.iat");
    accepted(&token("nbf", later(60)), &EXPECTED);
    refused(&token("nbf", later(61)), &EXPECTED, "status-list.iat");

    let ancient = token("iat", earlier(100_000_000));
    accepted(&ancient, &EXPECTED);
    let policy = Expected { max_age: Some(HOUR), ..EXPECTED };
    refused(&ancient, &policy, "status-list.fresh");
    accepted(&token("iat", earlier(3600)), &policy);
    refused(&token("iat", earlier(3661)), &policy, "status-list.fresh");
}

#[test]
fn l09_older_than_one_that_was_seen() {
    let expected = Expected { not_before: Some(NOW), ..EXPECTED };
    accepted(&issue(&GOOD), &expected);
    refused(&issue(&Issuance { issued_at: earlier(1), ..GOOD }), &expected, "status-list.newest");
}

// Clauses: TSL-5.1-10, TSL-5.1-11
#[test]
fn l09_ttl_is_positive() {
    let token = |ttl: Value| forge(&with(claims(), "ttl", ttl));
    for (ttl, seconds) in [
        (json!(1), 1),
        (json!(3600.9), 3600),
        (json!(0.5), 0),
        (json!(u64::MAX), u64::MAX),
        (json!(1e300), u64::MAX),
    ] {
        assert_eq!(
            accepted(&token(ttl.clone()), &EXPECTED).ttl.map(|ttl| ttl.as_secs()),
            Some(seconds),
            "{ttl}"
        );
    }
    for ttl in [json!(0), json!(-1), json!(-0.5), json!(0.0), json!(-1e300)] {
        refused(&token(ttl), &EXPECTED, "status-list.ttl");
    }
}

// Clauses: TSL-5.1-16
#[test]
fn for_somebody_else() {
    for aud in [json!("https://other.example"), json!(["a", "b"]), json!([])] {
        refused(&forge(&with(claims(), "aud", aud)), &EXPECTED, "status-list.aud");
    }
    let us = Expected { audiences: &["b"], ..EXPECTED };
    accepted(&forge(&with(claims(), "aud", json!("b"))), &us);
    accepted(&forge(&with(claims(), "aud", json!(["a", "b"]))), &us);
    accepted(&forge(&claims()), &us);
}

// Clauses: TSL-8.3-11, TSL-C.4-02
#[test]
fn l03_lookup_out_of_range() {
    let list = accepted(&issue(&GOOD), &EXPECTED);
    assert_eq!(list.lookup(63), Ok(Status::Valid));
    for idx in [64, 65, 1 << 32, 1 << 53, u64::MAX] {
        assert_eq!(list.lookup(idx), Err(ArrayError::OutOfRange { len: 64 }));
    }
}

// Clauses: TSL-8.4-02, TSL-8.4-04
#[test]
fn l17_the_past_has_to_be_covered() {
    let list = accepted(&issue(&Issuance { expires_at: Some(later(10)), ..GOOD }), &EXPECTED);
    assert!(list.covers(NOW) && list.covers(later(9)));
    assert!(!list.covers(earlier(1)) && !list.covers(later(10)));
    assert!(accepted(&issue(&GOOD), &EXPECTED).covers(later(1_000_000)));
}

#[test]
fn clues_and_what_debug_shows() {
    let signer = issuer().with_kid("k1");
    let token = issue_by(&signer, &GOOD, &encoded());
    let mut report = Report::new("status list");
    let unverified = jwt::Unverified::read(&token, MAX_TOKEN, &mut report).unwrap();
    assert_eq!(unverified.clues().kid.as_deref(), Some("k1"));
    assert_eq!(unverified.clues().issuer, None);
    assert!(unverified.clues().x5c.is_empty());
    assert!(!format!("{unverified:?}").contains("issuer.example"));
    let list = unverified.verify(&signer.public_jwk().key, &EXPECTED, &mut report).unwrap();
    assert!(format!("{list:?}").contains("StatusArray(64 entries of 2 bit(s))"));
    assert_eq!(
        format!("{:?}", encoded()),
        format!("EncodedList({} bytes, 2 bit(s))", encoded().compressed().len())
    );
    for x5c in [json!([]), json!(["!"]), json!("MII")] {
        let header = json!({ "alg": "ES256", "typ": jwt::TYP, "x5c": x5c }).to_string();
        refused(&sign_under(&issuer(), &header, &claims().to_string()), &EXPECTED, "status-list.parse");
    }
}

proptest! {
    #[test]
    fn random_tokens_never_panic(text in "[A-Za-z0-9_.-]{0,200}", claims in "[{}\":,a-z0-9\\[\\]]{0,80}") {
        prop_assert!(check(&text, &EXPECTED).0.is_none());
        let _ = check(&sign(&issuer(), jwt::TYP, &claims), &EXPECTED);
    }

    #[test]
    fn round_trip(values in prop::collection::vec(0_u8..16, 1..300), ttl in 1_u64..1_000_000) {
        let mut list = StatusArray::new(StatusBits::Four, values.len() as u64).unwrap();
        for (index, value) in values.iter().enumerate() {
            list.set(index as u64, Status::from_value(*value)).unwrap();
        }
        let issuance = Issuance { ttl: Some(Duration::from_secs(ttl)), ..GOOD };
        let read = accepted(&issue_by(&issuer(), &issuance, &EncodedList::new(&list, Level::default())), &EXPECTED);
        prop_assert_eq!(read.statuses, list);
        prop_assert_eq!(read.ttl, issuance.ttl);
    }
}
