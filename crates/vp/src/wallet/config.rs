//! What a wallet is configured with.

use std::sync::Arc;

use credenza_core::{AddressPolicy, Clock, Http, Limits, Random};
use credenza_crypto::Algorithm;
use credenza_query::DcqlQuery;
use credenza_trust::{DidResolver, Federation, Nobody, Trust};

use super::{Refusal, RegisteredVerifier};
use crate::Profile;
use crate::messages::{ClientId, SELF_ISSUED_AUDIENCE, TransactionType};
use crate::siop::Provider;

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
    pub(super) attesters: Arc<dyn Trust>,
    pub(super) federation: Option<Federation>,
    pub(super) dids: DidResolver,
    pub(super) config: Config,
}

#[derive(Debug, Clone)]
pub(super) struct Config {
    pub(super) untrusted: UntrustedVerifiers,
    pub(super) unsigned: bool,
    pub(super) addresses: AddressPolicy,
    pub(super) limits: Limits,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) profile: Profile,
    pub(super) encrypted_requests: bool,
    pub(super) registered: Vec<RegisteredVerifier>,
    pub(super) transaction_types: Vec<TransactionType>,
    pub(super) scopes: Vec<(String, DcqlQuery)>,
    pub(super) self_issued: Option<Provider>,
    pub(super) earlier_drafts: bool,
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
            profile: Profile::Open,
            encrypted_requests: false,
            registered: Vec::new(),
            transaction_types: Vec::new(),
            scopes: Vec::new(),
            self_issued: None,
            earlier_drafts: false,
        };
        let dids = DidResolver::new(Arc::clone(&http));
        let (attesters, federation): (Arc<dyn Trust>, _) = (Arc::new(Nobody), None);
        WalletBuilder(Self { http, trust, clock, random, attesters, federation, dids, config })
    }

    /// Whether a request object with this `aud` is meant for a wallet like this one: by the name that every wallet has,
    /// or by that of the provider that it is (OID4VP 1.0 §5.8; SIOPv2 §9.1).
    pub(super) fn is_meant_by(&self, aud: &str) -> bool {
        let issuer = self.config.self_issued.as_ref().and_then(|provider| provider.issuer.as_deref());
        aud == SELF_ISSUED_AUDIENCE || issuer == Some(aud)
    }

    /// The registration of a client identifier without a prefix.
    pub(super) fn registration(&self, client_id: &ClientId) -> Result<&RegisteredVerifier, Refusal> {
        let mut known = self.config.registered.iter();
        known.find(|verifier| verifier.client_id == client_id.as_str()).ok_or(
            if client_id.has_unknown_prefix() {
                Refusal::ClientId("its prefix is not known")
            } else {
                Refusal::ClientId("nobody of that name is registered here")
            },
        )
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

    /// Which of the choices of OpenID4VP are left. With [`Profile::Haip`] verifiers that nobody vouches for are refused
    /// whatever [`untrusted_verifiers`](Self::untrusted_verifiers) says.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.0.config.profile = profile;
        self
    }

    /// Who may attest verifiers (client identifiers with `verifier_attestation`): nobody, unless said here. It is
    /// asked for [`Purpose::Verifier`](credenza_trust::Purpose::Verifier), apart from who may ask.
    #[must_use]
    pub fn verifier_attesters(mut self, attesters: Arc<dyn Trust>) -> Self {
        self.0.attesters = attesters;
        self
    }

    /// The federation whose verifiers may ask (client identifiers with `openid_federation`).
    #[must_use]
    pub fn federation(mut self, federation: Federation) -> Self {
        self.0.federation = Some(federation);
        self
    }

    /// How DIDs are resolved that no source of trust vouches for. Which of them are trusted is for the port to say.
    #[must_use]
    pub fn dids(mut self, dids: DidResolver) -> Self {
        self.0.dids = dids;
        self
    }

    /// A verifier that is known beforehand.
    #[must_use]
    pub fn registered(mut self, verifier: RegisteredVerifier) -> Self {
        self.0.config.registered.push(verifier);
        self
    }

    /// A type of transaction data that can be shown and signed. Requests with any other are refused.
    #[must_use]
    pub fn transaction_type(mut self, known: TransactionType) -> Self {
        self.0.config.transaction_types.push(known);
        self
    }

    /// A scope that stands for a query (OID4VP 1.0 §5.5).
    #[must_use]
    pub fn scope(mut self, name: impl Into<String>, query: DcqlQuery) -> Self {
        self.0.config.scopes.push((name.into(), query));
        self
    }

    /// Answers requests for ID tokens as this self-issued provider (SIOPv2): those that [`Wallet::open`] opens.
    #[must_use]
    pub fn self_issued(mut self, provider: Provider) -> Self {
        self.0.config.self_issued = Some(provider);
        self
    }

    /// Answers requests of OpenID4VP before 1.0 too, in the dialect that they are written in
    /// ([`dialects`](crate::dialects)); not under [`Profile::Haip`].
    #[must_use]
    pub fn earlier_drafts(mut self) -> Self {
        self.0.config.earlier_drafts = true;
        self
    }

    /// Wants request objects encrypted, from verifiers that let the wallet say so (`request_uri_method` `post`).
    #[must_use]
    pub fn encrypted_requests(mut self) -> Self {
        self.0.config.encrypted_requests = true;
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
