//! All sessions, a page after the other.

use credenza_core::StoreError;

use super::records::KIND;
use super::session::Session;
use super::{Issuer, SessionView};

impl Issuer {
    /// Up to `limit` sessions in the order of their ids, which is none in time, from the one after `after` on. A session
    /// of another issuer in the same store is a place without a view, so that who pages knows where to go on.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn sessions(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Option<SessionView>)>, StoreError> {
        let now = self.clock.now();
        let found = self.store.list(KIND, after, limit).await?;
        let view = |id: &str, value: &[u8]| {
            let session: Session = serde_json::from_slice(value).ok()?;
            (session.issuer == self.identifier).then(|| session.view(id, now))
        };
        Ok(found
            .into_iter()
            .map(|(id, record)| {
                let view = view(&id, &record.value);
                (id, view)
            })
            .collect())
    }
}
