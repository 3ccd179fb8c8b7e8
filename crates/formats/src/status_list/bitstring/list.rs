//! The list as the subject of a credential (§2.2), and its answer for an entry (§3.2).

use std::time::Duration;

use serde_json::{Map, Value};

use super::entry::{has_type, status_size};
use super::{Bitstring, BitstringEntry, BitstringError, LIST_TYPE, MIN_ENTRIES, Purpose, StatusSize};
use crate::status_list::encode::{Level, MAX_LIST};

/// A list, expanded, with what it is for.
#[derive(Debug, Clone)]
pub struct BitstringList {
    /// `statusPurpose`: one or several.
    pub purposes: Vec<Purpose>,
    /// `ttl`: how long it may be kept before it is asked for again. It does not extend the validity of the credential
    /// around the list.
    pub ttl: Option<Duration>,
    /// The statuses.
    pub statuses: Bitstring,
    /// `statusSize`, when the list itself says it; it need not, because each entry does.
    pub size: Option<StatusSize>,
}

/// What a list says about one credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BitstringStatus {
    /// The number. 0 is "nothing to say".
    pub value: u8,
    /// What it is about.
    pub purpose: Purpose,
    /// The issuer's words for it.
    pub message: Option<String>,
}

impl BitstringStatus {
    /// Whether the credential is as valid as before: the number is 0, or it only says that there is a newer one.
    /// Purposes that nobody here knows, and messages, count against the credential; a policy that knows better looks at
    /// [`value`](Self::value) and [`message`](Self::message).
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.value == 0 || self.purpose == Purpose::Refresh
    }
}

impl BitstringList {
    /// Reads the subject of a list's credential, up to [`MAX_LIST`] bytes.
    ///
    /// # Errors
    /// [`BitstringError`]
    pub fn read(subject: &Value) -> Result<Self, BitstringError> {
        Self::read_within(subject, MAX_LIST)
    }

    /// As [`read`](Self::read), up to `max` bytes.
    ///
    /// # Errors
    /// [`BitstringError`]
    pub fn read_within(subject: &Value, max: usize) -> Result<Self, BitstringError> {
        if !has_type(subject, LIST_TYPE) {
            return Err(BitstringError::Malformed("credentialSubject.type"));
        }
        let encoded = subject.get("encodedList").and_then(Value::as_str);
        let encoded = encoded.ok_or(BitstringError::Malformed("credentialSubject.encodedList"))?;
        let size = status_size(subject)?;
        Ok(Self {
            purposes: purposes(subject.get("statusPurpose"))?,
            ttl: ttl(subject.get("ttl"))?,
            statuses: Bitstring::decode(encoded, size.unwrap_or_default(), max)?,
            size,
        })
    }

    /// Says what the status of a credential is, given at least [`MIN_ENTRIES`] entries.
    ///
    /// # Errors
    /// [`BitstringError`]
    pub fn check(&self, entry: &BitstringEntry) -> Result<BitstringStatus, BitstringError> {
        self.check_with(entry, MIN_ENTRIES)
    }

    /// As [`check`](Self::check), where an ecosystem has another lower bound.
    ///
    /// # Errors
    /// [`BitstringError`]
    pub fn check_with(
        &self,
        entry: &BitstringEntry,
        min_entries: u64,
    ) -> Result<BitstringStatus, BitstringError> {
        if !self.purposes.contains(&entry.purpose) {
            return Err(BitstringError::Mismatch("another purpose"));
        }
        if self.size.is_some_and(|size| size != entry.size) {
            return Err(BitstringError::Mismatch("another statusSize"));
        }
        if self.statuses.len_as(entry.size) < min_entries {
            return Err(BitstringError::Length(min_entries));
        }
        let value = self.statuses.get_as(entry.size, entry.index)?;
        let message = entry.message(value).map(str::to_owned);
        Ok(BitstringStatus { value, purpose: entry.purpose.clone(), message })
    }

    /// The subject for a credential to be issued.
    #[must_use]
    pub fn to_subject(&self, id: Option<&str>, level: Level) -> Value {
        let mut subject = Map::new();
        let mut put = |name: &str, value: Value| subject.insert(name.to_owned(), value);
        if let Some(id) = id {
            put("id", id.into());
        }
        put("type", LIST_TYPE.into());
        match self.purposes.as_slice() {
            [one] => put("statusPurpose", one.name().into()),
            several => put("statusPurpose", several.iter().map(Purpose::name).collect()),
        };
        let size = self.statuses.size();
        if self.size.is_some() || size > StatusSize::ONE || self.purposes.contains(&Purpose::Message) {
            put("statusSize", size.bits().into());
        }
        put("encodedList", self.statuses.encode(level).into());
        if let Some(ttl) = self.ttl {
            put("ttl", u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).into());
        }
        subject.into()
    }
}

fn purposes(value: Option<&Value>) -> Result<Vec<Purpose>, BitstringError> {
    let malformed = BitstringError::Malformed("credentialSubject.statusPurpose");
    let purposes: Option<Vec<Purpose>> = match value {
        Some(Value::String(one)) => Some(vec![Purpose::from_name(one)]),
        Some(Value::Array(several)) => {
            several.iter().map(|one| one.as_str().map(Purpose::from_name)).collect()
        }
        _ => None,
    };
    purposes.filter(|purposes| !purposes.is_empty()).ok_or(malformed)
}

/// In milliseconds, other than the `ttl` of a Token Status List.
fn ttl(value: Option<&Value>) -> Result<Option<Duration>, BitstringError> {
    let malformed = BitstringError::Malformed("credentialSubject.ttl");
    value.map(|ttl| ttl.as_u64().map(Duration::from_millis).ok_or(malformed)).transpose()
}
