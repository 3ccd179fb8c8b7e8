//! Publishes status lists: what is served is in memory, and is made anew where no request is waiting for it.
//!
//! The truth is in the records; every node reads it again from time to time, and at once when it has changed something
//! itself. Lists are compressed and signed on a thread of their own, one at a time for each list; changes that come
//! meanwhile are published together by the next one. Of several nodes, one does that, and the others serve what it made.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use credenza_core::{Clock, StoreError};
use credenza_formats::status_list::{Level, encode};
use credenza_vci::issuer::status::{
    BitstringPurpose, CredentialRecord, PublishError, Published, StatusLists, TURN,
};
use tokio::time::Instant;

/// How long a list is served before it is looked up whether another node has changed it.
const REREAD: Duration = Duration::from_secs(5);

/// Pause between two publications of one list: changes in between are published together.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a caller who changes a status waits to see it published; it is durable by then anyway.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a node waits before it looks whether another one has published what it would have.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// How often a list is made anew because another node was faster, before that one's has to do.
const TRIES: usize = 4;

/// A list in all its forms.
#[derive(Debug)]
pub(crate) struct Rendered {
    pub(crate) jwt: Bytes,
    pub(crate) jwt_gzip: Bytes,
    pub(crate) cwt: Bytes,
    revocation: Option<Bytes>,
    suspension: Option<Bytes>,
    published: Published,
}

impl Rendered {
    fn new(published: Published) -> Self {
        let bytes = |purpose| published.bitstring(purpose).map(|text| Bytes::from(text.to_owned()));
        Self {
            jwt: Bytes::from(published.jwt.clone()),
            // The list in it is compressed already: only base64 is left to be undone.
            jwt_gzip: encode::gzip(published.jwt.as_bytes(), Level::FASTEST).into(),
            cwt: published.cwt().into(),
            revocation: bytes(BitstringPurpose::Revocation),
            suspension: bytes(BitstringPurpose::Suspension),
            published,
        }
    }

    pub(crate) fn bitstring(&self, purpose: BitstringPurpose) -> Option<Bytes> {
        match purpose {
            BitstringPurpose::Revocation => self.revocation.clone(),
            BitstringPurpose::Suspension => self.suspension.clone(),
        }
    }
}

/// The lists that this node serves.
pub(crate) struct Publisher {
    pub(crate) lists: Arc<StatusLists>,
    clock: Arc<dyn Clock>,
    slots: Mutex<HashMap<String, Arc<Slot>>>,
}

#[derive(Default)]
struct Slot {
    served: Mutex<Option<Served>>,
    work: tokio::sync::Mutex<()>,
    /// Counts those who want the list as it is from now on, and those of them who have it.
    wanted: AtomicU64,
    done: AtomicU64,
}

#[derive(Clone)]
struct Served {
    rendered: Arc<Rendered>,
    read_at: Instant,
}

impl Slot {
    fn served(&self) -> MutexGuard<'_, Option<Served>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Publisher {
    pub(crate) fn new(lists: Arc<StatusLists>, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { lists, clock, slots: Mutex::default() })
    }

    /// A list as it is to be served. `None`: there is no such list.
    pub(crate) async fn get(self: &Arc<Self>, list: &str) -> Result<Option<Arc<Rendered>>, PublishError> {
        let slot = self.slot(list);
        let served = slot.served().clone();
        match served.filter(|served| served.rendered.published.is_good(self.clock.now())) {
            None => self.refresh(list, &slot).await,
            Some(served) => {
                if served.read_at.elapsed() >= REREAD && slot.work.try_lock().is_ok() {
                    let (publisher, list) = (Arc::clone(self), list.to_owned());
                    tokio::spawn(async move {
                        if let Err(error) = publisher.refresh(&list, &slot).await {
                            tracing::warn!(%error, "a status list can't be published anew");
                        }
                    });
                }
                Ok(Some(served.rendered))
            }
        }
    }

    /// Publishes the lists in which a credential has its places. Says whether that was done while the caller waited.
    pub(crate) async fn publish(self: &Arc<Self>, changed: &CredentialRecord) -> bool {
        let mut lists: Vec<&str> = changed.places.iter().map(|place| place.list.as_str()).collect();
        lists.dedup();
        let works: Vec<_> = lists
            .into_iter()
            .map(|list| {
                let (publisher, list) = (Arc::clone(self), list.to_owned());
                // It goes on when nobody waits any more.
                tokio::spawn(async move { publisher.refresh(&list, &publisher.slot(&list)).await })
            })
            .collect();
        let all = async {
            let mut good = true;
            for work in works {
                match work.await {
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => {
                        tracing::warn!(%error, "a status list can't be published");
                        good = false;
                    }
                    Err(_) => good = false,
                }
            }
            good
        };
        tokio::time::timeout(PATIENCE, all).await.unwrap_or(false)
    }

    /// The list as it is now, or later.
    async fn refresh(
        self: &Arc<Self>,
        list: &str,
        slot: &Arc<Slot>,
    ) -> Result<Option<Arc<Rendered>>, PublishError> {
        let ticket = slot.wanted.fetch_add(1, Ordering::SeqCst) + 1;
        let _work = slot.work.lock().await;
        let served = slot.served().clone();
        if slot.done.load(Ordering::SeqCst) >= ticket
            && let Some(served) = &served
        {
            return Ok(Some(Arc::clone(&served.rendered)));
        }
        if let Some(served) = &served {
            tokio::time::sleep_until(served.read_at + PAUSE).await;
        }
        // Whoever comes while it is made has to wait for the next one.
        let covered = slot.wanted.load(Ordering::SeqCst);
        let read_at = Instant::now();
        let Some(rendered) = self.make(list, served).await? else {
            self.slots().remove(list);
            return Ok(None);
        };
        *slot.served() = Some(Served { rendered: Arc::clone(&rendered), read_at });
        slot.done.store(covered, Ordering::SeqCst);
        Ok(Some(rendered))
    }

    /// Reads, compresses, signs and stores a list, on a thread where that disturbs nobody.
    async fn make(&self, list: &str, served: Option<Served>) -> Result<Option<Arc<Rendered>>, PublishError> {
        let (lists, clock, list) = (Arc::clone(&self.lists), Arc::clone(&self.clock), list.to_owned());
        let runtime = tokio::runtime::Handle::current();
        let work = move || {
            runtime.block_on(async {
                let (mut last, mut tries) = (None, 0);
                let begun = Instant::now();
                while tries < TRIES {
                    let Some(mut snapshot) = lists.snapshot(&list).await? else { return Ok(None) };
                    if let Some(current) = snapshot.current(clock.now()) {
                        last = Some(current);
                        break;
                    }
                    // After that, whoever has the turn is not coming back; without a turn the list is as right.
                    if !lists.take_turn(&mut snapshot).await? && begun.elapsed() < 2 * TURN {
                        tokio::time::sleep(LOOK_AGAIN).await;
                        continue;
                    }
                    tries += 1;
                    last = Some(lists.publish(snapshot.encode()).await?);
                }
                let unchanged = served.filter(|served| Some(&served.rendered.published) == last.as_ref());
                Ok(match (unchanged, last) {
                    (Some(served), _) => Some(served.rendered),
                    (None, last) => last.map(|published| Arc::new(Rendered::new(published))),
                })
            })
        };
        let broken = |_| StoreError::Unavailable("publishing has stopped".to_owned());
        tokio::task::spawn_blocking(work).await.map_err(broken)?
    }

    fn slot(&self, list: &str) -> Arc<Slot> {
        match self.slots().entry(list.to_owned()) {
            Entry::Occupied(slot) => Arc::clone(slot.get()),
            Entry::Vacant(empty) => Arc::clone(empty.insert(Arc::default())),
        }
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<String, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
