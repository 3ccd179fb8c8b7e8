//! The tests of issuer and wallet: one binary, so that linking stays cheap.

#![cfg(test)]

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
mod proofs;
mod races;
mod support;
mod tokens;
mod vectors;
