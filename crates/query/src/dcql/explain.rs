//! Why a query cannot be met: the smallest part that is lacking, in words for the wallet's user.

use std::fmt;

use credenza_core::ClaimsPath;

use super::matching::{CredentialMatches, Matching, Mismatch};
use super::query::{CredentialQuery, Format};

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
        let mut unmet: Vec<_> = if self.sets.is_empty() {
            self.credentials.iter().filter_map(lacking).map(Unmet::Credential).collect()
        } else {
            let failed =
                self.sets.iter().enumerate().filter(|(_, set)| set.query.required && set.options.is_empty());
            failed
                .filter_map(|(position, set)| {
                    let options = set.query.options.iter().enumerate();
                    let (option, lacking) = options
                        .map(|(option, ids)| (option, self.lacking_of(ids)))
                        .min_by_key(|(_, lacking)| size(lacking))?;
                    Some(Unmet::Set { set: position, option, lacking })
                })
                .collect()
        };
        unmet.sort_by_key(|part| match part {
            Unmet::Credential(lacking) => size(std::slice::from_ref(lacking)),
            Unmet::Set { lacking, .. } => size(lacking),
        });
        unmet
    }

    fn lacking_of(&self, ids: &[String]) -> Vec<Lacking<'_>> {
        let ids: std::collections::HashSet<&str> = ids.iter().map(String::as_str).collect();
        self.credentials
            .iter()
            .filter(|found| ids.contains(found.query.id.as_str()))
            .filter_map(lacking)
            .collect()
    }
}

fn lacking<'m>(found: &'m CredentialMatches<'_>) -> Option<Lacking<'m>> {
    if !found.matches.is_empty() {
        return None;
    }
    let closest = found.misses.iter().map(|miss| why(found.query, &miss.mismatch)).min_by_key(Why::distance);
    let why = closest.unwrap_or_else(|| why(found.query, &Mismatch::Format));
    Some(Lacking { id: &found.query.id, why })
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
fn size(lacking: &[Lacking<'_>]) -> (usize, usize) {
    (lacking.len(), lacking.iter().map(|one| one.why.distance()).sum())
}

impl Why<'_> {
    fn distance(&self) -> usize {
        // More than all claims of a credential query together.
        const STEP: usize = super::query::MAX_CLAIMS + 1;
        match self {
            Self::Claims { missing, other_value } => missing.len() + other_value.len(),
            Self::OtherAuthority => STEP,
            Self::NoHolderBinding => 2 * STEP,
            Self::NoneOfType => 3 * STEP,
            Self::NoneOfFormat(_) | Self::UnknownFormat(_) => 4 * STEP,
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
                    write!(out, "lacks {}", list(missing))?;
                }
                if !missing.is_empty() && !other_value.is_empty() {
                    out.write_str(" and ")?;
                }
                if !other_value.is_empty() {
                    write!(out, "has another value than asked for at {}", list(other_value))?;
                }
                Ok(())
            }
        }
    }
}

fn list(paths: &[&ClaimsPath]) -> String {
    paths.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
