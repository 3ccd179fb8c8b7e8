//! What the metadata says about key proofs, and whether a configuration of them can be.

use std::collections::BTreeMap;

use super::di_vp::cryptosuites;
use crate::issuer::configuration::{CredentialConfiguration, ProofKind};
use crate::messages::metadata::{AlgorithmId, ProofType};

/// `proof_types_supported` (§12.2.4).
pub(in crate::issuer) fn supported(configuration: &CredentialConfiguration) -> BTreeMap<String, ProofType> {
    if configuration.proof_algorithms.is_empty() {
        return BTreeMap::new();
    }
    let of = |kind: &ProofKind| {
        let algorithms: Vec<AlgorithmId> = match kind {
            ProofKind::DiVp => cryptosuites(&configuration.proof_cryptosuites)
                .into_iter()
                .map(|suite| AlgorithmId::Name(suite.name().to_owned()))
                .collect(),
            _ => configuration.proof_algorithms.iter().map(|algorithm| (*algorithm).into()).collect(),
        };
        let proof_type = ProofType {
            proof_signing_alg_values_supported: algorithms,
            key_attestations_required: configuration.key_attestations_required.clone(),
        };
        (kind.name().to_owned(), proof_type)
    };
    configuration.proof_types.iter().map(of).collect()
}

/// Whether proofs can be verified as a configuration says.
pub(in crate::issuer) fn check(
    configuration: &CredentialConfiguration,
    wallet_providers: bool,
) -> Result<(), &'static str> {
    if configuration.proof_algorithms.is_empty() {
        return Ok(());
    }
    let has = |kind| configuration.proof_types.contains(&kind);
    if configuration.proof_types.is_empty() {
        return Err("it is bound to a key and accepts no type of proof");
    }
    let required = configuration.key_attestations_required.as_ref();
    if (required.is_some() || has(ProofKind::Attestation)) && !wallet_providers {
        return Err("it wants key attestations, and no wallet provider is trusted");
    }
    if required.is_some() && has(ProofKind::DiVp) {
        return Err("it wants key attestations, which a di_vp proof can't carry");
    }
    if has(ProofKind::DiVp)
        && cryptosuites(&configuration.proof_cryptosuites).len()
            < configuration.proof_cryptosuites.len().max(1)
    {
        return Err("it names a cryptosuite that can't be verified, or one twice");
    }
    Ok(())
}
