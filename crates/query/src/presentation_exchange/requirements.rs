//! Submission requirements: which of the input descriptors have to be answered.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::definition::InputDescriptor;
use super::error::{Defect, DefinitionError};
use super::read::{filled, number, object, optional, required, text};

/// No list of submission requirements is longer.
pub const MAX_REQUIREMENTS: usize = 32;
/// Requirements may be in requirements so often.
pub const MAX_NESTING: usize = 4;

/// How many of something have to be submitted.
#[derive(Debug, Clone, PartialEq)]
pub struct SubmissionRequirement {
    /// What it is called.
    pub name: Option<String>,
    /// What it is for.
    pub purpose: Option<String>,
    /// How many.
    pub amount: Amount,
    /// Of what.
    pub source: Source,
}

/// How many have to be submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// All (`rule: all`).
    All,
    /// So many (`rule: pick`).
    Pick {
        /// Exactly.
        count: Option<usize>,
        /// At least.
        min: Option<usize>,
        /// At most.
        max: Option<usize>,
    },
}

/// What is submitted.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// Input descriptors, as positions: those of a group.
    Descriptors(Vec<usize>),
    /// Whatever satisfies these.
    Nested(Vec<SubmissionRequirement>),
}

pub(super) fn read(
    value: &Value,
    descriptors: &[InputDescriptor],
) -> Result<Vec<SubmissionRequirement>, DefinitionError> {
    filled(value, MAX_REQUIREMENTS, |value| requirement(value, descriptors, 0))
}

fn requirement(
    value: &Value,
    descriptors: &[InputDescriptor],
    depth: usize,
) -> Result<SubmissionRequirement, DefinitionError> {
    if depth > MAX_NESTING {
        return Err(Defect::TooDeep(MAX_NESTING).into());
    }
    let members = object(value)?;
    let source = match (members.get("from"), members.get("from_nested")) {
        (Some(_), None) => Source::Descriptors(required(members, "from", |value| group(value, descriptors))?),
        (None, Some(_)) => Source::Nested(required(members, "from_nested", |value| {
            filled(value, MAX_REQUIREMENTS, |value| requirement(value, descriptors, depth + 1))
        })?),
        _ => return Err(Defect::Source.into()),
    };
    let there = match &source {
        Source::Descriptors(members) => members.len(),
        Source::Nested(nested) => nested.len(),
    };
    let amount = match required(members, "rule", text)?.as_str() {
        "all" => Amount::All,
        "pick" => pick(members, there)?,
        _ => return Err(DefinitionError::from(Defect::Expected("all or pick")).within("rule")),
    };
    Ok(SubmissionRequirement {
        name: optional(members, "name", text)?,
        purpose: optional(members, "purpose", text)?,
        amount,
        source,
    })
}

fn group(value: &Value, descriptors: &[InputDescriptor]) -> Result<Vec<usize>, DefinitionError> {
    let name = text(value)?;
    let members = descriptors.iter().enumerate().filter(|(_, one)| one.group.contains(&name));
    let members: Vec<_> = members.map(|(position, _)| position).collect();
    if members.is_empty() { Err(Defect::UnknownGroup.into()) } else { Ok(members) }
}

fn pick(members: &Map<String, Value>, there: usize) -> Result<Amount, DefinitionError> {
    let positive = |value: &Value| match number(value)? {
        0 => Err(Defect::Expected("greater than zero").into()),
        number => Ok(number),
    };
    let count = optional(members, "count", positive)?;
    let (min, max) = (optional(members, "min", number)?, optional(members, "max", positive)?);
    // The text wants `max` to be greater than `min`; equal ones are written by people who mean just that number.
    let contradiction = min.zip(max).is_some_and(|(min, max)| min > max)
        || count
            .is_some_and(|count| min.is_some_and(|min| count < min) || max.is_some_and(|max| count > max));
    if contradiction || count.or(min).is_some_and(|needed| needed > there) {
        return Err(Defect::Number.into());
    }
    Ok(Amount::Pick { count, min, max })
}

impl Amount {
    /// How few of so many are enough.
    pub(super) fn needed(self, there: usize) -> usize {
        match self {
            Self::All => there,
            // To pick without a number is to pick one.
            Self::Pick { count: None, min: None, max: None } => 1,
            Self::Pick { count, min, .. } => count.or(min).unwrap_or(0),
        }
    }

    fn is_met(self, submitted: usize, there: usize) -> bool {
        match self {
            Self::All => submitted == there,
            Self::Pick { count, max, .. } => {
                submitted >= self.needed(there)
                    && count.is_none_or(|count| submitted == count)
                    && max.is_none_or(|max| submitted <= max)
            }
        }
    }
}

impl SubmissionRequirement {
    /// Whether what was submitted satisfies it: positions of input descriptors.
    #[must_use]
    pub fn is_satisfied(&self, submitted: &BTreeSet<usize>) -> bool {
        let (found, there) = match &self.source {
            Source::Descriptors(members) => {
                (members.iter().filter(|one| submitted.contains(one)).count(), members.len())
            }
            Source::Nested(nested) => {
                (nested.iter().filter(|one| one.is_satisfied(submitted)).count(), nested.len())
            }
        };
        self.amount.is_met(found, there)
    }

    /// Adds to `chosen` the first that satisfy it, of those that are there. Whether that was possible.
    pub(super) fn choose(&self, is_there: &impl Fn(usize) -> bool, chosen: &mut BTreeSet<usize>) -> bool {
        match &self.source {
            Source::Descriptors(members) => {
                let needed = self.amount.needed(members.len());
                // What is sent for another requirement counts here too.
                let (already, others): (Vec<usize>, Vec<usize>) =
                    members.iter().copied().partition(|one| chosen.contains(one));
                let missing = needed.saturating_sub(already.len());
                let more: Vec<_> = others.into_iter().filter(|one| is_there(*one)).take(missing).collect();
                let enough = more.len() == missing;
                chosen.extend(more);
                enough
            }
            Source::Nested(nested) => {
                let needed = self.amount.needed(nested.len());
                let mut met = 0;
                for one in nested {
                    if met == needed {
                        break;
                    }
                    let mut attempt = chosen.clone();
                    if one.choose(is_there, &mut attempt) {
                        *chosen = attempt;
                        met += 1;
                    }
                }
                met == needed
            }
        }
    }

    /// The smallest part that is lacking: positions of input descriptors that nothing answers, by how far each is from
    /// being answered; none for those that are.
    pub(super) fn lacking(&self, distance: &impl Fn(usize) -> Option<usize>) -> Vec<usize> {
        match &self.source {
            Source::Descriptors(members) => {
                let mut lacking: Vec<_> =
                    members.iter().filter_map(|one| Some((distance(*one)?, *one))).collect();
                let there = members.len() - lacking.len();
                lacking.sort_unstable();
                let needed = self.amount.needed(members.len()).saturating_sub(there);
                lacking.into_iter().take(needed).map(|(_, one)| one).collect()
            }
            Source::Nested(nested) => {
                let mut parts: Vec<_> = nested
                    .iter()
                    .map(|one| one.lacking(distance))
                    .map(|part| {
                        let far: usize = part.iter().filter_map(|one| distance(*one)).sum();
                        (part.len(), far, part)
                    })
                    .collect();
                parts.sort();
                let needed = self.amount.needed(nested.len());
                let all: BTreeSet<_> = parts.into_iter().take(needed).flat_map(|(_, _, part)| part).collect();
                all.into_iter().collect()
            }
        }
    }
}
