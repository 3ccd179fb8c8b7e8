//! The tests of issuer and wallet: one binary, so that linking stays cheap.

#![cfg(test)]

mod attested;
mod authorization;
mod authorization_races;
mod authorizing;
mod bad_credentials;
mod certification;
mod claims_contract;
mod credentials;
mod dc_api;
mod deferred;
mod dialects;
mod dialects_wallet;
mod dpop;
mod encryption;
mod external;
mod flow;
mod formats;
mod haip_credentials;
mod haip_flow;
mod hostile_issuer;
mod interactive;
mod interactive_races;
mod interactive_wallet;
mod issuer_rules;
mod key_attestations;
mod metadata;
mod metadata_rules;
mod named_checks;
mod notifications;
mod offers;
mod profile;
mod proof_types;
mod proofs;
mod pushed;
mod races;
mod refresh;
mod signed_metadata;
mod status;
mod support;
mod tokens;
mod type_metadata;
mod vectors;
mod wallet_authorization;
mod wallet_requests;
