//! The credential request and response (§8.2, §8.3).

use credenza_core::json;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Which credential is asked for: by configuration, or by the identifier of a data set, never by both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requested {
    /// `credential_configuration_id`
    Configuration(String),
    /// `credential_identifier`
    Identifier(String),
}

/// What the wallet asks for at the credential endpoint. Unknown members are ignored.
#[derive(Debug, Clone, PartialEq)]
pub struct CredentialRequest {
    /// Which credential.
    pub requested: Requested,
    /// Proofs of the keys that the copies are bound to.
    pub proofs: Option<Proofs>,
    /// How the response is to be encrypted.
    pub response_encryption: Option<Value>,
}

/// Key proofs, all of one type.
#[derive(Debug, Clone, PartialEq)]
pub enum Proofs {
    /// JWTs, one for each key (Appendix F.1).
    Jwt(Vec<String>),
    /// A type that is not known here.
    Other(String),
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
}

impl CredentialRequest {
    /// Reads the JSON of a request.
    ///
    /// # Errors
    /// See [`InvalidCredentialRequest`].
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidCredentialRequest> {
        use InvalidCredentialRequest::Malformed;
        let mut members = json::parse_object(bytes)
            .map_err(|_| Malformed("the body is not a JSON object, or repeats a member"))?;
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
        let response_encryption = members.remove("credential_response_encryption");
        Ok(Self { requested, proofs, response_encryption })
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
        };
        if let Some(Proofs::Jwt(proofs)) = &self.proofs {
            members.insert("proofs".to_owned(), serde_json::json!({ "jwt": proofs }));
        }
        Value::Object(members)
    }
}

impl Proofs {
    fn read(proofs: Map<String, Value>) -> Result<Self, InvalidCredentialRequest> {
        use InvalidCredentialRequest::{Malformed, Proofs as Bad};
        let mut types = proofs.into_iter();
        let (Some((name, value)), None) = (types.next(), types.next()) else {
            return Err(Malformed("proofs has not exactly one type of proof"));
        };
        let Value::Array(values) = value else { return Err(Malformed("the proofs are not an array")) };
        if values.is_empty() {
            return Err(Bad("there is no proof in proofs"));
        }
        if name != "jwt" {
            return Ok(Self::Other(name));
        }
        let jwt = |value| match value {
            Value::String(jwt) => Ok(jwt),
            _ => Err(Bad("a jwt proof is not a string")),
        };
        Ok(Self::Jwt(values.into_iter().map(jwt).collect::<Result<_, _>>()?))
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
