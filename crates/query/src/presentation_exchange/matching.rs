//! The wallet's side: which credentials answer which input descriptor, and what they would disclose.

use std::collections::BTreeSet;

use credenza_core::ClaimsPath;
use serde_json::Value;

use super::definition::{Field, InputDescriptor, LimitDisclosure, Predicate, PresentationDefinition};
use super::json_path::{JsonPath, Step, first};
use super::submission::designations;
use crate::dcql::{Candidate, Format};

/// What came of looking for answers to a definition.
#[derive(Debug)]
pub struct Matching<'d> {
    pub(super) definition: &'d PresentationDefinition,
    /// For each input descriptor, in the definition's order, what was found.
    pub descriptors: Vec<DescriptorMatches<'d>>,
}

/// What was found for one input descriptor.
#[derive(Debug)]
pub struct DescriptorMatches<'d> {
    /// The input descriptor.
    pub descriptor: &'d InputDescriptor,
    /// The candidates that answer it, in the wallet's order.
    pub matches: Vec<Match>,
    /// The candidates that do not.
    pub misses: Vec<Miss>,
}

/// A candidate that answers an input descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Which candidate: its position in what the wallet gave.
    pub candidate: usize,
    /// What is to be disclosed, and nothing else that can be withheld: paths in this candidate's claims.
    pub disclose: Vec<ClaimsPath>,
    /// What may be disclosed besides: fields that are optional.
    pub optional: Vec<ClaimsPath>,
}

/// A candidate that does not answer an input descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// Which candidate: its position in what the wallet gave.
    pub candidate: usize,
    /// Why.
    pub mismatch: Mismatch,
}

/// The first reason why a candidate does not answer an input descriptor, the most general first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// A feature is insisted on that is not supported.
    Unsupported(&'static str),
    /// Another format.
    Format,
    /// An mdoc of another document type than the descriptor's id.
    DocumentType,
    /// Nothing but the fields may be disclosed, and this format can't withhold anything.
    Undividable,
    /// It cannot deliver the fields: positions in the descriptor's `fields`.
    Fields {
        /// Nothing is at any of the paths.
        missing: Vec<usize>,
        /// Something is there that the filter does not accept.
        other_value: Vec<usize>,
    },
}

/// The answer to one input descriptor.
#[derive(Debug, Clone, Copy)]
pub struct Chosen<'m> {
    /// The input descriptor.
    pub descriptor: &'m InputDescriptor,
    /// The match that is proposed: the first in the wallet's order.
    pub proposed: &'m Match,
    /// The other matches, one of which the user may prefer.
    pub others: &'m [Match],
}

impl PresentationDefinition {
    /// Looks for answers among the wallet's credentials.
    ///
    /// The result is for the wallet and its user; a verifier must not learn from it.
    #[must_use]
    pub fn matching(&self, candidates: &[Candidate<'_>]) -> Matching<'_> {
        let descriptors = self.input_descriptors.iter().map(|descriptor| {
            let mut found = DescriptorMatches { descriptor, matches: Vec::new(), misses: Vec::new() };
            for (candidate, credential) in candidates.iter().enumerate() {
                match self.answer(descriptor, credential) {
                    Ok((disclose, optional)) => found.matches.push(Match { candidate, disclose, optional }),
                    Err(mismatch) => found.misses.push(Miss { candidate, mismatch }),
                }
            }
            found
        });
        Matching { definition: self, descriptors: descriptors.collect() }
    }

    /// Whether these input descriptors, as positions, are all that is needed and not more than may be.
    #[must_use]
    pub fn is_answered_by(&self, submitted: &BTreeSet<usize>) -> bool {
        if self.submission_requirements.is_empty() {
            submitted.len() == self.input_descriptors.len()
        } else {
            self.submission_requirements.iter().all(|one| one.is_satisfied(submitted))
        }
    }

    fn answer(
        &self,
        descriptor: &InputDescriptor,
        candidate: &Candidate<'_>,
    ) -> Result<(Vec<ClaimsPath>, Vec<ClaimsPath>), Mismatch> {
        let format = Format::new(candidate.format);
        self.suits(descriptor, candidate, &format)?;
        let divisible = matches!(format, Format::SdJwtVc | Format::Mdoc | Format::VcSdJwt);
        if descriptor.limit_disclosure == Some(LimitDisclosure::Required) && !divisible {
            return Err(Mismatch::Undividable);
        }
        if descriptor.fields.iter().any(|field| field.predicate == Some(Predicate::Required)) {
            return Err(Mismatch::Unsupported("predicate"));
        }
        let (mut disclose, mut optional) = (Vec::new(), Vec::new());
        let (mut missing, mut other_value) = (Vec::new(), Vec::new());
        for (position, field) in descriptor.fields.iter().enumerate() {
            match look(field, &format, candidate.claims) {
                Seen::At(path) if field.optional => optional.push(path),
                Seen::At(path) => disclose.push(path),
                _ if field.optional => {}
                Seen::OtherValue => other_value.push(position),
                Seen::Nothing => missing.push(position),
            }
        }
        if missing.is_empty() && other_value.is_empty() {
            for paths in [&mut disclose, &mut optional] {
                paths.sort();
                paths.dedup();
            }
            Ok((disclose, optional))
        } else {
            Err(Mismatch::Fields { missing, other_value })
        }
    }

    /// Whether a credential is of the kind that is asked for, whatever its claims.
    pub(super) fn suits(
        &self,
        descriptor: &InputDescriptor,
        candidate: &Candidate<'_>,
        format: &Format,
    ) -> Result<(), Mismatch> {
        if let Some(feature) = descriptor.unsupported {
            return Err(Mismatch::Unsupported(feature));
        }
        let names = designations(format);
        let accepted = self
            .formats(descriptor)
            .is_none_or(|formats| names.iter().any(|name| formats.contains_key(*name)));
        if !accepted || names.is_empty() {
            return Err(Mismatch::Format);
        }
        // ISO/IEC 18013-7 and OpenID4VP draft 20 §A.3.1: the id is the document type, which has no path of its own.
        if *format == Format::Mdoc && !candidate.types.contains(&descriptor.id.as_str()) {
            return Err(Mismatch::DocumentType);
        }
        Ok(())
    }
}

/// What is at the paths of a field.
pub(super) enum Seen {
    /// A value that is meant.
    At(ClaimsPath),
    /// Another one.
    OtherValue,
    /// Nothing.
    Nothing,
}

/// Looks at a field's paths, one after the other; of what a path selects the first value counts (§Input Evaluation).
pub(super) fn look(field: &Field, format: &Format, claims: &Value) -> Seen {
    let mut seen = Seen::Nothing;
    for path in &field.path {
        let Some((value, at)) = locate(path, format, claims) else { continue };
        let Ok(at) = ClaimsPath::new(at) else { continue };
        if field.filter.as_ref().is_none_or(|filter| filter.accepts(value)) {
            return Seen::At(at);
        }
        seen = Seen::OtherValue;
    }
    seen
}

/// Paths are written for the payload of a JWT; the claims of a W3C credential are what is in its `vc`.
fn locate<'v>(
    path: &JsonPath,
    format: &Format,
    claims: &'v Value,
) -> Option<(&'v Value, Vec<credenza_core::PathElement>)> {
    match path.steps() {
        [Step::Name(name), rest @ ..] if format.is_w3c_jwt() && name == "vc" && !rest.is_empty() => {
            first(rest, claims)
        }
        [Step::Name(name)] if format.is_w3c_jwt() && name == "iss" => {
            let name = |name: &str| Step::Name(name.to_owned());
            first(&[name("issuer"), name("id")], claims).or_else(|| first(&[name("issuer")], claims))
        }
        steps => first(steps, claims),
    }
}

impl Matching<'_> {
    /// Whether the wallet can deliver everything that the verifier insists on. If not, it must deliver nothing.
    #[must_use]
    pub fn satisfiable(&self) -> bool {
        self.choice().is_some()
    }

    /// The default choice, the least that satisfies the verifier, in the definition's order; none when it can't be
    /// satisfied.
    #[must_use]
    pub fn selection(&self) -> Option<Vec<Chosen<'_>>> {
        let chosen = self.choice()?;
        chosen
            .into_iter()
            .map(|position| {
                let found = self.descriptors.get(position)?;
                let (proposed, others) = found.matches.split_first()?;
                Some(Chosen { descriptor: found.descriptor, proposed, others })
            })
            .collect()
    }

    /// Takes what comes first for each requirement. Requirements with a greatest number may then stand in each other's
    /// way where another choice would have met them all: that is refused, and not searched for without end.
    fn choice(&self) -> Option<BTreeSet<usize>> {
        let is_there =
            |position: usize| self.descriptors.get(position).is_some_and(|one| !one.matches.is_empty());
        let requirements = &self.definition.submission_requirements;
        let mut chosen = BTreeSet::new();
        if requirements.is_empty() {
            chosen.extend((0..self.descriptors.len()).filter(|position| is_there(*position)));
        } else if !requirements.iter().all(|one| one.choose(&is_there, &mut chosen)) {
            return None;
        }
        (!chosen.is_empty() && self.definition.is_answered_by(&chosen)).then_some(chosen)
    }
}
