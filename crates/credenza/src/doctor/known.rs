//! What the operator knows about a deployment, from its configuration.

use std::net::SocketAddr;
use std::sync::Arc;

use credenza_crypto::Signer;
use credenza_trust::did::Did;
use credenza_vci::issuer::CredentialConfiguration;

use crate::config::Settings;

/// What should be found.
pub struct Known {
    /// Where the service listens.
    pub listen: SocketAddr,
    /// Where its admin plane listens, when that is apart.
    pub admin: Option<SocketAddr>,
    /// Whether it does TLS itself.
    pub own_tls: bool,
    /// Whether HAIP 1.0 is demanded.
    pub haip: bool,
    /// Signs credentials.
    pub issuer: Arc<dyn Signer>,
    /// Signs mobile documents.
    pub document_signer: Option<Arc<dyn Signer>>,
    /// Signs requests.
    pub verifier: Arc<dyn Signer>,
    /// Whose credentials are accepted: DER.
    pub anchors: Vec<Vec<u8>>,
    /// Whose credentials are accepted, too.
    pub dids: Vec<Did>,
    /// What is issued.
    pub types: Vec<CredentialConfiguration>,
    /// Whether credentials have a status.
    pub status: bool,
}

impl From<Settings> for Known {
    fn from(settings: Settings) -> Self {
        Self {
            listen: settings.listen,
            admin: settings.admin.listen,
            own_tls: settings.tls.is_some(),
            haip: settings.haip,
            issuer: Arc::new(settings.issuer_key),
            document_signer: settings.document_signer.map(|signer| Arc::new(signer) as _),
            verifier: settings.verifier_key,
            anchors: settings.anchors,
            dids: settings.trusted_dids,
            types: settings.credential_types,
            status: settings.status.is_some(),
        }
    }
}

impl std::fmt::Debug for Known {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Known({})", self.listen)
    }
}
