//! Credentials against the metadata of their type.

use credenza_core::{Outcome, Report};
use credenza_formats::sd_jwt::{SdJwt, SdJwtLimits};
use credenza_formats::type_metadata::{AsIssued, Beholder, EffectiveType, TypeMetadata, check};
use serde_json::{Value, json};

use crate::support::{Concealed, element, forge, member, vectors};

fn effective(claims: &Value) -> EffectiveType {
    let document = json!({"vct": "urn:a", "claims": claims}).to_string();
    EffectiveType::merge(&[TypeMetadata::parse(document.as_bytes()).unwrap()]).unwrap()
}

/// The id of the first check that failed.
fn judge(claims: &Value, text: &str, beholder: Beholder) -> Result<(), &'static str> {
    let parsed = SdJwt::parse(text, &SdJwtLimits::default()).unwrap();
    let credential = AsIssued::of(&parsed, beholder).unwrap();
    let mut report = Report::new("test");
    let sound = check(&effective(claims), &credential, beholder, &mut report);
    assert_eq!(sound, report.ok(), "{report}");
    let failed = report.checks.iter().find(|check| check.outcome == Outcome::Failed);
    failed.map_or(Ok(()), |check| Err(check.rule.id))
}

const SHAPE: Result<(), &str> = Err("sd-jwt-vc.type-metadata.shape");
const MANDATORY: Result<(), &str> = Err("sd-jwt-vc.type-metadata.mandatory");
const SELECTIVE: Result<(), &str> = Err("sd-jwt-vc.type-metadata.sd");

/// The printed credential, with everything concealed that its type wants concealed.
fn printed() -> (Value, Vec<Concealed>) {
    let credential = vectors("sd-jwt-vc/type_metadata.json")["figure_29_credential"].clone();
    let mut concealed = vec![member("name", &credential["name"])];
    let address = credential["address"].as_object().unwrap();
    let inner: Vec<_> = address.iter().map(|(name, value)| member(name, value)).collect();
    let digests: Vec<_> = inner.iter().map(|member| member.digest.clone()).collect();
    concealed.extend(inner);
    let address = member("address", &json!({"_sd": digests}));
    let top = json!([concealed[0].digest, address.digest]);
    concealed.push(address);
    let mut places = Vec::new();
    for degree in credential["degrees"].as_array().unwrap() {
        let date = member("date_awarded", &degree["date_awarded"]);
        let degree = element(&json!({"field_of_study": degree["field_of_study"], "_sd": [date.digest]}));
        places.push(json!({"...": degree.digest}));
        concealed.extend([date, degree]);
    }
    (json!({"vct": credential["vct"], "degrees": places, "_sd": top}), concealed)
}

// Clauses: SDVC-4.6-10, SDVC-4.7-02, SDVC-4.6.1.2-01, SDVC-2.4-05
#[test]
fn the_printed_credential_is_of_its_type() {
    let claims = &vectors("sd-jwt-vc/type_metadata.json")["figure_30_metadata"]["claims"];
    let (payload, concealed) = printed();
    let all: Vec<_> = concealed.iter().collect();
    assert_eq!(judge(claims, &forge(&payload, &all), Beholder::Holder), Ok(()));
    assert_eq!(judge(claims, &forge(&payload, &all), Beholder::Verifier), Ok(()));
    // A verifier who is shown nothing can't say that anything is missing; a holder can.
    assert_eq!(judge(claims, &forge(&payload, &[]), Beholder::Verifier), Ok(()));
    assert_eq!(judge(claims, &forge(&payload, &all[1..]), Beholder::Holder), MANDATORY);
    let plain = vectors("sd-jwt-vc/type_metadata.json")["figure_29_credential"].clone();
    assert_eq!(judge(claims, &forge(&plain, &[]), Beholder::Verifier), SELECTIVE);
}

// Clauses: SDVC-4.6.3-01, SDVC-4.6-11, SDVC-4.7-03
#[test]
fn what_is_missing_and_what_may_be_kept_back() {
    let claims = json!([{"path": ["name"], "mandatory": true}]);
    let name = member("name", &json!("Erika"));
    let concealing = json!({"vct": "urn:a", "_sd": [name.digest]});
    let open = json!({"vct": "urn:a", "name": "Erika"});
    let without = json!({"vct": "urn:a"});
    for beholder in [Beholder::Holder, Beholder::Verifier] {
        assert_eq!(judge(&claims, &forge(&open, &[]), beholder), Ok(()));
        assert_eq!(judge(&claims, &forge(&concealing, &[&name]), beholder), Ok(()));
        assert_eq!(judge(&claims, &forge(&without, &[]), beholder), MANDATORY);
    }
    assert_eq!(judge(&claims, &forge(&concealing, &[]), Beholder::Verifier), Ok(()));
    assert_eq!(judge(&claims, &forge(&concealing, &[]), Beholder::Holder), MANDATORY);
    // What is never concealed can't be behind a digest.
    let never = json!([{"path": ["name"], "mandatory": true, "sd": "never"}]);
    assert_eq!(judge(&never, &forge(&concealing, &[]), Beholder::Verifier), MANDATORY);
    // Its parent may be.
    let inside = json!([{"path": ["address", "city"], "mandatory": true, "sd": "never"}]);
    assert_eq!(judge(&inside, &forge(&concealing, &[]), Beholder::Verifier), Ok(()));
}

// Clauses: SDVC-4.6.4-01, SDVC-4.6.4-02, SDVC-4.6.4-03, SDVC-4.7-03
#[test]
fn selectively_disclosable_by_itself_alone() {
    let city = json!({"city": "Köln"});
    let address = member("address", &city);
    let concealed = (json!({"vct": "urn:a", "_sd": [address.digest]}), vec![&address]);
    let open = (json!({"vct": "urn:a", "address": city}), vec![]);
    let claims = |path: Value, sd: &str| json!([{"path": path, "sd": sd}]);
    for (sd, in_the_open, behind) in
        [("always", SELECTIVE, Ok(())), ("allowed", Ok(()), Ok(())), ("never", Ok(()), SELECTIVE)]
    {
        let claims = claims(json!(["address"]), sd);
        for beholder in [Beholder::Holder, Beholder::Verifier] {
            assert_eq!(judge(&claims, &forge(&open.0, &open.1), beholder), in_the_open, "{sd}");
            assert_eq!(judge(&claims, &forge(&concealed.0, &concealed.1), beholder), behind, "{sd}");
        }
    }
    // Its parent's disclosure is not its own.
    let text = forge(&concealed.0, &concealed.1);
    assert_eq!(judge(&claims(json!(["address", "city"]), "never"), &text, Beholder::Verifier), Ok(()));
    assert_eq!(judge(&claims(json!(["address", "city"]), "always"), &text, Beholder::Verifier), SELECTIVE);
}

// Clauses: SDVC-4.6.1.2-01
#[test]
fn places_of_an_array_are_counted_as_issued() {
    let first = element(&json!({"type": "BSc"}));
    let payload = json!({"vct": "urn:a", "degrees": [{"...": first.digest}, {"type": "MSc"}]});
    let text = forge(&payload, &[]);
    let at = |path: Value, sd: &str| json!([{"path": path, "sd": sd, "mandatory": true}]);
    assert_eq!(judge(&at(json!(["degrees", 0]), "always"), &text, Beholder::Verifier), Ok(()));
    assert_eq!(judge(&at(json!(["degrees", 1]), "never"), &text, Beholder::Verifier), Ok(()));
    assert_eq!(judge(&at(json!(["degrees", 0, "type"]), "allowed"), &text, Beholder::Verifier), Ok(()));
    assert_eq!(judge(&at(json!(["degrees", 2]), "allowed"), &text, Beholder::Verifier), MANDATORY);
    assert_eq!(judge(&at(json!(["degrees", null]), "always"), &text, Beholder::Verifier), SELECTIVE);
    // To the holder, who has all disclosures, it is a decoy.
    assert_eq!(judge(&at(json!(["degrees", 0]), "never"), &text, Beholder::Holder), Ok(()));
    assert_eq!(judge(&at(json!(["degrees", 1]), "never"), &text, Beholder::Holder), MANDATORY);
}

// Clauses: SDVC-4.7-03
#[test]
fn paths_that_do_not_fit() {
    let text = forge(&json!({"vct": "urn:a", "name": "Erika", "list": [1], "object": {}}), &[]);
    for (path, fits) in [
        (json!(["name"]), true),
        (json!(["other", "inside"]), true),
        (json!(["name", "inside"]), false),
        (json!(["name", null]), false),
        (json!(["object", 0]), false),
        (json!(["object", null]), false),
        (json!(["list", "inside"]), false),
        (json!(["list", 7]), true),
    ] {
        let found = judge(&json!([{"path": path}]), &text, Beholder::Verifier);
        assert_eq!(found, if fits { Ok(()) } else { SHAPE }, "{path}");
    }
}
