//! Which credentials answer, and what they disclose (OID4VP 1.0 §6.4.1, Appendix B).

use credenza_core::b64;
use credenza_query::{Authorities, Candidate, ClaimsPath, Match, Mismatch};
use serde_json::{Value, json};

use crate::support::{mdoc, paths, query, sd_jwt};

fn erika() -> Value {
    json!({
        "given_name": "Erika",
        "family_name": "Mustermann",
        "age": 42,
        "address": {"locality": "Köln", "street_address": "Heidestraße 17"},
        "nationalities": ["DE", "FR", "NL"],
        "degrees": [{"type": "BSc", "year": 1}, {"type": "MSc"}],
        "age_equal_or_over": {"18": true}
    })
}

/// A query for one SD-JWT VC with these claims, and claim sets if there are any.
fn asking(claims: Value, claim_sets: Option<Value>) -> Value {
    let mut query = json!({"id": "c", "format": "dc+sd-jwt", "meta": {"vct_values": ["v"]}});
    query["claims"] = claims;
    if let Some(sets) = claim_sets {
        query["claim_sets"] = sets;
    }
    json!({"credentials": [query]})
}

/// What a query finds in one credential.
fn find(asked: &Value, candidate: &Candidate<'_>) -> Result<Match, Mismatch> {
    let asked = query(asked);
    let mut matching = asked.matching(std::slice::from_ref(candidate));
    let mut found = matching.credentials.remove(0);
    assert_eq!(found.matches.len() + found.misses.len(), 1);
    assert_eq!(matching.sets.len(), 0);
    found.matches.pop().ok_or_else(|| found.misses.remove(0).mismatch)
}

fn disclosed(asked: &Value) -> Result<Vec<ClaimsPath>, Mismatch> {
    find(asked, &sd_jwt("v", &erika())).map(|found| found.disclose)
}

fn missing(positions: &[usize]) -> Mismatch {
    Mismatch::Claims { missing: positions.to_vec(), other_value: Vec::new() }
}

// Clauses: VP-6.4.1-01, VP-6.4-01
#[test]
fn r10_no_claims_asked_for_none_disclosed() {
    let asked = json!({"credentials": [{"id": "c", "format": "dc+sd-jwt", "meta": {"vct_values": ["v"]}}]});
    let claims = erika();
    let found = find(&asked, &sd_jwt("v", &claims)).unwrap();
    assert_eq!(found, Match { candidate: 0, claim_set: None, disclose: Vec::new() });
    assert_eq!(found.disclosed(&claims), json!({}));
}

// Clauses: VP-6.4.1-08, VP-6.4-01
#[test]
fn r10_all_claims_or_no_credential() {
    let asked = asking(json!([{"path": ["given_name"]}, {"path": ["address", "locality"]}]), None);
    assert_eq!(disclosed(&asked).unwrap(), paths(&json!([["given_name"], ["address", "locality"]])));
    let asked = asking(json!([{"path": ["given_name"]}, {"path": ["email"]}, {"path": ["phone"]}]), None);
    assert_eq!(disclosed(&asked), Err(missing(&[1, 2])));
}

// Clauses: VP-6.4.1-02, VP-6.4.1-03
#[test]
fn claim_sets_in_order_of_preference() {
    let claims = json!([
        {"id": "mail", "path": ["email"]},
        {"id": "name", "path": ["given_name"]},
        {"id": "age", "path": ["age"]},
        {"id": "phone", "path": ["phone"]}
    ]);
    let found = |sets: Value| find(&asking(claims.clone(), Some(sets)), &sd_jwt("v", &erika()));
    let first = found(json!([["age"], ["name", "age"]])).unwrap();
    assert_eq!((first.claim_set, first.disclose), (Some(0), paths(&json!([["age"]]))));
    let second = found(json!([["mail", "age"], ["name"], ["age"]])).unwrap();
    assert_eq!((second.claim_set, second.disclose), (Some(1), paths(&json!([["given_name"]]))));
    // None can be satisfied: the one that lacks the least is reported.
    assert_eq!(found(json!([["mail", "phone"], ["name", "phone"]])), Err(missing(&[3])));
}

// Clauses: VP-6.3-07, VP-6.4.1-05
#[test]
fn values_are_compared_by_type_and_value() {
    for (value, good) in [(json!(42), true), (json!("42"), false), (json!(true), false), (json!(41), false)] {
        let asked = asking(json!([{"path": ["age"], "values": [value, "x"]}]), None);
        assert_eq!(disclosed(&asked).is_ok(), good, "{asked}");
    }
    let asked =
        asking(json!([{"path": ["age"], "values": [41]}, {"path": ["email"], "values": ["a"]}]), None);
    assert_eq!(disclosed(&asked), Err(Mismatch::Claims { missing: vec![1], other_value: vec![0] }));
    // An object is never equal to a value.
    assert!(disclosed(&asking(json!([{"path": ["address"], "values": ["Köln"]}]), None)).is_err());
}

// Clauses: VP-6.4.1-05, VP-6.4-01
#[test]
fn r10_elements_with_other_values_stay_hidden() {
    let claims = erika();
    let asked = asking(json!([{"path": ["nationalities", null], "values": ["FR", "NL", "XX"]}]), None);
    let found = find(&asked, &sd_jwt("v", &claims)).unwrap();
    assert_eq!(found.disclose, paths(&json!([["nationalities", 1], ["nationalities", 2]])));
    assert_eq!(found.disclosed(&claims), json!({"nationalities": ["FR", "NL"]}));
    // Without values, or when all match, the path stays what it is.
    for values in [json!({}), json!({"values": ["DE", "FR", "NL"]})] {
        let mut claim = json!({"path": ["nationalities", null]});
        claim.as_object_mut().unwrap().extend(values.as_object().unwrap().clone());
        assert_eq!(
            disclosed(&asking(json!([claim]), None)).unwrap(),
            paths(&json!([["nationalities", null]]))
        );
    }
}

#[test]
fn r10_what_the_user_is_shown() {
    let claims = erika();
    let asked = asking(
        json!([
            {"path": ["degrees", null, "type"]},
            {"path": ["nationalities", 1]},
            {"path": ["address"]},
            {"path": ["address", "locality"]},
            {"path": ["age_equal_or_over", "18"], "values": [true]}
        ]),
        None,
    );
    let shown = find(&asked, &sd_jwt("v", &claims)).unwrap().disclosed(&claims);
    assert_eq!(
        shown,
        json!({
            "degrees": [{"type": "BSc"}, {"type": "MSc"}],
            "nationalities": ["FR"],
            "address": claims["address"],
            "age_equal_or_over": {"18": true}
        })
    );
}

// Clauses: VP-6.1-13
#[test]
fn duplicate_claims_count_once() {
    let asked = asking(json!([{"path": ["age"]}, {"path": ["age"], "values": [1]}]), None);
    assert_eq!(disclosed(&asked).unwrap(), paths(&json!([["age"]])));
    // Claim sets name each of them on its own.
    let claims =
        json!([{"id": "a", "path": ["age"], "values": [1]}, {"id": "b", "path": ["age"], "values": [42]}]);
    let found = find(&asking(claims, Some(json!([["a"], ["b", "b"]]))), &sd_jwt("v", &erika())).unwrap();
    assert_eq!((found.claim_set, found.disclose), (Some(1), paths(&json!([["age"]]))));
}

// Clauses: VP-6.1-07, VP-B.3.5-01, VP-B.3.5-03, VP-6.4.2-02
#[test]
fn sd_jwt_types_and_those_they_extend() {
    let claims = json!({});
    let asked =
        json!({"credentials": [{"id": "c", "format": "dc+sd-jwt", "meta": {"vct_values": ["a", "b"]}}]});
    assert!(find(&asked, &sd_jwt("b", &claims)).is_ok());
    assert_eq!(find(&asked, &sd_jwt("c", &claims)), Err(Mismatch::Type));
    assert_eq!(find(&asked, &sd_jwt("A", &claims)), Err(Mismatch::Type));
    let extending = Candidate { types: vec!["special", "a"], ..sd_jwt("", &claims) };
    assert!(find(&asked, &extending).is_ok());
    assert_eq!(find(&asked, &mdoc("a", &claims)), Err(Mismatch::Format));
}

// Clauses: VP-B.2.3-01, VP-6.3-08, MDOC-H-B.2.3-01
#[test]
fn mdoc_type_elements_and_values() {
    let claims = json!({"ns": {"name": "Erika", "birth_date": "1984-01-26"}});
    let asked = |path: Value| {
        json!({"credentials": [{
            "id": "c", "format": "mso_mdoc", "meta": {"doctype_value": "d"},
            "claims": [{"path": path, "values": ["Erika", "1984-01-26"]}]
        }]})
    };
    let found = find(&asked(json!(["ns", "birth_date"])), &mdoc("d", &claims)).unwrap();
    assert_eq!(found.disclosed(&claims), json!({"ns": {"birth_date": "1984-01-26"}}));
    assert_eq!(find(&asked(json!(["ns", "name"])), &mdoc("d.1", &claims)), Err(Mismatch::Type));
    assert_eq!(find(&asked(json!(["other", "name"])), &mdoc("d", &claims)), Err(missing(&[0])));
    assert_eq!(find(&asked(json!(["ns", "other"])), &mdoc("d", &claims)), Err(missing(&[0])));
}

// Clauses: VP-B.1.1-01, VP-B.1.1-04
#[test]
fn w3c_types_regardless_of_order_and_additions() {
    let claims = json!({"credentialSubject": {"name": "Erika"}});
    let asked = json!({"credentials": [{
        "id": "c", "format": "ldp_vc", "meta": {"type_values": [["V", "A", "B"], ["V", "U"]]},
        "claims": [{"path": ["credentialSubject", "name"]}]
    }]});
    for (types, good) in [
        (vec!["B", "more", "A", "V"], true),
        (vec!["V", "U"], true),
        (vec!["V", "A"], false),
        (vec!["V"], false),
        (vec![], false),
    ] {
        let candidate = Candidate { format: "ldp_vc", types: types.clone(), ..sd_jwt("", &claims) };
        assert_eq!(find(&asked, &candidate).is_ok(), good, "{types:?}");
        let jwt = Candidate { format: "jwt_vc_json", ..candidate };
        assert_eq!(find(&asked, &jwt), Err(Mismatch::Format));
    }
}

// Clauses: VP-6.1-05
#[test]
fn a_format_that_is_not_known_never_matches() {
    let claims = json!({});
    let asked = json!({"credentials": [{"id": "c", "format": "new", "meta": {"types": ["v"]}}]});
    let candidate = Candidate { format: "new", ..sd_jwt("v", &claims) };
    assert_eq!(find(&asked, &candidate), Err(Mismatch::Format));
}

// Clauses: VP-6.1-10, VP-B.1-01, VP-B.3-01, VP-B.3-02
#[test]
fn holder_binding_is_needed_unless_waived() {
    let claims = json!({});
    let bare = Candidate { holder_binding: false, ..sd_jwt("v", &claims) };
    let mut asked =
        json!({"credentials": [{"id": "c", "format": "dc+sd-jwt", "meta": {"vct_values": ["v"]}}]});
    assert_eq!(find(&asked, &bare), Err(Mismatch::HolderBinding));
    asked["credentials"][0]["require_cryptographic_holder_binding"] = json!(false);
    assert!(find(&asked, &bare).is_ok());
    assert!(find(&asked, &sd_jwt("v", &claims)).is_ok());
}

// Clauses: VP-6.1-09, VP-6.1.1-03, VP-6.1.1.1-01, VP-6.1.1.2-01
#[test]
fn trusted_authorities() {
    let claims = json!({});
    let key = [0x1e_u8, 0xff, 0x80];
    let asked = |kind: &str, values: Value| {
        json!({"credentials": [{
            "id": "c", "format": "dc+sd-jwt", "meta": {"vct_values": ["v"]},
            "trusted_authorities": [{"type": "etsi_tl", "values": ["https://other.example"]}, {"type": kind, "values": values}]
        }]})
    };
    let with = |aki: Vec<&'static [u8]>, others: Vec<(&'static str, &'static str)>| Candidate {
        authorities: Authorities { aki, others },
        ..sd_jwt("v", &claims)
    };
    let aki = asked("aki", json!(["AAAA", b64::encode(key)]));
    assert!(find(&aki, &with(vec![&[9, 9], &[0x1e, 0xff, 0x80]], vec![])).is_ok());
    for candidate in [
        with(vec![], vec![]),
        with(vec![&[0x1e, 0xff]], vec![]),
        with(vec![&[0x1e, 0xff, 0x80, 0]], vec![]),
        with(vec![], vec![("openid_federation", "Hv-A")]),
        // Only bytes from a certificate are evidence of a key identifier.
        with(vec![], vec![("aki", "Hv-A")]),
    ] {
        assert_eq!(find(&aki, &candidate), Err(Mismatch::Authority));
    }
    // Other spellings of the same bytes are not base64url.
    for spelling in ["Hv+A", "Hv-A=", " Hv-A"] {
        assert!(find(&asked("aki", json!([spelling])), &with(vec![&[0x1e, 0xff, 0x80]], vec![])).is_err());
    }
    let federation = asked("openid_federation", json!(["https://anchor.example"]));
    assert!(find(&federation, &with(vec![], vec![("openid_federation", "https://anchor.example")])).is_ok());
    assert!(find(&federation, &with(vec![], vec![("etsi_tl", "https://anchor.example")])).is_err());
    let unknown = asked("future", json!(["x"]));
    assert_eq!(find(&unknown, &with(vec![&[1]], vec![])), Err(Mismatch::Authority));
}

#[test]
fn h07_debug_shows_no_claims() {
    let claims = json!({"name": "canary"});
    assert!(!format!("{:?}", sd_jwt("v", &claims)).contains("canary"));
}
