//! What SD-JWT VC demands of the claims, and the checks of validity.

use credenza_formats::sd_jwt::Expected;
use serde_json::{Value, json};

use crate::support::{NOW, accepted, check, forge, member, refused};

const EXPECTED: Expected<'static> = Expected::credential(NOW);

// Clauses: SDVC-2.2.2.1-01, SDVC-2.2.2.3-09
#[test]
fn vct_is_a_string() {
    for wrong in
        [json!({}), json!({"vct": ""}), json!({"vct": 1}), json!({"vct": ["urn:a"]}), json!({"vct": null})]
    {
        refused(&forge(&wrong, &[]), &EXPECTED, "sd-jwt-vc.vct");
        accepted(&forge(&wrong, &[]), &Expected::plain(NOW));
    }
    let (verified, _) =
        check(&forge(&json!({"vct": "urn:Test", "iss": "https://i.example"}), &[]), &EXPECTED);
    let verified = verified.unwrap();
    assert_eq!((verified.vct(), verified.issuer()), (Some("urn:Test"), Some("https://i.example")));
}

// Clauses: SDVC-2.2.2.2-01, SDVC-2.2.2.2-03, SDVC-2.2.2.3-11
#[test]
fn aka_vcts_are_other_types() {
    let with = |types: Value| forge(&json!({"vct": "urn:test", "aka_vcts": types}), &[]);
    accepted(&with(json!(["urn:a", "urn:b"])), &EXPECTED);
    for wrong in [json!([]), json!("urn:a"), json!([1]), json!(["urn:a", "urn:test"]), json!(null), json!({})]
    {
        refused(&with(wrong), &EXPECTED, "sd-jwt-vc.aka-vcts");
    }
}

// Clauses: SDVC-2.2.2.3-03, SDVC-2.2.2.3-15, SDVC-2.2.2.3-17, SDVC-2.2.2.3-14
#[test]
fn iss_sub_and_iat_are_optional() {
    accepted(&forge(&json!({"vct": "urn:test"}), &[]), &EXPECTED);
}

// Clauses: SDJ-7.1-10, SDVC-2.2.2.3-04, SDVC-2.2.2.3-05
#[test]
fn times() {
    let with = |name: &str, value: Value| forge(&json!({"vct": "urn:test", name: value}), &[]);
    let at = |seconds: i64| json!(NOW.as_secs() + seconds);
    accepted(&with("exp", at(1)), &EXPECTED);
    accepted(&with("exp", at(-59)), &EXPECTED);
    refused(&with("exp", at(-60)), &EXPECTED, "sd-jwt.exp");
    accepted(&with("nbf", at(60)), &EXPECTED);
    refused(&with("nbf", at(61)), &EXPECTED, "sd-jwt.nbf");
    accepted(&with("iat", at(60)), &EXPECTED);
    refused(&with("iat", at(61)), &EXPECTED, "sd-jwt.iat");
    for name in ["exp", "nbf", "iat"] {
        for wrong in [json!("4000000000"), json!(true), json!(null), json!([]), json!(-1), json!(1e300)] {
            refused(&with(name, wrong), &EXPECTED, &format!("sd-jwt.{name}"));
        }
    }
}

// Clauses: SDJ-7.1-10, SDJ-9.7-04
#[test]
fn audience_of_the_credential() {
    let with = |aud: Value| forge(&json!({"vct": "urn:test", "aud": aud}), &[]);
    let ours = Expected { audiences: &["us"], ..EXPECTED };
    accepted(&with(json!("us")), &ours);
    accepted(&with(json!(["them", "us"])), &ours);
    for wrong in [json!("them"), json!([]), json!(["them"]), json!(1), json!(null)] {
        refused(&with(wrong.clone()), &ours, "sd-jwt.aud");
        refused(&with(wrong), &EXPECTED, "sd-jwt.aud");
    }
    refused(&with(json!("us")), &EXPECTED, "sd-jwt.aud");
}

// Clauses: SDVC-2.2.2.3-03, SDVC-2.2.2.3-10, SDVC-2.2.2.3-12
#[test]
fn registered_claims_have_their_types() {
    for (name, wrong) in [
        ("iss", json!(["https://issuer.example"])),
        ("iss", json!(null)),
        ("sub", json!(1)),
        ("status", json!("valid")),
        ("status", json!([])),
        ("vct#integrity", json!({})),
    ] {
        let text = forge(&json!({"vct": "urn:test", name: wrong}), &[]);
        refused(&text, &EXPECTED, "sd-jwt-vc.claim-types");
    }
}

// Clauses: SDVC-2.2.2.3-12, SDVC-2.4-06
#[test]
fn status_is_handed_out() {
    let status = json!({"status_list": {"idx": 7, "uri": "https://issuer.example/1"}});
    let (verified, _) = check(&forge(&json!({"vct": "urn:test", "status": status}), &[]), &EXPECTED);
    assert_eq!(verified.unwrap().status(), Some(&status));
}

// Clauses: SDJ-9.7-05, SDJ-9.7-06
#[test]
fn required_claims() {
    let name = member("name", &json!("Erika"));
    let payload = json!({"vct": "urn:test", "_sd": [name.digest]});
    let expected = Expected { required_claims: &["name"], ..EXPECTED };
    accepted(&forge(&payload, &[&name]), &expected);
    refused(&forge(&payload, &[]), &expected, "sd-jwt.required-claims");
}
