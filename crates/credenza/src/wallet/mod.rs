//! A holder's wallet: where it keeps credentials and keys, what it asks before it acts.

pub mod credentials;
pub mod display;
pub mod keys;
pub mod vault;
