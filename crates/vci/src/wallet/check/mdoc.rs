//! An mdoc that was received: base64url of an `IssuerSigned` (§A.2.4).

use credenza_core::{Report, UnixTime, b64};
use credenza_crypto::Jwk;
use credenza_formats::mdoc::{Expected, Held, IssuerSigned, MdocLimits};
use credenza_trust::KeyMaterial;

use super::super::Parts;
use super::{ALGORITHMS, Checked, FreeKeys, signer};
use crate::rules;

pub(super) async fn check(
    parts: &Parts,
    doctype: &str,
    text: &str,
    free: &mut FreeKeys,
    now: UnixTime,
    report: &mut Report,
) -> Option<Checked> {
    let limits = MdocLimits::default();
    let bytes = b64::decode(text).ok();
    if !report.check(&rules::RECEIVED_FORMAT, bytes.is_some(), || "not base64url without padding") {
        return None;
    }
    let bytes = bytes?;
    let parsed = match IssuerSigned::parse(&bytes, &limits) {
        Ok(parsed) => parsed,
        Err(error) => {
            report.fail(&rules::RECEIVED_FORMAT, error.to_string());
            return None;
        }
    };
    let same = parsed.mso.doc_type == doctype;
    if !report.check(&rules::RECEIVED_TYPE, same, || "another docType") {
        return None;
    }
    let chain: Vec<Vec<u8>> = parsed.x5chain().iter().map(|certificate| certificate.to_vec()).collect();
    let material = KeyMaterial { x5c: Some(&chain), ..KeyMaterial::default() };
    let found = signer::find(parts, &material, doctype, now, report).await?;
    let holder = parsed.mso.device_key.clone();
    let bound_to = Jwk::new(holder.clone()).thumbprint_text();
    if !free.take(Some(&bound_to), report) {
        return None;
    }
    let expected = Expected {
        algorithms: ALGORITHMS,
        doc_type: Some(doctype),
        signer: found.leaf.as_ref(),
        ..Expected::new(now)
    };
    let held = Held::accept(bytes.clone(), &limits, &found.key, &holder, &expected, report)?;
    Some(Checked {
        text: text.to_owned(),
        claims: held.claims().clone(),
        bound_to: Some(bound_to),
        expires_at: Some(held.validity().valid_until),
    })
}
