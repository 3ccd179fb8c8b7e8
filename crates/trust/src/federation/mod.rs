//! OpenID Federation 1.0: who somebody is, as a chain of statements up to a trust anchor says it.
//!
//! [`Federation`] resolves an entity to its metadata under the policies and constraints of its superiors;
//! [`FederationKeys`] is the source of trust made of it; [`EntityConfiguration`] is what an entity says about itself.
//! Trust marks are not looked at.

mod chain;
mod constraints;
mod given;
mod keys;
mod policy;
mod publish;
mod statement;

use credenza_core::HttpError;
use credenza_crypto::JwsError;

pub use chain::{FEDERATION_LIMITS, Federation, MAX_DEPTH, MAX_FETCHES, ResolvedEntity};
pub use given::GivenStatement;
pub use keys::FederationKeys;
pub use publish::EntityConfiguration;

/// Why an entity could not be resolved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FederationError {
    /// Not an entity identifier (§1.2): an https URL without query and fragment.
    #[error("not an entity identifier")]
    Identifier,
    /// Not an entity statement (§3.2).
    #[error("not an entity statement: {0}")]
    Statement(&'static str),
    /// The statement's JWS is not acceptable, or its signature does not verify.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// A statement has expired, or is from the future.
    #[error("an entity statement is not valid now")]
    Time,
    /// No chain of statements leads to a trust anchor.
    #[error("no chain of statements leads to a trust anchor")]
    NoChain,
    /// A superior's constraint is violated (§6.2).
    #[error("a constraint of a superior is violated: {0}")]
    Constraint(&'static str),
    /// The policies contradict each other, or the metadata (§6.1).
    #[error("the metadata policy does not hold: {0}")]
    Policy(&'static str),
    /// A statement can't be fetched.
    #[error("an entity statement can't be fetched: {0}")]
    Unavailable(#[from] HttpError),
    /// The server answered with another status than 200.
    #[error("an entity statement can't be fetched: HTTP status {0}")]
    Status(u16),
    /// It would take more fetches than are allowed for one entity.
    #[error("the federation takes more than {0} fetches")]
    TooManyFetches(usize),
}
