//! Port: whose key this is, and whether it is good for the purpose.

use std::borrow::Cow;

use credenza_core::{Answer, Rule, UnixTime};
use credenza_crypto::{Certificate, Jwk, PublicKey, X509Error};

use crate::did::DidError;
use crate::federation::FederationError;
use crate::rules;

/// What a key is to be trusted for. A key that is good for one purpose is not good for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose<'a> {
    /// To sign credentials of this type (`vct`, doctype, or W3C type).
    Issuer {
        /// The type of the credential.
        credential_type: &'a str,
    },
    /// To ask for presentations (request objects, reader authentication).
    Verifier,
    /// To sign status lists.
    StatusList,
    /// To vouch for wallets and their keys (client and key attestations).
    WalletProvider,
    /// To sign an issuer's metadata.
    IssuerMetadata,
}

impl Purpose<'_> {
    /// The check of a report that says whether the key is trusted for this.
    #[must_use]
    pub const fn rule(self) -> &'static Rule {
        match self {
            Self::Issuer { .. } => &rules::ISSUER,
            Self::Verifier => &rules::VERIFIER,
            Self::StatusList => &rules::STATUS_LIST,
            Self::WalletProvider => &rules::WALLET_PROVIDER,
            Self::IssuerMetadata => &rules::ISSUER_METADATA,
        }
    }
}

/// What the signed thing says about its key. Nothing of it is verified.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyMaterial<'a> {
    /// Certificates, DER, leaf first.
    pub x5c: Option<&'a [Vec<u8>]>,
    /// The name of the key.
    pub kid: Option<&'a str>,
    /// The name of the signer (`iss`).
    pub issuer: Option<&'a str>,
    /// The key itself, which proves nothing.
    pub jwk: Option<&'a Jwk>,
}

/// A key that is trusted for the purpose, and how that is known.
#[derive(Debug, Clone)]
pub struct Trusted {
    /// The key to verify with.
    pub key: PublicKey,
    /// How it is known, for a report: the anchor and the subject, or the pinned name. No personal data.
    pub how: Cow<'static, str>,
    /// What to call the owner of the key, when that is known.
    pub name: Option<String>,
    /// Authority key identifiers of the whole chain, leaf first, to match `trusted_authorities` of the type `aki`
    /// (OID4VP 1.0 §6.1.1.1).
    pub authority_key_ids: Vec<Vec<u8>>,
    /// Other authorities that the key was found through, as `trusted_authorities` names them: type and value
    /// (`etsi_tl` and the list, `openid_federation` and an entity; OID4VP 1.0 §6.1.1.2, §6.1.1.3).
    pub authorities: Vec<(&'static str, String)>,
    /// The certificate of the key, when it has one.
    pub leaf: Option<Certificate>,
}

/// Why a key is not trusted. Every reason means: refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// Nothing says which key it is.
    #[error("nothing says whose key it is")]
    NoMaterial,
    /// Nobody known.
    #[error("nobody who is trusted for this")]
    Unknown,
    /// The certificates do not lead to an anchor, or are not good for this.
    #[error(transparent)]
    Certificates(#[from] X509Error),
    /// The DID is trusted, and gives no such key for this use.
    #[error(transparent)]
    Did(DidError),
    /// The federation does not vouch for the entity.
    #[error(transparent)]
    Federation(FederationError),
    /// Trusted for other types of credential than this one.
    #[error("not trusted for this type of credential")]
    CredentialType,
    /// The certificate is another party's than the one that is named as issuer.
    #[error("the certificate does not name the issuer")]
    IssuerName,
    /// This issuer is known by another kind of key material: no other source may vouch for it.
    #[error("this issuer has to be known by another kind of key")]
    Mechanism,
    /// A source of trust can't be reached.
    #[error("the source of trust is unavailable: {0}")]
    Unavailable(String),
}

impl Distrust {
    /// Whether no other source may be asked: the one that answered is responsible for this signer.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Mechanism)
    }
}

/// Decides which key is trusted for a purpose.
///
/// Its promises, which the contract tests check for every adapter: material that names nobody is refused; what is
/// trusted for one purpose is not trusted for another unless that was configured; an answer depends on the material,
/// the purpose and the time given, never on the adapter's own clock.
pub trait Trust: Send + Sync {
    /// The key behind the material, if it is good for the purpose at the time `now`.
    fn resolve<'a>(
        &'a self,
        material: &'a KeyMaterial<'a>,
        purpose: Purpose<'a>,
        now: UnixTime,
    ) -> Answer<'a, Result<Trusted, Distrust>>;
}
