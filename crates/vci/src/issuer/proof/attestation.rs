//! Key proofs of the type `attestation` (Appendix F.3): somebody who is trusted vouches for keys that do not sign.

use credenza_core::Report;

use super::key_attestation::{self, Beside};
use super::{Expected, Refused, Shown};
use crate::rules;

pub(super) async fn verify(
    text: &str,
    expected: &Expected<'_>,
    report: &mut Report,
) -> Result<Shown, Refused> {
    let Some(trust) = expected.wallet_providers else {
        report.fail(&rules::KEY_ATTESTATION_REQUIRED, "nobody is trusted to attest keys");
        return Err(Refused::Proof);
    };
    let attested = key_attestation::verify(text, Beside::Nothing, trust, expected, report).await?;
    Ok(Shown { key: None, attested: attested.keys, nonces: vec![attested.nonce] })
}
