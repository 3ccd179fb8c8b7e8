//! Key proofs of the type `jwt` (Appendix F.1, F.4), each check a rule.

use std::time::Duration;

use credenza_core::{Key, Report, UnixTime, Write, b64, json};
use credenza_crypto::hash::sha256;
use credenza_crypto::{Algorithm, Certificate, Jwk, Jws, JwsError};
use serde::Deserialize;

use super::seals::{Purpose, Seals};
use crate::rules;

/// The `typ` of a key proof.
pub(crate) const PROOF_TYPE: &str = "openid4vci-proof+jwt";

/// How far in the future a proof may have been made, for clocks that differ.
const LEEWAY: Duration = Duration::from_secs(60);

/// What a proof must say.
#[derive(Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: Option<&'a str>,
    pub(super) algorithms: &'a [Algorithm],
    pub(super) seals: &'a Seals,
    pub(super) now: UnixTime,
    /// How old it may be.
    pub(super) max_age: Duration,
}

/// Why a proof was not accepted; the report has the details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Proof,
    Nonce,
}

/// A key that was proven, and the nonce by which.
pub(super) struct Proven {
    pub(super) key: Jwk,
    /// The DID that the proof has named the key by.
    pub(super) did: Option<String>,
    pub(super) nonce: String,
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    iss: Option<String>,
    aud: String,
    iat: UnixTime,
    nonce: String,
}

/// Checks all proofs of a request: all of them or none.
pub(super) fn verify_all(
    proofs: &[String],
    expected: &Expected<'_>,
    report: &mut Report,
) -> Result<Vec<Proven>, Refused> {
    let mut proven: Vec<Proven> = Vec::with_capacity(proofs.len());
    for (number, proof) in proofs.iter().enumerate() {
        let mut part = Report::new(format!("key proof {}", number + 1));
        let result = verify(proof, expected, &mut part);
        report.parts.push(part);
        proven.push(result?);
    }
    let mut keys: Vec<[u8; 32]> = proven.iter().map(|proven| proven.key.thumbprint()).collect();
    keys.sort_unstable();
    let distinct = keys.windows(2).all(|pair| pair.first() != pair.last());
    if report.check(&rules::PROOF_DISTINCT, distinct, || "two proofs are for the same key") {
        Ok(proven)
    } else {
        Err(Refused::Proof)
    }
}

fn verify(text: &str, expected: &Expected<'_>, report: &mut Report) -> Result<Proven, Refused> {
    let must = |holds: bool| if holds { Ok(()) } else { Err(Refused::Proof) };
    let jws = match Jws::parse(text) {
        Ok(jws) => jws,
        Err(error) => {
            let rule = if error == JwsError::Algorithm { &rules::PROOF_ALG } else { &rules::PROOF_JWT };
            report.fail(rule, error.to_string());
            return Err(Refused::Proof);
        }
    };
    report.pass(&rules::PROOF_JWT);
    must(report.check(&rules::PROOF_TYP, jws.header.has_type(PROOF_TYPE), || "another typ, or none"))?;
    let algorithm = jws.header.algorithm;
    must(report.check(&rules::PROOF_ALG, expected.algorithms.contains(&algorithm), || {
        format!("{algorithm} is not among proof_signing_alg_values_supported")
    }))?;
    let key = match key_of(&jws) {
        Ok(key) => key,
        Err(reason) => {
            report.fail(&rules::PROOF_KEY, reason);
            return Err(Refused::Proof);
        }
    };
    report.pass(&rules::PROOF_KEY);
    let claims: Claims = match json::object_from_slice(&jws.payload) {
        Ok(claims) => claims,
        Err(_) => {
            report.fail(&rules::PROOF_CLAIMS, "aud, iat or nonce is missing, or a claim has the wrong type");
            return Err(Refused::Proof);
        }
    };
    report.pass(&rules::PROOF_CLAIMS);
    let signed = jws.verify(&key.key, expected.algorithms).is_ok();
    must(report.check(
        &rules::PROOF_SIGNATURE,
        signed,
        || "the signature does not verify with the key in the header",
    ))?;
    must(report.check(
        &rules::PROOF_AUD,
        claims.aud == expected.issuer,
        || "aud is not this issuer's identifier",
    ))?;
    let iss = match (claims.iss.as_deref(), expected.client_id) {
        (None, _) => true,
        (Some(iss), Some(client_id)) => iss == client_id,
        (Some(_), None) => false,
    };
    must(report.check(&rules::PROOF_ISS, iss, || match expected.client_id {
        Some(_) => "iss is not the client_id of the access token",
        None => "iss is there although the access token is anonymous",
    }))?;
    let (oldest, newest) = (expected.now - expected.max_age, expected.now + LEEWAY);
    must(report.check(&rules::PROOF_IAT, (oldest..=newest).contains(&claims.iat), || {
        if claims.iat > newest { "made in the future" } else { "too old" }
    }))?;
    match expected.seals.open(Purpose::Nonce, expected.now, &claims.nonce) {
        Ok(_) => report.pass(&rules::PROOF_NONCE),
        Err(error) => {
            report.fail(&rules::PROOF_NONCE, error.to_string());
            return Err(Refused::Nonce);
        }
    }
    Ok(Proven { key: Jwk::new(key.key), did: None, nonce: claims.nonce })
}

/// The key that the header names, in exactly one way.
fn key_of(jws: &Jws<'_>) -> Result<Jwk, String> {
    let header = &jws.header;
    let named = ["jwk", "kid", "x5c"].iter().filter(|name| header.members.contains_key(**name)).count();
    if named != 1 {
        return Err("the header must have exactly one of jwk, kid and x5c".to_owned());
    }
    if let Some(jwk) = header.jwk().map_err(|error| error.to_string())? {
        return Ok(jwk);
    }
    if let Some(chain) = header.x5c().map_err(|error| error.to_string())? {
        let leaf = chain.first().ok_or("x5c is empty")?;
        return Certificate::parse(leaf).map(|leaf| Jwk::new(leaf.key)).map_err(|error| error.to_string());
    }
    Err("kid: no DID method is supported, send the key as jwk".to_owned())
}

/// The writes that make nonces unusable: inserts that fail when one was used before. A nonce is used up by the
/// issuance that succeeds with it, not by a request that was refused: the wallet may mend that and try again.
pub(super) fn spend(proven: &[Proven], now: UnixTime, lifetime: Duration) -> Vec<Write> {
    let mut nonces: Vec<&str> = proven.iter().map(|proven| proven.nonce.as_str()).collect();
    nonces.sort_unstable();
    nonces.dedup();
    let key = |nonce: &str| Key::new("vci.c_nonce", b64::encode(sha256(nonce.as_bytes())));
    let expires = now + lifetime;
    nonces.into_iter().map(|nonce| Write::Insert { key: key(nonce), value: Vec::new(), expires }).collect()
}
