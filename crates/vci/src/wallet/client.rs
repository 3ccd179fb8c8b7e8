//! Who the wallet is to an authorization server.

use std::sync::Arc;

use credenza_core::{Answer, Secret};
use credenza_crypto::{SignError, Signer};
use credenza_oauth::{AuthorizationServerMetadata, client_assertion, client_attestation};

/// Who the wallet is to an authorization server, and how it shows that.
#[derive(Clone, Default)]
pub enum Client {
    /// Nobody in particular. Enough for a pre-authorized code where the server serves anonymous wallets.
    #[default]
    Anonymous,
    /// A name that anybody can say.
    Public {
        /// Its `client_id`.
        client_id: String,
    },
    /// A name and a registered key (`private_key_jwt`).
    PrivateKey {
        /// Its `client_id`.
        client_id: String,
        /// Signs the assertions.
        signer: Arc<dyn Signer>,
    },
    /// A name that the wallet provider vouches for (attestation-based client authentication). To a server that does
    /// not know that method the wallet is a public client, and shows no attestation.
    Attested {
        /// Its `client_id`, which all instances of this wallet share.
        client_id: String,
        /// This instance.
        instance: Arc<dyn WalletInstance>,
    },
}

/// What the wallet provider says of this instance of its wallet.
pub struct Attested {
    /// The attestation: a JWT whose `cnf` is the key.
    pub attestation: Secret,
    /// The key.
    pub key: Arc<dyn Signer>,
}

impl std::fmt::Debug for Attested {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Attested")
    }
}

/// Port: gets attestations of this instance from the wallet provider.
pub trait WalletInstance: Send + Sync {
    /// An attestation that is good now, with its key: the same for one server, another for each other one, so that
    /// servers can't compare notes (attestation-based client authentication, draft 10 §10.1).
    fn attested<'a>(&'a self, server: &'a str) -> Answer<'a, Result<Attested, SignError>>;
}

/// How the wallet authenticates to one server.
pub(super) enum Method<'a> {
    None,
    Assertion(&'a dyn Signer),
    Attestation(&'a dyn WalletInstance),
}

impl Client {
    /// Its `client_id`.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Anonymous => None,
            Self::Public { client_id }
            | Self::PrivateKey { client_id, .. }
            | Self::Attested { client_id, .. } => Some(client_id),
        }
    }

    /// How to authenticate to this server.
    pub(super) fn method(&self, server: &AuthorizationServerMetadata) -> Method<'_> {
        let methods = &server.token_endpoint_auth_methods_supported;
        let knows = |name: &str| methods.iter().any(|method| method == name);
        match self {
            Self::PrivateKey { signer, .. } if knows(client_assertion::METHOD) => {
                Method::Assertion(&**signer)
            }
            Self::Attested { instance, .. } if knows(client_attestation::METHOD) => {
                Method::Attestation(&**instance)
            }
            _ => Method::None,
        }
    }
}

/// The name, and nothing secret.
impl std::fmt::Debug for Client {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let how = match self {
            Self::Anonymous => "Anonymous",
            Self::Public { .. } => "Public",
            Self::PrivateKey { .. } => "PrivateKey",
            Self::Attested { .. } => "Attested",
        };
        write!(out, "{how}({})", self.id().unwrap_or_default())
    }
}
