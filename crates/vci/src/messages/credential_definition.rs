//! What a W3C credential is, in metadata (Appendix A.1).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The name that every W3C credential has among its types, and that says nothing about which one it is.
const EVERY_CREDENTIAL: &str = "VerifiableCredential";

/// `credential_definition`: the type of a W3C credential. It is never processed as JSON-LD.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialDefinition {
    /// `@context`: required for the formats that use JSON-LD (§A.1.2.2).
    #[serde(rename = "@context", default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<Value>,
    /// `type`: all types that the credential has (§A.1.1.2).
    #[serde(rename = "type", deserialize_with = "super::non_empty")]
    pub types: Vec<String>,
}

impl CredentialDefinition {
    /// A definition of the types, without contexts.
    #[must_use]
    pub fn of_types<T: Into<String>>(types: impl IntoIterator<Item = T>) -> Self {
        Self { context: Vec::new(), types: types.into_iter().map(Into::into).collect() }
    }

    /// The same with contexts, by URL.
    #[must_use]
    pub fn with_context<C: Into<String>>(mut self, context: impl IntoIterator<Item = C>) -> Self {
        self.context = context.into_iter().map(|url| Value::String(url.into())).collect();
        self
    }

    /// The type that says what the credential is: the last one that not every credential has.
    #[must_use]
    pub fn specific_type(&self) -> &str {
        let specific = self.types.iter().rev().find(|name| *name != EVERY_CREDENTIAL);
        specific.or(self.types.first()).map(String::as_str).unwrap_or_default()
    }

    /// Whether it names [every credential's type](https://www.w3.org/TR/vc-data-model-2.0/#types), too.
    #[must_use]
    pub fn names_a_credential(&self) -> bool {
        self.types.iter().any(|name| name == EVERY_CREDENTIAL)
    }

    /// From the JSON of metadata; `None` when it is not one.
    #[must_use]
    pub fn read(value: &Value) -> Option<Self> {
        // A derived reader alone would take an array of the members, too.
        let members: &Map<String, Value> = value.as_object()?;
        serde_json::from_value(Value::Object(members.clone())).ok()
    }
}
