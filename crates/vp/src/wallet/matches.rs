//! What of the wallet answers the request, and what it would disclose.

use credenza_core::ClaimsPath;
use credenza_query::DcqlQuery;
use credenza_query::dcql::{Chosen, CredentialQuery, Match, Matching, Unmet};
use serde_json::{Map, Value};

use super::{Asked, Holding};

/// The answers that the wallet could give.
pub struct Matches<'a> {
    matching: Matching<'a>,
    holdings: &'a [Holding],
}

/// One presentation that could be made.
pub struct Proposal<'m> {
    /// The credential query that it answers.
    pub query: &'m CredentialQuery,
    /// Which credential: its position in what the wallet gave.
    pub holding: usize,
    /// What is disclosed of it: the argument of [`super::Choice`].
    pub disclose: &'m [ClaimsPath],
    /// Whether the verifier can do without it.
    pub optional: bool,
    /// Other credentials that answer the same query, as positions. What they would disclose is in
    /// [`Matches::matching`].
    pub others: Vec<usize>,
}

impl<'m> Proposal<'m> {
    fn new(chosen: &Chosen<'m>, optional: bool) -> Self {
        let Match { candidate, disclose, .. } = chosen.proposed;
        let others = chosen.others.iter().map(|other| other.candidate).collect();
        Self { query: chosen.query, holding: *candidate, disclose, optional, others }
    }
}

/// Matches credentials against a query, and against what the verifier says it can verify.
pub(super) fn matching<'q>(
    query: &'q DcqlQuery,
    formats: Option<&Map<String, Value>>,
    holdings: &[&Holding],
) -> Matching<'q> {
    let with_authorities = query.credentials().iter().any(|one| !one.trusted_authorities.is_empty());
    let candidates: Vec<_> =
        holdings.iter().map(|holding| holding.candidate(with_authorities, formats)).collect();
    query.matching(&candidates)
}

impl Asked {
    /// Looks for credentials that answer the request.
    #[must_use]
    pub fn matches<'a>(&'a self, holdings: &'a [Holding]) -> Matches<'a> {
        let all: Vec<_> = holdings.iter().collect();
        Matches { matching: matching(self.query(), self.vp_formats.as_ref(), &all), holdings }
    }
}

impl Matches<'_> {
    /// Whether everything that is insisted on can be delivered. If not, nothing may be.
    #[must_use]
    pub fn satisfiable(&self) -> bool {
        self.matching.satisfiable()
    }

    /// What is lacking, the smallest part first: for the person, never for the verifier.
    #[must_use]
    pub fn unmet(&self) -> Vec<Unmet<'_>> {
        self.matching.unmet()
    }

    /// Everything that matched, to choose by oneself.
    #[must_use]
    pub fn matching(&self) -> &Matching<'_> {
        &self.matching
    }

    /// The default choice: what is required first, then what is welcome. Empty when the request can't be met.
    #[must_use]
    pub fn proposals(&self) -> Vec<Proposal<'_>> {
        let Some(selection) = self.matching.selection() else { return Vec::new() };
        let mut proposals: Vec<_> =
            selection.required.iter().map(|chosen| Proposal::new(chosen, false)).collect();
        for chosen in selection.optional.iter().flat_map(|set| &set.credentials) {
            if !proposals.iter().any(|known| known.query.id == chosen.query.id) {
                proposals.push(Proposal::new(chosen, true));
            }
        }
        proposals
    }

    /// What the verifier would see of a proposal.
    #[must_use]
    pub fn preview(&self, proposal: &Proposal<'_>) -> Map<String, Value> {
        self.holdings
            .get(proposal.holding)
            .map(|holding| holding.preview(proposal.disclose))
            .unwrap_or_default()
    }
}
