//! COSE (RFC 9052, RFC 9053): keys, signatures and MACs of one party, and CWT claims, over a strict CBOR reader.
//!
//! Algorithm and key go together in one fixed way ([`Algorithm::curve`](crate::Algorithm::curve)); the algorithm is
//! taken from the protected header alone, and a message with critical extensions is refused.

pub mod algorithm;
pub mod cbor;
pub mod cwt;
mod header;
pub mod key;
mod mac0;
mod sign1;

pub use cbor::{CborError, Encoded, Kind, Label, Reader, Writer};
pub use header::{Header, SigningHeader, Tagging};
pub use key::{CoseKey, KeyDefect};
pub use mac0::{Mac0, MacKey, create as mac0};
pub use sign1::{Content, Sign1, create as sign1};

use crate::SignatureError;

/// CBOR tag of a `COSE_Sign1` (RFC 9052 §2).
pub const SIGN1_TAG: u64 = 18;

/// CBOR tag of a `COSE_Mac0` (RFC 9052 §2).
pub const MAC0_TAG: u64 = 17;

/// Why a COSE message was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CoseError {
    /// Not acceptable CBOR.
    #[error(transparent)]
    Cbor(#[from] CborError),
    /// CBOR, but not the structure it should be.
    #[error("not a COSE message: {0}")]
    Malformed(&'static str),
    /// A tag that does not belong here, or none where one does.
    #[error("not the CBOR tag of this kind of message")]
    Tag,
    /// `alg` is not in the protected header, is unknown, or is not among those that are accepted here.
    #[error("the algorithm is missing from the protected header or is not accepted here")]
    Algorithm,
    /// `crit`: there is no extension that must be understood and is.
    #[error("the header has a critical extension that is not supported")]
    Critical,
    /// The content is in the message where it must not be, or is not where it must be.
    #[error("the content is attached where it must be detached, or the other way round")]
    Content,
    /// The signature does not verify.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The authentication tag does not verify.
    #[error("the authentication tag does not verify")]
    Mac,
}
