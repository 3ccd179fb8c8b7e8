//! JSON documents: metadata, offers, requests, queries, keys.

use credenza_core::json;
use credenza_crypto::{Jwk, JwkError};
use credenza_query::dcql::DcqlQuery;
use serde_json::{Map, Value};

use super::{Found, dids, rules, trust_lists, w3c};

/// Client-id prefixes of OID4VP 1.0 §5.9.3.
const PREFIXES: &[&str] = &[
    "decentralized_identifier",
    "openid_federation",
    "redirect_uri",
    "verifier_attestation",
    "x509_hash",
    "x509_san_dns",
];

/// Recognises a JSON document by its members.
pub(super) fn json(text: &str, found: &mut Found) -> Result<String, String> {
    let value =
        json::parse(text.as_bytes()).map_err(|error| format!("not JSON that is accepted: {error}"))?;
    let has = |name: &str| value.get(name).is_some();
    let kind = if has("kty") {
        judge_key(&value, found);
        "JSON Web Key"
    } else if has("keys") {
        key_set(&value, found);
        "JSON Web Key Set"
    } else if has("credential_configurations_supported") || has("credential_endpoint") {
        let members = ["credential_issuer", "credential_endpoint", "credential_configurations_supported"];
        needs(&value, &members, &rules::ISSUER_METADATA, found);
        "credential issuer metadata"
    } else if has("token_endpoint") || has("authorization_endpoint") {
        needs(&value, &["issuer", "token_endpoint"], &rules::SERVER_METADATA, found);
        "authorization server metadata"
    } else if has("credential_configuration_ids") || has("credential_issuer") {
        offer(&value, found);
        "credential offer"
    } else if let (true, Value::Object(members)) = (has("response_type") || has("dcql_query"), &value) {
        request(members, found);
        "presentation request"
    } else if let Some(kind) = value.as_object().and_then(|members| by_family(text, members, found)) {
        found.part("document", value);
        return Ok(kind);
    } else if has("credentials") && value.get("credentials").is_some_and(is_query) {
        query(&value, found);
        "DCQL query"
    } else {
        "JSON"
    };
    found.part("document", without_private(value));
    Ok(kind.to_owned())
}

/// Documents of the families that have a module of their own.
fn by_family(text: &str, members: &Map<String, Value>, found: &mut Found) -> Option<String> {
    if w3c::is_one(members) {
        return Some(w3c::document(members, found));
    }
    if dids::is_document(members) {
        dids::document(text, members, found);
        return Some("DID document".to_owned());
    }
    trust_lists::entities(members, found)
}

/// Judges the members of a credential offer.
pub(super) fn offer(offer: &Value, found: &mut Found) {
    let issuer = offer.get("credential_issuer").is_some_and(Value::is_string);
    let ids = offer.get("credential_configuration_ids").and_then(Value::as_array);
    let ids = ids.is_some_and(|ids| !ids.is_empty() && ids.iter().all(Value::is_string));
    found.report.check(&rules::OFFER, issuer && ids, || match issuer {
        false => "no credential_issuer",
        true => "no credential_configuration_ids",
    });
}

/// Judges the parameters of a presentation request.
pub(super) fn request(request: &Map<String, Value>, found: &mut Found) {
    client_id(request.get("client_id"), found);
    let text = |name: &str| request.get(name).and_then(Value::as_str).unwrap_or_default();
    found.report.check(&rules::NONCE, !text("nonce").is_empty(), || "no nonce");
    let scope = !text("scope").is_empty();
    found.report.check(&rules::QUERY, request.contains_key("dcql_query") != scope, || {
        if scope { "both dcql_query and scope" } else { "neither dcql_query nor scope" }
    });
    if let Some(asked) = request.get("dcql_query") {
        query(asked, found);
    }
    let (response_uri, redirect_uri) = (!text("response_uri").is_empty(), !text("redirect_uri").is_empty());
    let fits = match text("response_mode") {
        "direct_post" | "direct_post.jwt" => response_uri && !redirect_uri,
        "dc_api" | "dc_api.jwt" => !response_uri && !redirect_uri,
        _ => redirect_uri || text("client_id").starts_with("redirect_uri:"),
    };
    found.report.check(&rules::RESPONSE, fits, || {
        format!(
            "response_mode \"{}\" with{} response_uri",
            text("response_mode"),
            if response_uri { "" } else { "out" }
        )
    });
}

/// Judges a client identifier.
pub(super) fn client_id(client_id: Option<&Value>, found: &mut Found) {
    let client_id = client_id.and_then(Value::as_str).unwrap_or_default();
    match client_id.split_once(':') {
        Some((prefix, _)) if PREFIXES.contains(&prefix) => {
            found.report.pass_with(&rules::CLIENT_ID, prefix.to_owned());
        }
        Some(_) => found.report.fail(&rules::CLIENT_ID, "a prefix that is not known"),
        None if client_id.is_empty() => found.report.fail(&rules::CLIENT_ID, "no client_id"),
        None => {
            found.report.warn(&rules::CLIENT_ID, "no prefix: a wallet has to know this client beforehand");
        }
    }
}

/// Judges a public key.
pub(super) fn judge_key(key: &Value, found: &mut Found) {
    match Jwk::from_value(key) {
        Ok(_) => {
            found.report.pass(&rules::PRIVATE_KEY);
            found.report.pass(&rules::KEY);
        }
        Err(JwkError::Private) => {
            found.report.fail(&rules::PRIVATE_KEY, "a private or symmetric key: treat it as compromised");
        }
        Err(error) => found.report.fail(&rules::KEY, error.to_string()),
    }
}

fn key_set(set: &Value, found: &mut Found) {
    let keys = set.get("keys").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    keys.iter().for_each(|key| judge_key(key, found));
    let mut names: Vec<_> = keys.iter().filter_map(|key| key.get("kid")?.as_str()).collect();
    names.sort_unstable();
    let all = names.len() == keys.len();
    names.dedup();
    found.report.check(
        &rules::KEY_IDS,
        all && names.len() == keys.len(),
        || "a kid is missing or not unique",
    );
}

fn query(value: &Value, found: &mut Found) {
    match DcqlQuery::parse(value) {
        Ok(_) => found.report.pass(&rules::DCQL),
        Err(error) => found.report.fail(&rules::DCQL, error.to_string()),
    }
}

fn is_query(credentials: &Value) -> bool {
    credentials.as_array().is_some_and(|all| all.iter().any(|one| one.get("format").is_some()))
}

fn needs(value: &Value, members: &[&str], rule: &'static credenza_core::Rule, found: &mut Found) {
    let missing: Vec<_> = members.iter().copied().filter(|name| value.get(name).is_none()).collect();
    found.report.check(rule, missing.is_empty(), || format!("missing: {}", missing.join(", ")));
}

/// A private key is not repeated on anybody's screen.
fn without_private(mut value: Value) -> Value {
    fn hide(value: &mut Value) {
        match value {
            Value::Object(members) => {
                let is_key = members.contains_key("kty");
                for (name, member) in members.iter_mut() {
                    if is_key && matches!(name.as_str(), "d" | "p" | "q" | "dp" | "dq" | "qi" | "k") {
                        *member = Value::from("(a private value, not shown)");
                    } else {
                        hide(member);
                    }
                }
            }
            Value::Array(elements) => elements.iter_mut().for_each(hide),
            _ => {}
        }
    }
    hide(&mut value);
    value
}
