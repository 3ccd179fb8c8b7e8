//! Why a query cannot be met: the smallest part that is lacking, in words for the wallet's user.

use std::collections::{HashMap, HashSet};
use std::fmt;

use credenza_core::ClaimsPath;

use super::matching::{CredentialMatches, Matching, Mismatch};
use super::query::{CredentialQuery, Format, MAX_CLAIMS};
use crate::path::listed;

/// Something that the verifier insists on and the wallet cannot deliver.
///
/// Its text is for the wallet's user. It names what was asked for and never a value that the wallet holds; even so it
/// is not for the verifier (§15.4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmet<'m> {
    /// A credential, where all are required.
    Credential(Lacking<'m>),
    /// A required credential set: of no option all credentials are there.
    Set {
        /// The position of the set in the query's `credential_sets`.
        set: usize,
        /// The option that lacks the least.
        option: usize,
        /// What it lacks.
        lacking: Vec<Lacking<'m>>,
    },
}

/// A credential query that nothing in the wallet answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking<'m> {
    /// The id of the credential query.
    pub id: &'m str,
    /// Why the closest candidate does not answer it.
    pub why: Why<'m>,
    /// How far that one is from being an answer.
    distance: usize,
}

/// Why nothing answers a credential query, the most general reason first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why<'m> {
    /// The format is not known here.
    UnknownFormat(&'m str),
    /// No credential of this format.
    NoneOfFormat(&'m str),
    /// No credential of an accepted type.
    NoneOfType,
    /// One of the right type, that cannot prove possession of a holder's key.
    NoHolderBinding,
    /// One of the right type, from none of the trusted authorities.
    OtherAuthority,
    /// One of the right type, that cannot deliver these claims.
    Claims {
        /// Claims that it does not have.
        missing: Vec<&'m ClaimsPath>,
        /// Claims whose values are not among those that the verifier named.
        other_value: Vec<&'m ClaimsPath>,
    },
}

impl Matching<'_> {
    /// Everything that the verifier insists on and that is lacking, the smallest part first. Empty when the query can be
    /// met.
    #[must_use]
    pub fn unmet(&self) -> Vec<Unmet<'_>> {
        let lacking: HashMap<&str, Lacking<'_>> =
            self.credentials.iter().filter_map(lacking).map(|lacking| (lacking.id, lacking)).collect();
        let mut unmet: Vec<_> = if self.sets.is_empty() {
            let ids = self.credentials.iter().map(|found| found.query.id.as_str());
            ids.filter_map(|id| lacking.get(id)).cloned().map(Unmet::Credential).collect()
        } else {
            let failed =
                self.sets.iter().enumerate().filter(|(_, set)| set.query.required && set.options.is_empty());
            failed.filter_map(|(position, set)| closest(position, &set.query.options, &lacking)).collect()
        };
        unmet.sort_by_key(|part| match part {
            Unmet::Credential(lacking) => (1, lacking.distance),
            Unmet::Set { lacking, .. } => size(lacking.iter()),
        });
        unmet
    }
}

/// The option of a set that lacks the least.
fn closest<'m>(
    set: usize,
    options: &[Vec<String>],
    lacking: &HashMap<&str, Lacking<'m>>,
) -> Option<Unmet<'m>> {
    let of = |ids: &Vec<String>| {
        let mut seen = HashSet::new();
        let distinct = ids.iter().map(String::as_str).filter(|id| seen.insert(*id));
        distinct.filter_map(|id| lacking.get(id)).collect::<Vec<_>>()
    };
    let options = options.iter().enumerate().map(|(option, ids)| (option, of(ids)));
    let (option, lacking) = options.min_by_key(|(_, lacking)| size(lacking.iter().copied()))?;
    let lacking = lacking.into_iter().cloned().collect();
    Some(Unmet::Set { set, option, lacking })
}

fn lacking<'m>(found: &'m CredentialMatches<'_>) -> Option<Lacking<'m>> {
    if !found.matches.is_empty() {
        return None;
    }
    let closest = found.misses.iter().map(|miss| &miss.mismatch).min_by_key(|mismatch| mismatch.distance());
    let closest = closest.unwrap_or(&Mismatch::Format);
    Some(Lacking { id: &found.query.id, why: why(found.query, closest), distance: closest.distance() })
}

fn why<'m>(query: &'m CredentialQuery, mismatch: &Mismatch) -> Why<'m> {
    let paths = |positions: &[usize]| {
        positions.iter().filter_map(|position| query.claims.get(*position)).map(|claim| &claim.path).collect()
    };
    match (mismatch, &query.format) {
        (Mismatch::Format, Format::Other(format)) => Why::UnknownFormat(format),
        (Mismatch::Format, format) => Why::NoneOfFormat(format.as_str()),
        (Mismatch::Type, _) => Why::NoneOfType,
        (Mismatch::HolderBinding, _) => Why::NoHolderBinding,
        (Mismatch::Authority, _) => Why::OtherAuthority,
        (Mismatch::Claims { missing, other_value }, _) => {
            Why::Claims { missing: paths(missing), other_value: paths(other_value) }
        }
    }
}

/// How much is lacking: the number of credentials, and then how far the closest candidates are from answering.
fn size<'l>(lacking: impl Iterator<Item = &'l Lacking<'l>>) -> (usize, usize) {
    lacking.fold((0, 0), |(count, distance), one| (count + 1, distance + one.distance))
}

/// More than all claims of a credential query together.
const STEP: usize = MAX_CLAIMS + 1;

impl Mismatch {
    /// How far a candidate is from being an answer.
    fn distance(&self) -> usize {
        match self {
            Self::Claims { missing, other_value } => missing.len() + other_value.len(),
            Self::Authority => STEP,
            Self::HolderBinding => 2 * STEP,
            Self::Type => 3 * STEP,
            Self::Format => 4 * STEP,
        }
    }
}

impl fmt::Display for Unmet<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(lacking) => write!(out, "{lacking}"),
            Self::Set { set, option, lacking } => {
                write!(
                    out,
                    "no option of credential set {} can be met; closest is option {}: ",
                    set + 1,
                    option + 1
                )?;
                for (number, lacking) in lacking.iter().enumerate() {
                    let separator = if number == 0 { "" } else { "; " };
                    write!(out, "{separator}{lacking}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Lacking<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "for '{}' {}", self.id, self.why)
    }
}

impl fmt::Display for Why<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFormat(format) => {
                write!(out, "a format is asked for that is not supported: {format:?}")
            }
            Self::NoneOfFormat(format) => write!(out, "there is no credential of the format {format}"),
            Self::NoneOfType => out.write_str("there is no credential of an accepted type"),
            Self::NoHolderBinding => {
                out.write_str("the closest credential cannot prove that it belongs to its holder")
            }
            Self::OtherAuthority => out.write_str(
                "the closest credential comes from none of the authorities that the verifier trusts",
            ),
            Self::Claims { missing, other_value } => {
                out.write_str("the closest credential ")?;
                if !missing.is_empty() {
                    write!(out, "lacks {}", listed(missing.iter().copied()))?;
                }
                if !missing.is_empty() && !other_value.is_empty() {
                    out.write_str(" and ")?;
                }
                if !other_value.is_empty() {
                    write!(
                        out,
                        "has another value than asked for at {}",
                        listed(other_value.iter().copied())
                    )?;
                }
                Ok(())
            }
        }
    }
}
