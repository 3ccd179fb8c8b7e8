//! What is known about types, and what is being fetched: one fetch at a time for each.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use credenza_core::UnixTime;
use futures_util::FutureExt as _;
use futures_util::future::{Shared, WeakShared};

use super::{Integrity, TypeError, TypeMetadata, TypeResolverConfig};

/// A type and the document that is meant: with another integrity it is another document.
pub(super) type Name = (String, Option<Integrity>);
pub(super) type Outcome = Result<Arc<TypeMetadata>, TypeError>;
type Fetch = Pin<Box<dyn Future<Output = Outcome> + Send>>;

#[derive(Default)]
pub(super) struct Cache {
    slots: Mutex<Slots>,
}

#[derive(Default)]
struct Slots {
    by_name: HashMap<Name, Slot>,
    /// Counts uses, to know which was used last.
    uses: u64,
}

#[derive(Default)]
struct Slot {
    known: Option<Known>,
    failed: Option<(TypeError, UnixTime)>,
    fetching: Option<WeakShared<Fetch>>,
    last_use: u64,
}

struct Known {
    document: Arc<TypeMetadata>,
    /// `None`: it does not change.
    fresh_until: Option<UnixTime>,
}

pub(super) enum Next {
    Known(Arc<TypeMetadata>),
    Failed(TypeError),
    Await(Shared<Fetch>),
}

impl Cache {
    /// Decides under the lock; nothing is awaited there.
    pub(super) fn next<F: Future<Output = Outcome> + Send + 'static>(
        &self,
        name: &Name,
        now: UnixTime,
        config: &TypeResolverConfig,
        begin: impl FnOnce() -> F,
    ) -> Next {
        let mut slots = self.slots();
        slots.uses += 1;
        let uses = slots.uses;
        let slot = slots.by_name.entry(name.clone()).or_default();
        slot.last_use = uses;
        if let Some(known) = &slot.known
            && known.fresh_until.is_none_or(|until| now < until)
        {
            return Next::Known(Arc::clone(&known.document));
        }
        if let Some(fetch) = slot.fetching.as_ref().and_then(WeakShared::upgrade) {
            return Next::Await(fetch);
        }
        if let Some((error, at)) = &slot.failed
            && *at <= now
            && now < *at + config.retry_after
        {
            return Next::Failed(error.clone());
        }
        let fetch = (Box::pin(begin()) as Fetch).shared();
        slot.fetching = fetch.downgrade();
        slots.make_room(config.max_documents, name);
        Next::Await(fetch)
    }

    /// Remembers what came of a fetch.
    pub(super) fn settle(
        &self,
        name: &Name,
        fetched: Result<(TypeMetadata, Option<UnixTime>), TypeError>,
        now: UnixTime,
        config: &TypeResolverConfig,
    ) -> Outcome {
        let mut slots = self.slots();
        let slot = slots.by_name.entry(name.clone()).or_default();
        slot.fetching = None;
        let outcome = match fetched {
            Ok((document, fresh_until)) => {
                let document = Arc::new(document);
                slot.failed = None;
                slot.known = Some(Known { document: Arc::clone(&document), fresh_until });
                Ok(document)
            }
            Err(error) => {
                slot.failed = Some((error.clone(), now));
                slot.known = None;
                Err(error)
            }
        };
        slots.make_room(config.max_documents, name);
        outcome
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    /// Drops what was used least recently, but not `keep`.
    fn make_room(&mut self, max: usize, keep: &Name) {
        while self.by_name.len() > max.max(1) {
            let others = self.by_name.iter().filter(|(name, _)| *name != keep);
            let Some(name) = others.min_by_key(|(_, slot)| slot.last_use).map(|(name, _)| name.clone())
            else {
                return;
            };
            self.by_name.remove(&name);
        }
    }
}
