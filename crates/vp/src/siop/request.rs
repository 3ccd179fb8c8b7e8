//! What is asked for: the response type, and the parameters of an ID token (SIOPv2 §9).

use credenza_crypto::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::SubjectSyntax;
use super::metadata::RelyingPartyMetadata;

/// What a `response_type` asks for, whatever its order (OAuth 2.0 Multiple Response Types §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseTypes {
    /// `id_token`.
    IdToken,
    /// `vp_token id_token` (OID4VP 1.0, Appendix C).
    Both,
    /// Anything else.
    Other,
}

impl ResponseTypes {
    /// `response_type` of a request for presentations and an ID token.
    pub const BOTH: &'static str = "vp_token id_token";

    /// Reads a `response_type`.
    #[must_use]
    pub fn parse(text: Option<&str>) -> Self {
        let mut types: Vec<_> = text.unwrap_or_default().split(' ').collect();
        types.sort_unstable();
        match types.as_slice() {
            ["id_token"] => Self::IdToken,
            ["id_token", "vp_token"] => Self::Both,
            _ => Self::Other,
        }
    }
}

/// An ID token that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdTokenRequest {
    /// The ways in which the subject may name its key, the preferred one first.
    pub subject_syntaxes: Vec<SubjectSyntax>,
    /// The algorithm of its signature: there is room for one (`id_token_signed_response_alg`).
    pub algorithm: Algorithm,
}

impl Default for IdTokenRequest {
    /// By thumbprint, `did:jwk` or `did:key`, with ES256, which every wallet has (§15.1).
    fn default() -> Self {
        let subject_syntaxes =
            vec![SubjectSyntax::JwkThumbprint, SubjectSyntax::did("jwk"), SubjectSyntax::did("key")];
        Self { subject_syntaxes, algorithm: Algorithm::Es256 }
    }
}

impl IdTokenRequest {
    /// The members of `client_metadata` that say so.
    pub(crate) fn metadata(&self) -> Map<String, Value> {
        RelyingPartyMetadata::members(&self.subject_syntaxes, self.algorithm)
    }
}
