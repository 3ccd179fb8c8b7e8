//! What a receiver is told.

use credenza_core::{Event, Random, UnixTime, b64, id};
use credenza_crypto::hash::sha256;
use credenza_vci::issuer::status::CredentialRecord;
use serde::{Deserialize, Serialize};

/// One thing that happened, without personal data and without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    /// `offer.retrieved`, `presentation.verified`, `credential.status_changed`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) at: UnixTime,
    /// The session; of a credential, the one that it was issued in.
    pub(crate) session: String,
    /// The number of the event within its session; of a change of status, within its credential.
    pub(crate) sequence: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) credential: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<String>,
}

impl Message {
    /// An event of a session.
    pub(crate) fn of_session(session: &str, event: Event) -> Self {
        Self {
            kind: event.kind,
            at: event.at,
            session: session.to_owned(),
            sequence: event.sequence.into(),
            reason: event.reason,
            credential: None,
            status: None,
        }
    }

    /// A credential that has got another status, by its change of this number.
    pub(crate) fn of_status(record: &CredentialRecord, sequence: u64) -> Self {
        Self {
            kind: "credential.status_changed".to_owned(),
            at: record.changed_at.unwrap_or(record.issued_at),
            session: record.session.clone(),
            sequence,
            reason: None,
            credential: Some(record.id.clone()),
            status: Some(record.state.name().to_owned()),
        }
    }

    /// A message that tells of nothing, to try a receiver with.
    pub(crate) fn test(random: &dyn Random, at: UnixTime) -> Self {
        Self {
            kind: "webhook.test".to_owned(),
            at,
            session: id::short(random),
            sequence: 1,
            reason: None,
            credential: None,
            status: None,
        }
    }

    /// Where the message stands among those of its session: an order of texts.
    pub(super) fn order(&self) -> String {
        let (at, number) = (self.at.as_secs(), self.sequence);
        match &self.credential {
            None => format!("{at:012}.0.{number:010}"),
            Some(credential) => {
                let hash = b64::encode(sha256(credential.as_bytes()));
                format!("{at:012}.1.{number:010}.{}", hash.get(..10).unwrap_or_default())
            }
        }
    }

    /// Whether a pattern (`*`, `offer.*`, `offer.retrieved`) means this message.
    pub(super) fn is_meant_by(&self, pattern: &str) -> bool {
        match pattern.strip_suffix('*') {
            Some(start) => self.kind.starts_with(start),
            None => self.kind == pattern,
        }
    }
}

/// Whether this is a pattern of types: words of lower case with dots, the last of which may be a star.
pub(super) fn is_pattern(text: &str) -> bool {
    let plain =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let mut words: Vec<&str> = text.split('.').collect();
    if words.last() == Some(&"*") {
        words.pop();
    }
    text.len() <= 64 && words.into_iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, sequence: u32, at: i64) -> Message {
        let event = Event { sequence, at: UnixTime::from_secs(at), kind: kind.into(), reason: None };
        Message::of_session("s", event)
    }

    #[test]
    fn patterns() {
        let message = event("offer.retrieved", 2, 5);
        for (pattern, meant) in
            [("*", true), ("offer.*", true), ("offer.retrieved", true), ("offer.created", false)]
        {
            assert!(is_pattern(pattern));
            assert_eq!(message.is_meant_by(pattern), meant, "{pattern}");
        }
        for bad in ["", "Offer.*", "offer.", ".", "offer*", "*.*", "offer.*.x", &"a".repeat(65)] {
            assert!(!is_pattern(bad), "{bad}");
        }
    }

    #[test]
    fn messages_of_a_session_stand_in_order() {
        let all = [event("a", 1, 5), event("a", 2, 5), event("a", 10, 5), event("a", 11, 1_700_000_000)];
        assert!(all.iter().map(Message::order).is_sorted());
    }
}
