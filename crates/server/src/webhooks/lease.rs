//! Leases: of several nodes, one at a time does a piece of work.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use credenza_core::{Clock, Key, RecordWrite, Records, StoreError, UnixTime, id};
use serde::{Deserialize, Serialize};

use super::Ports;

const KIND: &str = "server.lease";

/// For how long a node takes a lease.
const TERM: Duration = Duration::from_secs(60);

/// A lease that ends sooner than this is not worked under: what is begun has to be over before another node begins.
pub(super) const MARGIN: Duration = Duration::from_secs(20);

/// Who has a lease, and until when.
#[derive(Serialize, Deserialize)]
struct Content {
    holder: String,
    until: UnixTime,
}

/// The leases that this node has, or would have.
pub(super) struct Leases {
    records: Arc<dyn Records>,
    clock: Arc<dyn Clock>,
    /// This node's name.
    holder: String,
    /// Until when this node has which leases.
    held: Mutex<HashMap<String, UnixTime>>,
}

impl Leases {
    pub(super) fn new(ports: &Ports) -> Self {
        Self {
            records: Arc::clone(&ports.records),
            clock: Arc::clone(&ports.clock),
            holder: id::short(&*ports.random),
            held: Mutex::default(),
        }
    }

    /// Whether this node may go on with a piece of work right now.
    pub(super) fn is_held(&self, name: &str) -> bool {
        let until = self.held().get(name).copied();
        until.is_some_and(|until| self.clock.now() + MARGIN < until)
    }

    /// Takes or keeps a lease, if nobody else has it.
    pub(super) async fn hold(&self, name: &str) -> Result<bool, StoreError> {
        // Half of the term is left for another try.
        let fresh = self.held().get(name).copied();
        if fresh.is_some_and(|until| self.clock.now() + TERM / 2 < until) {
            return Ok(true);
        }
        let key = Key::new(KIND, name);
        let now = self.clock.now();
        let until = now + TERM;
        let content = Content { holder: self.holder.clone(), until };
        let value = serde_json::to_vec(&content).unwrap_or_default();
        let write = match self.records.get(&key).await? {
            None => RecordWrite::Insert { key, group: String::new(), value },
            Some(kept) => match serde_json::from_slice::<Content>(&kept.value) {
                Ok(other) if other.holder != self.holder && now < other.until => {
                    self.held().remove(name);
                    return Ok(false);
                }
                _ => RecordWrite::Replace { key, expected: kept.version, value },
            },
        };
        match self.records.commit(vec![write]).await {
            Ok(()) => {
                self.held().insert(name.to_owned(), until);
                Ok(true)
            }
            Err(StoreError::Conflict(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Gives all leases back, so that another node need not wait for their ends.
    pub(super) async fn release(&self) -> Result<(), StoreError> {
        let names: Vec<String> = self.held().drain().map(|(name, _)| name).collect();
        for name in names {
            let key = Key::new(KIND, name);
            let Some(kept) = self.records.get(&key).await? else { continue };
            let own =
                serde_json::from_slice::<Content>(&kept.value).is_ok_and(|one| one.holder == self.holder);
            if own {
                match self.records.commit(vec![RecordWrite::Remove { key, expected: kept.version }]).await {
                    Ok(()) | Err(StoreError::Conflict(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, UnixTime>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
