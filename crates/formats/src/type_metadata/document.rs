//! One type metadata document (SD-JWT VC §4.2).

use std::collections::HashSet;

use credenza_core::{ClaimsPath, json};
use serde::{Deserialize, Serialize};

use super::display::{ClaimDisplay, TypeDisplay};
use super::integrity::Integrity;

/// Bytes of a document, unless configured.
pub const MAX_DOCUMENT: usize = 256 * 1024;
/// Claims that one document describes.
pub const MAX_CLAIMS: usize = 500;
/// Languages of one display.
pub const MAX_LOCALES: usize = 100;

/// What is said about a type in one document, before what it extends is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TypeMetadata {
    /// The type.
    pub vct: String,
    /// A name for developers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A description for developers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The type that this one extends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    /// What that type's document is.
    #[serde(default, rename = "extends#integrity", skip_serializing_if = "Option::is_none")]
    pub extends_integrity: Option<String>,
    /// How it is shown, by language.
    #[serde(default, deserialize_with = "super::strict::list", skip_serializing_if = "Option::is_none")]
    pub display: Option<Vec<TypeDisplay>>,
    /// Its claims.
    #[serde(default, deserialize_with = "super::strict::list", skip_serializing_if = "Option::is_none")]
    pub claims: Option<Vec<ClaimMetadata>>,
}

/// What is said about a claim, or about several that one path selects (§4.6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimMetadata {
    /// Which claims.
    pub path: ClaimsPath,
    /// How they are called, by language.
    #[serde(default, deserialize_with = "super::strict::list", skip_serializing_if = "Option::is_none")]
    pub display: Option<Vec<ClaimDisplay>>,
    /// Whether the issuer has to put it in. Absent is not the same as `false` where a type extends another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandatory: Option<bool>,
    /// Whether the holder can keep it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sd: Option<SelectiveDisclosure>,
    /// Its name in SVG templates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub svg_id: Option<String>,
}

/// Whether the holder can keep a claim back (§4.6.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SelectiveDisclosure {
    /// The issuer has to make it so.
    Always,
    /// The issuer may.
    #[default]
    Allowed,
    /// The issuer must not.
    Never,
}

/// Why bytes are no type metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// No JSON object, a member twice, a member of another type, or one that is missing.
    #[error("not a type metadata document: {0}")]
    Json(String),
    /// An empty `vct` or `extends`.
    #[error("a type metadata document has an empty vct or extends")]
    EmptyType,
    /// More than is read.
    #[error("a type metadata document is larger than is accepted")]
    TooLarge,
    /// An integrity member that is no integrity metadata.
    #[error("a type metadata document has an integrity member that can't be relied on")]
    Integrity,
    /// `extends#integrity` of nothing.
    #[error("a type metadata document has extends#integrity without extends")]
    IntegrityOfNothing,
    /// Several templates that are not told apart, or properties with nothing in them.
    #[error("SVG templates have no properties that tell them apart")]
    TemplateProperties,
    /// A claim described twice.
    #[error("two descriptions of the claim at one path")]
    SamePath,
    /// `svg_id` twice, or not letters, digits and underscores with no digit first.
    #[error("an svg_id is not a name of its own")]
    SvgId,
}

impl TypeMetadata {
    /// Reads a document; members that are not known are passed over, those that are known must be right.
    ///
    /// # Errors
    /// See [`DocumentError`].
    pub fn parse(document: &[u8]) -> Result<Self, DocumentError> {
        if document.len() > MAX_DOCUMENT {
            return Err(DocumentError::TooLarge);
        }
        let metadata: Self =
            json::object_from_slice(document).map_err(|error| DocumentError::Json(error.to_string()))?;
        metadata.check()?;
        Ok(metadata)
    }

    /// Whether it is one that others accept; for documents of our own that are to be published.
    ///
    /// # Errors
    /// See [`DocumentError`].
    pub fn check(&self) -> Result<(), DocumentError> {
        if self.vct.is_empty() || self.extends.as_deref() == Some("") {
            return Err(DocumentError::EmptyType);
        }
        match (&self.extends, &self.extends_integrity) {
            (None, Some(_)) => return Err(DocumentError::IntegrityOfNothing),
            (Some(_), Some(integrity)) if Integrity::parse(integrity).is_err() => {
                return Err(DocumentError::Integrity);
            }
            _ => {}
        }
        let displays = self.display.as_deref().unwrap_or_default();
        let claims = self.claims.as_deref().unwrap_or_default();
        let many =
            claims.iter().any(|claim| claim.display.as_ref().is_some_and(|all| all.len() > MAX_LOCALES));
        if many || displays.len() > MAX_LOCALES || claims.len() > MAX_CLAIMS {
            return Err(DocumentError::TooLarge);
        }
        displays.iter().try_for_each(TypeDisplay::check)?;
        let mut paths = HashSet::with_capacity(claims.len());
        if !claims.iter().all(|claim| paths.insert(&claim.path)) {
            return Err(DocumentError::SamePath);
        }
        check_svg_ids(claims)
    }
}

/// Each a name, and none twice.
pub(super) fn check_svg_ids(claims: &[ClaimMetadata]) -> Result<(), DocumentError> {
    let mut ids = HashSet::new();
    let mut all = claims.iter().filter_map(|claim| claim.svg_id.as_deref());
    if all.all(|id| is_svg_id(id) && ids.insert(id)) { Ok(()) } else { Err(DocumentError::SvgId) }
}

pub(super) fn is_svg_id(id: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    id.bytes().all(word) && id.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}
