//! Credentials as SD-JWTs (VC-JOSE-COSE §3.2): presented as any SD-JWT is, with a KB-JWT.

use credenza_core::Report;
use credenza_formats::sd_jwt::{Expected, SdJwt, rules as sd_jwt_rules};
use credenza_formats::w3c::binding::KeyOf;
use credenza_formats::w3c::sd_jwt;
use credenza_query::dcql::Format;
use credenza_trust::KeyMaterial;

use super::super::CheckedPresentation;
use super::super::credential::{Context, Holder};
use super::super::sd_jwt::holder_binding;
use super::{Checked, finish, issuer};
use crate::rules;

pub(in super::super) async fn verify_sd_jwt(
    text: &str,
    holder: Holder<'_>,
    context: Context<'_>,
    report: &mut Report,
) -> Option<CheckedPresentation> {
    let policy = context.policy;
    let read = SdJwt::read(text, &policy.sd_jwt_limits, report)?;
    let header = read.header();
    let chain = match header.x5c() {
        Ok(chain) => chain,
        Err(error) => {
            report.fail(&rules::KEY_MATERIAL, error.to_string());
            return None;
        }
    };
    report.pass(&rules::KEY_MATERIAL);
    let document = read.dangerous_payload();
    let party = document.get("issuer");
    let party = party.and_then(|party| party.as_str().or_else(|| party.get("id")?.as_str()));
    let party = party.map(str::to_owned);
    let material = KeyMaterial {
        x5c: chain.as_deref(),
        kid: header.kid.as_deref(),
        issuer: party.as_deref(),
        jwk: None,
    };
    let trusted = issuer(&material, document, context, &sd_jwt_rules::SIGNATURE, report).await?;
    let key = match &party {
        Some(party) if trusted.leaf.is_none() => KeyOf::controlled_by(&trusted.key, party),
        _ => KeyOf::known(&trusted.key),
    };
    let expected = Expected {
        leeway: policy.leeway,
        algorithms: &policy.algorithms,
        holder_binding: holder_binding(holder, policy),
        ..sd_jwt::expected(context.now)
    };
    let verified = sd_jwt::verify(read, key, &expected, report)?;
    let proved = match holder {
        Holder::Bound(_) => verified.holder.clone(),
        Holder::Any | Holder::Unbound => None,
    };
    let status = verified.credential.document().get("status").cloned();
    let checked = Checked::new(verified, trusted, status);
    finish(checked, &Format::VcSdJwt, proved, context, report).await
}
