//! Key proofs of the type `jwt` (Appendix F.1).

use credenza_core::{Report, UnixTime, json};
use credenza_crypto::{Certificate, Jwk, Jws, JwsError};
use serde::Deserialize;
use serde_json::Value;

use super::key_attestation::{self, Attested, Beside};
use super::{Expected, Refused, Shown, must};
use crate::issuer::session::BoundKey;
use crate::rules;

/// The `typ` of a key proof.
pub(crate) const PROOF_TYPE: &str = "openid4vci-proof+jwt";

/// The header that carries a key attestation.
const KEY_ATTESTATION: &str = "key_attestation";

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    iss: Option<String>,
    aud: String,
    iat: UnixTime,
    nonce: String,
}

pub(super) async fn verify(
    text: &str,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Result<Shown, Refused> {
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
    let algorithms = &expected.configuration.proof_algorithms;
    must(report.check(&rules::PROOF_ALG, algorithms.contains(&algorithm), || {
        format!("{algorithm} is not among proof_signing_alg_values_supported")
    }))?;
    let attested = attestation(&jws, expected, report).await?;
    let key = key(&jws, attested.as_ref(), expected, report).await?;
    report.pass(&rules::PROOF_KEY);
    let claims: Claims = match json::object_from_slice(&jws.payload) {
        Ok(claims) => claims,
        Err(_) => {
            report.fail(&rules::PROOF_CLAIMS, "aud, iat or nonce is missing, or a claim has the wrong type");
            return Err(Refused::Proof);
        }
    };
    report.pass(&rules::PROOF_CLAIMS);
    let signed = jws.verify(&key.jwk.key, algorithms).is_ok();
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
    expected.made_now(claims.iat, report)?;
    expected.nonce(&claims.nonce, report)?;
    let mut nonces = vec![claims.nonce];
    let mut keys = Vec::new();
    if let Some(attested) = attested {
        keys = attested.keys;
        nonces.push(attested.nonce);
    }
    Ok(Shown { key: Some(key), attested: keys, nonces })
}

/// The attestation in the header, verified. Where nobody is known who could vouch for keys, what it says is no
/// better than nothing.
async fn attestation(
    jws: &Jws<'_>,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Result<Option<Attested>, Refused> {
    let text = match jws.header.members.get(KEY_ATTESTATION) {
        None => None,
        Some(Value::String(text)) => Some(text.as_str()),
        Some(_) => {
            report.fail(&rules::KEY_ATTESTATION_JWT, "key_attestation is not a string");
            return Err(Refused::Proof);
        }
    };
    let required = expected.configuration.key_attestations_required.is_some();
    match (text, expected.wallet_providers) {
        (Some(text), Some(trust)) => {
            key_attestation::verify(text, Beside::Proof, trust, expected, report).await.map(Some)
        }
        (text, _) if required => {
            report.fail(
                &rules::KEY_ATTESTATION_REQUIRED,
                match text {
                    None => "there is no key_attestation",
                    Some(_) => "nobody is trusted to attest keys",
                },
            );
            Err(Refused::Proof)
        }
        (Some(_), None) => {
            report.skip(&rules::KEY_ATTESTATION_JWT, "nobody is trusted to attest keys");
            Ok(None)
        }
        (None, _) => Ok(None),
    }
}

/// The key that the header names, in exactly one way; one of the attested ones, when some are.
async fn key(
    jws: &Jws<'_>,
    attested: Option<&Attested>,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Result<BoundKey, Refused> {
    let header = &jws.header;
    let named = ["jwk", "kid", "x5c"].iter().filter(|name| header.members.contains_key(**name)).count();
    must(report.check(
        &rules::PROOF_KEY,
        named == 1,
        || "the header must have exactly one of jwk, kid and x5c",
    ))?;
    let key = match (&header.kid, attested) {
        (Some(kid), _) if kid.starts_with("did:") => expected.key_of_did(kid, report).await?,
        (Some(kid), Some(attested)) => match attested.named(kid) {
            Some(jwk) => BoundKey { jwk: Jwk::new(jwk.key.clone()), did: None },
            None => {
                report.fail(&rules::PROOF_KEY, "kid is neither a DID URL nor the name of an attested key");
                return Err(Refused::Proof);
            }
        },
        (Some(_), None) => {
            report.fail(&rules::PROOF_KEY, "kid is not a DID URL");
            return Err(Refused::Proof);
        }
        (None, _) => match in_header(jws) {
            Ok(jwk) => BoundKey { jwk, did: None },
            Err(reason) => {
                report.fail(&rules::PROOF_KEY, reason);
                return Err(Refused::Proof);
            }
        },
    };
    if let Some(attested) = attested {
        let among = attested.keys.iter().any(|attested| attested.key == key.jwk.key);
        must(report.check(&rules::KEY_ATTESTATION_KEYS, among, || "the proof's key is not among them"))?;
    }
    Ok(key)
}

fn in_header(jws: &Jws<'_>) -> Result<Jwk, String> {
    let header = &jws.header;
    if let Some(jwk) = header.jwk().map_err(|error| error.to_string())? {
        return Ok(Jwk::new(jwk.key));
    }
    let chain = header.x5c().map_err(|error| error.to_string())?.unwrap_or_default();
    let leaf = chain.first().ok_or("x5c is empty")?;
    Certificate::parse(leaf).map(|leaf| Jwk::new(leaf.key)).map_err(|error| error.to_string())
}
