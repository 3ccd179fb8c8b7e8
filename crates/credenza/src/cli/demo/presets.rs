//! The questions that the demo's verifier asks.

use credenza::query::DcqlQuery;
use credenza::server::service::Preset;
use serde_json::{Value, json};

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
