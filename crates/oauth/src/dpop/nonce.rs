//! Nonces that a server gives out for DPoP proofs (RFC 9449 §8, §9): sealed, so that none is stored.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Random, Sealer, UnixTime};

/// Which server a nonce is for. One of the two does not accept the other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// The authorization server (§8).
    Authorization,
    /// The resource server (§9).
    Resource,
}

/// Gives nonces out and knows them again, for one server.
#[derive(Debug, Clone)]
pub struct Nonces {
    sealer: Arc<Sealer>,
    server: Server,
    audience: Arc<str>,
    lifetime: Duration,
}

impl Nonces {
    /// Nonces of the server with the identifier `audience`, each good for `lifetime`. A client is given a new one
    /// with every answer, so that the lifetime is also the time for which old and new ones overlap.
    #[must_use]
    pub fn new(
        sealer: Arc<Sealer>,
        server: Server,
        audience: impl Into<Arc<str>>,
        lifetime: Duration,
    ) -> Self {
        Self { sealer, server, audience: audience.into(), lifetime }
    }

    /// A fresh nonce.
    #[must_use]
    pub fn give(&self, random: &dyn Random, now: UnixTime) -> String {
        self.sealer.seal(random, self.purpose(), now + self.lifetime, &self.tag())
    }

    /// Whether the nonce is one of ours and young enough.
    #[must_use]
    pub fn knows(&self, now: UnixTime, nonce: &str) -> bool {
        self.sealer.open(self.purpose(), now, nonce).is_ok_and(|content| content == self.tag())
    }

    const fn purpose(&self) -> &'static str {
        match self.server {
            Server::Authorization => "dpop_nonce.authorization_server",
            Server::Resource => "dpop_nonce.resource_server",
        }
    }

    /// Tells tenants apart that share a key ring.
    fn tag(&self) -> [u8; 8] {
        let [a, b, c, d, e, f, g, h, ..] = credenza_crypto::hash::sha256(self.audience.as_bytes());
        [a, b, c, d, e, f, g, h]
    }
}
