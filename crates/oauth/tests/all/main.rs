//! The tests of OAuth's shared parts.

#![cfg(test)]

mod authorization;
mod client_assertion;
mod client_attestation;
mod dpop;
mod metadata;
mod openid;
mod vectors;
