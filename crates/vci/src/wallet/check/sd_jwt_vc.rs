//! An SD-JWT VC that was received (SD-JWT VC §3.5).

use credenza_core::{Report, UnixTime};
use credenza_crypto::Jwk;
use credenza_formats::sd_jwt::{self, Expected, SdJwt, SdJwtLimits};
use credenza_trust::KeyMaterial;
use serde_json::Value;

use super::super::Parts;
use super::{ALGORITHMS, Checked, FreeKeys, signer};
use crate::rules;

pub(super) async fn check(
    parts: &Parts,
    vct: &str,
    media_types: &[&str],
    text: &str,
    free: &mut FreeKeys,
    now: UnixTime,
    report: &mut Report,
) -> Option<Checked> {
    let parsed = SdJwt::read(text, &SdJwtLimits::default(), report)?;
    let same = parsed.dangerous_vct() == Some(vct);
    if !report.check(&rules::RECEIVED_TYPE, same, || "another vct, or none") {
        return None;
    }
    let chain = parsed.header().x5c().ok().flatten();
    let jwk = parsed.header().jwk().ok().flatten();
    let material = KeyMaterial {
        x5c: chain.as_deref(),
        kid: parsed.header().kid.as_deref(),
        issuer: parsed.dangerous_issuer(),
        jwk: jwk.as_ref(),
    };
    let found = signer::find(parts, &material, vct, now, report).await?;
    let expected = Expected { algorithms: ALGORITHMS, types: media_types, ..Expected::credential(now) };
    let verified = sd_jwt::verify(parsed, &found.key, &expected, report)?;
    let bound_to = verified.holder.as_ref().map(Jwk::thumbprint_text);
    let expires_at = verified.claims.get("exp").and_then(Value::as_i64).map(UnixTime::from_secs);
    free.take(bound_to.as_deref(), report).then(|| Checked {
        text: text.to_owned(),
        claims: verified.claims,
        bound_to,
        expires_at,
    })
}
