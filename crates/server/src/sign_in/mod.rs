//! Port: ways of signing in that lead away from our pages and back: an OpenID Provider, or a wallet that shows a
//! credential. Name and password are the other port, [`UserAuthentication`](crate::users::UserAuthentication).

mod inside;
mod mapping;
mod presentation;
mod query;
mod upstream;

use credenza_core::{Answer, UnixTime};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::users::User;

pub use inside::SignInInside;
pub use mapping::{ClaimMapping, Selector};
pub use presentation::PresentationSignIn;
pub use query::SignInQuery;
pub use upstream::UpstreamSignIn;

/// Port: knows somebody by what happens elsewhere.
///
/// Its promises: whoever comes back is the one that the other side has named, for this very trip; and nothing that a
/// browser brings is believed unless the other side vouches for it. That a trip ends once, in the browser in which it
/// began, is the caller's business.
pub trait SignInElsewhere: Send + Sync {
    /// Its name in URLs: `upstream`, `wallet`. No two of a service have the same.
    fn way(&self) -> &'static str;

    /// What the button says that leads there.
    fn label(&self) -> &str;

    /// Somebody leaves.
    fn begin<'a>(&'a self, trip: &'a Trip) -> Answer<'a, Result<Departure, ElsewhereError>>;

    /// Somebody is back.
    fn finish<'a>(&'a self, returned: Returned<'a>) -> Answer<'a, Result<User, ElsewhereError>>;
}

/// What a way of signing in is told when somebody leaves.
#[derive(Debug, Clone)]
pub struct Trip {
    /// Names the trip: unguessable, and new. It comes back as the parameter `state`.
    pub state: String,
    /// Where the browser comes back to, without parameters.
    pub back: String,
}

/// Somebody leaves.
#[derive(Debug, Clone)]
pub struct Departure {
    /// What is remembered until they are back; no browser sees it.
    pub kept: Value,
    /// Where they go.
    pub to: Destination,
}

/// Where somebody goes.
#[derive(Debug, Clone)]
pub enum Destination {
    /// The browser leaves us.
    Browser(Url),
    /// A page of ours leads to a wallet.
    Wallet(WalletLinks),
}

/// The ways to a wallet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WalletLinks {
    /// For a wallet on the device of the browser; it leads back.
    pub same_device: String,
    /// For a wallet on another one, as a QR code: the link and its session at the verifier.
    pub other_device: Option<(String, String)>,
    /// Until when they are good.
    pub expires: UnixTime,
}

/// Somebody is back.
#[derive(Debug, Clone, Copy)]
pub struct Returned<'a> {
    /// The name of the trip, which the caller has found in its memory.
    pub state: &'a str,
    /// What was remembered.
    pub kept: &'a Value,
    /// The URL that the browser came back with; `None` where it has waited on our page.
    pub url: Option<&'a Url>,
}

/// Why nobody has signed in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ElsewhereError {
    /// They, or the other side, have said no.
    #[error("signing in was refused")]
    Denied,
    /// What came back was not accepted. The text is for the log, without personal data.
    #[error("what came back was not accepted: {0}")]
    Refused(String),
    /// The other side can't be asked for now. The text is for the log.
    #[error("the other side can't be asked: {0}")]
    Unavailable(String),
}
