//! Notifications: what became of a credential in the wallet (§11.1).

use credenza_core::json;
use credenza_oauth::error::is_allowed;
use serde::{Deserialize, Serialize};

/// No description is longer, in bytes.
pub const MAX_DESCRIPTION: usize = 1024;

/// What became of the credentials of one response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationEvent {
    /// They are stored.
    CredentialAccepted,
    /// They could not be stored, or not all of them.
    CredentialFailure,
    /// The user did not want them.
    CredentialDeleted,
}

impl NotificationEvent {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CredentialAccepted => "credential_accepted",
            Self::CredentialFailure => "credential_failure",
            Self::CredentialDeleted => "credential_deleted",
        }
    }
}

/// What the wallet tells. Unknown members are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationRequest {
    /// Which response it is about.
    pub notification_id: String,
    /// What became of it.
    pub event: NotificationEvent,
    /// For the issuer's developer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_description: Option<String>,
}

/// A notification that could not be read: `invalid_notification_request`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidNotification(pub &'static str);

impl NotificationRequest {
    /// Reads the JSON of a notification.
    ///
    /// # Errors
    /// See [`InvalidNotification`].
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidNotification> {
        let request: Self = json::object_from_slice(bytes)
            .map_err(|_| InvalidNotification("a member is missing, repeated or has no accepted value"))?;
        let description = request.event_description.as_deref().unwrap_or_default();
        if description.len() > MAX_DESCRIPTION || !is_allowed(description) {
            return Err(InvalidNotification(
                "event_description is too long or has characters it must not have",
            ));
        }
        Ok(request)
    }
}
