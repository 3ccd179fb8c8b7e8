//! Credentials as bytes: what is issued, held, presented and verified, without any protocol around it.

pub mod held;
pub mod sd_jwt;
