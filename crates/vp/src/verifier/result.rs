//! Handing the result out, once and to the right one (OID4VP 1.0 §13.3, §14.2).

use credenza_core::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::session::{State, Step};
use super::storage::StepError;
use super::{CheckedPresentation, ResultError, SessionError, SessionView, Verifier};
use crate::siop::SelfIssuedSubject;

/// What was presented and verified. Personal data.
#[derive(Clone, Serialize, Deserialize)]
pub struct PresentationResult {
    /// The presentations, in the order of the response.
    pub presentations: Vec<CheckedPresentation>,
    /// Who has issued the ID token, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<SelfIssuedSubject>,
    /// The report on all of it, as JSON.
    pub report: Value,
}

impl std::fmt::Debug for PresentationResult {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "PresentationResult({} presentations)", self.presentations.len())
    }
}

impl Verifier {
    /// How a session stands. It says nothing about a person.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub async fn session(&self, id: &str) -> Result<SessionView, SessionError> {
        let loaded = self.load(id).await?.ok_or(SessionError::Unknown)?;
        Ok(loaded.session.view(self.now()))
    }

    /// The report on the answer that was accepted, or on the last one that was refused, as JSON; `None` while there
    /// was none.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub async fn report(&self, id: &str) -> Result<Option<Value>, SessionError> {
        let loaded = self.load(id).await?.ok_or(SessionError::Unknown)?;
        Ok(loaded.session.report)
    }

    /// The verified claims. For a request with a redirect they are handed out once, and only against the code that
    /// the wallet was sent away with, and forgotten then; otherwise as often as asked for.
    ///
    /// # Errors
    /// See [`ResultError`].
    pub async fn result(
        &self,
        id: &str,
        response_code: Option<&str>,
    ) -> Result<PresentationResult, ResultError> {
        let loaded = self.load(id).await?.ok_or(ResultError::Unknown)?;
        let report = loaded.session.report.clone().unwrap_or(Value::Null);
        let State::Verified { presentations, response_code: expected, subject } = &loaded.session.state
        else {
            return Err(ResultError::NotVerified);
        };
        let (presentations, subject) = (presentations.clone(), subject.clone());
        if let Some(expected) = expected {
            if !response_code.is_some_and(|code| expected.matches(code)) {
                return Err(ResultError::ResponseCode);
            }
            match self.step(loaded, &Step::Redeemed).await {
                Ok(()) => {}
                Err(StepError::Unknown | StepError::Ended) => return Err(ResultError::ResponseCode),
                Err(StepError::Store(error)) => return Err(error.into()),
            }
        }
        let presentations = presentations.ok_or(ResultError::ResponseCode)?;
        Ok(PresentationResult { presentations, subject, report })
    }

    /// Ends a session that waits for an answer.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub async fn cancel(&self, id: &str) -> Result<SessionView, SessionError> {
        let loaded = self.load(id).await?.ok_or(SessionError::Unknown)?;
        match self.step(loaded, &Step::Cancelled).await {
            Ok(()) => self.session(id).await,
            Err(StepError::Unknown) => Err(SessionError::Unknown),
            Err(StepError::Ended) => Err(SessionError::Ended),
            Err(StepError::Store(error)) => Err(error.into()),
        }
    }

    /// Forgets a session with everything in it. `false`: there was none.
    ///
    /// # Errors
    /// The store.
    pub async fn delete(&self, id: &str) -> Result<bool, StoreError> {
        self.remove(id).await
    }
}
