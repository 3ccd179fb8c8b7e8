//! Verification, by the issuer's key that the caller has found.

use std::fmt;
use std::time::Duration;

use credenza_core::{Report, Rule, UnixTime};
use credenza_crypto::{Algorithm, HashAlgorithm, Jwk, Jws, PublicKey, jwt};
use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::key_binding::{self, Bound, KeyBinding};
use super::process::{self, Defect, Trace};
use super::{MEDIA_TYPE, Profile, SdJwt, rules, vc};

/// What the verifier (or the wallet, on receipt) expects. Start from [`Expected::credential`] or [`Expected::plain`].
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Now.
    pub now: UnixTime,
    /// How far clocks may differ.
    pub leeway: Duration,
    /// Accepted algorithms of the issuer's signature.
    pub algorithms: &'a [Algorithm],
    /// Accepted hash functions.
    pub hashes: &'a [HashAlgorithm],
    /// Accepted values of `typ`; with none given, `typ` is not looked at.
    pub types: &'a [&'a str],
    /// Rules beside those of RFC 9901.
    pub profile: Profile,
    /// Claims that have to be disclosed for the credential to be valid here, such as `exp`.
    pub required_claims: &'a [&'a str],
    /// Who we are, for credentials that say whom they are for (`aud`).
    pub audiences: &'a [&'a str],
    /// Whether the holder has to sign.
    pub holder_binding: HolderBinding<'a>,
}

/// Whether the holder has to sign the presentation. It is decided before the presentation is looked at, and never by
/// what came (RFC 9901 §9.5).
#[derive(Debug, Clone, Copy)]
pub enum HolderBinding<'a> {
    /// The holder has to sign.
    Required(KeyBinding<'a>),
    /// The holder need not sign; if he does, it is not looked at.
    NotRequired,
    /// There may be no KB-JWT: this is how credentials come from an issuer.
    Refused,
}

impl Expected<'_> {
    /// An SD-JWT VC, ES256, SHA-2, without a holder's signature.
    #[must_use]
    pub const fn credential(now: UnixTime) -> Self {
        Self {
            now,
            leeway: jwt::LEEWAY,
            algorithms: &[Algorithm::Es256],
            hashes: &[HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512],
            types: &[MEDIA_TYPE],
            profile: Profile::Credential,
            required_claims: &[],
            audiences: &[],
            holder_binding: HolderBinding::Refused,
        }
    }

    /// A plain SD-JWT of any `typ`, ES256, SHA-2, without a holder's signature.
    #[must_use]
    pub const fn plain(now: UnixTime) -> Self {
        Self { types: &[], profile: Profile::Plain, ..Self::credential(now) }
    }
}

/// What a verified SD-JWT says.
#[derive(Clone)]
pub struct Verified {
    /// The processed payload: what was disclosed, and no trace of what was not.
    pub claims: Map<String, Value>,
    /// The key that the credential is bound to, as the issuer signed it.
    pub holder: Option<Jwk>,
    /// The claims of the KB-JWT, when one was required and verified.
    pub key_binding: Option<Map<String, Value>>,
}

/// Shows no claim.
impl fmt::Debug for Verified {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Verified({} claims)", self.claims.len())
    }
}

impl Verified {
    /// `iss`
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.text("iss")
    }

    /// `vct`: there is one when the profile was [`Profile::Credential`].
    #[must_use]
    pub fn vct(&self) -> Option<&str> {
        self.text("vct")
    }

    /// `status`, to be checked by the caller.
    #[must_use]
    pub fn status(&self) -> Option<&Value> {
        self.claims.get("status")
    }

    /// `transaction_data_hashes` of the KB-JWT (OID4VP 1.0 §B.3.3.1), as it was signed.
    #[must_use]
    pub fn transaction_data_hashes(&self) -> Option<&Value> {
        self.key_binding.as_ref()?.get("transaction_data_hashes")
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }
}

/// Verifies with the issuer's key. Every check is noted in the report; `None` says that one of them failed.
#[must_use]
pub fn verify(
    sd_jwt: SdJwt<'_>,
    issuer_key: &PublicKey,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Option<Verified> {
    verify_tracing(sd_jwt, issuer_key, expected, report, &mut ())
}

pub(super) fn verify_tracing<T: Trace>(
    sd_jwt: SdJwt<'_>,
    issuer_key: &PublicKey,
    expected: &Expected<'_>,
    report: &mut Report,
    trace: &mut T,
) -> Option<Verified> {
    let SdJwt { jws, payload, disclosures, kb_jwt, sd_jwt, depth } = sd_jwt;
    report.pass(&rules::PARSE);
    let mut sound = check_type(&jws, expected, report);
    check_signature(&jws, issuer_key, expected, report)?;
    let hash = check_hash(&payload, expected, report)?;
    // The issuer's word on the holder's key counts only where it is signed in the clear.
    let cnf = payload.get("cnf").map(vc::holder).transpose();
    let in_the_clear = vc::registered_in_the_clear(&payload);
    let claims = match process::process(payload, &disclosures, hash, depth, trace) {
        Ok(claims) => claims,
        Err(defect) => {
            report.fail(defect.rule(), defect.to_string());
            return None;
        }
    };
    DISCLOSURE_RULES.iter().for_each(|rule| report.pass(rule));
    sound &= check_validity(&claims, expected, report);
    if expected.profile == Profile::Credential {
        sound &= vc::check(&claims, in_the_clear, report);
        if let Err(error) = &cnf {
            report.fail(&rules::VC_CNF, error.to_string());
            sound = false;
        }
    }
    let holder = cnf.ok().flatten().flatten();
    let mut key_binding = None;
    match &expected.holder_binding {
        HolderBinding::Required(binding) => {
            let bound = Bound { kb_jwt, sd_jwt, hash, holder: holder.as_ref() };
            key_binding = key_binding::verify(&bound, binding, expected.now, expected.leeway, report);
            sound &= key_binding.is_some();
        }
        HolderBinding::NotRequired => report.skip(&rules::KB_PRESENT, "not asked for"),
        HolderBinding::Refused => {
            sound &= report.check(&rules::KB_PRESENT, kb_jwt.is_none(), || "there is a KB-JWT");
        }
    }
    sound.then_some(Verified { claims, holder, key_binding })
}

/// The rules that hold when the disclosures could be processed.
const DISCLOSURE_RULES: [&Rule; 7] = [
    &rules::STRUCTURE,
    &rules::FORM,
    &rules::RESERVED_NAME,
    &rules::NAME_CLASH,
    &rules::UNIQUE,
    &rules::REFERENCED,
    &rules::DEPTH,
];

fn check_type(jws: &Jws<'_>, expected: &Expected<'_>, report: &mut Report) -> bool {
    if expected.types.is_empty() {
        report.skip(&rules::TYP, "any type is accepted");
        return true;
    }
    let accepted = expected.types.iter().any(|typ| jws.header.has_type(typ));
    report.check(&rules::TYP, accepted, || format!("typ is not one of {:?}", expected.types))
}

fn check_signature(
    jws: &Jws<'_>,
    key: &PublicKey,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Option<()> {
    let algorithm = jws.header.algorithm;
    if !report.check(&rules::ALG, expected.algorithms.contains(&algorithm), || {
        format!("{algorithm} is not accepted here")
    }) {
        return None;
    }
    match jws.verify(key, expected.algorithms) {
        Ok(()) => report.pass(&rules::SIGNATURE),
        Err(error) => {
            report.fail(&rules::SIGNATURE, error.to_string());
            return None;
        }
    }
    Some(())
}

fn check_hash(
    payload: &Map<String, Value>,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Option<HashAlgorithm> {
    let hash = process::hash_algorithm(payload).ok().filter(|hash| expected.hashes.contains(hash));
    report.check(&rules::SD_ALG, hash.is_some(), || Defect::Hash.to_string());
    hash
}

/// Times, audience and claims that must be there, all on the processed payload (RFC 9901 §7.1 step 6).
fn check_validity(claims: &Map<String, Value>, expected: &Expected<'_>, report: &mut Report) -> bool {
    let Expected { now, leeway, .. } = *expected;
    let mut sound = check_time(&rules::EXP, claims, "exp", report, |expires| now < expires + leeway);
    sound &= check_time(&rules::NBF, claims, "nbf", report, |start| start <= now + leeway);
    sound &= check_time(&rules::IAT, claims, "iat", report, |issued| issued <= now + leeway);
    if let Some(audience) = claims.get("aud") {
        let ours = |name: &Value| name.as_str().is_some_and(|name| expected.audiences.contains(&name));
        let meant = ours(audience) || audience.as_array().is_some_and(|names| names.iter().any(ours));
        sound &= report.check(&rules::AUD, meant, || "aud names others");
    }
    if !expected.required_claims.is_empty() {
        let missing = expected.required_claims.iter().find(|name| !claims.contains_key(**name));
        sound &= report.check(&rules::REQUIRED_CLAIMS, missing.is_none(), || {
            format!("{} is missing", missing.copied().unwrap_or_default())
        });
    }
    sound
}

fn check_time(
    rule: &'static Rule,
    claims: &Map<String, Value>,
    name: &str,
    report: &mut Report,
    holds: impl FnOnce(UnixTime) -> bool,
) -> bool {
    match claims.get(name).map(UnixTime::deserialize) {
        None => {
            report.skip(rule, "not limited");
            true
        }
        Some(Ok(time)) => report.check(rule, holds(time), || format!("{name} is {time}")),
        Some(Err(_)) => report.check(rule, false, || format!("{name} is not a time")),
    }
}
