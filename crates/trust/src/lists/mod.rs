//! Lists of whom to trust, that somebody else keeps: VICAL (ISO/IEC 18013-5 Annex C) and lists of trusted entities
//! (ETSI TS 119 602).
//!
//! A list is as good as its signer, who is configured here, and as fresh as it says itself: after its next update was
//! due, it trusts nobody ([`TrustList`]).

mod list;
mod lote;
mod signers;
mod vical;

use credenza_core::HttpError;
use credenza_crypto::cose::CoseError;
use credenza_crypto::{JwsError, X509Error};

pub use list::{LIST_LIMITS, ListKind, TrustList};
pub use lote::{ListedService, ServiceUse, TrustedEntities};
pub use signers::ListSigners;
pub use vical::{ListedAuthority, VICAL_SIGNER, Vical};

/// No list names more certificates.
pub const MAX_ENTRIES: usize = 4096;

/// Why a list was not accepted. What was accepted before stays in force until it is due.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// Not the structure it should be.
    #[error("not a list: {0}")]
    Malformed(&'static str),
    /// The message around it is not acceptable, or its signature does not verify.
    #[error(transparent)]
    Cose(#[from] CoseError),
    /// The message around it is not acceptable, or its signature does not verify.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// The signer is not one of those who were configured.
    #[error("the list's signer is not trusted: {0}")]
    Signer(#[from] X509Error),
    /// Issued in the future.
    #[error("the list is from the future")]
    NotYetValid,
    /// The next one was due, or nobody knows when it is.
    #[error("a newer list is due")]
    Outdated,
    /// An older list than the one in force: somebody plays an old one.
    #[error("older than the list in force")]
    Older,
    /// It can't be fetched.
    #[error("the list can't be fetched: {0}")]
    Unavailable(#[from] HttpError),
    /// The server answered with another status than 200.
    #[error("the list can't be fetched: HTTP status {0}")]
    Status(u16),
    /// There is no URL, or none that can be fetched.
    #[error("the list has no URL to fetch it from")]
    NoUrl,
}
