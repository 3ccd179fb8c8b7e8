//! The wallet's side: who asks, what for, what would be disclosed, and the answer (OID4VP 1.0).
//!
//! A request is resolved to [`Asked`], which is all that a person needs to decide by. Deciding uses it up: one
//! request is answered once.

mod address;
mod answer;
mod attestation;
mod authenticate;
mod config;
mod dc_api;
mod dialect;
mod encrypt;
mod error;
mod fetch;
mod holding;
mod holdings;
mod identity;
mod interactive;
mod matches;
mod present;
mod progress;
mod registered;
mod reply;
mod resolve;
mod scope;
mod select;
mod select_definition;
mod self_issued;
mod terms;
mod transaction;

pub use crate::query::Query;
pub use answer::Choice;
pub use config::{UntrustedVerifiers, Wallet, WalletBuilder};
pub use error::{AnswerError, Refusal, ResolveError};
pub use holding::{Holding, HoldingError};
pub use holdings::Holdings;
pub use matches::{Fit, Matches, Matching, Part, Proposal, Unmet};
pub use registered::RegisteredVerifier;
pub use reply::Answered;
pub use resolve::{Asked, HowKnown, Who};
pub use self_issued::{Opened, SignIn};
