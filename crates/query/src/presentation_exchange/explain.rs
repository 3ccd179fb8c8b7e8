//! Why a definition cannot be met: the smallest part that is lacking, in words for the wallet's user.

use std::fmt;

use super::definition::{InputDescriptor, MAX_FIELDS};
use super::matching::{DescriptorMatches, Matching, Mismatch};

/// Something that the verifier insists on and the wallet cannot deliver. It names what was asked for and never a value
/// that the wallet holds; even so it is not for the verifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmet<'m> {
    /// An input descriptor, where all are required.
    Descriptor(Lacking<'m>),
    /// A submission requirement.
    Requirement {
        /// Its position in the definition.
        requirement: usize,
        /// The least that would have to be there besides.
        lacking: Vec<Lacking<'m>>,
    },
    /// Each requirement can be met by itself, and what meets them is too much for another; or nothing is asked for.
    Together,
}

/// An input descriptor that nothing in the wallet answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking<'m> {
    /// The id of the input descriptor.
    pub id: &'m str,
    /// Why the closest candidate does not answer it.
    pub why: Why<'m>,
    distance: usize,
}

/// Why nothing answers an input descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why<'m> {
    /// The verifier insists on a feature that is not supported.
    Unsupported(&'static str),
    /// No credential of an accepted format.
    NoneOfFormat,
    /// No mdoc of this document type.
    NoneOfType,
    /// One that can't be shown in part, where nothing but the fields may be disclosed.
    Undividable,
    /// One that does not have these fields.
    Fields {
        /// Fields that are not there.
        missing: Vec<FieldName<'m>>,
        /// Fields that have other values than are asked for.
        other_value: Vec<FieldName<'m>>,
    },
}

/// What a field is called: its name, or its position from 1 on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldName<'m> {
    /// As the verifier says.
    Name(&'m str),
    /// It has no name.
    Number(usize),
}

/// So many fields, and so many characters of a name, are written out.
const LISTED: usize = 8;
const LISTED_CHARS: usize = 80;

/// More than all fields together.
const STEP: usize = MAX_FIELDS + 1;

impl Mismatch {
    fn distance(&self) -> usize {
        match self {
            Self::Fields { missing, other_value } => missing.len() + other_value.len(),
            Self::Undividable => STEP,
            Self::DocumentType => 2 * STEP,
            Self::Format => 3 * STEP,
            Self::Unsupported(_) => 4 * STEP,
        }
    }
}

impl Matching<'_> {
    /// Everything that is insisted on and lacking, the smallest part first. Empty when the definition can be met.
    #[must_use]
    pub fn unmet(&self) -> Vec<Unmet<'_>> {
        if self.satisfiable() {
            return Vec::new();
        }
        let all: Vec<Option<Lacking<'_>>> = self.descriptors.iter().map(lacking).collect();
        let requirements = &self.definition.submission_requirements;
        if requirements.is_empty() {
            let mut lacking: Vec<_> = all.into_iter().flatten().collect();
            lacking.sort_by_key(|one| one.distance);
            let unmet: Vec<_> = lacking.into_iter().map(Unmet::Descriptor).collect();
            return if unmet.is_empty() { vec![Unmet::Together] } else { unmet };
        }
        let at = |position: usize| all.get(position).and_then(Option::as_ref);
        let distance = |position: usize| at(position).map(|one| one.distance);
        let mut unmet: Vec<_> = requirements
            .iter()
            .enumerate()
            .filter_map(|(requirement, one)| {
                let lacking: Vec<_> = one.lacking(&distance).into_iter().filter_map(at).cloned().collect();
                let far: usize = lacking.iter().map(|one| one.distance).sum();
                (!lacking.is_empty()).then_some((lacking.len(), far, requirement, lacking))
            })
            .collect();
        unmet.sort_by_key(|(count, far, requirement, _)| (*count, *far, *requirement));
        if unmet.is_empty() {
            return vec![Unmet::Together];
        }
        unmet
            .into_iter()
            .map(|(_, _, requirement, lacking)| Unmet::Requirement { requirement, lacking })
            .collect()
    }
}

fn lacking<'m>(found: &'m DescriptorMatches<'_>) -> Option<Lacking<'m>> {
    if !found.matches.is_empty() {
        return None;
    }
    let closest = found.misses.iter().map(|miss| &miss.mismatch).min_by_key(|mismatch| mismatch.distance());
    let closest = closest.unwrap_or(&Mismatch::Format);
    let why = match closest {
        Mismatch::Unsupported(feature) => Why::Unsupported(feature),
        Mismatch::Format => Why::NoneOfFormat,
        Mismatch::DocumentType => Why::NoneOfType,
        Mismatch::Undividable => Why::Undividable,
        Mismatch::Fields { missing, other_value } => Why::Fields {
            missing: names(found.descriptor, missing),
            other_value: names(found.descriptor, other_value),
        },
    };
    Some(Lacking { id: &found.descriptor.id, why, distance: closest.distance() })
}

fn names<'m>(descriptor: &'m InputDescriptor, positions: &[usize]) -> Vec<FieldName<'m>> {
    let name = |position: &usize| {
        let field = descriptor.fields.get(*position);
        let name = field.and_then(|field| field.name.as_deref().or(field.id.as_deref()));
        name.map_or(FieldName::Number(position + 1), FieldName::Name)
    };
    positions.iter().map(name).collect()
}

/// A stranger has chosen it: no control characters, and not without end.
fn shown(text: &str) -> String {
    text.escape_debug().take(LISTED_CHARS).collect()
}

fn listed(names: &[FieldName<'_>]) -> String {
    let name = |name: &FieldName<'_>| match name {
        FieldName::Name(name) => format!("'{}'", shown(name)),
        FieldName::Number(number) => format!("field {number}"),
    };
    let text = names.iter().take(LISTED).map(name).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

impl fmt::Display for Unmet<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Descriptor(lacking) => write!(out, "{lacking}"),
            Self::Requirement { requirement, lacking } => {
                write!(out, "requirement {} can't be met: ", requirement + 1)?;
                let lacking: Vec<_> = lacking.iter().map(ToString::to_string).collect();
                out.write_str(&lacking.join("; "))
            }
            Self::Together => out.write_str("the requirements can't be met together"),
        }
    }
}

impl fmt::Display for Lacking<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "for '{}' {}", shown(self.id), self.why)
    }
}

impl fmt::Display for Why<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported(feature) => write!(out, "{feature} is insisted on, which is not supported"),
            Self::NoneOfFormat => out.write_str("there is no credential of an accepted format"),
            Self::NoneOfType => out.write_str("there is no mdoc of this document type"),
            Self::Undividable => out.write_str(
                "the closest credential can't be shown in part, and the verifier may not be shown all of it",
            ),
            Self::Fields { missing, other_value } => {
                out.write_str("the closest credential ")?;
                if !missing.is_empty() {
                    write!(out, "lacks {}", listed(missing))?;
                }
                if !missing.is_empty() && !other_value.is_empty() {
                    out.write_str(" and ")?;
                }
                if !other_value.is_empty() {
                    write!(out, "has another value than asked for at {}", listed(other_value))?;
                }
                Ok(())
            }
        }
    }
}
