//! Self-Issued OpenID Provider v2 (draft 13): people who sign in with a key of their own, both sides.
//!
//! * [`RelyingParty`] asks for an ID token alone and [`validate`]s what comes back; a
//!   [`Verifier`](crate::Verifier) asks for one beside presentations
//!   ([`PresentationRequest::id_token`](crate::PresentationRequest::id_token));
//! * [`Provider`] is what a wallet can do as a self-issued provider: given to
//!   [`WalletBuilder::self_issued`](crate::wallet::WalletBuilder::self_issued), links that ask for an ID token are
//!   opened by [`Wallet::open`](crate::Wallet::open);
//! * [`discovery`] is where providers are found.
//!
//! Only `sub` says who somebody is. Everything else in such a token is that person's own word (§13.1.1).

pub mod discovery;
mod identifier;
mod metadata;
mod provider;
mod relying_party;
mod request;
pub mod rules;
mod subject;
mod validate;

pub use metadata::METADATA_MEMBERS;
pub use provider::{ID_TOKEN_LIFETIME, Provider, ProviderRefusal, Subject, SubjectError, Wanted};
pub use relying_party::{
    LOGIN_LIFETIME, LoginError, LoginRequest, MAX_LOGIN_RESPONSE, RelyingParty, RelyingPartyBuilder,
    RelyingPartyPorts, SignedIn,
};
pub use request::{IdTokenRequest, ResponseTypes};
pub use subject::{NoMethod, SUBJECT_SIGNED, SubjectSyntax};
pub use validate::{Expected, SelfIssuedSubject, validate};

/// The scope value of every request for an ID token (OpenID Connect Core §3.1.2.1).
pub const SCOPE: &str = "openid";
