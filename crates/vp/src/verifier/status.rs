//! Port: whether a credential has been revoked.

use credenza_core::{Answer, Report, UnixTime};
use serde_json::Value;

/// Looks up the `status` of a credential. Asked only after the credential's signature and issuer have passed, so that
/// nothing is fetched because a stranger names it.
pub trait StatusCheck: Send + Sync {
    /// Looks at the claim `status`, and notes in the report what was found. The answer says whether the credential
    /// may be accepted.
    fn check<'a>(
        &'a self,
        status: &'a Value,
        now: UnixTime,
        report: &'a mut Report,
    ) -> Answer<'a, Result<(), StatusError>>;
}

/// Why a credential's status does not let it pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatusError {
    /// It is revoked or suspended.
    #[error("the credential is {0}")]
    NotValid(&'static str),
    /// The status can't be looked up or understood.
    #[error("the status can't be determined: {0}")]
    Unknown(String),
}
