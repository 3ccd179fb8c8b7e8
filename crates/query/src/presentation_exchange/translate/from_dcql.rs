//! From a query of DCQL to a definition.

use std::collections::BTreeSet;

use credenza_core::PathElement;
use serde_json::{Map, Value, json};

use super::Untranslatable;
use crate::dcql::{ClaimsQuery, CredentialQuery, DcqlQuery, Format, Meta};

/// Says a query as a definition with this id. `formats`: for a format its designations, with the algorithms of each.
///
/// # Errors
/// See [`Untranslatable`].
pub fn from_dcql(
    query: &DcqlQuery,
    id: &str,
    formats: impl Fn(&Format) -> Map<String, Value>,
) -> Result<Value, Untranslatable> {
    let mut descriptors = Vec::new();
    let mut ids = BTreeSet::new();
    for credential in query.credentials() {
        let refuse = |what| Untranslatable::Part { id: credential.id.clone(), what };
        let id = descriptor_id(credential);
        if !ids.insert(id) {
            return Err(refuse("two credential queries are for the same document type"));
        }
        let fields = described(credential).map_err(refuse)?;
        let format = formats(&credential.format);
        if format.is_empty() {
            return Err(refuse("the format is not known"));
        }
        let mut descriptor = json!({
            "id": id,
            "format": format,
            "constraints": { "fields": fields },
        });
        if !credential.format.is_w3c() {
            set(&mut descriptor, &["constraints", "limit_disclosure"], json!("required"));
        }
        let groups = groups(query, &credential.id);
        if !groups.is_empty() {
            set(&mut descriptor, &["group"], json!(groups));
        }
        descriptors.push(descriptor);
    }
    let mut definition = json!({ "id": id, "input_descriptors": descriptors });
    if !query.credential_sets().is_empty() {
        let requirements = query.credential_sets().iter().enumerate().map(|(number, set)| {
            let from = |option: usize| json!({ "rule": "all", "from": group(number, option) });
            match (set.options.len(), set.required) {
                (1, true) => from(0),
                (options, required) => json!({
                    "rule": "pick",
                    "min": usize::from(required),
                    "from_nested": (0..options).map(from).collect::<Vec<_>>(),
                }),
            }
        });
        set(&mut definition, &["submission_requirements"], requirements.collect());
    }
    Ok(definition)
}

/// What the input descriptor of a credential query is called: an mdoc's is its document type.
#[must_use]
pub fn descriptor_id(query: &CredentialQuery) -> &str {
    match &query.meta {
        Meta::Mdoc { doctype_value } => doctype_value,
        _ => &query.id,
    }
}

fn set(value: &mut Value, path: &[&str], new: Value) {
    let Some((last, around)) = path.split_last() else { return };
    let place = around.iter().try_fold(value, |value, name| value.get_mut(*name));
    if let Some(members) = place.and_then(Value::as_object_mut) {
        members.insert((*last).to_owned(), new);
    }
}

fn group(set: usize, option: usize) -> String {
    format!("set-{set}-option-{option}")
}

fn groups(query: &DcqlQuery, id: &str) -> Vec<String> {
    let mut groups = Vec::new();
    for (number, set) in query.credential_sets().iter().enumerate() {
        for (option, ids) in set.options.iter().enumerate() {
            if ids.iter().any(|one| one == id) {
                groups.push(group(number, option));
            }
        }
    }
    groups
}

fn described(query: &CredentialQuery) -> Result<Vec<Value>, &'static str> {
    if query.multiple {
        return Err("it takes several credentials");
    }
    if !query.claim_sets.is_empty() {
        return Err("it has claim_sets");
    }
    if !query.trusted_authorities.is_empty() {
        return Err("it has trusted_authorities");
    }
    if !query.require_cryptographic_holder_binding {
        return Err("it does without holder binding");
    }
    let mut fields = Vec::new();
    match &query.meta {
        Meta::SdJwtVc { vct_values } => {
            fields.push(json!({ "path": ["$.vct"], "filter": { "type": "string", "enum": vct_values } }));
        }
        Meta::W3c { type_values } => {
            let all = |types: &Vec<String>| {
                let contains = types.iter().map(|one| json!({ "contains": { "const": one } }));
                json!({ "allOf": contains.collect::<Vec<_>>() })
            };
            let any: Vec<_> = type_values.iter().map(all).collect();
            let filter = json!({ "type": "array", "anyOf": any });
            fields.push(json!({ "path": ["$.type", "$.vc.type"], "filter": filter }));
        }
        Meta::Mdoc { .. } | Meta::Any {} => {}
        Meta::Other(_) => return Err("the format is not known"),
    }
    for claim in &query.claims {
        fields.push(asked(claim, &query.format)?);
    }
    Ok(fields)
}

fn asked(claim: &ClaimsQuery, format: &Format) -> Result<Value, &'static str> {
    let mut elements = claim.path.elements();
    let mut filter = (!claim.values.is_empty()).then(|| json!({ "enum": claim.values }));
    if filter.is_some() && elements.contains(&PathElement::All) {
        // Of what a path selects only the first value is looked at: what any may be is said of the array.
        match elements.split_last() {
            Some((PathElement::All, rest)) if !rest.contains(&PathElement::All) && !rest.is_empty() => {
                elements = rest;
                filter = filter.map(|values| json!({ "type": "array", "contains": values }));
            }
            _ => return Err("a claim in an array has values"),
        }
    }
    let mut path = "$".to_owned();
    let quoted = |name: &str| name.replace('\\', "\\\\").replace('\'', "\\'");
    for element in elements {
        match element {
            PathElement::Key(name) => path.extend(["['", &quoted(name), "']"]),
            PathElement::Index(index) => path.push_str(&format!("[{index}]")),
            PathElement::All => path.push_str("[*]"),
        }
    }
    let enveloped = path.replacen('$', "$.vc", 1);
    let paths = if format.is_w3c_jwt() { vec![path, enveloped] } else { vec![path] };
    let mut field = json!({ "path": paths });
    if let Some(filter) = filter {
        set(&mut field, &["filter"], filter);
    }
    if *format == Format::Mdoc {
        set(&mut field, &["intent_to_retain"], json!(claim.intent_to_retain.unwrap_or(false)));
    }
    Ok(field)
}
