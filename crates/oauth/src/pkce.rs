//! Proof Key for Code Exchange (RFC 7636), S256 only.

use credenza_core::{Random, Secret, b64, id, secret};
use credenza_crypto::hash::sha256;

/// The only `code_challenge_method` that is made or accepted.
pub const METHOD: &str = "S256";

/// Why a verifier was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PkceError {
    /// Not 43 to 128 unreserved characters (RFC 7636 §4.1).
    #[error("the code verifier does not have the form that RFC 7636 demands")]
    Malformed,
    /// It does not belong to the challenge.
    #[error("the code verifier does not belong to the code challenge")]
    Mismatch,
}

/// A fresh verifier of 256 bits, to be kept by the client.
#[must_use]
pub fn verifier(random: &dyn Random) -> Secret {
    Secret::new(id::unguessable(random))
}

/// The challenge for a verifier.
#[must_use]
pub fn challenge(verifier: &str) -> String {
    b64::encode(sha256(verifier.as_bytes()))
}

/// Checks a verifier against the challenge that came with the authorization request.
///
/// # Errors
/// See [`PkceError`].
pub fn verify(verifier: &str, challenge: &str) -> Result<(), PkceError> {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
        return Err(PkceError::Malformed);
    }
    if secret::equal(self::challenge(verifier).as_bytes(), challenge.as_bytes()) {
        Ok(())
    } else {
        Err(PkceError::Mismatch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use credenza_core::SeededRandom;

    #[test]
    fn a06_wrong_and_malformed_verifiers_are_refused() {
        let right = verifier(&SeededRandom::new(1));
        let challenge = challenge(right.expose());
        assert_eq!(verify(right.expose(), &challenge), Ok(()));
        assert_eq!(verify(&"x".repeat(43), &challenge), Err(PkceError::Mismatch));
        for text in ["x".repeat(42), "x".repeat(129), "ü".repeat(43), format!("{}+", "x".repeat(43))] {
            assert_eq!(verify(&text, &challenge), Err(PkceError::Malformed), "{text}");
        }
        // `plain` is not known: a verifier that equals the challenge does not match it.
        assert_eq!(verify(&challenge, &challenge), Err(PkceError::Mismatch));
    }
}
