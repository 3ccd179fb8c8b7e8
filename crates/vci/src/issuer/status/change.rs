//! Changes of a credential's state: durable before they are acknowledged, and final where they must be.

use credenza_core::{RecordWrite, StoreError};
use credenza_formats::status_list::StatusBits;

use super::chunks::Unwritten;
use super::credential::key;
use super::{CredentialRecord, CredentialState, MAX_RACES, StatusLists, too_many_races, written};

/// Why a state was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// There is no such credential.
    #[error("there is no such credential")]
    NotFound,
    /// It is revoked, for good.
    #[error("the credential is revoked, and that is final")]
    Final,
    /// Its list has no value for this state.
    #[error("the list of this credential has {} bit(s) for a status: it can't be suspended", .0.number())]
    TooFewBits(StatusBits),
    /// The store. Nothing is known about the change.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Unwritten> for ChangeError {
    fn from(error: Unwritten) -> Self {
        match error {
            Unwritten::TooWide(bits) => Self::TooFewBits(bits),
            Unwritten::Store(error) => Self::Store(error),
        }
    }
}

impl StatusLists {
    /// Gives a credential a state. The register and the statuses of all its copies change in one commit, which is
    /// durable when this answers; asked for the state that it has already, it changes nothing.
    ///
    /// # Errors
    /// See [`ChangeError`].
    pub async fn change(&self, id: &str, state: CredentialState) -> Result<CredentialRecord, ChangeError> {
        self.change_and(id, state, |_, _| Ok(Vec::new())).await
    }

    /// The same, with more writes in the commit of the change: they are made from the credential as it then is, and the
    /// number of the change. None of them may be in conflict with what is there.
    ///
    /// # Errors
    /// See [`ChangeError`].
    pub async fn change_and(
        &self,
        id: &str,
        state: CredentialState,
        more: impl Fn(&CredentialRecord, u64) -> Result<Vec<RecordWrite>, StoreError> + Send + Sync,
    ) -> Result<CredentialRecord, ChangeError> {
        for _ in 0..MAX_RACES {
            let (record, version) = self.load(id).await?.ok_or(ChangeError::NotFound)?;
            if record.state == state {
                return Ok(record);
            }
            if record.state == CredentialState::Revoked {
                return Err(ChangeError::Final);
            }
            let record = CredentialRecord { state, changed_at: Some(self.clock.now()), ..record };
            let value = written(&record)?;
            let mut writes = vec![RecordWrite::Replace { key: key(id), expected: version, value }];
            writes.extend(self.set(&record.places, state.status()).await?);
            writes.extend(more(&record, version)?);
            match self.records.commit(writes).await {
                Ok(()) => return Ok(record),
                // Somebody has changed the credential, or another one in the same chunk.
                Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(too_many_races().into())
    }
}
