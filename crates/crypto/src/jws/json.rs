//! JWS in JSON (RFC 7515 §7.2): one payload under several signatures (general), or under one (flattened).
//!
//! SD-JWTs in JSON (RFC 9901 §8) and requests that several authorities have signed (OID4VP 1.0 §A.3.2) come this way.

use credenza_core::{b64, json};
use serde_json::{Map, Value};

use super::{JwsError, MAX_HEADER, MAX_TOKEN};
use crate::{Algorithm, Header, PublicKey, SignError, Signer, SigningHeader};

/// No JWS has more signatures.
pub const MAX_SIGNATURES: usize = 8;

/// A JWS in JSON that was taken apart; none of its signatures is verified yet.
#[derive(Debug, Clone)]
pub struct JsonJws {
    /// The payload, decoded.
    pub payload: Vec<u8>,
    /// The signatures, at least one.
    pub signatures: Vec<JsonSignature>,
    encoded_payload: String,
}

/// One signature of a JWS in JSON.
#[derive(Debug, Clone)]
pub struct JsonSignature {
    /// The unprotected header: whatever it says, nobody has signed it.
    pub unprotected: Map<String, Value>,
    header: Result<Header, JwsError>,
    protected: String,
    signature: Vec<u8>,
}

impl JsonSignature {
    /// The protected header.
    ///
    /// # Errors
    /// The header is not acceptable: a signature that we can't judge, among others that we perhaps can.
    pub fn header(&self) -> Result<&Header, JwsError> {
        self.header.as_ref().map_err(|error| *error)
    }
}

impl JsonJws {
    /// Takes a JWS in JSON apart, general or flattened.
    ///
    /// # Errors
    /// [`JwsError::Malformed`]: neither of the two forms, or a payload that is not there.
    pub fn parse(text: &[u8]) -> Result<Self, JwsError> {
        if text.len() > MAX_TOKEN {
            return Err(JwsError::Malformed("longer than a token may be"));
        }
        Self::from_object(json::parse_object(text).map_err(|_| JwsError::Malformed("not a JSON object"))?)
    }

    /// Takes a JWS apart that is a member of a JSON document which was parsed strictly.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_object(mut members: Map<String, Value>) -> Result<Self, JwsError> {
        let Some(Value::String(encoded_payload)) = members.remove("payload") else {
            return Err(JwsError::Malformed("there is no payload"));
        };
        if encoded_payload.len() > MAX_TOKEN {
            return Err(JwsError::Malformed("longer than a token may be"));
        }
        let signatures = match members.remove("signatures") {
            Some(Value::Array(signatures)) => {
                if ["protected", "header", "signature"].iter().any(|name| members.contains_key(*name)) {
                    return Err(JwsError::Malformed("general and flattened at once"));
                }
                signatures
            }
            Some(_) => return Err(JwsError::Malformed("signatures is not an array")),
            None => vec![Value::Object(members)],
        };
        if signatures.is_empty() || signatures.len() > MAX_SIGNATURES {
            return Err(JwsError::Malformed("no signature, or more than there may be"));
        }
        let payload =
            b64::decode(&encoded_payload).map_err(|_| JwsError::Malformed("the payload is not base64url"))?;
        let signatures = signatures.into_iter().map(signature).collect::<Result<_, _>>()?;
        Ok(Self { payload, signatures, encoded_payload })
    }

    /// Verifies one of the signatures with a key, if its algorithm is one of those allowed.
    ///
    /// # Errors
    /// What was wrong with its header, [`JwsError::Algorithm`] or [`JwsError::Signature`].
    pub fn verify(
        &self,
        signature: &JsonSignature,
        key: &PublicKey,
        allowed: &[Algorithm],
    ) -> Result<(), JwsError> {
        let algorithm = signature.header()?.algorithm;
        if !allowed.contains(&algorithm) {
            return Err(JwsError::Algorithm);
        }
        let message = [signature.protected.as_str(), ".", &self.encoded_payload].concat();
        Ok(key.verify(algorithm, message.as_bytes(), &signature.signature)?)
    }

    /// The compact form with one of the signatures; what was unprotected is lost.
    #[must_use]
    pub fn to_compact(&self, signature: &JsonSignature) -> String {
        [&signature.protected, ".", &self.encoded_payload, ".", &b64::encode(&signature.signature)].concat()
    }
}

fn signature(value: Value) -> Result<JsonSignature, JwsError> {
    let Value::Object(mut members) = value else {
        return Err(JwsError::Malformed("a signature is not an object"));
    };
    let Some(Value::String(signature)) = members.remove("signature") else {
        return Err(JwsError::Malformed("there is no signature"));
    };
    let signature =
        b64::decode(signature).map_err(|_| JwsError::Malformed("the signature is not base64url"))?;
    let protected = match members.remove("protected") {
        None => String::new(),
        Some(Value::String(protected)) => protected,
        Some(_) => return Err(JwsError::Malformed("the protected header is not a string")),
    };
    let unprotected = match members.remove("header") {
        None => Map::new(),
        Some(Value::Object(header)) => header,
        Some(_) => return Err(JwsError::Malformed("the unprotected header is not an object")),
    };
    let header = header(&protected, &unprotected);
    Ok(JsonSignature { unprotected, header, protected, signature })
}

/// Reads the protected header. `alg` has to be in it, and so has what must be understood (RFC 7515 §4.1.11); the same
/// name in both headers would be two answers to one question (§7.2.1).
fn header(protected: &str, unprotected: &Map<String, Value>) -> Result<Header, JwsError> {
    if protected.len() > MAX_HEADER {
        return Err(JwsError::Malformed("the header is longer than it may be"));
    }
    let decoded = b64::decode(protected).map_err(|_| JwsError::Malformed("the header is not base64url"))?;
    let header = Header::parse(&decoded)?;
    if unprotected.contains_key("crit") {
        return Err(JwsError::Critical);
    }
    if unprotected.keys().any(|name| header.members.contains_key(name)) {
        return Err(JwsError::Malformed("a header member is both protected and unprotected"));
    }
    Ok(header)
}

/// One signature to be made.
pub struct Signing<'a> {
    /// Who signs.
    pub signer: &'a dyn Signer,
    /// Under which protected header.
    pub header: &'a SigningHeader,
    /// What stands beside it, not signed; left out when empty.
    pub unprotected: Map<String, Value>,
}

/// Signs a payload several times, in general form.
///
/// # Errors
/// A signer could not sign.
pub async fn sign_general(signatures: Vec<Signing<'_>>, payload: &[u8]) -> Result<Value, SignError> {
    let payload = b64::encode(payload);
    let mut signed = Vec::with_capacity(signatures.len());
    for signing in signatures {
        signed.push(Value::Object(sign(signing, &payload).await?));
    }
    let mut members = Map::new();
    members.insert("payload".to_owned(), payload.into());
    members.insert("signatures".to_owned(), signed.into());
    Ok(Value::Object(members))
}

/// Signs a payload once, in flattened form.
///
/// # Errors
/// The signer could not sign.
pub async fn sign_flattened(signing: Signing<'_>, payload: &[u8]) -> Result<Value, SignError> {
    let payload = b64::encode(payload);
    let mut members = sign(signing, &payload).await?;
    members.insert("payload".to_owned(), payload.into());
    Ok(Value::Object(members))
}

async fn sign(signing: Signing<'_>, payload: &str) -> Result<Map<String, Value>, SignError> {
    let protected = signing.header.encoded();
    let message = [protected, ".", payload].concat();
    let signature = signing.signer.sign(message.as_bytes()).await?;
    let mut members = Map::new();
    members.insert("protected".to_owned(), protected.into());
    if !signing.unprotected.is_empty() {
        members.insert("header".to_owned(), Value::Object(signing.unprotected));
    }
    members.insert("signature".to_owned(), b64::encode(signature).into());
    Ok(members)
}
