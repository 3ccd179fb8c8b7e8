//! Verifying W3C credentials in each way of securing them (OID4VP 1.0 Appendix B.1; VC-JOSE-COSE).
//!
//! A holder signs a presentation that has the credential in it; of an SD-JWT he signs the disclosures, as for any
//! SD-JWT. Credentials that need no holder come as they were issued.

mod document;
mod jwt;
mod keys;
mod sd_jwt;

use credenza_core::Report;
use credenza_crypto::Jwk;
use credenza_formats::w3c::binding::Challenge;
use credenza_formats::w3c::data_integrity::expanded_types;
use credenza_formats::w3c::{Moment, VerifiedCredential, VerifiedPresentation};
use credenza_query::dcql::Format;
use credenza_trust::{KeyMaterial, Trusted};
use serde_json::{Map, Value};

pub(super) use document::verify_document;
pub(super) use jwt::verify_jwt;
pub(super) use sd_jwt::verify_sd_jwt;

use super::CheckedPresentation;
use super::credential::{self, Bound, Context, authorities, authority_key_ids, check_status};
use crate::rules;

/// What every credential is, beside what it says.
const BASE_TYPE: &str = "VerifiableCredential";
/// Credentials with more types are refused: each has to be one that the issuer is trusted for.
const MAX_TYPES: usize = 16;

/// A credential whose issuer is trusted, and verified in itself.
struct Checked {
    credential: VerifiedCredential,
    trusted: Trusted,
    /// Everything that says where a status is.
    statuses: Vec<Value>,
}

impl Checked {
    /// `status` is the registered claim beside the document, when there is one.
    fn new(credential: VerifiedCredential, trusted: Trusted, status: Option<Value>) -> Self {
        let entries = credential.credential.status().cloned().map(Value::Object);
        let statuses = entries.chain(status).collect();
        Self { credential, trusted, statuses }
    }
}

/// Finds the issuer's key, which has to be good for each of the types that the credential claims to have.
async fn issuer(
    material: &KeyMaterial<'_>,
    document: &Map<String, Value>,
    context: Context<'_>,
    signature: &'static credenza_core::Rule,
    report: &mut Report,
) -> Option<Trusted> {
    let types = match document.get("type") {
        Some(Value::Array(types)) => types.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let mut types: Vec<&str> = types.iter().filter_map(Value::as_str).collect();
    types.retain(|one| *one != BASE_TYPE);
    if !report.check(&rules::TYPES, types.len() <= MAX_TYPES, || format!("more than {MAX_TYPES}")) {
        return None;
    }
    let (first, more) = types.split_first().unwrap_or((&BASE_TYPE, &[]));
    let trusted = credential::issuer(material, first, signature, context, report).await?;
    for one in more {
        let again = credential::issuer(material, one, signature, context, report).await?;
        let same = again.key == trusted.key;
        if !report.check(&rules::KEY_MATERIAL, same, || "another key for each of its types") {
            return None;
        }
    }
    Some(trusted)
}

/// Who has presented it: the key that has signed the presentation.
fn presenter(presentation: &VerifiedPresentation) -> Option<Jwk> {
    presentation.signers.first().map(|signer| Jwk::new(signer.key.clone()))
}

fn moment(context: Context<'_>) -> Moment {
    Moment { now: context.now, leeway: context.policy.leeway }
}

fn challenge<'a>(bound: &Bound<'a>, context: Context<'_>) -> Challenge<'a> {
    Challenge { max_age: context.policy.max_age, ..Challenge::new(bound.nonce, bound.audience) }
}

/// The one credential of a presentation.
fn only<T>(mut credentials: Vec<T>, report: &mut Report) -> Option<T> {
    let count = credentials.len();
    report
        .check(&rules::ONE_CREDENTIAL, count == 1, || format!("there are {count}"))
        .then(|| credentials.pop())
        .flatten()
}

/// The last checks, and the result. `holder` is the key that was proved, when one was asked for.
async fn finish(
    checked: Checked,
    format: &Format,
    holder: Option<Jwk>,
    context: Context<'_>,
    report: &mut Report,
) -> Option<CheckedPresentation> {
    let Checked { credential: VerifiedCredential { credential, holder: named, .. }, trusted, statuses } =
        checked;
    if statuses.is_empty() {
        check_status(None, context, report).await;
    }
    for status in &statuses {
        if !check_status(Some(status), context, report).await {
            return None;
        }
    }
    let mut types = expanded_types(credential.document(), &context.policy.contexts);
    if *format != Format::LdpVc {
        // Where JSON-LD is not used a type is what is written (§B.1.3.1).
        for written in credential.types() {
            if !types.iter().any(|known| known == written) {
                types.push(written.to_owned());
            }
        }
    }
    Some(CheckedPresentation {
        query_id: String::new(),
        format: format.as_str().to_owned(),
        types,
        issuer: Some(credential.issuer().to_owned()),
        authority_key_ids: authority_key_ids(&trusted),
        authorities: authorities(&trusted),
        issuer_evidence: trusted.how.into_owned(),
        claims: Value::Object(credential.into_document()),
        device_signed: Map::new(),
        transaction_data: Vec::new(),
        key_binding: None,
        holder_bound: holder.is_some(),
        holder: holder.or(named),
    })
}
