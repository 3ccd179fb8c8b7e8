//! A federation as a source of trust.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use credenza_core::{Answer, UnixTime};
use credenza_crypto::JwkSet;

use super::{Federation, FederationError, ResolvedEntity};
use crate::{Distrust, KeyMaterial, Purpose, Trust, Trusted};

/// How many entities are remembered.
const MAX_REMEMBERED: usize = 1024;

/// Trusts the keys that entities of a federation have in their metadata, after its policies: of verifiers, issuers and
/// wallet providers, each under its own entity type, by value (`jwks`).
///
/// Who signs is named by `iss`, the entity's identifier; the key by `kid`, unless there is one alone. An entity is
/// remembered until the first statement of its chain expires.
#[derive(Debug)]
pub struct FederationKeys {
    federation: Federation,
    purposes: Vec<&'static str>,
    known: Mutex<HashMap<String, Arc<ResolvedEntity>>>,
}

impl FederationKeys {
    /// Trusts a federation's entities for these purposes (of [`Purpose::Issuer`] every type of credential).
    #[must_use]
    pub fn new(federation: Federation, purposes: &[Purpose<'_>]) -> Self {
        let purposes = purposes.iter().map(|purpose| purpose.rule().id).collect();
        Self { federation, purposes, known: Mutex::default() }
    }

    fn remembered(&self, identifier: &str, now: UnixTime) -> Option<Arc<ResolvedEntity>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(identifier).filter(|entity| now < entity.expires_at).cloned()
    }

    fn remember(&self, entity: &Arc<ResolvedEntity>, now: UnixTime) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_REMEMBERED {
            known.retain(|_, entity| now < entity.expires_at);
        }
        if known.len() < MAX_REMEMBERED {
            known.insert(entity.entity.clone(), Arc::clone(entity));
        }
    }
}

/// Under which entity type the keys for a purpose are.
fn entity_type(purpose: Purpose<'_>) -> &'static str {
    match purpose {
        Purpose::Verifier => "openid_credential_verifier",
        Purpose::WalletProvider => "openid_wallet_provider",
        Purpose::Issuer { .. } | Purpose::StatusList | Purpose::IssuerMetadata => "openid_credential_issuer",
    }
}

fn choose(
    entity: &ResolvedEntity,
    material: &KeyMaterial<'_>,
    purpose: Purpose<'_>,
) -> Result<Trusted, Distrust> {
    let metadata = entity.metadata.get(entity_type(purpose)).ok_or(Distrust::Unknown)?;
    let keys = metadata.get("jwks").ok_or(Distrust::Unknown)?;
    let keys = JwkSet::from_value(keys).map_err(|_| Distrust::Unknown)?;
    let key = match (material.kid, keys.keys.as_slice()) {
        (Some(kid), _) => keys.by_kid(kid),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let key = key.ok_or(Distrust::Unknown)?;
    Ok(Trusted {
        key: key.key.clone(),
        how: format!("the key {} of {} under {}", key.thumbprint_text(), entity.entity, entity.trust_anchor)
            .into(),
        name: Some(entity.entity.clone()),
        authority_key_ids: Vec::new(),
        authorities: std::iter::once(&entity.entity)
            .chain(&entity.intermediates)
            .chain([&entity.trust_anchor])
            .map(|entity| ("openid_federation", entity.clone()))
            .collect(),
        leaf: None,
    })
}

impl From<FederationError> for Distrust {
    fn from(error: FederationError) -> Self {
        match error {
            FederationError::Unavailable(_)
            | FederationError::Status(_)
            | FederationError::TooManyFetches(_) => Self::Unavailable(error.to_string()),
            other => Self::Federation(other),
        }
    }
}

impl Trust for FederationKeys {
    fn resolve<'a>(
        &'a self,
        material: &'a KeyMaterial<'a>,
        purpose: Purpose<'a>,
        now: UnixTime,
    ) -> Answer<'a, Result<Trusted, Distrust>> {
        let Some(identifier) = material.issuer else {
            return Answer::ready(Err(Distrust::NoMaterial));
        };
        let ours = self.purposes.contains(&purpose.rule().id)
            && material.x5c.is_none()
            && super::statement::entity(identifier).is_ok();
        if !ours {
            return Answer::ready(Err(Distrust::Unknown));
        }
        if let Some(entity) = self.remembered(identifier, now) {
            return Answer::ready(choose(&entity, material, purpose));
        }
        Answer::later(async move {
            let entity = Arc::new(self.federation.resolve(identifier, now).await?);
            self.remember(&entity, now);
            choose(&entity, material, purpose)
        })
    }
}
