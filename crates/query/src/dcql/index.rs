//! Finding candidates by format and type, without looking at all the others.

use std::collections::{BTreeSet, HashMap};

use super::candidate::Candidate;
use super::query::{CredentialQuery, Format, Meta};

/// Where in a wallet the credentials of a format and type are.
///
/// A wallet that holds many credentials keeps one, [adds](Self::add) each credential to it in the order in which it
/// holds them, and asks with [`DcqlQuery::matching_among`](super::DcqlQuery::matching_among): what is of another type is
/// not looked at then.
#[derive(Debug, Clone, Default)]
pub struct TypeIndex {
    formats: HashMap<Format, OfFormat>,
    count: usize,
}

/// The positions of one format, in ascending order.
#[derive(Debug, Clone, Default)]
struct OfFormat {
    all: Vec<usize>,
    by_type: HashMap<String, Vec<usize>>,
}

impl TypeIndex {
    /// Of a wallet without credentials.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The credentials of a wallet, as candidates.
    #[must_use]
    pub fn of(candidates: &[Candidate<'_>]) -> Self {
        let mut index = Self::new();
        for candidate in candidates {
            index.add(candidate.format, candidate.types.iter().copied());
        }
        index
    }

    /// Adds the next credential, with its format and types as in a [`Candidate`]. Its position comes back: how many were
    /// added before.
    pub fn add<'t>(&mut self, format: &str, types: impl IntoIterator<Item = &'t str>) -> usize {
        let position = self.count;
        self.count += 1;
        let of_format = self.formats.entry(Format::new(format)).or_default();
        of_format.all.push(position);
        for name in types {
            match of_format.by_type.get_mut(name) {
                Some(positions) if positions.last() == Some(&position) => {}
                Some(positions) => positions.push(position),
                None => drop(of_format.by_type.insert(name.to_owned(), vec![position])),
            }
        }
        position
    }

    /// How many were added.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether none was.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// What is of a format and a type that is asked for, in ascending order.
    pub(super) fn fitting(&self, query: &CredentialQuery) -> Vec<usize> {
        let mut found = BTreeSet::new();
        for of_format in self.accepted(query) {
            match &query.meta {
                Meta::SdJwtVc { vct_values } => {
                    vct_values.iter().for_each(|vct| found.extend(of_format.of_type(vct)));
                }
                Meta::Mdoc { doctype_value } => found.extend(of_format.of_type(doctype_value)),
                Meta::W3c { type_values } => {
                    type_values.iter().for_each(|types| found.extend(of_format.of_types(types)));
                }
                Meta::Any {} => found.extend(&of_format.all),
                Meta::Other(_) => {}
            }
        }
        found.into_iter().collect()
    }

    /// What is of a format that is asked for, whatever its type.
    pub(super) fn of_format<'i>(&'i self, query: &'i CredentialQuery) -> impl Iterator<Item = usize> + 'i {
        self.accepted(query).flat_map(|of_format| of_format.all.iter().copied())
    }

    fn accepted<'i>(&'i self, query: &'i CredentialQuery) -> impl Iterator<Item = &'i OfFormat> {
        self.formats.iter().filter(|(format, _)| query.format.accepts(format)).map(|(_, found)| found)
    }
}

impl OfFormat {
    fn of_type(&self, name: &str) -> &[usize] {
        self.by_type.get(name).map_or(&[], Vec::as_slice)
    }

    /// What has all of these types: of those with the rarest, those that have the others too.
    fn of_types(&self, names: &[String]) -> Vec<usize> {
        let mut lists: Vec<_> = names.iter().map(|name| self.of_type(name)).collect();
        lists.sort_unstable_by_key(|positions| positions.len());
        let Some((rarest, others)) = lists.split_first() else { return self.all.clone() };
        let in_all = |position: &&usize| others.iter().all(|list| list.binary_search(position).is_ok());
        rarest.iter().filter(in_all).copied().collect()
    }
}
