//! W3C credentials and presentations, with or without an embedded proof.

use credenza_formats::w3c::data_integrity::Cryptosuite;
use credenza_formats::w3c::{Credential, Embedded, Moment, Presentation};
use serde_json::{Map, Value, json};

use super::{Found, rules};

type Members = Map<String, Value>;

/// Whether the document says that it is a credential or a presentation.
pub(super) fn is_one(document: &Members) -> bool {
    document.contains_key("@context") && (has_type(document, CREDENTIAL) || has_type(document, PRESENTATION))
}

const CREDENTIAL: &str = "VerifiableCredential";
const PRESENTATION: &str = "VerifiablePresentation";

/// Judges a credential or a presentation; says what it is.
pub(super) fn document(document: &Members, found: &mut Found) -> String {
    for proof in each(document.get("proof")) {
        judge_proof(proof, found);
    }
    let proof = if document.contains_key("proof") { ", with an embedded proof" } else { "" };
    if has_type(document, PRESENTATION) {
        if let Some(presentation) = Presentation::check(document.clone(), &mut found.report) {
            let credentials: Vec<Value> = presentation.credentials().iter().map(embedded).collect();
            let content = json!({"holder": presentation.holder(), "credentials": credentials});
            found.part("presentation", content);
        }
        return format!("W3C presentation{proof}");
    }
    let moment = Moment::at(found.now);
    if let Some(credential) = Credential::check(document.clone(), moment, &mut found.report) {
        found.part(
            "credential",
            json!({
                "types": credential.types(),
                "issuer": credential.issuer(),
                "subject": credential.subject_id(),
                "valid_from": credential.valid_from().map(credenza_core::UnixTime::to_rfc3339),
                "valid_until": credential.valid_until().map(credenza_core::UnixTime::to_rfc3339),
                "status": credential.status().collect::<Vec<_>>(),
            }),
        );
    }
    format!("W3C credential{proof}")
}

/// Judges what a JWT carries, if it is a credential or a presentation: as its payload, or in `vc` or `vp`.
pub(super) fn in_claims(claims: &Members, found: &mut Found) -> Option<String> {
    if is_one(claims) {
        return Some(document(claims, found));
    }
    ["vc", "vp"].into_iter().find_map(|name| {
        let members = claims.get(name)?.as_object()?;
        // Of the members that registered claims stand for, some are there alone (VCDM 1.1 §6.3.1).
        let kind = if name == "vc" { "W3C credential" } else { "W3C presentation" };
        let types = members.get("type").cloned().unwrap_or_default();
        found.part(name, json!({"types": types, "context": members.get("@context")}));
        Some(format!("{kind} in the claim {name} (data model 1.1)"))
    })
}

fn judge_proof(proof: &Value, found: &mut Found) {
    let text = |name: &str| proof.get(name).and_then(Value::as_str);
    let suite = Cryptosuite::from_names(text("type").unwrap_or_default(), text("cryptosuite"));
    found.report.check(&rules::CRYPTOSUITE, suite.is_some(), || {
        format!("{} {}", text("type").unwrap_or("no type"), text("cryptosuite").unwrap_or_default())
    });
    let content = json!({
        "cryptosuite": suite.map(Cryptosuite::name),
        "verification_method": text("verificationMethod"),
        "purpose": text("proofPurpose"),
        "created": text("created"),
        "challenge": text("challenge"),
        "domain": proof.get("domain"),
    });
    found.remarked("proof", content, "not verified by looking at it");
}

fn embedded(credential: &Embedded<'_>) -> Value {
    match credential {
        Embedded::Document(document) => {
            json!({"types": document.get("type"), "issuer": document.get("issuer")})
        }
        other => Value::from(format!("{other:?}").chars().take(80).collect::<String>()),
    }
}

fn has_type(document: &Members, wanted: &str) -> bool {
    each(document.get("type")).iter().any(|name| name.as_str() == Some(wanted))
}

fn each(value: Option<&Value>) -> &[Value] {
    match value {
        None => &[],
        Some(Value::Array(all)) => all,
        Some(one) => std::slice::from_ref(one),
    }
}
