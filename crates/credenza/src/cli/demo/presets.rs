//! The questions that the demo's verifier asks.

use credenza::query::DcqlQuery;
use credenza::server::service::Preset;
use serde_json::{Value, json};

use super::sample;

/// Asks for elements of the driving licence.
pub(super) fn licence(elements: &[&str]) -> Value {
    let claims: Vec<Value> =
        elements.iter().map(|element| json!({"path": [sample::LICENCE_NAMESPACE, element]})).collect();
    json!({
        "id": "licence",
        "format": "mso_mdoc",
        "meta": {"doctype_value": "org.iso.18013.5.1.mDL"},
        "claims": claims,
    })
}

/// Asks for the diploma.
pub(super) fn diploma() -> Value {
    json!({
        "id": "diploma",
        "format": "jwt_vc_json",
        "meta": {"type_values": [["DiplomaCredential"]]},
        "claims": [{"path": ["credentialSubject", "degree", "name"]}],
    })
}

/// All of them.
pub(super) fn all() -> anyhow::Result<Vec<Preset>> {
    let asking = |claims: Value| {
        json!({"credentials": [{
            "id": "pid",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": ["urn:eudi:pid:1"]},
            "claims": claims,
        }]})
    };
    [
        (
            "adult",
            "Are you 18 or older?",
            "Learns that you are of age, and neither your name nor your date of birth.",
            asking(json!([{"path": ["age_equal_or_over", "18"]}])),
        ),
        (
            "name",
            "What is your name?",
            "Learns your names, and nothing else.",
            asking(json!([{"path": ["given_name"]}, {"path": ["family_name"]}])),
        ),
        (
            "address",
            "Where do you live?",
            "Learns your name and address.",
            asking(json!([{"path": ["given_name"]}, {"path": ["family_name"]}, {"path": ["address"]}])),
        ),
        (
            "licence",
            "May you drive?",
            "Learns what you may drive, your name and your picture: from a driving licence as mdoc.",
            json!({"credentials": [licence(&["driving_privileges", "family_name", "portrait"])]}),
        ),
        (
            "diploma",
            "What have you studied?",
            "Learns your diploma as a whole: a W3C credential of this kind can't be shown in part.",
            json!({"credentials": [diploma()]}),
        ),
    ]
    .into_iter()
    .map(|(id, name, explains, query)| {
        Ok(Preset {
            id: id.to_owned(),
            name: name.to_owned(),
            explains: explains.to_owned(),
            query: DcqlQuery::parse(&query)?,
        })
    })
    .collect()
}
