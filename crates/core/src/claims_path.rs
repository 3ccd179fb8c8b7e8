//! The claims path pointer: which claims of a credential somebody means (OID4VP 1.0 §7, OID4VCI 1.0 Appendix C).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// No path has more elements.
pub const MAX_ELEMENTS: usize = 16;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PathElement {
    /// The member of that name.
    Key(String),
    /// The element at that place of an array, from 0.
    Index(usize),
    /// All elements of an array (`null` on the wire).
    All,
}

impl From<&str> for PathElement {
    fn from(name: &str) -> Self {
        Self::Key(name.to_owned())
    }
}

impl From<String> for PathElement {
    fn from(name: String) -> Self {
        Self::Key(name)
    }
}

impl From<usize> for PathElement {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// A path of at least one and at most [`MAX_ELEMENTS`] steps.
///
/// ```
/// use credenza_core::claims_path::ClaimsPath;
/// let path: ClaimsPath = serde_json::from_str(r#"["degrees", null, "type"]"#).unwrap();
/// let claims = serde_json::json!({"degrees": [{"type": "BSc"}, {"type": "MSc"}]});
/// assert_eq!(path.select(&claims).unwrap(), ["BSc", "MSc"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClaimsPath(Vec<PathElement>);

/// Why a JSON value is not a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// No array, an empty one, or one with other things than strings, null and non-negative integers.
    #[error("a claims path is a non-empty array of strings, null and non-negative integers")]
    Malformed,
    /// More than [`MAX_ELEMENTS`] elements.
    #[error("a claims path has at most {MAX_ELEMENTS} elements")]
    TooLong,
}

/// Why a path selects nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// A name met something that is no object, or an index or `null` something that is no array.
    #[error("the path does not fit the shape of the claims")]
    Shape,
    /// Nothing is there.
    #[error("no claim at this path")]
    Absent,
}

impl ClaimsPath {
    /// A path of these steps.
    ///
    /// # Errors
    /// None, or too many.
    pub fn new(elements: Vec<PathElement>) -> Result<Self, PathError> {
        match elements.len() {
            0 => Err(PathError::Malformed),
            length if length > MAX_ELEMENTS => Err(PathError::TooLong),
            _ => Ok(Self(elements)),
        }
    }

    /// A path of names alone; an empty list or one that is too long gives `None`.
    pub fn keys<K: Into<String>>(keys: impl IntoIterator<Item = K>) -> Option<Self> {
        Self::new(keys.into_iter().map(|key| PathElement::Key(key.into())).collect()).ok()
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    /// See [`PathError`].
    pub fn from_value(value: &Value) -> Result<Self, PathError> {
        let elements = value.as_array().ok_or(PathError::Malformed)?;
        if elements.len() > MAX_ELEMENTS {
            return Err(PathError::TooLong);
        }
        let element = |element: &Value| match element {
            Value::String(name) => Ok(PathElement::Key(name.clone())),
            Value::Null => Ok(PathElement::All),
            Value::Number(index) => index
                .as_u64()
                .and_then(|index| usize::try_from(index).ok())
                .map(PathElement::Index)
                .ok_or(PathError::Malformed),
            _ => Err(PathError::Malformed),
        };
        Self::new(elements.iter().map(element).collect::<Result<_, _>>()?)
    }

    /// The steps.
    #[must_use]
    pub fn elements(&self) -> &[PathElement] {
        &self.0
    }

    /// The claims that the path points at: at least one (OID4VP 1.0 §7.1.1).
    ///
    /// # Errors
    /// See [`SelectError`].
    pub fn select<'a>(&self, claims: &'a Value) -> Result<Vec<&'a Value>, SelectError> {
        let mut selected = vec![claims];
        for element in &self.0 {
            let mut next = Vec::with_capacity(selected.len());
            for value in selected {
                match (element, value) {
                    (PathElement::Key(name), Value::Object(members)) => next.extend(members.get(name)),
                    (PathElement::Index(index), Value::Array(items)) => next.extend(items.get(*index)),
                    (PathElement::All, Value::Array(items)) => next.extend(items),
                    _ => return Err(SelectError::Shape),
                }
            }
            selected = next;
        }
        if selected.is_empty() { Err(SelectError::Absent) } else { Ok(selected) }
    }
}

/// As people write it: `address.locality`, `degrees[].type`, `nationalities[0]`.
impl fmt::Display for ClaimsPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, element) in self.0.iter().enumerate() {
            match element {
                PathElement::Key(name) if number == 0 => out.write_str(name)?,
                PathElement::Key(name) => write!(out, ".{name}")?,
                PathElement::Index(index) => write!(out, "[{index}]")?,
                PathElement::All => out.write_str("[]")?,
            }
        }
        Ok(())
    }
}

impl Serialize for PathElement {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Key(name) => out.serialize_str(name),
            Self::Index(index) => index.serialize(out),
            Self::All => out.serialize_unit(),
        }
    }
}

impl Serialize for ClaimsPath {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(&self.0)
    }
}

impl<'de> Deserialize<'de> for ClaimsPath {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Self::from_value(&Value::deserialize(input)?).map_err(serde::de::Error::custom)
    }
}
