//! Sessions in the store: read with their version, written against it.

use credenza_core::{Event, Key, StoreError, UnixTime, Write};

use super::Issuer;
use super::session::Session;

/// How often a lost race is run again. Each time somebody else has made progress, and a session allows few changes.
pub(super) const MAX_RACES: usize = 64;

pub(super) const KIND: &str = "vci.session";

/// A session as it was read.
#[derive(Debug, Clone)]
pub(super) struct Loaded {
    pub(super) session: Session,
    pub(super) version: u64,
}

pub(super) fn key(id: &str) -> Key {
    Key::new(KIND, id)
}

impl Issuer {
    /// Reads a session of this issuer's.
    pub(super) async fn load(&self, id: &str) -> Result<Option<Loaded>, StoreError> {
        let key = key(id);
        let Some(record) = self.store.get(&key).await? else { return Ok(None) };
        let session: Session = serde_json::from_slice(&record.value)
            .map_err(|_| StoreError::Unavailable("a session can't be read".to_owned()))?;
        Ok((session.issuer == self.identifier).then_some(Loaded { session, version: record.version }))
    }

    /// The write that puts a session in the place of the version that was read.
    pub(super) fn replace(&self, id: &str, version: u64, session: &Session) -> Result<Write, StoreError> {
        Ok(Write::Replace {
            key: key(id),
            expected: version,
            value: self.encode(session)?,
            expires: self.kept_until(session),
        })
    }

    pub(super) fn encode(&self, session: &Session) -> Result<Vec<u8>, StoreError> {
        serde_json::to_vec(session).map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    pub(super) fn kept_until(&self, session: &Session) -> UnixTime {
        session.ends() + self.lifetimes.retention
    }

    /// What the listeners want stored in the commit of a change that has added to the events. It comes last in the
    /// commit: each of these has its own name, which is free as long as the session has the version that was read.
    pub(super) fn outbox(&self, id: &str, session: &Session, known: usize) -> Vec<Write> {
        let new: &[Event] = session.events.get(known..).unwrap_or_default();
        new.iter().filter_map(|event| self.events.outbox(id, event)).collect()
    }

    /// Tells the listeners what a change has added to the events.
    pub(super) fn tell(&self, id: &str, session: &Session, known: usize) {
        let new: &[Event] = session.events.get(known..).unwrap_or_default();
        for event in new {
            self.events.emit(id, event);
        }
    }
}
