//! `application/x-www-form-urlencoded` bodies and queries, without duplicates.

use std::borrow::Cow;

/// No form is longer, in bytes.
pub const MAX_FORM: usize = 64 * 1024;

/// No form has more parameters.
pub const MAX_PARAMETERS: usize = 64;

/// Why a form was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Not UTF-8, or a percent sign that encodes nothing.
    #[error("the form is malformed")]
    Malformed,
    /// The same parameter twice (RFC 6749 §3.2).
    #[error("a parameter is sent more than once")]
    Duplicate,
    /// More than [`MAX_FORM`] bytes or [`MAX_PARAMETERS`] parameters.
    #[error("the form is too large")]
    TooLarge,
}

/// The parameters of a form, each of them once. Parameters without a value count as not sent (RFC 6749 §3.2).
///
/// There is no `Debug` output of values: they are codes and tokens.
#[derive(Clone, Default)]
pub struct Form<'a> {
    parameters: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Form<'a> {
    /// Reads a form.
    ///
    /// # Errors
    /// See [`FormError`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FormError> {
        Self::parse_within(bytes, MAX_FORM)
    }

    /// Reads a form of at most `limit` bytes, where the default of [`MAX_FORM`] is not right: presentations are longer.
    ///
    /// # Errors
    /// See [`FormError`].
    pub fn parse_within(bytes: &'a [u8], limit: usize) -> Result<Self, FormError> {
        if bytes.len() > limit {
            return Err(FormError::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| FormError::Malformed)?;
        let mut parameters: Vec<(Cow<'a, str>, Cow<'a, str>)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if parameters.iter().any(|(known, _)| *known == name) {
                return Err(FormError::Duplicate);
            }
            if parameters.len() >= MAX_PARAMETERS {
                return Err(FormError::TooLarge);
            }
            parameters.push((name, value));
        }
        Ok(Self { parameters })
    }

    /// The value of a parameter; `None` when it is absent or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| &**value)
            .filter(|v| !v.is_empty())
    }

    /// Whether the parameter was written at all, with or without a value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.parameters.iter().any(|(known, _)| known == name)
    }
}

impl std::fmt::Debug for Form<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_set().entries(self.parameters.iter().map(|(name, _)| name)).finish()
    }
}

/// Undoes the encoding of one name or value (WHATWG URL §5.1), strictly: what is not encoded right is refused.
fn decode(text: &str) -> Result<Cow<'_, str>, FormError> {
    if !text.contains(['%', '+']) {
        return Ok(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit =
                    || rest.next().and_then(|d| char::from(d).to_digit(16)).ok_or(FormError::Malformed);
                let value = digit()? * 16 + digit()?;
                u8::try_from(value).map_err(|_| FormError::Malformed)?
            }
            _ => byte,
        });
    }
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| FormError::Malformed)
}

/// Writes a form.
#[must_use]
pub fn encode(parameters: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a33_duplicate_parameters_are_refused() {
        for text in ["code=1&code=1", "code=1&x=2&c%6Fde=3", "code&code=1", "code=&code="] {
            assert_eq!(Form::parse(text.as_bytes()).unwrap_err(), FormError::Duplicate, "{text}");
        }
    }

    #[test]
    fn a34_malformed_forms_are_refused() {
        for text in ["a=%", "a=%4", "a=%zz", "a=%ff", "%=1"] {
            assert_eq!(Form::parse(text.as_bytes()).unwrap_err(), FormError::Malformed, "{text}");
        }
        assert_eq!(Form::parse(b"\xff").unwrap_err(), FormError::Malformed);
        assert_eq!(Form::parse(&vec![b'a'; MAX_FORM + 1]).unwrap_err(), FormError::TooLarge);
        let many: String = (0..=MAX_PARAMETERS).map(|number| format!("p{number}=1&")).collect();
        assert_eq!(Form::parse(many.as_bytes()).unwrap_err(), FormError::TooLarge);
    }

    #[test]
    fn an_empty_value_is_an_absent_one() {
        let form = Form::parse(b"tx_code=&x").unwrap();
        assert_eq!(form.get("tx_code"), None);
        assert!(form.has("tx_code") && form.has("x") && !form.has("y"));
    }

    #[test]
    fn h07_debug_shows_no_value() {
        let shown = format!("{:?}", Form::parse(b"pre-authorized_code=canary").unwrap());
        assert!(shown.contains("pre-authorized_code") && !shown.contains("canary"), "{shown}");
    }

    proptest! {
        #[test]
        fn round_trip(name in "[a-z]{1,8}", value in ".{1,40}") {
            let text = encode(&[(&name, &value)]);
            let form = Form::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(form.get(&name), Some(value.as_str()));
        }

        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = Form::parse(&bytes);
        }
    }
}
