//! What a request uses up: its DPoP proof, and the proof by which the client is known. Each is good once.

use credenza_core::{Report, Store, StoreError, Write};
use credenza_oauth::dpop::Proof;
use credenza_oauth::rules;

use super::ClientError;
use crate::issuer::access::replayed;

/// The writes that make the proofs of a request unusable.
#[derive(Default)]
pub(in crate::issuer) struct Spent(Vec<Write>);

/// Something was used before.
pub(in crate::issuer) enum Replayed {
    Dpop(Box<Report>),
    Client(ClientError),
    /// The store failed, so that nobody knows.
    Unavailable(StoreError),
}

impl Spent {
    pub(in crate::issuer) fn with(proof: Option<&Proof>) -> Self {
        Self(proof.map(Proof::spend).into_iter().collect())
    }

    pub(super) fn push(&mut self, write: impl IntoIterator<Item = Write>) {
        self.0.extend(write);
    }

    pub(in crate::issuer) fn writes(&self) -> impl Iterator<Item = Write> {
        self.0.iter().cloned()
    }

    /// Spends them by themselves, after a request that changed nothing else: nobody can try another one with them.
    pub(in crate::issuer) async fn alone(&self, store: &dyn Store) -> Result<(), Replayed> {
        if self.0.is_empty() {
            return Ok(());
        }
        store.commit(self.0.clone()).await.map_err(|error| match error {
            StoreError::Conflict(number) => self.replayed(number),
            error => Replayed::Unavailable(error),
        })
    }

    /// What the write with this number says when it can't be done.
    pub(in crate::issuer) fn replayed(&self, number: usize) -> Replayed {
        let rule = match self.0.get(number).map(|write| write.key().kind) {
            Some("client_attestation_pop") => &rules::ATTESTATION_REPLAY,
            Some("client_assertion") => &rules::ASSERTION_REPLAY,
            _ => return Replayed::Dpop(replayed()),
        };
        let mut report = Report::new("client authentication");
        report.fail(rule, "used before");
        Replayed::Client(ClientError::Refused(Box::new(report)))
    }
}
