//! Challenges for proofs of possession (draft 10 §6): sealed, so that none is stored.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Random, Sealer, UnixTime};
use credenza_crypto::hash::sha256;
use serde::{Deserialize, Serialize};

const PURPOSE: &str = "client_attestation_challenge";

/// What the challenge endpoint answers (§6.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChallengeResponse {
    /// To be put into the next proof of possession.
    pub attestation_challenge: String,
}

/// Gives challenges out and knows them again, for one authorization server.
#[derive(Debug, Clone)]
pub struct Challenges {
    sealer: Arc<Sealer>,
    tag: [u8; 32],
    lifetime: Duration,
}

impl Challenges {
    /// Challenges of the server with the identifier `issuer`, each good for `lifetime`.
    #[must_use]
    pub fn new(sealer: Arc<Sealer>, issuer: &str, lifetime: Duration) -> Self {
        Self { sealer, tag: sha256(issuer.as_bytes()), lifetime }
    }

    /// A fresh challenge.
    #[must_use]
    pub fn give(&self, random: &dyn Random, now: UnixTime) -> String {
        self.sealer.seal(random, PURPOSE, now + self.lifetime, self.mark())
    }

    /// Whether the challenge is one of ours and young enough.
    #[must_use]
    pub fn knows(&self, now: UnixTime, challenge: &str) -> bool {
        self.sealer.open(PURPOSE, now, challenge).is_ok_and(|content| content == self.mark())
    }

    /// Eight bytes tell tenants apart that share a key ring.
    fn mark(&self) -> &[u8] {
        self.tag.split_at_checked(8).map_or(&self.tag, |(mark, _)| mark)
    }
}
