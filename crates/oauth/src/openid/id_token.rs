//! The ID token (OpenID Connect Core §2): who has signed in, signed by the provider.

use std::time::Duration;

use credenza_core::{Report, UnixTime, b64, json, secret};
use credenza_crypto::hash::HashAlgorithm;
use credenza_crypto::{Algorithm, JwkSet, Jws, jwt};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::rules;

/// The signature algorithms that are accepted. RS256 is what every provider speaks (OpenID Connect Core §15.1); there
/// is neither `none` nor a MAC.
pub const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::Rs256,
    Algorithm::Ps256,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::EdDsa,
];

/// An ID token was made after the request, which lives for no longer than this.
const MAX_AGE: Duration = Duration::from_secs(20 * 60);

/// A subject has no more characters (OpenID Connect Core §2).
const MAX_SUBJECT: usize = 255;

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: UnixTime,
    iat: UnixTime,
    #[serde(default)]
    nbf: Option<UnixTime>,
    #[serde(default)]
    azp: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    at_hash: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// What an ID token must say.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The provider, as it calls itself.
    pub issuer: &'a str,
    /// Us.
    pub client_id: &'a str,
    /// What went with the request.
    pub nonce: &'a str,
    /// The access token that came along.
    pub access_token: Option<&'a str>,
    /// The time.
    pub now: UnixTime,
}

/// An ID token that was checked.
#[derive(Clone, PartialEq)]
pub struct IdToken {
    /// Who.
    pub subject: String,
    /// All claims of it.
    pub claims: Map<String, Value>,
}

impl std::fmt::Debug for IdToken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "IdToken({} claims)", self.claims.len())
    }
}

/// Why an ID token is not accepted; the report says more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdToken {
    /// None of the keys verifies it: the provider may have new ones.
    #[error("no key of the provider verifies the ID token")]
    Key,
    /// Anything else.
    #[error("the ID token was not accepted")]
    Invalid,
}

/// Checks an ID token that came from the token endpoint (OpenID Connect Core §3.1.3.7). The signature is always checked.
///
/// # Errors
/// See [`InvalidIdToken`].
pub fn verify(
    token: &str,
    keys: &JwkSet,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Result<IdToken, InvalidIdToken> {
    let must = |holds: bool| if holds { Ok(()) } else { Err(InvalidIdToken::Invalid) };
    let jws = Jws::parse(token).map_err(|error| {
        report.fail(&rules::ID_TOKEN_JWT, error.to_string());
        InvalidIdToken::Invalid
    })?;
    let read = json::object_from_slice::<Claims>(&jws.payload);
    let (Ok(claims), Ok(all)) = (read, json::parse_object(&jws.payload)) else {
        report.fail(&rules::ID_TOKEN_JWT, "a claim is missing or has the wrong type");
        return Err(InvalidIdToken::Invalid);
    };
    report.pass(&rules::ID_TOKEN_JWT);
    if !ALGORITHMS.contains(&jws.header.algorithm) {
        report.fail(&rules::ID_TOKEN_SIGNATURE, "the algorithm is not accepted");
        return Err(InvalidIdToken::Invalid);
    }
    let signed = match &jws.header.kid {
        Some(kid) => keys.by_kid(kid).is_some_and(|key| jws.verify_by(key, &ALGORITHMS).is_ok()),
        None => keys.keys.iter().any(|key| jws.verify_by(key, &ALGORITHMS).is_ok()),
    };
    if !report.check(&rules::ID_TOKEN_SIGNATURE, signed, || "no key of the provider verifies it") {
        return Err(InvalidIdToken::Key);
    }
    let from = claims.iss == expected.issuer;
    must(report.check(&rules::ID_TOKEN_ISS, from, || "another issuer"))?;
    let for_us = match &claims.aud {
        Audience::One(aud) => aud == expected.client_id,
        Audience::Several(several) => matches!(several.as_slice(), [only] if only == expected.client_id),
    };
    must(report.check(&rules::ID_TOKEN_AUD, for_us, || "another audience, or more than one"))?;
    let ours = claims.azp.as_ref().is_none_or(|azp| azp == expected.client_id);
    must(report.check(&rules::ID_TOKEN_AZP, ours, || "it was issued to another client"))?;
    let Expected { now, .. } = *expected;
    let timely = jwt::check_times(now, jwt::LEEWAY, Some(claims.exp), claims.nbf, Some(claims.iat)).is_ok()
        && now < claims.iat + MAX_AGE;
    must(report.check(&rules::ID_TOKEN_TIME, timely, || "expired, too old, or from the future"))?;
    let nonce = claims.nonce.as_deref().unwrap_or_default();
    let same = secret::equal(nonce.as_bytes(), expected.nonce.as_bytes());
    must(report.check(&rules::ID_TOKEN_NONCE, same, || "no nonce, or that of another request"))?;
    match (&claims.at_hash, expected.access_token) {
        (Some(at_hash), Some(token)) => {
            let named = half_hash(jws.header.algorithm, token) == *at_hash;
            must(report.check(&rules::ID_TOKEN_AT_HASH, named, || "at_hash names another access token"))?;
        }
        _ => report.skip(&rules::ID_TOKEN_AT_HASH, "it names none"),
    }
    let sub = &claims.sub;
    let person = !sub.is_empty() && sub.len() <= MAX_SUBJECT && sub.is_ascii();
    must(report.check(&rules::ID_TOKEN_SUB, person, || "empty, too long or not ASCII"))?;
    Ok(IdToken { subject: claims.sub, claims: all })
}

/// The left half of the hash that belongs to the algorithm (OpenID Connect Core §3.1.3.6).
fn half_hash(algorithm: Algorithm, token: &str) -> String {
    let hash = match algorithm {
        Algorithm::Es384 => HashAlgorithm::Sha384,
        Algorithm::Es512 | Algorithm::EdDsa => HashAlgorithm::Sha512,
        _ => HashAlgorithm::Sha256,
    };
    let digest = hash.hash(token.as_bytes());
    let bytes = digest.as_ref();
    b64::encode(bytes.get(..bytes.len() / 2).unwrap_or_default())
}
