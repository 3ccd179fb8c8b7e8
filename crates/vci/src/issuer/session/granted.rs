//! A grant that has become a token: what it is good for, and what was issued by it.

use credenza_core::UnixTime;
use serde::{Deserialize, Serialize};

use super::Promise;
use crate::issuer::view::SessionState;
use crate::messages::NotificationEvent;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::issuer) struct Granted {
    pub(in crate::issuer) grant: Grant,
    pub(in crate::issuer) responses: Vec<Response>,
    /// The number of responses at the last refresh: what was fetched before does not count against the new token.
    #[serde(default)]
    pub(in crate::issuer) fresh: usize,
    /// Credentials that were promised.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::issuer) promises: Vec<Promise>,
}

/// What the token is good for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::issuer) struct Grant {
    /// The data sets, by their numbers.
    pub(in crate::issuer) datasets: Vec<usize>,
    /// Whether the wallet was told their identifiers, and must use them.
    pub(in crate::issuer) by_identifier: bool,
    pub(in crate::issuer) client_id: Option<String>,
    pub(in crate::issuer) jkt: Option<String>,
    pub(in crate::issuer) token_ends: UnixTime,
    /// The thumbprint of the attested key of the wallet instance, when it was known by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::issuer) instance: Option<String>,
    /// The authorization code that it was made of, to know that one again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::issuer) code: Option<String>,
    /// The thumbprint of the one key that credentials may be bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::issuer) holder_key: Option<String>,
    /// How it can be renewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::issuer) refresh: Option<Refresh>,
}

/// The refresh token that is good now. Each use makes the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::issuer) struct Refresh {
    /// Its number, from 0.
    pub(in crate::issuer) generation: u32,
    /// When it was given out.
    pub(in crate::issuer) since: UnixTime,
    /// When the grant ends, however often it was renewed.
    pub(in crate::issuer) ends: UnixTime,
}

/// One response with credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::issuer) struct Response {
    pub(in crate::issuer) dataset: usize,
    pub(in crate::issuer) at: UnixTime,
    pub(in crate::issuer) copies: u32,
    pub(in crate::issuer) notification: Option<NotificationEvent>,
}

impl Granted {
    pub(super) const fn new(grant: Grant) -> Self {
        Self { grant, responses: Vec::new(), fresh: 0, promises: Vec::new() }
    }

    pub(super) fn responses_for(&self, dataset: usize) -> impl Iterator<Item = &Response> {
        self.responses.iter().filter(move |response| response.dataset == dataset)
    }

    /// The last response for each data set decides.
    pub(super) fn standing(&self, now: UnixTime) -> SessionState {
        let last: Vec<Option<&Response>> =
            self.grant.datasets.iter().map(|dataset| self.responses_for(*dataset).last()).collect();
        let told =
            |event| move |response: &&Option<&Response>| response.is_some_and(|it| it.notification == event);
        if self.failure().is_some() {
            SessionState::Failed
        } else if self.waits(now) {
            SessionState::Deferred
        } else if last.iter().all(|response| told(Some(NotificationEvent::CredentialAccepted))(&response)) {
            SessionState::Acknowledged
        } else if last.iter().all(Option::is_some) {
            SessionState::Issued
        } else if now >= self.grant.token_ends {
            SessionState::Expired
        } else if last.iter().any(Option::is_some) {
            SessionState::Issuing
        } else {
            SessionState::Authorized
        }
    }

    pub(super) fn failure(&self) -> Option<String> {
        let last = self.grant.datasets.iter().filter_map(|dataset| self.responses_for(*dataset).last());
        last.filter_map(|response| response.notification)
            .find(|event| *event != NotificationEvent::CredentialAccepted)
            .map(|event| format!("the wallet reports {}", event.name()))
            .or_else(|| self.broken())
    }
}
