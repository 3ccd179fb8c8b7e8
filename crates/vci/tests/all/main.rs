//! The tests of issuer and wallet: one binary, so that linking stays cheap.

#![cfg(test)]

mod attested;
mod authorization;
mod authorization_races;
mod authorizing;
mod bad_credentials;
mod claims_contract;
mod credentials;
mod dpop;
mod flow;
mod formats;
mod hostile_issuer;
mod metadata;
mod notifications;
mod offers;
mod profile;
mod proofs;
mod pushed;
mod races;
mod refresh;
mod support;
mod tokens;
mod type_metadata;
mod vectors;
