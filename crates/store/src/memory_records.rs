//! Records in this process's memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use credenza_core::{Answer, Kept, Key, Listing, RecordWrite, Records, StoreError};

/// Records in this process's memory: for demos and tests. They are gone when it ends.
#[derive(Default)]
pub struct MemoryRecords {
    inner: Mutex<Inner>,
}

#[derive(Default, Clone)]
struct Entry {
    kept: Kept,
    group: String,
}

#[derive(Default)]
struct Inner {
    records: BTreeMap<Key, Entry>,
    /// Kind, group and id of those that belong to a group.
    groups: BTreeSet<(&'static str, String, String)>,
}

impl MemoryRecords {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Does a write, if the record is in the state that it needs; the entry that was there before.
    fn write(&mut self, write: RecordWrite) -> Option<(Key, Option<Entry>)> {
        let before = self.records.get(write.key()).cloned();
        let fits = |expected| before.as_ref().is_some_and(|entry| entry.kept.version == expected);
        match write {
            RecordWrite::Insert { key, group, value } if before.is_none() => {
                self.put(key.clone(), Some(Entry { kept: Kept { value, version: 1 }, group }));
                Some((key, None))
            }
            RecordWrite::Replace { key, expected, value } if fits(expected) => {
                let group = before.as_ref().map(|entry| entry.group.clone()).unwrap_or_default();
                let kept = Kept { value, version: expected.saturating_add(1) };
                self.put(key.clone(), Some(Entry { kept, group }));
                Some((key, before))
            }
            RecordWrite::Remove { key, expected } if fits(expected) => {
                self.put(key.clone(), None);
                Some((key, before))
            }
            _ => None,
        }
    }

    fn put(&mut self, key: Key, entry: Option<Entry>) {
        let name = |group: &str| (key.kind, group.to_owned(), key.id.clone());
        if let Some(old) = self.records.get(&key).filter(|old| !old.group.is_empty()) {
            let name = name(&old.group);
            self.groups.remove(&name);
        }
        match entry {
            Some(entry) => {
                if !entry.group.is_empty() {
                    self.groups.insert(name(&entry.group));
                }
                self.records.insert(key, entry);
            }
            None => {
                self.records.remove(&key);
            }
        }
    }

    fn commit(&mut self, writes: Vec<RecordWrite>) -> Result<(), StoreError> {
        let mut done = Vec::with_capacity(writes.len());
        for (number, write) in writes.into_iter().enumerate() {
            match self.write(write) {
                Some(undo) => done.push(undo),
                None => {
                    for (key, before) in done.into_iter().rev() {
                        self.put(key, before);
                    }
                    return Err(StoreError::Conflict(number));
                }
            }
        }
        Ok(())
    }

    fn list(&self, listing: Listing<'_>) -> Vec<(String, Kept)> {
        let kind = listing.kind;
        let found = |id: &str| {
            let entry = self.records.get(&Key::new(kind, id))?;
            Some((id.to_owned(), entry.kept.clone()))
        };
        let after = listing.after.unwrap_or_default().to_owned();
        match listing.group {
            Some(group) => self
                .groups
                .range((Bound::Excluded((kind, group.to_owned(), after)), Bound::Unbounded))
                .take_while(|(of, belongs, _)| *of == kind && belongs == group)
                .filter_map(|(_, _, id)| found(id))
                .take(listing.limit)
                .collect(),
            None => self
                .records
                .range((Bound::Excluded(Key::new(kind, after)), Bound::Unbounded))
                .take_while(|(key, _)| key.kind == kind)
                .map(|(key, entry)| (key.id.clone(), entry.kept.clone()))
                .take(listing.limit)
                .collect(),
        }
    }
}

impl Records for MemoryRecords {
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Result<Option<Kept>, StoreError>> {
        Answer::ready(Ok(self.lock().records.get(key).map(|entry| entry.kept.clone())))
    }

    fn list<'a>(&'a self, listing: Listing<'a>) -> Answer<'a, Result<Vec<(String, Kept)>, StoreError>> {
        Answer::ready(Ok(self.lock().list(listing)))
    }

    fn commit(&self, writes: Vec<RecordWrite>) -> Answer<'_, Result<(), StoreError>> {
        Answer::ready(self.lock().commit(writes))
    }
}

impl std::fmt::Debug for MemoryRecords {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("MemoryRecords")
    }
}
