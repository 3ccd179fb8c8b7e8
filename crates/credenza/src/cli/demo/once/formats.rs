//! The same again in other formats: issued, presented in part where the format can do that, and verified.

use anyhow::Context as _;
use credenza::wallet::{Holder, default_choices};
use serde_json::{Map, Value, json};

use super::Step;
use super::client::Client;
use super::story::text;
use crate::cli::demo::{presets, sample};

/// A credential in some format, and a question about it.
pub(super) struct Told {
    name: &'static str,
    meaning: &'static str,
    configuration: &'static str,
    claims: Map<String, Value>,
    query: Value,
    /// Where the claims have what was asked for, and what the verifier must not learn, if that can be kept back.
    learns: &'static str,
    does_not_learn: Option<&'static str>,
}

pub(super) fn all() -> Vec<Told> {
    vec![
        Told {
            name: "mdoc",
            meaning: "A driving licence as mdoc: the verifier learns an age, and not the birthday.",
            configuration: sample::LICENCE,
            claims: sample::licence(),
            query: presets::licence(&["age_over_18"]),
            learns: "/org.iso.18013.5.1/age_over_18",
            does_not_learn: Some("/org.iso.18013.5.1/birth_date"),
        },
        Told {
            name: "w3c",
            meaning: "A diploma as a W3C credential, signed in the name of a DID: the verifier gets it whole.",
            configuration: sample::DIPLOMA,
            claims: sample::diploma(),
            query: presets::diploma(),
            learns: "/credentialSubject/degree/name",
            does_not_learn: None,
        },
    ]
}

/// Issues it, presents it and has it verified.
pub(super) async fn tell(told: &Told, client: &Client, holder: &Holder) -> anyhow::Result<Step> {
    let credential = json!({"type": told.configuration, "claims": told.claims});
    let offer = client.post("/offers", &json!({"credentials": [credential]})).await?;
    let shown = holder.open_offer(&text(&offer, "uri")?).await?;
    let accepted = holder.accept_offer(&shown.id, None).await?;
    let card = accepted.credentials.first().context("nothing was received")?;

    let query = json!({"credentials": [told.query]});
    let ask = json!({"dcql_query": query, "response_mode": "direct_post.jwt"});
    let request = client.post("/presentations", &ask).await?;
    let consent = holder.open_request(&text(&request, "uri")?).await?;
    let answered = holder.answer_request(&consent.id, &default_choices(&consent)).await;

    let id = text(&request, "id")?;
    let report = client.get(&format!("/presentations/{id}/report")).await?;
    let verified = report.get("ok") == Some(&Value::Bool(true));
    let detail = match &answered {
        Ok(_) => format!("{} of {}, {} copies; verified: {verified}", card.name, card.kind, card.copies),
        Err(refusal) => refusal.to_string(),
    };
    let minimal = answered.is_ok() && {
        let result = client.post(&format!("/presentations/{id}/result"), &json!({})).await?;
        let claims = result.pointer("/presentations/0/claims").cloned().unwrap_or_default();
        claims.pointer(told.learns).is_some()
            && told.does_not_learn.is_none_or(|place| claims.pointer(place).is_none())
    };
    Ok(Step { name: told.name, meaning: told.meaning, ok: verified && minimal, detail, report: Some(report) })
}
