//! Key proofs of the type `di_vp` (Appendix F.2): a presentation of nothing, with a Data Integrity proof.

use credenza_core::Report;
use credenza_formats::w3c::Moment;
use credenza_formats::w3c::binding::Challenge;
use credenza_formats::w3c::data_integrity::{
    self, Cryptosuite, Purpose, VerificationMethod, verification_methods, verify_presentation,
};
use serde_json::{Map, Value};

use super::{Expected, Refused, Shown, must};
use crate::rules;

pub(super) async fn verify(
    presentation: &Map<String, Value>,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Result<Shown, Refused> {
    let proof = match presentation.get("proof") {
        Some(Value::Object(proof)) => Some(proof),
        Some(Value::Array(proofs)) => match proofs.as_slice() {
            [Value::Object(proof)] => Some(proof),
            _ => None,
        },
        _ => None,
    };
    must(report.check(&rules::PROOF_CLAIMS, proof.is_some(), || "there is not exactly one proof"))?;
    let text = |name: &str| proof.and_then(|proof| proof.get(name)).and_then(Value::as_str);
    // What it must be made for is what it says, when that is a nonce of ours.
    let nonce = text("challenge");
    must(report.check(&rules::PROOF_CLAIMS, nonce.is_some(), || "challenge is missing, or not a string"))?;
    let nonce = nonce.unwrap_or_default();
    let methods = verification_methods(presentation);
    let method = methods.first().copied();
    must(report.check(&rules::PROOF_KEY, method.is_some(), || "verificationMethod is missing"))?;
    let method = method.unwrap_or_default();
    let key = expected.key_of_did(method, report).await?;
    report.pass(&rules::PROOF_KEY);

    let controller = key.did.clone().unwrap_or_default();
    let find = |name: &str, purpose: Purpose| {
        (name == method && purpose == Purpose::Authentication)
            .then(|| VerificationMethod { key: key.jwk.key.clone(), controller: controller.clone() })
    };
    let suites = cryptosuites(&expected.configuration.proof_cryptosuites);
    let accepted = data_integrity::Expected {
        cryptosuites: &suites,
        ..data_integrity::Expected::at(Moment::at(expected.now), expected.contexts)
    };
    let challenge = Challenge { nonce, audience: expected.issuer, max_age: expected.max_age };
    let verified = verify_presentation(presentation.clone(), &find, &challenge, &accepted, report);
    must(verified.is_some())?;
    expected.nonce(nonce, report)?;
    Ok(Shown { key: Some(key), attested: Vec::new(), nonces: vec![nonce.to_owned()] })
}

/// The cryptosuites of a configuration: all that can be verified, when it names none.
pub(super) fn cryptosuites(names: &[String]) -> Vec<Cryptosuite> {
    let current = Cryptosuite::CURRENT.iter().copied();
    current.filter(|suite| names.is_empty() || names.iter().any(|name| name == suite.name())).collect()
}
