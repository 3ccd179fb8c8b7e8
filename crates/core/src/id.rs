//! Identifiers that nobody can guess.

use crate::{Random, b64};

/// 256 random bits as 43 characters of base64url: codes, tokens, nonces, whatever must not be guessed.
#[must_use]
pub fn unguessable(random: &dyn Random) -> String {
    let mut bytes = [0; 32];
    random.fill(&mut bytes);
    b64::encode(bytes)
}

/// 128 random bits as 22 characters of base64url: names of sessions and records, unique and still unguessable.
#[must_use]
pub fn short(random: &dyn Random) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    b64::encode(bytes)
}

/// `length` decimal digits, each equally likely: a transaction code for people to type.
#[must_use]
pub fn digits(random: &dyn Random, length: usize) -> String {
    let mut text = String::with_capacity(length);
    let mut byte = [0];
    while text.len() < length {
        random.fill(&mut byte);
        let [value] = byte;
        // 250 and above would make the digits 0 to 5 likelier than the others.
        if value < 250 {
            text.push(char::from(b'0' + value % 10));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededRandom;
    use std::collections::HashSet;

    #[test]
    fn p03_identifiers_are_unique() {
        let random = SeededRandom::new(1);
        let seen: HashSet<String> = (0..10_000).map(|_| short(&random)).collect();
        assert_eq!(seen.len(), 10_000);
    }

    #[test]
    fn digits_are_digits() {
        let code = digits(&SeededRandom::new(1), 12);
        assert_eq!(code.len(), 12);
        assert!(code.bytes().all(|byte| byte.is_ascii_digit()));
    }
}
