//! Reading members of JSON objects: presence, types and sizes, with the place of what is wrong.

use serde_json::{Map, Value};

use super::error::{Defect, DefinitionError};

/// No text in a definition is longer, in bytes.
pub(super) const MAX_TEXT: usize = 4096;

type Result<T> = std::result::Result<T, DefinitionError>;

pub(super) fn object(value: &Value) -> Result<&Map<String, Value>> {
    value.as_object().ok_or_else(|| Defect::Expected("an object").into())
}

pub(super) fn text(value: &Value) -> Result<String> {
    match value.as_str() {
        None => Err(Defect::Expected("a string").into()),
        Some(text) if text.len() > MAX_TEXT => Err(Defect::TooLong.into()),
        Some(text) => Ok(text.to_owned()),
    }
}

pub(super) fn boolean(value: &Value) -> Result<bool> {
    value.as_bool().ok_or_else(|| Defect::Expected("true or false").into())
}

pub(super) fn number(value: &Value) -> Result<usize> {
    let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
    number.ok_or_else(|| Defect::Expected("a non-negative integer").into())
}

pub(super) fn list<T>(value: &Value, most: usize, read: impl Fn(&Value) -> Result<T>) -> Result<Vec<T>> {
    let items = value.as_array().ok_or(Defect::Expected("an array"))?;
    if items.len() > most {
        return Err(Defect::TooMany(most).into());
    }
    let item = |(position, value)| {
        read(value).map_err(|error: DefinitionError| error.within(format_args!("[{position}]")))
    };
    items.iter().enumerate().map(item).collect()
}

pub(super) fn filled<T>(value: &Value, most: usize, read: impl Fn(&Value) -> Result<T>) -> Result<Vec<T>> {
    let items = list(value, most, read)?;
    if items.is_empty() { Err(Defect::Empty.into()) } else { Ok(items) }
}

pub(super) fn optional<T>(
    object: &Map<String, Value>,
    name: &str,
    read: impl FnOnce(&Value) -> Result<T>,
) -> Result<Option<T>> {
    object.get(name).map(read).transpose().map_err(|error| error.within(name))
}

pub(super) fn required<T>(
    object: &Map<String, Value>,
    name: &str,
    read: impl FnOnce(&Value) -> Result<T>,
) -> Result<T> {
    optional(object, name, read)?.ok_or_else(|| DefinitionError::from(Defect::Missing).within(name))
}
