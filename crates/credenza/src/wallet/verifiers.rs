//! Verifiers that a wallet knows by more than certificates and DIDs, and the names of queries that it knows.

use std::sync::Arc;

use credenza_core::Http;
use credenza_crypto::JwkSet;
use credenza_query::DcqlQuery;
use credenza_trust::federation::Federation;
use credenza_trust::{PinnedKeys, Purpose};
use credenza_vp::wallet::{RegisteredVerifier, WalletBuilder};

/// Whom a wallet believes about verifiers (OID4VP 1.0 §5.9.3), and which scopes stand for a query (§5.5).
#[derive(Debug, Clone, Default)]
pub struct KnownVerifiers {
    /// Who may attest verifiers (`verifier_attestation`), with their keys.
    pub attesters: Vec<(String, JwkSet)>,
    /// Trust anchors of federations whose verifiers may ask (`openid_federation`), with their keys.
    pub anchors: Vec<(String, JwkSet)>,
    /// Verifiers that are known by name.
    pub registered: Vec<RegisteredVerifier>,
    /// Scopes, and the queries that they stand for.
    pub scopes: Vec<(String, DcqlQuery)>,
}

impl KnownVerifiers {
    /// Has a wallet know them. Federations are asked over `http`.
    pub(super) fn apply(self, wallet: WalletBuilder, http: &Arc<dyn Http>) -> WalletBuilder {
        let attesters = self
            .attesters
            .into_iter()
            .fold(PinnedKeys::new(), |known, (name, keys)| known.with(name, keys, &[Purpose::Verifier]));
        let mut wallet = wallet.verifier_attesters(Arc::new(attesters));
        if !self.anchors.is_empty() {
            let federation = Federation::new(Arc::clone(http));
            let anchored =
                self.anchors.into_iter().fold(federation, |known, (name, keys)| known.anchor(name, keys));
            wallet = wallet.federation(anchored);
        }
        let wallet = self.registered.into_iter().fold(wallet, WalletBuilder::registered);
        self.scopes.into_iter().fold(wallet, |wallet, (name, query)| wallet.scope(name, query))
    }
}
