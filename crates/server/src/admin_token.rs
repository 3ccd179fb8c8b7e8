//! The admin token: known by its hash, so that a configuration that is read by the wrong eyes opens nothing.

use std::fmt;

use credenza_core::{Secret, secret};
use credenza_crypto::hash::sha256;

/// What the admin token has to be. The token is random and long; a plain hash of it can't be guessed backwards.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AdminToken([u8; 32]);

impl AdminToken {
    /// The token whose SHA-256 this is.
    #[must_use]
    pub const fn from_sha256(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// Whether this is the token, in a time that does not depend on how nearly it is.
    pub(crate) fn matches(self, token: &str) -> bool {
        secret::equal(&self.0, &sha256(token.as_bytes()))
    }
}

impl From<Secret> for AdminToken {
    fn from(token: Secret) -> Self {
        Self(sha256(token.expose().as_bytes()))
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("AdminToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_token_or_by_hash() {
        let token = AdminToken::from(Secret::new("sesame".to_owned()));
        assert_eq!(token, AdminToken::from_sha256(sha256(b"sesame")));
        assert!(token.matches("sesame"));
        assert!(!token.matches("sesam") && !token.matches(""));
        assert_eq!(format!("{token:?}"), "AdminToken(…)");
    }
}
