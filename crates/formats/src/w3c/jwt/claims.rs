//! Between documents and claims: VCDM 1.1 §6.3.1 says each thing twice, and both times the same.

use credenza_core::{Report, UnixTime};
use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::Kind;
use crate::w3c::data_model::{CONTEXT_V1, DataModel};
use crate::w3c::rules;

/// A property of the document that a registered claim stands for.
struct Twin {
    claim: &'static str,
    property: &'static str,
    is_time: bool,
}

const CREDENTIAL: [Twin; 4] = [
    Twin { claim: "iss", property: "issuer", is_time: false },
    Twin { claim: "jti", property: "id", is_time: false },
    Twin { claim: "nbf", property: "issuanceDate", is_time: true },
    Twin { claim: "exp", property: "expirationDate", is_time: true },
];

const PRESENTATION: [Twin; 2] = [
    Twin { claim: "iss", property: "holder", is_time: false },
    Twin { claim: "jti", property: "id", is_time: false },
];

const fn twins(kind: Kind) -> &'static [Twin] {
    match kind {
        Kind::Credential => &CREDENTIAL,
        Kind::Presentation => &PRESENTATION,
    }
}

/// The claims that stand for properties of a document.
///
/// # Errors
/// The name of the property that can't be said by its claim.
pub(super) fn registered(
    kind: Kind,
    document: &Map<String, Value>,
) -> Result<Map<String, Value>, &'static str> {
    let mut claims = Map::new();
    for Twin { claim, property, is_time } in twins(kind) {
        let Some(value) = document.get(*property) else { continue };
        let value = match (is_time, value) {
            (true, value) => Value::from(instant(value).ok_or(*property)?.as_secs()),
            (false, Value::String(_)) => value.clone(),
            (false, Value::Object(party)) if *property != "id" => {
                party.get("id").filter(|id| id.is_string()).cloned().ok_or(*property)?
            }
            _ => return Err(property),
        };
        claims.insert((*claim).to_owned(), value);
    }
    if kind == Kind::Credential {
        match document.get("credentialSubject") {
            Some(Value::Object(subject)) => {
                if let Some(id) = subject.get("id") {
                    claims.insert("sub".to_owned(), id.clone());
                }
            }
            // A JWT has no way to name several subjects.
            _ => return Err("credentialSubject"),
        }
    }
    Ok(claims)
}

fn instant(value: &Value) -> Option<UnixTime> {
    UnixTime::from_rfc3339(value.as_str()?)
}

/// The document that a JWT of VCDM 1.1 carries, completed by the registered claims; `None` when the two contradict
/// each other, or when there is no such document.
pub(super) fn decode(
    kind: Kind,
    mut payload: Map<String, Value>,
    report: &mut Report,
) -> Option<Map<String, Value>> {
    let claim = kind.claim();
    let document = match payload.remove(claim) {
        Some(Value::Object(document)) => Some(document),
        _ => None,
    };
    let document = document.filter(|document| DataModel::of(document) == Some(DataModel::V1));
    if !report.check(&rules::JWT_CLAIMS, document.is_some(), || {
        format!("{claim} is not an object of the data model whose first context is {CONTEXT_V1}")
    }) {
        return None;
    }
    let mut document = document?;
    let mut agree = true;
    for twin in twins(kind) {
        let Some(value) = payload.get(twin.claim) else { continue };
        let same = unite(&mut document, twin, value);
        agree &= same;
        if !same {
            report.fail(&rules::JWT_MAPPING, format!("{} and {} differ", twin.claim, twin.property));
        }
    }
    if kind == Kind::Credential
        && let Some(subject) = payload.get("sub")
        && !unite_subject(&mut document, subject)
    {
        report.fail(&rules::JWT_MAPPING, "sub and the id of credentialSubject differ");
        agree = false;
    }
    if agree {
        report.pass(&rules::JWT_MAPPING);
    }
    agree.then_some(document)
}

/// Sets the property where it is missing; says whether the two are the same.
fn unite(document: &mut Map<String, Value>, twin: &Twin, claim: &Value) -> bool {
    if twin.is_time {
        let Ok(time) = UnixTime::deserialize(claim) else { return false };
        return match document.get(twin.property) {
            Some(said) => instant(said) == Some(time),
            None => {
                document.insert(twin.property.to_owned(), time.to_rfc3339().into());
                true
            }
        };
    }
    if !claim.is_string() {
        return false;
    }
    match document.get_mut(twin.property) {
        None => {
            document.insert(twin.property.to_owned(), claim.clone());
            true
        }
        Some(Value::Object(party)) if twin.property != "id" => unite_id(party, claim),
        Some(said) => said == claim,
    }
}

fn unite_subject(document: &mut Map<String, Value>, claim: &Value) -> bool {
    let subject = match document.get_mut("credentialSubject") {
        Some(Value::Object(subject)) => Some(subject),
        Some(Value::Array(subjects)) => match subjects.as_mut_slice() {
            [Value::Object(subject)] => Some(subject),
            _ => None,
        },
        _ => None,
    };
    claim.is_string() && subject.is_some_and(|subject| unite_id(subject, claim))
}

fn unite_id(object: &mut Map<String, Value>, claim: &Value) -> bool {
    object.entry("id").or_insert_with(|| claim.clone()) == claim
}

/// Checks that a payload which is a document itself has no claim `vc` or `vp`, and no claim that contradicts a
/// property (VC-JOSE-COSE §1.1.2.1, §3.1.3, §4.1.2).
pub(super) fn check_payload(kind: Kind, payload: &Map<String, Value>, report: &mut Report) -> bool {
    let plain = !payload.contains_key("vc") && !payload.contains_key("vp");
    if !report.check(&rules::JWT_CLAIMS, plain, || "there is a claim vc or vp beside the document") {
        return false;
    }
    let id_of = |name: &str| {
        let value = payload.get(name)?;
        value.as_str().or_else(|| value.get("id")?.as_str())
    };
    let party = match kind {
        Kind::Credential => "issuer",
        Kind::Presentation => "holder",
    };
    let same = |claim: &str, said: Option<&str>| {
        payload
            .get(claim)
            .is_none_or(|value| value.as_str().is_some_and(|value| said.is_none_or(|said| said == value)))
    };
    let subject = match kind {
        Kind::Credential => id_of("credentialSubject"),
        Kind::Presentation => None,
    };
    let contradiction = [("iss", id_of(party)), ("jti", id_of("id")), ("sub", subject)]
        .into_iter()
        .find(|(claim, said)| !same(claim, *said));
    report.check(&rules::JWT_MAPPING, contradiction.is_none(), || {
        let claim = contradiction.map(|(claim, _)| claim).unwrap_or_default();
        format!("{claim} and the property that it stands for differ")
    })
}
