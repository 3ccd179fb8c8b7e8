//! Attestation-based client authentication (draft 07, which OpenID4VCI 1.0 names, and draft 10): a wallet provider
//! vouches for an instance of its wallet, and the instance proves that it has the key that is vouched for.
//!
//! The two drafts differ in little: draft 07 wants `iss` in both tokens, draft 10 does without and lets a DPoP proof be
//! the proof of possession. What is made here has the members of both; what is checked may be of either.

mod challenge;
mod make;
mod verify;

use credenza_crypto::Algorithm;
use http::HeaderName;

pub use challenge::{ChallengeResponse, Challenges};
pub use make::{AttestationRequest, PopRequest, attest, prove};
pub use verify::{AttestationError, ClientAttestation, Expected, Policy, Possession, Presented};

/// The name of the method with a proof of its own (draft 10 §8).
pub const METHOD: &str = "attest_jwt_client_auth";

/// The name of the method with a DPoP proof as the proof of possession (draft 10 §8).
pub const METHOD_WITH_DPOP: &str = "attest_jwt_client_auth_dpop";

/// The method of proving the attested key by a JWT made for that (draft 10 §7.6).
pub const POP_METHOD: &str = "attestation_pop_jwt";

/// The `typ` of an attestation.
pub const ATTESTATION_TYPE: &str = "oauth-client-attestation+jwt";

/// The `typ` of a proof of possession.
pub const POP_TYPE: &str = "oauth-client-attestation-pop+jwt";

/// The header that carries the attestation.
pub const ATTESTATION: HeaderName = HeaderName::from_static("oauth-client-attestation");

/// The header that carries the proof of possession.
pub const POP: HeaderName = HeaderName::from_static("oauth-client-attestation-pop");

/// The header that brings a fresh challenge to the client (draft 10 §6.2).
pub const CHALLENGE: HeaderName = HeaderName::from_static("oauth-client-attestation-challenge");

/// The signature algorithms that are accepted, of both tokens, unless a policy says otherwise.
pub const ALGORITHMS: [Algorithm; 3] = [Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa];
