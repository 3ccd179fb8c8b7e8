//! OID4VP end to end, in memory: verifier, wallet, and whatever stands between them.

#![cfg(test)]

mod checklist;
mod flow;
mod holder;
mod messages;
mod presentations;
mod races;
mod requests;
mod sessions;
mod vectors;
mod world;
