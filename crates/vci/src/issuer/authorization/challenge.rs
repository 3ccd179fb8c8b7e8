//! The challenge endpoint (client attestation §6.1).

use credenza_core::UnixTime;
use credenza_oauth::Reply;
use credenza_oauth::client_attestation::ChallengeResponse;

use crate::issuer::Issuer;

impl Issuer {
    /// The challenge endpoint: a fresh challenge for proofs of possession, and nothing is stored. `None` where no
    /// attestations are accepted.
    #[must_use]
    pub fn attestation_challenge(&self) -> Option<Reply<ChallengeResponse>> {
        let attestation_challenge = self.fresh_challenge(self.clock.now())?;
        Some(Reply::ok(ChallengeResponse { attestation_challenge }))
    }

    pub(super) fn fresh_challenge(&self, now: UnixTime) -> Option<String> {
        Some(self.authorization.challenges.as_ref()?.give(&*self.random, now))
    }
}
