//! What the dialects change in the configurations of issuer metadata.

use serde_json::{Map, Value, json};

use super::Dialect;
use super::draft13::SD_JWT_VC;

const CONFIGURATIONS: &str = "credential_configurations_supported";
const METADATA: &str = "credential_metadata";

/// The texts that 1.0 moved into `credential_metadata`.
const TEXTS: [&str; 2] = ["display", "claims"];

/// Changes every configuration, and removes those for which `change` is false.
pub(super) fn each(
    members: &mut Map<String, Value>,
    mut change: impl FnMut(&mut Map<String, Value>) -> bool,
) {
    let Some(Value::Object(configurations)) = members.get_mut(CONFIGURATIONS) else { return };
    configurations.retain(|_, configuration| configuration.as_object_mut().is_none_or(&mut change));
}

/// In which dialect these configurations are; `None`: 1.0. One configuration is enough, and a sign of 1.0 outweighs.
pub(super) fn dialect(members: &Map<String, Value>) -> Option<Dialect> {
    let configurations = members.get(CONFIGURATIONS)?.as_object()?;
    let all = || configurations.values().filter_map(Value::as_object);
    if all().any(|configuration| configuration.contains_key(METADATA)) {
        return None;
    }
    let earlier_name = |configuration: &Map<String, Value>| {
        configuration.get("format").and_then(Value::as_str) == Some(SD_JWT_VC)
            && configuration.contains_key("vct")
    };
    let tree = |configuration: &Map<String, Value>| configuration.get("claims").is_some_and(Value::is_object);
    if all().any(|configuration| earlier_name(configuration) || tree(configuration)) {
        return Some(Dialect::Draft13);
    }
    let texts = all().any(|configuration| TEXTS.iter().any(|name| configuration.contains_key(*name)));
    match (texts, members.contains_key("nonce_endpoint")) {
        (false, _) => None,
        (true, true) => Some(Dialect::Draft15),
        // Lists of claims came with draft 15, whose issuers may do without nonces.
        (true, false) if all().any(|configuration| configuration.contains_key("claims")) => {
            Some(Dialect::Draft15)
        }
        (true, false) => Some(Dialect::Draft13),
    }
}

/// Encryption was asked for differently; it is not offered to earlier drafts.
pub(super) fn without_encryption(members: &mut Map<String, Value>) {
    members.remove("credential_request_encryption");
    members.remove("credential_response_encryption");
}

pub(super) fn texts_to_the_top(configuration: &mut Map<String, Value>) {
    if let Some(Value::Object(texts)) = configuration.remove(METADATA) {
        configuration.extend(texts);
    }
    // COSE had its numbers spelled out.
    if let Some(Value::Array(algorithms)) = configuration.get_mut("credential_signing_alg_values_supported") {
        algorithms.iter_mut().for_each(|algorithm| {
            if let Some(name) = algorithm.as_i64().and_then(cose_name) {
                *algorithm = name.into();
            }
        });
        algorithms.dedup();
    }
}

pub(super) fn texts_below(configuration: &mut Map<String, Value>) {
    let texts: Map<String, Value> =
        TEXTS.iter().filter_map(|name| Some(((*name).to_owned(), configuration.remove(*name)?))).collect();
    if !texts.is_empty() {
        configuration.insert(METADATA.to_owned(), Value::Object(texts));
    }
}

/// Leaves the proofs that all drafts agree on; whether there is a way to prove a key, or no need.
pub(super) fn only_provable_by_jwt(configuration: &mut Map<String, Value>) -> bool {
    let Some(Value::Object(proof_types)) = configuration.get_mut("proof_types_supported") else {
        return true;
    };
    proof_types
        .retain(|name, proof_type| name == "jwt" && proof_type.get("key_attestations_required").is_none());
    !proof_types.is_empty()
}

/// Adds what 1.0 demands and earlier drafts left to be guessed: bindings and proofs belong together.
pub(super) fn complete(configuration: &mut Map<String, Value>) {
    const METHODS: &str = "cryptographic_binding_methods_supported";
    const PROOFS: &str = "proof_types_supported";
    match (configuration.contains_key(METHODS), configuration.contains_key(PROOFS)) {
        (true, false) => {
            let es256 = json!({ "jwt": { "proof_signing_alg_values_supported": ["ES256"] } });
            configuration.insert(PROOFS.to_owned(), es256);
        }
        (false, true) => drop(configuration.insert(METHODS.to_owned(), json!(["jwk"]))),
        _ => {}
    }
}

/// The JOSE name of a COSE signature algorithm, fully specified or not.
const fn cose_name(number: i64) -> Option<&'static str> {
    match number {
        -7 | -9 => Some("ES256"),
        -35 | -51 => Some("ES384"),
        -36 | -52 => Some("ES512"),
        -8 | -19 => Some("EdDSA"),
        _ => None,
    }
}
