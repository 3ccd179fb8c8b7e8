//! Whose turn it is to publish a list: of several nodes that see a change, one compresses and signs.
//!
//! A published list is right without turns, since it replaces a version; they save the others the work. A node that dies in
//! its turn holds the others up until the turn is over.

use std::time::Duration;

use credenza_core::{Key, RecordWrite, StoreError, UnixTime};
use serde::{Deserialize, Serialize};

use super::publish::Snapshot;
use super::{StatusLists, read, written};

const KIND: &str = "status.turn";

/// How long a turn lasts at most.
pub const TURN: Duration = Duration::from_secs(10);

#[derive(Serialize, Deserialize)]
struct Turn {
    until: UnixTime,
}

impl Turn {
    fn is_taken(&self, now: UnixTime) -> bool {
        // One that lasts longer was taken under another clock.
        now < self.until && self.until <= now + TURN
    }
}

fn key(list: &str) -> Key {
    Key::new(KIND, list)
}

impl StatusLists {
    /// Takes the turn to publish what was read; publishing ends it. `false`: another node has it, or has published
    /// meanwhile; wait a moment, and read again.
    ///
    /// # Errors
    /// The store.
    pub async fn take_turn(&self, snapshot: &mut Snapshot) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let value = written(&Turn { until: now + TURN })?;
        let key = key(snapshot.id());
        let (write, version) = match self.records.get(&key).await? {
            None => (RecordWrite::Insert { key, group: String::new(), value }, 1),
            Some(kept) if read::<Turn>(&kept.value)?.is_taken(now) => return Ok(false),
            Some(kept) => {
                let expected = kept.version;
                (RecordWrite::Replace { key, expected, value }, expected.saturating_add(1))
            }
        };
        match self.records.commit(vec![write]).await {
            Ok(()) => {}
            Err(StoreError::Conflict(_)) => return Ok(false),
            Err(error) => return Err(error),
        }
        // Whoever had the turn before may have ended it since the statuses were read.
        if self.is_last(snapshot).await? {
            snapshot.turn = Some(version);
            return Ok(true);
        }
        match self.records.commit(vec![over(snapshot.id(), version)?]).await {
            Ok(()) | Err(StoreError::Conflict(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Ends a turn.
pub(super) fn over(list: &str, version: u64) -> Result<RecordWrite, StoreError> {
    let value = written(&Turn { until: UnixTime::EPOCH })?;
    Ok(RecordWrite::Replace { key: key(list), expected: version, value })
}
