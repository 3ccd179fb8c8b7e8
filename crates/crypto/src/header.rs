//! JOSE headers: what was received, and what is to be signed.

use credenza_core::{b64, json};
use serde_json::{Map, Value};

use crate::hash::sha256;
use crate::{Algorithm, Jwk, JwkError, JwsError, Signer};

/// The protected header of a JWS that was received.
///
/// It is parsed strictly: no duplicate members, an algorithm that is a signature, no `crit` (nothing that it could
/// name is supported), no `b64`.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// `alg`
    pub algorithm: Algorithm,
    /// `typ`, as it was sent.
    pub typ: Option<String>,
    /// `kid`
    pub kid: Option<String>,
    /// All members, these included.
    pub members: Map<String, Value>,
}

impl Header {
    /// Reads the JSON of a header.
    ///
    /// # Errors
    /// [`JwsError::Malformed`], [`JwsError::Algorithm`] or [`JwsError::Critical`].
    pub fn parse(bytes: &[u8]) -> Result<Self, JwsError> {
        let members =
            json::parse_object(bytes).map_err(|_| JwsError::Malformed("the header is not a JSON object"))?;
        let text = |name: &str, what| match members.get(name) {
            None => Ok(None),
            Some(Value::String(value)) => Ok(Some(value.clone())),
            Some(_) => Err(JwsError::Malformed(what)),
        };
        if members.contains_key("crit") || members.contains_key("b64") {
            return Err(JwsError::Critical);
        }
        let algorithm =
            text("alg", "alg is not a string")?.ok_or(JwsError::Malformed("the header has no alg"))?;
        let algorithm = Algorithm::from_name(&algorithm).ok_or(JwsError::Algorithm)?;
        let typ = text("typ", "typ is not a string")?;
        let kid = text("kid", "kid is not a string")?;
        Ok(Self { algorithm, typ, kid, members })
    }

    /// Whether `typ` is the given media type: with or without `application/`, in any case (RFC 7515 §4.1.9,
    /// RFC 2045 §5.1).
    #[must_use]
    pub fn has_type(&self, expected: &str) -> bool {
        self.typ.as_deref().is_some_and(|typ| {
            let typ = match typ.split_at_checked(12) {
                Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
                _ => typ,
            };
            typ.eq_ignore_ascii_case(expected)
        })
    }

    /// The key in the header (`jwk`), which proves nothing but that the sender has it.
    ///
    /// # Errors
    /// It is there and not a public key.
    pub fn jwk(&self) -> Result<Option<Jwk>, JwkError> {
        self.members.get("jwk").map(Jwk::from_value).transpose()
    }

    /// The certificates in the header (`x5c`), DER, leaf first, not validated. A `x5t#S256` beside them is that of the
    /// leaf (RFC 7515 §4.1.8); alone it leads to no key.
    ///
    /// # Errors
    /// The member is there and not a non-empty array of base64, or `x5t#S256` names another certificate.
    pub fn x5c(&self) -> Result<Option<Vec<Vec<u8>>>, JwkError> {
        let Some(chain) = self.members.get("x5c") else { return Ok(None) };
        let chain = crate::jwk::x5c(chain).ok_or(JwkError::Malformed("x5c"))?;
        if let Some(thumbprint) = self.members.get("x5t#S256") {
            let leaf = chain.first().map(|leaf| b64::encode(sha256(leaf)));
            if thumbprint.as_str() != leaf.as_deref() {
                return Err(JwkError::Malformed("x5t#S256"));
            }
        }
        Ok(Some(chain))
    }

    /// Starts a header for `signer` to sign under.
    #[must_use]
    pub fn signing(signer: &dyn Signer, typ: &str, identified_by: IdentifiedBy) -> SigningHeader {
        SigningHeader::new(signer, typ, identified_by, Map::new())
    }
}

/// How a header says which key has signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentifiedBy {
    /// It does not.
    Nothing,
    /// By `kid`, when the key has one.
    Kid,
    /// By the key itself (`jwk`).
    Jwk,
    /// By certificates (`x5c`); a `kid` is added when the key has one.
    X5c,
}

/// A header that is encoded once and signed under many times.
#[derive(Debug, Clone)]
pub struct SigningHeader {
    encoded: String,
}

impl SigningHeader {
    /// Encodes a header: `alg`, `typ`, the key as `identified_by` says, and the members of `more`.
    #[must_use]
    pub fn new(
        signer: &dyn Signer,
        typ: &str,
        identified_by: IdentifiedBy,
        more: Map<String, Value>,
    ) -> Self {
        let jwk = signer.public_jwk();
        let mut members = Map::new();
        members.insert("alg".to_owned(), signer.algorithm().name().into());
        members.insert("typ".to_owned(), typ.into());
        if let (IdentifiedBy::Kid | IdentifiedBy::X5c, Some(kid)) = (identified_by, &jwk.kid) {
            members.insert("kid".to_owned(), kid.as_str().into());
        }
        match identified_by {
            IdentifiedBy::Jwk => {
                members.insert("jwk".to_owned(), Jwk::new(jwk.key.clone()).to_value());
            }
            IdentifiedBy::X5c if !signer.x5c().is_empty() => {
                let chain = signer
                    .x5c()
                    .iter()
                    .map(|certificate| Value::from(b64::encode_std(certificate)))
                    .collect();
                members.insert("x5c".to_owned(), chain);
            }
            _ => {}
        }
        members.extend(more);
        Self { encoded: b64::encode(Value::Object(members).to_string()) }
    }

    /// The header as base64url.
    #[must_use]
    pub fn encoded(&self) -> &str {
        &self.encoded
    }
}
