//! The inspector behind `/inspect` and `POST /api/v1/inspect`: a callback, because what it can decode is decided
//! above this crate.

use credenza_core::Report;
use serde::Serialize;
use serde_json::Value;

/// Decodes anything a person pastes: an offer, a request, a token, a credential, metadata, a key, a certificate.
///
/// It must not fetch anything and must not block: it works on the text alone.
pub trait Inspect: Send + Sync {
    /// Decodes `text`.
    ///
    /// # Errors
    /// A sentence for the person, when it is nothing that is known. It does not repeat the text.
    fn inspect(&self, text: &str) -> Result<Inspection, String>;
}

/// What the text turned out to be.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// What it is, in a few words: `SD-JWT VC with key binding`.
    pub kind: String,
    /// Its parts, from the outside to the inside.
    pub parts: Vec<InspectedPart>,
    /// What the linter thinks of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
}

/// One part of it.
#[derive(Debug, Clone, Serialize)]
pub struct InspectedPart {
    /// What it is: `header`, `payload`, `disclosure 2`.
    pub name: String,
    /// The decoded content.
    pub content: Value,
    /// A remark about the part, where one helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}
