//! Client authentication by `private_key_jwt` (RFC 7523 §2.2): making assertions, and checking them.

use std::time::Duration;

use credenza_core::{Key, Random, Report, UnixTime, Write, b64, id};
use credenza_crypto::hash::sha256;
use credenza_crypto::{Algorithm, Header, IdentifiedBy, JwkSet, Jws, SignError, Signer, jwt};
use serde::{Deserialize, Serialize};

use crate::rules;

/// The name of the method (OpenID Connect Core §9).
pub const METHOD: &str = "private_key_jwt";

/// The `client_assertion_type` (RFC 7523 §2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The signature algorithms that are accepted.
pub const ALGORITHMS: [Algorithm; 4] =
    [Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa, Algorithm::Ps256];

/// An assertion is good for no longer than this, whatever its `exp` says.
pub const MAX_LIFETIME: Duration = Duration::from_secs(600);

/// How long our own assertions are good.
const LIFETIME: Duration = Duration::from_secs(60);

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    /// A single string: an array would be good at several servers.
    aud: String,
    jti: String,
    exp: UnixTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    iat: Option<UnixTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<UnixTime>,
}

/// Makes an assertion for one request to the server with the issuer identifier `audience`.
///
/// # Errors
/// The signer could not sign.
pub async fn make(
    signer: &dyn Signer,
    random: &dyn Random,
    client_id: &str,
    audience: &str,
    now: UnixTime,
) -> Result<String, SignError> {
    let claims = Claims {
        iss: client_id.to_owned(),
        sub: client_id.to_owned(),
        aud: audience.to_owned(),
        jti: id::unguessable(random),
        exp: now + LIFETIME,
        iat: Some(now),
        nbf: None,
    };
    jwt::sign(signer, &Header::signing(signer, "JWT", IdentifiedBy::Kid), &claims).await
}

/// What an assertion must say.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The client, whose keys these are.
    pub client_id: &'a str,
    /// Its keys.
    pub keys: &'a JwkSet,
    /// The server's issuer identifier. No other audience is accepted, not the URL of an endpoint either: what is made
    /// for a URL can be made for somebody else's.
    pub audience: &'a str,
    /// The time.
    pub now: UnixTime,
}

/// An assertion that was checked, but for replay: that needs [`Assertion::spend`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an assertion must be spent, or it can be replayed"]
pub struct Assertion {
    mark: Key,
    until: UnixTime,
}

impl Assertion {
    /// The write that makes the assertion unusable for as long as it would be accepted.
    #[must_use]
    pub fn spend(&self) -> Write {
        Write::Insert { key: self.mark.clone(), value: Vec::new(), expires: self.until }
    }
}

/// The assertion is not accepted; the report says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client assertion was not accepted")]
pub struct InvalidAssertion;

/// The client that an assertion says it is from, to find its keys by. Nothing is verified.
#[must_use]
pub fn dangerous_client_id(assertion: &str) -> Option<String> {
    let jws = Jws::parse(assertion).ok()?;
    let claims: Claims = credenza_core::json::object_from_slice(&jws.payload).ok()?;
    Some(claims.sub)
}

/// Checks an assertion (RFC 7523 §3).
///
/// # Errors
/// [`InvalidAssertion`]; the report says which check failed.
pub fn verify(
    assertion: &str,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Result<Assertion, InvalidAssertion> {
    let must = |holds: bool| if holds { Ok(()) } else { Err(InvalidAssertion) };
    let jws = Jws::parse(assertion).map_err(|error| {
        report.fail(&rules::ASSERTION_JWT, error.to_string());
        InvalidAssertion
    })?;
    let claims: Claims = credenza_core::json::object_from_slice(&jws.payload).map_err(|_| {
        report.fail(&rules::ASSERTION_JWT, "a claim is missing or has the wrong type");
        InvalidAssertion
    })?;
    report.pass(&rules::ASSERTION_JWT);
    let own = claims.iss == expected.client_id && claims.sub == expected.client_id;
    must(report.check(&rules::ASSERTION_CLIENT, own, || "iss or sub is not the client"))?;
    must(report.check(
        &rules::ASSERTION_AUD,
        claims.aud == expected.audience,
        || "another audience than the server's issuer identifier",
    ))?;
    let mut keys = expected.keys.keys.iter().filter(|key| {
        let named = jws.header.kid.is_none() || key.kid == jws.header.kid;
        named && key.verifies(jws.header.algorithm)
    });
    let signed = keys.any(|key| jws.verify_by(key, &ALGORITHMS).is_ok());
    must(report.check(&rules::ASSERTION_SIGNATURE, signed, || "no key of the client verifies it"))?;
    let Expected { now, .. } = *expected;
    let timely = jwt::check_times(now, jwt::LEEWAY, Some(claims.exp), claims.nbf, claims.iat).is_ok()
        && claims.exp <= now + MAX_LIFETIME;
    must(report.check(&rules::ASSERTION_TIME, timely, || "expired, not yet valid, or good for too long"))?;
    let mark = sha256(format!("{}.{}", claims.sub, claims.jti).as_bytes());
    Ok(Assertion { mark: Key::new("client_assertion", b64::encode(mark)), until: claims.exp + jwt::LEEWAY })
}
