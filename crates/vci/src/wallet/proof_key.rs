//! How a key proof names its key: by itself, or by the DID that is made of it.

use credenza_core::Answer;
use credenza_crypto::{Algorithm, IdentifiedBy, Jwk, SignError, Signer, SigningHeader};
use credenza_trust::did;
use serde_json::{Map, Value};

use crate::issuer::proof::PROOF_TYPE;

/// How the issuer wants the key to be named (§8.2, §F.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProofKey {
    /// `jwk`
    Itself,
    /// `kid`, a DID URL of the method `jwk`.
    DidJwk,
    /// `kid`, a DID URL of the method `key`.
    DidKey,
}

impl ProofKey {
    /// By `cryptographic_binding_methods_supported`; `None` when none of them is known.
    pub(super) fn wanted(methods: &[String]) -> Option<Self> {
        let has = |name: &str| methods.iter().any(|method| method == name);
        if has("jwk") || has("cose_key") {
            Some(Self::Itself)
        } else if has("did:jwk") {
            Some(Self::DidJwk)
        } else if has("did:key") {
            Some(Self::DidKey)
        } else {
            None
        }
    }

    /// The same, where nothing but a DID will do.
    pub(super) fn wanted_did(methods: &[String]) -> Option<Self> {
        let has = |name: &str| methods.iter().any(|method| method == name);
        [("did:jwk", Self::DidJwk), ("did:key", Self::DidKey)]
            .into_iter()
            .find_map(|(name, it)| has(name).then_some(it))
    }

    /// The URL by which the key goes, when it goes by a DID.
    pub(super) fn did_url(self, key: &Jwk) -> Option<String> {
        match self {
            Self::Itself => None,
            Self::DidJwk => {
                let did = did::jwk::from_jwk(&Jwk::new(key.key.clone())).ok()?;
                Some(format!("{}#{}", did.as_str(), did::jwk::FRAGMENT))
            }
            Self::DidKey => {
                let did = did::key::from_public_key(&key.key)?;
                Some(format!("{}#{}", did.as_str(), did.id()))
            }
        }
    }

    /// The header of a proof, with members beside the usual ones.
    pub(super) fn header(self, key: &dyn Signer, more: Map<String, Value>) -> SigningHeader {
        match self.did_url(key.public_jwk()) {
            Some(kid) => {
                let jwk = Jwk { kid: Some(kid), ..Jwk::new(key.public_jwk().key.clone()) };
                SigningHeader::new(&Named { key, jwk }, PROOF_TYPE, IdentifiedBy::Kid, more)
            }
            None => SigningHeader::new(key, PROOF_TYPE, IdentifiedBy::Jwk, more),
        }
    }
}

/// A key under another name.
struct Named<'a> {
    key: &'a dyn Signer,
    jwk: Jwk,
}

impl Signer for Named<'_> {
    fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    fn public_jwk(&self) -> &Jwk {
        &self.jwk
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> Answer<'a, Result<Vec<u8>, SignError>> {
        self.key.sign(message)
    }
}
