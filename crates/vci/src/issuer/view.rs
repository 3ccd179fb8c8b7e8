//! What a session looks like from outside: for a REST answer or a page. No secret and no claim is in it.

use credenza_core::{Event, UnixTime};
use serde::{Deserialize, Serialize};

use crate::messages::NotificationEvent;

/// A session, as the issuer's own people may see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SessionView {
    /// Its identifier.
    pub id: String,
    /// Where it stands.
    pub state: SessionState,
    /// What the creator of the offer calls it (`correlation_id` in JSON, as for a presentation).
    #[serde(rename = "correlation_id", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// When the offer was made.
    pub created_at: UnixTime,
    /// When the offer, or later the access token, ends.
    pub expires_at: UnixTime,
    /// The transaction code, when one is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tx_code: Option<TxCodeView>,
    /// Whether the access token is bound to a key of the wallet (DPoP); `None` before there is a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_constrained: Option<bool>,
    /// The credentials of the offer, in its order.
    pub credentials: Vec<CredentialView>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// What happened, oldest first. Types: `offer.created`, `offer.retrieved`, `offer.approved` and `offer.denied`
    /// (by the user), `offer.authorized`, `offer.cancelled`, `offer.failed` (too many wrong transaction codes),
    /// `tx_code.wrong`, `token.refreshed`, `grant.revoked` (a code or a refresh token was used twice), `credential.issued`,
    /// `credential.deferred` (promised for later), `deferred.ready`, `deferred.failed`,
    /// `credential.accepted`, `credential.failed`, `credential.deleted` (what the wallet reports), `request.refused`
    /// (its reason is the check or the error code).
    pub events: Vec<Event>,
}

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// The offer was made.
    Created,
    /// A wallet has fetched it.
    Retrieved,
    /// Somebody has signed in and agreed; the wallet has yet to redeem the code.
    Approved,
    /// A wallet has redeemed the code.
    Authorized,
    /// A credential was promised and is not issued yet.
    Deferred,
    /// Some of the credentials were issued.
    Issuing,
    /// All were issued.
    Issued,
    /// The wallet says that it has stored them all.
    Acknowledged,
    /// It came to a bad end.
    Failed,
    /// Nobody came in time.
    Expired,
    /// It was called off.
    Cancelled,
}

impl SessionState {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Retrieved => "retrieved",
            Self::Approved => "approved",
            Self::Authorized => "authorized",
            Self::Deferred => "deferred",
            Self::Issuing => "issuing",
            Self::Issued => "issued",
            Self::Acknowledged => "acknowledged",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How the transaction code fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TxCodeView {
    /// Wrong ones so far.
    pub wrong: u32,
    /// How many may be wrong before the offer dies.
    pub allowed: u32,
}

/// One credential of an offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CredentialView {
    /// Its configuration.
    pub configuration_id: String,
    /// The name of its data set.
    pub identifier: String,
    /// The responses in which it was issued.
    pub issued: Vec<IssuedView>,
    /// The times that it was promised for later.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deferred: Vec<DeferredView>,
}

/// A credential that was promised for later (§9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeferredView {
    /// Its name for [`Issuer::complete_deferred`](super::Issuer::complete_deferred) and
    /// [`Issuer::fail_deferred`](super::Issuer::fail_deferred).
    pub id: String,
    /// When it was promised.
    pub at: UnixTime,
    /// How many copies.
    pub copies: u32,
    /// Where it stands.
    pub state: DeferredState,
    /// Until when the wallet can fetch it.
    pub expires_at: UnixTime,
}

/// Where a promise stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeferredState {
    /// The wallet is told to ask again.
    Pending,
    /// The wallet gets it when it asks next.
    Ready,
    /// The wallet has it.
    Issued,
    /// The wallet is told that it will never come.
    Failed,
    /// It can't be fetched any more.
    Expired,
}

/// One response in which a credential was issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssuedView {
    /// When.
    pub at: UnixTime,
    /// How many copies.
    pub copies: u32,
    /// What the wallet told about it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notification: Option<NotificationEvent>,
}
