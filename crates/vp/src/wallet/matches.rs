//! What of the wallet answers the request, and what it would disclose.

use std::collections::HashSet;
use std::fmt;

use credenza_core::ClaimsPath;
use credenza_query::dcql::{self, DcqlQuery};
use credenza_query::presentation_exchange::{self as exchange, PresentationDefinition};
use serde_json::{Map, Value};

use super::{Asked, Holding, Holdings, Query};

/// The answers that the wallet could give.
pub struct Matches<'a> {
    matching: Matching<'a>,
    holdings: &'a [Holding],
}

/// What was found, in the language of the query.
#[derive(Debug)]
pub enum Matching<'a> {
    /// For a query in DCQL.
    Dcql(dcql::Matching<'a>),
    /// For a presentation definition.
    Definition(exchange::Matching<'a>),
}

/// One presentation that could be made.
pub struct Proposal<'m> {
    /// The part of the query that it answers: a credential query, or an input descriptor.
    pub id: &'m str,
    /// Which credential: its position in what the wallet gave.
    pub holding: usize,
    /// What is disclosed of it: the argument of [`super::Choice`].
    pub disclose: &'m [ClaimsPath],
    /// Whether the verifier can do without it.
    pub optional: bool,
    /// Other credentials that answer the same query, as positions. What they would disclose is in [`Matches::parts`].
    pub others: Vec<usize>,
}

/// A part of the query, and everything that answers it.
pub struct Part<'m> {
    /// The id of the credential query, or of the input descriptor.
    pub id: &'m str,
    /// What it is for, where the verifier says so.
    pub purpose: Option<&'m str>,
    /// Whether it is in the default choice of what has to be sent; where the query can't be met, every part is.
    pub required: bool,
    /// The credentials that answer it, in the wallet's order.
    pub fits: Vec<Fit<'m>>,
}

/// A credential that answers a part of the query.
#[derive(Debug, Clone, Copy)]
pub struct Fit<'m> {
    /// Which: its position in what the wallet gave.
    pub holding: usize,
    /// What it would disclose, and nothing else that can be withheld.
    pub disclose: &'m [ClaimsPath],
    /// What may be disclosed besides, because the verifier would like it.
    pub optional: &'m [ClaimsPath],
}

/// Something that is insisted on and lacking: a sentence for the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmet<'m> {
    /// Of a query in DCQL.
    Dcql(dcql::Unmet<'m>),
    /// Of a presentation definition.
    Definition(exchange::Unmet<'m>),
}

impl fmt::Display for Unmet<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dcql(unmet) => unmet.fmt(out),
            Self::Definition(unmet) => unmet.fmt(out),
        }
    }
}

/// Matches credentials against a query, and against what the verifier says it can verify.
pub(super) fn matching<'q>(
    query: &'q DcqlQuery,
    formats: Option<&Map<String, Value>>,
    holdings: &[&Holding],
) -> dcql::Matching<'q> {
    let with_authorities = query.credentials().iter().any(|one| !one.trusted_authorities.is_empty());
    let candidates: Vec<_> =
        holdings.iter().map(|holding| holding.candidate(with_authorities, formats)).collect();
    query.matching(&candidates)
}

/// The same for a presentation definition. What a holder could not sign for is no candidate.
pub(super) fn matching_definition<'d>(
    definition: &'d PresentationDefinition,
    formats: Option<&Map<String, Value>>,
    holdings: &[&Holding],
) -> exchange::Matching<'d> {
    let mut candidates: Vec<_> = holdings.iter().map(|holding| holding.candidate(false, formats)).collect();
    for unbound in candidates.iter_mut().filter(|candidate| !candidate.holder_binding) {
        // No format is called so, and nothing asks for it.
        unbound.format = "";
    }
    definition.matching(&candidates)
}

impl Asked {
    /// Looks for credentials that answer the request.
    #[must_use]
    pub fn matches<'a>(&'a self, holdings: &'a [Holding]) -> Matches<'a> {
        let all: Vec<_> = holdings.iter().collect();
        let formats = self.vp_formats.as_ref();
        let matching = match self.query() {
            Query::Dcql(query) => Matching::Dcql(matching(query, formats, &all)),
            Query::Definition(definition) => {
                Matching::Definition(matching_definition(definition, formats, &all))
            }
        };
        Matches { matching, holdings }
    }

    /// The same, among credentials that are kept with an index.
    #[must_use]
    pub fn matches_among<'a>(&'a self, holdings: &'a Holdings) -> Matches<'a> {
        match self.query() {
            Query::Dcql(query) => Matches {
                matching: Matching::Dcql(holdings.matching(query, self.vp_formats.as_ref())),
                holdings: holdings.as_slice(),
            },
            Query::Definition(_) => self.matches(holdings.as_slice()),
        }
    }
}

impl Matches<'_> {
    /// Whether everything that is insisted on can be delivered. If not, nothing may be.
    #[must_use]
    pub fn satisfiable(&self) -> bool {
        match &self.matching {
            Matching::Dcql(found) => found.satisfiable(),
            Matching::Definition(found) => found.satisfiable(),
        }
    }

    /// What is lacking, the smallest part first: for the person, never for the verifier.
    #[must_use]
    pub fn unmet(&self) -> Vec<Unmet<'_>> {
        match &self.matching {
            Matching::Dcql(found) => found.unmet().into_iter().map(Unmet::Dcql).collect(),
            Matching::Definition(found) => found.unmet().into_iter().map(Unmet::Definition).collect(),
        }
    }

    /// Everything that matched, in the language of the query.
    #[must_use]
    pub fn matching(&self) -> &Matching<'_> {
        &self.matching
    }

    /// The parts of the query in its order, with everything that matched: to choose by oneself.
    #[must_use]
    pub fn parts(&self) -> Vec<Part<'_>> {
        let needed = self.needed();
        let is_needed = |id: &str| needed.as_ref().is_none_or(|needed| needed.contains(id));
        match &self.matching {
            Matching::Dcql(found) => {
                let parts = found.credentials.iter().map(|one| Part {
                    id: &one.query.id,
                    purpose: None,
                    required: is_needed(&one.query.id),
                    fits: one.matches.iter().map(Fit::from).collect(),
                });
                parts.collect()
            }
            Matching::Definition(found) => {
                let parts = found.descriptors.iter().map(|one| Part {
                    id: &one.descriptor.id,
                    purpose: one.descriptor.purpose.as_deref(),
                    required: is_needed(&one.descriptor.id),
                    fits: one.matches.iter().map(Fit::from).collect(),
                });
                parts.collect()
            }
        }
    }

    /// The parts that the default choice answers because they are required; none: the query can't be met.
    fn needed(&self) -> Option<HashSet<&str>> {
        match &self.matching {
            Matching::Dcql(found) => {
                let required = found.selection()?.required;
                Some(required.iter().map(|chosen| chosen.query.id.as_str()).collect())
            }
            Matching::Definition(found) => {
                let chosen = found.selection()?;
                Some(chosen.iter().map(|chosen| chosen.descriptor.id.as_str()).collect())
            }
        }
    }

    /// The default choice: what is required first, then what is welcome. Empty when the request can't be met.
    #[must_use]
    pub fn proposals(&self) -> Vec<Proposal<'_>> {
        match &self.matching {
            Matching::Dcql(found) => {
                let Some(selection) = found.selection() else { return Vec::new() };
                let mut proposals: Vec<_> =
                    selection.required.iter().map(|chosen| of_dcql(chosen, false)).collect();
                for chosen in selection.optional.iter().flat_map(|set| &set.credentials) {
                    if !proposals.iter().any(|known| known.id == chosen.query.id) {
                        proposals.push(of_dcql(chosen, true));
                    }
                }
                proposals
            }
            Matching::Definition(found) => {
                found.selection().unwrap_or_default().iter().map(of_definition).collect()
            }
        }
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

fn of_dcql<'m>(chosen: &dcql::Chosen<'m>, optional: bool) -> Proposal<'m> {
    let dcql::Match { candidate, disclose, .. } = chosen.proposed;
    let others = chosen.others.iter().map(|other| other.candidate).collect();
    Proposal { id: &chosen.query.id, holding: *candidate, disclose, optional, others }
}

fn of_definition<'m>(chosen: &exchange::Chosen<'m>) -> Proposal<'m> {
    let exchange::Match { candidate, disclose, .. } = chosen.proposed;
    let others = chosen.others.iter().map(|other| other.candidate).collect();
    Proposal { id: &chosen.descriptor.id, holding: *candidate, disclose, optional: false, others }
}

impl<'m> From<&'m dcql::Match> for Fit<'m> {
    fn from(found: &'m dcql::Match) -> Self {
        Self { holding: found.candidate, disclose: &found.disclose, optional: &[] }
    }
}

impl<'m> From<&'m exchange::Match> for Fit<'m> {
    fn from(found: &'m exchange::Match) -> Self {
        Self { holding: found.candidate, disclose: &found.disclose, optional: &found.optional }
    }
}
