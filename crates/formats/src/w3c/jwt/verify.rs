//! Verification of a credential, and what is common to credentials and presentations.

use credenza_core::{Report, Rule, UnixTime};
use credenza_crypto::Jwk;
use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::{Expected, Kind, Securing, VcJwt, claims};
use crate::w3c::binding::KeyOf;
use crate::w3c::{Credential, Moment, VerifiedCredential, rules};

/// Verifies a credential with the key of its issuer. Every check is noted in the report; `None` says that one of them
/// failed.
#[must_use]
pub fn verify(
    jwt: VcJwt<'_>,
    issuer: KeyOf<'_>,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Option<VerifiedCredential> {
    let securing = open(&jwt, Kind::Credential, issuer, expected, report)?;
    let payload = jwt.payload;
    let mut sound = check_times(&payload, expected.moment, report);
    let holder = holder(&payload, report);
    sound &= holder.is_ok();
    let document = document(Kind::Credential, securing, payload, report)?;
    let credential = Credential::check(document, expected.moment, report)?;
    sound &= check_controller(&rules::ISSUER_KEY, issuer, Some(credential.issuer()), report);
    sound.then(|| VerifiedCredential {
        credential,
        holder: holder.ok().flatten(),
        keys: vec![issuer.key.clone()],
    })
}

/// Checks what the JWT says of itself, and its signature.
pub(super) fn open(
    jwt: &VcJwt<'_>,
    kind: Kind,
    signer: KeyOf<'_>,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Option<Securing> {
    report.pass(&rules::JWT_PARSE);
    let header = &jwt.jws.header;
    let has_claim = jwt.payload.contains_key(kind.claim());
    let securing = if header.has_type(kind.media_type()) {
        Some(Securing::Payload)
    } else if (header.typ.is_none() || header.has_type("JWT")) && has_claim {
        Some(Securing::Claim)
    } else if header.typ.is_none() {
        Some(Securing::Payload)
    } else {
        None
    };
    let securing = securing.filter(|securing| expected.securing.contains(securing));
    let mut sound = report.check(&rules::JWT_TYP, securing.is_some(), || {
        format!("typ is not {}, nor JWT beside a claim {}", kind.media_type(), kind.claim())
    });
    if let Some(content_type) = header.members.get("cty") {
        let known = match securing {
            Some(Securing::Payload) => [kind.claim(), &["application/", kind.claim()].concat()]
                .iter()
                .any(|known| content_type.as_str().is_some_and(|text| text.eq_ignore_ascii_case(known))),
            _ => true,
        };
        sound &= report.check(&rules::JWT_CTY, known, || format!("cty is not {}", kind.claim()));
    }
    let algorithm = header.algorithm;
    if !report.check(&rules::JWT_ALG, expected.algorithms.contains(&algorithm), || {
        format!("{algorithm} is not accepted here")
    }) {
        return None;
    }
    match jwt.jws.verify(signer.key, expected.algorithms) {
        Ok(()) => report.pass(&rules::JWT_SIGNATURE),
        Err(error) => {
            report.fail(&rules::JWT_SIGNATURE, error.to_string());
            return None;
        }
    }
    securing.filter(|_| sound)
}

/// The document that was signed.
pub(super) fn document(
    kind: Kind,
    securing: Securing,
    payload: Map<String, Value>,
    report: &mut Report,
) -> Option<Map<String, Value>> {
    match securing {
        Securing::Claim => claims::decode(kind, payload, report),
        Securing::Payload => claims::check_payload(kind, &payload, report).then_some(payload),
    }
}

pub(super) fn check_times(payload: &Map<String, Value>, moment: Moment, report: &mut Report) -> bool {
    let Moment { now, leeway } = moment;
    let mut sound = check_time(&rules::JWT_EXP, payload, "exp", report, |expires| now < expires + leeway);
    sound &= check_time(&rules::JWT_NBF, payload, "nbf", report, |start| start <= now + leeway);
    sound & check_time(&rules::JWT_IAT, payload, "iat", report, |issued| issued <= now + leeway)
}

fn check_time(
    rule: &'static Rule,
    payload: &Map<String, Value>,
    name: &str,
    report: &mut Report,
    holds: impl FnOnce(UnixTime) -> bool,
) -> bool {
    match payload.get(name).map(UnixTime::deserialize) {
        None => {
            report.skip(rule, "not limited");
            true
        }
        Some(Ok(time)) => report.check(rule, holds(time), || format!("{name} is {time}")),
        Some(Err(_)) => report.check(rule, false, || format!("{name} is not a time")),
    }
}

/// The key of `cnf`, where there is one (RFC 7800 §3.2).
fn holder(payload: &Map<String, Value>, report: &mut Report) -> Result<Option<Jwk>, ()> {
    let Some(cnf) = payload.get("cnf") else { return Ok(None) };
    match cnf.get("jwk").map(Jwk::from_value) {
        Some(Ok(key)) => {
            report.pass(&rules::CNF);
            Ok(Some(key))
        }
        Some(Err(error)) => {
            report.fail(&rules::CNF, error.to_string());
            Err(())
        }
        None => {
            report.fail(&rules::CNF, "cnf has no jwk");
            Err(())
        }
    }
}

/// Checks that the key belongs to the party that the document names.
pub(in crate::w3c) fn check_controller(
    rule: &'static Rule,
    key: KeyOf<'_>,
    party: Option<&str>,
    report: &mut Report,
) -> bool {
    match (key.controller, party) {
        (None, _) => {
            report.skip(rule, "the key was not found by a controller");
            true
        }
        (Some(controller), party) => {
            report.check(rule, party == Some(controller), || "the key belongs to another party")
        }
    }
}
