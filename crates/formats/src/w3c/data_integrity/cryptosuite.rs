//! The cryptosuites: which keys they take, and what they hash.

use credenza_crypto::{Algorithm, Curve, HashAlgorithm, PublicKey};

/// How a proof is made (VC-DI-ECDSA, VC-DI-EdDSA).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cryptosuite {
    /// `ecdsa-jcs-2019`
    EcdsaJcs,
    /// `ecdsa-rdfc-2019`
    EcdsaRdfc,
    /// `eddsa-jcs-2022`
    EddsaJcs,
    /// `eddsa-rdfc-2022`
    EddsaRdfc,
    /// The proof type that came before the EdDSA cryptosuites (VC-DI-EdDSA Appendix A): for reading only.
    Ed25519Signature2020,
}

/// The type of all proofs but the older ones (VC Data Integrity §3.1).
pub(super) const DATA_INTEGRITY_PROOF: &str = "DataIntegrityProof";

impl Cryptosuite {
    /// The ones of the current specifications.
    pub const CURRENT: &[Self] = &[Self::EcdsaJcs, Self::EcdsaRdfc, Self::EddsaJcs, Self::EddsaRdfc];

    /// By `type` and `cryptosuite` of a proof.
    #[must_use]
    pub fn from_names(proof_type: &str, cryptosuite: Option<&str>) -> Option<Self> {
        match (proof_type, cryptosuite) {
            (DATA_INTEGRITY_PROOF, Some("ecdsa-jcs-2019")) => Some(Self::EcdsaJcs),
            (DATA_INTEGRITY_PROOF, Some("ecdsa-rdfc-2019")) => Some(Self::EcdsaRdfc),
            (DATA_INTEGRITY_PROOF, Some("eddsa-jcs-2022")) => Some(Self::EddsaJcs),
            (DATA_INTEGRITY_PROOF, Some("eddsa-rdfc-2022")) => Some(Self::EddsaRdfc),
            ("Ed25519Signature2020", None) => Some(Self::Ed25519Signature2020),
            _ => None,
        }
    }

    /// `cryptosuite`, or the proof's type where there is none.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdsaJcs => "ecdsa-jcs-2019",
            Self::EcdsaRdfc => "ecdsa-rdfc-2019",
            Self::EddsaJcs => "eddsa-jcs-2022",
            Self::EddsaRdfc => "eddsa-rdfc-2022",
            Self::Ed25519Signature2020 => "Ed25519Signature2020",
        }
    }

    /// The type of its proofs.
    #[must_use]
    pub const fn proof_type(self) -> &'static str {
        match self {
            Self::Ed25519Signature2020 => "Ed25519Signature2020",
            _ => DATA_INTEGRITY_PROOF,
        }
    }

    /// `cryptosuite` of its proofs, which older types do not have.
    #[must_use]
    pub const fn cryptosuite(self) -> Option<&'static str> {
        match self {
            Self::Ed25519Signature2020 => None,
            other => Some(other.name()),
        }
    }

    /// Whether the canonical form is that of JSON; it is that of RDF otherwise.
    #[must_use]
    pub const fn is_jcs(self) -> bool {
        matches!(self, Self::EcdsaJcs | Self::EddsaJcs)
    }

    /// The algorithm and the hash function that go with a key; `None` when the suite does not take it.
    #[must_use]
    pub fn with_key(self, key: &PublicKey) -> Option<(Algorithm, HashAlgorithm)> {
        match (self, key.curve()?) {
            (Self::EcdsaJcs | Self::EcdsaRdfc, Curve::P256) => {
                Some((Algorithm::Es256, HashAlgorithm::Sha256))
            }
            (Self::EcdsaJcs | Self::EcdsaRdfc, Curve::P384) => {
                Some((Algorithm::Es384, HashAlgorithm::Sha384))
            }
            (Self::EddsaJcs | Self::EddsaRdfc | Self::Ed25519Signature2020, Curve::Ed25519) => {
                Some((Algorithm::EdDsa, HashAlgorithm::Sha256))
            }
            _ => None,
        }
    }
}
