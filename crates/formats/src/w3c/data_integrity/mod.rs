//! Credentials and presentations with embedded proofs: `ldp_vc` and `ldp_vp` (VC Data Integrity 1.0).
//!
//! | cryptosuite | keys | canonical form | made | verified |
//! |---|---|---|---|---|
//! | `ecdsa-jcs-2019` | P-256, P-384 | JCS | yes | yes |
//! | `eddsa-jcs-2022` | Ed25519 | JCS | yes | yes |
//! | `ecdsa-rdfc-2019` | P-256, P-384 | RDFC-1.0 | yes | yes |
//! | `eddsa-rdfc-2022` | Ed25519 | RDFC-1.0 | yes | yes |
//! | `Ed25519Signature2020` | Ed25519 | RDFC-1.0 | no | when asked for |
//!
//! `ecdsa-sd-2023` is not here. No context is ever fetched: [`Contexts`] are the known ones, and a document with
//! another one is refused. So is a document that says something which its proof would not cover.

mod contexts;
mod cryptosuite;
mod json_ld;
mod present;
mod proof;
pub mod rdfc;
mod sign;
mod transform;
mod verify;

pub use contexts::{Contexts, NotAContext};
pub use cryptosuite::Cryptosuite;
pub use json_ld::{expanded_types, to_quads};
pub use present::{Presenting, present};
pub use proof::{MAX_PROOFS, Purpose};
pub use sign::{ProofOptions, SignError, sign};
pub use transform::{Defect, hash_data};
pub use verify::{
    Expected, FindMethod, VerificationMethod, verification_methods, verify_credential, verify_presentation,
};
