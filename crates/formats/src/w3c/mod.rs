//! W3C Verifiable Credentials, data model 1.1 and 2.0, in each way of securing them.
//!
//! | module | what | names in OpenID4VCI and OpenID4VP |
//! |---|---|---|
//! | [`data_model`] | what a credential and a presentation must look like | |
//! | [`jwt`] | the JWT of VCDM 1.1 §6.3.1, and VC-JOSE-COSE's `vc+jwt` and `vp+jwt` | `jwt_vc_json`, `jwt_vc_json-ld` |
//! | [`sd_jwt`] | VC-JOSE-COSE's `vc+sd-jwt` | |
//! | [`data_integrity`] | embedded proofs: ECDSA and EdDSA over JCS or RDF | `ldp_vc` |
//! | [`binding`] | whether the one who presents is the one whom a credential is about | |
//!
//! Who may issue is not decided here: the caller finds the key that a header or a verification method leads to (a DID,
//! a certificate, a key that is pinned), and hands it in.

pub mod binding;
pub mod data_integrity;
pub mod data_model;
pub mod jwt;
pub mod rules;
pub mod sd_jwt;

pub use binding::VerifiedPresentation;
pub use data_model::{Credential, DataModel, Embedded, Moment, Presentation};

use std::fmt;

use credenza_crypto::{Jwk, PublicKey};

/// A credential that was verified: what its issuer has signed, and nothing beside it.
#[derive(Clone)]
pub struct VerifiedCredential {
    /// The credential, conforming to the data model.
    pub credential: Credential,
    /// The key that the issuer has bound it to by `cnf`, where there is one.
    pub holder: Option<Jwk>,
    /// The keys that it was verified with.
    pub keys: Vec<PublicKey>,
}

/// Shows no claim.
impl fmt::Debug for VerifiedCredential {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("VerifiedCredential").field("credential", &self.credential).finish_non_exhaustive()
    }
}
