//! Bitstring Status List (W3C, Recommendation of 15 May 2025): the list is the subject of a credential, and a
//! credential that refers to it has a [`BitstringEntry`] in `credentialStatus`.
//!
//! It differs from a Token Status List in more than the names: gzip instead of zlib, the *highest* bit of the first byte
//! comes first, one list per purpose, an index that is a string, a least length. How the credential around the list is
//! secured is not looked at here: give [`BitstringList::read`] the subject of one that is verified, whose type is
//! [`CREDENTIAL_TYPE`], and whose issuer is trusted for this.

mod bits;
mod entry;
mod list;

pub use bits::{Bitstring, StatusSize};
pub use entry::{BitstringEntry, MAX_ENTRIES, Message, Purpose};
pub use list::{BitstringList, BitstringStatus};

use super::InflateError;

/// A list has no fewer entries, unless an ecosystem says otherwise: who is in a smaller crowd can be recognised (§3.2,
/// §6.1).
pub const MIN_ENTRIES: u64 = 131_072;

/// The `type` of an entry in `credentialStatus`.
pub const ENTRY_TYPE: &str = "BitstringStatusListEntry";

/// The `type` of the subject of a list's credential.
pub const LIST_TYPE: &str = "BitstringStatusList";

/// The `type` of a list's credential.
pub const CREDENTIAL_TYPE: &str = "BitstringStatusListCredential";

/// Why there is no statement about a credential, or a list was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BitstringError {
    /// A property is not what the specification demands.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// The list can't be expanded.
    #[error(transparent)]
    Expansion(#[from] InflateError),
    /// The list is for another purpose than the entry, or has statuses of another size.
    #[error("the list is not one for this entry: {0}")]
    Mismatch(&'static str),
    /// There are fewer entries than demanded.
    #[error("the list has fewer than {0} entries")]
    Length(u64),
    /// There is no such index.
    #[error("the index is not in the list")]
    Range,
    /// The status takes more bits than there are for one.
    #[error("the status does not fit")]
    TooWide,
}

impl BitstringError {
    /// What the specification calls it (§3.5): the end of the URL that names the error.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed(_) | Self::Expansion(_) | Self::TooWide => "MALFORMED_VALUE_ERROR",
            Self::Mismatch(_) => "STATUS_VERIFICATION_ERROR",
            Self::Length(_) => "STATUS_LIST_LENGTH_ERROR",
            Self::Range => "RANGE_ERROR",
        }
    }
}
