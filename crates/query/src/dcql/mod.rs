//! DCQL, the Digital Credentials Query Language (OID4VP 1.0 §6): parse, validate, match, choose, explain, check.

mod builder;
mod candidate;
mod check;
pub mod dialect;
mod disclosure;
mod error;
mod explain;
mod index;
mod matching;
pub mod query;
mod read;
mod select;
mod validate;

pub use builder::{Builder, Dcql};
pub use candidate::{Authorities, Candidate};
pub use check::Presented;
pub use error::{Problem, QueryError};
pub use explain::{Lacking, Unmet, Why};
pub use index::TypeIndex;
pub use matching::{CredentialMatches, Match, Matching, Mismatch, Miss, SetMatches};
pub use query::{
    ClaimValue, ClaimsQuery, CredentialQuery, CredentialSetQuery, DcqlQuery, Format, Meta, TrustedAuthority,
};
pub use select::{Chosen, OptionalSet, Selection};
