//! DCQL of the drafts before 1.0, translated to the final form.
//!
//! What differs: an mdoc claim is named by `namespace` and `claim_name` (drafts 22 and 23), `meta` may be left out or be
//! empty for any format (before draft 29), and an SD-JWT VC is called `vc+sd-jwt` (before draft 23).

use serde_json::{Map, Value, json};

use super::error::QueryError;
use super::query::{DcqlQuery, Format};

/// Reads a query in the form of the final text or of a draft from 22 on.
///
/// # Errors
/// [`QueryError`], as of [`DcqlQuery::parse`].
pub fn parse(query: &Value) -> Result<DcqlQuery, QueryError> {
    let mut query = query.clone();
    let mut untyped = Vec::new();
    if let Some(credentials) = query.get_mut("credentials").and_then(Value::as_array_mut) {
        for (position, credential) in credentials.iter_mut().enumerate() {
            if let Value::Object(credential) = credential
                && translate(credential)
            {
                untyped.push(position);
            }
        }
    }
    let mut query = DcqlQuery::parse(&query)?;
    query.accept_any_type(&untyped);
    Ok(query)
}

/// Translates one credential query in place. Returns whether it accepts any type.
fn translate(credential: &mut Map<String, Value>) -> bool {
    let has_types = |meta: &Value| meta.get("type_values").is_some();
    let legacy = credential.get("format").and_then(Value::as_str) == Some("vc+sd-jwt");
    // With W3C types it is another format of that name, which 1.0 does not have.
    if legacy && !credential.get("meta").is_some_and(has_types) {
        credential.insert("format".into(), json!(Format::SdJwtVc.as_str()));
    }
    let format = Format::new(credential.get("format").and_then(Value::as_str).unwrap_or_default());
    if let Some(claims) = credential.get_mut("claims").and_then(Value::as_array_mut) {
        for claim in claims.iter_mut().filter_map(Value::as_object_mut) {
            if let (None, Some(namespace), Some(name)) =
                (claim.get("path"), claim.get("namespace"), claim.get("claim_name"))
            {
                let path = json!([namespace, name]);
                claim.insert("path".into(), path);
            }
        }
    }
    let unconstrained = match credential.get("meta") {
        None => true,
        Some(Value::Object(meta)) => meta.is_empty(),
        Some(_) => false,
    };
    if !unconstrained {
        return false;
    }
    // Whatever the final form needs here: it is taken out again.
    let any = match format {
        Format::SdJwtVc => json!({"vct_values": ["any"]}),
        Format::Mdoc => json!({"doctype_value": "any"}),
        Format::JwtVcJson | Format::LdpVc | Format::JwtVcJsonLd | Format::VcJwt | Format::VcSdJwt => {
            json!({"type_values": [["any"]]})
        }
        Format::Other(_) => json!({}),
    };
    credential.insert("meta".into(), any);
    !matches!(format, Format::Other(_))
}
