//! Requests: recognised, translated from the wire and to it.

use credenza_core::json;
use credenza_oauth::Form;
use credenza_query::dcql::{Format, dialect};
use credenza_query::presentation_exchange::{PresentationDefinition, descriptor_id, from_dcql};
use serde_json::{Map, Value};

use super::{Definition, Descriptor, Dialect, DialectError, Language, Spoken, formats};
use crate::messages::{Attempt, AuthorizationRequest, ClientId, ResponseMode};

/// A request in a dialect, as one of 1.0.
#[derive(Debug, Clone)]
pub struct Received {
    /// The request. It has no query when the query is a definition.
    pub request: AuthorizationRequest,
    /// What it was.
    pub spoken: Spoken,
    /// The query, when it is in Presentation Exchange.
    pub definition: Asking,
}

/// Where a presentation definition is.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Asking {
    /// There is none: the query is DCQL, or missing.
    #[default]
    Otherwise,
    /// In the request.
    Here(Box<PresentationDefinition>),
    /// To be fetched from this URL (`presentation_definition_uri`).
    At(String),
}

/// The draft that a request is written in; `None`: it is one of 1.0, as far as can be seen. A request that has the marks
/// of several drafts is taken for the oldest.
#[must_use]
pub fn detect(members: &Map<String, Value>) -> Option<Dialect> {
    let has = |name: &str| members.contains_key(name);
    let defined = has("presentation_definition") || has("presentation_definition_uri");
    if has("client_id_scheme") {
        return Some(Dialect::Draft20);
    }
    let client_id = members.get("client_id").and_then(Value::as_str).unwrap_or_default();
    let old_prefix = ["did:", "https:", "http:"].iter().any(|prefix| client_id.starts_with(prefix));
    let metadata = members.get("client_metadata").map(parsed);
    let old_metadata = metadata.is_some_and(|metadata| {
        metadata.get("vp_formats").is_some() && metadata.get("vp_formats_supported").is_none()
    });
    (defined || old_prefix || old_metadata).then_some(Dialect::Draft24)
}

/// Parameters of drafts, besides those of 1.0, in the query of a URL.
const PARAMETERS: [&str; 3] = ["client_id_scheme", "presentation_definition", "presentation_definition_uri"];

/// The parameters of a URL's query, those of drafts too.
pub(crate) fn members(form: &Form<'_>) -> Map<String, Value> {
    let names = AuthorizationRequest::parameters().chain(PARAMETERS);
    names.filter_map(|name| Some((name.to_owned(), form.get(name)?.into()))).collect()
}

/// JSON that may be text, as in the query of a URL.
fn parsed(value: &Value) -> Value {
    match value {
        Value::String(text) => json::parse(text.as_bytes()).unwrap_or_default(),
        other => other.clone(),
    }
}

/// Reads a request in a dialect.
///
/// # Errors
/// See [`DialectError`].
pub fn from_wire(dialect: Dialect, mut members: Map<String, Value>) -> Result<Received, DialectError> {
    let client_id = dialect.client_from_wire(&members)?;
    let spoken_id = members.get("client_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    members.insert("client_id".to_owned(), client_id.as_str().into());
    members.remove("client_id_scheme");
    if let Some(metadata) = members.remove("client_metadata") {
        let Value::Object(metadata) = parsed(&metadata) else {
            return Err(DialectError::Malformed("client_metadata"));
        };
        members.insert("client_metadata".to_owned(), Value::Object(formats::from_wire(metadata)?));
    }
    let definition = members.remove("presentation_definition").as_ref().map(parsed);
    let elsewhere = members.remove("presentation_definition_uri");
    let query = members.remove("dcql_query");
    let mut request: AuthorizationRequest = serde_json::from_value(Value::Object(members))
        .map_err(|_| DialectError::Malformed("a parameter of the request"))?;
    let mut spoken = Spoken::new(dialect, spoken_id);
    let definition = match (definition, elsewhere, query) {
        (None, None, None) => Asking::Otherwise,
        (None, None, Some(query)) => {
            spoken.as_text = query.is_string();
            request.dcql_query = Some(Attempt::new(dialect::parse(&parsed(&query))?));
            Asking::Otherwise
        }
        (Some(definition), None, None) => {
            let definition = PresentationDefinition::parse(&definition)?;
            spoken.definition = Some(Definition::of(&definition));
            Asking::Here(Box::new(definition))
        }
        (None, Some(Value::String(uri)), None) => Asking::At(uri),
        (None, Some(_), None) => return Err(DialectError::Malformed("presentation_definition_uri")),
        _ => return Err(DialectError::Malformed("the query, of which there are several,")),
    };
    Ok(Received { request, spoken, definition })
}

/// Says a request of 1.0 in a dialect: its parameters, or the claims of its request object.
///
/// # Errors
/// See [`DialectError`].
pub fn to_wire(
    dialect: Dialect,
    language: Language,
    request: &AuthorizationRequest,
) -> Result<(Map<String, Value>, Spoken), DialectError> {
    let (mut members, mut spoken, supported) = head(dialect, request)?;
    let Some(query) = request.dcql_query.as_ref().and_then(|query| query.0.as_ref().ok()) else {
        return Ok((members, spoken));
    };
    if !is_encrypted(request) && query.credentials().iter().any(|one| one.format == Format::Mdoc) {
        return Err(DialectError::Mdoc);
    }
    match language {
        Language::Dcql => {
            // Values stand alone there, and not in lists.
            if query.credentials().iter().any(|one| one.multiple) {
                return Err(DialectError::Absent("multiple"));
            }
            if let Some(query) = members.get_mut("dcql_query") {
                dcql_to_wire(dialect, query);
                spoken.as_text = !dialect.has_dcql();
                if spoken.as_text {
                    *query = query.to_string().into();
                }
            }
        }
        Language::PresentationExchange => {
            members.remove("dcql_query");
            let id = request.nonce.clone().unwrap_or_default();
            let designated =
                |format: &Format| formats::designations(dialect, format, supported.get(format.as_str()));
            let definition = from_dcql(query, &id, designated)?;
            members.insert("presentation_definition".to_owned(), definition);
            let descriptors = query.credentials().iter().map(|one| Descriptor {
                query_id: one.id.clone(),
                id: descriptor_id(one).to_owned(),
                format: one.format.as_str().to_owned(),
            });
            spoken.definition = Some(Definition { id, descriptors: descriptors.collect() });
        }
    }
    Ok((members, spoken))
}

/// Says a request that asks with a definition, which is sent as it is.
///
/// # Errors
/// See [`DialectError`].
pub fn definition_to_wire(
    dialect: Dialect,
    definition: &PresentationDefinition,
    request: &AuthorizationRequest,
) -> Result<(Map<String, Value>, Spoken), DialectError> {
    let (mut members, mut spoken, _) = head(dialect, request)?;
    let wants = |name: &str| {
        let named = |one| definition.formats(one).is_some_and(|formats| formats.contains_key(name));
        definition.input_descriptors.iter().any(named)
    };
    if !is_encrypted(request) && wants(Format::Mdoc.as_str()) {
        return Err(DialectError::Mdoc);
    }
    let said = serde_json::to_value(definition).map_err(|_| DialectError::Malformed("the definition"))?;
    members.insert("presentation_definition".to_owned(), said);
    spoken.definition = Some(Definition::asking(definition));
    Ok((members, spoken))
}

fn is_encrypted(request: &AuthorizationRequest) -> bool {
    request.response_mode.is_some_and(ResponseMode::is_encrypted)
}

/// Everything but the query, and the formats that the verifier knows, by the names of 1.0.
fn head(
    dialect: Dialect,
    request: &AuthorizationRequest,
) -> Result<(Map<String, Value>, Spoken, Value), DialectError> {
    let Ok(Value::Object(mut members)) = serde_json::to_value(request) else {
        return Err(DialectError::Malformed("the request"));
    };
    for name in ["verifier_info", "expected_origins"] {
        if members.contains_key(name) {
            return Err(DialectError::Absent(name));
        }
    }
    for name in ["transaction_data", "request_uri_method", "wallet_nonce"] {
        if dialect.has_scheme() && members.contains_key(name) {
            return Err(DialectError::Absent(name));
        }
    }
    let client_id = ClientId::parse(request.client_id.clone().unwrap_or_default());
    let (spoken_id, scheme) = dialect.client_to_wire(&client_id)?;
    members.insert("client_id".to_owned(), spoken_id.clone().into());
    if let Some(scheme) = scheme {
        members.insert("client_id_scheme".to_owned(), scheme.into());
    }
    let said = match members.remove("client_metadata") {
        Some(Value::Object(metadata)) => metadata,
        _ => Map::new(),
    };
    let supported = said.get("vp_formats_supported").cloned().unwrap_or_default();
    if !said.is_empty() {
        members.insert("client_metadata".to_owned(), Value::Object(formats::to_wire(dialect, said)));
    }
    Ok((members, Spoken::new(dialect, spoken_id), supported))
}

/// Names of the draft: of the format of SD-JWT VCs, and of data elements of mdocs.
fn dcql_to_wire(dialect: Dialect, query: &mut Value) {
    let credentials = query.get_mut("credentials").and_then(Value::as_array_mut);
    for credential in credentials.into_iter().flatten() {
        let format = credential.get("format").and_then(Value::as_str).map(Format::new);
        if format == Some(Format::SdJwtVc)
            && let Some(members) = credential.as_object_mut()
        {
            members.insert("format".to_owned(), dialect.sd_jwt().into());
        }
        if format != Some(Format::Mdoc) || dialect == Dialect::Draft24 {
            continue;
        }
        let claims = credential.get_mut("claims").and_then(Value::as_array_mut);
        for claim in claims.into_iter().flatten().filter_map(Value::as_object_mut) {
            let path = claim.remove("path");
            if let Some([namespace, name]) = path.as_ref().and_then(Value::as_array).map(Vec::as_slice) {
                claim.insert("namespace".to_owned(), namespace.clone());
                claim.insert("claim_name".to_owned(), name.clone());
            }
            // It came with the path.
            claim.remove("intent_to_retain");
        }
    }
}
