//! The configuration of a service: `credenza.toml`, read strictly, and every mistake explained where it is.

mod admin;
mod authorization;
mod automatic;
mod claims;
mod client_ids;
mod contexts;
mod credential_types;
mod encryption;
pub mod examples;
mod expand;
mod init;
mod outgoing;
mod problem;
mod read;
mod servers;
mod service_keys;
mod sign_in;
mod status;
mod stores;
mod tls;
mod values;
mod verifier;
mod wallets;
mod webhooks;
mod websites;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use credenza_core::{Sealer, Secret};
use credenza_formats::w3c::data_integrity::Contexts;
use credenza_server::Tls;
use credenza_trust::did::Did;
use credenza_vci::dialects::Dialects;
use credenza_vci::issuer::status::StatusPolicy;
use credenza_vci::issuer::{CredentialConfiguration, Encryption, ExternalAuthorizationServer};
use credenza_vp::verifier::Undetermined;
use url::Url;

use crate::claims::Sources;
use crate::http::Outgoing;
use crate::keys::service_key::ServiceKey;
use crate::service::Authorization;
use crate::service::asking::Asking;

pub use admin::Admin;
pub use examples::CREDENTIAL_TYPES;
pub use init::{InitError, Initialized, init, name_stores};
pub use problem::{ConfigProblem, ConfigProblems};
pub use read::read;

/// Everything that a service needs to start: read, checked, keys loaded.
#[derive(Debug)]
pub struct Settings {
    /// Where wallets reach the service.
    pub url: Url,
    /// Where it listens.
    pub listen: SocketAddr,
    /// The store, as [`credenza_store::open`] understands it. The URL of a database can have a password.
    pub database: Secret,
    /// Where sessions are kept, when not in the database; see [`credenza_store::open_both`].
    pub sessions: Option<Secret>,
    /// What is logged, as `tracing` filters it.
    pub log: String,
    /// SHA-256 of the admin token.
    pub admin_token: [u8; 32],
    /// The admin plane beside that token.
    pub admin: Admin,
    /// How the issuer calls itself.
    pub issuer_name: String,
    /// Signs credentials.
    pub issuer_key: ServiceKey,
    /// Signs mobile documents.
    pub document_signer: Option<ServiceKey>,
    /// How requests and responses with credentials are encrypted.
    pub encryption: Option<Encryption>,
    /// Earlier drafts of OpenID4VCI that are spoken beside 1.0.
    pub dialects: Dialects,
    /// Whether offers are made through the browser's Digital Credentials API, too.
    pub dc_api: bool,
    /// Other servers whose access tokens are accepted.
    pub authorization_servers: Vec<ExternalAuthorizationServer>,
    /// Whether issuer, authorization server and verifier must comply with HAIP 1.0.
    pub haip: bool,
    /// The authorization code flow, when there is one.
    pub authorization: Option<Authorization>,
    /// TLS of its own; `None` where a proxy has it.
    pub tls: Option<Tls>,
    /// Whom it trusts, and what it reaches, when it asks others.
    pub outgoing: Outgoing,
    /// Receivers of webhooks that may be at internal addresses, and may speak http.
    pub webhook_hosts: Vec<String>,
    /// Where claims come from, beside offers.
    pub claims: Sources,
    /// What is issued.
    pub credential_types: Vec<CredentialConfiguration>,
    /// Signs requests.
    pub verifier_key: Arc<ServiceKey>,
    /// How the verifier asks.
    pub asking: Asking,
    /// Whose credentials are accepted: DER.
    pub anchors: Vec<Vec<u8>>,
    /// Whose credentials are accepted, too.
    pub trusted_dids: Vec<Did>,
    /// JSON-LD contexts that are known.
    pub contexts: Contexts,
    /// The file with the revocation list of the authority for mobile documents.
    pub revocation_list: Option<PathBuf>,
    /// How credentials get a status; `None`: they have none.
    pub status: Option<StatusPolicy>,
    /// What becomes of a presented credential whose status list can't be fetched.
    pub undetermined: Undetermined,
    /// Whether the verifier looks the keys of holders up at `did:web`, too.
    pub holder_dids_over_http: bool,
    /// Seals codes, tokens and nonces.
    pub sealer: Sealer,
    /// The file that it was read from.
    pub file: PathBuf,
}

#[cfg(test)]
mod tests;
