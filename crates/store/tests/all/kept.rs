//! Records: every adapter keeps the promises, two handles on one file are as one, and broken ones are found out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use credenza_core::{Answer, Kept, Key, Listing, RecordWrite, Records, StoreError, SystemClock};
use credenza_store::contract::{block_on, record_failures, run_records};
use credenza_store::{MemoryRecords, SqliteOptions, SqliteStore};

fn open(path: &std::path::Path) -> Arc<dyn Records> {
    Arc::new(SqliteStore::open(path, Arc::new(SystemClock), SqliteOptions::default()).unwrap())
}

#[test]
fn memory_keeps_the_promises() {
    run_records(&|| Arc::new(MemoryRecords::default()));
}

#[test]
fn sqlite_keeps_the_promises() {
    let folder = tempfile::tempdir().unwrap();
    let count = Mutex::new(0);
    run_records(&|| {
        let mut count = count.lock().unwrap();
        *count += 1;
        open(&folder.path().join(format!("{count}.db")))
    });
}

/// Two handles take turns, as two nodes behind a proxy do.
pub(crate) struct TwoNodes(pub(crate) Mutex<bool>, pub(crate) [Arc<dyn Records>; 2]);

impl TwoNodes {
    fn next(&self) -> &dyn Records {
        let mut second = self.0.lock().unwrap();
        *second = !*second;
        &*self.1[usize::from(*second)]
    }
}

impl Records for TwoNodes {
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Result<Option<Kept>, StoreError>> {
        self.next().get(key)
    }

    fn list<'a>(&'a self, listing: Listing<'a>) -> Answer<'a, Result<Vec<(String, Kept)>, StoreError>> {
        self.next().list(listing)
    }

    fn commit(&self, writes: Vec<RecordWrite>) -> Answer<'_, Result<(), StoreError>> {
        self.next().commit(writes)
    }
}

#[test]
fn q_two_handles_on_one_file_are_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let count = Mutex::new(0);
    run_records(&|| {
        let mut count = count.lock().unwrap();
        *count += 1;
        let path = folder.path().join(format!("{count}.db"));
        Arc::new(TwoNodes(Mutex::new(false), [open(&path), open(&path)]))
    });
}

#[test]
fn what_was_kept_is_there_after_reopening_beside_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.db");
    let key = Key::new("test", "a");
    let insert = RecordWrite::Insert { key: key.clone(), group: "g".to_owned(), value: b"v".to_vec() };
    block_on(open(&path).commit(vec![insert])).unwrap();
    let stores =
        block_on(credenza_store::open(&format!("sqlite:{}", path.display()), Arc::new(SystemClock))).unwrap();
    assert_eq!(block_on(stores.records.get(&key)).unwrap().unwrap().value, b"v");
    assert_eq!(block_on(stores.sessions.get(&key)).unwrap(), None, "sessions are another kind of state");
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    IgnoresVersions,
    HalfCommits,
    Unordered,
    ForgetsGroups,
    OverwritesOnInsert,
}

/// Records with one fault.
struct Faulty(Fault, MemoryRecords);

impl Records for Faulty {
    fn get<'a>(&'a self, key: &'a Key) -> Answer<'a, Result<Option<Kept>, StoreError>> {
        self.1.get(key)
    }

    fn list<'a>(&'a self, listing: Listing<'a>) -> Answer<'a, Result<Vec<(String, Kept)>, StoreError>> {
        let listing = match self.0 {
            Fault::ForgetsGroups => Listing { group: None, ..listing },
            _ => listing,
        };
        let mut found = block_on(self.1.list(listing)).unwrap();
        if self.0 == Fault::Unordered {
            found.reverse();
        }
        Answer::ready(Ok(found))
    }

    fn commit(&self, writes: Vec<RecordWrite>) -> Answer<'_, Result<(), StoreError>> {
        let mut versions: BTreeMap<Key, u64> = BTreeMap::new();
        let mut forced = Vec::new();
        for (number, write) in writes.into_iter().enumerate() {
            let key = write.key().clone();
            let there = block_on(self.1.get(&key)).unwrap().map(|kept| kept.version);
            let version = versions.get(&key).copied().or(there);
            let write = match (self.0, write, version) {
                (Fault::IgnoresVersions, RecordWrite::Replace { key, value, .. }, Some(expected)) => {
                    RecordWrite::Replace { key, expected, value }
                }
                (Fault::OverwritesOnInsert, RecordWrite::Insert { key, value, .. }, Some(expected)) => {
                    RecordWrite::Replace { key, expected, value }
                }
                (_, write, _) => write,
            };
            versions.insert(key, version.map_or(1, |version| version + 1));
            if self.0 == Fault::HalfCommits {
                if let Err(StoreError::Conflict(_)) = block_on(self.1.commit(vec![write])) {
                    return Answer::ready(Err(StoreError::Conflict(number)));
                }
            } else {
                forced.push(write);
            }
        }
        self.1.commit(forced)
    }
}

#[test]
fn broken_records_are_found_out() {
    for (fault, check) in [
        (Fault::IgnoresVersions, "kept.replaced_by_version"),
        (Fault::HalfCommits, "kept.all_or_nothing"),
        (Fault::Unordered, "kept.listed_in_order"),
        (Fault::ForgetsGroups, "kept.listed_by_group"),
        (Fault::OverwritesOnInsert, "kept.inserted_once"),
    ] {
        let found = record_failures(&|| Arc::new(Faulty(fault, MemoryRecords::default())));
        assert!(found.iter().any(|failure| failure.check == check), "{fault:?}: {found:?}");
    }
}
