//! Lists of trusted entities (ETSI TS 119 602), and statements of a federation.

use credenza_core::b64;
use credenza_crypto::Certificate;
use serde_json::{Map, Value, json};

use super::{Found, documents, rules};

type Members = Map<String, Value>;

/// The list in a document or payload; it stands bare or in `LoTE`.
fn list(document: &Members) -> Option<&Members> {
    document
        .get("LoTE")
        .and_then(Value::as_object)
        .or_else(|| document.contains_key("ListAndSchemeInformation").then_some(document))
}

/// Takes a list of trusted entities apart; `None` when it is none.
pub(super) fn entities(document: &Members, found: &mut Found) -> Option<String> {
    let list = list(document)?;
    let information = list.get("ListAndSchemeInformation").cloned().unwrap_or_default();
    let wanted = ["LoTEType", "LoTESequenceNumber", "ListIssueDateTime", "NextUpdate", "SchemeOperatorName"];
    let about: Members = wanted
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), information.get(name)?.clone())))
        .collect();
    found.report.check(
        &rules::TRUST_LIST,
        about.contains_key("ListIssueDateTime"),
        || "no ListIssueDateTime",
    );
    found.part("list", about);
    let mut services = Vec::new();
    let entities = list.get("TrustedEntitiesList").and_then(Value::as_array);
    for entity in entities.into_iter().flatten() {
        let name = entity.pointer("/TrustedEntityInformation/TEName").cloned().unwrap_or_default();
        let own = entity.get("TrustedEntityServices").and_then(Value::as_array);
        services.extend(own.into_iter().flatten().map(|one| service(&name, one)));
    }
    let remark = format!("{} services", services.len());
    found.remarked("services", services, remark);
    Some("list of trusted entities".to_owned())
}

fn service(entity: &Value, service: &Value) -> Value {
    let of = |path: &str| service.pointer(&format!("/ServiceInformation/{path}"));
    let certificates = of("ServiceDigitalIdentity/X509Certificates").and_then(Value::as_array);
    let subject = |certificate: &Value| {
        let der = b64::decode_std(certificate.get("val")?.as_str()?).ok()?;
        Some(Certificate::parse(&der).ok()?.subject)
    };
    let subjects: Vec<Option<String>> = certificates.into_iter().flatten().map(subject).collect();
    json!({
        "entity": entity,
        "type": of("ServiceTypeIdentifier"),
        "status": of("ServiceStatus"),
        "certificates": subjects,
    })
}

/// Takes the claims of an entity statement apart (OpenID Federation 1.0 §3).
pub(super) fn statement(claims: &Members, found: &mut Found) -> String {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let named = text("iss").starts_with("https://") && text("sub").starts_with("https://");
    let lives = claims.contains_key("iat") && claims.contains_key("exp");
    found.report.check(
        &rules::FEDERATION,
        named && lives && claims.contains_key("jwks"),
        || "iss, sub, iat, exp or jwks is missing or no https URL",
    );
    for key in claims.get("jwks").and_then(|set| set.get("keys")?.as_array()).into_iter().flatten() {
        documents::judge_key(key, found);
    }
    let types: Vec<&String> =
        claims.get("metadata").and_then(Value::as_object).into_iter().flat_map(Map::keys).collect();
    let content = json!({
        "about": text("sub"),
        "entity_types": types,
        "superiors": claims.get("authority_hints"),
        "policies": claims.contains_key("metadata_policy"),
        "trust_marks": claims.get("trust_marks").and_then(Value::as_array).map(Vec::len),
    });
    found.part("entity", content);
    if text("iss") == text("sub") { "entity configuration" } else { "statement about a subordinate" }
        .to_owned()
}
