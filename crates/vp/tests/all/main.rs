//! OID4VP end to end, in memory: verifier, wallet, and whatever stands between them.

#![cfg(test)]

mod answers;
mod asking_definitions;
mod checklist;
mod dc_api;
mod dc_api_asking;
mod definitions;
mod dialects;
mod drafts_refused;
mod flow;
mod formats;
mod haip;
mod holder;
mod identity;
mod interactive;
mod jarm;
mod messages;
mod modes;
mod named_checks;
mod nested;
mod parameters;
mod prefixes;
mod presentations;
mod races;
mod request_kit;
mod request_objects;
mod sessions;
mod siop;
mod status_lists;
mod transactions;
mod type_metadata;
mod vectors;
mod whose;
mod world;
