//! DID documents (DID Core 1.0 §5), as far as they say which keys a DID has and what for.

use credenza_core::json;
use credenza_crypto::{Jwk, JwkError};
use serde_json::{Map, Value, json};

use super::{Did, DidError, DidUrl, multikey};

/// No document has more verification methods, the embedded ones included.
pub const MAX_METHODS: usize = 64;

/// No relationship lists more entries.
pub const MAX_REFERENCES: usize = 64;

/// What a key of a DID is for (DID Core 1.0 §5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relationship {
    /// To prove control: presentations, requests, proofs of possession.
    Authentication,
    /// To make statements: credentials, status lists, attestations.
    AssertionMethod,
    /// To encrypt to.
    KeyAgreement,
    /// To use a capability.
    CapabilityInvocation,
    /// To pass a capability on.
    CapabilityDelegation,
}

impl Relationship {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Authentication,
        Self::AssertionMethod,
        Self::KeyAgreement,
        Self::CapabilityInvocation,
        Self::CapabilityDelegation,
    ];

    /// The name of the member of the document.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authentication => "authentication",
            Self::AssertionMethod => "assertionMethod",
            Self::KeyAgreement => "keyAgreement",
            Self::CapabilityInvocation => "capabilityInvocation",
            Self::CapabilityDelegation => "capabilityDelegation",
        }
    }
}

/// Why the key of a verification method can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyDefect {
    /// Neither of the two forms that are read, or both of them.
    #[error("not one publicKeyJwk or publicKeyMultibase")]
    Form,
    /// Not what the form prescribes.
    #[error("{0}")]
    Malformed(&'static str),
    /// A type of key that is not supported.
    #[error("this type of key is not supported")]
    Unsupported,
    /// Not a point on its curve, or a key of another size.
    #[error("the bytes are not a key of the type they name")]
    NotAKey,
    /// A JWK that is none.
    #[error(transparent)]
    Jwk(#[from] JwkError),
}

/// A key of a document.
#[derive(Debug, Clone)]
pub struct VerificationMethod {
    /// Its name.
    pub id: DidUrl,
    /// `type`
    pub kind: String,
    /// Who controls it.
    pub controller: Did,
    /// The key, or why it can't be used: one key of a kind that we don't know is no reason to refuse the others.
    pub key: Result<Jwk, KeyDefect>,
    /// The relationships under which it is listed.
    pub relationships: Vec<Relationship>,
}

/// The keys of a DID.
#[derive(Debug, Clone)]
pub struct DidDocument {
    /// Whose document it is.
    pub id: Did,
    /// The keys.
    pub methods: Vec<VerificationMethod>,
}

impl DidDocument {
    /// Reads the document of `did`.
    ///
    /// # Errors
    /// [`DidError::Document`]: not strict JSON, another DID's, a malformed verification method, two of one name, or
    /// more than may be.
    pub fn parse(bytes: &[u8], did: &Did) -> Result<Self, DidError> {
        let members = json::parse_object(bytes).map_err(|_| DidError::Document("not a JSON object"))?;
        Self::from_members(&members, did)
    }

    fn from_members(members: &Map<String, Value>, did: &Did) -> Result<Self, DidError> {
        if members.get("id").and_then(Value::as_str) != Some(did.as_str()) {
            return Err(DidError::Document("its id is another one"));
        }
        let mut document = Self { id: did.clone(), methods: Vec::new() };
        for method in array(members, "verificationMethod", MAX_METHODS)? {
            document.add(method)?;
        }
        for relationship in Relationship::ALL {
            for entry in array(members, relationship.name(), MAX_REFERENCES)? {
                document.relate(entry, relationship)?;
            }
        }
        Ok(document)
    }

    /// The document of a DID whose key is in its name.
    pub(super) fn of_one_key(id: Did, fragment: &str, key: Jwk, relationships: &[Relationship]) -> Self {
        let method = VerificationMethod {
            id: id.with_fragment(fragment),
            kind: "JsonWebKey2020".to_owned(),
            controller: id.clone(),
            key: Ok(key),
            relationships: relationships.to_vec(),
        };
        Self { id, methods: vec![method] }
    }

    /// A document to be published, say for a `did:web`: each key by its fragment and relationships.
    #[must_use]
    pub fn publish(id: Did, keys: Vec<(&str, Jwk, Vec<Relationship>)>) -> Self {
        let methods = keys.into_iter().map(|(fragment, key, relationships)| VerificationMethod {
            id: id.with_fragment(fragment),
            kind: "JsonWebKey2020".to_owned(),
            controller: id.clone(),
            key: Ok(key),
            relationships,
        });
        let methods = methods.collect();
        Self { id, methods }
    }

    /// The key of that name, if the document lists it for that use.
    ///
    /// # Errors
    /// [`DidError::NotFound`], [`DidError::Relationship`] or [`DidError::Key`].
    pub fn key(&self, url: &DidUrl, relationship: Relationship) -> Result<&Jwk, DidError> {
        let method = self.methods.iter().find(|method| method.id == *url).ok_or(DidError::NotFound)?;
        if !method.relationships.contains(&relationship) {
            return Err(DidError::Relationship(relationship.name()));
        }
        method.key.as_ref().map_err(|defect| DidError::Key(*defect))
    }

    /// The usable keys for that use, with their names.
    pub fn keys(&self, relationship: Relationship) -> impl Iterator<Item = (&DidUrl, &Jwk)> {
        self.methods
            .iter()
            .filter(move |method| method.relationships.contains(&relationship))
            .filter_map(|method| Some((&method.id, method.key.as_ref().ok()?)))
    }

    /// The document as JSON. Keys that can't be used are left out.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let usable: Vec<_> =
            self.methods.iter().filter_map(|method| Some((method, method.key.as_ref().ok()?))).collect();
        let mut members = Map::new();
        members.insert(
            "@context".to_owned(),
            json!(["https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1"]),
        );
        members.insert("id".to_owned(), self.id.as_str().into());
        let method = |(method, key): &(&VerificationMethod, &Jwk)| {
            json!({
                "id": method.id.to_string(),
                "type": "JsonWebKey2020",
                "controller": method.controller.as_str(),
                "publicKeyJwk": key.to_value(),
            })
        };
        members.insert("verificationMethod".to_owned(), usable.iter().map(method).collect());
        for relationship in Relationship::ALL {
            let listed: Vec<Value> = usable
                .iter()
                .filter(|(method, _)| method.relationships.contains(&relationship))
                .map(|(method, _)| method.id.to_string().into())
                .collect();
            if !listed.is_empty() {
                members.insert(relationship.name().to_owned(), listed.into());
            }
        }
        Value::Object(members)
    }

    /// Adds a verification method; answers with its place.
    fn add(&mut self, value: &Value) -> Result<usize, DidError> {
        const MALFORMED: DidError =
            DidError::Document("a verification method without id, type and controller");
        let members = value.as_object().ok_or(MALFORMED)?;
        let text = |name: &str| members.get(name).and_then(Value::as_str).ok_or(MALFORMED);
        let id = DidUrl::parse_relative(text("id")?, &self.id)?;
        let controller = Did::parse(text("controller")?)?;
        if self.methods.iter().any(|method| method.id == id) {
            return Err(DidError::Document("two verification methods of one name"));
        }
        if self.methods.len() >= MAX_METHODS {
            return Err(DidError::Document("more verification methods than a document may have"));
        }
        let kind = text("type")?.to_owned();
        let key = key(members);
        self.methods.push(VerificationMethod { id, kind, controller, key, relationships: Vec::new() });
        Ok(self.methods.len() - 1)
    }

    /// Notes an entry of a relationship: a name, or a method that is embedded and good for this relationship alone.
    fn relate(&mut self, entry: &Value, relationship: Relationship) -> Result<(), DidError> {
        let place = match entry {
            Value::String(name) => {
                let id = DidUrl::parse_relative(name, &self.id)?;
                self.methods.iter().position(|method| method.id == id)
            }
            embedded => Some(self.add(embedded)?),
        };
        // Names of methods in other documents are nobody's key here.
        if let Some(method) = place.and_then(|place| self.methods.get_mut(place))
            && !method.relationships.contains(&relationship)
        {
            method.relationships.push(relationship);
        }
        Ok(())
    }
}

fn array<'v>(members: &'v Map<String, Value>, name: &str, max: usize) -> Result<&'v [Value], DidError> {
    match members.get(name) {
        None => Ok(&[]),
        Some(Value::Array(entries)) if entries.len() <= max => Ok(entries),
        Some(Value::Array(_)) => Err(DidError::Document("a longer list than a document may have")),
        Some(_) => Err(DidError::Document("a list that is none")),
    }
}

fn key(members: &Map<String, Value>) -> Result<Jwk, KeyDefect> {
    match (members.get("publicKeyJwk"), members.get("publicKeyMultibase")) {
        (Some(jwk), None) => Ok(Jwk::from_value(jwk)?),
        (None, Some(Value::String(text))) => multikey::decode(text),
        _ => Err(KeyDefect::Form),
    }
}
