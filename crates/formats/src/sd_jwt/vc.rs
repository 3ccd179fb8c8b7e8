//! What SD-JWT VC demands beside RFC 9901, for those who issue and those who verify.

use credenza_core::Report;
use credenza_crypto::{Jwk, JwkError};
use serde_json::{Map, Value};

use super::process::{DIGESTS, PLACEHOLDER};
use super::{Profile, rules};

/// `vct`, if it is a type (SD-JWT VC §2.2.2.1).
pub(super) fn vct(claims: &Map<String, Value>) -> Option<&str> {
    claims.get("vct").and_then(Value::as_str).filter(|vct| !vct.is_empty())
}

/// Whether `aka_vcts` is missing, or a list of other types (SD-JWT VC §2.2.2.2).
pub(super) fn aka_vcts_fit(claims: &Map<String, Value>, vct: &str) -> bool {
    match claims.get("aka_vcts") {
        None => true,
        Some(Value::Array(types)) => {
            !types.is_empty() && types.iter().all(|other| other.as_str().is_some_and(|other| other != vct))
        }
        Some(_) => false,
    }
}

/// The first registered claim that has not the type it must have.
pub(super) fn wrong_type(claims: &Map<String, Value>) -> Option<&'static str> {
    let texts = ["iss", "sub", "vct#integrity"];
    let no_text = |name: &&str| claims.get(*name).is_some_and(|value| !value.is_string());
    let no_object = |name: &&str| claims.get(*name).is_some_and(|value| !value.is_object());
    texts.into_iter().find(no_text).or_else(|| ["status"].into_iter().find(no_object))
}

/// The key that a `cnf` claim names by value; none when it names it in another way (RFC 7800 §3.2).
pub(super) fn holder(cnf: &Value) -> Result<Option<Jwk>, JwkError> {
    cnf.as_object().ok_or(JwkError::Malformed("cnf"))?.get("jwk").map(Jwk::from_value).transpose()
}

/// Which claims of [`Profile::always_disclosed`] are in the clear, one bit for each; an error when digests are in one.
pub(super) fn registered_in_the_clear(payload: &Map<String, Value>) -> Result<u16, &'static str> {
    let mut present = 0;
    for (bit, name) in Profile::Credential.always_disclosed().iter().enumerate() {
        if let Some(value) = payload.get(*name) {
            if has_digests(value) {
                return Err(name);
            }
            present |= 1 << bit;
        }
    }
    Ok(present)
}

fn has_digests(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.iter().any(|(name, value)| name == DIGESTS || name == PLACEHOLDER || has_digests(value))
        }
        Value::Array(items) => items.iter().any(has_digests),
        _ => false,
    }
}

/// The checks on the processed payload. `in_the_clear` is what [`registered_in_the_clear`] found before.
pub(super) fn check(
    claims: &Map<String, Value>,
    in_the_clear: Result<u16, &'static str>,
    report: &mut Report,
) -> bool {
    let vct = vct(claims);
    let mut sound = report.check(&rules::VC_VCT, vct.is_some(), || "vct is missing or is not a string");
    if claims.contains_key("aka_vcts") {
        let fit = aka_vcts_fit(claims, vct.unwrap_or_default());
        sound &= report.check(&rules::VC_AKA_VCTS, fit, || "aka_vcts is not a list of other types");
    }
    let wrong = wrong_type(claims);
    sound &= report.check(&rules::VC_CLAIM_TYPES, wrong.is_none(), || {
        format!("{} has another type", wrong.unwrap_or_default())
    });
    let concealed = match in_the_clear {
        Err(name) => Some(name),
        Ok(present) => Profile::Credential
            .always_disclosed()
            .iter()
            .enumerate()
            .find(|(bit, name)| present & (1 << bit) == 0 && claims.contains_key(**name))
            .map(|(_, name)| *name),
    };
    sound
        & report.check(&rules::VC_REGISTERED, concealed.is_none(), || {
            format!("{} is selectively disclosable", concealed.unwrap_or_default())
        })
}
