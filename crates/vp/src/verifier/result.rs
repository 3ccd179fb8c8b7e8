//! Handing the result out, once and to the right one (OID4VP 1.0 §13.3, §14.2).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CheckedPresentation, ResultError, SessionError, SessionView, Verifier};

/// What was presented and verified. Personal data.
#[derive(Clone, Serialize, Deserialize)]
pub struct PresentationResult {
    /// The presentations, in the order of the response.
    pub presentations: Vec<CheckedPresentation>,
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
        let _ = id;
        Err(SessionError::Unknown)
    }

    /// The report on the answer that was accepted, or on the last one that was refused, as JSON; `None` while there
    /// was none.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub async fn report(&self, id: &str) -> Result<Option<Value>, SessionError> {
        let _ = id;
        Err(SessionError::Unknown)
    }

    /// The verified claims. For a request with a redirect they are handed out once, and only against the code that
    /// the wallet was sent away with; otherwise as often as asked for.
    ///
    /// # Errors
    /// See [`ResultError`].
    pub async fn result(
        &self,
        id: &str,
        response_code: Option<&str>,
    ) -> Result<PresentationResult, ResultError> {
        let _ = (id, response_code);
        Err(ResultError::Unknown)
    }

    /// Ends a session that waits for an answer.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub async fn cancel(&self, id: &str) -> Result<SessionView, SessionError> {
        let _ = id;
        Err(SessionError::Unknown)
    }

    /// Forgets a session with everything in it. `false`: there was none.
    ///
    /// # Errors
    /// The store.
    pub async fn delete(&self, id: &str) -> Result<bool, credenza_core::StoreError> {
        let _ = id;
        Ok(false)
    }
}
