//! What verifiers ask for most, as queries that have names.

use std::sync::LazyLock;

use credenza_query::DcqlQuery;
use serde_json::{Value, json};

use crate::service::Preset;

/// The namespace of a driving licence (ISO/IEC 18013-5 §7.2).
const LICENCE: &str = "org.iso.18013.5.1";

/// The namespace of the EU's person identification data as an mdoc (PID Rulebook).
const PID_MDOC: &str = "eu.europa.ec.eudi.pid.1";

/// The type of the EU's person identification data as an SD-JWT VC (PID Rulebook).
const PID: &str = "urn:eudi:pid:1";

/// The queries that every service knows, the usual one first.
#[must_use]
pub fn presets() -> Vec<Preset> {
    PRESETS.clone()
}

static PRESETS: LazyLock<Vec<Preset>> = LazyLock::new(|| all().into_iter().flatten().collect());

fn all() -> Vec<Option<Preset>> {
    let adult = json!([{"path": ["age_equal_or_over", "18"], "values": [true]}]);
    vec![
        preset(
            "pid-over-18",
            "Are you 18 or older?",
            "Learns that you are of age, and neither your name nor your date of birth.",
            &only(&pid(&adult)),
        ),
        preset(
            "pid",
            "Who are you?",
            "Learns your names, your date of birth and your nationality.",
            &only(&pid(&claims(&["given_name", "family_name", "birthdate", "nationalities"]))),
        ),
        preset(
            "pid-name",
            "What is your name?",
            "Learns your names, and nothing else.",
            &only(&pid(&claims(&["given_name", "family_name"]))),
        ),
        preset(
            "pid-address",
            "Where do you live?",
            "Learns your name and address.",
            &only(&pid(&claims(&["given_name", "family_name", "address"]))),
        ),
        preset(
            "pid-mdoc",
            "Who are you? (mdoc)",
            "Learns your names and your date of birth, from person identification data as an mdoc.",
            &only(&mdoc("pid", PID_MDOC, &elements(PID_MDOC, &["given_name", "family_name", "birth_date"]))),
        ),
        preset(
            "mdl",
            "May you drive?",
            "Learns what you may drive, your name and your picture: from a driving licence as mdoc.",
            &only(&licence(&elements(LICENCE, &["driving_privileges", "family_name", "portrait"]))),
        ),
        preset(
            "mdl-over-18",
            "Are you 18 or older? (driving licence)",
            "Learns that you are of age, and nothing else.",
            &only(&age_by_licence("age_over_18")),
        ),
        preset(
            "mdl-over-21",
            "Are you 21 or older? (driving licence)",
            "Learns that you are 21 or older, and nothing else.",
            &only(&age_by_licence("age_over_21")),
        ),
        preset(
            "over-18",
            "Are you 18 or older? (any)",
            "Learns that you are of age, from person identification data or a driving licence.",
            &json!({
                "credentials": [pid(&adult), age_by_licence("age_over_18")],
                "credential_sets": [{"options": [["pid"], ["mdl"]]}],
            }),
        ),
        preset(
            "diploma",
            "What have you studied?",
            "Learns your diploma as a whole: a W3C credential of this kind can't be shown in part.",
            &only(&json!({
                "id": "diploma",
                "format": "jwt_vc_json",
                "meta": {"type_values": [["DiplomaCredential"]]},
                "claims": [{"path": ["credentialSubject", "degree", "name"]}],
            })),
        ),
    ]
}

fn preset(id: &str, name: &str, explains: &str, query: &Value) -> Option<Preset> {
    let (id, name, explains) = (id.to_owned(), name.to_owned(), explains.to_owned());
    Some(Preset { id, name, explains, query: DcqlQuery::parse(query).ok()? })
}

fn only(credential: &Value) -> Value {
    json!({"credentials": [credential]})
}

fn claims(names: &[&str]) -> Value {
    names.iter().map(|name| json!({"path": [name]})).collect()
}

fn elements(namespace: &str, names: &[&str]) -> Value {
    names.iter().map(|name| json!({"path": [namespace, name]})).collect()
}

fn pid(claims: &Value) -> Value {
    json!({"id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": [PID]}, "claims": claims})
}

fn age_by_licence(element: &str) -> Value {
    licence(&json!([{"path": [LICENCE, element], "values": [true]}]))
}

fn licence(claims: &Value) -> Value {
    mdoc("mdl", "org.iso.18013.5.1.mDL", claims)
}

fn mdoc(id: &str, doctype: &str, claims: &Value) -> Value {
    json!({"id": id, "format": "mso_mdoc", "meta": {"doctype_value": doctype}, "claims": claims})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_preset_is_a_query_and_has_a_name_of_its_own() {
        let presets = presets();
        assert_eq!(presets.len(), all().len(), "one of them is no query");
        let mut ids: Vec<_> = presets.iter().map(|preset| preset.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), presets.len());
        assert_eq!(presets[0].id, "pid-over-18");
    }
}
