//! The contract finds faults: each store here has one, and the check that is meant for it must fail.

use std::sync::Arc;
use std::thread::yield_now;
use std::time::Duration;

use credenza_core::{Answer, Clock, Key, Record, Store, StoreError, UnixTime, Write};
use credenza_store::MemoryStore;
use credenza_store::contract::{self, block_on};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    CheckThenTake,
    CheckThenInsert,
    CheckThenReplace,
    CommitOneByOne,
    NumbersConflictsFromZero,
    ChecksAllThenWrites,
    ExpiresOneSecondLate,
    ExpiredBlocksInsert,
    RestartsVersions,
    SweepsTooMuch,
    CutsLargeValues,
    FoldsCase,
    TakeKeeps,
    /// Lists in the wrong order.
    ListsBackwards,
}

struct Faulty {
    fault: Fault,
    store: MemoryStore,
    clock: Arc<dyn Clock>,
}

/// A clock that is late.
struct Late(Arc<dyn Clock>);

impl Clock for Late {
    fn now(&self) -> UnixTime {
        self.0.now() - Duration::from_secs(1)
    }
}

fn faulty(fault: Fault, clock: Arc<dyn Clock>) -> Faulty {
    let inner: Arc<dyn Clock> = match fault {
        Fault::ExpiresOneSecondLate => Arc::new(Late(clock.clone())),
        _ => clock.clone(),
    };
    Faulty { fault, store: MemoryStore::new(inner), clock }
}

impl Faulty {
    fn key(&self, key: &Key) -> Key {
        match self.fault {
            Fault::FoldsCase => Key::new(key.kind, key.id.to_lowercase()),
            _ => key.clone(),
        }
    }

    fn read(&self, key: &Key) -> Option<Record> {
        block_on(self.store.get(&self.key(key))).unwrap()
    }

    /// Writes without asking what is there.
    fn force(&self, key: &Key, value: &[u8], version: u64, expires: UnixTime) {
        block_on(self.store.take(key)).unwrap();
        let mut writes = vec![Write::Insert { key: key.clone(), value: value.to_vec(), expires }];
        writes.extend((1..version).map(|expected| {
            let (key, value) = (key.clone(), value.to_vec());
            Write::Replace { key, expected, value, expires }
        }));
        // Another of these faulty writers may be in between.
        let _ = block_on(self.store.commit(writes));
    }

    fn written(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        match (self.fault, &*writes) {
            (Fault::CheckThenInsert, [Write::Insert { key, value, expires }]) => {
                if self.read(key).is_some() {
                    return Err(StoreError::Conflict(0));
                }
                yield_now();
                self.force(key, value, 1, *expires);
                Ok(())
            }
            (Fault::CheckThenReplace, [Write::Replace { key, expected, value, expires }]) => {
                if self.read(key).is_none_or(|record| record.version != *expected) {
                    return Err(StoreError::Conflict(0));
                }
                yield_now();
                self.force(key, value, expected + 1, *expires);
                Ok(())
            }
            (Fault::RestartsVersions, [Write::Replace { key, expected, value, expires }]) => {
                if self.read(key).is_none_or(|record| record.version != *expected) {
                    return Err(StoreError::Conflict(0));
                }
                self.force(key, value, 1, *expires);
                Ok(())
            }
            (Fault::CommitOneByOne, _) => {
                for (number, write) in writes.into_iter().enumerate() {
                    block_on(self.store.commit(vec![write])).map_err(|_| StoreError::Conflict(number))?;
                }
                Ok(())
            }
            (Fault::NumbersConflictsFromZero, _) => {
                block_on(self.store.commit(writes)).map_err(|_| StoreError::Conflict(0))
            }
            (Fault::ChecksAllThenWrites, [_, _, ..]) => {
                // Checks every write against what was there before the commit.
                for (number, write) in writes.iter().enumerate() {
                    let version = self.read(write.key()).map(|record| record.version);
                    let fits = match write {
                        Write::Insert { .. } => version.is_none(),
                        Write::Replace { expected, .. } => version == Some(*expected),
                        Write::Remove { .. } => version.is_some(),
                    };
                    if !fits {
                        return Err(StoreError::Conflict(number));
                    }
                }
                for write in writes {
                    let _ = block_on(self.store.commit(vec![write]));
                }
                Ok(())
            }
            (Fault::ExpiredBlocksInsert, [Write::Insert { expires, .. }]) => {
                let mut writes = writes.clone();
                let real = *expires;
                if let [Write::Insert { expires, .. }] = &mut *writes {
                    *expires = real + Duration::from_secs(3600);
                }
                block_on(self.store.commit(writes))
            }
            (Fault::CutsLargeValues, [Write::Insert { key, value, expires }]) if value.len() > 65_535 => {
                let (key, value, expires) = (key.clone(), value[..65_535].to_vec(), *expires);
                block_on(self.store.insert(key, value, expires))
            }
            (Fault::FoldsCase, _) => {
                let folded = writes.into_iter().map(|mut write| {
                    let folded = self.key(write.key());
                    match &mut write {
                        Write::Insert { key, .. } | Write::Replace { key, .. } | Write::Remove { key } => {
                            *key = folded;
                        }
                    }
                    write
                });
                block_on(self.store.commit(folded.collect()))
            }
            _ => block_on(self.store.commit(writes)),
        }
    }

    fn taken(&self, key: &Key) -> Option<Record> {
        match self.fault {
            Fault::CheckThenTake => {
                let record = self.read(key)?;
                yield_now();
                let _ = block_on(self.store.commit(vec![Write::Remove { key: key.clone() }]));
                Some(record)
            }
            Fault::TakeKeeps => self.read(key),
            _ => block_on(self.store.take(&self.key(key))).unwrap(),
        }
    }
}

impl Store for Faulty {
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Result<Option<Record>, StoreError>> {
        let mut found = self.read(key);
        if self.fault == Fault::ExpiredBlocksInsert {
            // Hides the expired, but does not know it when writing.
            found = found.filter(|record| self.clock.now() + Duration::from_secs(3600) < record.expires);
            if let Some(record) = &mut found {
                record.expires = record.expires - Duration::from_secs(3600);
            }
        }
        Answer::ready(Ok(found))
    }

    fn commit(&self, writes: Vec<Write>) -> Answer<'_, Result<(), StoreError>> {
        Answer::ready(self.written(writes))
    }

    fn take<'a>(&'a self, key: &'a Key) -> Answer<'a, Result<Option<Record>, StoreError>> {
        Answer::ready(Ok(self.taken(key)))
    }

    fn list<'a>(
        &'a self,
        kind: &'static str,
        after: Option<&'a str>,
        limit: usize,
    ) -> Answer<'a, Result<Vec<(String, Record)>, StoreError>> {
        let listed = block_on(self.store.list(kind, after, limit)).map(|mut listed| {
            if self.fault == Fault::ListsBackwards {
                listed.reverse();
            }
            listed
        });
        Answer::ready(listed)
    }

    fn sweep(&self, limit: usize) -> Answer<'_, Result<usize, StoreError>> {
        match self.fault {
            Fault::SweepsTooMuch => self.store.sweep(limit.saturating_add(1)),
            _ => self.store.sweep(limit),
        }
    }
}

#[test]
fn every_fault_is_found() {
    let faults = [
        (Fault::CheckThenTake, "race.take"),
        (Fault::CheckThenInsert, "race.insert"),
        (Fault::CheckThenReplace, "race.replace"),
        (Fault::CommitOneByOne, "commit.all-or-none"),
        (Fault::NumbersConflictsFromZero, "commit.first-conflict"),
        (Fault::ChecksAllThenWrites, "commit.one-key-twice"),
        (Fault::ExpiresOneSecondLate, "expiry.every-method"),
        (Fault::ExpiredBlocksInsert, "expiry.every-method"),
        (Fault::RestartsVersions, "records.replace"),
        (Fault::SweepsTooMuch, "sweep"),
        (Fault::CutsLargeValues, "values.large"),
        (Fault::FoldsCase, "keys.distinct"),
        (Fault::TakeKeeps, "records.take"),
        (Fault::ListsBackwards, "list.order"),
    ];
    for (fault, check) in faults {
        let found = contract::failure_of(check, &|clock| Arc::new(faulty(fault, clock)));
        assert!(found.is_some(), "{check} did not see {fault:?}");
        let sound = contract::failure_of(check, &|clock| Arc::new(MemoryStore::new(clock)));
        assert_eq!(sound, None);
    }
}

#[test]
#[should_panic(expected = "race.take")]
fn q01_check_then_act_is_refused() {
    contract::run(&|clock| Arc::new(faulty(Fault::CheckThenTake, clock)));
}
