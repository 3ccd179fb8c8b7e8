//! Ports: where the claims of a credential come from, and its status.

mod table;

use std::time::Duration;

use credenza_core::Answer;
use serde_json::{Map, Value};

use super::CredentialConfiguration;

pub use table::{TableClaims, TableError};

/// For which credential something is needed.
#[derive(Clone, Copy)]
pub struct IssuanceContext<'a> {
    /// The session.
    pub session: &'a str,
    /// Which of its credentials: one session can have several of a configuration.
    pub credential: &'a str,
    /// What the creator of the offer calls it, when they gave it a name.
    pub reference: Option<&'a str>,
    /// Who has signed in, as the user authentication names them; `None` for a code that came with the offer.
    pub subject: Option<&'a str>,
    /// What is to be issued.
    pub configuration: &'a CredentialConfiguration,
    /// The claims that were given with the offer.
    pub offered: Option<&'a Map<String, Value>>,
}

impl std::fmt::Debug for IssuanceContext<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("IssuanceContext")
            .field("session", &self.session)
            .field("configuration", &self.configuration.id)
            .finish_non_exhaustive()
    }
}

/// What a source of claims answers.
#[derive(Clone, PartialEq)]
pub enum ClaimsAnswer {
    /// The claims.
    Claims(Map<String, Value>),
    /// Not now; ask again after that time.
    Deferred(Duration),
}

/// Why there are no claims.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsError {
    /// This holder does not get this credential, now or later.
    #[error("the credential is denied")]
    Denied,
    /// The source can't be asked at the moment. The text is for the log and must have no personal data.
    #[error("the source of claims is unavailable: {0}")]
    Unavailable(String),
}

/// Port: brings the claims of a credential when it is issued.
///
/// Its promises: asked again about the same session, it answers alike, since a wallet repeats a request whose answer was
/// lost; what it answers belongs to the session that it is asked about, whatever else it is asked meanwhile; and where it
/// knows nothing it says so, and makes nothing up.
pub trait ClaimsSource: Send + Sync {
    /// The claims for this credential.
    fn claims<'a>(
        &'a self,
        context: &'a IssuanceContext<'a>,
    ) -> Answer<'a, Result<ClaimsAnswer, ClaimsError>>;
}

/// The claims that were given with the offer, and no others.
#[derive(Debug, Clone, Copy, Default)]
pub struct OfferedClaims;

impl ClaimsSource for OfferedClaims {
    fn claims<'a>(
        &'a self,
        context: &'a IssuanceContext<'a>,
    ) -> Answer<'a, Result<ClaimsAnswer, ClaimsError>> {
        Answer::ready(match context.offered {
            Some(claims) => Ok(ClaimsAnswer::Claims(claims.clone())),
            None => Err(ClaimsError::Denied),
        })
    }
}

/// Port: gives each copy of a credential a place in a status list.
pub trait StatusSource: Send + Sync {
    /// What `copies` copies that expire together say about their status; fewer or more than that fail the issuance. It
    /// is the value of `status`, or of `credentialStatus` where it has types. Called before the issuance is certain: a
    /// place can stay unused.
    fn assign<'a>(
        &'a self,
        context: &'a IssuanceContext<'a>,
        copies: usize,
        expires: credenza_core::UnixTime,
    ) -> Answer<'a, Result<Vec<Value>, ClaimsError>>;

    /// Where all lists are named, for the metadata (Token Status List §9.1).
    fn aggregation(&self) -> Option<&str> {
        None
    }
}
