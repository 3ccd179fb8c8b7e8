//! The wallet's side: which credentials answer which query, and what they would disclose (OID4VP 1.0 §6.4).

use std::collections::{HashMap, HashSet};

use credenza_core::ClaimsPath;
use serde_json::Value;

use super::candidate::{Candidate, Plan, Prepared};
use super::index::TypeIndex;
use super::query::{ClaimsQuery, CredentialQuery, CredentialSetQuery, DcqlQuery};
use crate::path::{Found, locate};

/// What came of looking for answers to a query.
#[derive(Debug)]
pub struct Matching<'q> {
    /// For each credential query, in the query's order, what was found.
    pub credentials: Vec<CredentialMatches<'q>>,
    /// For each credential set, in the query's order, the options that can be met. Empty when the query has no sets.
    pub sets: Vec<SetMatches<'q>>,
}

/// What was found for one credential query.
#[derive(Debug)]
pub struct CredentialMatches<'q> {
    /// The credential query.
    pub query: &'q CredentialQuery,
    /// The candidates that answer it, in the wallet's order.
    pub matches: Vec<Match>,
    /// The candidates that do not. Of a search [with an index](DcqlQuery::matching_among) those of another type are not
    /// among them, but for one where there is nothing nearer.
    pub misses: Vec<Miss>,
}

/// A candidate that answers a credential query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Which candidate: its position in what the wallet gave.
    pub candidate: usize,
    /// Which of the query's claim sets was taken: the first that can be satisfied. None when it has no claim sets.
    pub claim_set: Option<usize>,
    /// What is to be disclosed, and nothing else that can be withheld: paths in this candidate's claims. Where `values`
    /// rule out some elements of an array, the path of each of the others, without `null`.
    pub disclose: Vec<ClaimsPath>,
}

/// A candidate that does not answer a credential query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// Which candidate: its position in what the wallet gave.
    pub candidate: usize,
    /// Why.
    pub mismatch: Mismatch,
}

/// The first reason why a candidate does not answer a credential query, the most general first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// Another format, or one that is not known here.
    Format,
    /// Another type.
    Type,
    /// It cannot prove possession of a holder's key.
    HolderBinding,
    /// It comes from none of the trusted authorities.
    Authority,
    /// It cannot deliver the claims. Positions in the query's `claims`, for the claim set that lacks the fewest.
    Claims {
        /// Claims that are not there.
        missing: Vec<usize>,
        /// Claims that are there with other values than the query names.
        other_value: Vec<usize>,
    },
}

/// What was found for one credential set.
#[derive(Debug)]
pub struct SetMatches<'q> {
    /// The credential set.
    pub query: &'q CredentialSetQuery,
    /// The options that can be met, as positions in its `options`, the verifier's favourite first.
    pub options: Vec<usize>,
}

impl DcqlQuery {
    /// Looks for answers among the wallet's credentials. The effort grows with the size of the query times the size of
    /// the candidates.
    ///
    /// The result is for the wallet and its user. A verifier must not learn from it, not even from the moment of the
    /// answer, whether a value did not match or the user declined (§15.4.1).
    #[must_use]
    pub fn matching(&self, candidates: &[Candidate<'_>]) -> Matching<'_> {
        let with_authorities = self.asks_for_authorities();
        let prepared: Vec<_> =
            candidates.iter().map(|candidate| Prepared::new(candidate, with_authorities)).collect();
        self.found(|query, plan, found| {
            for (position, candidate) in prepared.iter().enumerate() {
                found.look(plan, query, position, candidate);
            }
        })
    }

    /// The same, without a look at credentials of other types than are asked for: the effort grows with the number of
    /// those that are of the right one. `candidate` gives the one at a position of the index; another than was added
    /// there is judged as what it is.
    ///
    /// What matches, and what is told of a query that nothing answers, is the same as without an index.
    #[must_use]
    pub fn matching_among<'c>(
        &self,
        index: &TypeIndex,
        candidate: impl Fn(usize) -> Candidate<'c>,
    ) -> Matching<'_> {
        let with_authorities = self.asks_for_authorities();
        let prepared = |position| Prepared::new(&candidate(position), with_authorities);
        self.found(|query, plan, found| {
            for position in index.fitting(query) {
                found.look(plan, query, position, &prepared(position));
            }
            // That there are others of the format is worth telling, where nothing is nearer.
            let of_format = |miss: &Miss| miss.mismatch != Mismatch::Format;
            if found.matches.is_empty() && !found.misses.iter().any(of_format) {
                let known: HashSet<usize> = found.misses.iter().map(|miss| miss.candidate).collect();
                let others = index.of_format(query).filter(|position| !known.contains(position));
                let other = others.into_iter().find(|position| prepared(*position).fits_format(query));
                found.misses.extend(other.map(|candidate| Miss { candidate, mismatch: Mismatch::Type }));
            }
        })
    }

    fn asks_for_authorities(&self) -> bool {
        self.credentials().iter().any(|query| !query.trusted_authorities.is_empty())
    }

    fn found<'q>(
        &'q self,
        look: impl Fn(&CredentialQuery, &Plan, &mut CredentialMatches<'q>),
    ) -> Matching<'q> {
        let credentials = self.credentials().iter().map(|query| {
            let mut found = CredentialMatches { query, matches: Vec::new(), misses: Vec::new() };
            look(query, &Plan::new(query), &mut found);
            found
        });
        let credentials: Vec<_> = credentials.collect();
        let by_id: HashMap<&str, bool> =
            credentials.iter().map(|found| (found.query.id.as_str(), !found.matches.is_empty())).collect();
        let met = |option: &[String]| option.iter().all(|id| by_id.get(id.as_str()) == Some(&true));
        let sets = self
            .credential_sets()
            .iter()
            .map(|query| {
                let options = query.options.iter().enumerate().filter(|(_, option)| met(option));
                SetMatches { query, options: options.map(|(position, _)| position).collect() }
            })
            .collect();
        Matching { credentials, sets }
    }
}

impl Matching<'_> {
    /// Whether the wallet can deliver everything that the verifier insists on. If not, it must deliver nothing (§6.4.2).
    #[must_use]
    pub fn satisfiable(&self) -> bool {
        if self.sets.is_empty() {
            self.credentials.iter().all(|found| !found.matches.is_empty())
        } else {
            self.sets.iter().all(|set| !set.query.required || !set.options.is_empty())
        }
    }

    /// What was found for the credential query of this id.
    #[must_use]
    pub fn credential(&self, id: &str) -> Option<&CredentialMatches<'_>> {
        self.credentials.iter().find(|found| found.query.id == id)
    }
}

impl CredentialMatches<'_> {
    fn look(&mut self, plan: &Plan, query: &CredentialQuery, candidate: usize, prepared: &Prepared<'_>) {
        match answer(query, plan, prepared) {
            Ok((claim_set, disclose)) => self.matches.push(Match { candidate, claim_set, disclose }),
            Err(mismatch) => self.misses.push(Miss { candidate, mismatch }),
        }
    }
}

type Disclosure = (Option<usize>, Vec<ClaimsPath>);

fn answer(query: &CredentialQuery, plan: &Plan, candidate: &Prepared<'_>) -> Result<Disclosure, Mismatch> {
    if !candidate.fits_format(query) {
        return Err(Mismatch::Format);
    }
    if !candidate.fits_type(query) {
        return Err(Mismatch::Type);
    }
    if !candidate.fits_holder_binding(query) {
        return Err(Mismatch::HolderBinding);
    }
    if !candidate.fits_authorities(query) {
        return Err(Mismatch::Authority);
    }
    let mut claims = Claims::new(query, candidate.claims);
    if let Some((option, chosen)) = plan.first(|claim| claims.get(claim).is_selected()) {
        return Ok((plan.claim_set(option), claims.paths(chosen)));
    }
    let lacking = plan.closest(|claim| claims.get(claim).is_selected());
    let (other_value, missing) =
        lacking.into_iter().partition(|claim| matches!(claims.get(*claim), Selected::OtherValue));
    Err(Mismatch::Claims { missing, other_value })
}

/// The claims of one candidate, looked up when they are first needed.
struct Claims<'a> {
    query: &'a CredentialQuery,
    claims: &'a Value,
    looked_up: Vec<Option<Selected<'a>>>,
}

/// What a claims query selects in a candidate.
enum Selected<'a> {
    /// Everything that the path selects.
    Whole,
    /// Of what the path selects, that which has one of the values.
    Part(Vec<Found<'a>>),
    /// Nothing.
    Missing,
    /// Something, and nothing of it has one of the values.
    OtherValue,
}

impl Selected<'_> {
    fn is_selected(&self) -> bool {
        matches!(self, Self::Whole | Self::Part(_))
    }
}

impl<'a> Claims<'a> {
    fn new(query: &'a CredentialQuery, claims: &'a Value) -> Self {
        let looked_up = query.claims.iter().map(|_| None).collect();
        Self { query, claims, looked_up }
    }

    fn get(&mut self, position: usize) -> &Selected<'a> {
        match (self.query.claims.get(position), self.looked_up.get_mut(position)) {
            (Some(query), Some(slot)) => slot.get_or_insert_with(|| select(query, self.claims)),
            _ => &Selected::Missing,
        }
    }

    fn paths(&mut self, chosen: &[usize]) -> Vec<ClaimsPath> {
        let mut paths = Vec::with_capacity(chosen.len());
        for position in chosen {
            let Some(ClaimsQuery { path, .. }) = self.query.claims.get(*position) else { continue };
            match self.get(*position) {
                Selected::Part(found) => paths.extend(found.iter().filter_map(|found| found.path(path))),
                _ => paths.push(path.clone()),
            }
        }
        paths
    }
}

fn select<'a>(query: &ClaimsQuery, claims: &'a Value) -> Selected<'a> {
    let Ok(mut found) = locate(&query.path, claims) else { return Selected::Missing };
    let all = found.len();
    if !query.values.is_empty() {
        // A claim with another value counts as not there (§6.4.1).
        found.retain(|found| query.values.iter().any(|value| value.matches(found.value)));
    }
    match found.len() {
        0 => Selected::OtherValue,
        some if some < all => Selected::Part(found),
        _ => Selected::Whole,
    }
}
