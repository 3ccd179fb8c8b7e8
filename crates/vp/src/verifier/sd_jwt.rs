//! Verifying an SD-JWT VC (OID4VP 1.0 Appendix B.3).

use credenza_core::Report;
use credenza_formats::sd_jwt::{
    self, EARLIER_MEDIA_TYPE, Expected, HolderBinding, KeyBinding, MEDIA_TYPE, SdJwt,
};
use credenza_formats::type_metadata::{self, Beholder};
use credenza_trust::{KeyMaterial, Trusted};
use serde_json::{Map, Value};

use super::credential::{self, Bound, Context, Holder, authorities, authority_key_ids, check_status};
use super::{CheckedPresentation, Policy};
use crate::rules;

pub(super) async fn verify(
    text: &str,
    holder: Holder<'_>,
    context: Context<'_>,
    report: &mut Report,
) -> Option<CheckedPresentation> {
    let policy = context.policy;
    let parsed = SdJwt::read(text, &policy.sd_jwt_limits, report)?;
    let trusted = issuer(&parsed, context, report).await?;
    let both = [MEDIA_TYPE, EARLIER_MEDIA_TYPE];
    let expected = Expected {
        leeway: policy.leeway,
        algorithms: &policy.algorithms,
        types: if policy.accept_earlier_sd_jwt_type { &both } else { &[MEDIA_TYPE] },
        holder_binding: holder_binding(holder, policy),
        ..Expected::credential(context.now)
    };
    let verified = sd_jwt::verify(parsed, &trusted.key, &expected, report)?;
    if !check_status(verified.status(), context, report).await {
        return None;
    }
    if let Some(resolver) = &policy.type_metadata {
        let parsed = SdJwt::read(text, &policy.sd_jwt_limits, report)?;
        let beholder = Beholder::Verifier;
        type_metadata::look_up_and_check(resolver, &parsed, &verified.claims, beholder, report).await?;
    }
    Some(CheckedPresentation {
        query_id: String::new(),
        format: MEDIA_TYPE.to_owned(),
        types: types(verified.vct(), verified.claims.get("aka_vcts")),
        issuer: verified.issuer().map(str::to_owned),
        issuer_evidence: trusted.how.to_string(),
        holder_bound: verified.key_binding.is_some(),
        key_binding: verified.key_binding,
        transaction_data: Vec::new(),
        holder: verified.holder,
        claims: Value::Object(verified.claims),
        device_signed: Map::new(),
        authority_key_ids: authority_key_ids(&trusted),
        authorities: authorities(&trusted),
    })
}

/// Whose signature it claims to have, and whether that one may issue this type.
async fn issuer(parsed: &SdJwt<'_>, context: Context<'_>, report: &mut Report) -> Option<Trusted> {
    let header = parsed.header();
    let x5c = match header.x5c() {
        Ok(x5c) => x5c,
        Err(error) => {
            report.fail(&rules::KEY_MATERIAL, error.to_string());
            return None;
        }
    };
    report.pass(&rules::KEY_MATERIAL);
    let material = KeyMaterial {
        x5c: x5c.as_deref(),
        kid: header.kid.as_deref(),
        issuer: parsed.dangerous_issuer(),
        jwk: None,
    };
    let credential_type = parsed.dangerous_vct().unwrap_or_default();
    credential::issuer(&material, credential_type, &sd_jwt::rules::SIGNATURE, context, report).await
}

/// The type, and the other names that it goes by.
fn types(vct: Option<&str>, others: Option<&Value>) -> Vec<String> {
    let others = others.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    vct.into_iter().chain(others).map(str::to_owned).collect()
}

/// What an SD-JWT of any kind must say of its holder.
pub(super) fn holder_binding<'a>(holder: Holder<'a>, policy: &'a Policy) -> HolderBinding<'a> {
    match holder {
        Holder::Bound(Bound { nonce, audience, .. }) => HolderBinding::Required(KeyBinding {
            algorithms: &policy.holder_algorithms,
            max_age: policy.max_age,
            max_ahead: policy.max_ahead,
            ..KeyBinding::new(nonce, audience)
        }),
        Holder::Any => HolderBinding::NotRequired,
        Holder::Unbound => HolderBinding::Refused,
    }
}
