//! A member of a message whose mistakes must not hide the rest of the message.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A value that was read, or why it could not be.
///
/// A request with a broken query still says where the complaint has to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt<T>(pub Result<T, String>);

impl<T> Attempt<T> {
    /// A value that is right.
    pub const fn new(value: T) -> Self {
        Self(Ok(value))
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Attempt<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(input)?;
        Ok(Self(serde_json::from_value(value).map_err(|error| error.to_string())))
    }
}

impl<T: Serialize> Serialize for Attempt<T> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Ok(value) => value.serialize(out),
            Err(problem) => Err(serde::ser::Error::custom(problem)),
        }
    }
}
