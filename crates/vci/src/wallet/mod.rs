//! The wallet's side: from an offer to credentials that were checked.
//!
//! An offer that was opened is [`Opened::NeedsTxCode`], [`Opened::NeedsAuthorization`] or [`Opened::Ready`]; only the
//! last can be accepted, so that no request without a transaction code is ever sent where one is needed, nor one for
//! which nobody has signed in.

mod authorize;
mod check;
mod client;
mod deferred;
mod discover;
mod dpop_key;
mod encryption;
mod error;
mod fetch;
mod interact;
mod keys;
mod opened;
mod policy;
mod proof_key;
mod proofs;
mod receipt;
mod renewal;
mod server;
mod session;
mod signed_metadata;
mod transport;
mod wanted;

use std::sync::Arc;

use credenza_core::{Clock, Http, Random, SystemClock, SystemRandom};
use credenza_formats::w3c::data_integrity::Contexts;
use credenza_trust::Trust;

pub use authorize::{Authorizing, NeedsAuthorization};
pub use client::{Attested, Client, WalletInstance};
pub use deferred::{PendingCredential, Polled};
pub use error::{Step, WalletError};
pub use interact::{InWeb, Interacted, Presenting};
pub use keys::HolderKeys;
pub use opened::{NeedsTxCode, OfferedSummary, Opened, Ready, Received, Summary};
pub use policy::{DpopUse, EncryptionUse, Policy, SignedMetadataUse};
pub use receipt::Receipt;
pub use renewal::{Refreshed, Renewal};

/// A wallet. Cheap to clone.
#[derive(Clone)]
pub struct Wallet {
    parts: Arc<Parts>,
}

#[derive(Clone)]
struct Parts {
    http: Arc<dyn Http>,
    keys: Arc<dyn HolderKeys>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    trust: Option<Arc<dyn Trust>>,
    contexts: Contexts,
    client: Client,
    policy: Policy,
}

impl Wallet {
    /// A wallet that talks through `http` and keeps its keys in `keys`. It trusts every issuer until
    /// [`Wallet::with_trust`] says whom to trust, and says so in its reports.
    #[must_use]
    pub fn new(http: Arc<dyn Http>, keys: Arc<dyn HolderKeys>) -> Self {
        let parts = Parts {
            http,
            keys,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            trust: None,
            contexts: Contexts::bundled(),
            client: Client::default(),
            policy: Policy::default(),
        };
        Self { parts: Arc::new(parts) }
    }

    /// The same wallet with this policy.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        self.with(|parts| parts.policy = policy)
    }

    /// The same wallet, being this client to authorization servers. An authorization code needs a name.
    #[must_use]
    pub fn with_client(self, client: Client) -> Self {
        self.with(|parts| parts.client = client)
    }

    /// The same wallet, accepting only credentials of issuers that are trusted.
    #[must_use]
    pub fn with_trust(self, trust: Arc<dyn Trust>) -> Self {
        self.with(|parts| parts.trust = Some(trust))
    }

    /// The same wallet, knowing these JSON-LD contexts: a credential with an embedded proof that uses others is refused.
    #[must_use]
    pub fn with_contexts(self, contexts: Contexts) -> Self {
        self.with(|parts| parts.contexts = contexts)
    }

    /// The same wallet with its keys elsewhere.
    #[must_use]
    pub fn with_keys(self, keys: Arc<dyn HolderKeys>) -> Self {
        self.with(|parts| parts.keys = keys)
    }

    /// The same wallet with another clock.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        self.with(|parts| parts.clock = clock)
    }

    /// The same wallet with another source of randomness.
    #[must_use]
    pub fn with_random(self, random: Arc<dyn Random>) -> Self {
        self.with(|parts| parts.random = random)
    }

    fn with(self, change: impl FnOnce(&mut Parts)) -> Self {
        let mut parts = Arc::unwrap_or_clone(self.parts);
        change(&mut parts);
        Self { parts: Arc::new(parts) }
    }
}

impl std::fmt::Debug for Wallet {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Wallet")
    }
}
