//! What a verifier says about itself: `vp_formats` and the encryption of JARM, and `vp_formats_supported` and keys with
//! their algorithms.

use credenza_crypto::Algorithm;
use credenza_query::dcql::Format;
use serde_json::{Map, Value, json};

use super::{Dialect, DialectError};

/// What encrypts where only a key agreement is named (JARM §3).
const DEFAULT_ENCRYPTION: &str = "A128CBC-HS256";

/// What signs mdocs.
const MDOC_ALGORITHMS: [&str; 4] = ["ES256", "ES384", "ES512", "EdDSA"];

/// The designations of a format in a draft, with what is said of each.
pub(super) fn designations(dialect: Dialect, format: &Format, said: Option<&Value>) -> Map<String, Value> {
    let values = |name: &str| said.and_then(|said| said.get(name)).cloned();
    let algorithms = |kind: &str, values: Option<Value>| {
        // A list is demanded: without one whatever is usual is meant.
        let usual =
            if kind == "alg" { json!([Algorithm::Es256.name()]) } else { json!(["DataIntegrityProof"]) };
        json!({ kind: values.unwrap_or(usual) })
    };
    match format {
        Format::SdJwtVc => {
            let said = said.cloned().unwrap_or_else(|| json!({}));
            Map::from_iter([(dialect.sd_jwt().to_owned(), said)])
        }
        Format::JwtVcJson | Format::JwtVcJsonLd | Format::VcJwt => {
            let said = algorithms("alg", values("alg_values"));
            ["jwt_vc_json", "jwt_vp_json"].map(|name| (name.to_owned(), said.clone())).into_iter().collect()
        }
        Format::LdpVc => {
            let said = algorithms("proof_type", values("proof_type_values"));
            ["ldp_vc", "ldp_vp"].map(|name| (name.to_owned(), said.clone())).into_iter().collect()
        }
        // Names of JOSE, where 1.0 has numbers of COSE.
        Format::Mdoc => Map::from_iter([("mso_mdoc".to_owned(), json!({ "alg": MDOC_ALGORITHMS }))]),
        Format::VcSdJwt | Format::Other(_) => Map::new(),
    }
}

pub(super) fn to_wire(dialect: Dialect, mut members: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::Object(formats)) = members.remove("vp_formats_supported") {
        let said =
            formats.iter().flat_map(|(name, said)| designations(dialect, &Format::new(name), Some(said)));
        members.insert("vp_formats".to_owned(), Value::Object(said.collect()));
    }
    if let Some(encryptions) = members.remove("encrypted_response_enc_values_supported") {
        if let Some(first) = encryptions.as_array().and_then(|names| names.first()) {
            members.insert("authorization_encrypted_response_enc".to_owned(), first.clone());
        }
        let algorithm = members.get("jwks").and_then(|set| set.pointer("/keys/0/alg")).cloned();
        let algorithm = algorithm.unwrap_or_else(|| "ECDH-ES".into());
        members.insert("authorization_encrypted_response_alg".to_owned(), algorithm);
    }
    members
}

pub(super) fn from_wire(mut members: Map<String, Value>) -> Result<Map<String, Value>, DialectError> {
    // `none` is no signature either.
    if members.remove("authorization_signed_response_alg").is_some_and(|name| name != "none") {
        return Err(DialectError::SignedResponse);
    }
    members.remove("vp_formats_supported");
    if let Some(formats) = members.remove("vp_formats") {
        let Value::Object(formats) = formats else { return Err(DialectError::Malformed("vp_formats")) };
        let mut said = Map::new();
        for (name, value) in formats {
            // A credential and a presentation are one format in 1.0: what is said of the credential counts.
            let (name, old, new) = match name.as_str() {
                "vc+sd-jwt" | "dc+sd-jwt" => ("dc+sd-jwt", "", ""),
                "jwt_vc_json" | "jwt_vc" | "jwt_vp_json" | "jwt_vp" => ("jwt_vc_json", "alg", "alg_values"),
                "ldp_vc" | "ldp_vp" => ("ldp_vc", "proof_type", "proof_type_values"),
                "mso_mdoc" => ("mso_mdoc", "alg", ""),
                _ => continue,
            };
            let value = match (value.get(old), new) {
                (_, "") => value,
                (Some(names), new) => json!({ new: names }),
                (None, _) => json!({}),
            };
            said.entry(name).or_insert(value);
        }
        members.insert("vp_formats_supported".to_owned(), Value::Object(said));
    }
    let algorithm = members.remove("authorization_encrypted_response_alg");
    let encryption = members.remove("authorization_encrypted_response_enc");
    if let Some(algorithm) = algorithm {
        let encryption = encryption.unwrap_or_else(|| DEFAULT_ENCRYPTION.into());
        members.insert("encrypted_response_enc_values_supported".to_owned(), json!([encryption]));
        let keys = members.get_mut("jwks").and_then(|set| set.get_mut("keys")).and_then(Value::as_array_mut);
        for key in keys.into_iter().flatten().filter_map(Value::as_object_mut) {
            // The draft names it once, 1.0 in each key. A key for signing stays one.
            if key.get("use").is_none_or(|usage| usage == "enc") {
                key.entry("alg").or_insert_with(|| algorithm.clone());
            }
        }
    }
    Ok(members)
}
