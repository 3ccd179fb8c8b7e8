//! SD-JWTs: disclosures decoded, and matched with the digests that refer to them.

use std::collections::HashMap;

use credenza_core::{b64, json};
use credenza_crypto::HashAlgorithm;
use serde_json::{Map, Value};

use super::{Found, jose, rules};

/// Takes an SD-JWT apart.
pub(super) fn sd_jwt(text: &str, found: &mut Found) -> Result<String, String> {
    let mut pieces = text.split('~');
    let jwt = pieces.next().unwrap_or_default();
    let mut disclosures: Vec<&str> = pieces.collect();
    // After the last tilde comes the key binding, or nothing.
    let binding = disclosures.pop().filter(|binding| !binding.is_empty());
    let (header, claims) = jose::signed(jwt, "", found)?;

    let hash = match claims.get("_sd_alg") {
        None => Some(HashAlgorithm::default()),
        Some(name) => name.as_str().and_then(HashAlgorithm::from_name),
    };
    found.report.check(&rules::SD_ALG, hash.is_some(), || "_sd_alg names another one");
    let hash = hash.unwrap_or_default();

    let decoded: Vec<Option<Vec<Value>>> = disclosures.iter().map(|text| decode(text)).collect();
    let mut references = HashMap::new();
    count(&Value::Object(claims.clone()), &mut references);
    for value in decoded.iter().flatten().filter_map(|disclosure| disclosure.last()) {
        count(value, &mut references);
    }
    let mut faults = Vec::new();
    for (number, (text, disclosure)) in disclosures.iter().zip(&decoded).enumerate() {
        let digest = b64::encode(hash.hash(text.as_bytes()));
        let referred = references.remove(&digest).unwrap_or(0);
        let name = format!("disclosure {}", number + 1);
        let Some(disclosure) = disclosure else {
            faults.push(format!("{name} is no disclosure"));
            found.remarked(name, *text, "not base64url of a JSON array of two or three elements");
            continue;
        };
        if referred != 1 {
            faults.push(format!("{name} is referred to {referred} times"));
        }
        let what = match disclosure.as_slice() {
            [_, Value::String(claim), _] => format!("the claim \"{claim}\""),
            _ => "an element of an array".to_owned(),
        };
        found.remarked(name, disclosure.clone(), format!("{what}; digest {digest}, found {referred} times"));
    }
    let undisclosed = references.len();
    found.report.check(&rules::DISCLOSURES, faults.is_empty(), || faults.join("; "));
    if undisclosed > 0 {
        let remark = "digests whose disclosures are not here: claims that are kept back, or decoys";
        found.remarked("undisclosed", undisclosed, remark);
    }

    let typ = header.get("typ").and_then(Value::as_str).unwrap_or_default();
    let is_vc = typ.contains("sd-jwt") || claims.contains_key("vct");
    if is_vc {
        found.report.check(&rules::VCT, claims.get("vct").is_some_and(Value::is_string), || "no vct");
    }
    if let Some(binding) = binding {
        bound(text, binding, hash, found)?;
    }
    let name = if is_vc { "SD-JWT VC" } else { "SD-JWT" };
    Ok(if binding.is_some() { format!("{name} with key binding") } else { name.to_owned() })
}

fn bound(text: &str, binding: &str, hash: HashAlgorithm, found: &mut Found) -> Result<(), String> {
    let (_, claims) = jose::signed(binding, "key binding ", found)?;
    let presentation = text.strip_suffix(binding).unwrap_or(text);
    let expected = b64::encode(hash.hash(presentation.as_bytes()));
    let same = claims.get("sd_hash").and_then(Value::as_str) == Some(expected.as_str());
    found.report.check(&rules::SD_HASH, same, || "sd_hash is another presentation's");
    Ok(())
}

fn decode(text: &str) -> Option<Vec<Value>> {
    match json::parse(&b64::decode(text).ok()?).ok()? {
        Value::Array(elements) if matches!(elements.len(), 2 | 3) => Some(elements),
        _ => None,
    }
}

/// Counts the digests in `_sd` arrays and in `...` members, at any depth.
fn count(value: &Value, references: &mut HashMap<String, usize>) {
    let mut refer = |digest: &Value| {
        if let Some(digest) = digest.as_str() {
            *references.entry(digest.to_owned()).or_default() += 1;
        }
    };
    match value {
        Value::Object(members) => {
            let digests =
                |members: &Map<String, Value>| members.get("_sd").and_then(Value::as_array).cloned();
            digests(members).iter().flatten().for_each(&mut refer);
            if let (1, Some(digest)) = (members.len(), members.get("...")) {
                refer(digest);
            }
            members.values().for_each(|member| count(member, references));
        }
        Value::Array(elements) => elements.iter().for_each(|element| count(element, references)),
        _ => {}
    }
}
