//! Which claims are selectively disclosable.

use std::collections::{BTreeMap, HashMap};

use credenza_core::{ClaimsPath, PathElement};
use credenza_crypto::HashAlgorithm;

use super::Profile;

/// How many digests of nothing are mixed in, so that a verifier can't count what it does not see (RFC 9901 §4.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Decoys {
    /// None.
    #[default]
    None,
    /// That many more in each object and array that can have concealed claims.
    Add(u8),
    /// As many as are missing to that number in each object and array that can have concealed claims. The number
    /// then says nothing about the claims, as long as there are not more of them.
    PadTo(u8),
}

impl Decoys {
    /// How many to add to that many true ones.
    pub(super) fn beside(self, digests: usize) -> usize {
        match self {
            Self::None => 0,
            Self::Add(number) => usize::from(number),
            Self::PadTo(number) => usize::from(number).saturating_sub(digests),
        }
    }
}

/// Which claims of a credential are selectively disclosable, and how. Made once for each type of credential.
///
/// ```
/// use credenza_core::ClaimsPath;
/// use credenza_formats::sd_jwt::{Concealment, Decoys};
/// let street: ClaimsPath = serde_json::from_str(r#"["address", "street_address"]"#).unwrap();
/// // All top-level claims, the street within the address once more by itself.
/// let concealment = Concealment::everything_but(&["iat"]).and_at([&street]).with_decoys(Decoys::PadTo(8));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Concealment {
    pub(super) plan: Plan,
    pub(super) decoys: Decoys,
    pub(super) hash: HashAlgorithm,
}

impl Concealment {
    /// Nothing is selectively disclosable.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }

    /// The claims at these paths, each by itself: a name is that member, an index that element, `null` every
    /// element. A path above another one makes the disclosure recursive. What a path names and the claims do not
    /// have is no error.
    #[must_use]
    pub fn at<'p>(paths: impl IntoIterator<Item = &'p ClaimsPath>) -> Self {
        Self::default().and_at(paths)
    }

    /// Every top-level claim, but the ones named here and those that decide on validity
    /// ([`Profile::always_disclosed`]).
    #[must_use]
    pub fn everything_but(names: &[&str]) -> Self {
        let kept = |name: &str| (name.to_owned(), Plan::default());
        let registered = Profile::Credential.not_concealable().map(kept);
        let plan = Plan {
            members: registered.chain(names.iter().map(|name| kept(name))).collect(),
            other_members: Some(Box::new(Plan { concealed: true, ..Plan::default() })),
            ..Plan::default()
        };
        Self { plan, ..Self::default() }
    }

    /// And the claims at these paths.
    #[must_use]
    pub fn and_at<'p>(mut self, paths: impl IntoIterator<Item = &'p ClaimsPath>) -> Self {
        for path in paths {
            self.plan.conceal(path.elements());
        }
        self
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

    /// Whether the top-level claim of that name, or anything in it, would be concealed.
    pub(crate) fn touches(&self, name: &str) -> bool {
        self.plan.touches(name)
    }
}

/// What to do with one value and with what is in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    pub(super) concealed: bool,
    members: HashMap<String, Plan>,
    other_members: Option<Box<Plan>>,
    items: BTreeMap<usize, Plan>,
    other_items: Option<Box<Plan>>,
}

impl Plan {
    fn conceal(&mut self, path: &[PathElement]) {
        match path.split_first() {
            None => self.concealed = true,
            Some((PathElement::Key(name), rest)) => {
                let others = &self.other_members;
                let new = || others.as_deref().cloned().unwrap_or_default();
                self.members.entry(name.clone()).or_insert_with(new).conceal(rest);
            }
            Some((PathElement::Index(index), rest)) => {
                let others = &self.other_items;
                let new = || others.as_deref().cloned().unwrap_or_default();
                self.items.entry(*index).or_insert_with(new).conceal(rest);
            }
            Some((PathElement::All, rest)) => {
                self.items.values_mut().for_each(|item| item.conceal(rest));
                self.other_items.get_or_insert_default().conceal(rest);
            }
        }
    }

    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        self.members.get(name).or(self.other_members.as_deref())
    }

    pub(super) fn item(&self, index: usize) -> Option<&Self> {
        self.items.get(&index).or(self.other_items.as_deref())
    }

    /// Whether it has something to say about members of an object.
    pub(super) fn is_for_objects(&self) -> bool {
        !self.members.is_empty() || self.other_members.is_some()
    }

    /// Whether it has something to say about elements of an array.
    pub(super) fn is_for_arrays(&self) -> bool {
        !self.items.is_empty() || self.other_items.is_some()
    }

    /// Whether members of this object can be concealed, whichever of them the claims have.
    pub(super) fn conceals_members(&self) -> bool {
        self.members.values().chain(self.other_members.as_deref()).any(|plan| plan.concealed)
    }

    /// Whether elements of this array can be concealed.
    pub(super) fn conceals_items(&self) -> bool {
        self.items.values().chain(self.other_items.as_deref()).any(|plan| plan.concealed)
    }

    /// Whether the member of that name, or anything in it, would be concealed.
    pub(super) fn touches(&self, name: &str) -> bool {
        self.member(name).is_some_and(Self::conceals)
    }

    fn conceals(&self) -> bool {
        self.concealed
            || self.members.values().any(Self::conceals)
            || self.items.values().any(Self::conceals)
            || self.other_members.as_deref().is_some_and(Self::conceals)
            || self.other_items.as_deref().is_some_and(Self::conceals)
    }
}
