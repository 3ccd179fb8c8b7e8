//! Tests of the credential formats.

#![cfg(test)]

mod support;

mod mdoc;
mod sd_jwt_attacks;
mod sd_jwt_hold;
mod sd_jwt_issue;
mod sd_jwt_json_form;
mod sd_jwt_key_binding;
mod sd_jwt_limits;
mod sd_jwt_round_trip;
mod sd_jwt_vc;
mod sd_jwt_vectors;
mod status_list;
mod type_metadata;
mod w3c;
