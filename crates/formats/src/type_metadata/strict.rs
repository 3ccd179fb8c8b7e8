//! Objects that are objects: a derived reader would take an array of the members, too.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize as _, Deserializer};
use serde_json::Value;

fn object<T: DeserializeOwned, E: serde::de::Error>(value: Value) -> Result<T, E> {
    if !value.is_object() {
        return Err(E::custom("expected an object"));
    }
    serde_json::from_value(value).map_err(E::custom)
}

/// A member that is an object where it is there.
pub(super) fn member<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    input: D,
) -> Result<Option<T>, D::Error> {
    object(Value::deserialize(input)?).map(Some)
}

/// A member that is an array of objects where it is there.
pub(super) fn list<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    input: D,
) -> Result<Option<Vec<T>>, D::Error> {
    match Value::deserialize(input)? {
        Value::Array(items) => items.into_iter().map(object).collect::<Result<_, _>>().map(Some),
        _ => Err(D::Error::custom("expected an array of objects")),
    }
}
