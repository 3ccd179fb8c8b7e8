//! Values that must never be printed: wiped from memory, redacted in `Debug`, compared in constant time.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// A secret text: a code, a token, a passphrase.
///
/// ```
/// let code = credenza_core::Secret::new("4711".to_owned());
/// assert_eq!(format!("{code:?}"), "Secret(…)");
/// assert!(code.matches("4711"));
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes the text in.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one place that has to send or store it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether this is the given text, in time that depends on the lengths alone.
    #[must_use]
    pub fn matches(&self, other: &str) -> bool {
        equal(self.0.as_bytes(), other.as_bytes())
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Compares two byte strings in time that depends on the lengths alone.
#[must_use]
pub fn equal(one: &[u8], other: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one, other).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h07_debug_shows_nothing() {
        assert_eq!(format!("{:?}", Some(Secret::new("canary".into()))), "Some(Secret(…))");
    }

    #[test]
    fn j27_comparison() {
        assert!(equal(b"abc", b"abc"));
        assert!(!equal(b"abc", b"abd"));
        assert!(!equal(b"abc", b"ab"));
    }
}
