//! Checking a DPoP proof (RFC 9449 §4.3), each check a rule.

use std::time::Duration;

use credenza_core::{Key, Report, UnixTime, Write, b64};
use credenza_crypto::hash::sha256;
use credenza_crypto::{Algorithm, Jws, JwsError};
use http::{HeaderMap, HeaderName};
use serde::Deserialize;

use super::{Nonces, PROOF_TYPE, normalized};
use crate::rules;
use crate::token::ath;

/// The header that carries the proof.
pub const DPOP: HeaderName = HeaderName::from_static("dpop");

/// The signature algorithms of proofs that are accepted, unless a policy says otherwise.
pub const ALGORITHMS: [Algorithm; 3] = [Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa];

/// No `jti` is longer, in bytes.
const MAX_JTI: usize = 1024;

/// What a server accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Signature algorithms.
    pub algorithms: Vec<Algorithm>,
    /// How old a proof may be.
    pub max_age: Duration,
    /// How far in the future it may have been made, for clocks that differ.
    pub leeway: Duration,
}

impl Default for Policy {
    /// [`ALGORITHMS`]; five minutes back, one minute ahead.
    fn default() -> Self {
        Self {
            algorithms: ALGORITHMS.to_vec(),
            max_age: Duration::from_secs(300),
            leeway: Duration::from_secs(60),
        }
    }
}

/// What the proof of a request must say.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The method of the request.
    pub method: &'a str,
    /// The URL of the endpoint as clients know it: from the configuration, never from the request's `Host`.
    pub url: &'a str,
    /// The time.
    pub now: UnixTime,
    /// What is accepted.
    pub policy: &'a Policy,
    /// The server's nonces, when a proof must contain one.
    pub nonces: Option<&'a Nonces>,
    /// The access token that came with it, and the thumbprint it is bound to.
    pub access_token: Option<(&'a str, &'a str)>,
}

/// A proof that was checked, but for replay: that needs [`Proof::spend`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a proof must be spent, or it can be replayed"]
pub struct Proof {
    /// The SHA-256 thumbprint of its key, base64url.
    pub jkt: String,
    mark: Key,
    until: UnixTime,
}

/// Why a proof was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DpopError {
    /// `invalid_dpop_proof`
    #[error("the DPoP proof was not accepted")]
    Invalid,
    /// `use_dpop_nonce`
    #[error("the DPoP proof must contain a nonce of this server")]
    UseNonce,
}

#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: UnixTime,
    #[serde(default)]
    ath: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
}

impl Proof {
    /// The write that makes the proof unusable for as long as it would be accepted: an insert that fails when the
    /// proof was used before. Commit it together with what the request changes.
    #[must_use]
    pub fn spend(&self) -> Write {
        Write::Insert { key: self.mark.clone(), value: Vec::new(), expires: self.until }
    }
}

/// Checks the proof of a request, and notes each check in the report. `None` when no proof was sent at all.
///
/// # Errors
/// See [`DpopError`]; the report says which check failed.
pub fn verify(
    headers: &HeaderMap,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Result<Option<Proof>, DpopError> {
    let mut values = headers.get_all(DPOP).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    let Some(text) = text else {
        report.fail(&rules::DPOP_ONE, "more than one DPoP header, or not text");
        return Err(DpopError::Invalid);
    };
    check(text, expected, report).map(Some)
}

fn check(text: &str, expected: &Expected<'_>, report: &mut Report) -> Result<Proof, DpopError> {
    let jws = match Jws::parse(text) {
        Ok(jws) => jws,
        Err(error) => {
            let rule = if error == JwsError::Algorithm { &rules::DPOP_ALG } else { &rules::DPOP_ONE };
            report.fail(rule, error.to_string());
            return Err(DpopError::Invalid);
        }
    };
    report.pass(&rules::DPOP_ONE);
    let must = |holds: bool| if holds { Ok(()) } else { Err(DpopError::Invalid) };
    must(report.check(&rules::DPOP_TYP, jws.header.has_type(PROOF_TYPE), || "another typ, or none"))?;
    let algorithm = jws.header.algorithm;
    must(report.check(&rules::DPOP_ALG, expected.policy.algorithms.contains(&algorithm), || {
        format!("{algorithm} is not accepted here")
    }))?;
    let key = match jws.header.jwk() {
        Ok(Some(jwk)) => jwk,
        Ok(None) => {
            report.fail(&rules::DPOP_JWK, "no jwk in the header");
            return Err(DpopError::Invalid);
        }
        Err(error) => {
            report.fail(&rules::DPOP_JWK, error.to_string());
            return Err(DpopError::Invalid);
        }
    };
    report.pass(&rules::DPOP_JWK);
    let claims: Claims = match credenza_core::json::object_from_slice(&jws.payload) {
        Ok(claims) => claims,
        Err(_) => {
            report.fail(&rules::DPOP_CLAIMS, "a claim is missing or has the wrong type");
            return Err(DpopError::Invalid);
        }
    };
    let sized = !claims.jti.is_empty() && claims.jti.len() <= MAX_JTI;
    must(report.check(&rules::DPOP_CLAIMS, sized, || "jti is empty or too long"))?;
    let signed = jws.verify(&key.key, &expected.policy.algorithms).is_ok();
    must(report.check(&rules::DPOP_SIGNATURE, signed, || "the signature does not verify"))?;
    must(report.check(&rules::DPOP_HTM, claims.htm == expected.method, || "another method"))?;
    let same = normalized(&claims.htu).is_some_and(|htu| Some(htu) == normalized(expected.url));
    must(report.check(&rules::DPOP_HTU, same, || "another URL"))?;
    nonce(&claims, expected, report)?;
    let Policy { max_age, leeway, .. } = *expected.policy;
    let until = claims.iat + max_age;
    must(report.check(
        &rules::DPOP_IAT,
        expected.now < until && claims.iat <= expected.now + leeway,
        || {
            if expected.now < until { "made in the future" } else { "too old" }
        },
    ))?;
    let jkt = key.thumbprint_text();
    if let Some((token, bound_to)) = expected.access_token {
        must(report.check(&rules::DPOP_ATH, claims.ath.as_deref() == Some(&ath(token)), || {
            if claims.ath.is_some() { "another access token" } else { "no ath" }
        }))?;
        must(report.check(&rules::DPOP_JKT, jkt == bound_to, || "another key"))?;
    }
    let mark = sha256(format!("{jkt}.{}", claims.jti).as_bytes());
    Ok(Proof { jkt, mark: Key::new("dpop_jti", b64::encode(mark)), until })
}

fn nonce(claims: &Claims, expected: &Expected<'_>, report: &mut Report) -> Result<(), DpopError> {
    let Some(nonces) = expected.nonces else { return Ok(()) };
    let known = claims.nonce.as_deref().is_some_and(|nonce| nonces.knows(expected.now, nonce));
    let holds = report.check(&rules::DPOP_NONCE, known, || {
        if claims.nonce.is_some() { "not a nonce of this server, or too old" } else { "no nonce" }
    });
    if holds { Ok(()) } else { Err(DpopError::UseNonce) }
}
