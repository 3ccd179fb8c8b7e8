//! The life of a request: one enum, and the steps that lead from one state to the next.

use credenza_core::{Event, UnixTime};
use serde::{Deserialize, Serialize};

use crate::messages::WalletError;

/// How a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Made; no wallet has fetched it.
    Created,
    /// A wallet has fetched it.
    Retrieved,
    /// Answered, and everything was verified.
    Verified,
    /// Answered by a holder with a trusted credential, and not with what was asked for.
    Rejected,
    /// The wallet said no. A right answer can still come.
    Failed,
    /// Not answered in time.
    Expired,
    /// Ended by the verifier.
    Cancelled,
}

/// A session, as its owner may see it.
#[derive(Debug, Clone, Serialize)]
pub struct SessionView {
    /// The session's id.
    pub id: String,
    /// How it stands.
    pub status: Status,
    /// When it began.
    pub created_at: UnixTime,
    /// From then on it can't be answered.
    pub expires_at: UnixTime,
    /// The caller's own name for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// What the wallet said, when it said no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wallet_error: Option<WalletError>,
    /// The first check that failed in the last answer that was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// Whether the result is only handed out against a response code.
    pub needs_response_code: bool,
    /// What happened, at most [`MAX_EVENTS`].
    pub events: Vec<Event>,
}

/// So many events are kept; the last place is for the end.
pub const MAX_EVENTS: usize = 24;
