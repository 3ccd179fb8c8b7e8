//! Which claims are selectively disclosable.

use credenza_core::ClaimsPath;
use credenza_crypto::HashAlgorithm;

/// How many digests of nothing are mixed in, so that a verifier can't count what it does not see (RFC 9901 §4.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Decoys {
    /// None.
    #[default]
    None,
    /// That many more in each object and array that has concealed claims.
    Add(u8),
    /// As many as are missing to that number in each object and array that can have concealed claims: the number
    /// says nothing then, as long as it is high enough.
    PadTo(u8),
}

/// Which claims of a credential are selectively disclosable, and how. Made once for each type of credential.
#[derive(Debug, Clone, Default)]
pub struct Concealment {
    /// TODO
    pub(super) paths: Vec<ClaimsPath>,
    pub(super) decoys: Decoys,
    pub(super) hash: HashAlgorithm,
}

impl Concealment {
    /// Nothing is selectively disclosable.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }

    /// The claims at these paths, each by itself: a name is that member, an index that element, `null` every element.
    /// A path above another one makes the disclosure recursive. What a path names and the claims do not have is
    /// no error.
    #[must_use]
    pub fn at<'p>(paths: impl IntoIterator<Item = &'p ClaimsPath>) -> Self {
        Self { paths: paths.into_iter().cloned().collect(), ..Self::default() }
    }

    /// Every top-level claim but those that may not be concealed ([`super::Profile::always_disclosed`]), and but the
    /// ones named here.
    #[must_use]
    pub fn everything_but(_names: &[&str]) -> Self {
        Self::default()
    }

    /// With decoys.
    #[must_use]
    pub fn with_decoys(mut self, decoys: Decoys) -> Self {
        self.decoys = decoys;
        self
    }

    /// With another hash function than SHA-256.
    #[must_use]
    pub fn with_hash(mut self, hash: HashAlgorithm) -> Self {
        self.hash = hash;
        self
    }
}
