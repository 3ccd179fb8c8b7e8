//! The one record of an issuance: what was offered, where it stands, what happened.
//!
//! A session changes by [`Session::on`] alone: a total function from what it is and what happens to what it will be.
//! Whoever calls it stores the result under the version that was read, or starts over.

use credenza_core::{Event, UnixTime};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::view::{CredentialView, IssuedView, SessionState, SessionView, TxCodeView};
use crate::messages::{NotificationEvent, TxCode};

#[cfg(test)]
mod tests;

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
    /// The code was redeemed, and a token is out.
    Granted(Granted),
    /// It is over.
    Closed { failure: Option<String>, granted: Option<Granted> },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Granted {
    pub(super) grant: Grant,
    pub(super) responses: Vec<Response>,
}

/// What the token is good for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Grant {
    /// The data sets, by their numbers.
    pub(super) datasets: Vec<usize>,
    /// Whether the wallet was told their identifiers, and must use them.
    pub(super) by_identifier: bool,
    pub(super) client_id: Option<String>,
    pub(super) jkt: Option<String>,
    pub(super) token_ends: UnixTime,
}

/// One response with credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Response {
    pub(super) dataset: usize,
    pub(super) at: UnixTime,
    pub(super) copies: u32,
    pub(super) notification: Option<NotificationEvent>,
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
    /// Copies of a credential go out.
    Issued { dataset: usize, copies: u32 },
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
                (State::Granted(Granted { grant, responses: Vec::new() }), "offer.authorized", None)
            }
            (_, Happening::Retrieved | Happening::WrongTxCode | Happening::Redeemed(_)) => {
                return Err(Refusal::NotOffered);
            }
            (State::Granted(mut granted), Happening::Issued { dataset, copies }) => {
                if !granted.grant.datasets.contains(&dataset) {
                    return Err(Refusal::NotCovered);
                }
                if granted.responses_for(dataset).count() >= MAX_RESPONSES {
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
            (_, Happening::Issued { .. } | Happening::Notified { .. }) => return Err(Refusal::NotGranted),
            (state, Happening::Refused(reason)) => {
                if self.events.len() >= MAX_EVENTS_WITH_REFUSALS {
                    return Ok((self, Effect::Nothing));
                }
                (state, "request.refused", Some(reason))
            }
            (State::Closed { failure: None, .. }, Happening::Cancelled) => {
                return Ok((self, Effect::Nothing));
            }
            (State::Offered { .. }, Happening::Cancelled) => {
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

    /// Drops the claims that nobody can fetch any more.
    fn forget(&mut self) {
        let over = match &self.state {
            State::Closed { .. } => true,
            State::Offered { .. } => false,
            State::Granted(_) => self.standing(UnixTime::EPOCH) == SessionState::Acknowledged,
        };
        for (number, dataset) in self.datasets.iter_mut().enumerate() {
            let exhausted = match &self.state {
                State::Granted(granted) => {
                    !granted.grant.datasets.contains(&number)
                        || granted.responses_for(number).count() >= MAX_RESPONSES
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
            State::Offered { .. } if now >= self.offer_ends => SessionState::Expired,
            State::Offered { retrieved: false, .. } => SessionState::Created,
            State::Offered { retrieved: true, .. } => SessionState::Retrieved,
            State::Granted(granted) => granted.standing(now),
        }
    }

    /// When the offer, or the token, ends.
    pub(super) fn ends(&self) -> UnixTime {
        match &self.state {
            State::Granted(granted) => granted.grant.token_ends.max(self.offer_ends),
            _ => self.offer_ends,
        }
    }

    pub(super) fn view(&self, id: &str, now: UnixTime) -> SessionView {
        let (granted, failure) = match &self.state {
            State::Offered { .. } => (None, None),
            State::Granted(granted) => (Some(granted), None),
            State::Closed { failure, granted } => (granted.as_ref(), failure.clone()),
        };
        let wrong = self.events.iter().filter(|event| event.reason.as_deref() == Some("tx_code")).count()
            + self.events.iter().filter(|event| event.kind == "tx_code.wrong").count();
        let issued = |dataset: usize| {
            let responses = granted.map(|granted| granted.responses.as_slice()).unwrap_or_default();
            responses
                .iter()
                .filter(|response| response.dataset == dataset)
                .map(|response| IssuedView {
                    at: response.at,
                    copies: response.copies,
                    notification: response.notification,
                })
                .collect()
        };
        SessionView {
            id: id.to_owned(),
            state: self.standing(now),
            reference: self.reference.clone(),
            created_at: self.created_at,
            expires_at: self.ends(),
            tx_code: self.tx_code.as_ref().map(|lock| TxCodeView {
                wrong: u32::try_from(wrong).unwrap_or(u32::MAX),
                allowed: lock.allowed,
            }),
            sender_constrained: granted.map(|granted| granted.grant.jkt.is_some()),
            credentials: self
                .datasets
                .iter()
                .enumerate()
                .map(|(number, dataset)| CredentialView {
                    configuration_id: dataset.configuration_id.clone(),
                    identifier: dataset.identifier.clone(),
                    issued: issued(number),
                })
                .collect(),
            failure: failure.or_else(|| granted.and_then(Granted::failure)),
            events: self.events.clone(),
        }
    }
}

impl Granted {
    fn responses_for(&self, dataset: usize) -> impl Iterator<Item = &Response> {
        self.responses.iter().filter(move |response| response.dataset == dataset)
    }

    /// The last response for each data set decides.
    fn standing(&self, now: UnixTime) -> SessionState {
        let last: Vec<Option<&Response>> =
            self.grant.datasets.iter().map(|dataset| self.responses_for(*dataset).last()).collect();
        let told =
            |event| move |response: &&Option<&Response>| response.is_some_and(|it| it.notification == event);
        if self.failure().is_some() {
            SessionState::Failed
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

    fn failure(&self) -> Option<String> {
        let last = self.grant.datasets.iter().filter_map(|dataset| self.responses_for(*dataset).last());
        last.filter_map(|response| response.notification)
            .find(|event| *event != NotificationEvent::CredentialAccepted)
            .map(|event| format!("the wallet reports {}", event.name()))
    }
}
