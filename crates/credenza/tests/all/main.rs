//! The binary from outside: real processes, real HTTP, a real browser.

#![cfg(test)]

mod admin_plane;
mod as_the_suite;
mod attested;
mod between;
mod browser;
mod browser_answers;
mod browser_component;
mod certified;
mod claims;
mod client_ids;
mod clocks;
mod commands;
mod crash;
mod dc_api_offers;
mod definitions;
mod demo;
mod deployment;
mod doctor;
mod emulated;
mod every_mode;
mod formats;
mod known_verifiers;
mod load;
mod many_nodes;
mod many_nodes_events;
mod many_nodes_faults;
mod many_nodes_queries;
mod members;
mod moving;
mod nodes;
mod once_only;
#[path = "../../../store/tests/all/postgres_server.rs"]
mod postgres_server;
mod presenting;
#[path = "../../../store/tests/all/redis_server.rs"]
mod redis_server;
mod rotating;
mod self_issued;
mod signed_responses;
mod signing_in;
mod signing_in_elsewhere;
mod tls_authority;
#[cfg(feature = "pkcs11")]
mod tokens;
mod tools;
mod trusted_lists;
mod two_processes;
mod wallet_refuses;
mod wallet_serve;
mod webhooks;
mod without_a_browser;
mod world;
