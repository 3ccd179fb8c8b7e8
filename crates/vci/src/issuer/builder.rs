//! Putting an issuer together: its identity, what it issues, its keys and its ports.

use std::collections::BTreeMap;
use std::sync::Arc;

use credenza_core::{
    AddressPolicy, Clock, EventSink, Http, NoEvents, Random, Sealer, Store, SystemClock, SystemRandom,
};
use credenza_crypto::Signer;
use credenza_formats::w3c::data_integrity::Contexts;
use credenza_trust::{DidResolver, Trust};

use super::authorization::{AuthorizationSettings, InteractiveAuthorization};
use super::catalogue::Signers;
use super::claims::{ClaimsSource, OfferedClaims, StatusSource};
use super::configuration::{CredentialConfiguration, DpopMode, Lifetimes};
use super::encryption::Encryption;
use super::external::ExternalAuthorizationServer;
use super::{DEFAULT_BATCH_SIZE, DEFAULT_TX_CODE_TRIES, Issuer};
use crate::dialects::{Dialect, Dialects};
use crate::messages::IssuerDisplay;

/// Collects what an issuer is made of. Store, sealer, a signer and one configuration are needed; the rest has defaults.
#[must_use]
pub struct IssuerBuilder {
    pub(super) identifier: String,
    pub(super) addresses: AddressPolicy,
    pub(super) display: Vec<IssuerDisplay>,
    pub(super) configurations: Vec<CredentialConfiguration>,
    pub(super) batch_size: u32,
    pub(super) lifetimes: Lifetimes,
    pub(super) dpop: DpopMode,
    pub(super) anonymous_access: bool,
    pub(super) authorization: Option<AuthorizationSettings>,
    pub(super) interactive: Option<InteractiveAuthorization>,
    pub(super) haip: bool,
    pub(super) external: Vec<ExternalAuthorizationServer>,
    pub(super) http: Option<Arc<dyn Http>>,
    pub(super) tx_code_tries: u32,
    pub(super) signers: Signers,
    pub(super) contexts: Contexts,
    pub(super) dids: DidResolver,
    pub(super) wallet_providers: Option<Arc<dyn Trust>>,
    pub(super) encryption: Option<Encryption>,
    pub(super) dialects: Dialects,
    pub(super) metadata_signer: Option<Arc<dyn Signer>>,
    pub(super) store: Option<Arc<dyn Store>>,
    pub(super) sealer: Option<Arc<Sealer>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) claims: Arc<dyn ClaimsSource>,
    pub(super) claims_sources: BTreeMap<String, Arc<dyn ClaimsSource>>,
    pub(super) status: Option<Arc<dyn StatusSource>>,
    pub(super) events: Arc<dyn EventSink>,
}

/// What is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not an https URL without query and fragment.
    #[error("the issuer's identifier must be an https URL without query, fragment and trailing slash: {0}")]
    Identifier(&'static str),
    /// A part that is needed.
    #[error("the issuer has no {0}")]
    Missing(&'static str),
    /// Two configurations of one name.
    #[error("there are two credential configurations \"{0}\"")]
    Duplicate(String),
    /// A configuration that can't be.
    #[error("the credential configuration \"{id}\": {reason}")]
    Configuration {
        /// Its identifier.
        id: String,
        /// What is wrong.
        reason: String,
    },
    /// A client that can't be.
    #[error("the client \"{id}\": {reason}")]
    Client {
        /// Its identifier.
        id: String,
        /// What is wrong.
        reason: String,
    },
    /// The profile can't be complied with.
    #[error("{rule}: {reason}")]
    Profile {
        /// The rule.
        rule: &'static str,
        /// What breaks it.
        reason: String,
    },
    /// Texts or claims that may not be published like this.
    #[error("{0}")]
    Metadata(String),
    /// A number that can't be.
    #[error("{0}")]
    Invalid(&'static str),
}

impl IssuerBuilder {
    pub(super) fn new(identifier: &str) -> Self {
        Self {
            identifier: identifier.to_owned(),
            addresses: AddressPolicy::Public,
            display: Vec::new(),
            configurations: Vec::new(),
            batch_size: DEFAULT_BATCH_SIZE,
            lifetimes: Lifetimes::default(),
            dpop: DpopMode::default(),
            anonymous_access: true,
            authorization: None,
            interactive: None,
            haip: false,
            external: Vec::new(),
            http: None,
            tx_code_tries: DEFAULT_TX_CODE_TRIES,
            signers: Signers::default(),
            contexts: Contexts::bundled(),
            dids: DidResolver::offline(),
            wallet_providers: None,
            encryption: None,
            dialects: Dialects::default(),
            metadata_signer: None,
            store: None,
            sealer: None,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            claims: Arc::new(OfferedClaims),
            claims_sources: BTreeMap::new(),
            status: None,
            events: Arc::new(NoEvents),
        }
    }

    /// Allows an `http` identifier on loopback, for demos and tests.
    pub fn addresses(mut self, policy: AddressPolicy) -> Self {
        self.addresses = policy;
        self
    }

    /// Adds how the issuer wants to be shown in one language.
    pub fn display(mut self, display: IssuerDisplay) -> Self {
        self.display.push(display);
        self
    }

    /// Adds a kind of credential.
    pub fn configuration(mut self, configuration: CredentialConfiguration) -> Self {
        self.configurations.push(configuration);
        self
    }

    /// How many copies one request may ask for: 1 to 100; 10 unless said otherwise.
    pub fn batch_size(mut self, batch_size: u32) -> Self {
        self.batch_size = batch_size;
        self
    }

    /// How long things live.
    pub fn lifetimes(mut self, lifetimes: Lifetimes) -> Self {
        self.lifetimes = lifetimes;
        self
    }

    /// What is asked of DPoP: nothing, unless said otherwise; a proof that is sent always counts.
    pub fn dpop(mut self, mode: DpopMode) -> Self {
        self.dpop = mode;
        self
    }

    /// Whether a wallet may redeem a code without saying which client it is: yes, unless said otherwise.
    pub fn anonymous_access(mut self, allowed: bool) -> Self {
        self.anonymous_access = allowed;
        self
    }

    /// Adds the authorization code flow, and how clients prove who they are. Without it the pre-authorized code is the
    /// only grant.
    pub fn authorization(mut self, settings: AuthorizationSettings) -> Self {
        self.authorization = Some(settings);
        self
    }

    /// Adds the authorization challenge endpoint (OID4VCI 1.1 §6, a draft): wallets that can are authorized without a
    /// browser. Needs [`authorization`](Self::authorization).
    pub fn interactive_authorization(mut self, interactive: InteractiveAuthorization) -> Self {
        self.interactive = Some(interactive);
        self
    }

    /// Accepts access tokens of another authorization server, too: it is named in the metadata next to the issuer's own.
    /// Needs [`http`](Self::http) to ask it.
    pub fn authorization_server(mut self, server: ExternalAuthorizationServer) -> Self {
        self.external.push(server);
        self
    }

    /// The way to other authorization servers.
    pub fn http(mut self, http: Arc<dyn Http>) -> Self {
        self.http = Some(http);
        self
    }

    /// Makes the issuer comply with HAIP 1.0: pushed requests, DPoP and authenticated clients are demanded, and
    /// [`build`](Self::build) refuses what can't comply.
    pub fn haip(mut self) -> Self {
        self.haip = true;
        self
    }

    /// How many wrong transaction codes kill an offer: 5 unless said otherwise.
    pub fn tx_code_tries(mut self, tries: u32) -> Self {
        self.tx_code_tries = tries;
        self
    }

    /// The key that signs credentials.
    pub fn signer(mut self, signer: Arc<dyn Signer>) -> Self {
        self.signers.of_all = Some(signer);
        self
    }

    /// The key that signs credentials of one format, such as `mso_mdoc`.
    pub fn signer_of_format(mut self, format: impl Into<String>, signer: Arc<dyn Signer>) -> Self {
        self.signers.of_format.insert(format.into(), signer);
        self
    }

    /// The key that signs credentials of one configuration: a document signer for mdocs, say. One whose `kid` is a DID
    /// URL signs W3C credentials in the name of that DID.
    pub fn signer_for(mut self, configuration_id: impl Into<String>, signer: Arc<dyn Signer>) -> Self {
        self.signers.of_configuration.insert(configuration_id.into(), signer);
        self
    }

    /// The JSON-LD contexts that credentials with embedded proofs may use: those of the specifications, unless said
    /// otherwise.
    pub fn contexts(mut self, contexts: Contexts) -> Self {
        self.contexts = contexts;
        self
    }

    /// How the DIDs in key proofs are resolved: those that need no network, unless said otherwise.
    pub fn dids(mut self, resolver: DidResolver) -> Self {
        self.dids = resolver;
        self
    }

    /// Who may vouch for wallets and their keys (client and key attestations); nobody, unless said otherwise.
    pub fn wallet_providers(mut self, trust: Arc<dyn Trust>) -> Self {
        self.wallet_providers = Some(trust);
        self
    }

    /// Offers or demands encrypted requests and responses (§10).
    pub fn encryption(mut self, encryption: Encryption) -> Self {
        self.encryption = Some(encryption);
        self
    }

    /// Earlier drafts that are spoken beside 1.0: none, unless said otherwise. Wallets of earlier drafts find their
    /// metadata below the identifier; an issuer without a path has one place for both, and what is there is for the
    /// earliest of these drafts.
    pub fn dialects(mut self, dialects: impl IntoIterator<Item = Dialect>) -> Self {
        self.dialects = dialects.into_iter().collect();
        self
    }

    /// The key that signs the metadata (§12.2.3); without one there is no signed metadata.
    pub fn metadata_signer(mut self, signer: Arc<dyn Signer>) -> Self {
        self.metadata_signer = Some(signer);
        self
    }

    /// Where sessions are kept.
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// What seals codes, tokens and nonces; all nodes of a service share its keys.
    pub fn sealer(mut self, sealer: Arc<Sealer>) -> Self {
        self.sealer = Some(sealer);
        self
    }

    /// The clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The source of randomness.
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Where claims come from, for configurations that name no source: from the offer, unless said otherwise.
    pub fn claims_source(mut self, source: Arc<dyn ClaimsSource>) -> Self {
        self.claims = source;
        self
    }

    /// Adds a source of claims that configurations can name
    /// ([`claims_source`](CredentialConfiguration::claims_source)).
    pub fn named_claims_source(mut self, name: impl Into<String>, source: Arc<dyn ClaimsSource>) -> Self {
        self.claims_sources.insert(name.into(), source);
        self
    }

    /// Who gives credentials a status; without it they have none.
    pub fn status_source(mut self, source: Arc<dyn StatusSource>) -> Self {
        self.status = Some(source);
        self
    }

    /// Who is told what happens.
    pub fn events(mut self, sink: Arc<dyn EventSink>) -> Self {
        self.events = sink;
        self
    }

    /// Checks everything and puts the issuer together.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn build(self) -> Result<Issuer, ConfigError> {
        Issuer::from_builder(self)
    }
}

impl std::fmt::Debug for IssuerBuilder {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("IssuerBuilder").field("identifier", &self.identifier).finish_non_exhaustive()
    }
}
