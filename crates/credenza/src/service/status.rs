//! Revocation in a service: the lists of its issuer, and the look-ups of its verifier.

use std::sync::Arc;

use credenza_core::{AddressPolicy, Clock, Http, Records};
use credenza_crypto::Algorithm;
use credenza_formats::status_list::CachePolicy;
use credenza_formats::status_list::resolve::ResolverConfig;
use credenza_trust::Trust;
use credenza_vci::issuer::status::StatusPolicy;
use credenza_vp::verifier::{StatusListCheck, Undetermined};

use crate::http::ReqwestHttp;

/// What gives credentials a status.
#[derive(Clone)]
pub struct Revocation {
    /// Keeps the lists, and the register of what was issued.
    pub records: Arc<dyn Records>,
    /// How lists are made and published.
    pub policy: StatusPolicy,
}

/// How the status of a credential is looked up.
#[derive(Debug, Clone, Copy, Default)]
pub struct LookUp {
    /// How long lists are kept, whatever they say themselves.
    pub cache: CachePolicy,
    /// What becomes of a credential whose list can't be fetched.
    pub undetermined: Undetermined,
}

impl LookUp {
    /// Keeps nothing: each look-up fetches the list, so that a revocation is seen at once.
    #[must_use]
    pub fn uncached() -> Self {
        let cache = CachePolicy {
            min_ttl: std::time::Duration::ZERO,
            max_ttl: std::time::Duration::ZERO,
            retry_after: std::time::Duration::ZERO,
            ..CachePolicy::default()
        };
        Self { cache, ..Self::default() }
    }

    /// The check, over the network, by those who are trusted for lists.
    #[must_use]
    pub fn over(
        self,
        addresses: AddressPolicy,
        clock: Arc<dyn Clock>,
        trust: Arc<dyn Trust>,
    ) -> StatusListCheck {
        self.with(Arc::new(ReqwestHttp::new(addresses)), clock, trust)
    }

    /// The same, asked in this way.
    pub(super) fn with(
        self,
        http: Arc<dyn Http>,
        clock: Arc<dyn Clock>,
        trust: Arc<dyn Trust>,
    ) -> StatusListCheck {
        let config = ResolverConfig {
            cache: self.cache,
            algorithms: vec![Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa],
            ..ResolverConfig::default()
        };
        StatusListCheck::new(http, clock, trust, config).undetermined(self.undetermined)
    }
}

impl std::fmt::Debug for Revocation {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Revocation({:?})", self.policy)
    }
}
