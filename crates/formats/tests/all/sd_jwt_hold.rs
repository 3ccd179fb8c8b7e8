//! A wallet: what it takes in, what it shows, what it sends.

use credenza_core::{ClaimsPath, Report};
use credenza_crypto::{IdentifiedBy, Signer as _};
use credenza_formats::sd_jwt::{
    self, Concealment, Decoys, Expected, Held, Issuance, Profile, SdJwt, SdJwtLimits,
};
use serde_json::{Value, json};

use crate::support::{NOW, accepted, failed, forge, issuer, member, now, object, path, paths, stranger};

const LIMITS: SdJwtLimits = SdJwtLimits {
    total: SdJwtLimits::TOTAL,
    disclosures: SdJwtLimits::DISCLOSURES,
    depth: SdJwtLimits::DEPTH,
};

fn issued() -> String {
    let claims = json!({
        "vct": "urn:test",
        "name": "Erika",
        "address": {"street": "S", "geo": {"lat": 1, "long": 2}, "country": "DE"},
        "nationalities": ["DE", "FR"],
        "degrees": [{"type": "BSc", "grade": 1}, {"grade": 2}, {"type": "MSc"}],
    });
    let hide = paths(&[
        r#"["name"]"#,
        r#"["address"]"#,
        r#"["address", "street"]"#,
        r#"["address", "geo", "lat"]"#,
        r#"["nationalities", null]"#,
        r#"["degrees", null]"#,
        r#"["degrees", null, "type"]"#,
    ]);
    let signer = issuer();
    let header = sd_jwt::header(&signer, IdentifiedBy::Nothing);
    let issuance = Issuance {
        header: &header,
        claims: &object(claims),
        concealment: &Concealment::at(&hide).with_decoys(Decoys::Add(1)),
        holder: None,
        profile: Profile::Credential,
    };
    now(sd_jwt::issue(&signer, &issuance, &credenza_core::SeededRandom::new(3))).unwrap()
}

fn held() -> Held {
    let mut report = Report::new("issued");
    let key = issuer().public_jwk().key.clone();
    Held::accept(issued(), &LIMITS, &key, &Expected::credential(NOW), &mut report)
        .unwrap_or_else(|| panic!("{report}"))
}

fn shown(held: &Held, paths: &[ClaimsPath]) -> Value {
    let presentation = held.present(paths);
    let claims = accepted(presentation.as_str(), &Expected::credential(NOW));
    assert_eq!(Value::Object(held.preview(paths)), claims, "the preview is what is seen");
    claims
}

// Clauses: SDJ-7.2-02, SDJ-7.1-01
#[test]
fn what_does_not_verify_is_not_taken_in() {
    let mut report = Report::new("issued");
    let key = stranger().public_jwk().key.clone();
    assert!(Held::accept(issued(), &LIMITS, &key, &Expected::credential(NOW), &mut report).is_none());
    failed(&report, "sd-jwt.signature");
    let foreign = member("x", &json!(1));
    let text = format!("{}{}~", issued(), foreign.disclosure);
    assert!(Held::restore(text, &LIMITS).is_err());
}

// Clauses: SDJ-4-05, SDJ-4-06, SDJ-4.2.6-01, SDJ-7.2-03
#[test]
fn parents_come_along_and_siblings_do_not() {
    let held = held();
    let always = json!({"vct": "urn:test", "nationalities": [], "degrees": []});
    assert_eq!(shown(&held, &[]), always);

    let show = |json: &str| shown(&held, &[path(json)]);
    assert_eq!(show(r#"["name"]"#)["name"], "Erika");
    assert_eq!(
        show(r#"["address", "geo", "lat"]"#)["address"],
        json!({"geo": {"lat": 1, "long": 2}, "country": "DE"})
    );
    assert_eq!(show(r#"["address", "country"]"#)["address"], json!({"geo": {"long": 2}, "country": "DE"}));
    // A claim comes with everything inside of it.
    assert_eq!(show(r#"["address"]"#)["address"], held.claims()["address"]);
    assert_eq!(show(r#"["nationalities"]"#)["nationalities"], json!(["DE", "FR"]));
    assert_eq!(show(r#"["nationalities", 1]"#)["nationalities"], json!(["FR"]));
    // Only degrees that have a type.
    assert_eq!(
        show(r#"["degrees", null, "type"]"#)["degrees"],
        json!([{"type": "BSc", "grade": 1}, {"type": "MSc"}])
    );
    assert_eq!(show(r#"["degrees", 0, "grade"]"#)["degrees"], json!([{"grade": 1}]));
}

#[test]
fn paths_that_select_nothing_disclose_nothing() {
    let held = held();
    let nothing = held.present(&[]).into_string();
    for path in paths(&[
        r#"["x"]"#,
        r#"["name", "x"]"#,
        r#"["name", null]"#,
        r#"["address", 0]"#,
        r#"["address", "geo", "x"]"#,
        r#"["nationalities", 2]"#,
        r#"["nationalities", null, "x"]"#,
        r#"["degrees", 1, "type"]"#,
        r#"[null]"#,
        r#"[0]"#,
        r#"["vct"]"#,
    ]) {
        assert_eq!(held.present(std::slice::from_ref(&path)).as_str(), nothing, "{path}");
    }
}

// Clauses: SDJ-4-07, SDJ-4-01
#[test]
fn presented_disclosures_are_a_subset_in_their_order_and_once() {
    let held = held();
    let all = held.disclosable_paths();
    assert_eq!(held.present(&all).as_str(), held.as_str());
    let twice = [all.clone(), all].concat();
    assert_eq!(held.present(&twice).as_str(), held.as_str());
}

// Clauses: SDJ-4-06, SDJ-4.2.1-04
#[test]
fn what_is_withheld_leaves_no_salt_behind() {
    let held = held();
    let all: Vec<&str> = held.as_str().split('~').skip(1).filter(|part| !part.is_empty()).collect();
    let sent = held.present(&[path(r#"["name"]"#)]).into_string();
    assert_eq!(all.iter().filter(|disclosure| sent.contains(**disclosure)).count(), 1);
    let payload = credenza_core::b64::decode(sent.split('.').nth(1).unwrap()).unwrap();
    let payload = String::from_utf8(payload).unwrap();
    for disclosure in all {
        let content: Vec<Value> =
            serde_json::from_slice(&credenza_core::b64::decode(disclosure).unwrap()).unwrap();
        assert!(!payload.contains(content[0].as_str().unwrap()));
    }
}

#[test]
fn disclosable_paths_name_one_thing_each() {
    let found = held().disclosable_paths();
    let expected = paths(&[
        r#"["nationalities", 0]"#,
        r#"["nationalities", 1]"#,
        r#"["degrees", 0]"#,
        r#"["degrees", 0, "type"]"#,
        r#"["degrees", 1]"#,
        r#"["degrees", 2]"#,
        r#"["degrees", 2, "type"]"#,
        r#"["name"]"#,
        r#"["address"]"#,
        r#"["address", "geo", "lat"]"#,
        r#"["address", "street"]"#,
    ]);
    assert_eq!(found.len(), expected.len());
    assert!(expected.iter().all(|path| found.contains(path)), "{found:?}");
}

#[test]
fn h07_debug_shows_no_claim() {
    let held = held();
    let text = held.as_str().to_owned();
    let parsed = SdJwt::parse(&text, &LIMITS).unwrap();
    let shown = format!("{held:?} {parsed:?} {:?}", held.present(&[]));
    assert!(!shown.contains("Erika") && !shown.contains("eyJ"), "{shown}");
    let (verified, _) = crate::support::check(&text, &Expected::credential(NOW));
    assert!(!format!("{verified:?}").contains("Erika"));
}

#[test]
fn restored_is_what_was_accepted() {
    let held = held();
    let restored = Held::restore(held.as_str().to_owned(), &LIMITS).unwrap();
    assert_eq!(restored.claims(), held.claims());
    assert_eq!(restored.disclosable_paths(), held.disclosable_paths());
    assert_eq!(restored.vct(), Some("urn:test"));
    assert!(restored.holder().is_none());
}

#[test]
fn a_wallet_takes_partial_disclosures_too() {
    // RFC 9901 §7.1: nobody can tell whether disclosures are missing.
    let name = member("name", &json!("Erika"));
    let text = forge(&json!({"vct": "urn:test", "_sd": [name.digest, "unknown"]}), &[&name]);
    let held = Held::restore(text, &LIMITS).unwrap();
    assert_eq!(held.disclosable_paths(), [path(r#"["name"]"#)]);
}
