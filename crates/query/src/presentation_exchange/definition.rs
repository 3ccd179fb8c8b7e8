//! Presentation definitions: what a verifier asks for.

use std::collections::HashSet;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::error::{Defect, DefinitionError};
use super::filter::Filter;
use super::json_path::JsonPath;
use super::read::{boolean, filled, list, object, optional, required, text};
use super::requirements::{self, SubmissionRequirement};

/// No definition has more input descriptors.
pub const MAX_DESCRIPTORS: usize = 64;
/// No input descriptor has more fields.
pub const MAX_FIELDS: usize = 64;
/// No field has more paths.
pub const MAX_PATHS: usize = 32;
/// No input descriptor belongs to more groups, and no format list is longer.
const MAX_NAMES: usize = 32;

/// A presentation definition that keeps the rules.
#[derive(Debug, Clone, PartialEq)]
pub struct PresentationDefinition {
    /// Its id, which the submission names.
    pub id: String,
    /// What it is called.
    pub name: Option<String>,
    /// What it is for.
    pub purpose: Option<String>,
    /// The formats that are accepted where an input descriptor does not say it: designations, with the algorithms.
    pub format: Option<Map<String, Value>>,
    /// What is asked for.
    pub input_descriptors: Vec<InputDescriptor>,
    /// Which of it is needed; none: all.
    pub submission_requirements: Vec<SubmissionRequirement>,
    source: Value,
}

/// One credential that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct InputDescriptor {
    /// Its id, which the submission names; for an mdoc the document type.
    pub id: String,
    /// What it is called.
    pub name: Option<String>,
    /// What it is for.
    pub purpose: Option<String>,
    /// The groups that submission requirements know it by.
    pub group: Vec<String>,
    /// The formats that are accepted: designations, with the algorithms.
    pub format: Option<Map<String, Value>>,
    /// Whether more than the fields may be disclosed.
    pub limit_disclosure: Option<LimitDisclosure>,
    /// The claims that are asked for.
    pub fields: Vec<Field>,
    /// A feature that the verifier insists on and that is not supported: nothing answers this descriptor.
    pub unsupported: Option<&'static str>,
}

/// Whether nothing but the fields may be disclosed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitDisclosure {
    /// Nothing else, or nothing at all.
    Required,
    /// Nothing else where that is possible.
    Preferred,
}

/// Whether a yes or no is wanted in place of the claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predicate {
    /// Nothing else. No format here can derive it.
    Required,
    /// If possible; otherwise the claim.
    Preferred,
}

/// A claim that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its id.
    pub id: Option<String>,
    /// What it is called.
    pub name: Option<String>,
    /// What it is for.
    pub purpose: Option<String>,
    /// Where the claim may be, the first that fits counts.
    pub path: Vec<JsonPath>,
    /// Which values are meant.
    pub filter: Option<Filter>,
    /// Whether the verifier can do without it.
    pub optional: bool,
    /// Whether a yes or no is wanted.
    pub predicate: Option<Predicate>,
    /// Whether the verifier means to keep the claim.
    pub intent_to_retain: Option<bool>,
}

impl PresentationDefinition {
    /// Reads a definition as it stands in a request. Members that are not known are ignored.
    ///
    /// # Errors
    /// See [`DefinitionError`].
    pub fn parse(value: &Value) -> Result<Self, DefinitionError> {
        read(value).map_err(|error| error.within("presentation_definition"))
    }

    /// The input descriptor of this id.
    #[must_use]
    pub fn descriptor(&self, id: &str) -> Option<&InputDescriptor> {
        self.input_descriptors.iter().find(|descriptor| descriptor.id == id)
    }

    /// The formats that are accepted for a descriptor of this definition; none: any.
    #[must_use]
    pub fn formats<'d>(&'d self, descriptor: &'d InputDescriptor) -> Option<&'d Map<String, Value>> {
        descriptor.format.as_ref().or(self.format.as_ref())
    }
}

impl Serialize for PresentationDefinition {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.source.serialize(out)
    }
}

impl<'de> Deserialize<'de> for PresentationDefinition {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Self::parse(&Value::deserialize(input)?).map_err(D::Error::custom)
    }
}

fn read(value: &Value) -> Result<PresentationDefinition, DefinitionError> {
    let members = object(value)?;
    let input_descriptors =
        required(members, "input_descriptors", |value| list(value, MAX_DESCRIPTORS, descriptor))?;
    let mut ids = HashSet::new();
    let mut field_ids = HashSet::new();
    for (position, descriptor) in input_descriptors.iter().enumerate() {
        let fields = descriptor.fields.iter().filter_map(|field| field.id.as_deref());
        if !ids.insert(descriptor.id.as_str()) || !fields.into_iter().all(|id| field_ids.insert(id)) {
            let place = format_args!("input_descriptors[{position}]").to_string();
            return Err(DefinitionError::from(Defect::Repeated).within("id").within(place));
        }
    }
    let submission_requirements =
        optional(members, "submission_requirements", |value| requirements::read(value, &input_descriptors))?;
    Ok(PresentationDefinition {
        id: required(members, "id", text)?,
        name: optional(members, "name", text)?,
        purpose: optional(members, "purpose", text)?,
        format: optional(members, "format", formats)?,
        submission_requirements: submission_requirements.unwrap_or_default(),
        input_descriptors,
        source: value.clone(),
    })
}

fn descriptor(value: &Value) -> Result<InputDescriptor, DefinitionError> {
    let members = object(value)?;
    if members.contains_key("schema") {
        return Err(DefinitionError::from(Defect::EarlierVersion).within("schema"));
    }
    let constraints = required(members, "constraints", |value| Ok(object(value)?.clone()))?;
    let constraints = &constraints;
    if constraints.is_empty() {
        return Err(DefinitionError::from(Defect::Empty).within("constraints"));
    }
    let inside = |error: DefinitionError| error.within("constraints");
    let fields = optional(constraints, "fields", |value| list(value, MAX_FIELDS, field)).map_err(inside)?;
    let limit_disclosure = optional(constraints, "limit_disclosure", limit).map_err(inside)?;
    Ok(InputDescriptor {
        id: required(members, "id", text)?,
        name: optional(members, "name", text)?,
        purpose: optional(members, "purpose", text)?,
        group: optional(members, "group", |value| list(value, MAX_NAMES, text))?.unwrap_or_default(),
        format: optional(members, "format", formats)?,
        limit_disclosure,
        fields: fields.unwrap_or_default(),
        unsupported: unsupported(constraints),
    })
}

fn limit(value: &Value) -> Result<LimitDisclosure, DefinitionError> {
    match value.as_str() {
        Some("required") => Ok(LimitDisclosure::Required),
        Some("preferred") => Ok(LimitDisclosure::Preferred),
        _ => Err(Defect::Expected("required or preferred").into()),
    }
}

/// A feature that is insisted on and not supported. What is only preferred may be left.
fn unsupported(constraints: &Map<String, Value>) -> Option<&'static str> {
    let is_required = |value: &Value| value.as_str() == Some("required");
    let insists = |entry: &Value| entry.get("directive").is_some_and(is_required);
    if constraints.get("subject_is_issuer").is_some_and(is_required) {
        return Some("subject_is_issuer");
    }
    if let Some(statuses) = constraints.get("statuses") {
        // `active` is what the status of a credential is checked for anyway.
        let demanded = |(name, entry): (&String, &Value)| {
            let directive = entry.get("directive").and_then(Value::as_str);
            name != "active" && directive == Some("required")
        };
        if statuses.as_object().is_none_or(|statuses| statuses.iter().any(demanded)) {
            return Some("statuses");
        }
    }
    let listed = |name: &'static str| {
        let entries = constraints.get(name)?;
        entries.as_array().is_none_or(|entries| entries.iter().any(insists)).then_some(name)
    };
    listed("is_holder").or_else(|| listed("same_subject"))
}

fn field(value: &Value) -> Result<Field, DefinitionError> {
    let members = object(value)?;
    let filter = optional(members, "filter", Filter::parse)?;
    let predicate = optional(members, "predicate", |value| match value.as_str() {
        Some("required") => Ok(Predicate::Required),
        Some("preferred") => Ok(Predicate::Preferred),
        _ => Err(Defect::Expected("required or preferred").into()),
    })?;
    if predicate.is_some() && filter.is_none() {
        return Err(DefinitionError::from(Defect::PredicateWithoutFilter).within("predicate"));
    }
    Ok(Field {
        id: optional(members, "id", text)?,
        name: optional(members, "name", text)?,
        purpose: optional(members, "purpose", text)?,
        path: required(members, "path", |value| filled(value, MAX_PATHS, path))?,
        filter,
        optional: optional(members, "optional", boolean)?.unwrap_or(false),
        predicate,
        intent_to_retain: optional(members, "intent_to_retain", boolean)?,
    })
}

/// The root is no claim: who asks for it asks for all there is, without saying so.
fn path(value: &Value) -> Result<JsonPath, DefinitionError> {
    let path = JsonPath::parse(&text(value)?)?;
    if path.is_root() { Err(Defect::JsonPath.into()) } else { Ok(path) }
}

fn formats(value: &Value) -> Result<Map<String, Value>, DefinitionError> {
    let formats = object(value)?;
    if formats.is_empty() {
        return Err(Defect::Empty.into());
    }
    if formats.len() > MAX_NAMES {
        return Err(Defect::TooMany(MAX_NAMES).into());
    }
    for (name, algorithms) in formats {
        let lists = object(algorithms).map_err(|error| error.within(name))?;
        for (kind, names) in lists {
            filled(names, MAX_NAMES, |value| Ok(value.clone()))
                .map_err(|error| error.within(kind).within(name))?;
        }
    }
    Ok(formats.clone())
}
