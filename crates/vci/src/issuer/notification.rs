//! The notification endpoint (§11).
//!
//! The first word about a response counts. The same word again is a success (§11); `credential_deleted` may follow
//! `credential_accepted`, since people throw away what they have stored; every other second word is refused.

use credenza_core::{StoreError, UnixTime};
use credenza_oauth::Reply;
use http::HeaderMap;

use super::access::{Access, replayed, spend};
use super::offers::too_many_races;
use super::records::{Loaded, MAX_RACES};
use super::seals::Purpose;
use super::session::{Effect, Happening, Refusal};
use super::{AccessError, Issuer, NotificationError, media_type};
use crate::messages::NotificationRequest;

impl Issuer {
    /// The notification endpoint (§11): the headers and the JSON of a POST.
    ///
    /// # Errors
    /// See [`NotificationError`].
    pub async fn notification(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Reply<()>, NotificationError> {
        let now = self.clock.now();
        let access = self.access(headers, &self.endpoints.notification, now).await?;
        match self.take_note(&access, headers, body, now).await {
            Ok(()) => Ok(Reply::no_content().with_dpop_nonce(self.resource_nonce(now))),
            Err(error) => match spend(&*self.store, access.proof.as_ref()).await {
                Err(StoreError::Conflict(_)) => Err(AccessError::InvalidDpopProof(replayed()).into()),
                _ => Err(error),
            },
        }
    }

    async fn take_note(
        &self,
        access: &Access,
        headers: &HeaderMap,
        body: &[u8],
        now: UnixTime,
    ) -> Result<(), NotificationError> {
        if media_type(headers).as_deref() != Some("application/json") {
            return Err(NotificationError::InvalidRequest("the body must be application/json"));
        }
        let request =
            NotificationRequest::parse(body).map_err(|error| NotificationError::InvalidRequest(error.0))?;
        let about = self
            .seals
            .open_text(Purpose::NotificationId, now, &request.notification_id)
            .map_err(|_| NotificationError::InvalidId)?;
        let (response, id) = about.split_once(' ').ok_or(NotificationError::InvalidId)?;
        let response: usize = response.parse().map_err(|_| NotificationError::InvalidId)?;
        if id != access.token.session {
            return Err(NotificationError::InvalidId);
        }
        let happening = Happening::Notified { response, event: request.event };
        for _ in 0..MAX_RACES {
            let loaded = self.load(id).await.map_err(NotificationError::Unavailable)?;
            let Loaded { session, version } = loaded.ok_or(AccessError::InvalidToken)?;
            let known = session.events.len();
            let (session, effect) = session.on(happening.clone(), now).map_err(|refusal| match refusal {
                Refusal::Contradiction => {
                    NotificationError::InvalidRequest("this contradicts an earlier notification")
                }
                Refusal::NoResponse => NotificationError::InvalidId,
                _ => NotificationError::Access(AccessError::InvalidToken),
            })?;
            let mut writes = Vec::new();
            if effect == Effect::Store {
                writes.push(self.replace(id, version, &session).map_err(NotificationError::Unavailable)?);
            }
            let sessions = writes.len();
            writes.extend(access.spend());
            writes.extend(self.outbox(id, &session, known));
            match self.store.commit(writes).await {
                Ok(()) => {
                    self.tell(id, &session, known);
                    return Ok(());
                }
                Err(StoreError::Conflict(number)) if number < sessions => {}
                Err(StoreError::Conflict(_)) => return Err(AccessError::InvalidDpopProof(replayed()).into()),
                Err(error) => return Err(NotificationError::Unavailable(error)),
            }
        }
        Err(NotificationError::Unavailable(too_many_races()))
    }
}
