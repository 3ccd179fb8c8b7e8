//! Keys that were written down: by the name of their owner and their own.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use credenza_core::{Answer, UnixTime};
use credenza_crypto::JwkSet;

use crate::{Distrust, KeyMaterial, Purpose, Trust, Trusted};

/// Trusts keys of a table: issuer's name → its keys.
///
/// A name in the table belongs to its keys: when something in that name comes with certificates instead, that is
/// [`Distrust::Mechanism`], so that whoever holds some certificate can't speak in the name of a pinned issuer.
#[derive(Debug, Default)]
pub struct PinnedKeys {
    owners: RwLock<Arc<HashMap<String, Owner>>>,
}

#[derive(Debug, Clone)]
struct Owner {
    keys: JwkSet,
    purposes: Vec<&'static str>,
}

impl PinnedKeys {
    /// A table without entries: trusts nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts these keys of `owner` for the purposes (of [`Purpose::Issuer`] every type of credential); replaces
    /// what was written down for that owner before.
    #[must_use]
    pub fn with(self, owner: impl Into<String>, keys: JwkSet, purposes: &[Purpose<'_>]) -> Self {
        self.pin(owner, keys, purposes);
        self
    }

    /// As [`with`](Self::with), for a table in use. Readers see the old table or the new one.
    pub fn pin(&self, owner: impl Into<String>, keys: JwkSet, purposes: &[Purpose<'_>]) {
        let mut current = self.owners.write().unwrap_or_else(PoisonError::into_inner);
        let mut owners = HashMap::clone(&current);
        let purposes = purposes.iter().map(|purpose| purpose.rule().id).collect();
        owners.insert(owner.into(), Owner { keys, purposes });
        *current = Arc::new(owners);
    }

    fn decide(&self, material: &KeyMaterial<'_>, purpose: Purpose<'_>) -> Result<Trusted, Distrust> {
        let name = material.issuer.ok_or(Distrust::NoMaterial)?;
        let owners = Arc::clone(&self.owners.read().unwrap_or_else(PoisonError::into_inner));
        let owner = owners.get(name).ok_or(Distrust::Unknown)?;
        if !owner.purposes.contains(&purpose.rule().id) {
            return Err(Distrust::Unknown);
        }
        if material.x5c.is_some() {
            return Err(Distrust::Mechanism);
        }
        let jwk = match material.kid {
            Some(kid) => owner.keys.by_kid(kid),
            None => match owner.keys.keys.as_slice() {
                [only] => Some(only),
                _ => None,
            },
        };
        let jwk = jwk.ok_or(Distrust::Unknown)?;
        Ok(Trusted {
            key: jwk.key.clone(),
            how: format!("the key {} that is pinned for {name}", jwk.thumbprint_text()).into(),
            name: Some(name.to_owned()),
            authority_key_ids: Vec::new(),
            authorities: Vec::new(),
            leaf: None,
        })
    }
}

impl Trust for PinnedKeys {
    fn resolve<'a>(
        &'a self,
        material: &'a KeyMaterial<'a>,
        purpose: Purpose<'a>,
        _now: UnixTime,
    ) -> Answer<'a, Result<Trusted, Distrust>> {
        Answer::ready(self.decide(material, purpose))
    }
}
