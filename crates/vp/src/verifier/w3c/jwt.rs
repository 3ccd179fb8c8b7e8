//! Credentials and presentations as JWTs (OID4VP 1.0 §B.1.3.1).

use credenza_core::Report;
use credenza_formats::w3c::binding::KeyOf;
use credenza_formats::w3c::jwt::{self, EITHER, Expected, VcJwt};
use credenza_formats::w3c::{Embedded, rules as w3c_rules};
use credenza_query::dcql::Format;
use credenza_trust::KeyMaterial;

use super::super::CheckedPresentation;
use super::super::credential::{Context, Holder};
use super::{Checked, challenge, finish, issuer, keys, moment, only, presenter};
use crate::rules;

pub(in super::super) async fn verify_jwt(
    text: &str,
    format: &Format,
    holder: Holder<'_>,
    context: Context<'_>,
    report: &mut Report,
) -> Option<CheckedPresentation> {
    let Holder::Bound(bound) = holder else {
        let checked = credential(text, context, report).await?;
        return finish(checked, format, None, context, report).await;
    };
    let policy = context.policy;
    let read = VcJwt::read(text, report)?;
    let key = keys::of_header(read.header(), read.dangerous_signer(), &policy.holder_dids, report).await?;
    let expected =
        Expected { moment: moment(context), algorithms: &policy.holder_algorithms, securing: EITHER };
    let presented =
        jwt::verify_presentation(read, key.key_of(), &challenge(&bound, context), &expected, report)?;
    let embedded = only(presented.presentation.credentials(), report)?;
    let Embedded::Jwt(text) = embedded else {
        report.fail(&rules::SHAPE, "the credential in the presentation is not a JWT");
        return None;
    };
    let checked = credential(&text, context, report).await?;
    if !presented.check_binding(&checked.credential, report) {
        return None;
    }
    finish(checked, format, presenter(&presented), context, report).await
}

/// Verifies a credential as it was issued.
async fn credential(text: &str, context: Context<'_>, report: &mut Report) -> Option<Checked> {
    let read = VcJwt::read(text, report)?;
    let header = read.header();
    let (chain, jwk) = match (header.x5c(), header.jwk()) {
        (Ok(chain), Ok(jwk)) => (chain, jwk),
        (Err(error), _) | (_, Err(error)) => {
            report.fail(&rules::KEY_MATERIAL, error.to_string());
            return None;
        }
    };
    report.pass(&rules::KEY_MATERIAL);
    let party = read.dangerous_signer().map(str::to_owned);
    let material = KeyMaterial {
        x5c: chain.as_deref(),
        kid: header.kid.as_deref(),
        issuer: party.as_deref(),
        jwk: jwk.as_ref(),
    };
    let signature = &w3c_rules::JWT_SIGNATURE;
    let trusted = issuer(&material, read.dangerous_document(), context, signature, report).await?;
    let key = match &party {
        // A certificate's subject is the issuer, whatever he calls himself.
        Some(party) if trusted.leaf.is_none() => KeyOf::controlled_by(&trusted.key, party),
        _ => KeyOf::known(&trusted.key),
    };
    let status = read.dangerous_payload().get("status").cloned();
    let expected =
        Expected { moment: moment(context), algorithms: &context.policy.algorithms, securing: EITHER };
    let verified = jwt::verify(read, key, &expected, report)?;
    Some(Checked::new(verified, trusted, status))
}
