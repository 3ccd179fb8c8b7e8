//! From JSON to the query's types: presence, JSON types and sizes. What the parts mean together is checked after it.

use serde_json::{Map, Value};

use super::error::{At, Problem, QueryError};
use super::query::{
    ClaimValue, ClaimsQuery, CredentialQuery, CredentialSetQuery, Format, MAX_CLAIM_SETS, MAX_CLAIMS,
    MAX_CREDENTIAL_SETS, MAX_CREDENTIALS, MAX_OPTIONS, MAX_TEXT, MAX_VALUES, Meta, TrustedAuthority,
};
use super::validate::within;
use credenza_core::{ClaimsPath, PathElement};

pub(super) fn query(query: &Value) -> Result<(Vec<CredentialQuery>, Vec<CredentialSetQuery>), QueryError> {
    let at = At::root();
    let query = object(&at, query)?;
    let credentials =
        required(&at, query, "credentials", |at, value| list(at, value, MAX_CREDENTIALS, credential))?;
    let sets =
        optional(&at, query, "credential_sets", |at, value| list(at, value, MAX_CREDENTIAL_SETS, set))?;
    Ok((credentials, sets.unwrap_or_default()))
}

fn credential(at: &At<'_>, value: &Value) -> Result<CredentialQuery, QueryError> {
    let query = object(at, value)?;
    let format = known(Format::new(&required(at, query, "format", text)?), query.get("meta"));
    let claim = |at: &At<'_>, value: &Value| claim(at, value, &format);
    Ok(CredentialQuery {
        id: required(at, query, "id", text)?,
        multiple: optional(at, query, "multiple", boolean)?.unwrap_or(false),
        meta: required(at, query, "meta", |at, value| meta(at, value, &format))?,
        trusted_authorities: optional(at, query, "trusted_authorities", |at, value| {
            list(at, value, MAX_VALUES, authority)
        })?
        .unwrap_or_default(),
        require_cryptographic_holder_binding: optional(
            at,
            query,
            "require_cryptographic_holder_binding",
            boolean,
        )?
        .unwrap_or(true),
        claims: optional(at, query, "claims", |at, value| list(at, value, MAX_CLAIMS, claim))?
            .unwrap_or_default(),
        claim_sets: optional(at, query, "claim_sets", |at, value| {
            list(at, value, MAX_CLAIM_SETS, |at, value| list(at, value, MAX_CLAIMS, text))
        })?
        .unwrap_or_default(),
        format,
    })
}

/// W3C formats that Appendix B does not have are known by what they ask for: without W3C types such a name is another
/// one's, `vc+sd-jwt` above all, which SD-JWT VC had before.
fn known(format: Format, meta: Option<&Value>) -> Format {
    let own = matches!(format, Format::JwtVcJsonLd | Format::VcJwt | Format::VcSdJwt);
    let typed = meta.is_some_and(|meta| meta.get("type_values").is_some());
    if own && !typed { Format::Other(format.as_str().to_owned()) } else { format }
}

fn meta(at: &At<'_>, value: &Value, format: &Format) -> Result<Meta, QueryError> {
    let meta = object(at, value)?;
    let texts = |at: &At<'_>, value: &Value| list(at, value, MAX_VALUES, text);
    Ok(match format {
        Format::SdJwtVc => Meta::SdJwtVc { vct_values: required(at, meta, "vct_values", texts)? },
        Format::Mdoc => Meta::Mdoc { doctype_value: required(at, meta, "doctype_value", text)? },
        Format::JwtVcJson | Format::LdpVc | Format::JwtVcJsonLd | Format::VcJwt | Format::VcSdJwt => {
            Meta::W3c {
                type_values: required(at, meta, "type_values", |at, value| {
                    list(at, value, MAX_VALUES, texts)
                })?,
            }
        }
        Format::Other(_) => Meta::Other(meta.clone()),
    })
}

fn authority(at: &At<'_>, value: &Value) -> Result<TrustedAuthority, QueryError> {
    let query = object(at, value)?;
    Ok(TrustedAuthority {
        kind: required(at, query, "type", text)?,
        values: required(at, query, "values", |at, value| list(at, value, MAX_VALUES, text))?,
    })
}

fn claim(at: &At<'_>, value: &Value, format: &Format) -> Result<ClaimsQuery, QueryError> {
    let query = object(at, value)?;
    // To other formats it is an unknown member.
    let intent_to_retain = match format {
        Format::Mdoc => optional(at, query, "intent_to_retain", boolean)?,
        _ => None,
    };
    Ok(ClaimsQuery {
        id: optional(at, query, "id", text)?,
        path: required(at, query, "path", path)?,
        values: optional(at, query, "values", |at, value| list(at, value, MAX_VALUES, claim_value))?
            .unwrap_or_default(),
        intent_to_retain,
    })
}

fn path(at: &At<'_>, value: &Value) -> Result<ClaimsPath, QueryError> {
    let path = ClaimsPath::from_value(value).map_err(|error| at.refuse(error.into()))?;
    let too_long = |element: &PathElement| matches!(element, PathElement::Key(key) if key.len() > MAX_TEXT);
    if path.elements().iter().any(too_long) { Err(at.refuse(Problem::TooLong)) } else { Ok(path) }
}

fn claim_value(at: &At<'_>, value: &Value) -> Result<ClaimValue, QueryError> {
    match ClaimValue::parse(value) {
        Some(ClaimValue::Text(text)) if text.len() > MAX_TEXT => Err(at.refuse(Problem::TooLong)),
        Some(value) => Ok(value),
        None => Err(at.refuse(Problem::Type("a string, an integer or a boolean"))),
    }
}

fn set(at: &At<'_>, value: &Value) -> Result<CredentialSetQuery, QueryError> {
    let query = object(at, value)?;
    Ok(CredentialSetQuery {
        options: required(at, query, "options", |at, value| {
            list(at, value, MAX_OPTIONS, |at, value| list(at, value, MAX_CREDENTIALS, text))
        })?,
        required: optional(at, query, "required", boolean)?.unwrap_or(true),
    })
}

fn required<T>(
    at: &At<'_>,
    object: &Map<String, Value>,
    name: &'static str,
    read: impl Fn(&At<'_>, &Value) -> Result<T, QueryError>,
) -> Result<T, QueryError> {
    optional(at, object, name, read)?.ok_or_else(|| at.member(name).refuse(Problem::Missing))
}

fn optional<T>(
    at: &At<'_>,
    object: &Map<String, Value>,
    name: &'static str,
    read: impl Fn(&At<'_>, &Value) -> Result<T, QueryError>,
) -> Result<Option<T>, QueryError> {
    object.get(name).map(|value| read(&at.member(name), value)).transpose()
}

/// A non-empty list. Its size is looked at before its elements.
fn list<T>(
    at: &At<'_>,
    value: &Value,
    most: usize,
    read: impl Fn(&At<'_>, &Value) -> Result<T, QueryError>,
) -> Result<Vec<T>, QueryError> {
    let items = value.as_array().ok_or_else(|| at.refuse(Problem::Type("an array")))?;
    within(at, items.len(), most)?;
    items.iter().enumerate().map(|(index, item)| read(&at.item(index), item)).collect()
}

fn object<'v>(at: &At<'_>, value: &'v Value) -> Result<&'v Map<String, Value>, QueryError> {
    value.as_object().ok_or_else(|| at.refuse(Problem::Type("an object")))
}

fn text(at: &At<'_>, value: &Value) -> Result<String, QueryError> {
    match value.as_str() {
        Some(text) if text.len() > MAX_TEXT => Err(at.refuse(Problem::TooLong)),
        Some(text) => Ok(text.to_owned()),
        None => Err(at.refuse(Problem::Type("a string"))),
    }
}

fn boolean(at: &At<'_>, value: &Value) -> Result<bool, QueryError> {
    value.as_bool().ok_or_else(|| at.refuse(Problem::Type("a boolean")))
}
