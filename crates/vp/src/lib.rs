//! OpenID for Verifiable Presentations 1.0: the verifier, and the wallet's side of it.
//!
//! * [`messages`]: what goes over the wire, as types with the specification's names;
//! * [`verifier`]: asks for presentations, checks the answers, and says of each check how it went;
//! * [`wallet`]: finds out who asks and what for, matches it with what is held, and answers with no more than that.
//!
//! Both sides are values and functions over ports: a [`Verifier`] needs a store, a clock, randomness and somebody to
//! trust; a [`Wallet`] needs HTTP instead of the store.

pub mod messages;
pub mod rules;
pub mod verifier;
pub mod wallet;

pub use messages::{ClientId, ClientIdPrefix, ResponseMode};
pub use verifier::{CreatedRequest, Ports, PresentationRequest, Verifier};
pub use wallet::{Asked, Wallet};
