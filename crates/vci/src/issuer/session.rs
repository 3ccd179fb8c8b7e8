//! The one record of an issuance: what was offered, where it stands, what happened.
//!
//! A session changes by [`Session::on`] alone: a total function from what it is and what happens to what it will be.
//! Whoever calls it stores the result under the version that was read, or starts over.

use std::collections::BTreeMap;

use credenza_core::{Event, UnixTime};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::configuration::Deferral;
use super::offer::OfferGrants;
use super::view::SessionState;
use crate::messages::{NotificationEvent, TxCode};

mod approved;
mod granted;
mod promise;
mod seen;
#[cfg(test)]
mod tests;

pub(super) use approved::Approved;
pub(super) use granted::{Grant, Granted, Refresh, Response};
pub(super) use promise::{BoundKey, Outcome, Promise, Withheld, parse_name};

/// How often one data set may be fetched with one token: answers get lost, wallets are restarted.
pub(super) const MAX_RESPONSES: usize = 4;

/// Refusals beyond this many events are not written down: a client that fails over and over must not grow the record.
const MAX_EVENTS_WITH_REFUSALS: usize = 40;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Session {
    /// The issuer whose session it is.
    pub(super) issuer: String,
    pub(super) reference: Option<String>,
    pub(super) created_at: UnixTime,
    /// When the offer and its code end.
    pub(super) offer_ends: UnixTime,
    pub(super) tx_code: Option<TxCodeLock>,
    /// By which grants the offer can be taken up.
    #[serde(default)]
    pub(super) grants: OfferGrants,
    /// Who it is for, once somebody has signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<String>,
    pub(super) datasets: Vec<Dataset>,
    pub(super) state: State,
    pub(super) events: Vec<Event>,
}

/// The transaction code that is expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TxCodeLock {
    /// What the wallet is told about it.
    pub(super) hint: TxCode,
    /// The hash of the code, sealed: the hash alone of four digits hides nothing.
    pub(super) sealed: String,
    /// How many may be wrong.
    pub(super) allowed: u32,
}

/// One credential of the offer.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Dataset {
    pub(super) configuration_id: String,
    pub(super) identifier: String,
    /// Whether it is issued at once.
    #[serde(default)]
    pub(super) deferral: Deferral,
    /// Gone as soon as nobody can fetch them any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) claims: Option<Map<String, Value>>,
}

impl std::fmt::Debug for Dataset {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Dataset({})", self.identifier)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    /// The code is good.
    Offered { retrieved: bool, wrong_tx_codes: u32 },
    /// The user has agreed, and a code for that is on its way to the wallet.
    Approved(Box<Approved>),
    /// The code was redeemed, and a token is out.
    Granted(Granted),
    /// It is over.
    Closed { failure: Option<String>, granted: Option<Granted> },
}

/// What can happen to a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Happening {
    /// A wallet fetches the offer.
    Retrieved,
    /// A wrong transaction code.
    WrongTxCode,
    /// The right code, and the right transaction code where there is one.
    Redeemed(Grant),
    /// The user has signed in and agreed.
    Approved {
        /// What to, and by which code.
        approved: Box<Approved>,
        /// Who.
        subject: String,
        /// Claims about them, for data sets that have none yet, by configuration.
        claims: BTreeMap<String, Withheld>,
    },
    /// The user has said no; the offer is still there.
    Denied,
    /// The authorization code that this approval has led to.
    CodeRedeemed(Grant),
    /// A refresh token was used, and this follows it.
    Refreshed { token_ends: UnixTime, refresh: Refresh },
    /// Somebody has shown a code or a token that was used before: nothing that came of it is good any more.
    Revoked(&'static str),
    /// Copies of a credential go out.
    Issued { dataset: usize, copies: u32 },
    /// A credential is promised.
    Promised(Promise),
    /// What was promised is ready, with these claims where they are not in the data set.
    Ready { promise: usize, claims: Option<Box<Withheld>> },
    /// What was promised will never be issued, for this reason.
    Broken { promise: usize, reason: String },
    /// Copies of a credential that was promised go out.
    Kept { promise: usize, copies: u32 },
    /// The wallet tells what became of a response.
    Notified { response: usize, event: NotificationEvent },
    /// A request with the session's token was refused, for this reason.
    Refused(String),
    /// The issuer calls it off.
    Cancelled,
}

/// What is to be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing: it was so before.
    Nothing,
    /// Store the session.
    Store,
}

/// Why something can't happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The code was redeemed, has expired, or the session is over.
    NotOffered,
    /// There is no token for this session, or no more.
    NotGranted,
    /// The token is not good for this data set.
    NotCovered,
    /// Fetched too often.
    Exhausted,
    /// There is no such response.
    NoResponse,
    /// There is no such promise, or it was kept, broken or has expired.
    NoPromise,
    /// It contradicts what was told before.
    Contradiction,
    /// Credentials are out already.
    TooLate,
}

impl Session {
    /// Lets something happen.
    ///
    /// # Errors
    /// It can't, and nothing has changed.
    pub(super) fn on(mut self, happening: Happening, now: UnixTime) -> Result<(Self, Effect), Refusal> {
        let alive = now < self.offer_ends;
        let (state, kind, reason) = match (self.state.clone(), happening) {
            (State::Offered { retrieved: true, .. }, Happening::Retrieved) if alive => {
                return Ok((self, Effect::Nothing));
            }
            (State::Offered { wrong_tx_codes, .. }, Happening::Retrieved) if alive => {
                (State::Offered { retrieved: true, wrong_tx_codes }, "offer.retrieved", None)
            }
            (State::Offered { retrieved, wrong_tx_codes }, Happening::WrongTxCode) if alive => {
                let wrong_tx_codes = wrong_tx_codes.saturating_add(1);
                if self.tx_code.as_ref().is_some_and(|lock| wrong_tx_codes >= lock.allowed) {
                    let failure = Some("too many wrong transaction codes".to_owned());
                    (State::Closed { failure, granted: None }, "offer.failed", Some("tx_code".to_owned()))
                } else {
                    (State::Offered { retrieved, wrong_tx_codes }, "tx_code.wrong", None)
                }
            }
            (State::Offered { .. }, Happening::Redeemed(grant)) if alive => {
                (State::Granted(Granted::new(grant)), "offer.authorized", None)
            }
            (State::Offered { .. }, Happening::Approved { approved, subject, claims }) if alive => {
                self.know(subject, claims);
                (State::Approved(approved), "offer.approved", None)
            }
            // The wallet never came for the code: the offer can be taken up again while it lives.
            (State::Approved(before), Happening::Approved { approved, subject, claims })
                if alive && now >= before.code_ends =>
            {
                self.know(subject, claims);
                (State::Approved(approved), "offer.approved", None)
            }
            (State::Approved(approved), Happening::CodeRedeemed(grant)) if now < approved.code_ends => {
                (State::Granted(Granted::new(grant)), "offer.authorized", None)
            }
            (state @ State::Offered { .. }, Happening::Denied) if alive => {
                if self.events.len() >= MAX_EVENTS_WITH_REFUSALS {
                    return Ok((self, Effect::Nothing));
                }
                (state, "offer.denied", None)
            }
            (State::Granted(mut granted), Happening::Refreshed { token_ends, refresh }) => {
                granted.grant.token_ends = token_ends;
                granted.grant.refresh = Some(refresh);
                granted.fresh = granted.responses.len();
                (State::Granted(granted), "token.refreshed", None)
            }
            (State::Granted(granted), Happening::Revoked(reason)) => {
                let failure = Some(reason.to_owned());
                (State::Closed { failure, granted: Some(granted) }, "grant.revoked", Some(reason.to_owned()))
            }
            (_, Happening::Refreshed { .. } | Happening::Revoked(_)) => return Err(Refusal::NotGranted),
            (
                _,
                Happening::Retrieved
                | Happening::WrongTxCode
                | Happening::Redeemed(_)
                | Happening::Approved { .. }
                | Happening::Denied
                | Happening::CodeRedeemed(_),
            ) => return Err(Refusal::NotOffered),
            (State::Granted(mut granted), Happening::Issued { dataset, copies }) => {
                if !granted.grant.datasets.contains(&dataset) {
                    return Err(Refusal::NotCovered);
                }
                if granted.is_exhausted(dataset) {
                    return Err(Refusal::Exhausted);
                }
                granted.responses.push(Response { dataset, at: now, copies, notification: None });
                (State::Granted(granted), "credential.issued", None)
            }
            (State::Granted(mut granted), Happening::Notified { response, event }) => {
                let told = granted.responses.get_mut(response).ok_or(Refusal::NoResponse)?;
                match (told.notification, event) {
                    (Some(before), now) if before == now => return Ok((self, Effect::Nothing)),
                    // Stored first and thrown away later is no contradiction; everything else is.
                    (None, _)
                    | (Some(NotificationEvent::CredentialAccepted), NotificationEvent::CredentialDeleted) => {
                        told.notification = Some(event);
                    }
                    _ => return Err(Refusal::Contradiction),
                }
                let kind = match event {
                    NotificationEvent::CredentialAccepted => "credential.accepted",
                    NotificationEvent::CredentialFailure => "credential.failed",
                    NotificationEvent::CredentialDeleted => "credential.deleted",
                };
                (State::Granted(granted), kind, None)
            }
            (State::Granted(mut granted), Happening::Promised(promise)) => {
                granted.promise(promise)?;
                (State::Granted(granted), "credential.deferred", None)
            }
            (State::Granted(mut granted), Happening::Ready { promise, claims }) => {
                granted.make_ready(promise, claims, now)?;
                (State::Granted(granted), "deferred.ready", None)
            }
            (State::Granted(mut granted), Happening::Broken { promise, reason }) => {
                granted.break_promise(promise, &reason, now)?;
                (State::Granted(granted), "deferred.failed", Some(reason))
            }
            (State::Granted(mut granted), Happening::Kept { promise, copies }) => {
                granted.keep_promise(promise, copies, now)?;
                (State::Granted(granted), "credential.issued", None)
            }
            (
                _,
                Happening::Issued { .. }
                | Happening::Notified { .. }
                | Happening::Promised(_)
                | Happening::Ready { .. }
                | Happening::Broken { .. }
                | Happening::Kept { .. },
            ) => return Err(Refusal::NotGranted),
            (state, Happening::Refused(reason)) => {
                if self.events.len() >= MAX_EVENTS_WITH_REFUSALS {
                    return Ok((self, Effect::Nothing));
                }
                (state, "request.refused", Some(reason))
            }
            (State::Closed { failure: None, .. }, Happening::Cancelled) => {
                return Ok((self, Effect::Nothing));
            }
            (State::Offered { .. } | State::Approved(_), Happening::Cancelled) => {
                (State::Closed { failure: None, granted: None }, "offer.cancelled", None)
            }
            (State::Granted(granted), Happening::Cancelled) if granted.responses.is_empty() => {
                (State::Closed { failure: None, granted: Some(granted) }, "offer.cancelled", None)
            }
            (_, Happening::Cancelled) => return Err(Refusal::TooLate),
        };
        self.state = state;
        self.note(now, kind, reason);
        self.forget();
        Ok((self, Effect::Store))
    }

    /// Writes an event down.
    pub(super) fn note(&mut self, at: UnixTime, kind: &str, reason: Option<String>) {
        let sequence = u32::try_from(self.events.len()).unwrap_or(u32::MAX).saturating_add(1);
        self.events.push(Event { sequence, at, kind: kind.to_owned(), reason });
    }

    /// Takes in who has signed in, and what is known about them.
    fn know(&mut self, subject: String, mut claims: BTreeMap<String, Withheld>) {
        self.subject = Some(subject);
        for dataset in self.datasets.iter_mut().filter(|dataset| dataset.claims.is_none()) {
            dataset.claims = claims.remove(&dataset.configuration_id).map(|claims| claims.0);
        }
    }

    /// Drops the claims that nobody can fetch any more.
    fn forget(&mut self) {
        let over = match &self.state {
            State::Closed { .. } => true,
            State::Offered { .. } | State::Approved(_) => false,
            State::Granted(granted) => {
                granted.grant.refresh.is_none()
                    && self.standing(UnixTime::EPOCH) == SessionState::Acknowledged
            }
        };
        for (number, dataset) in self.datasets.iter_mut().enumerate() {
            let exhausted = match &self.state {
                State::Granted(granted) => {
                    !granted.grant.datasets.contains(&number)
                        || (granted.grant.refresh.is_none()
                            && granted.is_exhausted(number)
                            && !granted.is_promised(number))
                }
                _ => false,
            };
            if over || exhausted {
                dataset.claims = None;
            }
        }
    }

    /// Where it stands.
    pub(super) fn standing(&self, now: UnixTime) -> SessionState {
        match &self.state {
            State::Closed { failure: Some(_), .. } => SessionState::Failed,
            State::Closed { failure: None, .. } => SessionState::Cancelled,
            State::Approved(approved) if now < approved.code_ends => SessionState::Approved,
            State::Offered { .. } | State::Approved(_) if now >= self.offer_ends => SessionState::Expired,
            State::Approved(_) => SessionState::Retrieved,
            State::Offered { retrieved: false, .. } => SessionState::Created,
            State::Offered { retrieved: true, .. } => SessionState::Retrieved,
            State::Granted(granted) => granted.standing(now),
        }
    }

    /// When the offer, or the token, ends.
    pub(super) fn ends(&self) -> UnixTime {
        match &self.state {
            State::Approved(approved) => approved.code_ends.max(self.offer_ends),
            State::Granted(granted) => granted.ends().max(self.offer_ends),
            _ => self.offer_ends,
        }
    }
}
