//! The credential request and response (§8.2, §8.3).

use credenza_core::json;
use credenza_crypto::Jwk;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::dialects::EarlierMembers;

/// Which credential is asked for: by configuration, or by the identifier of a data set, never by both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requested {
    /// `credential_configuration_id`
    Configuration(String),
    /// `credential_identifier`
    Identifier(String),
    /// As earlier drafts ask: the first of these configurations that the token is good for, by whatever identifier. It
    /// is never read from a request of 1.0.
    AnyOf(Vec<String>),
}

/// What the wallet asks for at the credential endpoint. Unknown members are ignored.
#[derive(Debug, Clone, PartialEq)]
pub struct CredentialRequest {
    /// Which credential.
    pub requested: Requested,
    /// Proofs of the keys that the copies are bound to.
    pub proofs: Option<Proofs>,
    /// How the response is to be encrypted.
    pub response_encryption: Option<EncryptionParameters>,
}

/// What the wallet asks for at the deferred credential endpoint (§9.1). Unknown members are ignored.
#[derive(Debug, Clone, PartialEq)]
pub struct DeferredCredentialRequest {
    /// Names the credential that was promised.
    pub transaction_id: String,
    /// How the response is to be encrypted, whatever the first request has said.
    pub response_encryption: Option<EncryptionParameters>,
}

/// `credential_response_encryption` (§8.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncryptionParameters {
    /// The wallet's public key, with the `alg` it is for.
    pub jwk: Jwk,
    /// The content encryption.
    pub enc: String,
    /// The compression; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zip: Option<String>,
}

/// Key proofs, all of one type (Appendix F). `Debug` shows the type alone.
#[derive(Clone, PartialEq)]
pub enum Proofs {
    /// JWTs, one for each key (Appendix F.1).
    Jwt(Vec<String>),
    /// Presentations with Data Integrity proofs, one for each key (Appendix F.2).
    DiVp(Vec<Map<String, Value>>),
    /// One key attestation for all keys, without a proof of possession (Appendix F.3).
    Attestation(String),
    /// A type that is not known here.
    Other(String),
}

impl std::fmt::Debug for Proofs {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Proofs({})", self.name())
    }
}

/// Why a credential request could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCredentialRequest {
    /// `invalid_credential_request`
    #[error("{0}")]
    Malformed(&'static str),
    /// `invalid_proof`
    #[error("{0}")]
    Proofs(&'static str),
    /// `invalid_encryption_parameters`
    #[error("credential_response_encryption is not an object with a public jwk and enc")]
    Encryption,
}

impl CredentialRequest {
    /// Reads the JSON of a request.
    ///
    /// # Errors
    /// See [`InvalidCredentialRequest`].
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidCredentialRequest> {
        use InvalidCredentialRequest::Malformed;
        let mut members = members(bytes)?;
        let mut text = |name: &str| match members.remove(name) {
            None => Ok(None),
            Some(Value::String(value)) => Ok(Some(value)),
            Some(_) => Err(Malformed("an identifier is not a string")),
        };
        let requested = match (text("credential_configuration_id")?, text("credential_identifier")?) {
            (Some(id), None) => Requested::Configuration(id),
            (None, Some(id)) => Requested::Identifier(id),
            (Some(_), Some(_)) => {
                return Err(Malformed(
                    "credential_configuration_id and credential_identifier exclude each other",
                ));
            }
            (None, None) => {
                return Err(Malformed("credential_configuration_id or credential_identifier is missing"));
            }
        };
        let proofs = match members.remove("proofs") {
            None => None,
            Some(Value::Object(proofs)) => Some(Proofs::read(proofs)?),
            Some(_) => return Err(Malformed("proofs is not an object")),
        };
        Ok(Self { requested, proofs, response_encryption: response_encryption(&mut members)? })
    }

    /// The request as JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut members = Map::new();
        match &self.requested {
            Requested::Configuration(id) => {
                members.insert("credential_configuration_id".to_owned(), id.as_str().into())
            }
            Requested::Identifier(id) => {
                members.insert("credential_identifier".to_owned(), id.as_str().into())
            }
            Requested::AnyOf(ids) => {
                let first = ids.first().map(String::as_str).unwrap_or_default();
                members.insert("credential_configuration_id".to_owned(), first.into())
            }
        };
        let proofs = self.proofs.as_ref().and_then(|proofs| Some((proofs.name(), proofs.to_value()?)));
        if let Some((name, proofs)) = proofs {
            members.insert("proofs".to_owned(), json!({ name: proofs }));
        }
        insert_encryption(&mut members, self.response_encryption.as_ref());
        Value::Object(members)
    }
}

impl DeferredCredentialRequest {
    /// Reads the JSON of a request.
    ///
    /// # Errors
    /// See [`InvalidCredentialRequest`].
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidCredentialRequest> {
        let mut members = members(bytes)?;
        let Some(Value::String(transaction_id)) = members.remove("transaction_id") else {
            return Err(InvalidCredentialRequest::Malformed("transaction_id is missing, or not a string"));
        };
        Ok(Self { transaction_id, response_encryption: response_encryption(&mut members)? })
    }

    /// The request as JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut members = Map::new();
        members.insert("transaction_id".to_owned(), self.transaction_id.as_str().into());
        insert_encryption(&mut members, self.response_encryption.as_ref());
        Value::Object(members)
    }
}

const RESPONSE_ENCRYPTION: &str = "credential_response_encryption";

fn members(bytes: &[u8]) -> Result<Map<String, Value>, InvalidCredentialRequest> {
    json::parse_object(bytes).map_err(|_| {
        InvalidCredentialRequest::Malformed("the body is not a JSON object, or repeats a member")
    })
}

pub(crate) fn response_encryption(
    members: &mut Map<String, Value>,
) -> Result<Option<EncryptionParameters>, InvalidCredentialRequest> {
    let given = members.remove(RESPONSE_ENCRYPTION);
    let read = given.map(|given| super::object(given).map_err(|_| InvalidCredentialRequest::Encryption));
    read.transpose()
}

fn insert_encryption(members: &mut Map<String, Value>, parameters: Option<&EncryptionParameters>) {
    if let Some(parameters) = parameters.and_then(|parameters| serde_json::to_value(parameters).ok()) {
        members.insert(RESPONSE_ENCRYPTION.to_owned(), parameters);
    }
}

impl Proofs {
    /// The name of the type.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Jwt(_) => "jwt",
            Self::DiVp(_) => "di_vp",
            Self::Attestation(_) => "attestation",
            Self::Other(name) => name,
        }
    }

    /// How many proofs there are.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Jwt(proofs) => proofs.len(),
            Self::DiVp(proofs) => proofs.len(),
            Self::Attestation(_) => 1,
            Self::Other(_) => 0,
        }
    }

    fn to_value(&self) -> Option<Value> {
        match self {
            Self::Jwt(proofs) => Some(json!(proofs)),
            Self::DiVp(proofs) => Some(json!(proofs)),
            Self::Attestation(attestation) => Some(json!([attestation])),
            Self::Other(_) => None,
        }
    }

    pub(crate) fn read(proofs: Map<String, Value>) -> Result<Self, InvalidCredentialRequest> {
        use InvalidCredentialRequest::{Malformed, Proofs as Bad};
        let mut types = proofs.into_iter();
        let (Some((name, value)), None) = (types.next(), types.next()) else {
            return Err(Malformed("proofs has not exactly one type of proof"));
        };
        let Value::Array(values) = value else { return Err(Malformed("the proofs are not an array")) };
        if values.is_empty() {
            return Err(Bad("there is no proof in proofs"));
        }
        let text = |value| match value {
            Value::String(text) => Ok(text),
            _ => Err(Bad("a proof that is a JWT is not a string")),
        };
        match name.as_str() {
            "jwt" => Ok(Self::Jwt(values.into_iter().map(text).collect::<Result<_, _>>()?)),
            "di_vp" => {
                let object = |value| match value {
                    Value::Object(presentation) => Ok(presentation),
                    _ => Err(Bad("a di_vp proof is not an object")),
                };
                Ok(Self::DiVp(values.into_iter().map(object).collect::<Result<_, _>>()?))
            }
            "attestation" => {
                let mut values = values.into_iter();
                match (values.next(), values.next()) {
                    (Some(only), None) => Ok(Self::Attestation(text(only)?)),
                    _ => Err(Bad("there is more than one attestation")),
                }
            }
            _ => Ok(Self::Other(name)),
        }
    }
}

/// What the credential endpoint answers: credentials, or a promise of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CredentialResponse {
    /// The credentials, one for each key at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<IssuedCredential>,
    /// Names a credential that is not ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
    /// Seconds to wait before asking for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<u64>,
    /// To be repeated in notifications about these credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification_id: Option<String>,
    /// What only earlier drafts have; empty in 1.0.
    #[serde(flatten)]
    pub earlier: EarlierMembers,
}

/// One copy of a credential. `Debug` does not show it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct IssuedCredential {
    /// The credential, in the form of its format.
    pub credential: Value,
}

impl std::fmt::Debug for IssuedCredential {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("IssuedCredential(…)")
    }
}
