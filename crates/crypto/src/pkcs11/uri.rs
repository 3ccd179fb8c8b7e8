//! `pkcs11:` URIs (RFC 7512): which key, on which token, through which module, with which PIN.

use std::fmt;
use std::path::PathBuf;

use credenza_core::Secret;

/// The scheme of these URIs.
const SCHEME: &str = "pkcs11:";

/// No URI is longer, in bytes.
const MAX_URI: usize = 4096;

/// Where the PIN comes from.
#[derive(Debug, Clone)]
pub enum PinSource {
    /// A file holds it in its first line.
    File(PathBuf),
    /// It stands in the URI itself, which everybody sees who sees the URI.
    Value(Secret),
}

/// A key on a token. What is `None` may be anything.
#[derive(Debug, Clone, Default)]
pub struct Pkcs11Uri {
    /// The token's label.
    pub token: Option<String>,
    /// The token's manufacturer.
    pub manufacturer: Option<String>,
    /// The token's serial number.
    pub serial: Option<String>,
    /// The token's model.
    pub model: Option<String>,
    /// The key's label.
    pub object: Option<String>,
    /// The key's id.
    pub id: Option<Vec<u8>>,
    /// The module (shared library) through which the token is reached.
    pub module_path: Option<PathBuf>,
    /// Where the PIN comes from.
    pub pin: Option<PinSource>,
}

/// Why a text names no key on a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAUri {
    /// Another scheme, too long, or broken percent-encoding.
    #[error("not a pkcs11: URI (RFC 7512)")]
    Syntax,
    /// An attribute twice.
    #[error("the attribute {0} is there twice")]
    Twice(String),
    /// An attribute that would have to be heeded and is not known.
    #[error("the attribute {0} is not supported")]
    Unknown(String),
    /// Something else than a private key is named.
    #[error("the URI names a {0}, not a private key")]
    NotPrivate(String),
    /// Neither label nor id.
    #[error("the URI says neither object nor id, so it names no key")]
    NoKey,
}

impl Pkcs11Uri {
    /// Whether a text is meant to be such a URI.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        text.starts_with(SCHEME)
    }

    /// Reads a URI.
    ///
    /// # Errors
    /// See [`NotAUri`]. Attributes that are not known are refused: to pass over one is to take another key than the
    /// one that is meant.
    pub fn parse(text: &str) -> Result<Self, NotAUri> {
        let rest = text.strip_prefix(SCHEME).filter(|_| text.len() <= MAX_URI).ok_or(NotAUri::Syntax)?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut uri = Self::default();
        let mut seen = Vec::new();
        let attributes = path.split(';').chain(query.split('&')).filter(|attribute| !attribute.is_empty());
        for attribute in attributes {
            let (name, value) = attribute.split_once('=').ok_or(NotAUri::Syntax)?;
            if seen.contains(&name) {
                return Err(NotAUri::Twice(name.to_owned()));
            }
            seen.push(name);
            uri.set(name, value)?;
        }
        if uri.object.is_none() && uri.id.is_none() { Err(NotAUri::NoKey) } else { Ok(uri) }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), NotAUri> {
        let bytes = decode(value).ok_or(NotAUri::Syntax)?;
        if name == "id" {
            self.id = Some(bytes);
            return Ok(());
        }
        let text = String::from_utf8(bytes).map_err(|_| NotAUri::Syntax)?;
        match name {
            "token" => self.token = Some(text),
            "manufacturer" => self.manufacturer = Some(text),
            "serial" => self.serial = Some(text),
            "model" => self.model = Some(text),
            "object" => self.object = Some(text),
            "type" if text == "private" => {}
            "type" => return Err(NotAUri::NotPrivate(text)),
            "module-path" => self.module_path = Some(text.into()),
            "pin-source" => {
                let file = text.strip_prefix("file://").or(text.strip_prefix("file:")).unwrap_or(&text);
                self.pin = Some(PinSource::File(file.into()));
            }
            // The one of the two that is a file is kept.
            "pin-value" if self.pin.is_none() => self.pin = Some(PinSource::Value(Secret::new(text))),
            "pin-value" => {}
            other => return Err(NotAUri::Unknown(other.to_owned())),
        }
        Ok(())
    }
}

/// Shows the URI without its PIN.
impl fmt::Display for Pkcs11Uri {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(SCHEME)?;
        let mut separator = "";
        for (name, value) in [("token", &self.token), ("serial", &self.serial), ("object", &self.object)] {
            if let Some(value) = value {
                write!(out, "{separator}{name}={value}")?;
                separator = ";";
            }
        }
        if let Some(id) = &self.id {
            write!(out, "{separator}id=")?;
            id.iter().try_for_each(|byte| write!(out, "%{byte:02x}"))?;
        }
        Ok(())
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            // A sign is no digit, whatever the standard library thinks.
            let digits =
                Some(digits).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = after.get(2..)?;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_uri() {
        let uri = Pkcs11Uri::parse(
            "pkcs11:token=The%20issuers;object=key;type=private;id=%01%ff?module-path=/lib/x.so&pin-source=file:/run/pin",
        )
        .unwrap();
        assert_eq!(uri.token.as_deref(), Some("The issuers"));
        assert_eq!(uri.id.as_deref(), Some(&[1, 255][..]));
        assert_eq!(uri.module_path, Some("/lib/x.so".into()));
        assert!(matches!(&uri.pin, Some(PinSource::File(file)) if file.as_os_str() == "/run/pin"));
        assert_eq!(uri.to_string(), "pkcs11:token=The issuers;object=key;id=%01%ff");
    }

    #[test]
    fn a_pin_is_never_shown() {
        let uri = Pkcs11Uri::parse("pkcs11:object=key?pin-value=canary").unwrap();
        assert!(matches!(&uri.pin, Some(PinSource::Value(pin)) if pin.matches("canary")));
        assert!(!format!("{uri:?} {uri}").contains("canary"));
    }

    #[test]
    fn what_names_no_key_is_refused() {
        for (text, error) in [
            ("http://x", NotAUri::Syntax),
            ("pkcs11:object", NotAUri::Syntax),
            ("pkcs11:object=%+1", NotAUri::Syntax),
            ("pkcs11:object=%f", NotAUri::Syntax),
            ("pkcs11:object=%ff", NotAUri::Syntax),
            ("pkcs11:object=a;object=b", NotAUri::Twice("object".to_owned())),
            ("pkcs11:object=a;slot-id=1", NotAUri::Unknown("slot-id".to_owned())),
            ("pkcs11:object=a;type=cert", NotAUri::NotPrivate("cert".to_owned())),
            ("pkcs11:token=a", NotAUri::NoKey),
            ("pkcs11:", NotAUri::NoKey),
        ] {
            assert_eq!(Pkcs11Uri::parse(text).unwrap_err(), error, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_ends_in_an_answer(text in "pkcs11:[a-z%0-9=;?&-]{0,60}") {
            let _ = Pkcs11Uri::parse(&text);
        }
    }
}
