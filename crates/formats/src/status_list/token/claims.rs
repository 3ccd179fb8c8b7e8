//! The claims of a Status List Token, the same for JWT and CWT.

use std::fmt;
use std::time::Duration;

use credenza_core::UnixTime;

use crate::status_list::StatusBits;

/// A ttl that is not positive (Token Status List §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotPositive;

/// The claims as they were read: of the right types, and nothing more is known of them.
#[derive(Clone)]
pub(super) struct Claims {
    /// `sub`
    pub(super) subject: String,
    /// `iat`
    pub(super) issued_at: UnixTime,
    /// `nbf`
    pub(super) not_before: Option<UnixTime>,
    /// `exp`
    pub(super) expires_at: Option<UnixTime>,
    /// `ttl`
    pub(super) ttl: Option<Result<Duration, NotPositive>>,
    /// `aud`
    pub(super) audiences: Option<Vec<String>>,
    /// `bits`; `None` is another number than 1, 2, 4 and 8.
    pub(super) bits: Option<StatusBits>,
    /// `lst`, compressed.
    pub(super) lst: Vec<u8>,
    /// `aggregation_uri`
    pub(super) aggregation_uri: Option<String>,
}

impl fmt::Debug for Claims {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Claims(of a list of {} bytes)", self.lst.len())
    }
}
