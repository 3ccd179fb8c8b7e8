//! A form made from the claims of a credential configuration, and the claims made from a form.

use credenza_core::{ClaimsPath, PathElement, json};
use credenza_vci::issuer::CredentialConfiguration;
use serde::Serialize;
use serde_json::{Map, Number, Value};

use super::posted::Posted;

/// What precedes the path in a field's name.
const PREFIX: &str = "claim:";

/// How a claim is typed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Input {
    Text,
    Date,
    Number,
    Checkbox,
}

/// A field of the form.
#[derive(Serialize)]
pub(super) struct Field {
    name: String,
    label: String,
    input: Input,
    value: String,
    hint: Option<&'static str>,
    #[serde(skip)]
    keys: Vec<String>,
    #[serde(skip)]
    shape: Shape,
}

/// What a text that is typed in stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    One,
    /// Several texts, separated by commas.
    List,
    /// Anything else, as JSON.
    Json,
}

/// The fields for a configuration, filled with sample data.
pub(super) fn fields(configuration: &CredentialConfiguration, sample: &Map<String, Value>) -> Vec<Field> {
    let described: Vec<_> = configuration
        .claims
        .iter()
        .filter_map(|claim| Some((keys(&claim.path)?, label(&claim.path, &claim.display))))
        .collect();
    let has_children = |keys: &[String]| {
        described.iter().any(|(other, _)| other.len() > keys.len() && other.starts_with(keys))
    };
    let mut fields: Vec<Field> = Vec::new();
    for (keys, label) in &described {
        let twice = fields.iter().any(|field| field.keys == *keys);
        if !has_children(keys) && !twice {
            fields.push(Field::new(keys.clone(), label.clone(), at(sample, keys)));
        }
    }
    if fields.is_empty() {
        let leaves = sample.iter().filter(|(_, value)| !value.is_object());
        fields.extend(leaves.map(|(name, value)| Field::new(vec![name.clone()], words(name), Some(value))));
    }
    fields
}

/// The claims that were typed into these fields. What was left empty is left out.
pub(super) fn claims(fields: &[Field], posted: &Posted) -> Map<String, Value> {
    let mut claims = Map::new();
    for field in fields {
        let typed = posted.get(&field.name).unwrap_or_default().trim();
        if let Some(value) = field.read(typed) {
            put(&mut claims, &field.keys, value);
        }
    }
    claims
}

/// Shows what was typed instead of the sample, when the form has to be shown again.
pub(super) fn refill(fields: &mut [Field], posted: &Posted) {
    for field in fields {
        field.value = posted.get(&field.name).unwrap_or_default().to_owned();
    }
}

impl Field {
    fn new(keys: Vec<String>, label: String, sample: Option<&Value>) -> Self {
        let (input, shape, value) = match sample {
            Some(Value::Bool(yes)) => (Input::Checkbox, Shape::One, yes.to_string()),
            Some(Value::Number(number)) => (Input::Number, Shape::One, number.to_string()),
            Some(Value::String(text)) if is_date(text) => (Input::Date, Shape::One, text.clone()),
            Some(Value::String(text)) => (Input::Text, Shape::One, text.clone()),
            Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
                let items: Vec<_> = items.iter().filter_map(Value::as_str).collect();
                (Input::Text, Shape::List, items.join(", "))
            }
            Some(value @ (Value::Array(_) | Value::Object(_))) => {
                (Input::Text, Shape::Json, value.to_string())
            }
            Some(Value::Null) | None => (Input::Text, Shape::One, String::new()),
        };
        let hint = match shape {
            Shape::One => None,
            Shape::List => Some("Several, separated by commas"),
            Shape::Json => Some("As JSON"),
        };
        let name = format!("{PREFIX}{}", serde_json::to_string(&keys).unwrap_or_default());
        Self { name, label, input, value, hint, keys, shape }
    }

    fn read(&self, typed: &str) -> Option<Value> {
        match self.input {
            Input::Checkbox => Some(Value::Bool(typed == "true")),
            _ if typed.is_empty() => None,
            Input::Number => Some(number(typed).map_or_else(|| typed.into(), Value::Number)),
            Input::Text if self.shape == Shape::Json => {
                // What is no JSON comes to the issuer as it was typed, which says what it does not like.
                Some(json::parse(typed.as_bytes()).unwrap_or_else(|_| typed.into()))
            }
            Input::Text if self.shape == Shape::List => {
                let items = typed.split(',').map(str::trim).filter(|item| !item.is_empty());
                Some(items.map(Value::from).collect())
            }
            Input::Text | Input::Date => Some(typed.into()),
        }
    }
}

fn number(typed: &str) -> Option<Number> {
    let whole = typed.parse::<i64>().ok().map(Number::from);
    whole.or_else(|| Number::from_f64(typed.parse().ok()?))
}

/// The names along a path; `None` when it leads through an array. The elements of an array at its end are one field.
pub(super) fn keys(path: &ClaimsPath) -> Option<Vec<String>> {
    let elements = match path.elements() {
        [before @ .., PathElement::All] => before,
        all => all,
    };
    let keys = elements.iter().map(|element| match element {
        PathElement::Key(key) => Some(key.clone()),
        _ => None,
    });
    keys.collect::<Option<Vec<_>>>().filter(|keys| !keys.is_empty())
}

/// What a claim is called, in English if there is a choice.
pub(super) fn label(path: &ClaimsPath, display: &[credenza_vci::messages::ClaimDisplay]) -> String {
    let english =
        display.iter().find(|one| one.locale.as_deref().is_none_or(|locale| locale.starts_with("en")));
    if let Some(name) = english.or(display.first()).and_then(|one| one.name.clone()) {
        return name;
    }
    let last = keys(path).and_then(|mut keys| keys.pop());
    last.map_or_else(|| path.to_string(), |key| words(&key))
}

/// `family_name` as `Family name`.
pub(super) fn words(name: &str) -> String {
    let spaced = name.replace(['_', '-'], " ");
    let mut letters = spaced.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn at<'a>(claims: &'a Map<String, Value>, keys: &[String]) -> Option<&'a Value> {
    let (first, rest) = keys.split_first()?;
    rest.iter().try_fold(claims.get(first)?, |value, key| value.get(key))
}

fn put(claims: &mut Map<String, Value>, keys: &[String], value: Value) {
    match keys {
        [] => {}
        [last] => {
            claims.insert(last.clone(), value);
        }
        [first, rest @ ..] => {
            let inner = claims.entry(first.clone()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

fn is_date(text: &str) -> bool {
    let shape =
        |(at, byte): (usize, u8)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() == 10 && text.bytes().enumerate().all(shape)
}
