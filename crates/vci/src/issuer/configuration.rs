//! What an issuer issues: credential configurations as the operator writes them, and lifetimes.

use std::time::Duration;

use credenza_core::ClaimsPath;
use credenza_crypto::Algorithm;
use serde::{Deserialize, Serialize};

use super::Format;
use crate::messages::{ClaimDescription, CredentialDefinition, CredentialDisplay};

/// One kind of credential, as the operator describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CredentialConfiguration {
    /// Its identifier in the metadata: `pid`.
    pub id: String,
    /// Format and type.
    #[serde(flatten)]
    pub format: Format,
    /// The OAuth scope that means it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Its claims, in the order in which they are shown. Mandatory ones must be there when it is issued.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimDescription>,
    /// Which claims the holder can keep to themselves. That is said of SD-JWTs alone: an mdoc's holder can keep back
    /// every element, and the other formats are shown as a whole.
    #[serde(default)]
    pub disclosure: Disclosure,
    /// How it wants to be shown, by language.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub display: Vec<CredentialDisplay>,
    /// How long a credential is valid, in seconds; counted from the rounded time of issuance.
    #[serde(default = "default_validity", with = "seconds", rename = "validity_seconds")]
    pub validity: Duration,
    /// Algorithms of key proofs that are accepted. None: the credential is not bound to a key and needs no proof.
    #[serde(default = "default_proof_algorithms")]
    pub proof_algorithms: Vec<Algorithm>,
    /// How many copies one request may ask for: at most the issuer's batch size, which is what it is when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<u32>,
}

/// Which claims the holder can keep to themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Disclosure {
    /// These; absent means every claim of the first level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selective: Option<Vec<ClaimsPath>>,
    /// Digests of nothing in each object, so that nobody can count what is kept back.
    #[serde(default)]
    pub decoys: u8,
}

/// How long things live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lifetimes {
    /// An offer and its code, unless the offer says otherwise.
    #[serde(with = "seconds")]
    pub offer: Duration,
    /// An access token.
    #[serde(with = "seconds")]
    pub access_token: Duration,
    /// A nonce for key proofs.
    #[serde(with = "seconds")]
    pub c_nonce: Duration,
    /// How old a key proof may be.
    #[serde(with = "seconds")]
    pub proof: Duration,
    /// A nonce for DPoP proofs.
    #[serde(with = "seconds")]
    pub dpop_nonce: Duration,
    /// How long a session can be looked at after it is over. Its claims are gone as soon as it is.
    #[serde(with = "seconds")]
    pub retention: Duration,
    /// To what the time of issuance is rounded down, so that it does not link the copies of one person (§15.4.1).
    #[serde(with = "seconds")]
    pub issuance_rounding: Duration,
}

impl Default for Lifetimes {
    /// Ten minutes for an offer, 30 for a token, five for nonces and proofs, a day to look back, issuance to the hour.
    fn default() -> Self {
        const MINUTE: u64 = 60;
        Self {
            offer: Duration::from_secs(10 * MINUTE),
            access_token: Duration::from_secs(30 * MINUTE),
            c_nonce: Duration::from_secs(5 * MINUTE),
            proof: Duration::from_secs(5 * MINUTE),
            dpop_nonce: Duration::from_secs(5 * MINUTE),
            retention: Duration::from_secs(24 * 60 * MINUTE),
            issuance_rounding: Duration::from_secs(60 * MINUTE),
        }
    }
}

/// What is asked of DPoP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DpopMode {
    /// Refuse token requests without a proof.
    pub required: bool,
    /// Demand nonces of ours in proofs.
    pub nonce: bool,
}

fn default_validity() -> Duration {
    Duration::from_secs(90 * 24 * 60 * 60)
}

fn default_proof_algorithms() -> Vec<Algorithm> {
    vec![Algorithm::Es256]
}

impl CredentialConfiguration {
    /// A credential of this format, bound to an ES256 key, valid for 90 days.
    #[must_use]
    pub fn new(id: impl Into<String>, format: Format) -> Self {
        Self {
            id: id.into(),
            format,
            scope: None,
            claims: Vec::new(),
            disclosure: Disclosure::default(),
            display: Vec::new(),
            validity: default_validity(),
            proof_algorithms: default_proof_algorithms(),
            batch_size: None,
        }
    }

    /// An SD-JWT VC of the type `vct`, every claim selectively disclosable.
    #[must_use]
    pub fn sd_jwt_vc(id: impl Into<String>, vct: impl Into<String>) -> Self {
        Self::new(id, Format::SdJwtVc { vct: vct.into() })
    }

    /// An mdoc.
    #[must_use]
    pub fn mdoc(id: impl Into<String>, doctype: impl Into<String>) -> Self {
        Self::new(id, Format::Mdoc { doctype: doctype.into(), element_types: Vec::new() })
    }

    /// A W3C credential of the data model 1.1 as a JWT.
    #[must_use]
    pub fn jwt_vc_json(id: impl Into<String>, credential_definition: CredentialDefinition) -> Self {
        Self::new(id, Format::JwtVcJson { credential_definition })
    }

    /// A W3C credential with an embedded proof.
    #[must_use]
    pub fn ldp_vc(id: impl Into<String>, credential_definition: CredentialDefinition) -> Self {
        Self::new(id, Format::LdpVc { credential_definition, cryptosuite: None })
    }
}

/// Durations as whole seconds.
mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_u64(duration.as_secs())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
        u64::deserialize(input).map(Duration::from_secs)
    }
}
