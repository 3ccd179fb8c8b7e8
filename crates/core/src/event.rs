//! Events: what happened to a session, told to whoever listens.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::{UnixTime, Write};

/// One thing that happened to an offer or a presentation. It carries no personal data and no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Number within the session, from 1, without gaps.
    pub sequence: u32,
    /// When it happened.
    pub at: UnixTime,
    /// What happened, from the role's fixed vocabulary (`offer.created`, `presentation.verified`).
    #[serde(rename = "type")]
    pub kind: String,
    /// Why, where there is a reason: the wire code or the check that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Port: where a role tells what happened. Must return at once.
pub trait EventSink: Send + Sync {
    /// What has to be stored in the very commit of the change that this event tells of, so that it is not forgotten by a
    /// process that dies right after it: an outbox. Nothing, unless said otherwise.
    fn outbox(&self, session: &str, event: &Event) -> Option<Write> {
        let _ = (session, event);
        None
    }

    /// Takes one event of the session `session`, after the change is stored.
    fn emit(&self, session: &str, event: &Event);
}

/// A sink that listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoEvents;

impl EventSink for NoEvents {
    fn emit(&self, _session: &str, _event: &Event) {}
}

/// A sink that remembers everything: for tests, and to follow a session within one process.
#[derive(Debug, Default)]
pub struct RecordingSink(Mutex<Vec<(String, Event)>>);

impl RecordingSink {
    /// A sink that has heard nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The events of one session, in the order in which they were told.
    #[must_use]
    pub fn of(&self, session: &str) -> Vec<Event> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().filter(|(of, _)| of == session).map(|(_, event)| event.clone()).collect()
    }

    /// The sessions that told something, in the order of their first event.
    #[must_use]
    pub fn sessions(&self) -> Vec<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sessions: Vec<String> = Vec::new();
        for (session, _) in all.iter() {
            if !sessions.contains(session) {
                sessions.push(session.clone());
            }
        }
        sessions
    }

    /// The contract of whoever emits: in every session the numbers run from 1 without gaps, and time does not run
    /// backwards.
    ///
    /// # Errors
    /// The session that breaks it, and the number that came instead.
    pub fn check(&self) -> Result<(), String> {
        for session in self.sessions() {
            let events = self.of(&session);
            for (wanted, event) in (1..).zip(&events) {
                if event.sequence != wanted {
                    return Err(format!("event {} of {session} came as number {wanted}", event.sequence));
                }
            }
            if !events.is_sorted_by_key(|event| event.at) {
                return Err(format!("the events of {session} are not in the order of their times"));
            }
        }
        Ok(())
    }
}

impl EventSink for RecordingSink {
    fn emit(&self, session: &str, event: &Event) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push((session.to_owned(), event.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(sequence: u32, at: i64) -> Event {
        let kind = "offer.created".to_owned();
        Event { sequence, at: UnixTime::from_secs(at), kind, reason: None }
    }

    fn recorded(events: &[(&str, u32, i64)]) -> RecordingSink {
        let sink = RecordingSink::new();
        for (session, sequence, at) in events {
            sink.emit(session, &event(*sequence, *at));
        }
        NoEvents.emit("a", &event(1, 5));
        sink
    }

    #[test]
    fn sessions_are_kept_apart_and_in_order() {
        let sink = recorded(&[("b", 1, 5), ("a", 1, 5), ("b", 2, 6)]);
        assert_eq!(sink.of("b"), [event(1, 5), event(2, 6)]);
        assert_eq!(sink.of("a"), [event(1, 5)]);
        assert_eq!(sink.of("c"), []);
        assert_eq!(sink.sessions(), ["b", "a"]);
        assert_eq!(sink.check(), Ok(()));
    }

    #[test]
    fn gaps_repetitions_and_wrong_starts_are_found() {
        for wrong in [
            &[("a", 2, 5)][..],
            &[("a", 0, 5)],
            &[("a", 1, 5), ("a", 3, 5)],
            &[("a", 1, 5), ("a", 1, 5)],
            &[("a", 1, 5), ("b", 2, 5)],
            &[("a", 1, 6), ("a", 2, 5)],
        ] {
            assert!(recorded(wrong).check().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn on_the_wire() {
        let mut event = event(1, 5);
        let text = r#"{"sequence":1,"at":5,"type":"offer.created"}"#;
        assert_eq!(serde_json::to_string(&event).unwrap(), text);
        assert_eq!(serde_json::from_str::<Event>(text).unwrap(), event);
        event.reason = Some("invalid_proof".to_owned());
        assert!(serde_json::to_string(&event).unwrap().ends_with(r#""reason":"invalid_proof"}"#));
    }
}
