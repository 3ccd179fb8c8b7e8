//! The value of `sub`: what it says about the key, and what a key makes of it (SIOPv2 §8, §11).

use credenza_crypto::{Jwk, PublicKey};
use credenza_trust::did::{self, Did};

use super::SubjectSyntax;

/// What a thumbprint URI begins with (RFC 9278 §3); SHA-256 is the only hash of §11.
const THUMBPRINT_URI: &str = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:";
/// The characters of a SHA-256 hash in base64url.
const HASH: usize = 43;

/// A subject that was read.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Identifier {
    /// The thumbprint of a key, in base64url.
    Thumbprint(String),
    /// A DID.
    Did(Did),
}

impl Identifier {
    /// Reads `sub`. §8 has the bare hash, and §11.1 with the examples the URI: both are understood, the URI is made.
    pub(super) fn parse(sub: &str) -> Option<Self> {
        if sub.starts_with("did:") {
            return Did::parse(sub).ok().map(Self::Did);
        }
        let hash = sub.strip_prefix(THUMBPRINT_URI).unwrap_or(sub);
        let base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (hash.len() == HASH && hash.bytes().all(base64url)).then(|| Self::Thumbprint(hash.to_owned()))
    }

    pub(super) fn syntax(&self) -> SubjectSyntax {
        match self {
            Self::Thumbprint(_) => SubjectSyntax::JwkThumbprint,
            Self::Did(did) => SubjectSyntax::did(did.method()),
        }
    }
}

/// A subject that a key makes, with the name that the header gives to the key.
pub(super) struct Made {
    pub(super) sub: String,
    pub(super) kid: Option<String>,
}

/// The subject of a key; `None`: the syntax, or the method with this key, can't be made from a key alone.
pub(super) fn of_key(key: &PublicKey, syntax: &SubjectSyntax) -> Option<Made> {
    let jwk = Jwk::new(key.clone());
    match syntax {
        SubjectSyntax::JwkThumbprint => Some(Made { sub: jwk.thumbprint_uri(), kid: None }),
        SubjectSyntax::Did(method) if method == did::jwk::METHOD => {
            let did = did::jwk::from_jwk(&jwk).ok()?;
            Some(named(&did, did::jwk::FRAGMENT))
        }
        SubjectSyntax::Did(method) if method == did::key::METHOD => {
            let did = did::key::from_public_key(key)?;
            // The only key of a did:key goes by the same letters as the DID.
            Some(named(&did, did.id()))
        }
        SubjectSyntax::Did(_) | SubjectSyntax::AnyDid => None,
    }
}

fn named(did: &Did, fragment: &str) -> Made {
    Made { sub: did.as_str().to_owned(), kid: Some(did.with_fragment(fragment).to_string()) }
}
