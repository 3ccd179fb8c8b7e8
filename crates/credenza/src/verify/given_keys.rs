//! Trust in keys that somebody has said to be the signer's.

use credenza_core::{Answer, UnixTime};
use credenza_crypto::JwkSet;
use credenza_trust::{Distrust, KeyMaterial, Purpose, Trust, Trusted};

/// Trusts the keys it was given, for every purpose: somebody has said that they are the signer's.
#[derive(Debug, Clone, Default)]
pub struct GivenKeys(pub JwkSet);

impl Trust for GivenKeys {
    fn resolve<'a>(
        &'a self,
        material: &'a KeyMaterial<'a>,
        _purpose: Purpose<'a>,
        _now: UnixTime,
    ) -> Answer<'a, Result<Trusted, Distrust>> {
        let named = material.kid.and_then(|kid| self.0.by_kid(kid));
        let jwk = named.or(match self.0.keys.as_slice() {
            [only] => Some(only),
            _ => None,
        });
        Answer::ready(jwk.ok_or(Distrust::Unknown).map(|jwk| Trusted {
            key: jwk.key.clone(),
            how: format!("the given key {}", jwk.thumbprint_text()).into(),
            name: None,
            authority_key_ids: Vec::new(),
            authorities: Vec::new(),
            leaf: None,
        }))
    }
}
