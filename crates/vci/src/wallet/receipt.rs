//! Telling the issuer what became of its credentials (§11).

use url::Url;

use super::session::Session;
use super::transport::refusal;
use super::{Step, WalletError};
use crate::messages::{NotificationEvent, NotificationRequest};

/// Tells the issuer what became of the credentials. It is consumed by telling: one word about each response.
#[must_use = "the issuer wants to know"]
pub struct Receipt {
    pending: Option<Pending>,
}

pub(super) struct Pending {
    pub(super) session: Session,
    pub(super) endpoint: Url,
    pub(super) notification_ids: Vec<String>,
}

impl Receipt {
    pub(super) fn new(pending: Option<Pending>) -> Self {
        Self { pending }
    }

    /// The credentials are stored.
    ///
    /// # Errors
    /// The issuer could not be told; the credentials are good all the same.
    pub async fn accepted(self) -> Result<(), WalletError> {
        self.tell(NotificationEvent::CredentialAccepted).await
    }

    /// The holder did not want them.
    ///
    /// # Errors
    /// The issuer could not be told.
    pub async fn deleted(self) -> Result<(), WalletError> {
        self.tell(NotificationEvent::CredentialDeleted).await
    }

    /// They could not be stored, or not all of them.
    ///
    /// # Errors
    /// The issuer could not be told.
    pub async fn failed(self) -> Result<(), WalletError> {
        self.tell(NotificationEvent::CredentialFailure).await
    }

    async fn tell(self, event: NotificationEvent) -> Result<(), WalletError> {
        let Some(mut pending) = self.pending else { return Ok(()) };
        let mut result = Ok(());
        for notification_id in &pending.notification_ids {
            let told = tell(&mut pending.session, &pending.endpoint, notification_id, event).await;
            result = result.and(told);
        }
        result
    }
}

impl std::fmt::Debug for Receipt {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let waiting = self.pending.as_ref().map_or(0, |pending| pending.notification_ids.len());
        write!(out, "Receipt({waiting} to tell)")
    }
}

pub(super) async fn tell(
    session: &mut Session,
    endpoint: &Url,
    notification_id: &str,
    event: NotificationEvent,
) -> Result<(), WalletError> {
    let request =
        NotificationRequest { notification_id: notification_id.to_owned(), event, event_description: None };
    let body = serde_json::to_vec(&request).unwrap_or_default();
    let response = session.post(Step::Notification, endpoint, body).await?;
    if response.status().is_success() { Ok(()) } else { Err(refusal(Step::Notification, &response)) }
}
