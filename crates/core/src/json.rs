//! JSON from strangers: a parser that refuses duplicate members and bottomless nesting.
//!
//! `serde_json::Value` keeps the last of two members of the same name. A signature check that saw the first and a
//! decision that saw the last would be two different documents (RFC 7515 §4, RFC 7519 §4), so every security object
//! is read through this module.

use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep arrays and objects may be nested.
pub const MAX_DEPTH: usize = 32;

/// Why a text is not acceptable JSON.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct JsonError(#[from] serde_json::Error);

/// Parses any JSON value.
///
/// # Errors
/// Not JSON, a member twice in one object, nesting beyond [`MAX_DEPTH`], or text after the value.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    let mut input = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: 0 }.deserialize(&mut input)?;
    input.end()?;
    Ok(value)
}

/// Parses a JSON object.
///
/// # Errors
/// As [`parse`], and when the value is not an object.
pub fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, JsonError> {
    match parse(bytes)? {
        Value::Object(members) => Ok(members),
        _ => Err(JsonError(serde_json::Error::custom("expected an object"))),
    }
}

/// Parses a typed message: duplicates are looked for at every level, then the type is read.
///
/// # Errors
/// As [`parse`], and when the value does not fit the type.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    Ok(serde_json::from_value(parse(bytes)?)?)
}

/// Parses a typed message that is an object. A type's derived reader would take an array of its fields, too: messages
/// and claims of strangers are read by this function.
///
/// # Errors
/// As [`from_slice`], and when the value is not an object.
pub fn object_from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    Ok(serde_json::from_value(Value::Object(parse_object(bytes)?))?)
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format_args!("nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Value, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            // The name is not repeated in the message: it can be personal data.
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a member occurs twice in one object"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn j11_duplicate_members_are_refused_at_every_level() {
        for text in [
            r#"{"alg":"none","alg":"ES256"}"#,
            r#"{"a":{"nonce":1,"nonce":1}}"#,
            r#"[{"vct":"a","v\u0063t":"b"}]"#,
            r#"{"a":[{"b":{"c":1,"d":2,"c":3}}]}"#,
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn h05_depth_is_limited() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert!(parse(nested(MAX_DEPTH + 1).as_bytes()).is_err());
        assert!(parse(nested(100_000).as_bytes()).is_err());
    }

    #[test]
    fn an_array_of_its_fields_is_no_message() {
        #[derive(serde::Deserialize)]
        struct Message {
            nonce: String,
        }
        assert_eq!(object_from_slice::<Message>(br#"{"nonce":"x"}"#).unwrap().nonce, "x");
        assert!(from_slice::<Message>(br#"["x"]"#).is_ok());
        assert!(object_from_slice::<Message>(br#"["x"]"#).is_err());
    }

    #[test]
    fn trailing_text_is_refused() {
        assert!(parse(b"{} x").is_err());
        assert!(parse_object(b"[]").is_err());
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json(text in "[\\[\\]{}\":,0-9a-c ]{0,24}") {
            if let Ok(value) = parse(text.as_bytes()) {
                prop_assert_eq!(value, serde_json::from_str::<Value>(&text).unwrap());
            }
        }
    }
}
