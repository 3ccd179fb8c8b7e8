//! Demonstrating Proof of Possession (RFC 9449): making proofs, and checking them.

mod htu;
mod make;
mod nonce;
mod verify;

pub use htu::normalized;
pub use make::{ProofRequest, prove};
pub use nonce::{Nonces, Server};
pub use verify::{ALGORITHMS, DPOP, DpopError, Expected, Policy, Proof, verify};

/// The `typ` of a proof.
pub const PROOF_TYPE: &str = "dpop+jwt";
