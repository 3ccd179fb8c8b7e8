//! The cases of dcql-ts, another implementation: what it recorded is what we find, both sides.

use credenza_core::{Outcome, b64};
use credenza_query::dcql::dialect;
use credenza_query::{Authorities, Candidate, DcqlQuery, Mismatch, Presented};
use serde_json::{Value, json};

use crate::support::vector;

/// A recorded credential, with what a candidate borrows from it.
struct Recorded {
    format: String,
    types: Vec<String>,
    claims: Value,
    holder_binding: bool,
    aki: Vec<Vec<u8>>,
    others: Vec<(String, String)>,
}

impl Recorded {
    fn read(credential: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let format = text(&credential["credential_format"]);
        let (types, claims) = match (&credential["vct"], &credential["doctype"]) {
            (Value::String(vct), _) => (vec![vct.clone()], &credential["claims"]),
            (_, Value::String(doctype)) => (vec![doctype.clone()], &credential["namespaces"]),
            _ => (credential["type"].as_array().unwrap().iter().map(text).collect(), &credential["claims"]),
        };
        let authority = &credential["authority"];
        let values: Vec<_> =
            authority["values"].as_array().map_or(Vec::new(), |all| all.iter().map(text).collect());
        let (mut aki, mut others) = (Vec::new(), Vec::new());
        for value in values {
            match authority["type"].as_str().unwrap() {
                "aki" => aki.push(b64::decode(canonical(&value)).unwrap()),
                kind => others.push((kind.to_owned(), value)),
            }
        }
        Self {
            // The earlier name of SD-JWT VC, and the name of W3C credentials as SD-JWTs.
            format: if format == "vc+sd-jwt" && credential["vct"].is_string() {
                "dc+sd-jwt".into()
            } else {
                format
            },
            types,
            claims: claims.clone(),
            holder_binding: credential["cryptographic_holder_binding"].as_bool().unwrap(),
            aki,
            others,
        }
    }

    fn candidate(&self) -> Candidate<'_> {
        Candidate {
            format: &self.format,
            types: self.types.iter().map(String::as_str).collect(),
            claims: &self.claims,
            holder_binding: self.holder_binding,
            authorities: Authorities {
                aki: self.aki.iter().map(Vec::as_slice).collect(),
                others: self.others.iter().map(|(kind, value)| (kind.as_str(), value.as_str())).collect(),
            },
        }
    }
}

/// Some cases have words where a key identifier as base64url belongs: those are encoded.
fn canonical(aki: &str) -> String {
    if b64::decode(aki).is_ok() { aki.to_owned() } else { b64::encode(aki) }
}

fn read_query(case: &Value) -> DcqlQuery {
    let mut query = case["query"].clone();
    for credential in query["credentials"].as_array_mut().unwrap() {
        let Some(authorities) = credential.get_mut("trusted_authorities") else { continue };
        for authority in authorities.as_array_mut().unwrap() {
            if authority["type"] == "aki" {
                for value in authority["values"].as_array_mut().unwrap() {
                    *value = json!(canonical(value.as_str().unwrap()));
                }
            }
        }
    }
    dialect::parse(&query).unwrap()
}

fn indices(found: &Value) -> Vec<usize> {
    let index = |one: &Value| usize::try_from(one["index"].as_u64().unwrap()).unwrap();
    found.as_array().unwrap().iter().map(index).collect()
}

fn check_query(case: &Value) {
    let name = &case["name"];
    let (query, expected) = (read_query(case), &case["expected"]);
    let recorded: Vec<_> = case["credentials"].as_array().unwrap().iter().map(Recorded::read).collect();
    let candidates: Vec<_> = recorded.iter().map(Recorded::candidate).collect();
    let matching = query.matching(&candidates);
    assert_eq!(matching.satisfiable(), expected["can_be_satisfied"], "{name}");
    assert_eq!(matching.selection().is_some(), matching.satisfiable(), "{name}");
    assert_eq!(matching.unmet().is_empty(), matching.satisfiable(), "{name}");
    for found in &matching.credentials {
        let expected = &expected["credential_matches"][&found.query.id];
        let valid = &expected["valid_credentials"];
        assert_eq!(
            found.matches.iter().map(|found| found.candidate).collect::<Vec<_>>(),
            indices(valid),
            "{name}"
        );
        for (found, valid) in found.matches.iter().zip(valid.as_array().unwrap()) {
            assert_eq!(json!(found.claim_set), valid["claim_set_index"], "{name}");
            let disclosed = found.disclosed(&recorded[found.candidate].claims);
            assert_eq!(disclosed, valid["claims_to_disclose"], "{name}");
        }
        let failed = &expected["failed_credentials"];
        assert_eq!(
            found.misses.iter().map(|miss| miss.candidate).collect::<Vec<_>>(),
            indices(failed),
            "{name}"
        );
        for (miss, failed) in found.misses.iter().zip(failed.as_array().unwrap()) {
            let reason = match miss.mismatch {
                Mismatch::Format | Mismatch::Type | Mismatch::HolderBinding => "meta",
                Mismatch::Authority => "trusted_authorities",
                Mismatch::Claims { .. } => "claims",
            };
            assert!(failed["failed_checks"].as_array().unwrap().contains(&json!(reason)), "{name} {reason}");
        }
    }
    for (position, set) in matching.sets.iter().enumerate() {
        let options: Vec<_> = set.options.iter().map(|option| &set.query.options[*option]).collect();
        let options = if options.is_empty() { Value::Null } else { json!(options) };
        assert_eq!(options, expected["credential_sets"][position]["matching_options"], "{name}");
    }
}

fn check_presentation(case: &Value) {
    let name = &case["name"];
    let (query, expected) = (read_query(case), &case["expected"]);
    let several = |one: &Value| if one.is_array() { one.clone() } else { json!([one]) };
    let recorded: Vec<(&String, Vec<Recorded>)> = case["presentations"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(id, one)| (id, several(one).as_array().unwrap().iter().map(Recorded::read).collect()))
        .collect();
    let presented: Vec<_> = recorded
        .iter()
        .map(|(id, all)| Presented { id, credentials: all.iter().map(Recorded::candidate).collect() })
        .collect();
    let report = query.check(&presented);
    assert_eq!(report.ok(), expected["can_be_satisfied"], "{name}\n{report}");
    let mut parts = report.parts.iter();
    for (id, all) in &recorded {
        let expected = &expected["credential_matches"][id];
        let (valid, failed) = (indices(&expected["valid_credentials"]), &expected["failed_credentials"]);
        for (index, part) in parts.by_ref().take(all.len()).enumerate() {
            assert_eq!(part.ok(), valid.contains(&index), "{name}\n{report}");
            let reasons = failed.as_array().unwrap().iter().find(|failed| failed["index"] == index);
            for check in part.checks.iter().filter(|check| check.outcome == Outcome::Failed) {
                let reason = match check.rule.id {
                    "dcql.trusted-authorities" => "trusted_authorities",
                    "dcql.claims" | "dcql.values" => "claims",
                    _ => "meta",
                };
                assert!(
                    reasons.unwrap()["failed_checks"].as_array().unwrap().contains(&json!(reason)),
                    "{name}"
                );
            }
        }
    }
    assert_eq!(parts.count(), 0, "{name}");
}

#[test]
fn all_cases() {
    let vector = vector("dcql-ts/cases.json");
    let cases = vector["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 42);
    for case in cases {
        if case["kind"] == "query" {
            check_query(case);
        } else {
            check_presentation(case);
        }
    }
}
