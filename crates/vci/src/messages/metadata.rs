//! Credential issuer metadata (§12.2).

use std::collections::{BTreeMap, HashSet};

use credenza_crypto::JwkSet;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::claims_description::{self, ClaimDescription, ClaimsConflict};
use super::display::languages_are_unique;
use super::{CredentialDefinition, CredentialDisplay, IssuerDisplay, non_empty, why};
use crate::dialects::Dialect;

/// The well-known name under which it is published (§12.2.2).
pub const WELL_KNOWN: &str = "openid-credential-issuer";

/// Metadata with more configurations is refused.
pub const MAX_CONFIGURATIONS: usize = 1000;

/// Metadata with more claims in one configuration is refused.
pub const MAX_CLAIMS: usize = 1000;

const CONFIGURATIONS: &str = "credential_configurations_supported";

/// What a credential issuer says about itself (§12.2.4). Members that are not known are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CredentialIssuerMetadata {
    /// Its identifier; must equal the one that the URL was made from.
    pub credential_issuer: String,
    /// The authorization servers it relies on; none means that it is its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "non_empty")]
    pub authorization_servers: Vec<String>,
    /// Where credentials are asked for.
    pub credential_endpoint: String,
    /// Where nonces for key proofs come from; absent means that none are needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce_endpoint: Option<String>,
    /// Where credentials that were not ready are fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deferred_credential_endpoint: Option<String>,
    /// Where the wallet tells what became of a credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notification_endpoint: Option<String>,
    /// Whether and how requests are encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_request_encryption: Option<RequestEncryption>,
    /// Whether and how responses are encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_response_encryption: Option<ResponseEncryption>,
    /// Whether several copies are issued at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_credential_issuance: Option<BatchCredentialIssuance>,
    /// How it wants to be shown, by language.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "non_empty")]
    pub display: Vec<IssuerDisplay>,
    /// What it issues, by configuration identifier.
    pub credential_configurations_supported: BTreeMap<String, SupportedCredential>,
    /// Configurations that were read and break a rule, with the rule: nothing can be fetched by them.
    #[serde(skip)]
    pub unusable: BTreeMap<String, MetadataError>,
    /// The earlier draft that the issuer speaks, when it was read so; never published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialect: Option<Dialect>,
}

/// How credential requests are encrypted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestEncryption {
    /// The issuer's keys, each with a `kid`.
    #[serde(deserialize_with = "key_set")]
    pub jwks: JwkSet,
    /// Content encryption algorithms.
    #[serde(deserialize_with = "non_empty")]
    pub enc_values_supported: Vec<String>,
    /// Compression algorithms.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "non_empty")]
    pub zip_values_supported: Vec<String>,
    /// Whether every request must be encrypted.
    pub encryption_required: bool,
}

/// A key set; or the array of its keys alone, as the example of Appendix I.1 has it.
fn key_set<'de, D: serde::Deserializer<'de>>(input: D) -> Result<JwkSet, D::Error> {
    let set = match Value::deserialize(input)? {
        keys @ Value::Array(_) => json!({ "keys": keys }),
        set => set,
    };
    JwkSet::from_value(&set).map_err(serde::de::Error::custom)
}

/// How credential responses are encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseEncryption {
    /// Key management algorithms.
    #[serde(deserialize_with = "non_empty")]
    pub alg_values_supported: Vec<String>,
    /// Content encryption algorithms.
    #[serde(deserialize_with = "non_empty")]
    pub enc_values_supported: Vec<String>,
    /// Compression algorithms.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "non_empty")]
    pub zip_values_supported: Vec<String>,
    /// Whether every response is encrypted.
    pub encryption_required: bool,
}

/// How many copies of a credential one request may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchCredentialIssuance {
    /// The number of proofs that a request may have: at least 2.
    pub batch_size: u32,
}

/// One kind of credential that is issued.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SupportedCredential {
    /// Its format: `dc+sd-jwt`, `mso_mdoc`, …
    pub format: String,
    /// The OAuth scope that means it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Algorithms of the issuer's signature: names, or numbers for COSE.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "non_empty")]
    pub credential_signing_alg_values_supported: Vec<AlgorithmId>,
    /// How the holder's key is represented: `jwk`, `cose_key`, `did:…`. Absent: not bound to a key.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "non_empty")]
    pub cryptographic_binding_methods_supported: Vec<String>,
    /// Key proofs that are accepted, by type.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub proof_types_supported: BTreeMap<String, ProofType>,
    /// The type of an SD-JWT VC (Appendix A.3.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vct: Option<String>,
    /// The type of an mdoc (Appendix A.2.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doctype: Option<String>,
    /// The type of a W3C credential (Appendix A.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_definition: Option<Value>,
    /// How to show it and what is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_metadata: Option<CredentialMetadata>,
}

/// How to show a credential and what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CredentialMetadata {
    /// How it wants to be shown, by language.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "non_empty")]
    pub display: Vec<CredentialDisplay>,
    /// Its claims, in the order in which they are to be shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "non_empty")]
    pub claims: Vec<ClaimDescription>,
}

/// What is accepted as a key proof of one type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofType {
    /// Signature algorithms.
    #[serde(deserialize_with = "non_empty")]
    pub proof_signing_alg_values_supported: Vec<AlgorithmId>,
    /// Present when the keys must be attested (Appendix D).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_attestations_required: Option<KeyAttestationsRequired>,
}

/// What a key attestation must say.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KeyAttestationsRequired {
    /// Attack potential resistance of the key storage, any of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "non_empty")]
    pub key_storage: Vec<String>,
    /// Attack potential resistance of the user authentication, any of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "non_empty")]
    pub user_authentication: Vec<String>,
}

/// An algorithm by its JOSE name or its COSE number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AlgorithmId {
    /// As JOSE and cryptosuites name it.
    Name(String),
    /// As COSE numbers it.
    Number(i64),
}

impl From<credenza_crypto::Algorithm> for AlgorithmId {
    fn from(algorithm: credenza_crypto::Algorithm) -> Self {
        Self::Name(algorithm.name().to_owned())
    }
}

/// Why metadata was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// Not JSON, or a member is missing or has the wrong type.
    #[error("the metadata is malformed: {0}")]
    Malformed(String),
    /// Larger than anybody needs.
    #[error("the metadata describes too many things")]
    TooLarge,
    /// A member breaks a rule of the specification.
    #[error("the metadata is not valid: {0}")]
    Invalid(&'static str),
    /// Descriptions of claims contradict each other.
    #[error(transparent)]
    Claims(#[from] ClaimsConflict),
}

impl CredentialIssuerMetadata {
    /// Reads metadata and checks what the specification says about it, but not whose it is. One configuration that is
    /// not in order does not spoil the others: it is set apart as unusable.
    ///
    /// # Errors
    /// See [`MetadataError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, MetadataError> {
        let malformed = |error: &dyn std::fmt::Display| MetadataError::Malformed(why(&error));
        let mut members = credenza_core::json::parse_object(bytes).map_err(|error| malformed(&error))?;
        let dialect = Dialect::read_metadata(&mut members);
        let Some(Value::Object(configurations)) = members.get_mut(CONFIGURATIONS).map(Value::take) else {
            return Err(malformed(&"credential_configurations_supported is not an object"));
        };
        if configurations.len() > MAX_CONFIGURATIONS {
            return Err(MetadataError::TooLarge);
        }
        members.insert(CONFIGURATIONS.to_owned(), Value::Object(Map::new()));
        members.remove("dialect");
        let mut metadata: Self =
            serde_json::from_value(Value::Object(members)).map_err(|error| malformed(&error))?;
        metadata.dialect = dialect;
        metadata.check_document()?;
        for (id, configuration) in configurations {
            let read = serde_json::from_value(configuration).map_err(|error| malformed(&error));
            match read.and_then(|read: SupportedCredential| read.check().map(|()| read)) {
                Ok(read) => drop(metadata.credential_configurations_supported.insert(id, read)),
                Err(error) => drop(metadata.unusable.insert(id, error)),
            }
        }
        Ok(metadata)
    }

    /// Checks everything that the types alone do not: sizes, languages, proofs that go with bindings, claims.
    ///
    /// # Errors
    /// See [`MetadataError`].
    pub fn check(&self) -> Result<(), MetadataError> {
        self.check_document()?;
        self.credential_configurations_supported.values().try_for_each(SupportedCredential::check)
    }

    fn check_document(&self) -> Result<(), MetadataError> {
        if self.batch_credential_issuance.is_some_and(|batch| batch.batch_size < 2) {
            return Err(MetadataError::Invalid("batch_size must be 2 or greater"));
        }
        if !languages_are_unique(self.display.iter().map(|display| display.locale.as_deref())) {
            return Err(MetadataError::Invalid("the issuer is described twice in one language"));
        }
        if let Some(encryption) = &self.credential_request_encryption {
            let keys = &encryption.jwks.keys;
            let kids: HashSet<_> = keys.iter().filter_map(|key| key.kid.as_deref()).collect();
            if kids.len() != keys.len() {
                return Err(MetadataError::Invalid("each request encryption key needs a kid of its own"));
            }
        }
        Ok(())
    }
}

impl SupportedCredential {
    /// Checks what the types alone do not.
    ///
    /// # Errors
    /// See [`MetadataError`].
    pub fn check(&self) -> Result<(), MetadataError> {
        if self.proof_types_supported.is_empty() != self.cryptographic_binding_methods_supported.is_empty() {
            return Err(MetadataError::Invalid("binding methods and proof types belong together"));
        }
        let missing_type = match self.format.as_str() {
            "dc+sd-jwt" => self.vct.is_none(),
            "mso_mdoc" => self.doctype.is_none(),
            "jwt_vc_json" | "vc+jwt" => self.definition().is_none(),
            "jwt_vc_json-ld" | "ldp_vc" => self.definition().is_none_or(|it| it.context.is_empty()),
            _ => false,
        };
        if missing_type {
            return Err(MetadataError::Invalid("a configuration does not say the type of the credential"));
        }
        let Some(metadata) = &self.credential_metadata else { return Ok(()) };
        if metadata.claims.len() > MAX_CLAIMS {
            return Err(MetadataError::TooLarge);
        }
        if !languages_are_unique(metadata.display.iter().map(|display| display.locale.as_deref())) {
            return Err(MetadataError::Invalid("a credential is described twice in one language"));
        }
        Ok(claims_description::check(&metadata.claims)?)
    }

    /// What a W3C credential is.
    #[must_use]
    pub fn definition(&self) -> Option<CredentialDefinition> {
        self.credential_definition.as_ref().and_then(CredentialDefinition::read)
    }

    /// The algorithms of `jwt` proofs that we can make; `None` when no such proof is wanted.
    #[must_use]
    pub fn jwt_proof_algorithms(&self) -> Option<Vec<credenza_crypto::Algorithm>> {
        let supported = &self.proof_types_supported.get("jwt")?.proof_signing_alg_values_supported;
        let known = |id: &AlgorithmId| match id {
            AlgorithmId::Name(name) => credenza_crypto::Algorithm::from_name(name),
            AlgorithmId::Number(_) => None,
        };
        Some(supported.iter().filter_map(known).collect())
    }
}
