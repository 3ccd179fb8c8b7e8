//! OpenID for Verifiable Credential Issuance 1.0: the issuer with its authorization server, and the wallet.
//!
//! * [`issuer::Issuer`] answers the requests of the specification's endpoints, and makes offers;
//! * [`wallet::Wallet`] opens an offer and brings the credentials home;
//! * [`messages`] is what they say to each other.
//!
//! Neither knows a socket or a database: they are functions of messages and of the ports in [`credenza_core`].

pub mod issuer;
pub mod messages;
pub mod rules;
pub mod wallet;
