//! `did:key`: a public key in multibase as a name.

use credenza_crypto::{Curve, PublicKey};

use super::{Did, DidDocument, DidError, Relationship, multikey};

/// The name of the method.
pub const METHOD: &str = "key";

/// Makes the DID of a key, in the form of the key's type. `None`: it has none.
#[must_use]
pub fn from_public_key(key: &PublicKey) -> Option<Did> {
    Some(Did::made(METHOD, &multikey::encode(key)?))
}

/// Makes the DID of a key in the form that EBSI uses (`jwk_jcs-pub`).
#[must_use]
pub fn from_public_key_as_jwk(key: &PublicKey) -> Option<Did> {
    Some(Did::made(METHOD, &multikey::encode_jwk(key)?))
}

/// Makes the document out of the DID. The key's fragment is the multibase value once more.
///
/// No key agreement key is derived from an Ed25519 key: that is an option of the method.
///
/// # Errors
/// [`DidError::Key`].
pub(super) fn document(did: &Did) -> Result<DidDocument, DidError> {
    let key = multikey::decode(did.id())?;
    let relationships: Vec<_> = Relationship::ALL
        .into_iter()
        .filter(|relationship| match (key.key.curve(), relationship) {
            (Some(Curve::X25519), relationship) => *relationship == Relationship::KeyAgreement,
            (Some(Curve::Ed25519) | None, relationship) => *relationship != Relationship::KeyAgreement,
            _ => true,
        })
        .collect();
    Ok(DidDocument::of_one_key(did.clone(), did.id(), key, &relationships))
}
