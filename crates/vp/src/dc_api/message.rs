//! What is handed to the API, and what comes back: a protocol and its data (OpenID4VP 1.0 §A.1).

use credenza_core::json;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How a request through the API is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protocol {
    /// Not at all: the origin says who asks.
    #[serde(rename = "openid4vp-v1-unsigned")]
    Unsigned,
    /// Once.
    #[serde(rename = "openid4vp-v1-signed")]
    Signed,
    /// By several identities of the same verifier.
    #[serde(rename = "openid4vp-v1-multisigned")]
    Multisigned,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Unsigned, Self::Signed, Self::Multisigned];

    /// The exchange protocol identifier.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unsigned => "openid4vp-v1-unsigned",
            Self::Signed => "openid4vp-v1-signed",
            Self::Multisigned => "openid4vp-v1-multisigned",
        }
    }

    /// By its identifier; `None`: another protocol, or another version of this one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == name)
    }
}

/// A request or an answer, as the API carries it.
#[derive(Clone, PartialEq, Serialize)]
pub struct Call {
    /// Which protocol the data is of.
    pub protocol: Protocol,
    /// The request, or the answer.
    pub data: Map<String, Value>,
}

/// An answer is personal data: not shown.
impl std::fmt::Debug for Call {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Call({}, {} members)", self.protocol.as_str(), self.data.len())
    }
}

/// Why something that came through the API was not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Not a JSON object, or a member twice.
    #[error("it is not a JSON object without duplicate members")]
    Json,
    /// No request, or none of a protocol that is known.
    #[error("there is none of a protocol that is known")]
    Protocol,
    /// `data` is missing or no object.
    #[error("its data is not an object")]
    Data,
}

impl Call {
    /// Reads `{protocol, data}`: an answer, or one request.
    ///
    /// # Errors
    /// See [`MessageError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, MessageError> {
        let mut members = json::parse_object(bytes).map_err(|_| MessageError::Json)?;
        Self::read(&mut members)
    }

    /// Reads what a website gives to `navigator.credentials.get`, or one request of it, and takes the first request
    /// of a protocol that is known.
    ///
    /// # Errors
    /// See [`MessageError`].
    pub fn first_of(bytes: &[u8]) -> Result<Self, MessageError> {
        let mut members = json::parse_object(bytes).map_err(|_| MessageError::Json)?;
        if let Some(Value::Object(digital)) = members.remove("digital") {
            members = digital;
        }
        match members.remove("requests") {
            None => Self::read(&mut members),
            Some(Value::Array(requests)) => requests
                .into_iter()
                .find_map(|request| match request {
                    Value::Object(mut request) => match Self::read(&mut request) {
                        Err(MessageError::Protocol) => None,
                        found => Some(found),
                    },
                    _ => None,
                })
                .unwrap_or(Err(MessageError::Protocol)),
            Some(_) => Err(MessageError::Protocol),
        }
    }

    fn read(members: &mut Map<String, Value>) -> Result<Self, MessageError> {
        let protocol = members.get("protocol").and_then(Value::as_str).and_then(Protocol::from_name);
        let protocol = protocol.ok_or(MessageError::Protocol)?;
        match members.remove("data") {
            Some(Value::Object(data)) => Ok(Self { protocol, data }),
            _ => Err(MessageError::Data),
        }
    }

    /// The argument of `navigator.credentials.get` that asks with this alone.
    #[must_use]
    pub fn to_get_options(&self) -> Value {
        let request = serde_json::to_value(self).unwrap_or_default();
        serde_json::json!({ "mediation": "required", "digital": { "requests": [request] } })
    }
}
