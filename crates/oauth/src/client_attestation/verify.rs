//! Checking an attestation and the proof of possession that goes with it (draft 10 §7), each check a rule.

use std::time::Duration;

use credenza_core::{Key, Report, UnixTime, Write, b64, json};
use credenza_crypto::hash::sha256;
use credenza_crypto::{Algorithm, Header, Jwk, Jws, PublicKey, jwt};
use http::{HeaderMap, HeaderName};
use serde::Deserialize;
use serde_json::Value;

use super::{ALGORITHMS, ATTESTATION, ATTESTATION_TYPE, Challenges, POP, POP_TYPE};
use crate::rules;

/// No header is longer, in bytes.
const MAX_HEADER: usize = 16 * 1024;

/// No `jti` is longer, in bytes.
const MAX_JTI: usize = 1024;

/// What a server accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Signature algorithms of attestations.
    pub algorithms: Vec<Algorithm>,
    /// Signature algorithms of proofs of possession.
    pub pop_algorithms: Vec<Algorithm>,
    /// How old a proof of possession may be.
    pub max_age: Duration,
    /// How far clocks may differ.
    pub leeway: Duration,
    /// Whether a proof must contain a challenge of ours. One that contains another is refused in any case.
    pub challenge_required: bool,
}

impl Default for Policy {
    /// [`ALGORITHMS`]; proofs of the last five minutes, one minute ahead; no challenge needed.
    fn default() -> Self {
        Self {
            algorithms: ALGORITHMS.to_vec(),
            pop_algorithms: ALGORITHMS.to_vec(),
            max_age: Duration::from_secs(300),
            leeway: Duration::from_secs(60),
            challenge_required: false,
        }
    }
}

/// What attestation and proof must say.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The issuer identifier of the authorization server.
    pub audience: &'a str,
    /// The time.
    pub now: UnixTime,
    /// What is accepted.
    pub policy: &'a Policy,
    /// The server's challenges.
    pub challenges: &'a Challenges,
}

/// By what the instance proves that it has its key.
#[derive(Debug, Clone, Copy)]
pub enum Possession<'a> {
    /// By the token in its own header.
    Pop(&'a str),
    /// By the DPoP proof of the same request, which was checked: the thumbprint of its key (draft 10 §7.3).
    Dpop(&'a str),
}

/// Why a client is not who it says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AttestationError {
    /// `invalid_client_attestation`
    #[error("the client attestation or its proof of possession was not accepted")]
    Invalid,
    /// `use_fresh_attestation`
    #[error("the client attestation has expired")]
    Stale,
    /// `use_attestation_challenge`
    #[error("the proof of possession must contain a challenge of this server")]
    UseChallenge,
}

#[derive(Debug, Clone, Deserialize)]
struct Claims {
    #[serde(default)]
    iss: Option<String>,
    sub: String,
    exp: UnixTime,
    #[serde(default)]
    iat: Option<UnixTime>,
    #[serde(default)]
    nbf: Option<UnixTime>,
    cnf: Confirmation,
}

#[derive(Debug, Clone, Deserialize)]
struct Confirmation {
    jwk: Value,
}

#[derive(Deserialize)]
struct PopClaims {
    #[serde(default)]
    iss: Option<String>,
    /// A single string: what is good for several servers is good for a thief among them.
    aud: String,
    jti: String,
    iat: UnixTime,
    #[serde(default)]
    nbf: Option<UnixTime>,
    #[serde(default)]
    challenge: Option<String>,
}

/// An attestation as it was presented: taken apart, and not believed yet.
#[derive(Debug, Clone)]
pub struct Presented<'a> {
    jws: Jws<'a>,
    claims: Claims,
    pop: Option<&'a str>,
}

/// A client that is known by its attestation; a proof of possession still has to be spent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a proof of possession must be spent, or it can be replayed"]
pub struct ClientAttestation {
    /// The client.
    pub client_id: String,
    /// The wallet provider, when it names itself.
    pub issuer: Option<String>,
    /// The SHA-256 thumbprint of the instance's key, base64url.
    pub instance: String,
    mark: Option<(Key, UnixTime)>,
}

impl ClientAttestation {
    /// The write that makes the proof unusable for as long as it would be accepted; `None` when the proof was the
    /// request's DPoP proof, which is spent by itself.
    #[must_use]
    pub fn spend(&self) -> Option<Write> {
        let (key, expires) = self.mark.clone()?;
        Some(Write::Insert { key, value: Vec::new(), expires })
    }
}

impl<'a> Presented<'a> {
    /// Finds the attestation of a request; `None` when there is none.
    ///
    /// # Errors
    /// There is something, and it is no attestation with all the claims it needs.
    pub fn from_headers(
        headers: &'a HeaderMap,
        report: &mut Report,
    ) -> Result<Option<Self>, AttestationError> {
        let (attestation, pop) = (one(headers, &ATTESTATION, report)?, one(headers, &POP, report)?);
        let Some(attestation) = attestation else {
            if pop.is_some() {
                report.fail(&rules::ATTESTATION_JWT, "a proof of possession without an attestation");
                return Err(AttestationError::Invalid);
            }
            return Ok(None);
        };
        Self::parse(attestation, pop, report).map(Some)
    }

    fn parse(
        attestation: &'a str,
        pop: Option<&'a str>,
        report: &mut Report,
    ) -> Result<Self, AttestationError> {
        let jws = Jws::parse(attestation).map_err(|error| {
            report.fail(&rules::ATTESTATION_JWT, error.to_string());
            AttestationError::Invalid
        })?;
        report.pass(&rules::ATTESTATION_JWT);
        let typed = jws.header.has_type(ATTESTATION_TYPE);
        must(report.check(&rules::ATTESTATION_TYP, typed, || "another typ, or none"))?;
        let claims: Claims = json::object_from_slice(&jws.payload).map_err(|_| {
            report.fail(&rules::ATTESTATION_CLAIMS, "sub, exp or cnf.jwk is missing or has the wrong type");
            AttestationError::Invalid
        })?;
        let named = !claims.sub.is_empty();
        must(report.check(&rules::ATTESTATION_CLAIMS, named, || "sub is empty"))?;
        Ok(Self { jws, claims, pop })
    }

    /// The header, to find the key of the wallet provider by.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.jws.header
    }

    /// Whom it says it is from, to find the key by.
    #[must_use]
    pub fn dangerous_issuer(&self) -> Option<&str> {
        self.claims.iss.as_deref()
    }

    /// How the instance proves that it has its key: by the token that came along, else by the request's DPoP proof.
    #[must_use]
    pub fn possession<'p>(&'p self, dpop_jkt: Option<&'p str>) -> Option<Possession<'p>> {
        self.pop.map(Possession::Pop).or(dpop_jkt.map(Possession::Dpop))
    }

    /// Checks attestation and possession. `key` is the wallet provider's, which is trusted for this.
    ///
    /// # Errors
    /// See [`AttestationError`]; the report says which check failed.
    pub fn verify(
        &self,
        key: &PublicKey,
        possession: Option<Possession<'_>>,
        expected: &Expected<'_>,
        report: &mut Report,
    ) -> Result<ClientAttestation, AttestationError> {
        let Expected { now, policy, .. } = *expected;
        let signed = self.jws.verify(key, &policy.algorithms);
        must(report.check(
            &rules::ATTESTATION_SIGNATURE,
            signed.is_ok(),
            || "the signature does not verify",
        ))?;
        let claims = &self.claims;
        let started = jwt::check_times(now, policy.leeway, None, claims.nbf, claims.iat).is_ok();
        must(report.check(&rules::ATTESTATION_TIME, started, || "not valid yet"))?;
        if jwt::check_times(now, policy.leeway, Some(claims.exp), None, None).is_err() {
            report.fail(&rules::ATTESTATION_TIME, "expired");
            return Err(AttestationError::Stale);
        }
        let instance = Jwk::from_value(&claims.cnf.jwk).map_err(|error| {
            report.fail(&rules::ATTESTATION_CNF, error.to_string());
            AttestationError::Invalid
        })?;
        report.pass(&rules::ATTESTATION_CNF);
        let thumbprint = instance.thumbprint_text();
        let mark = match possession {
            None => {
                report.fail(&rules::ATTESTATION_POP, "no proof of possession");
                return Err(AttestationError::Invalid);
            }
            Some(Possession::Pop(pop)) => Some(self.check_pop(pop, &instance, expected, report)?),
            Some(Possession::Dpop(jkt)) => {
                must(report.check(
                    &rules::ATTESTATION_POP,
                    jkt == thumbprint,
                    || "the DPoP proof is by another key than the attested one",
                ))?;
                if policy.challenge_required {
                    report.fail(&rules::ATTESTATION_CHALLENGE, "a DPoP proof carries no challenge");
                    return Err(AttestationError::UseChallenge);
                }
                None
            }
        };
        Ok(ClientAttestation {
            client_id: claims.sub.clone(),
            issuer: claims.iss.clone(),
            instance: thumbprint,
            mark,
        })
    }

    fn check_pop(
        &self,
        pop: &str,
        instance: &Jwk,
        expected: &Expected<'_>,
        report: &mut Report,
    ) -> Result<(Key, UnixTime), AttestationError> {
        let Expected { now, policy, .. } = *expected;
        let jws = Jws::parse(pop).map_err(|error| {
            report.fail(&rules::ATTESTATION_POP, error.to_string());
            AttestationError::Invalid
        })?;
        let typed = jws.header.has_type(POP_TYPE);
        must(report.check(&rules::ATTESTATION_POP, typed, || "another typ, or none"))?;
        let claims: PopClaims = json::object_from_slice(&jws.payload).map_err(|_| {
            report.fail(&rules::ATTESTATION_POP, "a claim is missing or has the wrong type");
            AttestationError::Invalid
        })?;
        let sized = !claims.jti.is_empty() && claims.jti.len() <= MAX_JTI;
        must(report.check(&rules::ATTESTATION_POP, sized, || "jti is empty or too long"))?;
        let signed = jws.verify_by(instance, &policy.pop_algorithms).is_ok();
        must(report.check(
            &rules::ATTESTATION_POP_SIGNATURE,
            signed,
            || "not signed with the key that the attestation names",
        ))?;
        let addressed = claims.aud == expected.audience;
        must(report.check(&rules::ATTESTATION_POP_AUD, addressed, || "made for another server"))?;
        let own = claims.iss.as_ref().is_none_or(|iss| *iss == self.claims.sub);
        must(report.check(&rules::ATTESTATION_POP, own, || "iss is not the client"))?;
        let until = claims.iat + policy.max_age;
        let started = jwt::check_times(now, policy.leeway, None, claims.nbf, Some(claims.iat)).is_ok();
        must(report.check(&rules::ATTESTATION_POP_TIME, started && now < until, || {
            if started { "too old" } else { "made in the future" }
        }))?;
        let known = match &claims.challenge {
            Some(challenge) => expected.challenges.knows(now, challenge),
            None => !policy.challenge_required,
        };
        if !report.check(&rules::ATTESTATION_CHALLENGE, known, || match claims.challenge {
            Some(_) => "not a challenge of this server, or too old",
            None => "no challenge",
        }) {
            return Err(AttestationError::UseChallenge);
        }
        let mark = sha256(format!("{}.{}", instance.thumbprint_text(), claims.jti).as_bytes());
        Ok((Key::new("client_attestation_pop", b64::encode(mark)), until))
    }
}

fn must(holds: bool) -> Result<(), AttestationError> {
    if holds { Ok(()) } else { Err(AttestationError::Invalid) }
}

/// The one value of a header.
fn one<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    report: &mut Report,
) -> Result<Option<&'a str>, AttestationError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|text| values.next().is_none() && text.len() <= MAX_HEADER);
    if text.is_none() {
        report.fail(&rules::ATTESTATION_JWT, "a header is there twice, is not text, or is too long");
    }
    text.map(Some).ok_or(AttestationError::Invalid)
}
