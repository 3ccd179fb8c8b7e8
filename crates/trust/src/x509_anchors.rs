//! X.509 trust anchors by purpose.

use std::sync::{Arc, PoisonError, RwLock};

use credenza_core::{Answer, UnixTime};
use credenza_crypto::x509::{self, Certificate, PathPolicy, X509Error};

use crate::{Distrust, KeyMaterial, Purpose, Trust, Trusted};

/// A certificate that is trusted, and what for.
#[derive(Debug, Clone, Default)]
pub struct Anchor {
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// Its chains may sign credentials.
    pub issuers: bool,
    /// Only credentials of these types; empty: of all.
    pub credential_types: Vec<String>,
    /// Its chains may ask for presentations.
    pub verifiers: bool,
    /// Its chains may sign status lists.
    pub status_lists: bool,
    /// Its chains may attest wallets.
    pub wallet_providers: bool,
}

impl Anchor {
    /// Good for credentials of all types, the metadata of their issuers, and their status lists.
    #[must_use]
    pub fn for_issuers(der: Vec<u8>) -> Self {
        Self { der, issuers: true, status_lists: true, ..Self::default() }
    }

    /// Good for requests.
    #[must_use]
    pub fn for_verifiers(der: Vec<u8>) -> Self {
        Self { der, verifiers: true, ..Self::default() }
    }

    /// Good for wallet and key attestations.
    #[must_use]
    pub fn for_wallet_providers(der: Vec<u8>) -> Self {
        Self { der, wallet_providers: true, ..Self::default() }
    }

    fn serves(&self, purpose: Purpose<'_>) -> bool {
        match purpose {
            Purpose::Issuer { .. } | Purpose::IssuerMetadata => self.issuers,
            Purpose::Verifier => self.verifiers,
            Purpose::StatusList => self.status_lists,
            Purpose::WalletProvider => self.wallet_providers,
        }
    }

    fn covers(&self, purpose: Purpose<'_>) -> bool {
        match purpose {
            Purpose::Issuer { credential_type } => {
                self.credential_types.is_empty()
                    || self.credential_types.iter().any(|known| known == credential_type)
            }
            _ => true,
        }
    }
}

/// Whose name a certificate gives to the issuer of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IssuerBinding {
    /// The subject of the certificate is the issuer, whatever `iss` says (SD-JWT VC §2.5).
    #[default]
    Subject,
    /// A URI of the certificate must be `iss`, or a DNS name of it `iss`'s host.
    AlternativeName,
}

/// Trusts keys whose certificates lead to an anchor for the purpose (RFC 5280 §6).
///
/// Without anchors it trusts nobody. [`replace`](Self::replace) swaps all anchors at once.
#[derive(Debug, Default)]
pub struct X509Anchors {
    anchors: RwLock<Arc<Vec<Anchor>>>,
    binding: IssuerBinding,
    anchor_must_be_absent: bool,
}

impl X509Anchors {
    /// Trusts these anchors.
    #[must_use]
    pub fn new(anchors: Vec<Anchor>) -> Self {
        Self { anchors: RwLock::new(Arc::new(anchors)), ..Self::default() }
    }

    /// Says how `iss` and the certificate must fit.
    #[must_use]
    pub fn binding(mut self, binding: IssuerBinding) -> Self {
        self.binding = binding;
        self
    }

    /// Refuses chains that contain their own anchor, and self-signed leaves (HAIP 1.0 §4.1, §5, §6.1).
    #[must_use]
    pub fn anchor_must_be_absent(mut self) -> Self {
        self.anchor_must_be_absent = true;
        self
    }

    /// Replaces all anchors at once: every decision is made with all of the old ones or all of the new ones.
    pub fn replace(&self, anchors: Vec<Anchor>) {
        *self.anchors.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(anchors);
    }

    /// Whether nobody is trusted: a service that needs anchors is not ready then.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.anchors.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn decide(
        &self,
        material: &KeyMaterial<'_>,
        purpose: Purpose<'_>,
        now: UnixTime,
    ) -> Result<Trusted, Distrust> {
        let chain = material.x5c.filter(|chain| !chain.is_empty()).ok_or(Distrust::NoMaterial)?;
        let anchors = Arc::clone(&self.anchors.read().unwrap_or_else(PoisonError::into_inner));
        let serving: Vec<&Anchor> = anchors.iter().filter(|anchor| anchor.serves(purpose)).collect();
        if serving.is_empty() {
            return Err(Distrust::Unknown);
        }
        let fitting: Vec<Vec<u8>> =
            serving.iter().filter(|anchor| anchor.covers(purpose)).map(|anchor| anchor.der.clone()).collect();
        if fitting.is_empty() {
            return Err(Distrust::CredentialType);
        }
        let policy =
            PathPolicy { anchor_must_be_absent: self.anchor_must_be_absent, ..PathPolicy::default() };
        let (leaf, anchor) = x509::validate(chain, &fitting, now, policy)?;
        if self.binding == IssuerBinding::AlternativeName
            && let (Purpose::Issuer { .. } | Purpose::IssuerMetadata, Some(issuer)) =
                (purpose, material.issuer)
            && !names(&leaf, issuer)
        {
            return Err(Distrust::IssuerName);
        }
        let anchor = fitting.get(anchor).ok_or(X509Error::Malformed("no such anchor"))?;
        let anchor = Certificate::parse(anchor)?;
        let mut authority_key_ids = Vec::with_capacity(chain.len());
        authority_key_ids.extend(leaf.authority_key_id.clone());
        for above in chain.iter().skip(1) {
            authority_key_ids.extend(Certificate::parse(above)?.authority_key_id);
        }
        Ok(Trusted {
            key: leaf.key.clone(),
            how: format!("{} under the anchor {}", leaf.subject, anchor.subject).into(),
            name: Some(leaf.subject.clone()),
            authority_key_ids,
            leaf: Some(leaf),
        })
    }
}

/// Whether the certificate has the issuer among its alternative names, by URI or by the host of an https URL.
fn names(leaf: &Certificate, issuer: &str) -> bool {
    let host = issuer
        .strip_prefix("https://")
        .and_then(|rest| rest.split(['/', '?', '#', ':', '@']).next())
        .filter(|_| !issuer.contains('@'));
    leaf.uris.iter().any(|uri| uri == issuer)
        || host.is_some_and(|host| leaf.dns_names.iter().any(|name| name.eq_ignore_ascii_case(host)))
}

impl Trust for X509Anchors {
    fn resolve<'a>(
        &'a self,
        material: &'a KeyMaterial<'a>,
        purpose: Purpose<'a>,
        now: UnixTime,
    ) -> Answer<'a, Result<Trusted, Distrust>> {
        Answer::ready(self.decide(material, purpose, now))
    }
}
