//! The keys of holders: by their DID, or by the key that the credential is bound to.

use std::collections::HashMap;

use credenza_core::Report;
use credenza_crypto::{Header, PublicKey};
use credenza_formats::w3c::binding::KeyOf;
use credenza_formats::w3c::data_integrity::VerificationMethod;
use credenza_trust::DidResolver;
use credenza_trust::did::{Did, DidError, DidUrl, Relationship};

use crate::rules;

/// A key that a holder has signed with, and the DID that it was found by.
pub(super) struct HolderKey {
    key: PublicKey,
    did: Option<Did>,
}

impl HolderKey {
    pub(super) fn key_of(&self) -> KeyOf<'_> {
        match &self.did {
            Some(did) => KeyOf::controlled_by(&self.key, did.as_str()),
            None => KeyOf::known(&self.key),
        }
    }
}

/// The key of the holder: the one that `kid` names in a DID, the one in the header, or the only one of the DID that
/// `signer` is. A key from the header proves nothing yet: the credential has to be bound to it.
pub(super) async fn of_header(
    header: &Header,
    signer: Option<&str>,
    dids: &DidResolver,
    report: &mut Report,
) -> Option<HolderKey> {
    match find(header, signer, dids).await {
        Ok(found) => {
            report.pass(&rules::HOLDER_KEY);
            Some(found)
        }
        Err(problem) => {
            report.fail(&rules::HOLDER_KEY, problem);
            None
        }
    }
}

async fn find(header: &Header, signer: Option<&str>, dids: &DidResolver) -> Result<HolderKey, String> {
    let owner = signer.filter(|signer| signer.starts_with("did:")).map(Did::parse).transpose();
    let owner = owner.map_err(|error: DidError| error.to_string())?;
    let named = header.kid.as_deref().filter(|kid| kid.starts_with("did:") || kid.starts_with('#'));
    if let Some(kid) = named {
        let url = match &owner {
            Some(owner) => DidUrl::parse_relative(kid, owner),
            None => DidUrl::parse(kid),
        };
        let url = url.map_err(|error| error.to_string())?;
        let found = dids.resolve_key(&url.to_string(), Relationship::Authentication).await;
        let found = found.map_err(|error| error.to_string())?;
        return Ok(HolderKey { key: found.jwk.key, did: Some(found.url.did) });
    }
    match header.jwk() {
        Ok(Some(jwk)) => return Ok(HolderKey { key: jwk.key, did: None }),
        Ok(None) => {}
        Err(error) => return Err(error.to_string()),
    }
    let owner = owner.ok_or_else(|| "neither kid nor jwk nor the holder lead to a key".to_owned())?;
    let document = dids.resolve(&owner).await.map_err(|error| error.to_string())?;
    let mut keys = document.keys(Relationship::Authentication);
    match (keys.next(), keys.next()) {
        (Some((_, only)), None) => Ok(HolderKey { key: only.key.clone(), did: Some(owner) }),
        _ => Err("the holder has several keys, and none is named".to_owned()),
    }
}

/// The keys that the proofs of a presentation name. Those that can't be found are left out.
pub(super) async fn of_methods(urls: &[&str], dids: &DidResolver) -> HashMap<String, VerificationMethod> {
    let mut found = HashMap::new();
    for url in urls {
        if found.contains_key(*url) {
            continue;
        }
        if let Ok(resolved) = dids.resolve_key(url, Relationship::Authentication).await {
            let controller = resolved.url.did.as_str().to_owned();
            found.insert((*url).to_owned(), VerificationMethod { key: resolved.jwk.key, controller });
        }
    }
    found
}
