//! The service: the engines, what surrounds them, and the router that leads to them.

use std::sync::Arc;

use credenza_core::{Clock, Random, Records, Sealer, Store, SystemClock, SystemRandom};
use credenza_query::DcqlQuery;
use credenza_trust::federation::EntityConfiguration;
use credenza_vci::issuer::Issuer;
use credenza_vci::issuer::status::StatusLists;
use credenza_vp::Verifier;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use url::Url;

use crate::access::Access;
use crate::audit::Audit;
use crate::demo_wallet::DemoWallet;
use crate::hub::EventHub;
use crate::idempotency::Idempotency;
use crate::inspect::Inspect;
use crate::keep_up::issuer_name;
use crate::limits::Limits;
use crate::pages::AutomaticLogin;
use crate::pages::templates::Templates;
use crate::publisher::Publisher;
use crate::query_register::QueryRegister;
use crate::sign_in::SignInElsewhere;
use crate::type_register::TypeRegister;
use crate::users::UserAuthentication;
use crate::webhooks::{Wanted, Webhooks};

/// Who sees the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pages {
    /// Nobody: there are none.
    Off,
    /// Whoever signs in with the admin token.
    #[default]
    SignIn,
    /// Everybody who reaches the service: for the demo on one's own machine.
    Open,
}

/// A query that has a name, in the API and on the page `/verify`.
#[derive(Debug, Clone)]
pub struct Preset {
    /// Its name in forms and in the API.
    pub id: String,
    /// What it asks, in a few words.
    pub name: String,
    /// What the verifier learns, in a sentence.
    pub explains: String,
    /// The query.
    pub query: DcqlQuery,
}

/// Issuer, authorization server and verifier behind one HTTP router.
pub struct Service {
    pub(crate) base: Url,
    /// The base URL's path without a slash at the end: what every route starts with.
    pub(crate) base_path: String,
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) hub: Arc<EventHub>,
    pub(crate) access: Vec<Access>,
    /// Keeps what is changed over the admin plane, when that is wanted.
    pub(crate) audit: Option<Arc<Audit>>,
    pub(crate) idempotency: Arc<Idempotency>,
    pub(crate) pages: Pages,
    pub(crate) wallet: Option<Arc<dyn DemoWallet>>,
    pub(crate) inspect: Option<Arc<dyn Inspect>>,
    /// Who signs in at the authorization endpoint.
    pub(crate) users: Option<Arc<dyn UserAuthentication>>,
    /// Where people can sign in who do it elsewhere.
    pub(crate) elsewhere: Vec<Arc<dyn SignInElsewhere>>,
    /// Who decides there when nobody is asked.
    pub(crate) automatic_login: Option<AutomaticLogin>,
    /// The status lists, when credentials have a status.
    pub(crate) status: Option<Arc<Publisher>>,
    /// The credential types that were made over the API, when they can be.
    pub(crate) types: Option<TypeRegister>,
    /// What can be asked for by name.
    pub(crate) queries: QueryRegister,
    /// Who is told what happens, when anybody can be.
    pub(crate) webhooks: Option<Arc<Webhooks>>,
    /// The origins of the websites that may show presentations.
    pub(crate) websites: Vec<String>,
    /// The document of the verifier's `did:web`.
    pub(crate) did_document: Option<Value>,
    /// What the verifier says about itself in a federation.
    pub(crate) federation_entity: Option<EntityConfiguration>,
    /// Demo data by credential configuration, in the order in which the forms are offered.
    pub(crate) samples: Vec<(String, Map<String, Value>)>,
    pub(crate) limits: Limits,
    pub(crate) event_streams: Arc<Semaphore>,
    pub(crate) templates: Templates,
    /// Whether the page of an offer makes it through the Digital Credentials API, too.
    pub(crate) offers_by_dc_api: bool,
    /// What the issuer calls itself, or its host.
    pub(crate) issuer_name: String,
}

/// Why a service can't be put together.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The base URL has a query, a fragment, or no host.
    #[error("the base URL must be an http or https URL without query and fragment")]
    BaseUrl,
    /// A page's template.
    #[error("a page's template is broken: {0}")]
    Template(#[from] minijinja::Error),
}

/// Collects what a service is made of.
#[must_use]
pub struct ServiceBuilder {
    base: Url,
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) hub: Arc<EventHub>,
    pub(crate) access: Vec<Access>,
    pub(crate) audit: Option<Arc<dyn Records>>,
    pages: Pages,
    wallet: Option<Arc<dyn DemoWallet>>,
    inspect: Option<Arc<dyn Inspect>>,
    users: Option<Arc<dyn UserAuthentication>>,
    elsewhere: Vec<Arc<dyn SignInElsewhere>>,
    automatic_login: Option<AutomaticLogin>,
    status: Option<Arc<StatusLists>>,
    types: Option<Arc<dyn Records>>,
    presets: Vec<Preset>,
    queries: Option<Arc<dyn Records>>,
    pub(crate) webhooks: Option<Wanted>,
    websites: Vec<String>,
    did_document: Option<Value>,
    federation_entity: Option<EntityConfiguration>,
    samples: Vec<(String, Map<String, Value>)>,
    offers_by_dc_api: bool,
    limits: Limits,
}

impl Service {
    /// Starts with the URL under which the world reaches the service (never taken from a request), the engines, and
    /// the store and key ring that they use too.
    pub fn builder(
        base: Url,
        issuer: Arc<Issuer>,
        verifier: Arc<Verifier>,
        store: Arc<dyn Store>,
        sealer: Arc<Sealer>,
    ) -> ServiceBuilder {
        ServiceBuilder {
            base,
            issuer,
            verifier,
            store,
            sealer,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            hub: Arc::new(EventHub::new()),
            access: Vec::new(),
            audit: None,
            pages: Pages::default(),
            wallet: None,
            inspect: None,
            users: None,
            elsewhere: Vec::new(),
            automatic_login: None,
            status: None,
            types: None,
            presets: Vec::new(),
            queries: None,
            webhooks: None,
            websites: Vec::new(),
            did_document: None,
            federation_entity: None,
            samples: Vec::new(),
            offers_by_dc_api: false,
            limits: Limits::default(),
        }
    }

    /// The URL of a path of ours.
    pub(crate) fn url(&self, path: &str) -> String {
        let base = self.base.as_str();
        format!("{}{path}", base.strip_suffix('/').unwrap_or(base))
    }
}

impl ServiceBuilder {
    /// The hub that the engines emit their events to.
    pub fn hub(mut self, hub: Arc<EventHub>) -> Self {
        self.hub = hub;
        self
    }

    /// Who sees the pages: whoever signs in, unless said otherwise.
    pub fn pages(mut self, pages: Pages) -> Self {
        self.pages = pages;
        self
    }

    /// The wallet behind `/wallet`; for the demo alone, since whoever sees the pages can use it.
    pub fn demo_wallet(mut self, wallet: Arc<dyn DemoWallet>) -> Self {
        self.wallet = Some(wallet);
        self
    }

    /// What `/inspect` decodes with.
    pub fn inspect(mut self, inspect: Arc<dyn Inspect>) -> Self {
        self.inspect = Some(inspect);
        self
    }

    /// Who can sign in at the authorization endpoint. Without anybody, nobody can agree there.
    pub fn users(mut self, users: Arc<dyn UserAuthentication>) -> Self {
        self.users = Some(users);
        self
    }

    /// Nobody is asked at the authorization endpoint: somebody that [`users`](Self::users) knows has signed in, and
    /// agrees. For certification and tests.
    pub fn automatic_login(mut self, login: AutomaticLogin) -> Self {
        self.automatic_login = Some(login);
        self
    }

    /// Adds a way of signing in at the authorization endpoint that leads elsewhere.
    pub fn sign_in_elsewhere(mut self, way: Arc<dyn SignInElsewhere>) -> Self {
        self.elsewhere.push(way);
        self
    }

    /// The status lists in which the issuer gives its credentials a place: they are published, and credentials can be
    /// suspended and revoked.
    pub fn status_lists(mut self, lists: Arc<StatusLists>) -> Self {
        self.status = Some(lists);
        self
    }

    /// Where credential types are kept that are made over the API; without it, only those of the issuer's configuration
    /// are issued.
    pub fn credential_types(mut self, records: Arc<dyn Records>) -> Self {
        self.types = Some(records);
        self
    }

    /// Adds a query that `/verify` offers and that the API knows by its id.
    pub fn preset(mut self, preset: Preset) -> Self {
        self.presets.push(preset);
        self
    }

    /// What the form of a credential configuration is filled with at first. Forms are offered in this order.
    pub fn sample(mut self, configuration_id: impl Into<String>, claims: Map<String, Value>) -> Self {
        self.samples.push((configuration_id.into(), claims));
        self
    }

    /// Whether the page of an offer makes it through the Digital Credentials API, too, where the browser has that.
    pub fn offers_by_dc_api(mut self, on: bool) -> Self {
        self.offers_by_dc_api = on;
        self
    }

    /// What clients may cost.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Keeps queries that are stored over the API; without it there are only presets.
    pub fn stored_queries(mut self, records: Arc<dyn Records>) -> Self {
        self.queries = Some(records);
        self
    }

    /// The origins of the websites that may show presentations with `<credenza-verify>`, as browsers write them.
    pub fn websites(mut self, origins: impl IntoIterator<Item = String>) -> Self {
        self.websites.extend(origins);
        self
    }

    /// The document of the DID (`did:web`) that the verifier goes by, to be served where that DID leads.
    pub fn did_document(mut self, document: Value) -> Self {
        self.did_document = Some(document);
        self
    }

    /// The entity of a federation that the verifier is, to be served at `/.well-known/openid-federation`.
    pub fn federation_entity(mut self, entity: EntityConfiguration) -> Self {
        self.federation_entity = Some(entity);
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

    /// Puts the service together.
    ///
    /// # Errors
    /// See [`ServiceError`].
    pub fn build(mut self) -> Result<Arc<Service>, ServiceError> {
        let base = self.base.clone();
        let plain = base.query().is_none() && base.fragment().is_none() && base.has_host();
        if !plain || !matches!(base.scheme(), "http" | "https") {
            return Err(ServiceError::BaseUrl);
        }
        let queries_of = base.as_str().to_owned();
        let issuer_name = issuer_name(&self.issuer.metadata())
            .unwrap_or_else(|| base.host_str().unwrap_or_default().to_owned());
        let base_path = base.path().strip_suffix('/').unwrap_or(base.path()).to_owned();
        let webhooks = self.webhooks.take().map(|wanted| wanted.over(&self));
        let audit = self.audit.take().map(|records| Audit::over(records, &self));
        let idempotency = Idempotency::over(&self);
        Ok(Arc::new(Service {
            webhooks,
            base_path,
            base,
            issuer_name,
            types: self.types.map(|records| TypeRegister::new(records, Arc::clone(&self.issuer))),
            issuer: self.issuer,
            verifier: self.verifier,
            store: self.store,
            sealer: self.sealer,
            random: self.random,
            hub: self.hub,
            access: self.access,
            audit,
            idempotency,
            pages: self.pages,
            wallet: self.wallet,
            inspect: self.inspect,
            users: self.users,
            elsewhere: self.elsewhere,
            automatic_login: self.automatic_login,
            status: self.status.map(|lists| Publisher::new(lists, Arc::clone(&self.clock))),
            queries: QueryRegister::new(self.presets, self.queries, &queries_of),
            websites: self.websites,
            did_document: self.did_document,
            federation_entity: self.federation_entity,
            samples: self.samples,
            offers_by_dc_api: self.offers_by_dc_api,
            event_streams: Arc::new(Semaphore::new(self.limits.event_streams)),
            limits: self.limits,
            templates: Templates::new()?,
            clock: self.clock,
        }))
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Service({})", self.base)
    }
}
