//! Filters: the part of JSON Schema that says which values are meant.

use std::cmp::Ordering;

use credenza_core::UnixTime;
use regex::Regex;
use serde_json::{Map, Number, Value};

use super::error::{Defect, DefinitionError};
use super::pattern;
use super::read::{boolean, filled, list, number, object, optional, text};

/// Schemas may be in schemas so often, references counted.
pub const MAX_FILTER_DEPTH: usize = 16;

/// No filter has more schemas in it, each counted as often as it is referred to.
pub const MAX_FILTER_SCHEMAS: usize = 512;

/// No list in a filter has more elements.
const MAX_LIST: usize = 256;

/// A filter that was read.
#[derive(Debug, Clone)]
pub struct Filter {
    root: Schema,
    source: Value,
}

/// As they are written.
impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

#[derive(Debug, Clone)]
enum Schema {
    Always(bool),
    All(Vec<Assertion>),
}

#[derive(Debug, Clone)]
enum Assertion {
    Type(Vec<Type>),
    OneOfValues(Vec<Value>),
    Pattern(Regex),
    Format(Format),
    FormatBound { format: Format, bound: String, order: Ordering, or_equal: bool },
    Length { least: usize, most: usize },
    Bound { bound: Number, order: Ordering, or_equal: bool },
    Items(Schema),
    Contains(Schema),
    ItemCount { least: usize, most: usize },
    Properties(Vec<(String, Schema)>),
    Required(Vec<String>),
    AllOf(Vec<Schema>),
    AnyOf(Vec<Schema>),
    OneOf(Vec<Schema>),
    Not(Schema),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Null,
    Boolean,
    Integer,
    Number,
    Text,
    Array,
    Object,
}

/// Formats that are asserted; others are annotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Date,
    DateTime,
}

/// Assertions and applicators of JSON Schema that are not supported here. Members that JSON Schema does not have say
/// nothing and are passed over.
const UNSUPPORTED: [&str; 22] = [
    "if",
    "then",
    "else",
    "multipleOf",
    "uniqueItems",
    "minContains",
    "maxContains",
    "prefixItems",
    "additionalItems",
    "unevaluatedItems",
    "minProperties",
    "maxProperties",
    "patternProperties",
    "additionalProperties",
    "propertyNames",
    "unevaluatedProperties",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "$dynamicRef",
    "$recursiveRef",
    "extends",
];

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// See [`DefinitionError`].
    pub fn parse(value: &Value) -> Result<Self, DefinitionError> {
        let mut reader = Reader { root: value, schemas: 0 };
        Ok(Self { root: reader.schema(value, 0)?, source: value.clone() })
    }

    /// Whether a value is one of those that are meant.
    #[must_use]
    pub fn accepts(&self, value: &Value) -> bool {
        self.root.accepts(value)
    }

    /// The filter as it was written.
    #[must_use]
    pub fn source(&self) -> &Value {
        &self.source
    }

    /// The values that it accepts, when it names them one by one and says nothing else but their type.
    #[must_use]
    pub fn values(&self) -> Option<Vec<Value>> {
        let members = self.source.as_object()?;
        let mut found = None;
        for (name, value) in members {
            let values = match (name.as_str(), value) {
                ("const", value) => vec![value.clone()],
                ("enum", Value::Array(values)) => values.clone(),
                ("pattern", Value::String(text)) => vec![pattern::literal(text)?.into()],
                ("type" | "title" | "description" | "$comment", _) => continue,
                _ => return None,
            };
            if found.replace(values).is_some() {
                return None;
            }
        }
        // A pattern accepts whatever is no text, unless the type says that it is one.
        let textual =
            !members.contains_key("pattern") || members.get("type").is_some_and(|it| it == "string");
        found.filter(|values| textual && values.iter().all(|value| self.accepts(value)))
    }
}

struct Reader<'f> {
    root: &'f Value,
    schemas: usize,
}

impl<'f> Reader<'f> {
    fn schema(&mut self, value: &'f Value, depth: usize) -> Result<Schema, DefinitionError> {
        self.schemas += 1;
        if self.schemas > MAX_FILTER_SCHEMAS {
            return Err(Defect::TooMany(MAX_FILTER_SCHEMAS).into());
        }
        if depth > MAX_FILTER_DEPTH {
            return Err(Defect::TooDeep(MAX_FILTER_DEPTH).into());
        }
        if let Value::Bool(always) = value {
            return Ok(Schema::Always(*always));
        }
        let members = object(value)?;
        if let Some(name) = UNSUPPORTED.iter().find(|name| members.contains_key(**name)) {
            return Err(DefinitionError::from(Defect::Assertion).within(name));
        }
        let mut assertions = Vec::new();
        simple(members, &mut assertions)?;
        for (name, value) in members {
            let assertion = self.applicator(name, value, depth + 1).map_err(|error| error.within(name))?;
            assertions.extend(assertion);
        }
        Ok(Schema::All(assertions))
    }

    /// An assertion that has schemas in it.
    fn applicator(
        &mut self,
        name: &str,
        value: &'f Value,
        depth: usize,
    ) -> Result<Option<Assertion>, DefinitionError> {
        Ok(Some(match name {
            "items" => Assertion::Items(self.schema(value, depth)?),
            "contains" => Assertion::Contains(self.schema(value, depth)?),
            "not" => Assertion::Not(self.schema(value, depth)?),
            "allOf" => Assertion::AllOf(self.schemas(value, depth)?),
            "anyOf" => Assertion::AnyOf(self.schemas(value, depth)?),
            "oneOf" => Assertion::OneOf(self.schemas(value, depth)?),
            "$ref" => Assertion::AllOf(vec![self.reference(value, depth)?]),
            "properties" => {
                let members = object(value)?;
                if members.len() > MAX_LIST {
                    return Err(Defect::TooMany(MAX_LIST).into());
                }
                let mut properties = Vec::with_capacity(members.len());
                for (name, value) in members {
                    let schema = self.schema(value, depth).map_err(|error| error.within(name))?;
                    properties.push((name.clone(), schema));
                }
                Assertion::Properties(properties)
            }
            _ => return Ok(None),
        }))
    }

    fn schemas(&mut self, value: &'f Value, depth: usize) -> Result<Vec<Schema>, DefinitionError> {
        let items = value.as_array().ok_or(Defect::Expected("an array"))?;
        if items.is_empty() {
            return Err(Defect::Empty.into());
        }
        items.iter().map(|item| self.schema(item, depth)).collect()
    }

    /// A definition of this filter, read in its place: a reference that leads to itself ends at the limits.
    fn reference(&mut self, value: &'f Value, depth: usize) -> Result<Schema, DefinitionError> {
        let pointer = value.as_str().and_then(|text| text.strip_prefix('#')).ok_or(Defect::Reference)?;
        let definition = pointer.starts_with("/$defs/") || pointer.starts_with("/definitions/");
        let target = definition.then(|| self.root.pointer(pointer)).flatten().ok_or(Defect::Reference)?;
        self.schema(target, depth)
    }
}

/// The assertions that have no schemas in them.
fn simple(members: &Map<String, Value>, into: &mut Vec<Assertion>) -> Result<(), DefinitionError> {
    let kinds = |value: &Value| match value {
        Value::Array(_) => filled(value, MAX_LIST, kind),
        one => Ok(vec![kind(one)?]),
    };
    into.extend(optional(members, "type", kinds)?.map(Assertion::Type));
    into.extend(members.get("const").map(|value| Assertion::OneOfValues(vec![value.clone()])));
    let values = |value: &Value| list(value, MAX_LIST, |value| Ok(value.clone()));
    into.extend(optional(members, "enum", values)?.map(Assertion::OneOfValues));
    let regex = |value: &Value| Ok(pattern::compile(&text(value)?)?);
    into.extend(optional(members, "pattern", regex)?.map(Assertion::Pattern));
    let (least, most) = (optional(members, "minLength", number)?, optional(members, "maxLength", number)?);
    if least.is_some() || most.is_some() {
        into.push(Assertion::Length { least: least.unwrap_or(0), most: most.unwrap_or(usize::MAX) });
    }
    let (least, most) = (optional(members, "minItems", number)?, optional(members, "maxItems", number)?);
    if least.is_some() || most.is_some() {
        into.push(Assertion::ItemCount { least: least.unwrap_or(0), most: most.unwrap_or(usize::MAX) });
    }
    into.extend(optional(members, "required", |value| list(value, MAX_LIST, text))?.map(Assertion::Required));
    for (name, order, or_equal) in [
        ("minimum", Ordering::Greater, true),
        ("exclusiveMinimum", Ordering::Greater, false),
        ("maximum", Ordering::Less, true),
        ("exclusiveMaximum", Ordering::Less, false),
    ] {
        // As booleans they belong to a draft before 6 and change what the other two say.
        let bound = optional(members, name, |value| match value {
            Value::Number(number) => Ok(number.clone()),
            _ => Err(Defect::Expected("a number").into()),
        })?;
        into.extend(bound.map(|bound| Assertion::Bound { bound, order, or_equal }));
    }
    formats(members, into)
}

/// `format`, and the bounds of a format that the note of §Input Descriptor Object speaks of.
fn formats(members: &Map<String, Value>, into: &mut Vec<Assertion>) -> Result<(), DefinitionError> {
    let format = match optional(members, "format", text)?.as_deref() {
        Some("date") => Some(Format::Date),
        Some("date-time") => Some(Format::DateTime),
        _ => None,
    };
    into.extend(format.map(Assertion::Format));
    for (name, order, or_equal) in [
        ("formatMinimum", Ordering::Greater, true),
        ("formatExclusiveMinimum", Ordering::Greater, false),
        ("formatMaximum", Ordering::Less, true),
        ("formatExclusiveMaximum", Ordering::Less, false),
    ] {
        let Some(bound) = optional(members, name, text)? else { continue };
        let format = format.filter(|format| format.compare(&bound, &bound).is_some());
        let format = format.ok_or_else(|| DefinitionError::from(Defect::Assertion).within(name))?;
        into.push(Assertion::FormatBound { format, bound, order, or_equal });
    }
    Ok(())
}

fn kind(value: &Value) -> Result<Type, DefinitionError> {
    Ok(match text(value)?.as_str() {
        "null" => Type::Null,
        "boolean" => Type::Boolean,
        "integer" => Type::Integer,
        "number" => Type::Number,
        "string" => Type::Text,
        "array" => Type::Array,
        "object" => Type::Object,
        _ => return Err(Defect::Expected("a type of JSON Schema").into()),
    })
}

impl Schema {
    fn accepts(&self, value: &Value) -> bool {
        match self {
            Self::Always(always) => *always,
            Self::All(assertions) => assertions.iter().all(|assertion| assertion.holds(value)),
        }
    }
}

impl Assertion {
    /// What is about values of another type says nothing about this one.
    fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Type(types), value) => types.iter().any(|one| one.is_of(value)),
            (Self::OneOfValues(values), value) => values.iter().any(|one| equal(one, value)),
            (Self::Pattern(regex), Value::String(text)) => regex.is_match(text),
            (Self::Format(format), Value::String(text)) => format.compare(text, text).is_some(),
            (Self::FormatBound { format, bound, order, or_equal }, Value::String(text)) => {
                format.compare(text, bound).is_some_and(|found| is_within(found, *order, *or_equal))
            }
            (Self::Length { least, most }, Value::String(text)) => {
                (*least..=*most).contains(&text.chars().count())
            }
            (Self::Bound { bound, order, or_equal }, Value::Number(number)) => {
                compare(number, bound).is_some_and(|found| is_within(found, *order, *or_equal))
            }
            (Self::Items(schema), Value::Array(items)) => items.iter().all(|item| schema.accepts(item)),
            (Self::Contains(schema), Value::Array(items)) => items.iter().any(|item| schema.accepts(item)),
            (Self::ItemCount { least, most }, Value::Array(items)) => (*least..=*most).contains(&items.len()),
            (Self::Properties(properties), Value::Object(members)) => properties
                .iter()
                .all(|(name, schema)| members.get(name).is_none_or(|value| schema.accepts(value))),
            (Self::Required(names), Value::Object(members)) => {
                names.iter().all(|name| members.contains_key(name))
            }
            (Self::AllOf(schemas), value) => schemas.iter().all(|schema| schema.accepts(value)),
            (Self::AnyOf(schemas), value) => schemas.iter().any(|schema| schema.accepts(value)),
            (Self::OneOf(schemas), value) => {
                schemas.iter().filter(|schema| schema.accepts(value)).take(2).count() == 1
            }
            (Self::Not(schema), value) => !schema.accepts(value),
            _ => true,
        }
    }
}

fn is_within(found: Ordering, order: Ordering, or_equal: bool) -> bool {
    found == order || (or_equal && found == Ordering::Equal)
}

impl Type {
    fn is_of(self, value: &Value) -> bool {
        match self {
            Self::Null => value.is_null(),
            Self::Boolean => boolean(value).is_ok(),
            Self::Integer => value.as_number().is_some_and(is_integer),
            Self::Number => value.is_number(),
            Self::Text => value.is_string(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
        }
    }
}

impl Format {
    /// How two values stand to each other; none when one of them is not of this format.
    fn compare(self, one: &str, other: &str) -> Option<Ordering> {
        let instant = |text: &str| match self {
            Self::Date => {
                let shape = text.len() == 10 && text.is_ascii();
                shape.then(|| UnixTime::from_rfc3339(&format!("{text}T00:00:00Z"))).flatten()
            }
            Self::DateTime => UnixTime::from_rfc3339(text),
        };
        Some(instant(one)?.cmp(&instant(other)?))
    }
}

fn is_integer(number: &Number) -> bool {
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|float| float.fract() == 0.0)
}

fn compare(one: &Number, other: &Number) -> Option<Ordering> {
    match (one.as_i128(), other.as_i128()) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
    }
}

/// Equality of JSON Schema: `1` and `1.0` are one number.
fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => compare(one, other) == Some(Ordering::Equal),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let same = |(name, value)| other.get::<String>(name).is_some_and(|other| equal(value, other));
            one.len() == other.len() && one.iter().all(same)
        }
        (one, other) => one == other,
    }
}
