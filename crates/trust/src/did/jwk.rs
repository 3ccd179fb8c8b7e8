//! `did:jwk`: a JWK in base64url as a name.

use credenza_core::{b64, json};
use credenza_crypto::Jwk;

use super::{Did, DidDocument, DidError, KeyDefect, MAX_DID, Relationship};

/// The name of the method.
pub const METHOD: &str = "jwk";

/// The fragment of the only key.
pub const FRAGMENT: &str = "0";

/// Makes the DID of a key. The same key in other letters is another DID: keep it as it was made.
///
/// # Errors
/// [`DidError::Syntax`]: longer than a DID may be.
pub fn from_jwk(jwk: &Jwk) -> Result<Did, DidError> {
    let did = Did::made(METHOD, &b64::encode(jwk.to_value().to_string()));
    if did.as_str().len() > MAX_DID { Err(DidError::Syntax("longer than a DID may be")) } else { Ok(did) }
}

/// Makes the document out of the DID. A `kid` inside the key names nothing.
///
/// # Errors
/// [`DidError::Syntax`], or [`DidError::Key`]; a private key is one of the reasons.
pub(super) fn document(did: &Did) -> Result<DidDocument, DidError> {
    let bytes = b64::decode(did.id()).map_err(|_| DidError::Syntax("not base64url"))?;
    let value = json::parse(&bytes).map_err(|_| DidError::Syntax("not the JSON of a JWK"))?;
    let key = Jwk::from_value(&value).map_err(KeyDefect::from)?;
    let signs = key.usage.as_deref().is_none_or(|usage| usage == "sig");
    let agrees = key.usage.as_deref().is_none_or(|usage| usage == "enc");
    let relationships: Vec<_> = Relationship::ALL
        .into_iter()
        .filter(|relationship| if *relationship == Relationship::KeyAgreement { agrees } else { signs })
        .collect();
    Ok(DidDocument::of_one_key(did.clone(), FRAGMENT, key, &relationships))
}
