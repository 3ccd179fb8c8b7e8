//! Key proofs (Appendix F): which the wallet makes, and making them.

use std::sync::Arc;

use credenza_core::UnixTime;
use credenza_crypto::{Algorithm, Signer, jwt};
use credenza_formats::w3c::DataModel;
use credenza_formats::w3c::data_integrity::{Contexts, Cryptosuite, ProofOptions, Purpose, sign};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::WalletError;
use super::fetch::Fetching;
use super::proof_key::ProofKey;
use crate::messages::metadata::{AlgorithmId, ProofType};
use crate::messages::{Proofs, SupportedCredential};

/// Algorithms of the keys that a cryptosuite takes, best first.
const SUITES: [(Cryptosuite, Algorithm); 4] = [
    (Cryptosuite::EddsaJcs, Algorithm::EdDsa),
    (Cryptosuite::EcdsaJcs, Algorithm::Es256),
    (Cryptosuite::EddsaRdfc, Algorithm::EdDsa),
    (Cryptosuite::EcdsaRdfc, Algorithm::Es256),
];

/// How keys are proven to an issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ProofPlan {
    /// By a JWT for each key, with an attestation where one is wanted.
    Jwt { algorithms: Vec<Algorithm>, named: ProofKey, attested: bool },
    /// By a presentation for each key.
    DiVp { suite: Cryptosuite, algorithm: Algorithm, named: ProofKey },
    /// By an attestation of all keys.
    Attestation { algorithms: Vec<Algorithm> },
}

impl ProofPlan {
    /// The first way that the issuer accepts and that we can go: `attests` says whether somebody vouches for our keys.
    /// JWTs come first: they show that the key is there, whoever else is trusted.
    pub(super) fn of(configuration: &SupportedCredential, attests: bool) -> Option<Self> {
        let methods = &configuration.cryptographic_binding_methods_supported;
        let of = |name: &str| configuration.proof_types_supported.get(name);
        let jwt = || {
            let proof_type = of("jwt")?;
            let attested = proof_type.key_attestations_required.is_some();
            let named = ProofKey::wanted(methods)?;
            let algorithms = algorithms(proof_type);
            (!algorithms.is_empty() && (attests || !attested)).then_some(Self::Jwt {
                algorithms,
                named,
                attested,
            })
        };
        let attestation = || {
            let algorithms = algorithms(of("attestation")?);
            (!algorithms.is_empty() && attests).then_some(Self::Attestation { algorithms })
        };
        let di_vp = || {
            let supported = &of("di_vp")?.proof_signing_alg_values_supported;
            let known = |suite: Cryptosuite| supported.contains(&AlgorithmId::Name(suite.name().to_owned()));
            let (suite, algorithm) = SUITES.into_iter().find(|(suite, _)| known(*suite))?;
            let named = ProofKey::wanted_did(methods)?;
            Some(Self::DiVp { suite, algorithm, named })
        };
        jwt().or_else(attestation).or_else(di_vp)
    }

    /// Algorithms of which a key is needed.
    pub(super) fn algorithms(&self) -> Vec<Algorithm> {
        match self {
            Self::Jwt { algorithms, .. } | Self::Attestation { algorithms } => algorithms.clone(),
            Self::DiVp { algorithm, .. } => vec![*algorithm],
        }
    }
}

fn algorithms(proof_type: &ProofType) -> Vec<Algorithm> {
    let known = |id: &AlgorithmId| match id {
        AlgorithmId::Name(name) => Algorithm::from_name(name),
        AlgorithmId::Number(_) => None,
    };
    proof_type.proof_signing_alg_values_supported.iter().filter_map(known).collect()
}

#[derive(Serialize)]
struct ProofClaims<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    aud: &'a str,
    iat: UnixTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
}

impl Fetching<'_> {
    /// Proves the keys.
    pub(super) async fn proofs(
        &self,
        plan: &ProofPlan,
        keys: &[Arc<dyn Signer>],
        nonce: Option<&str>,
        client_id: Option<&str>,
    ) -> Result<Proofs, WalletError> {
        match plan {
            ProofPlan::Jwt { named, attested, .. } => {
                let mut more = Map::new();
                if *attested {
                    more.insert("key_attestation".to_owned(), self.attestation(keys, nonce).await?.into());
                }
                let claims = ProofClaims {
                    iss: client_id,
                    aud: &self.metadata.credential_issuer,
                    iat: self.parts.clock.now(),
                    nonce,
                };
                let mut proofs = Vec::with_capacity(keys.len());
                for key in keys {
                    let header = named.header(&**key, more.clone());
                    proofs.push(jwt::sign(&**key, &header, &claims).await?);
                }
                Ok(Proofs::Jwt(proofs))
            }
            ProofPlan::Attestation { .. } => Ok(Proofs::Attestation(self.attestation(keys, nonce).await?)),
            ProofPlan::DiVp { suite, named, .. } => {
                let mut proofs = Vec::with_capacity(keys.len());
                for key in keys {
                    proofs.push(self.presentation(&**key, *suite, *named, nonce).await?);
                }
                Ok(Proofs::DiVp(proofs))
            }
        }
    }

    async fn attestation(
        &self,
        keys: &[Arc<dyn Signer>],
        nonce: Option<&str>,
    ) -> Result<String, WalletError> {
        let attestation = self.parts.keys.attest(keys, nonce).await?;
        attestation.ok_or(WalletError::Unsupported("the issuer wants keys for which somebody vouches"))
    }

    async fn presentation(
        &self,
        key: &dyn Signer,
        suite: Cryptosuite,
        named: ProofKey,
        nonce: Option<&str>,
    ) -> Result<Map<String, Value>, WalletError> {
        const NO_DID: WalletError = WalletError::Unsupported("no DID can be made of this key");
        let method = named.did_url(key.public_jwk()).ok_or(NO_DID)?;
        let (holder, _) = method.split_once('#').ok_or(NO_DID)?;
        let mut document = Map::new();
        document.insert("@context".to_owned(), json!([DataModel::V2.context()]));
        document.insert("type".to_owned(), json!(["VerifiablePresentation"]));
        document.insert("holder".to_owned(), holder.into());
        let options = ProofOptions {
            created: Some(self.parts.clock.now()),
            challenge: nonce,
            domain: Some(&self.metadata.credential_issuer),
            ..ProofOptions::new(suite, &method, Purpose::Authentication)
        };
        let signed = sign(document, &options, key, &Contexts::bundled()).await;
        signed.map_err(|error| credenza_crypto::SignError(error.to_string()).into())
    }
}
