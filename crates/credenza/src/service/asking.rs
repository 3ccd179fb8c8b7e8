//! How a service asks for presentations: by which names, with what about itself, and for how long.

use std::time::Duration;

use credenza_trust::federation::EntityConfiguration;
use credenza_vp::messages::VerifierInfo;
use credenza_vp::verifier::config::{LIFETIME, RETENTION};
use credenza_vp::verifier::{KnownWallet, RequestedPrefix, Verifier, VerifierBuilder, VerifierIdentity};
use serde_json::{Map, Value};
use url::Url;

/// The entity type of verifiers in a federation (OID4VP 1.0 §5.9.3).
const ENTITY_TYPE: &str = "openid_credential_verifier";

/// How the verifier of a service asks.
#[derive(Debug, Clone)]
pub struct Asking {
    /// What requests go by that ask for no other name.
    pub prefix: RequestedPrefix,
    /// Names beside those of the verifier's certificate.
    pub identities: Vec<VerifierIdentity>,
    /// The document of the `did:web` among them.
    pub did_document: Option<Value>,
    /// The entity of a federation among them, with what it says there beside what it can verify.
    pub entity: Option<Federated>,
    /// Attestations about the verifier that each request brings.
    pub info: Vec<VerifierInfo>,
    /// Where people may be sent after they have answered, beside the pages of the service itself.
    pub redirects: Vec<Url>,
    /// Origins of the websites that may show presentations.
    pub websites: Vec<String>,
    /// Wallets whose signed responses are understood, in earlier drafts.
    pub wallets: Vec<KnownWallet>,
    /// How long a request can be answered.
    pub lifetime: Duration,
    /// How long a presentation with its result is kept after that.
    pub retention: Duration,
}

/// A verifier in a federation.
#[derive(Debug, Clone)]
pub struct Federated {
    /// What it says about itself.
    pub configuration: EntityConfiguration,
    /// Its metadata as a verifier, without what it can verify.
    pub metadata: Map<String, Value>,
}

impl Default for Asking {
    /// By the hash of the certificate, for five minutes, kept for an hour.
    fn default() -> Self {
        Self {
            prefix: RequestedPrefix::default(),
            identities: Vec::new(),
            did_document: None,
            entity: None,
            info: Vec::new(),
            redirects: Vec::new(),
            websites: Vec::new(),
            wallets: Vec::new(),
            lifetime: LIFETIME,
            retention: RETENTION,
        }
    }
}

impl Asking {
    /// Has a verifier ask so.
    pub(super) fn apply(&self, verifier: VerifierBuilder) -> VerifierBuilder {
        let verifier = self.identities.iter().cloned().fold(verifier, VerifierBuilder::identity);
        let verifier = self.wallets.iter().cloned().fold(verifier, VerifierBuilder::known_wallet);
        verifier
            .default_prefix(self.prefix)
            .verifier_info(self.info.iter().cloned())
            .allow_redirects(self.redirects.iter().cloned())
            .lifetime(self.lifetime)
            .retention(self.retention)
    }
}

impl Federated {
    /// What the entity says about itself, with what the verifier can verify.
    pub(super) fn describe(self, verifier: &Verifier) -> EntityConfiguration {
        let mut metadata = self.metadata;
        metadata.insert("vp_formats_supported".to_owned(), verifier.formats_supported().into());
        self.configuration.metadata(ENTITY_TYPE, metadata)
    }
}
