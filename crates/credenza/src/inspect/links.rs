//! Links: credential offers and presentation requests, as QR codes carry them.

use std::collections::HashMap;

use serde_json::{Map, Value};
use url::Url;

use super::{Found, documents, jose, rules};

/// Takes a link apart; `None` when the text is no link.
pub(super) fn link(text: &str, found: &mut Found) -> Result<Option<String>, String> {
    let Ok(url) = Url::parse(text) else { return Ok(None) };
    if !text.contains("://") {
        return Ok(None);
    }
    let pairs: Vec<(String, String)> =
        url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let parameters: HashMap<&str, &str> =
        pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let has = |name: &str| parameters.contains_key(name);
    if parameters.len() < pairs.len() {
        return Err("a parameter appears twice in the link".to_owned());
    }
    if has("credential_offer") || has("credential_offer_uri") {
        return offer(url.scheme(), &parameters, found).map(Some);
    }
    if has("request_uri") || has("request") || has("client_id") {
        return request(url.scheme(), &parameters, found).map(Some);
    }
    Err("a link that is neither an offer nor a request; fetch it first, then inspect what it answers"
        .to_owned())
}

fn offer(scheme: &str, parameters: &HashMap<&str, &str>, found: &mut Found) -> Result<String, String> {
    found.remarked("scheme", scheme, "which wallet the device opens");
    let (by_value, by_reference) =
        (parameters.get("credential_offer"), parameters.get("credential_offer_uri"));
    let one = by_value.is_some() != by_reference.is_some();
    found.report.check(&rules::OFFER_FORM, one, || "both are there");
    if let Some(reference) = by_reference {
        https(reference, found);
        found.remarked("credential_offer_uri", *reference, "the wallet fetches the offer from there");
    }
    if let Some(value) = by_value {
        let value: Value =
            serde_json::from_str(value).map_err(|error| format!("the offer is not JSON: {error}"))?;
        documents::offer(&value, found);
        found.part("credential_offer", value);
    }
    Ok(match by_value {
        Some(_) => "credential offer, by value".to_owned(),
        None => "credential offer, by reference".to_owned(),
    })
}

fn request(scheme: &str, parameters: &HashMap<&str, &str>, found: &mut Found) -> Result<String, String> {
    found.remarked("scheme", scheme, "which wallet the device opens");
    let (object, reference) = (parameters.get("request"), parameters.get("request_uri"));
    found.report.check(&rules::REQUEST_FORM, object.is_none() || reference.is_none(), || "both are there");
    let mut members = Map::new();
    for (name, value) in parameters.iter().filter(|(name, _)| **name != "request") {
        let structured =
            matches!(*name, "dcql_query" | "client_metadata" | "transaction_data" | "verifier_info");
        let parsed = structured.then(|| serde_json::from_str(value).ok()).flatten();
        members.insert((*name).to_owned(), parsed.unwrap_or_else(|| Value::from(*value)));
    }
    if let Some(reference) = reference {
        https(reference, found);
        documents::client_id(members.get("client_id"), found);
        found.remarked("parameters", members, "the wallet fetches the signed request from request_uri");
        return Ok("presentation request, by reference".to_owned());
    }
    if let Some(object) = object {
        found.part("parameters", members);
        return jose::jwt(object, found).map(|_| "presentation request, signed, by value".to_owned());
    }
    documents::request(&members, found);
    found.part("parameters", members);
    Ok("presentation request, unsigned".to_owned())
}

fn https(url: &str, found: &mut Found) {
    match Url::parse(url) {
        Ok(url) if url.scheme() == "https" => found.report.pass(&rules::HTTPS),
        Ok(url) if crate::http::is_loopback(&url) => found.report.warn(&rules::HTTPS, "http on this machine"),
        _ => found.report.fail(&rules::HTTPS, "not an https URL"),
    }
}
