//! Verifying an mdoc (OID4VP 1.0 Appendix B.2).

use credenza_core::{Report, b64};
use credenza_crypto::Jwk;
use credenza_formats::mdoc::{
    self, DeviceBinding, DeviceResponse, Expected, HolderBinding, IssuerSigned, Verified,
};
use credenza_trust::{KeyMaterial, Trusted};
use serde_json::Value;

use super::CheckedPresentation;
use super::credential::{self, Bound, Context, Holder, authorities, authority_key_ids, check_status};

pub(super) async fn verify(
    text: &str,
    holder: Holder<'_>,
    context: Context<'_>,
    report: &mut Report,
) -> Option<CheckedPresentation> {
    let Ok(bytes) = b64::decode(text) else {
        report.fail(&mdoc::rules::PARSE, "not base64url");
        return None;
    };
    let (trusted, verified) = match holder {
        Holder::Unbound => issued(&bytes, context, report).await?,
        Holder::Any => presented(&bytes, None, context, report).await?,
        Holder::Bound(bound) => presented(&bytes, Some(bound), context, report).await?,
    };
    if !check_status(verified.status.as_ref(), context, report).await {
        return None;
    }
    Some(CheckedPresentation {
        query_id: String::new(),
        format: mdoc::FORMAT.to_owned(),
        types: vec![verified.doc_type],
        issuer: None,
        authority_key_ids: authority_key_ids(&trusted),
        authorities: authorities(&trusted),
        issuer_evidence: trusted.how.into_owned(),
        claims: Value::Object(verified.claims),
        device_signed: verified.device_signed,
        holder: Some(Jwk::new(verified.holder)),
        transaction_data: Vec::new(),
        key_binding: None,
        holder_bound: matches!(holder, Holder::Bound(_)),
    })
}

/// A `DeviceResponse` with one document.
async fn presented(
    bytes: &[u8],
    bound: Option<Bound<'_>>,
    context: Context<'_>,
    report: &mut Report,
) -> Option<(Trusted, Verified)> {
    let document = DeviceResponse::read(bytes, &context.policy.mdoc_limits, report)?.single(report)?;
    let trusted = issuer(&document.issuer_signed, context, report).await?;
    let holder_binding = match bound {
        None => HolderBinding::NotRequired,
        Some(Bound { transcript: Some(transcript), reader_key, .. }) => {
            HolderBinding::Required(DeviceBinding {
                transcript,
                algorithms: &context.policy.holder_algorithms,
                reader_key,
            })
        }
        Some(_) => {
            report.fail(&mdoc::rules::DEVICE_AUTH, "nobody says which session it has to be made for");
            return None;
        }
    };
    let expected = Expected { holder_binding, ..expected(&trusted, context) };
    let verified = mdoc::verify(&document, &trusted.key, &expected, report).await?;
    Some((trusted, verified))
}

/// An `IssuerSigned`, as it was issued (OID4VCI 1.0 §A.2.4).
async fn issued(bytes: &[u8], context: Context<'_>, report: &mut Report) -> Option<(Trusted, Verified)> {
    let parsed = match IssuerSigned::parse(bytes, &context.policy.mdoc_limits) {
        Ok(parsed) => parsed,
        Err(error) => {
            report.fail(&mdoc::rules::PARSE, error.to_string());
            return None;
        }
    };
    report.pass(&mdoc::rules::PARSE);
    let trusted = issuer(&parsed, context, report).await?;
    let verified = mdoc::verify_issuer_signed(&parsed, &trusted.key, &expected(&trusted, context), report)?;
    Some((trusted, verified))
}

fn expected<'a>(trusted: &'a Trusted, context: Context<'a>) -> Expected<'a> {
    let policy = context.policy;
    Expected {
        leeway: policy.leeway,
        algorithms: &policy.algorithms,
        signer: trusted.leaf.as_ref(),
        country: policy.country,
        ..Expected::new(context.now)
    }
}

/// Whose signature it claims to have, and whether that one may issue this type of document.
async fn issuer(signed: &IssuerSigned<'_>, context: Context<'_>, report: &mut Report) -> Option<Trusted> {
    let chain: Vec<Vec<u8>> = signed.x5chain().iter().map(|der| der.to_vec()).collect();
    let material = KeyMaterial { x5c: Some(&chain), ..KeyMaterial::default() };
    credential::issuer(&material, signed.mso.doc_type, &mdoc::rules::ISSUER_SIGNATURE, context, report).await
}
