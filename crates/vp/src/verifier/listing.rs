//! All sessions, a page after the other.

use credenza_core::StoreError;

use super::Verifier;
use super::session::SessionView;
use super::storage::KIND;

impl Verifier {
    /// Up to `limit` sessions in the order of their ids, which is none in time, from the one after `after` on. What can't
    /// be opened with the keys of this service is a place without a view, so that who pages knows where to go on.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn sessions(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Option<SessionView>)>, StoreError> {
        let now = self.now();
        let found = self.ports.store.list(KIND, after, limit).await?;
        Ok(found
            .into_iter()
            .map(|(id, record)| {
                let session = self.opened(&id, &record.value).ok().flatten();
                (id, session.map(|session| session.view(now)))
            })
            .collect())
    }
}
