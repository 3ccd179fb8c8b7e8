//! Taking the text of an SD-JWT apart.

use credenza_core::{Report, json};
use credenza_crypto::{Header, Jws, JwsError};
use serde_json::{Map, Value};

use super::rules;

/// How large an SD-JWT may be. All work on it is linear in these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SdJwtLimits {
    /// Bytes of the whole text, disclosures and KB-JWT included.
    pub total: usize,
    /// Number of disclosures.
    pub disclosures: usize,
    /// How deep objects and arrays may be nested, with everything disclosed; at most
    /// [`json::MAX_DEPTH`].
    pub depth: usize,
}

impl SdJwtLimits {
    /// Bytes of the whole text, unless configured: room for some portraits.
    pub const TOTAL: usize = 256 * 1024;
    /// Number of disclosures, unless configured.
    pub const DISCLOSURES: usize = 500;
    /// Depth of nesting, unless configured: as many levels as a claims path has elements.
    pub const DEPTH: usize = 16;
}

impl Default for SdJwtLimits {
    fn default() -> Self {
        Self { total: Self::TOTAL, disclosures: Self::DISCLOSURES, depth: Self::DEPTH }
    }
}

/// Why a text is not an SD-JWT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Longer than [`SdJwtLimits::total`].
    #[error("longer than a credential may be")]
    TooLong,
    /// More disclosures than [`SdJwtLimits::disclosures`].
    #[error("more disclosures than a credential may have")]
    TooManyDisclosures,
    /// No `~`: a JWT, but not an SD-JWT.
    #[error("there is no ~: this is not an SD-JWT")]
    NoSeparator,
    /// Two `~` in a row, or one at the start.
    #[error("an empty part between two ~")]
    EmptyPart,
    /// The issuer-signed JWT.
    #[error("the issuer-signed part: {0}")]
    Jws(#[from] JwsError),
    /// The payload.
    #[error("the payload is not a JSON object without duplicate members")]
    Payload,
}

/// An SD-JWT or SD-JWT+KB that was taken apart; nothing about it is verified yet. It borrows the text.
pub struct SdJwt<'a> {
    pub(super) jws: Jws<'a>,
    pub(super) payload: Map<String, Value>,
    pub(super) disclosures: Vec<&'a str>,
    pub(super) kb_jwt: Option<&'a str>,
    /// Everything up to and including the last `~`: what `sd_hash` is taken over.
    pub(super) sd_jwt: &'a str,
    pub(super) depth: usize,
}

impl<'a> SdJwt<'a> {
    /// Takes the compact form apart (RFC 9901 §4).
    ///
    /// # Errors
    /// See [`ParseError`].
    pub fn parse(text: &'a str, limits: &SdJwtLimits) -> Result<Self, ParseError> {
        if text.len() > limits.total {
            return Err(ParseError::TooLong);
        }
        let (issuer_jwt, rest) = text.split_once('~').ok_or(ParseError::NoSeparator)?;
        let (disclosed, kb_jwt) = rest.rsplit_once('~').map_or((None, rest), |(d, kb)| (Some(d), kb));
        let mut disclosures = Vec::new();
        for disclosure in disclosed.into_iter().flat_map(|disclosed| disclosed.split('~')) {
            if disclosure.is_empty() {
                return Err(ParseError::EmptyPart);
            }
            if disclosures.len() >= limits.disclosures {
                return Err(ParseError::TooManyDisclosures);
            }
            disclosures.push(disclosure);
        }
        if issuer_jwt.is_empty() {
            return Err(ParseError::EmptyPart);
        }
        let jws = Jws::parse(issuer_jwt)?;
        let payload = json::parse_object(&jws.payload).map_err(|_| ParseError::Payload)?;
        Ok(Self {
            jws,
            payload,
            disclosures,
            kb_jwt: (!kb_jwt.is_empty()).then_some(kb_jwt),
            sd_jwt: text.get(..text.len() - kb_jwt.len()).unwrap_or_default(),
            depth: limits.depth,
        })
    }

    /// As [`SdJwt::parse`]; what goes wrong is noted in the report.
    #[must_use]
    pub fn read(text: &'a str, limits: &SdJwtLimits, report: &mut Report) -> Option<Self> {
        match Self::parse(text, limits) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                let rule = match error {
                    ParseError::Jws(JwsError::Algorithm) => &rules::ALG,
                    _ => &rules::PARSE,
                };
                report.fail(rule, error.to_string());
                None
            }
        }
    }

    /// The issuer's protected header, to find the issuer's key by (`x5c`, `kid`).
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.jws.header
    }

    /// The disclosures as they were received.
    #[must_use]
    pub fn disclosures(&self) -> &[&'a str] {
        &self.disclosures
    }

    /// The KB-JWT as it was received.
    #[must_use]
    pub fn kb_jwt(&self) -> Option<&'a str> {
        self.kb_jwt
    }

    /// The issuer-signed payload before it is known to be anybody's, digests in place: only to find the issuer's
    /// key by, or to show what was sent.
    #[must_use]
    pub fn dangerous_payload(&self) -> &Map<String, Value> {
        &self.payload
    }

    /// `iss` before it is known to be true: only to find the issuer's key by.
    #[must_use]
    pub fn dangerous_issuer(&self) -> Option<&str> {
        self.payload.get("iss").and_then(Value::as_str)
    }

    /// `vct` before it is known to be true: only to find out whom to trust with this type.
    #[must_use]
    pub fn dangerous_vct(&self) -> Option<&str> {
        self.payload.get("vct").and_then(Value::as_str)
    }
}

/// Shows the shape and no claim.
impl std::fmt::Debug for SdJwt<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "SdJwt({}, {} disclosures, {})",
            self.jws.header.algorithm,
            self.disclosures.len(),
            if self.kb_jwt.is_some() { "bound" } else { "not bound" }
        )
    }
}
