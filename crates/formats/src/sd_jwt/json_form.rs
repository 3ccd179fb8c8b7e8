//! The JWS JSON serialization of an SD-JWT, flattened and general (RFC 9901 §8).

use credenza_core::{b64, json};
use credenza_crypto::{SignError, Signer, SigningHeader};
use serde_json::{Map, Value};

use super::{ParseError, SdJwt, SdJwtLimits};

const DISCLOSURES: &str = "disclosures";
const KB_JWT: &str = "kb_jwt";

/// Why a text is not an SD-JWT in JSON serialization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonFormError {
    /// Longer than [`SdJwtLimits::total`].
    #[error("longer than a credential may be")]
    TooLong,
    /// A part is missing or has the wrong form.
    #[error("not a JWS in JSON serialization: {0}")]
    Malformed(&'static str),
    /// Disclosures or the KB-JWT where nobody may look for them.
    #[error("{0} belongs into the first unprotected header alone")]
    Misplaced(&'static str),
}

/// An SD-JWT in JSON serialization that was taken apart; nothing about it is verified yet.
///
/// Each signature together with the payload and the disclosures is an SD-JWT of its own, which is parsed and verified
/// like one in compact form.
pub struct JsonForm {
    payload: String,
    signatures: Vec<Signature>,
    disclosures: Vec<String>,
    kb_jwt: Option<String>,
}

struct Signature {
    /// The unprotected header, without disclosures and KB-JWT.
    unprotected: Map<String, Value>,
    protected: String,
    signature: String,
    /// The compact form with this signature.
    compact: String,
}

impl JsonForm {
    /// Reads either of the two serializations.
    ///
    /// # Errors
    /// See [`JsonFormError`].
    pub fn read(bytes: &[u8], limits: &SdJwtLimits) -> Result<Self, JsonFormError> {
        if bytes.len() > limits.total {
            return Err(JsonFormError::TooLong);
        }
        let mut members =
            json::parse_object(bytes).map_err(|_| JsonFormError::Malformed("not a JSON object"))?;
        let payload = part(&mut members, "payload")?;
        let entries = match members.remove("signatures") {
            None => vec![members],
            Some(Value::Array(entries)) if !entries.is_empty() => {
                if ["signature", "protected", "header"].iter().any(|name| members.contains_key(*name)) {
                    return Err(JsonFormError::Malformed("flattened and general at once"));
                }
                entries.into_iter().map(object).collect::<Result<_, _>>()?
            }
            Some(_) => return Err(JsonFormError::Malformed("signatures")),
        };
        let mut form = Self { payload, signatures: Vec::new(), disclosures: Vec::new(), kb_jwt: None };
        for (index, mut entry) in entries.into_iter().enumerate() {
            let protected = part(&mut entry, "protected")?;
            let signature = part(&mut entry, "signature")?;
            let mut unprotected = entry.remove("header").map_or_else(|| Ok(Map::new()), object)?;
            check_disjoint(&protected, &unprotected)?;
            if index == 0 {
                form.disclosures = disclosures(unprotected.shift_remove(DISCLOSURES))?;
                form.kb_jwt = kb_jwt(unprotected.shift_remove(KB_JWT))?;
            }
            for name in [DISCLOSURES, KB_JWT] {
                if unprotected.contains_key(name) {
                    return Err(JsonFormError::Misplaced(name));
                }
            }
            form.push(protected, signature, unprotected);
        }
        Ok(form)
    }

    /// The same SD-JWT as a text in compact form, to be written as JSON.
    ///
    /// # Errors
    /// See [`ParseError`].
    pub fn of(compact: &str, limits: &SdJwtLimits) -> Result<Self, ParseError> {
        let parsed = SdJwt::parse(compact, limits)?;
        let jwt = compact.split('~').next().unwrap_or_default();
        // Parsing has made sure that there are three.
        let mut parts = jwt.split('.').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        let (protected, payload, signature) = (next(), next(), next());
        let disclosures = parsed.disclosures.iter().map(|disclosure| (*disclosure).to_owned()).collect();
        let kb_jwt = parsed.kb_jwt.map(str::to_owned);
        let mut form = Self { payload, signatures: Vec::new(), disclosures, kb_jwt };
        form.push(protected, signature, Map::new());
        Ok(form)
    }

    /// Adds the signature of one more issuer over the same payload.
    ///
    /// # Errors
    /// The signer could not sign.
    pub async fn co_sign(&mut self, signer: &dyn Signer, header: &SigningHeader) -> Result<(), SignError> {
        let protected = header.encoded().to_owned();
        let signature = signer.sign(format!("{protected}.{}", self.payload).as_bytes()).await?;
        self.push(protected, b64::encode(signature), Map::new());
        Ok(())
    }

    fn push(&mut self, protected: String, signature: String, unprotected: Map<String, Value>) {
        let mut compact = format!("{protected}.{}.{signature}~", self.payload);
        for disclosure in &self.disclosures {
            compact.push_str(disclosure);
            compact.push('~');
        }
        compact.push_str(self.kb_jwt.as_deref().unwrap_or_default());
        self.signatures.push(Signature { unprotected, protected, signature, compact });
    }

    /// How many signatures it has: at least one.
    #[must_use]
    pub fn signatures(&self) -> usize {
        self.signatures.len()
    }

    /// What the unprotected header of a signature says beside the disclosures: nobody has signed it.
    #[must_use]
    pub fn dangerous_unprotected(&self, signature: usize) -> Option<&Map<String, Value>> {
        self.signatures.get(signature).map(|signature| &signature.unprotected)
    }

    /// The compact form with the first signature.
    #[must_use]
    pub fn compact(&self) -> &str {
        self.signatures.first().map_or("", |first| &first.compact)
    }

    /// The SD-JWT with one of the signatures. A KB-JWT is bound to the first of them, whichever is looked at.
    ///
    /// # Errors
    /// See [`ParseError`]; there is no such signature.
    pub fn sd_jwt(&self, signature: usize, limits: &SdJwtLimits) -> Result<SdJwt<'_>, ParseError> {
        let signature = self.signatures.get(signature).ok_or(ParseError::NoSeparator)?;
        let mut parsed = SdJwt::parse(&signature.compact, limits)?;
        let first = self.compact();
        let kb_jwt = self.kb_jwt.as_deref().map_or(0, str::len);
        parsed.sd_jwt = first.get(..first.len() - kb_jwt).unwrap_or_default();
        Ok(parsed)
    }

    /// The flattened serialization, with the first signature.
    #[must_use]
    pub fn to_flattened(&self) -> Value {
        let mut members = self.signatures.first().map(|first| self.entry(first, true)).unwrap_or_default();
        members.insert("payload".to_owned(), self.payload.as_str().into());
        Value::Object(members)
    }

    /// The general serialization, with all signatures.
    #[must_use]
    pub fn to_general(&self) -> Value {
        let entries = self.signatures.iter().enumerate();
        let entries = entries.map(|(index, signature)| Value::Object(self.entry(signature, index == 0)));
        let mut members = Map::new();
        members.insert("payload".to_owned(), self.payload.as_str().into());
        members.insert("signatures".to_owned(), entries.collect());
        Value::Object(members)
    }

    fn entry(&self, signature: &Signature, first: bool) -> Map<String, Value> {
        let mut header = Map::new();
        if first {
            header.insert(DISCLOSURES.to_owned(), self.disclosures.clone().into());
        }
        header.extend(signature.unprotected.clone());
        if let (true, Some(kb_jwt)) = (first, &self.kb_jwt) {
            header.insert(KB_JWT.to_owned(), kb_jwt.as_str().into());
        }
        let mut entry = Map::new();
        if !header.is_empty() {
            entry.insert("header".to_owned(), Value::Object(header));
        }
        entry.insert("protected".to_owned(), signature.protected.as_str().into());
        entry.insert("signature".to_owned(), signature.signature.as_str().into());
        entry
    }
}

/// Shows the shape and no claim.
impl std::fmt::Debug for JsonForm {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "JsonForm({} signatures, {} disclosures)", self.signatures.len(), self.disclosures.len())
    }
}

fn object(value: Value) -> Result<Map<String, Value>, JsonFormError> {
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(JsonFormError::Malformed("a header or a signature is not an object")),
    }
}

/// A member in base64url: nothing in it can be taken for a separator of the compact form.
fn part(members: &mut Map<String, Value>, name: &'static str) -> Result<String, JsonFormError> {
    match members.remove(name) {
        Some(Value::String(text)) if text.bytes().all(is_base64url) => Ok(text),
        _ => Err(JsonFormError::Malformed(name)),
    }
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn disclosures(value: Option<Value>) -> Result<Vec<String>, JsonFormError> {
    let disclosures = match value {
        None => return Ok(Vec::new()),
        Some(Value::Array(disclosures)) => disclosures,
        Some(_) => return Err(JsonFormError::Malformed(DISCLOSURES)),
    };
    let text = |value| match value {
        Value::String(text) if !text.is_empty() && text.bytes().all(is_base64url) => Ok(text),
        _ => Err(JsonFormError::Malformed(DISCLOSURES)),
    };
    disclosures.into_iter().map(text).collect()
}

fn kb_jwt(value: Option<Value>) -> Result<Option<String>, JsonFormError> {
    match value {
        None => Ok(None),
        Some(Value::String(text))
            if !text.is_empty() && text.bytes().all(|byte| byte == b'.' || is_base64url(byte)) =>
        {
            Ok(Some(text))
        }
        Some(_) => Err(JsonFormError::Malformed(KB_JWT)),
    }
}

/// No parameter in both headers (RFC 7515 §7.2.1), none that has to be protected in the other one, and no disclosures
/// in the protected one.
fn check_disjoint(protected: &str, unprotected: &Map<String, Value>) -> Result<(), JsonFormError> {
    let bytes = b64::decode(protected).map_err(|_| JsonFormError::Malformed("protected"))?;
    let protected = json::parse_object(&bytes).map_err(|_| JsonFormError::Malformed("protected"))?;
    for name in [DISCLOSURES, KB_JWT] {
        if protected.contains_key(name) {
            return Err(JsonFormError::Misplaced(name));
        }
    }
    let unsafe_there = |name: &String| name == "crit" || name == "b64" || protected.contains_key(name);
    if unprotected.keys().any(unsafe_there) {
        return Err(JsonFormError::Malformed("a header parameter stands where it may not"));
    }
    Ok(())
}
