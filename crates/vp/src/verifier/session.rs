//! The life of a request: one enum, and the steps that lead from one state to the next.
//!
//! ```text
//! created ──▶ retrieved ──▶ verified ──▶ (result handed out)
//!    │            │   ╲
//!    │            │    ╲──▶ rejected
//!    ├────────────┼──▶ failed ──▶ verified | rejected     the wallet said no; a right answer can still come
//!    └────────────┴──▶ cancelled                          expired: by the clock, from every state that waits
//! ```

use std::borrow::Cow;

use credenza_core::{Event, Secret, UnixTime};
use credenza_crypto::{Decrypter as _, SoftwareDecrypter};
use credenza_formats::mdoc::SessionTranscript;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CheckedPresentation, RequestedPrefix};
use crate::Query;
use crate::dc_api::Protocol;
use crate::dialects::Spoken;
use crate::messages::{ResponseMode, TransactionData, VerifierInfo, WalletError};
use crate::siop::{IdTokenRequest, SelfIssuedSubject};

/// So many refused answers are noted; more change nothing any more.
pub const MAX_REFUSALS: u32 = 8;

/// No session has more events: one for each state it can pass, and the refusals.
pub const MAX_EVENTS: usize = 16;

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

impl Status {
    /// Whether nothing more can come of it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Verified | Self::Rejected | Self::Expired | Self::Cancelled)
    }
}

/// A session, as its owner may see it. It says nothing about a person.
#[derive(Debug, Clone, Serialize)]
pub struct SessionView {
    /// The session's id.
    pub id: String,
    /// How it stands (`state` in JSON, as for an offer).
    #[serde(rename = "state")]
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

/// What a session is, as it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) state: State,
    pub(super) created_at: UnixTime,
    pub(super) expires_at: UnixTime,
    pub(super) correlation_id: Option<String>,
    pub(super) request: Asked,
    /// The same, as a website may ask it through the Digital Credentials API beside the link: with a nonce and a key of
    /// its own. Whichever is answered first is the answer.
    #[serde(default)]
    pub(super) over_dc_api: Option<Box<Asked>>,
    pub(super) redirect: Option<String>,
    pub(super) refusals: u32,
    pub(super) refusal: Option<String>,
    pub(super) report: Option<Value>,
    pub(super) events: Vec<Event>,
}

/// What was asked, and all that the answer is judged by.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) client_id: String,
    pub(super) prefix: RequestedPrefix,
    pub(super) response_mode: ResponseMode,
    pub(super) nonce: String,
    pub(super) state: String,
    #[serde(alias = "dcql")]
    pub(super) query: Query,
    pub(super) verifier_info: Vec<VerifierInfo>,
    /// Where the browser brings the answer, in the response modes `fragment` and `query`.
    pub(super) redirect_uri: Option<String>,
    /// The name that the query goes by.
    pub(super) scope: Option<String>,
    pub(super) transactions: Vec<TransactionData>,
    /// For the Digital Credentials API: who may ask with it, and how it is signed.
    pub(super) origins: Vec<String>,
    pub(super) protocol: Option<Protocol>,
    /// The authorization challenge endpoint, for what is shown inside of an authorization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) endpoint: Option<String>,
    /// The ID token that is asked for beside the presentations.
    #[serde(default)]
    pub(super) id_token: Option<IdTokenRequest>,
    /// The draft that the request is written in.
    #[serde(default)]
    pub(super) spoken: Option<Spoken>,
    /// The private key for the response: there until an answer was accepted or the session has ended.
    pub(super) decryption_key: Option<Secret>,
}

/// Where a session is. [`Status::Expired`] is no state of its own: the clock says it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub(super) enum State {
    Created,
    Retrieved,
    Verified {
        /// Gone when it was handed out against the code.
        presentations: Option<Vec<CheckedPresentation>>,
        response_code: Option<Secret>,
        /// Who has issued the ID token, if one was asked for; gone with the presentations.
        #[serde(default)]
        subject: Option<SelfIssuedSubject>,
    },
    Rejected,
    Failed {
        error: WalletError,
    },
    Cancelled,
}

/// What can happen to a session.
#[derive(Clone)]
pub(super) enum Step {
    Fetched,
    Verified {
        presentations: Vec<CheckedPresentation>,
        response_code: Option<Secret>,
        subject: Option<SelfIssuedSubject>,
        report: Value,
    },
    Rejected {
        report: Value,
        rule: &'static str,
    },
    Refused {
        report: Value,
        rule: &'static str,
    },
    WalletError(WalletError),
    Redeemed,
    Cancelled,
}

/// The step is not possible from this state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ended;

impl Asked {
    /// What the holder of an mdoc has to have signed (OID4VP 1.0 §B.2.6): for the website of this origin, or for the
    /// place that the answer goes to. In a draft there is a nonce of the wallet in it, too.
    pub(super) fn transcript(
        &self,
        response_uri: &str,
        origin: Option<&str>,
        wallet_nonce: &str,
    ) -> SessionTranscript {
        if let Some(spoken) = &self.spoken {
            return SessionTranscript::iso_18013_7(
                &spoken.client_id,
                response_uri,
                &self.nonce,
                wallet_nonce,
            );
        }
        let key = self.decryption_key.as_ref();
        let key = key.and_then(|key| SoftwareDecrypter::from_private_jwk(key.expose()).ok());
        let thumbprint = key.map(|key| key.public_jwk().thumbprint());
        if let Some(endpoint) = &self.endpoint {
            return SessionTranscript::interactive_authorization(endpoint, &self.nonce, thumbprint.as_ref());
        }
        match origin {
            Some(origin) => SessionTranscript::openid4vp_dc_api(origin, &self.nonce, thumbprint.as_ref()),
            None => {
                let place = self.redirect_uri.as_deref().unwrap_or(response_uri);
                SessionTranscript::openid4vp(&self.client_id, &self.nonce, thumbprint.as_ref(), place)
            }
        }
    }
}

impl State {
    /// The next state, and the event that tells of it. Steps that change nothing tell nothing.
    fn on(self, step: &Step) -> Result<(Self, Option<&'static str>), Ended> {
        use State::{Cancelled, Created, Failed, Rejected, Retrieved, Verified};
        match (self, step) {
            (Created, Step::Fetched) => Ok((Retrieved, Some("presentation.retrieved"))),
            (state @ (Retrieved | Failed { .. }), Step::Fetched) => Ok((state, None)),
            (
                Created | Retrieved | Failed { .. },
                Step::Verified { presentations, response_code, subject, report: _ },
            ) => {
                let presentations = Some(presentations.clone());
                let (response_code, subject) = (response_code.clone(), subject.clone());
                Ok((Verified { presentations, response_code, subject }, Some("presentation.verified")))
            }
            (Created | Retrieved | Failed { .. }, Step::Rejected { .. }) => {
                Ok((Rejected, Some("presentation.rejected")))
            }
            (state @ (Created | Retrieved | Failed { .. }), Step::Refused { .. }) => {
                Ok((state, Some("presentation.refused")))
            }
            (Created | Retrieved, Step::WalletError(error)) => {
                Ok((Failed { error: error.clone() }, Some("presentation.failed")))
            }
            (Verified { presentations: Some(_), response_code: code @ Some(_), .. }, Step::Redeemed) => {
                let redeemed = Verified { presentations: None, response_code: code, subject: None };
                Ok((redeemed, Some("presentation.redeemed")))
            }
            (Created | Retrieved | Failed { .. }, Step::Cancelled) => {
                Ok((Cancelled, Some("presentation.cancelled")))
            }
            (Verified { .. } | Rejected | Cancelled, _)
            | (Failed { .. }, Step::WalletError(_))
            | (Created | Retrieved | Failed { .. }, Step::Redeemed) => Err(Ended),
        }
    }
}

impl Session {
    /// What was asked through the Digital Credentials API, if anything was.
    pub(super) fn asked_over_dc_api(&self) -> Option<&Asked> {
        match &self.over_dc_api {
            Some(asked) => Some(asked),
            None => Some(&self.request).filter(|asked| asked.response_mode.is_dc_api()),
        }
    }

    /// How it stands at this time.
    pub(super) fn status(&self, now: UnixTime) -> Status {
        match &self.state {
            State::Verified { .. } => Status::Verified,
            State::Rejected => Status::Rejected,
            State::Cancelled => Status::Cancelled,
            State::Created | State::Retrieved | State::Failed { .. } if now >= self.expires_at => {
                Status::Expired
            }
            State::Created => Status::Created,
            State::Retrieved => Status::Retrieved,
            State::Failed { .. } => Status::Failed,
        }
    }

    /// Takes a step. `None`: it changes nothing that would have to be stored.
    pub(super) fn on(mut self, step: &Step, now: UnixTime) -> Result<Option<(Self, Event)>, Ended> {
        if self.status(now) == Status::Expired {
            return Err(Ended);
        }
        if matches!(step, Step::Refused { .. }) && self.refusals >= MAX_REFUSALS {
            return Ok(None);
        }
        let (state, event) = self.state.on(step)?;
        let Some(kind) = event else { return Ok(None) };
        self.state = state;
        let reason = match step {
            Step::Refused { report, rule } | Step::Rejected { report, rule } => {
                self.refusals = self.refusals.saturating_add(1);
                self.refusal = Some((*rule).to_owned());
                self.report = Some(report.clone());
                Some(Cow::Borrowed(*rule))
            }
            Step::Verified { report, .. } => {
                self.report = Some(report.clone());
                None
            }
            Step::WalletError(error) => Some(Cow::Owned(error.error.clone())),
            Step::Fetched | Step::Redeemed | Step::Cancelled => None,
        };
        if matches!(self.state, State::Verified { .. } | State::Rejected | State::Cancelled) {
            self.request.decryption_key = None;
            self.over_dc_api = None;
        }
        let event = self.event(kind, now, reason);
        if self.events.len() < MAX_EVENTS {
            self.events.push(event.clone());
        }
        Ok(Some((self, event)))
    }

    pub(super) fn event(&self, kind: &str, at: UnixTime, reason: Option<Cow<'static, str>>) -> Event {
        let sequence = u32::try_from(self.events.len()).unwrap_or(u32::MAX).saturating_add(1);
        Event { sequence, at, kind: kind.to_owned(), reason: reason.map(Cow::into_owned) }
    }

    pub(super) fn view(self, now: UnixTime) -> SessionView {
        let status = self.status(now);
        let needs_response_code = match &self.state {
            State::Verified { response_code, .. } => response_code.is_some(),
            _ => self.redirect.is_some(),
        };
        let mut events = self.events.clone();
        if status == Status::Expired {
            events.push(self.event("presentation.expired", self.expires_at, None));
        }
        SessionView {
            status,
            created_at: self.created_at,
            expires_at: self.expires_at,
            wallet_error: match self.state {
                State::Failed { error } => Some(error),
                _ => None,
            },
            refusal: self.refusal,
            needs_response_code,
            correlation_id: self.correlation_id,
            id: self.id,
            events,
        }
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
