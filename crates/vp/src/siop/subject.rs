//! Subject syntax types: the ways in which `sub` names a key (SIOPv2 §8).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The subject syntax type of JWK thumbprints (RFC 9278).
const THUMBPRINT: &str = "urn:ietf:params:oauth:jwk-thumbprint";

/// The ID token type that is signed by its own subject (§6.1, `id_token_types_supported`).
pub const SUBJECT_SIGNED: &str = "subject_signed_id_token";

/// A subject syntax type, as requests and metadata name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum SubjectSyntax {
    /// `urn:ietf:params:oauth:jwk-thumbprint`: the thumbprint of the key in `sub_jwk`.
    JwkThumbprint,
    /// `did:METHOD`: a DID of that method.
    Did(String),
    /// `did`: a DID of any method.
    AnyDid,
}

/// It begins with `did` and is neither `did` nor `did:` and a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a subject syntax type is neither did nor did: and the name of a method")]
pub struct NoMethod;

impl SubjectSyntax {
    /// Reads a subject syntax type; `None`: one that is not known here.
    ///
    /// # Errors
    /// [`NoMethod`]: something that begins like a DID method and is none (§7.5).
    pub fn parse(text: &str) -> Result<Option<Self>, NoMethod> {
        if text == THUMBPRINT {
            return Ok(Some(Self::JwkThumbprint));
        }
        match text.strip_prefix("did") {
            Some("") => Ok(Some(Self::AnyDid)),
            Some(rest) if rest.starts_with(':') => {
                let method = rest.trim_start_matches(':');
                let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
                let named = rest.len() == method.len().saturating_add(1) && !method.is_empty();
                if named && method.bytes().all(good) {
                    Ok(Some(Self::Did(method.to_owned())))
                } else {
                    Err(NoMethod)
                }
            }
            _ => Ok(None),
        }
    }

    /// A DID method, by its name without `did:`.
    #[must_use]
    pub fn did(method: &str) -> Self {
        Self::Did(method.to_owned())
    }

    /// Whether a subject of `other` syntax is one of this syntax.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self == other || matches!((self, other), (Self::AnyDid, Self::Did(_)))
    }
}

impl fmt::Display for SubjectSyntax {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::JwkThumbprint => out.write_str(THUMBPRINT),
            Self::Did(method) => write!(out, "did:{method}"),
            Self::AnyDid => out.write_str("did"),
        }
    }
}

impl From<SubjectSyntax> for String {
    fn from(syntax: SubjectSyntax) -> Self {
        syntax.to_string()
    }
}

impl TryFrom<String> for SubjectSyntax {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok().flatten().ok_or("not a subject syntax type that is known here")
    }
}
