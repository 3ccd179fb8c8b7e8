//! JWTs and JWEs.

use credenza_core::{UnixTime, b64, json};
use credenza_crypto::{Algorithm, ContentEncryption, KeyManagement};
use serde_json::{Map, Value};

use super::{Found, certificates, documents, rules, status_lists, trust_lists, w3c};

/// What a `typ` says to a person.
const TYPES: &[(&str, &str)] = &[
    ("at+jwt", "access token"),
    ("dc+sd-jwt", "SD-JWT VC"),
    ("dpop+jwt", "DPoP proof"),
    ("entity-statement+jwt", "entity statement"),
    ("kb+jwt", "key binding of a presentation"),
    ("key-attestation+jwt", "key attestation"),
    ("oauth-authz-req+jwt", "presentation request"),
    ("oauth-client-attestation+jwt", "wallet attestation"),
    ("oauth-client-attestation-pop+jwt", "proof of a wallet attestation"),
    ("openid4vci-proof+jwt", "key proof"),
    ("openidvci-issuer-metadata+jwt", "signed issuer metadata"),
    ("statuslist+jwt", "status list"),
    ("trust-mark+jwt", "trust mark"),
    ("vc+jwt", "W3C credential"),
    ("vc+sd-jwt", "SD-JWT VC (earlier name)"),
    ("verifier-attestation+jwt", "verifier attestation"),
    ("vp+jwt", "W3C presentation"),
];

type Members = Map<String, Value>;

/// Takes a JWT apart.
pub(super) fn jwt(text: &str, found: &mut Found) -> Result<String, String> {
    let (header, claims) = signed(text, "", found)?;
    let typ = header.get("typ").and_then(Value::as_str).unwrap_or_default();
    let typ = typ.strip_prefix("application/").unwrap_or(typ).to_ascii_lowercase();
    match typ.as_str() {
        "oauth-authz-req+jwt" => documents::request(&claims, found),
        "statuslist+jwt" => status_lists::jwt(&claims, found),
        "entity-statement+jwt" => return Ok(format!("JWT: {}", trust_lists::statement(&claims, found))),
        _ => {
            let carried = w3c::in_claims(&claims, found).or_else(|| trust_lists::entities(&claims, found));
            if let Some(kind) = carried {
                return Ok(format!("JWT: {kind}"));
            }
        }
    }
    let kind = TYPES.iter().find(|(known, _)| *known == typ).map(|(_, kind)| *kind);
    Ok(kind.map_or_else(|| "JWT".to_owned(), |kind| format!("JWT: {kind}")))
}

/// Shows header, claims and signature of a compact JWS; the names of the parts get a prefix.
pub(super) fn signed(text: &str, prefix: &str, found: &mut Found) -> Result<(Members, Members), String> {
    let mut parts = text.split('.');
    let (Some(header), Some(payload), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err("a JWT has three parts with dots between them".to_owned());
    };
    let header = object(header, &rules::HEADER, "header", found)?;
    found.part(format!("{prefix}header"), header.clone());
    judge_header(&header, found);
    let claims = match object(payload, &rules::PAYLOAD, "payload", found) {
        Ok(claims) => claims,
        Err(message) => {
            // A JWS may sign anything.
            found.remarked(format!("{prefix}payload"), payload, message);
            Map::new()
        }
    };
    if !claims.is_empty() {
        judge_times(&claims, found);
        found.part(format!("{prefix}payload"), claims.clone());
    }
    let length = b64::decode(signature).map_or(0, |bytes| bytes.len());
    let remark = format!("{length} bytes, not verified by looking at it");
    found.remarked(format!("{prefix}signature"), signature, remark);
    Ok((header, claims))
}

/// Takes the readable part of a JWE apart.
pub(super) fn jwe(text: &str, found: &mut Found) -> Result<String, String> {
    let header = text.split('.').next().unwrap_or_default();
    let header = object(header, &rules::HEADER, "header", found)?;
    let of = |name: &str| header.get(name).and_then(Value::as_str).unwrap_or_default();
    let alg = KeyManagement::from_name(of("alg")).is_some();
    let enc = ContentEncryption::from_name(of("enc")).is_some();
    let plain = !header.contains_key("zip");
    found.report.check(&rules::ENCRYPTION, alg && enc && plain, || {
        format!("alg \"{}\", enc \"{}\"{}", of("alg"), of("enc"), if plain { "" } else { ", compressed" })
    });
    if let Some(key) = header.get("epk") {
        documents::judge_key(key, found);
    }
    found.part("header", header);
    let bytes = text.rsplit('.').nth(1).and_then(|part| b64::decode(part).ok()).map_or(0, |part| part.len());
    found.remarked(
        "ciphertext",
        Value::Null,
        format!("{bytes} bytes, for the holder of the private key alone"),
    );
    Ok("JWE: an encrypted message".to_owned())
}

fn object(
    part: &str,
    rule: &'static credenza_core::Rule,
    what: &str,
    found: &mut Found,
) -> Result<Map<String, Value>, String> {
    let bytes = b64::decode(part).map_err(|_| format!("the {what} is not base64url"))?;
    match json::parse_object(&bytes) {
        Ok(members) => {
            found.report.pass(rule);
            Ok(members)
        }
        Err(error) => {
            found.report.fail(rule, error.to_string());
            serde_json::from_slice(&bytes).map_err(|_| format!("the {what} is not a JSON object"))
        }
    }
}

fn judge_header(header: &Map<String, Value>, found: &mut Found) {
    let alg = header.get("alg").and_then(Value::as_str).unwrap_or_default();
    found
        .report
        .check(&rules::ALGORITHM, Algorithm::from_name(alg).is_some(), || format!("alg is \"{alg}\""));
    let typ = header.get("typ").and_then(Value::as_str).filter(|typ| !typ.eq_ignore_ascii_case("JWT"));
    match typ {
        Some(_) => found.report.pass(&rules::TYPE),
        None => found.report.warn(&rules::TYPE, "no typ, or one that says nothing"),
    }
    found.report.check(&rules::CRITICAL, !header.contains_key("crit"), || "crit is there");
    if let Some(key) = header.get("jwk") {
        documents::judge_key(key, found);
    }
    if let Some(chain) = header.get("x5c") {
        certificates::x5c(chain, found);
    }
}

fn judge_times(claims: &Map<String, Value>, found: &mut Found) {
    let mut times = Vec::new();
    let mut fault = None;
    for name in ["iat", "nbf", "exp"] {
        let Some(value) = claims.get(name) else { continue };
        match serde_json::from_value::<UnixTime>(value.clone()) {
            Ok(time) => {
                if name == "exp" && time <= found.now {
                    fault = Some(format!("expired at {time}"));
                } else if name != "exp" && time > found.now {
                    fault = Some(format!("{name} is in the future: {time}"));
                }
                times.push(format!("{name} {time}"));
            }
            Err(_) => fault = Some(format!("{name} is not a number of seconds")),
        }
    }
    match fault {
        Some(fault) => found.report.warn(&rules::TIMES, fault),
        None if times.is_empty() => found.report.skip(&rules::TIMES, "no times in it"),
        None => found.report.pass_with(&rules::TIMES, times.join(", ")),
    }
}
