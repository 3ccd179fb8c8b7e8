//! What an issuer issues: credential configurations as the operator writes them, and lifetimes.

use std::time::Duration;

use credenza_core::ClaimsPath;
use credenza_crypto::Algorithm;
use serde::{Deserialize, Serialize};

use super::Format;
use crate::messages::metadata::KeyAttestationsRequired;
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
    /// Metadata of its type (SD-JWT VC §4), which is published at its `vct`: a URL below [`Endpoints::types`]. Credentials
    /// carry the document's hash (`vct#integrity`). `vct` in it is filled in.
    ///
    /// [`Endpoints::types`]: super::Endpoints::types
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub type_metadata: Option<serde_json::Map<String, serde_json::Value>>,
    /// How long a credential is valid, in seconds; counted from the rounded time of issuance.
    #[serde(default = "default_validity", with = "seconds", rename = "validity_seconds")]
    pub validity: Duration,
    /// Algorithms of key proofs that are accepted. None: the credential is not bound to a key and needs no proof.
    #[serde(default = "default_proof_algorithms")]
    pub proof_algorithms: Vec<Algorithm>,
    /// Types of key proofs that are accepted.
    #[serde(default = "default_proof_types")]
    pub proof_types: Vec<ProofKind>,
    /// Cryptosuites of `di_vp` proofs that are accepted; empty: all that can be verified.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proof_cryptosuites: Vec<String>,
    /// What a key attestation must say; absent: none is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_attestations_required: Option<KeyAttestationsRequired>,
    /// Methods of the DIDs that proofs may name a key by, beside those that the format brings: `did:key`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub did_methods: Vec<String>,
    /// Whether it is issued at once, unless the offer says otherwise.
    #[serde(default)]
    pub deferral: Deferral,
    /// Which of the issuer's named sources brings its claims; absent: the one for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims_source: Option<String>,
    /// How many copies one request may ask for: at most the issuer's batch size, which is what it is when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<u32>,
}

/// A type of key proof (Appendix F).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofKind {
    /// A JWT for each key, signed by it; the keys can be attested beside that.
    Jwt,
    /// A presentation for each key, with a Data Integrity proof.
    DiVp,
    /// One attestation of all keys, which do not sign themselves.
    Attestation,
}

impl ProofKind {
    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::DiVp => "di_vp",
            Self::Attestation => "attestation",
        }
    }
}

/// Whether a credential is issued at once (§9). A claims source can defer it besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deferral {
    /// At once.
    #[default]
    None,
    /// It is promised first, and issued as soon as the wallet asks again: to try out wallets.
    UntilAskedAgain,
    /// It is promised first, and issued after somebody has said so.
    UntilCompleted,
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

/// An access token that whoever has it can use lives no longer (§13.10).
pub const MAX_BEARER: Duration = Duration::from_secs(5 * 60);

/// How long things live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lifetimes {
    /// An offer and its code, unless the offer says otherwise.
    #[serde(with = "seconds")]
    pub offer: Duration,
    /// An access token. One that is bound to no key ends after [`MAX_BEARER`] at the latest.
    #[serde(with = "seconds")]
    pub access_token: Duration,
    /// A nonce for key proofs.
    #[serde(with = "seconds")]
    pub c_nonce: Duration,
    /// A promise to issue later: how long the wallet has time to come for the credential.
    #[serde(with = "seconds")]
    pub deferred: Duration,
    /// How long a wallet should wait before it asks again for a credential that was promised, where the claims source
    /// says nothing else.
    #[serde(with = "seconds")]
    pub deferred_interval: Duration,
    /// Signed metadata.
    #[serde(with = "seconds")]
    pub metadata: Duration,
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

impl Lifetimes {
    /// How long an access token lives, by whether it is bound to a key.
    pub(super) fn token(&self, bound: bool) -> Duration {
        if bound { self.access_token } else { self.access_token.min(MAX_BEARER) }
    }
}

impl Default for Lifetimes {
    /// Ten minutes for an offer, 30 for a token, five for nonces and proofs, a week for what was promised, a day for
    /// signed metadata and to look back, issuance to the hour.
    fn default() -> Self {
        const MINUTE: u64 = 60;
        Self {
            offer: Duration::from_secs(10 * MINUTE),
            access_token: Duration::from_secs(30 * MINUTE),
            c_nonce: Duration::from_secs(5 * MINUTE),
            deferred: Duration::from_secs(7 * 24 * 60 * MINUTE),
            deferred_interval: Duration::from_secs(5),
            metadata: Duration::from_secs(24 * 60 * MINUTE),
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

fn default_proof_types() -> Vec<ProofKind> {
    vec![ProofKind::Jwt]
}

fn default_proof_algorithms() -> Vec<Algorithm> {
    vec![Algorithm::Es256]
}

/// The members that a configuration can have, in any format.
const MEMBERS: [&str; 22] = [
    "batch_size",
    "claims",
    "claims_source",
    "credential_definition",
    "cryptosuite",
    "deferral",
    "did_methods",
    "disclosure",
    "display",
    "doctype",
    "element_types",
    "format",
    "id",
    "key_attestations_required",
    "proof_algorithms",
    "proof_cryptosuites",
    "proof_types",
    "scope",
    "type_metadata",
    "validity_seconds",
    "vct",
    "$schema",
];

impl CredentialConfiguration {
    /// The first member of an object that no configuration has: a slip of the pen that would be ignored otherwise.
    pub fn unknown_member(object: &serde_json::Map<String, serde_json::Value>) -> Option<&str> {
        object.keys().map(String::as_str).find(|name| !MEMBERS.contains(name))
    }

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
            type_metadata: None,
            validity: default_validity(),
            proof_algorithms: default_proof_algorithms(),
            proof_types: default_proof_types(),
            proof_cryptosuites: Vec::new(),
            key_attestations_required: None,
            did_methods: Vec::new(),
            deferral: Deferral::None,
            claims_source: None,
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
