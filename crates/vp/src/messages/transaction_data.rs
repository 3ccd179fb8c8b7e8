//! Transaction data: what a person authorises by presenting (OID4VP 1.0 §5.1, §8.4, §B.3.3).

use std::fmt;

use credenza_core::{b64, json};
use credenza_crypto::HashAlgorithm;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// No transaction data object is longer, in bytes of its encoding.
pub const MAX_TRANSACTION_DATA: usize = 16 * 1024;

/// No request has more of them.
pub const MAX_TRANSACTIONS: usize = 16;

/// Why transaction data is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransactionDataError {
    /// Not the base64url encoding of a JSON object, or longer than one may be.
    #[error("it is not a JSON object in base64url")]
    Encoding,
    /// A member that every type has is missing or has the wrong type.
    #[error("its member {0} is missing or of the wrong type")]
    Member(&'static str),
    /// None of the hash algorithms is known here.
    #[error("none of its hash algorithms is known")]
    Hash,
    /// The type.
    #[error("its type is not known")]
    Type,
    /// It does not have the members that its type has.
    #[error("it does not have the members of its type: {0}")]
    Definition(String),
    /// A credential query that it refers to is not in the request, or the credential could not sign.
    #[error("{0}")]
    Credentials(&'static str),
}

/// One transaction, as it was encoded and as it was read. Not shown: it can be about money, health or a person.
#[derive(Clone, PartialEq)]
pub struct TransactionData {
    encoded: String,
    members: Map<String, Value>,
    kind: String,
    credential_ids: Vec<String>,
    hash_algorithms: Option<Vec<String>>,
}

impl TransactionData {
    /// Members that every type has.
    pub const COMMON: [&str; 3] = ["type", "credential_ids", "transaction_data_hashes_alg"];

    /// Reads an element of the parameter `transaction_data`.
    ///
    /// # Errors
    /// [`TransactionDataError::Encoding`], [`TransactionDataError::Member`] or [`TransactionDataError::Hash`].
    pub fn parse(encoded: impl Into<String>) -> Result<Self, TransactionDataError> {
        let encoded = encoded.into();
        if encoded.len() > MAX_TRANSACTION_DATA {
            return Err(TransactionDataError::Encoding);
        }
        let decoded = b64::decode(&encoded).map_err(|_| TransactionDataError::Encoding)?;
        let members = json::parse_object(&decoded).map_err(|_| TransactionDataError::Encoding)?;
        Self::read(encoded, members)
    }

    /// Makes one of its members, `type` and `credential_ids` among them.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn new(members: Map<String, Value>) -> Result<Self, TransactionDataError> {
        let encoded = b64::encode(Value::Object(members.clone()).to_string());
        if encoded.len() > MAX_TRANSACTION_DATA {
            return Err(TransactionDataError::Encoding);
        }
        Self::read(encoded, members)
    }

    fn read(encoded: String, members: Map<String, Value>) -> Result<Self, TransactionDataError> {
        let kind = members.get("type").and_then(Value::as_str).map(str::to_owned);
        let kind = kind.ok_or(TransactionDataError::Member("type"))?;
        let credential_ids = members.get("credential_ids").and_then(texts);
        let credential_ids = credential_ids.ok_or(TransactionDataError::Member("credential_ids"))?;
        let name = "transaction_data_hashes_alg";
        let hash_algorithms = match members.get(name) {
            None => None,
            Some(value) => Some(texts(value).ok_or(TransactionDataError::Member(name))?),
        };
        let data = Self { encoded, members, kind, credential_ids, hash_algorithms };
        if data.hashes().next().is_none() {
            return Err(TransactionDataError::Hash);
        }
        Ok(data)
    }

    /// The text as it is sent, which is what is hashed (§B.3.3.1).
    #[must_use]
    pub fn encoded(&self) -> &str {
        &self.encoded
    }

    /// `type`
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The credential queries whose credential can authorise it: one of them does.
    #[must_use]
    pub fn credential_ids(&self) -> &[String] {
        &self.credential_ids
    }

    /// Everything that it says: for the person to read.
    #[must_use]
    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// Whether it names its hash algorithms, so that the answer has to name the one it used.
    #[must_use]
    pub fn names_hash(&self) -> bool {
        self.hash_algorithms.is_some()
    }

    /// The hash algorithms that may be used, of those known here, in its order; `sha-256` when it names none.
    pub fn hashes(&self) -> impl Iterator<Item = HashAlgorithm> {
        let named = self.hash_algorithms.as_deref().unwrap_or_default();
        let default = self.hash_algorithms.is_none().then_some(HashAlgorithm::Sha256);
        named.iter().filter_map(|name| HashAlgorithm::from_name(name)).chain(default)
    }

    /// Its hash, as `transaction_data_hashes` has it.
    #[must_use]
    pub fn hash(&self, algorithm: HashAlgorithm) -> String {
        b64::encode(algorithm.hash(self.encoded.as_bytes()))
    }
}

impl fmt::Debug for TransactionData {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("TransactionData").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// As its text.
impl Serialize for TransactionData {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&self.encoded)
    }
}

impl<'de> Deserialize<'de> for TransactionData {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(input)?).map_err(serde::de::Error::custom)
    }
}

/// A non-empty array of strings.
fn texts(value: &Value) -> Option<Vec<String>> {
    let texts: Option<Vec<_>> =
        value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect();
    texts.filter(|texts| !texts.is_empty())
}

/// What kind of value a member has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    /// A string.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// An object; what is in it is for the person to read.
    Object,
    /// An array; what is in it is for the person to read.
    Array,
}

impl MemberKind {
    const fn fits(self, value: &Value) -> bool {
        matches!(
            (self, value),
            (Self::Text, Value::String(_))
                | (Self::Number, Value::Number(_))
                | (Self::Boolean, Value::Bool(_))
                | (Self::Object, Value::Object(_))
                | (Self::Array, Value::Array(_))
        )
    }
}

/// A type of transaction data that a wallet knows: which members it has, and no others.
#[derive(Debug, Clone)]
pub struct TransactionType {
    name: String,
    members: Vec<(String, MemberKind, bool)>,
}

impl TransactionType {
    /// A type with no members but those that all types have.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), members: Vec::new() }
    }

    /// With a member that has to be there.
    #[must_use]
    pub fn required(mut self, name: impl Into<String>, kind: MemberKind) -> Self {
        self.members.push((name.into(), kind, true));
        self
    }

    /// With a member that can be there.
    #[must_use]
    pub fn optional(mut self, name: impl Into<String>, kind: MemberKind) -> Self {
        self.members.push((name.into(), kind, false));
        self
    }

    /// `type`
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Checks transaction data of this type.
    ///
    /// # Errors
    /// [`TransactionDataError::Definition`].
    pub fn check(&self, data: &TransactionData) -> Result<(), TransactionDataError> {
        let refuse = |problem: String| Err(TransactionDataError::Definition(problem));
        for (name, kind, required) in &self.members {
            match data.members.get(name) {
                None if *required => return refuse(format!("{name} is missing")),
                Some(value) if !kind.fits(value) => return refuse(format!("{name} has the wrong type")),
                _ => {}
            }
        }
        let known = |name: &String| {
            TransactionData::COMMON.contains(&name.as_str())
                || self.members.iter().any(|(known, ..)| known == name)
        };
        if data.members.keys().all(known) { Ok(()) } else { refuse("one is not known".to_owned()) }
    }
}
