//! Many credentials, kept so that those of one type are found without a look at the others.

use credenza_query::dcql::{Candidate, DcqlQuery, Matching, TypeIndex};
use serde_json::{Map, Value};

use super::Holding;

/// The credentials of a wallet that keeps them from one request to the next: with an index by format and type.
///
/// [`Asked::matches_among`](super::Asked::matches_among) answers as [`Asked::matches`](super::Asked::matches) does, and
/// its effort grows with the number of credentials of the types that are asked for. For a definition of Presentation
/// Exchange, which names no types that could be looked up, all are looked at.
#[derive(Debug, Default)]
pub struct Holdings {
    all: Vec<Holding>,
    index: TypeIndex,
}

impl Holdings {
    /// Of a wallet without credentials.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a credential. Its position comes back, which [`Fit::holding`](super::Fit::holding) names it by.
    pub fn add(&mut self, holding: Holding) -> usize {
        let position = {
            let Candidate { format, types, .. } = holding.candidate(false, None);
            self.index.add(format, types)
        };
        self.all.push(holding);
        position
    }

    /// All of them, in the order in which they were added.
    #[must_use]
    pub fn as_slice(&self) -> &[Holding] {
        &self.all
    }

    /// Matches them against a query, and against what the verifier says it can verify.
    pub(super) fn matching<'q>(
        &self,
        query: &'q DcqlQuery,
        formats: Option<&Map<String, Value>>,
    ) -> Matching<'q> {
        let with_authorities = query.credentials().iter().any(|one| !one.trusted_authorities.is_empty());
        query.matching_among(&self.index, |position| match self.all.get(position) {
            Some(holding) => holding.candidate(with_authorities, formats),
            // The index has no position that the list has not; and what is of no format answers nothing.
            None => Candidate {
                format: "",
                types: Vec::new(),
                claims: &Value::Null,
                holder_binding: false,
                authorities: credenza_query::Authorities::default(),
            },
        })
    }
}

impl FromIterator<Holding> for Holdings {
    fn from_iter<I: IntoIterator<Item = Holding>>(holdings: I) -> Self {
        let mut all = Self::new();
        for holding in holdings {
            all.add(holding);
        }
        all
    }
}
