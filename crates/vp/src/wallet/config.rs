//! What a wallet is configured with.

use std::sync::Arc;

use credenza_core::{AddressPolicy, Clock, Http, Limits, Random};
use credenza_crypto::Algorithm;
use credenza_trust::Trust;

/// What to do about a signed request whose certificates lead to no anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UntrustedVerifiers {
    /// Refuse it (OID4VP 1.0 §5.9.3).
    #[default]
    Refuse,
    /// Show it as untrusted and let the person decide. The signature is verified all the same.
    Show,
}

/// The wallet's side of OID4VP. It holds no credentials and no keys.
pub struct Wallet {
    pub(super) http: Arc<dyn Http>,
    pub(super) trust: Arc<dyn Trust>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) config: Config,
}

#[derive(Debug, Clone)]
pub(super) struct Config {
    pub(super) untrusted: UntrustedVerifiers,
    pub(super) unsigned: bool,
    pub(super) addresses: AddressPolicy,
    pub(super) limits: Limits,
    pub(super) algorithms: Vec<Algorithm>,
}

/// Builds a [`Wallet`].
pub struct WalletBuilder(Wallet);

impl Wallet {
    /// Starts with the ports. Without more: only https, signed requests of trusted verifiers, and unsigned ones, which
    /// say so.
    #[must_use]
    pub fn builder(
        http: Arc<dyn Http>,
        trust: Arc<dyn Trust>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> WalletBuilder {
        let config = Config {
            untrusted: UntrustedVerifiers::Refuse,
            unsigned: true,
            addresses: AddressPolicy::Public,
            limits: Limits::default(),
            algorithms: vec![Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa],
        };
        WalletBuilder(Self { http, trust, clock, random, config })
    }
}

impl WalletBuilder {
    /// What to do about verifiers that nobody vouches for.
    #[must_use]
    pub fn untrusted_verifiers(mut self, untrusted: UntrustedVerifiers) -> Self {
        self.0.config.untrusted = untrusted;
        self
    }

    /// Refuses unsigned requests.
    #[must_use]
    pub fn signed_only(mut self) -> Self {
        self.0.config.unsigned = false;
        self
    }

    /// Allows http on loopback: for a demo on one machine.
    #[must_use]
    pub fn addresses(mut self, policy: AddressPolicy) -> Self {
        self.0.config.addresses = policy;
        self
    }

    /// What a fetch may cost. Redirects are never followed.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.0.config.limits = Limits { redirects: 0, ..limits };
        self
    }

    /// Algorithms of request objects.
    #[must_use]
    pub fn algorithms(mut self, algorithms: Vec<Algorithm>) -> Self {
        self.0.config.algorithms = algorithms;
        self
    }

    /// Builds it.
    #[must_use]
    pub fn build(self) -> Wallet {
        self.0
    }
}

impl std::fmt::Debug for Wallet {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Wallet").field("config", &self.config).finish_non_exhaustive()
    }
}
