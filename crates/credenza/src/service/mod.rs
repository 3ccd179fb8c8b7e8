//! From keys and settings to a running service: issuer, authorization server and verifier on one listener.

pub mod asking;
mod authorization;
pub mod clock;
mod local;
pub mod revocation_list;
mod sign_in;
pub mod status;
mod webhooks;

pub use asking::Asking;
pub use authorization::Authorization;
pub use local::Local;
pub use sign_in::{ShownCredential, ShownQuery, Upstream};
pub use status::{LookUp, Revocation};
pub use webhooks::Webhooks;

use std::sync::Arc;

use credenza_core::{AddressPolicy, Clock, Random, Records, Sealer, Store, SystemClock, SystemRandom};
use credenza_crypto::{Signer, X509Error};
use credenza_formats::w3c::data_integrity::Contexts;
use credenza_server::presets::presets;
use credenza_server::service::{Pages, Preset, ServiceBuilder, ServiceError};
use credenza_server::users::NotAHash;
use credenza_server::{EventHub, Service, TimedSigner, TimedStore};
use credenza_trust::did::{Did, DidError};
use credenza_trust::{Anchor, AnyOf, DidKeys, DidResolver, Purpose, Trust, X509Anchors};
use credenza_vci::dialects::Dialects;
use credenza_vci::issuer::status::{StatusLists, StatusPolicy, StatusPolicyError, StatusPorts};
use credenza_vci::issuer::{
    ConfigError, CredentialConfiguration, Encryption, ExternalAuthorizationServer, Format, Issuer,
};
use credenza_vci::messages::IssuerDisplay;
use credenza_vp::Profile;
use credenza_vp::verifier::{BuildError, Policy, Ports, Verifier};
use url::Url;

use crate::claims::Sources;
use crate::http::{Outgoing, is_loopback};
use crate::inspect::Inspector;
use crate::keys::did_signer::DidSigner;

/// Signed by the issuer's key, in the name of its DID.
const W3C_FORMATS: [&str; 5] = ["jwt_vc_json", "jwt_vc_json-ld", "ldp_vc", "vc+jwt", "vc+sd-jwt"];

/// What a service is made of. Start from [`Parts::new`].
pub struct Parts {
    /// Where wallets reach it; the identifier of the issuer.
    pub url: Url,
    /// How the issuer calls itself.
    pub issuer_name: String,
    /// Signs credentials.
    pub issuer_key: Arc<dyn Signer>,
    /// Signs mobile documents: its certificate is a document signer's. Without one, none are issued.
    pub document_signer: Option<Arc<dyn Signer>>,
    /// Whether and how requests and responses with credentials are encrypted on top of TLS.
    pub encryption: Option<Encryption>,
    /// Earlier drafts of OpenID4VCI that are spoken beside 1.0.
    pub dialects: Dialects,
    /// Whether the page of an offer makes it through the browser's Digital Credentials API, too.
    pub dc_api: bool,
    /// Whether the verifier must comply with HAIP 1.0; [`Authorization::haip`] says it of the issuer.
    pub haip: bool,
    /// The authorization code flow; without it the pre-authorized code is the only grant.
    pub authorization: Option<Authorization>,
    /// Other servers whose access tokens are accepted.
    pub authorization_servers: Vec<ExternalAuthorizationServer>,
    /// Where claims come from, beside offers: by the names that credential types give.
    pub claims: Sources,
    /// Keeps credential types and queries that are made over the API; without it none can be made.
    pub type_records: Option<Arc<dyn Records>>,
    /// What is issued. W3C credentials are signed with the issuer's key, in the name of its `did:jwk`.
    pub credential_types: Vec<CredentialConfiguration>,
    /// JSON-LD contexts that are known; credentials with others are neither issued nor accepted.
    pub contexts: Contexts,
    /// Signs requests.
    pub verifier_key: Arc<dyn Signer>,
    /// How the verifier asks.
    pub asking: Asking,
    /// Whom the service trusts, and what it reaches, when it asks others.
    pub outgoing: Outgoing,
    /// Root certificates of issuers whose credentials are accepted: DER.
    pub anchors: Vec<Vec<u8>>,
    /// Issuers whose credentials are accepted, too, by their DIDs.
    pub trusted_dids: Vec<Did>,
    /// Whether the verifier looks the keys of holders up at `did:web`, too: it then sends requests to where a holder
    /// says.
    pub holder_dids_over_http: bool,
    /// Gives credentials a status. Without it they can't be suspended and revoked.
    pub revocation: Option<Revocation>,
    /// Tells services of the operator's own what happens. Without it there are no webhooks.
    pub webhooks: Option<Webhooks>,
    /// How the verifier looks the status of credentials up.
    pub look_up: LookUp,
    /// Keeps sessions.
    pub store: Arc<dyn Store>,
    /// Seals codes, tokens and nonces.
    pub sealer: Arc<Sealer>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes codes and nonces.
    pub random: Arc<dyn Random>,
    /// Who sees the pages.
    pub pages: Pages,
    /// Queries that have a name without being stored.
    pub presets: Vec<Preset>,
}

/// The engines, and a service around them that can still be told more.
pub struct Assembled {
    /// Issues.
    pub issuer: Arc<Issuer>,
    /// Asks and verifies.
    pub verifier: Arc<Verifier>,
    /// The service.
    pub service: ServiceBuilder,
}

/// Why there is no service.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// The issuer.
    #[error("the issuer: {0}")]
    Issuer(#[from] ConfigError),
    /// The verifier.
    #[error("the verifier: {0}")]
    Verifier(#[from] BuildError),
    /// An anchor.
    #[error("a trusted root certificate: {0}")]
    Anchor(#[from] X509Error),
    /// The issuer's key has no DID.
    #[error("the issuer's key: {0}")]
    Did(#[from] DidError),
    /// There is no document signer.
    #[error("the credential type \"{0}\" is an mdoc, and no document signer is configured to sign it")]
    DocumentSigner(String),
    /// Somebody who could never sign in.
    #[error(transparent)]
    User(#[from] NotAHash),
    /// The status lists.
    #[error("the status lists: {0}")]
    Status(#[from] StatusPolicyError),
    /// The rest.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl Parts {
    /// These, with the system's clock and randomness, the usual presets, and pages for those who sign in.
    #[must_use]
    pub fn new(
        url: Url,
        issuer: (String, Arc<dyn Signer>, Vec<CredentialConfiguration>),
        verifier: (Arc<dyn Signer>, Vec<Vec<u8>>),
        store: Arc<dyn Store>,
        sealer: Sealer,
    ) -> Self {
        let (issuer_name, issuer_key, credential_types) = issuer;
        let (verifier_key, anchors) = verifier;
        Self {
            url,
            issuer_name,
            issuer_key,
            document_signer: None,
            encryption: None,
            dialects: Dialects::default(),
            dc_api: false,
            haip: false,
            authorization: None,
            authorization_servers: Vec::new(),
            claims: Sources::default(),
            type_records: None,
            credential_types,
            contexts: Contexts::bundled(),
            verifier_key,
            asking: Asking::default(),
            outgoing: Outgoing::default(),
            anchors,
            trusted_dids: Vec::new(),
            holder_dids_over_http: false,
            revocation: None,
            webhooks: None,
            look_up: LookUp::default(),
            store,
            sealer: Arc::new(sealer),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            pages: Pages::default(),
            presets: presets(),
        }
    }

    /// Puts the engines together, and a service around them.
    ///
    /// # Errors
    /// See [`AssembleError`].
    pub fn assemble(mut self) -> Result<Assembled, AssembleError> {
        let addresses = if is_loopback(&self.url) { AddressPolicy::Loopback } else { AddressPolicy::Public };
        let hub = Arc::new(EventHub::new());
        let metrics = hub.metrics();
        self.store = Arc::new(TimedStore::new(self.store, Arc::clone(metrics)));
        self.issuer_key = Arc::new(TimedSigner::new(self.issuer_key, "issuer", Arc::clone(metrics)));
        self.verifier_key = Arc::new(TimedSigner::new(self.verifier_key, "verifier", Arc::clone(metrics)));
        let mut issuer = Issuer::builder(self.url.as_str().trim_end_matches('/'))
            .addresses(addresses)
            .display(IssuerDisplay::named(self.issuer_name))
            .signer_of_format("dc+sd-jwt", Arc::clone(&self.issuer_key))
            .metadata_signer(Arc::clone(&self.issuer_key))
            .store(Arc::clone(&self.store))
            .sealer(Arc::clone(&self.sealer))
            .clock(Arc::clone(&self.clock))
            .random(Arc::clone(&self.random))
            .contexts(self.contexts.clone())
            // A credential type says which methods it accepts.
            .dids(DidResolver::new(Arc::new(self.outgoing.client(addresses))))
            .events(Arc::clone(&hub) as _);
        if let Some(authorization) = &self.authorization {
            issuer = authorization.apply(issuer)?;
        }
        if !self.authorization_servers.is_empty() {
            issuer = issuer.http(Arc::new(self.outgoing.client(addresses)));
        }
        for server in self.authorization_servers {
            issuer = issuer.authorization_server(server);
        }
        issuer = issuer.dialects(self.dialects.iter());
        if let Some(encryption) = self.encryption {
            issuer = issuer.encryption(encryption);
        }
        // Types of any format may come later.
        let later = self.type_records.is_some();
        let status = self.revocation.map(|Revocation { records, policy }| {
            let w3c = |kind: &CredentialConfiguration| kind.format.definition().is_some();
            let policy = StatusPolicy { bitstring: later || self.credential_types.iter().any(w3c), ..policy };
            let ports = StatusPorts {
                records,
                signer: Arc::clone(&self.issuer_key),
                clock: Arc::clone(&self.clock),
                random: Arc::clone(&self.random),
            };
            StatusLists::new(self.url.as_str(), ports, policy).map(Arc::new)
        });
        let status = status.transpose()?;
        if let Some(status) = &status {
            issuer = issuer.status_source(Arc::clone(status) as _);
        }
        let named: Arc<dyn Signer> = Arc::new(DidSigner::new(self.issuer_key)?);
        for format in W3C_FORMATS {
            issuer = issuer.signer_of_format(format, Arc::clone(&named));
        }
        if let Some(signer) = &self.document_signer {
            issuer = issuer.signer_of_format("mso_mdoc", Arc::clone(signer));
        }
        for (name, source) in self.claims.ports(addresses, &self.outgoing, &self.clock) {
            issuer = issuer.named_claims_source(name, source);
        }
        for credential_type in self.credential_types {
            if matches!(credential_type.format, Format::Mdoc { .. }) && self.document_signer.is_none() {
                return Err(AssembleError::DocumentSigner(credential_type.id));
            }
            issuer = issuer.configuration(credential_type);
        }
        let trust = issuers(self.anchors, self.trusted_dids, addresses, &self.outgoing)?;
        let ports = Ports {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            sealer: Arc::clone(&self.sealer),
            trust: Arc::clone(&trust),
            events: Arc::clone(&hub) as _,
        };
        let look_up =
            self.look_up.with(Arc::new(self.outgoing.client(addresses)), Arc::clone(&self.clock), trust);
        let holder_dids = match self.holder_dids_over_http {
            true => DidResolver::new(Arc::new(self.outgoing.client(addresses))),
            false => DidResolver::offline(),
        };
        let verifier = Verifier::builder(self.url.clone(), ports)
            .status(Arc::new(look_up))
            .policy(Policy { contexts: self.contexts, holder_dids, ..Policy::default() })
            .request_signer(self.verifier_key);
        let verifier = self
            .asking
            .apply(verifier)
            .profile(if self.haip { Profile::Haip } else { Profile::Open })
            .addresses(addresses)
            // The pages of the service itself wait for people who come back from their wallet.
            .allow_redirects([self.url.clone()])
            .build()?;
        let inspector = Arc::new(Inspector::new(Arc::clone(&self.clock)));
        let verifier = Arc::new(verifier);
        let automatic = self.authorization.as_ref().and_then(|it| it.automatic.clone());
        let (mut people, mut elsewhere) = (None, Vec::new());
        let queries = sign_in::Queries { records: self.type_records.as_ref(), service: &self.url };
        let mut authorization = self.authorization;
        if let Some(authorization) = &mut authorization {
            people = authorization.people(Arc::clone(&self.clock))?;
            issuer = authorization.inside(issuer, &verifier, queries, people.as_ref());
        }
        let issuer = Arc::new(issuer.build()?);
        if let Some(authorization) = authorization {
            elsewhere = authorization.elsewhere(&sign_in::Surroundings {
                issuer: &issuer,
                verifier: &verifier,
                queries,
                http: Arc::new(self.outgoing.client(addresses)),
                clock: &self.clock,
                random: &self.random,
            });
        }
        let mut service =
            Service::builder(self.url, Arc::clone(&issuer), Arc::clone(&verifier), self.store, self.sealer)
                .hub(hub)
                .clock(self.clock)
                .random(self.random)
                .pages(self.pages)
                .offers_by_dc_api(self.dc_api)
                .websites(self.asking.websites)
                .inspect(inspector);
        if let Some(document) = self.asking.did_document {
            service = service.did_document(document);
        }
        if let Some(entity) = self.asking.entity {
            service = service.federation_entity(entity.describe(&verifier));
        }
        if let Some(webhooks) = self.webhooks {
            service = webhooks.apply(service, addresses, &self.outgoing);
        }
        if let Some(people) = people {
            service = service.users(people);
        }
        for way in elsewhere {
            service = service.sign_in_elsewhere(way);
        }
        if let Some(automatic) = automatic {
            service = service.automatic_login(automatic);
        }
        if let Some(status) = status {
            service = service.status_lists(status);
        }
        if let Some(records) = self.type_records {
            service = service.stored_queries(Arc::clone(&records)).credential_types(records);
        }
        for preset in self.presets {
            service = service.preset(preset);
        }
        Ok(Assembled { issuer, verifier, service })
    }
}

/// Trusts issuers by these roots, and these DIDs.
///
/// # Errors
/// A root is not a certificate.
pub fn issuers(
    roots: Vec<Vec<u8>>,
    dids: Vec<Did>,
    addresses: AddressPolicy,
    outgoing: &Outgoing,
) -> Result<Arc<dyn Trust>, X509Error> {
    let anchors: Vec<Anchor> = roots.into_iter().map(Anchor::for_issuers).collect();
    let anchors = Arc::new(X509Anchors::new(&anchors)?);
    if dids.is_empty() {
        return Ok(anchors);
    }
    let resolver = DidResolver::new(Arc::new(outgoing.client(addresses)));
    // The type that is named here does not matter: a DID is trusted for all of them.
    let purposes = [Purpose::Issuer { credential_type: "" }, Purpose::StatusList];
    let keys = dids.into_iter().fold(DidKeys::new(resolver), |keys, did| keys.trust(did, &purposes));
    Ok(Arc::new(AnyOf::new(vec![anchors, Arc::new(keys)])))
}

impl std::fmt::Debug for Assembled {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Assembled({})", self.issuer.identifier())
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Parts({})", self.url)
    }
}
