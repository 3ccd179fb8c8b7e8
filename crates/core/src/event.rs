//! Events: what happened to a session, told to whoever listens.

use serde::{Deserialize, Serialize};

use crate::UnixTime;

/// One thing that happened to an offer or a presentation. It carries no personal data and no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Number within the session, from 1, without gaps.
    pub sequence: u32,
    /// When it happened.
    pub at: UnixTime,
    /// What happened, from the role's fixed vocabulary (`offer.created`, `presentation.verified`).
    #[serde(rename = "type")]
    pub kind: String,
    /// Why, where there is a reason: the wire code or the check that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Port: where a role tells what happened. Called after the change is stored; must return at once.
pub trait EventSink: Send + Sync {
    /// Takes one event of the session `session`.
    fn emit(&self, session: &str, event: &Event);
}

/// A sink that listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoEvents;

impl EventSink for NoEvents {
    fn emit(&self, _session: &str, _event: &Event) {}
}
