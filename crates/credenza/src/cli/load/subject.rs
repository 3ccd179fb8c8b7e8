//! What is issued and asked for: a type of the deployment with claims, and a query that fits it.

use std::path::Path;

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use super::super::Usage;
use super::super::demo::sample;
use super::api::Api;

/// A type, claims for it, and a query for them.
#[derive(Debug)]
pub(super) struct Subject {
    kind: String,
    claims: Map<String, Value>,
    query: Option<Value>,
}

impl Subject {
    pub(super) fn offer(&self) -> Value {
        json!({"credentials": [{"type": self.kind, "claims": self.claims}]})
    }

    pub(super) fn request(&self, response_mode: &str) -> Value {
        json!({"response_mode": response_mode, "dcql_query": self.query})
    }

    pub(super) const fn can_be_asked(&self) -> bool {
        self.query.is_some()
    }
}

/// Finds the type at the deployment, and what is missing in files or samples.
pub(super) async fn find(
    api: &Api,
    kind: &str,
    claims: Option<&Path>,
    query: Option<&Path>,
) -> anyhow::Result<Subject> {
    let all = api.get("/credential-types").await.map_err(|what| {
        anyhow::anyhow!(
            "the deployment's credential types can't be read ({what}); is --token the admin token?"
        )
    })?;
    let all = all.get("credential_types").and_then(Value::as_array).cloned().unwrap_or_default();
    let id = |one: &Value| one.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(found) = all.iter().find(|one| id(one) == kind) else {
        let known: Vec<String> = all.iter().map(id).collect();
        return Err(Usage::error(format!(
            "there is no credential type {kind}; --type is one of: {}",
            known.join(", ")
        )));
    };
    let claims = match claims {
        Some(file) => read(file)?.as_object().cloned().context("the claims have to be a JSON object")?,
        None => {
            let sample = sample::all().into_iter().find(|(name, _)| *name == kind);
            sample.map(|(_, claims)| claims).ok_or_else(|| {
                Usage::error(format!("say with --claims what credentials of the type {kind} contain"))
            })?
        }
    };
    let query = match query {
        Some(file) => Some(read(file)?),
        None => usual(found, &claims),
    };
    Ok(Subject { kind: kind.to_owned(), claims, query })
}

fn read(file: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read(file).with_context(|| file.display().to_string())?;
    credenza::core::json::from_slice(&text).map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))
}

/// A query for two claims; `None` where the format has no simple one.
fn usual(kind: &Value, claims: &Map<String, Value>) -> Option<Value> {
    let text = |name: &str| kind.get(name).and_then(Value::as_str);
    let format = text("format")?;
    let (meta, paths): (Value, Vec<Value>) = match format {
        "dc+sd-jwt" => {
            let told = claims.keys().filter(|name| claims.get(*name).is_some_and(|value| !value.is_object()));
            (
                json!({"vct_values": [text("vct")?]}),
                told.take(2).map(|name| json!({"path": [name]})).collect(),
            )
        }
        "mso_mdoc" => {
            let (namespace, elements) = claims.iter().next()?;
            let told = elements.as_object()?.keys().take(2);
            let paths = told.map(|name| json!({"path": [namespace, name]})).collect();
            (json!({"doctype_value": text("doctype")?}), paths)
        }
        _ => return None,
    };
    let mut credential = json!({"id": "load", "format": format, "meta": meta});
    if let Some(credential) = credential.as_object_mut().filter(|_| !paths.is_empty()) {
        credential.insert("claims".to_owned(), paths.into());
    }
    Some(json!({"credentials": [credential]}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_claims_are_asked_for() {
        let kind = json!({"id": "pid", "format": "dc+sd-jwt", "vct": "urn:eudi:pid:1"});
        let query = usual(&kind, &sample::claims()).unwrap();
        assert_eq!(
            query["credentials"][0]["claims"],
            json!([{"path": ["family_name"]}, {"path": ["given_name"]}])
        );
        let kind = json!({"id": "mdl", "format": "mso_mdoc", "doctype": "org.iso.18013.5.1.mDL"});
        let query = usual(&kind, &sample::licence()).unwrap();
        assert_eq!(
            query["credentials"][0]["claims"][1],
            json!({"path": [sample::LICENCE_NAMESPACE, "given_name"]})
        );
        assert_eq!(usual(&json!({"id": "x", "format": "ldp_vc"}), &Map::new()), None);
    }
}
