//! `status.status_list` of a credential, aggregations and questions about the past: rows L03 and L17.

use credenza_core::UnixTime;
use credenza_crypto::cose::Writer;
use credenza_formats::status_list::history::{self, Asked};
use credenza_formats::status_list::reference::MAX_URI;
use credenza_formats::status_list::{Aggregation, ReferenceError, StatusReference, aggregation};
use proptest::prelude::*;
use serde_json::{Value, json};

const URI: &str = "https://issuer.example/statuslists/1?type=pid";

fn idx(value: &str) -> Result<Option<StatusReference>, ReferenceError> {
    let status = format!(r#"{{"status_list":{{"idx":{value},"uri":"{URI}"}}}}"#);
    StatusReference::from_status(&credenza_core::json::parse(status.as_bytes()).unwrap())
}

fn uri(value: impl Into<Value>) -> Result<Option<StatusReference>, ReferenceError> {
    StatusReference::from_status(&json!({ "status_list": { "idx": 0, "uri": value.into() } }))
}

// Clauses: TSL-6.2-02, TSL-6.2-04, TSL-6.2-05, TSL-6.2-06, TSL-8.3-05
#[test]
fn l03_index_is_a_non_negative_integer() {
    for (value, index) in [("0", 0), ("1", 1), ("4294967296", 1 << 32), ("18446744073709551615", u64::MAX)] {
        assert_eq!(idx(value).unwrap().unwrap().idx, index);
    }
    for value in ["-1", "1.5", "1.0", "1e3", "\"1\"", "null", "true", "[1]", "{}", "18446744073709551616"] {
        assert_eq!(idx(value), Err(ReferenceError::Index), "{value}");
    }
    assert_eq!(
        StatusReference::from_status(&json!({"status_list": {"uri": URI}})),
        Err(ReferenceError::Index)
    );
}

// Clauses: TSL-6.2-07, TSL-6.2-08
#[test]
fn l03_uri_is_a_uri() {
    for value in [URI, "https://a.example/%41%2f", "http://[::1]:8080/x"] {
        assert_eq!(uri(value).unwrap().unwrap().uri, value);
    }
    let long = format!("https://issuer.example/{}", "a".repeat(MAX_URI));
    for value in [
        "",
        "statuslists/1",
        "//issuer.example/1",
        "https://",
        "https://a b",
        "https://a.example/%",
        "https://a.example/%4",
        "https://a.example/%4g",
        "https://a.example/%%41",
        "https://ä.example",
        "https://a.example/\u{0}",
        "https://a.example/<1>",
        &long,
    ] {
        assert_eq!(uri(value), Err(ReferenceError::Uri), "{value}");
    }
    for value in [json!(null), json!(1), json!([URI])] {
        assert_eq!(uri(value), Err(ReferenceError::Uri));
    }
    assert_eq!(StatusReference::from_status(&json!({"status_list": {"idx": 1}})), Err(ReferenceError::Uri));
}

// Clauses: TSL-6.2-02, TSL-6.2-03
#[test]
fn status_names_a_mechanism() {
    for value in [json!({}), json!([]), json!("x"), json!(null), json!(1)] {
        assert_eq!(StatusReference::from_status(&value), Err(ReferenceError::Status));
    }
    for value in [json!(null), json!([]), json!("x")] {
        assert_eq!(
            StatusReference::from_status(&json!({ "status_list": value })),
            Err(ReferenceError::StatusList)
        );
    }
    // Another mechanism is none of our business, and its presence beside ours changes nothing.
    assert_eq!(StatusReference::from_status(&json!({"identifier_list": {}})), Ok(None));
    let reference = StatusReference::new(7, URI).unwrap();
    let mut status = reference.to_status();
    status["other"] = json!({});
    status["status_list"]["more"] = json!(1);
    assert_eq!(StatusReference::from_status(&status), Ok(Some(reference)));
}

// Clauses: TSL-6.3-02, TSL-6.3-03, TSL-6.3-04, TSL-6.3-06, TSL-6.3-07, TSL-6.3-08, TSL-6.3-09, TSL-6.3-10, TSL-6.3-11
#[test]
fn references_in_cbor() {
    let reference = StatusReference::new(1 << 40, URI).unwrap();
    assert_eq!(StatusReference::from_cbor_status(&reference.to_cbor_status()), Ok(Some(reference.clone())));

    let cbor = |write: &dyn Fn(&mut Writer) -> &mut Writer| {
        let mut out = Writer::default();
        write(&mut out);
        StatusReference::from_cbor_status(&out.into_bytes())
    };
    let info = |write: &dyn Fn(&mut Writer) -> &mut Writer| {
        cbor(&|out| {
            out.map(1).text("status_list");
            write(out)
        })
    };
    assert_eq!(cbor(&|out| out.map(0)), Err(ReferenceError::Status));
    assert_eq!(cbor(&|out| out.text("x")), Err(ReferenceError::Status));
    assert_eq!(cbor(&|out| out.map(1).integer(1).map(0)), Err(ReferenceError::Status), "the key is no text");
    assert_eq!(cbor(&|out| out.map(1).text("identifier_list").map(0)), Ok(None));
    assert_eq!(
        cbor(&|out| out.map(1).text("status_list").map(0).null()),
        Err(ReferenceError::Status),
        "more after it"
    );
    assert_eq!(info(&|out| out.text("x")), Err(ReferenceError::StatusList));
    assert_eq!(info(&|out| out.map(1).text("uri").text(URI)), Err(ReferenceError::Index));
    assert_eq!(info(&|out| out.map(1).text("idx").unsigned(1)), Err(ReferenceError::Uri));
    assert_eq!(
        info(&|out| out.map(2).text("idx").integer(-1).text("uri").text(URI)),
        Err(ReferenceError::Index)
    );
    assert_eq!(
        info(&|out| out.map(2).text("idx").float(1.0).text("uri").text(URI)),
        Err(ReferenceError::Index)
    );
    assert_eq!(
        info(&|out| out.map(2).text("idx").unsigned(1).text("uri").bytes(URI.as_bytes())),
        Err(ReferenceError::Uri)
    );
    assert_eq!(
        info(&|out| out.map(2).text("idx").unsigned(1).text("uri").text("x")),
        Err(ReferenceError::Uri)
    );
    assert_eq!(
        info(&|out| out.map(2).text("idx").unsigned(1).text("idx").unsigned(2)),
        Err(ReferenceError::Status),
        "a key twice"
    );
}

#[test]
fn debug_identifies_nobody() {
    assert_eq!(format!("{:?}", StatusReference::new(4711, URI).unwrap()), "StatusReference(…)");
}

// Clauses: TSL-9-01, TSL-9.3-01, TSL-9.3-02
#[test]
fn aggregations() {
    let text = br#"{"status_lists":["https://a.example/1","not a uri","https://a.example/2"],"more":1}"#;
    let lists = Aggregation::parse(text).unwrap();
    assert_eq!(lists.status_lists, ["https://a.example/1", "https://a.example/2"]);
    let again = serde_json::to_vec(&lists).unwrap();
    assert_eq!(Aggregation::parse(&again).unwrap(), lists);
    for text in [
        "",
        "[]",
        "{}",
        r#"{"status_lists":"x"}"#,
        r#"{"status_lists":[1]}"#,
        r#"{"status_lists":[],"status_lists":[]}"#,
    ] {
        assert!(Aggregation::parse(text.as_bytes()).is_err(), "{text}");
    }
    let many = json!({ "status_lists": vec!["https://a.example/1"; aggregation::MAX_LISTS + 1] });
    assert!(Aggregation::parse(many.to_string().as_bytes()).is_err());
    assert_eq!(aggregation::MEDIA_TYPE, "application/json");
}

// Clauses: TSL-8.4-01, TSL-8.4-03, TSL-12.7-01
#[test]
fn l17_questions_about_the_past() {
    let at = Asked::At(UnixTime::from_secs(1_686_925_000));
    for (query, expected) in [
        (None, Asked::Now),
        (Some(""), Asked::Now),
        (Some("page=1&timestamp=5"), Asked::Now),
        (Some("time=1686925000"), at),
        (Some("a=b&time=1686925000&c"), at),
        (Some("tim%65=1686925000"), at),
        (Some("time="), Asked::Malformed),
        (Some("time"), Asked::Malformed),
        (Some("time=-1"), Asked::Malformed),
        (Some("time=+1"), Asked::Malformed),
        (Some("time=%2B1"), Asked::Malformed),
        (Some("time=1.5"), Asked::Malformed),
        (Some("time=2023-06-16"), Asked::Malformed),
        (Some("time=99999999999999999999"), Asked::Malformed),
        (Some("time=253402300800"), Asked::Malformed),
        (Some("time=1&time=1"), Asked::Malformed),
    ] {
        assert_eq!(history::asked(query), expected, "{query:?}");
    }
    assert_eq!((history::NOT_IMPLEMENTED, history::NOT_FOUND), (501, 404));
    let asked = history::request(URI, UnixTime::from_secs(5)).unwrap();
    assert_eq!(asked, format!("{URI}&time=5"));
    assert_eq!(history::request("nowhere", UnixTime::EPOCH), None);
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes: Vec<u8>, text: String) {
        let _ = StatusReference::from_cbor_status(&bytes);
        let _ = Aggregation::parse(&bytes);
        let _ = history::asked(Some(&text));
        let _ = history::request(&text, UnixTime::EPOCH);
        let _ = StatusReference::new(0, &text);
    }
}
