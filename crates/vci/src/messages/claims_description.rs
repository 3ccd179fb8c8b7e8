//! Descriptions of claims (Appendix B): which, whether always there, how to show them; and what must not contradict.

use credenza_core::{ClaimsPath, PathElement};
use serde::{Deserialize, Serialize};

use super::ClaimDisplay;
use super::display::languages_are_unique;

/// What is said about one claim, or about a set of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimDescription {
    /// Which.
    pub path: ClaimsPath,
    /// In metadata: the issuer always includes it. In a request: the wallet insists on it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mandatory: bool,
    /// How to show it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub display: Vec<ClaimDisplay>,
}

/// Why descriptions were not accepted (Appendix B.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsConflict {
    /// Two descriptions of one claim.
    #[error("the same claim is described twice")]
    Repeated,
    /// `null` and a number address elements of one array.
    #[error("one description means all elements of an array, another one of them")]
    AllAndOne,
    /// A claim is an array for one and an object for another.
    #[error("a claim is an array in one description and an object in another")]
    ArrayAndObject,
    /// A language twice.
    #[error("a claim has two names in one language")]
    Language,
}

/// Checks that no description repeats or contradicts another.
///
/// # Errors
/// See [`ClaimsConflict`].
pub fn check(claims: &[ClaimDescription]) -> Result<(), ClaimsConflict> {
    // Paths that differ from each other first at some element are neighbours when sorted, but all pairs under one
    // parent have to be looked at, so that a trie in a map is simpler: (parent path) -> what its children are.
    let mut seen = std::collections::HashSet::new();
    let mut children: std::collections::HashMap<&[PathElement], Kinds> = std::collections::HashMap::new();
    for claim in claims {
        if !seen.insert(&claim.path) {
            return Err(ClaimsConflict::Repeated);
        }
        if !languages_are_unique(claim.display.iter().map(|display| display.locale.as_deref())) {
            return Err(ClaimsConflict::Language);
        }
        let elements = claim.path.elements();
        for (depth, element) in elements.iter().enumerate() {
            let parent = elements.get(..depth).unwrap_or_default();
            let kinds = children.entry(parent).or_default();
            match element {
                PathElement::Key(_) => kinds.key = true,
                PathElement::Index(_) => kinds.index = true,
                PathElement::All => kinds.all = true,
            }
            if kinds.all && kinds.index {
                return Err(ClaimsConflict::AllAndOne);
            }
            if kinds.key && (kinds.all || kinds.index) {
                return Err(ClaimsConflict::ArrayAndObject);
            }
        }
    }
    Ok(())
}

#[derive(Default)]
struct Kinds {
    key: bool,
    index: bool,
    all: bool,
}
