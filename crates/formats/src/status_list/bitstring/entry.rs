//! What a credential says about its status: an entry of `credentialStatus` (§2.1).

use std::fmt;

use serde_json::Value;

use super::{BitstringError, ENTRY_TYPE, StatusSize};
use crate::status_list::reference::is_uri;

/// A credential has no more entries than this.
pub const MAX_ENTRIES: usize = 32;

/// What a status is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// `refresh`: a newer credential is to be had. The old one stays valid.
    Refresh,
    /// `revocation`: not valid any more, for good.
    Revocation,
    /// `suspension`: not valid for a while.
    Suspension,
    /// `message`: what the message of the status says.
    Message,
    /// Anything else.
    Other(String),
}

impl Purpose {
    /// By the value of `statusPurpose`.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "refresh" => Self::Refresh,
            "revocation" => Self::Revocation,
            "suspension" => Self::Suspension,
            "message" => Self::Message,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The value of `statusPurpose`.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Refresh => "refresh",
            Self::Revocation => "revocation",
            Self::Suspension => "suspension",
            Self::Message => "message",
            Self::Other(name) => name,
        }
    }
}

/// What a status means, in the issuer's words: for developers, not for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The status.
    pub status: u8,
    /// The words.
    pub message: String,
}

/// An entry of `credentialStatus`. The list and the index together identify the credential: `Debug` shows neither.
#[derive(Clone, PartialEq, Eq)]
pub struct BitstringEntry {
    /// `statusPurpose`
    pub purpose: Purpose,
    /// `statusListIndex`
    pub index: u64,
    /// `statusListCredential`: where the list is.
    pub list: String,
    /// `statusSize`
    pub size: StatusSize,
    /// `statusMessage`: one for every status, or none at all.
    pub messages: Vec<Message>,
}

impl BitstringEntry {
    /// Reads `credentialStatus`: the entries of this type among those that are there, in their order. Entries of other
    /// types are left to others.
    ///
    /// # Errors
    /// [`BitstringError`]: an entry of this type that is not what it has to be, or too many entries.
    pub fn all_of(credential_status: &Value) -> Result<Vec<Self>, BitstringError> {
        let entries = match credential_status {
            Value::Array(entries) => entries.as_slice(),
            one => std::slice::from_ref(one),
        };
        if entries.len() > MAX_ENTRIES {
            return Err(BitstringError::Malformed("too many entries of credentialStatus"));
        }
        entries.iter().filter(|entry| has_type(entry, ENTRY_TYPE)).map(Self::read).collect()
    }

    /// Reads one entry.
    ///
    /// # Errors
    /// [`BitstringError`]
    pub fn read(entry: &Value) -> Result<Self, BitstringError> {
        let text =
            |name: &str, what| entry.get(name).and_then(Value::as_str).ok_or(BitstringError::Malformed(what));
        if !has_type(entry, ENTRY_TYPE) {
            return Err(BitstringError::Malformed("type"));
        }
        let list = text("statusListCredential", "statusListCredential")?;
        if !is_uri(list) {
            return Err(BitstringError::Malformed("statusListCredential"));
        }
        match entry.get("id") {
            None => {}
            Some(Value::String(id)) if id != list => {}
            Some(_) => return Err(BitstringError::Malformed("id")),
        }
        let size = status_size(entry)?.unwrap_or_default();
        Ok(Self {
            purpose: Purpose::from_name(text("statusPurpose", "statusPurpose")?),
            index: index(text("statusListIndex", "statusListIndex")?)?,
            list: list.to_owned(),
            messages: messages(entry.get("statusMessage"), size)?,
            size,
        })
    }

    /// The message that belongs to a status.
    #[must_use]
    pub fn message(&self, status: u8) -> Option<&str> {
        self.messages.iter().find(|message| message.status == status).map(|message| message.message.as_str())
    }
}

impl fmt::Debug for BitstringEntry {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "BitstringEntry({}, {} bit(s))", self.purpose.name(), self.size.bits())
    }
}

/// Whether `type`, one or several, has this one.
pub(super) fn has_type(value: &Value, name: &str) -> bool {
    match value.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(several)) => several.iter().any(|one| one == name),
        _ => false,
    }
}

/// `statusSize`, when it is there.
pub(super) fn status_size(value: &Value) -> Result<Option<StatusSize>, BitstringError> {
    let malformed = BitstringError::Malformed("statusSize");
    value.get("statusSize").map(|size| size.as_u64().and_then(StatusSize::new).ok_or(malformed)).transpose()
}

/// A number of any length in base 10; one that is too large for a number is in no list.
fn index(text: &str) -> Result<u64, BitstringError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BitstringError::Malformed("statusListIndex"));
    }
    text.parse().map_err(|_| BitstringError::Range)
}

/// `statusMessage`: one for each status, in any order; needed when there are more than two statuses.
fn messages(value: Option<&Value>, size: StatusSize) -> Result<Vec<Message>, BitstringError> {
    let malformed = BitstringError::Malformed("statusMessage");
    let Some(value) = value else {
        return if size == StatusSize::ONE { Ok(Vec::new()) } else { Err(malformed) };
    };
    let elements = value.as_array().filter(|elements| elements.len() == size.statuses()).ok_or(malformed)?;
    let mut messages: Vec<Message> = Vec::with_capacity(elements.len());
    for element in elements {
        let text = |name: &str| element.get(name).and_then(Value::as_str).ok_or(malformed);
        let digits = text("status")?.strip_prefix("0x").ok_or(malformed)?;
        // from_str_radix would accept a sign.
        let status =
            u8::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+')).ok_or(malformed)?;
        if usize::from(status) >= size.statuses() || messages.iter().any(|other| other.status == status) {
            return Err(malformed);
        }
        messages.push(Message { status, message: text("message")?.to_owned() });
    }
    Ok(messages)
}
