//! base64url without padding, as JOSE, SD-JWT and OpenID use it: encoding, and decoding that accepts one form only.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD};

const URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, NO_PAD);

/// The text was not canonical base64: a character outside of the alphabet, padding, or stray bits at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not canonical base64")]
pub struct NotBase64;

/// Encodes bytes (RFC 4648 §5, no padding).
#[must_use]
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL.encode(bytes)
}

/// Appends the encoding of `bytes` to `out`.
pub fn encode_to(bytes: impl AsRef<[u8]>, out: &mut String) {
    URL.encode_string(bytes, out);
}

/// Decodes text; refuses padding, white space, `+`, `/` and non-zero trailing bits (RFC 7515 §2).
///
/// # Errors
/// [`NotBase64`] when the text has any other form than [`encode`] gives.
pub fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, NotBase64> {
    URL.decode(text).map_err(|_| NotBase64)
}

/// Encodes bytes with the standard alphabet and padding, as `x5c` and PEM need it (RFC 7515 §4.1.6).
#[must_use]
pub fn encode_std(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// Decodes standard base64 with padding (`x5c`).
///
/// # Errors
/// [`NotBase64`] when the text is anything else.
pub fn decode_std(text: impl AsRef<[u8]>) -> Result<Vec<u8>, NotBase64> {
    STANDARD.decode(text).map_err(|_| NotBase64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn j25_lax_base64url_is_refused() {
        for text in ["YQ==", "YQ=", "YR", "Y Q", "YQ\n", "+/8A", "YQ.", "Y"] {
            assert_eq!(decode(text), Err(NotBase64), "{text:?}");
        }
        assert_eq!(decode("YQ").unwrap(), b"a");
    }

    proptest! {
        #[test]
        fn round_trip(bytes: Vec<u8>) {
            prop_assert_eq!(decode(encode(&bytes)).unwrap(), bytes);
        }

        #[test]
        fn one_form_only(text in "[A-Za-z0-9_-]{0,40}") {
            if let Ok(bytes) = decode(&text) {
                prop_assert_eq!(encode(bytes), text);
            }
        }
    }
}
