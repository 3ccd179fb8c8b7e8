//! Key attestations (Appendix D): somebody vouches for keys and for how they are kept.

use std::collections::HashSet;
use std::time::Duration;

use credenza_core::{Report, UnixTime, json};
use credenza_crypto::{Jwk, Jws, JwsError, jwt};
use credenza_trust::{KeyMaterial, Purpose, Trust};
use serde::Deserialize;

use super::{Expected, LEEWAY, Refused, must};
use crate::messages::non_empty;
use crate::rules;

/// The `typ` of a key attestation.
const ATTESTATION_TYPE: &str = "key-attestation+jwt";

/// An attestation of more keys is refused.
const MAX_KEYS: usize = 100;

/// With what an attestation comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    /// In the header of a proof of the type `jwt`.
    Proof,
    /// With nothing: it is the proof.
    Nothing,
}

/// What is attested.
pub(super) struct Attested {
    pub(super) keys: Vec<Jwk>,
    pub(super) nonce: String,
}

impl Attested {
    /// The key of that name: its `kid`, or its place in the list (the example of Appendix F.1).
    pub(super) fn named(&self, kid: &str) -> Option<&Jwk> {
        let by_name = self.keys.iter().find(|key| key.kid.as_deref() == Some(kid));
        by_name.or_else(|| self.keys.get(kid.parse::<usize>().ok()?))
    }
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    iss: Option<String>,
    iat: UnixTime,
    #[serde(default)]
    exp: Option<UnixTime>,
    #[serde(default)]
    nbf: Option<UnixTime>,
    attested_keys: Vec<Jwk>,
    #[serde(default, deserialize_with = "non_empty")]
    key_storage: Vec<String>,
    #[serde(default, deserialize_with = "non_empty")]
    user_authentication: Vec<String>,
    #[serde(default)]
    nonce: Option<String>,
}

pub(super) async fn verify(
    text: &str,
    beside: Beside,
    trust: &dyn Trust,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Result<Attested, Refused> {
    let jws = match Jws::parse(text) {
        Ok(jws) => jws,
        Err(error) => {
            let wrong_alg = error == JwsError::Algorithm;
            let rule = if wrong_alg { &rules::KEY_ATTESTATION_ALG } else { &rules::KEY_ATTESTATION_JWT };
            report.fail(rule, error.to_string());
            return Err(Refused::Proof);
        }
    };
    report.pass(&rules::KEY_ATTESTATION_JWT);
    let typed = jws.header.has_type(ATTESTATION_TYPE);
    must(report.check(&rules::KEY_ATTESTATION_TYP, typed, || "another typ, or none"))?;
    let algorithms = &expected.configuration.proof_algorithms;
    must(report.check(&rules::KEY_ATTESTATION_ALG, algorithms.contains(&jws.header.algorithm), || {
        format!("{} is not among proof_signing_alg_values_supported", jws.header.algorithm)
    }))?;
    let claims: Claims = match json::object_from_slice(&jws.payload) {
        Ok(claims) => claims,
        Err(_) => {
            report.fail(
                &rules::KEY_ATTESTATION_CLAIMS,
                "iat or attested_keys is missing, or a claim is not what it must be",
            );
            return Err(Refused::Proof);
        }
    };
    report.pass(&rules::KEY_ATTESTATION_CLAIMS);
    signature(&jws, claims.iss.as_deref(), trust, expected, report).await?;
    times(&claims, beside, expected.now, report)?;
    keys(&claims.attested_keys, report)?;
    levels(&claims, expected, report)?;
    let nonce = claims.nonce.unwrap_or_default();
    must(report.check(&rules::PROOF_NONCE, !nonce.is_empty(), || "the key attestation has no nonce"))?;
    expected.nonce(&nonce, report)?;
    Ok(Attested { keys: claims.attested_keys, nonce })
}

async fn signature(
    jws: &Jws<'_>,
    iss: Option<&str>,
    trust: &dyn Trust,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Result<(), Refused> {
    let chain = match jws.header.x5c() {
        Ok(chain) => chain,
        Err(error) => {
            report.fail(Purpose::WalletProvider.rule(), error.to_string());
            return Err(Refused::Proof);
        }
    };
    let material =
        KeyMaterial { x5c: chain.as_deref(), kid: jws.header.kid.as_deref(), issuer: iss, jwk: None };
    let trusted = match trust.resolve(&material, Purpose::WalletProvider, expected.now).await {
        Ok(trusted) => trusted,
        Err(distrust) => {
            report.fail(Purpose::WalletProvider.rule(), distrust.to_string());
            return Err(Refused::Proof);
        }
    };
    report.pass_with(Purpose::WalletProvider.rule(), trusted.how);
    let signed = jws.verify(&trusted.key, &expected.configuration.proof_algorithms).is_ok();
    must(report.check(&rules::KEY_ATTESTATION_SIGNATURE, signed, || "the signature does not verify"))
}

fn times(claims: &Claims, beside: Beside, now: UnixTime, report: &mut Report) -> Result<(), Refused> {
    let Claims { iat, exp, nbf, .. } = claims;
    let limited = exp.is_some() || beside == Beside::Nothing;
    must(report.check(&rules::KEY_ATTESTATION_TIME, limited, || "exp is missing beside a jwt proof"))?;
    // Its end is a wallet provider's promise, which is not to be stretched.
    let valid = jwt::check_times(now, Duration::ZERO, *exp, None, None)
        .and_then(|()| jwt::check_times(now, LEEWAY, None, *nbf, Some(*iat)));
    if let Err(error) = valid {
        report.fail(&rules::KEY_ATTESTATION_TIME, error.to_string());
        return Err(Refused::Proof);
    }
    Ok(())
}

fn keys(keys: &[Jwk], report: &mut Report) -> Result<(), Refused> {
    let some = (1..=MAX_KEYS).contains(&keys.len());
    must(report.check(&rules::KEY_ATTESTATION_KEYS, some, || format!("{} keys", keys.len())))?;
    let mut seen = HashSet::new();
    let distinct = keys.iter().all(|key| seen.insert(key.thumbprint()));
    must(report.check(&rules::KEY_ATTESTATION_KEYS, distinct, || "a key is attested twice"))
}

/// How the keys are kept, and how their owner is known to them: one of the accepted values each, where some are named.
fn levels(claims: &Claims, expected: &Expected<'_>, report: &mut Report) -> Result<(), Refused> {
    let Some(required) = &expected.configuration.key_attestations_required else { return Ok(()) };
    let one_of = |said: &[String], accepted: &[String]| {
        accepted.is_empty() || said.iter().any(|value| accepted.contains(value))
    };
    must(report.check(
        &rules::KEY_ATTESTATION_STORAGE,
        one_of(&claims.key_storage, &required.key_storage),
        || "key_storage has none of the values that are accepted",
    ))?;
    must(report.check(
        &rules::KEY_ATTESTATION_AUTHENTICATION,
        one_of(&claims.user_authentication, &required.user_authentication),
        || "user_authentication has none of the values that are accepted",
    ))
}
