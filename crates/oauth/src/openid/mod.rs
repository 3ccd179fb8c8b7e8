//! The client's side of OpenID Connect: somebody signs in at an OpenID Provider, and we learn who it is.
//!
//! [`OpenIdClient::begin`] makes the URL that the browser goes to and what has to be remembered meanwhile;
//! [`OpenIdClient::finish`] makes an [`Identity`] of the URL that the browser comes back with. Where the memory is, and
//! that it is used once and by the same browser, is the caller's business.

mod client;
mod discovery;
mod error;
mod exchange;
mod id_token;
mod keys;
pub mod rules;

pub use client::{Departure, OpenIdClient, Remembered, Secrecy, Settings};
pub use discovery::ProviderMetadata;
pub use error::OpenIdError;
pub use id_token::{ALGORITHMS, Expected, IdToken, InvalidIdToken, verify};

use serde_json::{Map, Value};

/// Somebody who has signed in at the provider.
#[derive(Clone, PartialEq)]
pub struct Identity {
    /// Who, as the provider calls them: never another person's (OpenID Connect Core §2).
    pub subject: String,
    /// What the provider says about them: the claims of the ID token, and those of the UserInfo endpoint.
    pub claims: Map<String, Value>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Identity({} claims)", self.claims.len())
    }
}
