//! A store in this process's memory.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use credenza_core::{Answer, Clock, Key, Record, Store, StoreError, UnixTime, Write};

/// Into how many maps the records are spread, each with its own lock.
const SHARDS: usize = 64;

/// Expired records that each write takes away: more than it adds, so that memory is bounded by what is alive.
const SWEPT_PER_WRITE: usize = 2;

/// A store in this process's memory: for demos, tests and services of one node that may forget their sessions.
///
/// It answers at once, never across an await, and cleans up after itself: [`Store::sweep`] need not be called.
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    hasher: RandomState,
    shards: Box<[Mutex<Shard>]>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let shards = std::iter::repeat_with(Mutex::default).take(SHARDS).collect();
        Self { clock, hasher: RandomState::new(), shards }
    }

    /// How many records are held, counting those that have expired and are not swept yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).records.len()).sum()
    }

    /// Whether no record is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[expect(clippy::cast_possible_truncation, reason = "any bits of a hash will do")]
    fn index(&self, key: &Key) -> usize {
        self.hasher.hash_one(key) as usize % SHARDS
    }

    fn shard(&self, index: usize) -> MutexGuard<'_, Shard> {
        #[expect(clippy::indexing_slicing, reason = "an index is a remainder by the number of shards")]
        lock(&self.shards[index])
    }

    fn commit_now(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        let indexes: Vec<usize> = writes.iter().map(|write| self.index(write.key())).collect();
        // Everybody locks in the same order, or two commits could wait for each other.
        let mut order = indexes.clone();
        order.sort_unstable();
        order.dedup();
        let mut held: Vec<(usize, MutexGuard<'_, Shard>)> =
            order.into_iter().map(|index| (index, self.shard(index))).collect();
        let now = self.clock.now();

        for (number, (write, index)) in writes.iter().zip(&indexes).enumerate() {
            let stored = find(&mut held, *index).and_then(|shard| shard.state(write.key()));
            let earlier = writes.get(..number).unwrap_or_default();
            if !allowed(write, state_after(earlier, write.key(), stored), now) {
                return Err(StoreError::Conflict(number));
            }
        }
        for (write, index) in writes.into_iter().zip(indexes) {
            if let Some(shard) = find(&mut held, index) {
                shard.apply(write);
                shard.sweep(now, SWEPT_PER_WRITE);
            }
        }
        Ok(())
    }

    fn take_now(&self, key: &Key) -> Option<Record> {
        let mut shard = self.shard(self.index(key));
        let now = self.clock.now();
        shard.remove(key).filter(|record| now < record.expires)
    }

    fn get_now(&self, key: &Key) -> Option<Record> {
        let shard = self.shard(self.index(key));
        let now = self.clock.now();
        shard.records.get(key).map(|entry| &entry.record).filter(|record| now < record.expires).cloned()
    }

    fn list_now(&self, kind: &'static str, after: Option<&str>, limit: usize) -> Vec<(String, Record)> {
        let now = self.clock.now();
        let mut found: BTreeMap<String, Record> = BTreeMap::new();
        for shard in &self.shards {
            for (key, entry) in &lock(shard).records {
                let next = key.kind == kind && after.is_none_or(|after| key.id.as_str() > after);
                if !next || entry.record.expires <= now {
                    continue;
                }
                let full = found.len() >= limit;
                if full && found.last_key_value().is_none_or(|(last, _)| *last < key.id) {
                    continue;
                }
                found.insert(key.id.clone(), entry.record.clone());
                if full {
                    found.pop_last();
                }
            }
        }
        found.into_iter().collect()
    }

    fn sweep_now(&self, limit: usize) -> usize {
        let now = self.clock.now();
        let mut swept = 0;
        for shard in &self.shards {
            swept += lock(shard).sweep(now, limit - swept);
            if swept == limit {
                break;
            }
        }
        swept
    }
}

impl Store for MemoryStore {
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Result<Option<Record>, StoreError>> {
        Answer::ready(Ok(self.get_now(key)))
    }

    fn commit(&self, writes: Vec<Write>) -> Answer<'_, Result<(), StoreError>> {
        Answer::ready(self.commit_now(writes))
    }

    fn take<'a>(&'a self, key: &'a Key) -> Answer<'a, Result<Option<Record>, StoreError>> {
        Answer::ready(Ok(self.take_now(key)))
    }

    fn list<'a>(
        &'a self,
        kind: &'static str,
        after: Option<&'a str>,
        limit: usize,
    ) -> Answer<'a, Result<Vec<(String, Record)>, StoreError>> {
        Answer::ready(Ok(self.list_now(kind, after, limit)))
    }

    fn sweep(&self, limit: usize) -> Answer<'_, Result<usize, StoreError>> {
        Answer::ready(Ok(self.sweep_now(limit)))
    }
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryStore").field("records", &self.len()).finish_non_exhaustive()
    }
}

/// One part of the records, and the order in which they expire.
#[derive(Default)]
struct Shard {
    records: HashMap<Arc<Key>, Entry>,
    /// By expiry, then by the entry's number.
    expiry: BTreeMap<(UnixTime, u64), Arc<Key>>,
    next: u64,
}

struct Entry {
    record: Record,
    /// Tells records of one second apart.
    number: u64,
}

/// What a write depends on: version and expiry of the record that is there.
type State = Option<(u64, UnixTime)>;

impl Shard {
    fn state(&self, key: &Key) -> State {
        self.records.get(key).map(|entry| (entry.record.version, entry.record.expires))
    }

    /// Does a write that is known to be allowed.
    fn apply(&mut self, write: Write) {
        match write {
            Write::Insert { key, value, expires } => {
                self.remove(&key);
                self.put(Arc::new(key), Record { value, version: 1, expires });
            }
            Write::Replace { key, expected, value, expires } => {
                self.remove(&key);
                self.put(Arc::new(key), Record { value, version: expected.saturating_add(1), expires });
            }
            Write::Remove { key } => {
                self.remove(&key);
            }
        }
    }

    fn put(&mut self, key: Arc<Key>, record: Record) {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.expiry.insert((record.expires, number), Arc::clone(&key));
        self.records.insert(key, Entry { record, number });
    }

    fn remove(&mut self, key: &Key) -> Option<Record> {
        let Entry { record, number } = self.records.remove(key)?;
        self.expiry.remove(&(record.expires, number));
        Some(record)
    }

    fn sweep(&mut self, now: UnixTime, limit: usize) -> usize {
        let mut swept = 0;
        while swept < limit {
            let Some(first) = self.expiry.first_entry().filter(|first| first.key().0 <= now) else { break };
            self.records.remove(&first.remove());
            swept += 1;
        }
        swept
    }
}

/// The state of `key` after earlier writes of the same commit.
fn state_after(earlier: &[Write], key: &Key, stored: State) -> State {
    earlier.iter().filter(|write| write.key() == key).fold(stored, |_, write| match write {
        Write::Insert { expires, .. } => Some((1, *expires)),
        Write::Replace { expected, expires, .. } => Some((expected.saturating_add(1), *expires)),
        Write::Remove { .. } => None,
    })
}

fn allowed(write: &Write, state: State, now: UnixTime) -> bool {
    let version = state.filter(|(_, expires)| now < *expires).map(|(version, _)| version);
    match write {
        Write::Insert { .. } => version.is_none(),
        Write::Replace { expected, .. } => version == Some(*expected),
        Write::Remove { .. } => version.is_some(),
    }
}

/// The shard of that index, among those that are locked, which are in order.
fn find<'h>(held: &'h mut [(usize, MutexGuard<'_, Shard>)], index: usize) -> Option<&'h mut Shard> {
    let at = held.binary_search_by_key(&index, |(index, _)| *index).ok()?;
    held.get_mut(at).map(|(_, shard)| &mut **shard)
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}
