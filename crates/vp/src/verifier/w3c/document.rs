//! Credentials and presentations with embedded proofs (OID4VP 1.0 §B.1.3.2).

use std::collections::HashMap;

use credenza_core::Report;
use credenza_formats::w3c::data_integrity::{
    Expected, Purpose, VerificationMethod, verification_methods, verify_credential, verify_presentation,
};
use credenza_formats::w3c::{Embedded, rules as w3c_rules};
use credenza_query::dcql::Format;
use credenza_trust::{KeyMaterial, Trusted};
use serde_json::{Map, Value};

use super::super::CheckedPresentation;
use super::super::credential::{Context, Holder};
use super::{Checked, challenge, finish, issuer, keys, moment, only, presenter};
use crate::rules;

pub(in super::super) async fn verify_document(
    document: &Map<String, Value>,
    holder: Holder<'_>,
    context: Context<'_>,
    report: &mut Report,
) -> Option<CheckedPresentation> {
    let Holder::Bound(bound) = holder else {
        let checked = credential(document, context, report).await?;
        return finish(checked, &Format::LdpVc, None, context, report).await;
    };
    let methods = keys::of_methods(&verification_methods(document), &context.policy.holder_dids).await;
    let find = |url: &str, purpose| match purpose {
        Purpose::Authentication => methods.get(url).cloned(),
        Purpose::AssertionMethod => None,
    };
    let challenge = challenge(&bound, context);
    let presented = verify_presentation(document.clone(), &find, &challenge, &expected(context), report)?;
    let embedded = only(presented.presentation.credentials(), report)?;
    let Embedded::Document(document) = embedded else {
        report.fail(&rules::SHAPE, "the credential in the presentation has no embedded proof");
        return None;
    };
    let checked = credential(document, context, report).await?;
    if !presented.check_binding(&checked.credential, report) {
        return None;
    }
    finish(checked, &Format::LdpVc, presenter(&presented), context, report).await
}

/// Verifies a credential as it was issued. Whoever else has signed it has to be trusted, too.
async fn credential(
    document: &Map<String, Value>,
    context: Context<'_>,
    report: &mut Report,
) -> Option<Checked> {
    let party = document.get("issuer");
    let party = party.and_then(|party| party.as_str().or_else(|| party.get("id")?.as_str()));
    let mut methods = HashMap::new();
    let mut first: Option<Trusted> = None;
    for url in verification_methods(document) {
        if methods.contains_key(url) {
            continue;
        }
        let material = KeyMaterial { kid: Some(url), issuer: party, ..KeyMaterial::default() };
        let trusted = issuer(&material, document, context, &w3c_rules::DI_SIGNATURE, report).await?;
        let controller = url.split('#').next().unwrap_or(url).to_owned();
        methods.insert(url.to_owned(), VerificationMethod { key: trusted.key.clone(), controller });
        first.get_or_insert(trusted);
    }
    let find = |url: &str, purpose| match purpose {
        Purpose::AssertionMethod => methods.get(url).cloned(),
        Purpose::Authentication => None,
    };
    let verified = verify_credential(document.clone(), &find, &expected(context), report)?;
    // What has verified has a proof, and so a method.
    Some(Checked::new(verified, first?, None))
}

fn expected<'a>(context: Context<'a>) -> Expected<'a> {
    let policy = context.policy;
    Expected { cryptosuites: &policy.cryptosuites, ..Expected::at(moment(context), &policy.contexts) }
}
