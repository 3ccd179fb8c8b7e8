//! What is a query, and what is not (OID4VP 1.0 §6, Appendix B).

use credenza_core::claims_path::PathError;
use credenza_query::{ClaimValue, DcqlQuery, Format, Meta, Problem};
use serde_json::{Value, json};

use crate::support::query;

/// A query with every member there is.
pub(crate) fn full() -> Value {
    json!({
        "credentials": [
            {
                "id": "pid",
                "format": "dc+sd-jwt",
                "multiple": true,
                "meta": {"vct_values": ["urn:a", "urn:b"]},
                "trusted_authorities": [{"type": "aki", "values": ["AQI"]}],
                "require_cryptographic_holder_binding": false,
                "claims": [
                    {"id": "a", "path": ["x"], "values": ["1", 1, -1, true]},
                    {"id": "b", "path": ["y", 0, null]}
                ],
                "claim_sets": [["a", "b"], ["b"]]
            },
            {
                "id": "mdl",
                "format": "mso_mdoc",
                "meta": {"doctype_value": "org.iso.18013.5.1.mDL"},
                "claims": [{"path": ["org.iso.18013.5.1", "given_name"], "intent_to_retain": false}]
            },
            {"id": "w3c", "format": "ldp_vc", "meta": {"type_values": [["A", "B"], ["C"]]}},
            {"id": "jwt", "format": "jwt_vc_json", "meta": {"type_values": [["A"]]}},
            {"id": "new", "format": "future+format", "meta": {"anything": [1.5, null]}}
        ],
        "credential_sets": [
            {"options": [["pid"], ["mdl", "w3c"]]},
            {"options": [["jwt"]], "required": false}
        ]
    })
}

/// The full query with something else at a place; `None` takes it away.
fn changed(pointer: &str, value: Option<Value>) -> Value {
    let mut query = full();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match (query.pointer_mut(parent).unwrap(), value) {
        (Value::Object(object), Some(value)) => drop(object.insert(name.to_owned(), value)),
        (Value::Object(object), None) => drop(object.shift_remove(name)),
        (Value::Array(array), Some(value)) => array[name.parse::<usize>().unwrap()] = value,
        _ => panic!("{pointer}"),
    }
    query
}

// Clauses: VP-6-02, VP-6-03, VP-6.1-01, VP-6.1-06, VP-6.1-10, VP-6.1-15, VP-6.2-03
#[test]
fn every_member_is_read_and_written() {
    let full = full();
    let read = query(&full);
    let pid = read.credential("pid").unwrap();
    assert!(pid.multiple && !pid.require_cryptographic_holder_binding);
    assert_eq!(pid.meta, Meta::SdJwtVc { vct_values: vec!["urn:a".into(), "urn:b".into()] });
    assert_eq!(pid.claims[0].values[2], ClaimValue::Negative(-1));
    assert_eq!(read.credential("mdl").unwrap().claims[0].intent_to_retain, Some(false));
    assert_eq!(read.credential("new").unwrap().format, Format::Other("future+format".into()));
    assert!(read.credential_sets()[0].required && !read.credential_sets()[1].required);
    assert_eq!(serde_json::to_value(&read).unwrap(), full);
    assert_eq!(serde_json::from_value::<DcqlQuery>(full).unwrap(), read);
}

// Clauses: VP-6.1-06, VP-6.1-10, VP-6.2-03
#[test]
fn defaults() {
    let read = query(&json!({
        "credentials": [{"id": "a", "format": "mso_mdoc", "meta": {"doctype_value": "d"}}],
        "credential_sets": [{"options": [["a"]]}]
    }));
    let credential = &read.credentials()[0];
    assert!(!credential.multiple && credential.require_cryptographic_holder_binding);
    assert!(credential.claims.is_empty() && credential.claim_sets.is_empty());
    assert!(read.credential_sets()[0].required);
}

// Clauses: VP-6-04
#[test]
fn unknown_members_are_ignored_at_every_level() {
    let mut query = full();
    for pointer in [
        "",
        "/credentials/0",
        "/credentials/0/meta",
        "/credentials/0/trusted_authorities/0",
        "/credentials/0/claims/0",
        "/credential_sets/0",
    ] {
        let place = query.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
        place.insert("purpose".into(), json!({"unknown": [null]}));
    }
    // To a format that does not define it, this is an unknown member.
    query["credentials"][0]["claims"][0]["intent_to_retain"] = json!("perhaps");
    assert_eq!(DcqlQuery::parse(&query).unwrap(), DcqlQuery::parse(&full()).unwrap());
}

// Clauses: VP-6.1-05, VP-6.1.1-02
#[test]
fn what_is_unknown_is_valid() {
    let read = query(&changed("/credentials/0/trusted_authorities/0/type", Some(json!("future"))));
    assert_eq!(read.credentials()[0].trusted_authorities[0].kind, "future");
    assert!(DcqlQuery::parse(&changed("/credentials/4/meta", Some(json!({})))).is_ok());
}

// Clauses: VP-6-02, VP-6-03, VP-6.1-01, VP-6.1-02, VP-6.1-03, VP-6.1-04, VP-6.1-05, VP-6.1-06, VP-6.1-07, VP-6.1-08,
// Clauses: VP-6.1-10, VP-6.1-11, VP-6.1-14, VP-6.1.1-01, VP-6.1.1-02, VP-6.1.1-03, VP-6.2-01, VP-6.2-02, VP-6.2-03, VP-6.3-01,
// Clauses: VP-6.3-02, VP-6.3-03, VP-6.3-04, VP-6.3-05, VP-6.3-06, VP-6.4.1-04, VP-7-01, VP-B.1.1-01, VP-B.2.3-01, VP-B.2.4-01,
// Clauses: VP-B.3.5-01, VP-B.2.3-02, VP-B.3.5-02
// Checks: VER-037
#[test]
fn r16_malformed_queries() {
    const ARRAY: Problem = Problem::Type("an array");
    const OBJECT: Problem = Problem::Type("an object");
    const STRING: Problem = Problem::Type("a string");
    const BOOLEAN: Problem = Problem::Type("a boolean");
    const VALUE: Problem = Problem::Type("a string, an integer or a boolean");
    let path = Problem::Path(PathError::Malformed);
    let rows: Vec<(&str, Option<Value>, Problem)> = vec![
        ("/credentials", None, Problem::Missing),
        ("/credentials", Some(json!(null)), ARRAY),
        ("/credentials", Some(json!({})), ARRAY),
        ("/credentials", Some(json!([])), Problem::Empty),
        ("/credentials/0", Some(json!("pid")), OBJECT),
        ("/credentials/0", Some(json!(null)), OBJECT),
        ("/credentials/0/id", None, Problem::Missing),
        ("/credentials/0/id", Some(json!(null)), STRING),
        ("/credentials/0/id", Some(json!(7)), STRING),
        ("/credentials/0/id", Some(json!("")), Problem::Identifier),
        ("/credentials/0/id", Some(json!("p.id")), Problem::Identifier),
        ("/credentials/0/id", Some(json!("p id")), Problem::Identifier),
        ("/credentials/0/id", Some(json!("píd")), Problem::Identifier),
        ("/credentials/0/id", Some(json!("pid\n")), Problem::Identifier),
        ("/credentials/1/id", Some(json!("pid")), Problem::Repeated),
        ("/credentials/0/format", None, Problem::Missing),
        ("/credentials/0/format", Some(json!(null)), STRING),
        ("/credentials/0/format", Some(json!(["dc+sd-jwt"])), STRING),
        ("/credentials/0/multiple", Some(json!(null)), BOOLEAN),
        ("/credentials/0/multiple", Some(json!("true")), BOOLEAN),
        ("/credentials/0/multiple", Some(json!(1)), BOOLEAN),
        ("/credentials/0/meta", None, Problem::Missing),
        ("/credentials/0/meta", Some(json!(null)), OBJECT),
        ("/credentials/0/meta", Some(json!([])), OBJECT),
        ("/credentials/4/meta", None, Problem::Missing),
        ("/credentials/4/meta", Some(json!("x")), OBJECT),
        ("/credentials/0/meta/vct_values", None, Problem::Missing),
        ("/credentials/0/meta/vct_values", Some(json!("urn:a")), ARRAY),
        ("/credentials/0/meta/vct_values", Some(json!([])), Problem::Empty),
        ("/credentials/0/meta/vct_values/0", Some(json!(1)), STRING),
        ("/credentials/0/meta/vct_values/0", Some(json!("")), Problem::Empty),
        ("/credentials/1/meta/doctype_value", None, Problem::Missing),
        ("/credentials/1/meta/doctype_value", Some(json!(["a"])), STRING),
        ("/credentials/1/meta/doctype_value", Some(json!("")), Problem::Empty),
        ("/credentials/2/meta/type_values", None, Problem::Missing),
        ("/credentials/2/meta/type_values", Some(json!([])), Problem::Empty),
        ("/credentials/2/meta/type_values/0", Some(json!("A")), ARRAY),
        ("/credentials/2/meta/type_values/0", Some(json!([])), Problem::Empty),
        ("/credentials/3/meta/type_values", None, Problem::Missing),
        ("/credentials/0/trusted_authorities", Some(json!(null)), ARRAY),
        ("/credentials/0/trusted_authorities", Some(json!([])), Problem::Empty),
        ("/credentials/0/trusted_authorities/0", Some(json!("aki")), OBJECT),
        ("/credentials/0/trusted_authorities/0/type", None, Problem::Missing),
        ("/credentials/0/trusted_authorities/0/type", Some(json!(1)), STRING),
        ("/credentials/0/trusted_authorities/0/values", None, Problem::Missing),
        ("/credentials/0/trusted_authorities/0/values", Some(json!("AQI")), ARRAY),
        ("/credentials/0/trusted_authorities/0/values", Some(json!([])), Problem::Empty),
        ("/credentials/0/trusted_authorities/0/values/0", Some(json!(1)), STRING),
        ("/credentials/0/require_cryptographic_holder_binding", Some(json!(null)), BOOLEAN),
        ("/credentials/0/require_cryptographic_holder_binding", Some(json!("false")), BOOLEAN),
        ("/credentials/0/claims", Some(json!(null)), ARRAY),
        ("/credentials/0/claims", Some(json!({})), ARRAY),
        ("/credentials/0/claims", Some(json!([])), Problem::Empty),
        ("/credentials/0/claims/0", Some(json!(["x"])), OBJECT),
        ("/credentials/0/claims/0/id", None, Problem::Missing),
        ("/credentials/0/claims/0/id", Some(json!(null)), STRING),
        ("/credentials/0/claims/0/id", Some(json!("")), Problem::Identifier),
        ("/credentials/0/claims/0/id", Some(json!("a/b")), Problem::Identifier),
        ("/credentials/0/claims/1/id", Some(json!("a")), Problem::Repeated),
        ("/credentials/0/claims/0/path", None, Problem::Missing),
        ("/credentials/0/claims/0/path", Some(json!(null)), path),
        ("/credentials/0/claims/0/path", Some(json!("x")), path),
        ("/credentials/0/claims/0/path", Some(json!([])), path),
        ("/credentials/0/claims/0/path", Some(json!(["x", -1])), path),
        ("/credentials/0/claims/0/path", Some(json!(["x", 1.5])), path),
        ("/credentials/0/claims/0/path", Some(json!(["x", 1.0])), path),
        ("/credentials/0/claims/0/path", Some(json!(["x", true])), path),
        ("/credentials/0/claims/0/path", Some(json!(["x", ["y"]])), path),
        ("/credentials/0/claims/0/values", Some(json!(null)), ARRAY),
        ("/credentials/0/claims/0/values", Some(json!("1")), ARRAY),
        ("/credentials/0/claims/0/values", Some(json!([])), Problem::Empty),
        ("/credentials/0/claims/0/values/0", Some(json!(1.5)), VALUE),
        ("/credentials/0/claims/0/values/0", Some(json!(1.0)), VALUE),
        ("/credentials/0/claims/0/values/0", Some(json!(null)), VALUE),
        ("/credentials/0/claims/0/values/0", Some(json!({})), VALUE),
        ("/credentials/0/claims/0/values/0", Some(json!([1])), VALUE),
        ("/credentials/1/claims/0/path", Some(json!(["ns"])), Problem::MdocPath),
        ("/credentials/1/claims/0/path", Some(json!(["ns", "el", "more"])), Problem::MdocPath),
        ("/credentials/1/claims/0/path", Some(json!(["ns", null])), Problem::MdocPath),
        ("/credentials/1/claims/0/path", Some(json!(["ns", 0])), Problem::MdocPath),
        ("/credentials/1/claims/0/intent_to_retain", Some(json!(null)), BOOLEAN),
        ("/credentials/0/claim_sets", Some(json!(null)), ARRAY),
        ("/credentials/0/claim_sets", Some(json!([])), Problem::Empty),
        ("/credentials/0/claim_sets/0", Some(json!("a")), ARRAY),
        ("/credentials/0/claim_sets/0", Some(json!([])), Problem::Empty),
        ("/credentials/0/claim_sets/0/0", Some(json!(0)), STRING),
        ("/credentials/0/claim_sets/0/0", Some(json!("c")), Problem::UnknownReference),
        ("/credentials/2/claim_sets", Some(json!([["a"]])), Problem::SetsWithoutClaims),
        ("/credential_sets", Some(json!(null)), ARRAY),
        ("/credential_sets", Some(json!([])), Problem::Empty),
        ("/credential_sets/0", Some(json!(["pid"])), OBJECT),
        ("/credential_sets/0/options", None, Problem::Missing),
        ("/credential_sets/0/options", Some(json!([])), Problem::Empty),
        ("/credential_sets/0/options/0", Some(json!("pid")), ARRAY),
        ("/credential_sets/0/options/0", Some(json!([])), Problem::Empty),
        ("/credential_sets/0/options/0/0", Some(json!(0)), STRING),
        ("/credential_sets/0/options/0/0", Some(json!("nobody")), Problem::UnknownReference),
        ("/credential_sets/0/required", Some(json!(null)), BOOLEAN),
        ("/credential_sets/0/required", Some(json!("yes")), BOOLEAN),
    ];
    for (pointer, value, problem) in rows {
        let error = DcqlQuery::parse(&changed(pointer, value.clone())).expect_err(pointer);
        assert_eq!(error.problem, problem, "{pointer} {value:?}");
        assert_eq!(error.code(), "invalid_request");
        // The error names the place, in the notation of JavaScript.
        let place = pointer.split('/').skip(1).fold("dcql_query".to_owned(), |place, step| {
            if step.bytes().all(|byte| byte.is_ascii_digit()) {
                format!("{place}[{step}]")
            } else {
                format!("{place}.{step}")
            }
        });
        assert_eq!(error.at, place);
    }
    for query in [json!(null), json!("{}"), json!([]), json!(1)] {
        assert_eq!(DcqlQuery::parse(&query).unwrap_err().problem, OBJECT);
    }
}

// Clauses: VP-6.1-12, VP-6.1-13
#[test]
fn a_claim_that_is_asked_for_twice_is_read() {
    let read = query(&changed("/credentials/0/claims/1/path", Some(json!(["x"]))));
    assert_eq!(read.duplicate_claim(), Some((0, 1)));
    assert_eq!(query(&full()).duplicate_claim(), None);
}

#[test]
fn values_keep_their_type() {
    let same = |value: Value, claim: Value| ClaimValue::parse(&value).unwrap().matches(&claim);
    assert!(same(json!(1), json!(1)) && same(json!("a"), json!("a")) && same(json!(-1), json!(-1)));
    assert!(same(json!(true), json!(true)) && same(json!(u64::MAX), json!(u64::MAX)));
    for (value, claim) in [
        (json!(1), json!("1")),
        (json!("1"), json!(1)),
        (json!(1), json!(true)),
        (json!(1), json!(1.0)),
        (json!(1), json!(-1)),
        (json!(true), json!("true")),
        (json!("a"), json!("A")),
        (json!("a"), json!(["a"])),
        (json!("é"), json!("e\u{301}")),
        (json!(0), json!(null)),
        (json!(""), json!(null)),
        (json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992_u64)),
    ] {
        assert!(!same(value.clone(), claim.clone()), "{value} {claim}");
    }
}
