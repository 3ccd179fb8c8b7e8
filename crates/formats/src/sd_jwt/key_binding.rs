//! The key binding JWT: the holder's signature over one presentation for one verifier.

use std::time::Duration;

use credenza_core::{Report, Rule, UnixTime, b64, json};
use credenza_crypto::{
    Algorithm, HashAlgorithm, Header, IdentifiedBy, Jwk, Jws, JwsError, SignError, Signer, jwt,
};
use serde::{Deserialize as _, Serialize};
use serde_json::{Map, Value};

use super::{SdJwt, SdJwtLimits, process, rules, vc};

/// The media type of the KB-JWT.
pub const MEDIA_TYPE: &str = "kb+jwt";

/// What the holder signs beside the presentation.
#[derive(Debug, Clone)]
pub struct Binding<'a> {
    /// The verifier's nonce.
    pub nonce: &'a str,
    /// The verifier, as the protocol names it (OpenID4VP: the full client identifier with its prefix).
    pub audience: &'a str,
    /// Now.
    pub issued_at: UnixTime,
    /// Further claims: `transaction_data_hashes`, `transaction_data_hashes_alg`.
    pub more: Map<String, Value>,
}

/// Why a presentation was not bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// Not the text of an SD-JWT that ends with `~`.
    #[error("not an SD-JWT without a KB-JWT")]
    NotAnSdJwt,
    /// Further claims have a name that the KB-JWT uses itself.
    #[error("a further claim is named nonce, aud, iat or sd_hash")]
    ReservedName,
    /// The credential is bound to another key than the signer's.
    #[error("the credential is bound to another key")]
    AnotherKey,
    /// The signer could not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// What a verifier demands of a KB-JWT.
#[derive(Debug, Clone, Copy)]
pub struct KeyBinding<'a> {
    /// The nonce of this transaction, from the verifier's own records.
    pub nonce: &'a str,
    /// The verifier itself, exactly as `aud` must say it.
    pub audience: &'a str,
    /// Accepted algorithms.
    pub algorithms: &'a [Algorithm],
    /// How old the KB-JWT may be.
    pub max_age: Duration,
    /// How far the holder's clock may be ahead.
    pub max_ahead: Duration,
}

impl<'a> KeyBinding<'a> {
    /// How old a KB-JWT may be, unless configured.
    pub const MAX_AGE: Duration = Duration::from_secs(300);
    /// How far a holder's clock may be ahead, unless configured.
    pub const MAX_AHEAD: Duration = Duration::from_secs(60);

    /// ES256, made within the last five minutes.
    #[must_use]
    pub const fn new(nonce: &'a str, audience: &'a str) -> Self {
        Self {
            nonce,
            audience,
            algorithms: &[Algorithm::Es256],
            max_age: Self::MAX_AGE,
            max_ahead: Self::MAX_AHEAD,
        }
    }
}

/// Appends a KB-JWT to the text of an SD-JWT, which ends with `~`.
///
/// # Errors
/// See [`BindError`].
pub async fn bind(
    presentation: &str,
    signer: &dyn Signer,
    binding: &Binding<'_>,
) -> Result<String, BindError> {
    let limits = SdJwtLimits { total: usize::MAX, disclosures: usize::MAX, ..SdJwtLimits::default() };
    let parsed = SdJwt::parse(presentation, &limits).map_err(|_| BindError::NotAnSdJwt)?;
    if parsed.kb_jwt.is_some() {
        return Err(BindError::NotAnSdJwt);
    }
    let hash = process::hash_algorithm(&parsed.payload).map_err(|_| BindError::NotAnSdJwt)?;
    let holder = parsed.payload.get("cnf").and_then(|cnf| vc::holder(cnf).ok()).flatten();
    append(presentation.to_owned(), hash, holder.as_ref(), signer, binding).await
}

/// Appends a KB-JWT to a presentation that is known to be one, for a holder's key that the issuer has named.
pub(super) async fn append(
    mut presentation: String,
    hash: HashAlgorithm,
    holder: Option<&Jwk>,
    signer: &dyn Signer,
    binding: &Binding<'_>,
) -> Result<String, BindError> {
    if OWN_CLAIMS.iter().any(|name| binding.more.contains_key(*name)) {
        return Err(BindError::ReservedName);
    }
    if holder.is_some_and(|holder| holder.key != signer.public_jwk().key) {
        return Err(BindError::AnotherKey);
    }
    let claims = Claims {
        iat: binding.issued_at,
        aud: binding.audience,
        nonce: binding.nonce,
        sd_hash: &sd_hash(&presentation, hash),
        more: &binding.more,
    };
    let header = Header::signing(signer, MEDIA_TYPE, IdentifiedBy::Nothing);
    presentation.push_str(&jwt::sign(signer, &header, &claims).await?);
    Ok(presentation)
}

const OWN_CLAIMS: [&str; 4] = ["iat", "aud", "nonce", "sd_hash"];

#[derive(Serialize)]
struct Claims<'a> {
    iat: UnixTime,
    aud: &'a str,
    nonce: &'a str,
    sd_hash: &'a str,
    #[serde(flatten)]
    more: &'a Map<String, Value>,
}

/// The digest that ties a KB-JWT to the text in front of it (RFC 9901 §4.3.1).
fn sd_hash(sd_jwt: &str, hash: HashAlgorithm) -> String {
    b64::encode(hash.hash(sd_jwt.as_bytes()))
}

/// What a KB-JWT is verified against.
pub(super) struct Bound<'a> {
    pub(super) kb_jwt: Option<&'a str>,
    /// The text in front of it.
    pub(super) sd_jwt: &'a str,
    pub(super) hash: HashAlgorithm,
    /// The key that the issuer has signed.
    pub(super) holder: Option<&'a Jwk>,
}

/// Verifies a KB-JWT (RFC 9901 §7.3 step 5): its claims, when every check has passed.
pub(super) fn verify(
    bound: &Bound<'_>,
    expected: &KeyBinding<'_>,
    now: UnixTime,
    leeway: Duration,
    report: &mut Report,
) -> Option<Map<String, Value>> {
    let Some(kb_jwt) = bound.kb_jwt else {
        report.fail(&rules::KB_PRESENT, "there is no KB-JWT");
        return None;
    };
    report.pass(&rules::KB_PRESENT);
    let kb_jwt = match Jws::parse(kb_jwt) {
        Ok(kb_jwt) => kb_jwt,
        Err(error) => {
            let rule = if error == JwsError::Algorithm { &rules::KB_ALG } else { &rules::KB_PARSE };
            report.fail(rule, error.to_string());
            return None;
        }
    };
    let Ok(claims) = json::parse_object(&kb_jwt.payload) else {
        report.fail(&rules::KB_PARSE, "the claims are not a JSON object without duplicate members");
        return None;
    };
    report.pass(&rules::KB_PARSE);
    let Some(holder) = bound.holder else {
        report.fail(&rules::KB_KEY, "the signed part of the credential has no cnf with a public jwk");
        return None;
    };
    report.pass(&rules::KB_KEY);
    let algorithm = kb_jwt.header.algorithm;
    let mut sound = report.check(&rules::KB_TYP, kb_jwt.header.has_type(MEDIA_TYPE), || "typ is not kb+jwt");
    // A key that says what it is for is used for nothing else (RFC 7517 §4.2, §4.4).
    let meant_for = holder.alg.as_deref().is_none_or(|alg| Algorithm::from_name(alg) == Some(algorithm))
        && holder.usage.as_deref() != Some("enc");
    if !report.check(&rules::KB_ALG, expected.algorithms.contains(&algorithm) && meant_for, || {
        format!("{algorithm} is not accepted here, or not with this key")
    }) {
        return None;
    }
    if let Err(error) = kb_jwt.verify(&holder.key, expected.algorithms) {
        report.fail(&rules::KB_SIGNATURE, error.to_string());
        return None;
    }
    report.pass(&rules::KB_SIGNATURE);
    sound &= check_text(&rules::KB_NONCE, &claims, "nonce", expected.nonce, report);
    sound &= check_text(&rules::KB_AUD, &claims, "aud", expected.audience, report);
    sound &= check_age(&claims, expected, now, report);
    sound &= check_text(&rules::KB_SD_HASH, &claims, "sd_hash", &sd_hash(bound.sd_jwt, bound.hash), report);
    sound &= check_times(&claims, now, leeway, report);
    sound.then_some(claims)
}

fn check_text(
    rule: &'static Rule,
    claims: &Map<String, Value>,
    name: &str,
    expected: &str,
    report: &mut Report,
) -> bool {
    match claims.get(name) {
        Some(Value::String(value)) => report.check(rule, value == expected, || format!("another {name}")),
        Some(_) => report.check(rule, false, || format!("{name} is not a string")),
        None => report.check(rule, false, || format!("{name} is missing")),
    }
}

fn check_age(
    claims: &Map<String, Value>,
    expected: &KeyBinding<'_>,
    now: UnixTime,
    report: &mut Report,
) -> bool {
    let Some(Ok(issued_at)) = claims.get("iat").map(UnixTime::deserialize) else {
        return report.check(&rules::KB_IAT, false, || "iat is missing or is not a time");
    };
    let in_time = issued_at <= now + expected.max_ahead && now.since(issued_at) <= expected.max_age;
    report.check(&rules::KB_IAT, in_time, || {
        format!("made at {issued_at}, it is {now}, at most {} s are accepted", expected.max_age.as_secs())
    })
}

/// `exp` and `nbf` are not asked for; where they are, they count.
fn check_times(claims: &Map<String, Value>, now: UnixTime, leeway: Duration, report: &mut Report) -> bool {
    if !claims.contains_key("exp") && !claims.contains_key("nbf") {
        return true;
    }
    let time = |name| claims.get(name).map(UnixTime::deserialize).transpose();
    let valid = match (time("exp"), time("nbf")) {
        (Ok(expires), Ok(not_before)) => jwt::check_times(now, leeway, expires, not_before, None).is_ok(),
        _ => false,
    };
    report.check(&rules::KB_TIMES, valid, || "exp or nbf of the KB-JWT says that it is not valid now")
}
