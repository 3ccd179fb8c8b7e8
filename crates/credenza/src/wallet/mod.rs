//! A holder's wallet: where it keeps credentials and keys, and what it shows before it acts.

pub mod credentials;
pub mod display;
mod driven;
mod holder;
mod interacting;
pub mod keys;
mod login;
mod obtaining;
mod presenting;
mod provider;
mod receiving;
mod renewing;
mod types;
mod unattended;
pub mod vault;
mod verifiers;
mod vouching;
mod waiting;

pub use holder::{CLIENT_ID, Holder, Options, Ports, card};
pub use obtaining::{Alone, Wanted};
pub use presenting::default_choices;
pub use provider::WalletProvider;
pub use renewing::Renewable;
pub use unattended::{Unattended, Unknown};
pub use verifiers::KnownVerifiers;
pub use vouching::who_vouches;
