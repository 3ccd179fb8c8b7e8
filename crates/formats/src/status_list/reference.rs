//! Where a credential says its status is.

use std::fmt;

use credenza_crypto::cose::{CborError, Kind, Label, Reader, Writer};
use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;

/// No URI of a list is longer, in bytes.
pub const MAX_URI: usize = 2048;

/// `status_list` in the `status` of a credential (Token Status List §6.2): the list, and the place in it.
///
/// The two together identify the credential, so that they show up neither in `Debug` nor in errors.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
pub struct StatusReference {
    /// The index in the list.
    pub idx: u64,
    /// The list: where it is, and its `sub`.
    pub uri: String,
}

/// Why a `status` was not understood. There is no statement about the credential then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// `status` is no object, or it names no mechanism.
    #[error("status is not an object with at least one mechanism")]
    Status,
    /// `status_list` is no object.
    #[error("status_list is not an object")]
    StatusList,
    /// `idx` is missing, negative, fractional, or no number.
    #[error("idx is not a non-negative integer")]
    Index,
    /// `uri` is missing or no absolute URI.
    #[error("uri is not a URI")]
    Uri,
}

impl StatusReference {
    /// Reads the `status` of a credential. `None` says that it uses other mechanisms and not this one.
    ///
    /// # Errors
    /// [`ReferenceError`]
    pub fn from_status(status: &Value) -> Result<Option<Self>, ReferenceError> {
        let mechanisms =
            status.as_object().filter(|status| !status.is_empty()).ok_or(ReferenceError::Status)?;
        mechanisms.get("status_list").map(Self::from_status_list).transpose()
    }

    /// Reads the value of `status_list`.
    ///
    /// # Errors
    /// [`ReferenceError`]
    pub fn from_status_list(status_list: &Value) -> Result<Self, ReferenceError> {
        let members = status_list.as_object().ok_or(ReferenceError::StatusList)?;
        let idx = members.get("idx").and_then(Value::as_u64).ok_or(ReferenceError::Index)?;
        let uri = members.get("uri").and_then(Value::as_str).ok_or(ReferenceError::Uri)?;
        Self::new(idx, uri)
    }

    /// Reads the `status` of a credential in CBOR, an encoded item (§6.3): of a CWT the claim 65535, of an mdoc the
    /// `status` of its security object. `None` says that it uses other mechanisms and not this one.
    ///
    /// # Errors
    /// [`ReferenceError`]
    pub fn from_cbor_status(status: &[u8]) -> Result<Option<Self>, ReferenceError> {
        let mut mechanisms = 0_u32;
        let mut status_list = None;
        Reader::whole(status, |reader| {
            reader.map(|name, value| {
                mechanisms += 1;
                match name {
                    Label::Text("status_list") => status_list = Some(value.any()?),
                    Label::Text(_) => value.skip()?,
                    _ => return Err(CborError::Unexpected(value.position())),
                }
                Ok(())
            })
        })
        .map_err(|_: CborError| ReferenceError::Status)?;
        if mechanisms == 0 {
            return Err(ReferenceError::Status);
        }
        status_list.map(Self::from_cbor_status_list).transpose()
    }

    /// Reads a `StatusListInfo`, an encoded item (§6.3).
    ///
    /// # Errors
    /// [`ReferenceError`]
    pub fn from_cbor_status_list(status_list: &[u8]) -> Result<Self, ReferenceError> {
        let (mut idx, mut uri) = (None, None);
        Reader::whole(status_list, |reader| {
            reader.map(|name, value| {
                match (name, value.kind()?) {
                    (Label::Text("idx"), Kind::Integer) => idx = u64::try_from(value.wide_integer()?).ok(),
                    (Label::Text("uri"), Kind::Text) => uri = Some(value.text()?),
                    _ => value.skip()?,
                }
                Ok(())
            })
        })
        .map_err(|_: CborError| ReferenceError::StatusList)?;
        Self::new(idx.ok_or(ReferenceError::Index)?, uri.ok_or(ReferenceError::Uri)?)
    }

    /// The value of `status` in CBOR, for a credential to be issued.
    #[must_use]
    pub fn to_cbor_status(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.map(1).text("status_list");
        out.map(2).text("idx").unsigned(self.idx).text("uri").text(&self.uri);
        out.into_bytes()
    }

    /// A reference.
    ///
    /// # Errors
    /// [`ReferenceError::Uri`] when it is not an absolute URI (RFC 3986), or longer than [`MAX_URI`].
    pub fn new(idx: u64, uri: &str) -> Result<Self, ReferenceError> {
        if is_uri(uri) { Ok(Self { idx, uri: uri.to_owned() }) } else { Err(ReferenceError::Uri) }
    }

    /// The value of `status`, for a credential to be issued.
    #[must_use]
    pub fn to_status(&self) -> Value {
        let mut status_list = Map::new();
        status_list.insert("idx".to_owned(), self.idx.into());
        status_list.insert("uri".to_owned(), self.uri.as_str().into());
        let mut status = Map::new();
        status.insert("status_list".to_owned(), status_list.into());
        status.into()
    }
}

impl fmt::Debug for StatusReference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("StatusReference(…)")
    }
}

/// Whether a text is an absolute URI: the characters of RFC 3986, a scheme, and something that URLs can be made of.
pub(super) fn is_uri(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    let escaped = text.split('%').skip(1).all(|rest| {
        rest.as_bytes().first_chunk::<2>().is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    text.len() <= MAX_URI && text.bytes().all(allowed) && escaped && Url::parse(text).is_ok()
}
