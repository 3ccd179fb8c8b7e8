//! The default choice: the least that satisfies the verifier.

use std::collections::HashSet;

use super::matching::{CredentialMatches, Match, Matching};
use super::query::CredentialQuery;

/// What a wallet proposes to send: for its user to look at, change and agree to.
#[derive(Debug)]
pub struct Selection<'m> {
    /// What the verifier insists on, in the query's order: the first option that can be met of each required set, or
    /// all credentials when there are no sets.
    pub required: Vec<Chosen<'m>>,
    /// What can be added: for each set that is not required and can be met, its first option that can be.
    pub optional: Vec<OptionalSet<'m>>,
}

/// The answer to one credential query.
#[derive(Debug, Clone, Copy)]
pub struct Chosen<'m> {
    /// The credential query. When it says `multiple`, more than one of the matches may be sent.
    pub query: &'m CredentialQuery,
    /// The match that is proposed: the first in the wallet's order.
    pub proposed: &'m Match,
    /// The other matches, one of which the user may prefer.
    pub others: &'m [Match],
}

/// A credential set that the verifier does not insist on.
#[derive(Debug)]
pub struct OptionalSet<'m> {
    /// Its position in the query's `credential_sets`.
    pub set: usize,
    /// The option that was taken: its position in the set's `options`.
    pub option: usize,
    /// The answers; some may be among the required ones already.
    pub credentials: Vec<Chosen<'m>>,
}

impl Matching<'_> {
    /// The default choice; none when the verifier cannot be satisfied, in which case nothing must be sent (§6.4.2).
    ///
    /// When the query has sets and none of them is required, `required` is empty.
    #[must_use]
    pub fn selection(&self) -> Option<Selection<'_>> {
        if !self.satisfiable() {
            return None;
        }
        if self.sets.is_empty() {
            let required = self.credentials.iter().map(Chosen::first).collect::<Option<_>>()?;
            return Some(Selection { required, optional: Vec::new() });
        }
        let mut needed: Vec<&str> = Vec::new();
        let mut optional = Vec::new();
        for (position, set) in self.sets.iter().enumerate() {
            let Some(option) = set.options.first().copied() else { continue };
            let ids = set.query.options.get(option)?.iter().map(String::as_str);
            if set.query.required {
                needed.extend(ids);
            } else {
                let credentials = self.chosen(&ids.collect::<Vec<_>>())?;
                optional.push(OptionalSet { set: position, option, credentials });
            }
        }
        Some(Selection { required: self.chosen(&needed)?, optional })
    }

    /// The answers to the credential queries of these ids, each once, in the query's order.
    fn chosen(&self, ids: &[&str]) -> Option<Vec<Chosen<'_>>> {
        let ids: HashSet<&str> = ids.iter().copied().collect();
        self.credentials
            .iter()
            .filter(|found| ids.contains(found.query.id.as_str()))
            .map(Chosen::first)
            .collect()
    }
}

impl<'m> Chosen<'m> {
    fn first(found: &'m CredentialMatches<'_>) -> Option<Self> {
        let (proposed, others) = found.matches.split_first()?;
        Some(Self { query: found.query, proposed, others })
    }
}
