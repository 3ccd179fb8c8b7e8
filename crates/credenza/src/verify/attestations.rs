//! Key attestations (OID4VCI 1.0 Appendix D): what they attest, beside their signature.

use std::collections::HashSet;

use credenza_core::{Report, UnixTime, json};
use credenza_crypto::{Jwk, Jws};
use credenza_vci::rules;
use serde::Deserialize;

/// What every key attestation has (§D.1).
#[derive(Deserialize)]
struct Claims {
    #[serde(rename = "iat")]
    _issued: UnixTime,
    exp: Option<UnixTime>,
    attested_keys: Vec<Jwk>,
}

/// Whether a JWT says that it is one.
pub(super) fn is_one(jws: &Jws<'_>) -> bool {
    jws.header.has_type("key-attestation+jwt")
}

/// Judges what is in it.
pub(super) fn judge(jws: &Jws<'_>, report: &mut Report) {
    report.pass(&rules::KEY_ATTESTATION_TYP);
    let claims: Claims = match json::object_from_slice(&jws.payload) {
        Ok(claims) => claims,
        Err(error) => return report.fail(&rules::KEY_ATTESTATION_CLAIMS, error.to_string()),
    };
    report.pass(&rules::KEY_ATTESTATION_CLAIMS);
    let mut seen = HashSet::new();
    let distinct = claims.attested_keys.iter().all(|key| seen.insert(key.thumbprint()));
    let some = !claims.attested_keys.is_empty();
    report.check(&rules::KEY_ATTESTATION_KEYS, some && distinct, || {
        if some { "a key is attested twice" } else { "no key is attested" }
    });
    if claims.exp.is_none() {
        report
            .warn(&rules::KEY_ATTESTATION_TIME, "without exp it is good by itself alone, not in a jwt proof");
    }
}
