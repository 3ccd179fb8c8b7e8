//! X.509 trust anchors by purpose.

use std::sync::{Arc, PoisonError, RwLock};

use credenza_core::{Answer, UnixTime};
use credenza_crypto::x509::{Anchors, Certificate, ChainCache, PathPolicy, ValidPath, X509Error};

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
/// Without anchors it trusts nobody. [`replace`](Self::replace) swaps all anchors at once. Chains that were validated
/// are remembered, so that only the first credential of an issuer costs signatures beside its own.
#[derive(Debug)]
pub struct X509Anchors {
    sets: RwLock<Arc<Sets>>,
    cache: ChainCache,
    binding: IssuerBinding,
    anchor_must_be_absent: bool,
    /// By the purpose's rule, the extended key usage that its leaves must have.
    usages: Vec<(&'static str, String)>,
}

/// The anchors, sorted by purpose: half of them never takes effect.
#[derive(Debug)]
struct Sets {
    issuers: AnchorSet,
    verifiers: AnchorSet,
    status_lists: AnchorSet,
    wallet_providers: AnchorSet,
}

#[derive(Debug)]
struct AnchorSet {
    /// In the order of `anchors`: the types that each is restricted to.
    credential_types: Vec<Vec<String>>,
    anchors: Anchors,
}

impl AnchorSet {
    fn new(anchors: &[Anchor], serves: impl Fn(&Anchor) -> bool) -> Result<Self, X509Error> {
        let serving: Vec<_> = anchors.iter().filter(|anchor| serves(anchor)).collect();
        let der: Vec<_> = serving.iter().map(|anchor| anchor.der.clone()).collect();
        let credential_types = serving.iter().map(|anchor| anchor.credential_types.clone()).collect();
        Ok(Self { credential_types, anchors: Anchors::new(&der)? })
    }

    /// Whether the anchor of that number is good for the type of credential.
    fn covers(&self, anchor: usize, purpose: Purpose<'_>) -> bool {
        let Purpose::Issuer { credential_type } = purpose else { return true };
        self.credential_types
            .get(anchor)
            .is_some_and(|types| types.is_empty() || types.iter().any(|known| known == credential_type))
    }
}

impl Sets {
    fn new(anchors: &[Anchor]) -> Result<Self, X509Error> {
        Ok(Self {
            issuers: AnchorSet::new(anchors, |anchor| anchor.issuers)?,
            verifiers: AnchorSet::new(anchors, |anchor| anchor.verifiers)?,
            status_lists: AnchorSet::new(anchors, |anchor| anchor.status_lists)?,
            wallet_providers: AnchorSet::new(anchors, |anchor| anchor.wallet_providers)?,
        })
    }

    fn of(&self, purpose: Purpose<'_>) -> &AnchorSet {
        match purpose {
            Purpose::Issuer { .. } | Purpose::IssuerMetadata => &self.issuers,
            Purpose::Verifier => &self.verifiers,
            Purpose::StatusList => &self.status_lists,
            Purpose::WalletProvider => &self.wallet_providers,
        }
    }
}

impl X509Anchors {
    /// Trusts these anchors.
    ///
    /// # Errors
    /// One of them is not a certificate: half a set is not what was asked for.
    pub fn new(anchors: &[Anchor]) -> Result<Self, X509Error> {
        Ok(Self {
            sets: RwLock::new(Arc::new(Sets::new(anchors)?)),
            cache: ChainCache::default(),
            binding: IssuerBinding::default(),
            anchor_must_be_absent: false,
            usages: Vec::new(),
        })
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

    /// Refuses leaves for these purposes that do not have the extended key usage (dotted OID): a document signer's, say,
    /// or a reader's, so that no other certificate under the same anchor may pass for one.
    #[must_use]
    pub fn require_usage(mut self, purposes: &[Purpose<'_>], oid: &str) -> Self {
        self.usages.extend(purposes.iter().map(|purpose| (purpose.rule().id, oid.to_owned())));
        self
    }

    /// Replaces all anchors at once: every decision is made with all of the old ones or all of the new ones.
    ///
    /// # Errors
    /// One of them is not a certificate. The old ones stay.
    pub fn replace(&self, anchors: &[Anchor]) -> Result<(), X509Error> {
        let sets = Arc::new(Sets::new(anchors)?);
        *self.sets.write().unwrap_or_else(PoisonError::into_inner) = sets;
        Ok(())
    }

    /// Whether nobody is trusted for the purpose: a service that needs anchors is not ready then.
    #[must_use]
    pub fn is_empty(&self, purpose: Purpose<'_>) -> bool {
        self.sets().of(purpose).anchors.certificates().is_empty()
    }

    fn sets(&self) -> Arc<Sets> {
        Arc::clone(&self.sets.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// As [`resolve`](Trust::resolve), at once.
    pub(crate) fn decide(
        &self,
        material: &KeyMaterial<'_>,
        purpose: Purpose<'_>,
        now: UnixTime,
    ) -> Result<Trusted, Distrust> {
        self.find(material, purpose, now).map(|found| found.trusted)
    }

    /// As [`resolve`](Trust::resolve), at once, with the path that it was found by.
    pub(crate) fn find(
        &self,
        material: &KeyMaterial<'_>,
        purpose: Purpose<'_>,
        now: UnixTime,
    ) -> Result<Found, Distrust> {
        let chain = material.x5c.filter(|chain| !chain.is_empty()).ok_or(Distrust::NoMaterial)?;
        let sets = self.sets();
        let set = sets.of(purpose);
        let usage = self.usages.iter().rev().find(|(id, _)| *id == purpose.rule().id);
        let policy = PathPolicy {
            extended_key_usage: usage.map(|(_, oid)| oid.as_str()),
            anchor_must_be_absent: self.anchor_must_be_absent,
        };
        let path = self.cache.validate(chain, &set.anchors, now, policy)?;
        if !set.covers(path.anchor, purpose) {
            return Err(Distrust::CredentialType);
        }
        let issues = matches!(purpose, Purpose::Issuer { .. } | Purpose::IssuerMetadata);
        if issues
            && self.binding == IssuerBinding::AlternativeName
            && material.issuer.is_some_and(|issuer| !names(&path.leaf, issuer))
        {
            return Err(Distrust::IssuerName);
        }
        let anchor = set.anchors.certificates().get(path.anchor).ok_or(Distrust::Unknown)?;
        let chain = std::iter::once(&path.leaf).chain(&path.intermediates);
        let trusted = Trusted {
            key: path.leaf.key.clone(),
            how: format!("{} under the anchor {}", path.leaf.subject, anchor.subject).into(),
            name: Some(path.leaf.name().to_owned()),
            authority_key_ids: chain.filter_map(|certificate| certificate.authority_key_id.clone()).collect(),
            authorities: Vec::new(),
            leaf: Some(path.leaf.clone()),
        };
        Ok(Found { anchor: anchor.clone(), path, trusted })
    }
}

/// A decision with what it was made by.
pub(crate) struct Found {
    pub(crate) path: Arc<ValidPath>,
    pub(crate) anchor: Certificate,
    pub(crate) trusted: Trusted,
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
