//! The test-suites of the ports Store and Records: what every adapter promises, checked from outside.
//!
//! ```
//! use std::sync::Arc;
//! use credenza_store::{MemoryStore, contract};
//!
//! contract::run(&|clock| Arc::new(MemoryStore::new(clock)));
//! ```
//!
//! The checks are themselves checked: a store with a deliberate fault must be found out (tests/all/checker.rs).

mod kept;
mod listing;
mod races;
mod records;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use credenza_core::{Answer, Clock, FixedClock, Key, Record, Store, StoreError, UnixTime, Write};

pub use kept::{MakeRecords, record_failures, record_failures_on, run_records};

/// Makes an empty store that runs by the given clock.
pub type Make<'m> = &'m dyn Fn(Arc<dyn Clock>) -> Arc<dyn Store>;

/// Runs a future to its end on the thread that calls it. An adapter that needs a runtime gives its `Handle::block_on`.
pub type BlockOn<'m> = &'m (dyn Fn(Pin<Box<dyn Future<Output = ()> + Send + '_>>) + Sync);

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which check found it.
    pub check: &'static str,
    /// What happened instead.
    pub why: String,
}

/// All failures of a store whose answers need no runtime.
#[must_use]
pub fn failures(make: Make<'_>) -> Vec<Failure> {
    failures_on(make, &|future| block_on(future))
}

/// All failures of a store whose answers are awaited by `block_on`, which many threads call at once.
#[must_use]
pub fn failures_on(make: Make<'_>, block_on: BlockOn<'_>) -> Vec<Failure> {
    all().filter_map(|check| failure(check, make, block_on)).collect()
}

/// The failure that one check finds, by its name: to look at one promise alone.
#[must_use]
pub fn failure_of(check: &str, make: Make<'_>) -> Option<Failure> {
    all()
        .filter(|(name, _)| *name == check)
        .find_map(|check| failure(check, make, &|future| block_on(future)))
}

fn all() -> impl Iterator<Item = &'static Check> {
    records::CHECKS.iter().chain(listing::CHECKS).chain(races::CHECKS)
}

fn failure((check, promise): &Check, make: Make<'_>, block_on: BlockOn<'_>) -> Option<Failure> {
    let clock = Arc::new(FixedClock::at(NOW));
    let bench = Bench { store: make(Arc::clone(&clock) as Arc<dyn Clock>), clock, block_on };
    promise(&bench).err().map(|why| Failure { check, why })
}

/// Checks a store, for use in a test.
///
/// # Panics
/// When the store breaks a promise; the text names each.
pub fn run(make: Make<'_>) {
    run_on(make, &|future| block_on(future));
}

/// Like [`run`], for a store that needs a runtime.
///
/// # Panics
/// When the store breaks a promise.
pub fn run_on(make: Make<'_>, block_on: BlockOn<'_>) {
    let failures = failures_on(make, block_on);
    assert!(failures.is_empty(), "broken promises of the Store port: {failures:#?}");
}

/// Awaits a future on this thread: the executor of the checks.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// When the checks begin.
const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

/// Well after the end of every check.
const LATER: UnixTime = UnixTime::from_secs(1_700_003_600);

type Outcome = Result<(), String>;
type Check = (&'static str, fn(&Bench<'_>) -> Outcome);

/// What a check works with: an empty store, the hand of its clock, and a way to wait.
struct Bench<'m> {
    store: Arc<dyn Store>,
    clock: Arc<FixedClock>,
    block_on: BlockOn<'m>,
}

impl Bench<'_> {
    /// Awaits an answer, where the adapter wants it awaited.
    fn wait<T: Send + Unpin>(&self, answer: Answer<'_, Result<T, StoreError>>) -> Result<T, StoreError> {
        let mut result = Err(StoreError::Unavailable("the answer was never awaited".to_owned()));
        (self.block_on)(Box::pin(async { result = answer.await }));
        result
    }

    fn get(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        self.wait(self.store.get(key))
    }

    fn take(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        self.wait(self.store.take(key))
    }

    fn insert(&self, key: &Key, value: &[u8]) -> Result<(), StoreError> {
        self.insert_until(key, value, LATER)
    }

    fn insert_until(&self, key: &Key, value: &[u8], expires: UnixTime) -> Result<(), StoreError> {
        self.wait(self.store.insert(key.clone(), value.to_vec(), expires))
    }

    fn replace(&self, key: &Key, expected: u64, value: &[u8]) -> Result<(), StoreError> {
        self.wait(self.store.replace(key.clone(), expected, value.to_vec(), LATER))
    }

    fn remove(&self, key: &Key) -> Result<(), StoreError> {
        self.commit([removing(key)])
    }

    fn commit(&self, writes: impl Into<Vec<Write>>) -> Result<(), StoreError> {
        self.wait(self.store.commit(writes.into()))
    }

    fn list(&self, kind: &'static str, after: Option<&str>, limit: usize) -> Result<Vec<String>, StoreError> {
        let listed = self.wait(self.store.list(kind, after, limit))?;
        Ok(listed
            .into_iter()
            .map(|(id, record)| format!("{id}={}", String::from_utf8_lossy(&record.value)))
            .collect())
    }

    fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        self.wait(self.store.sweep(limit))
    }

    /// Checks that a record is there as it should be.
    fn holds(&self, key: &Key, value: &[u8], version: u64) -> Outcome {
        let wanted = Record { value: value.to_vec(), version, expires: LATER };
        same("get", self.get(key), &Ok(Some(wanted)))
    }

    /// Checks that no record is there.
    fn lacks(&self, key: &Key) -> Outcome {
        same("get", self.get(key), &Ok(None))
    }
}

fn key(id: &str) -> Key {
    Key::new("contract", id)
}

fn inserting(key: &Key, value: &[u8]) -> Write {
    Write::Insert { key: key.clone(), value: value.to_vec(), expires: LATER }
}

fn replacing(key: &Key, expected: u64, value: &[u8]) -> Write {
    Write::Replace { key: key.clone(), expected, value: value.to_vec(), expires: LATER }
}

fn removing(key: &Key) -> Write {
    Write::Remove { key: key.clone() }
}

/// Checks an answer; large values are not printed.
#[expect(clippy::needless_pass_by_value, reason = "answers are written in place")]
fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, wanted: &T) -> Outcome {
    if got == *wanted {
        return Ok(());
    }
    let brief = |value: &T| format!("{value:?}").chars().take(200).collect::<String>();
    Err(format!("{what} answered {}, not {}", brief(&got), brief(wanted)))
}

/// A conflict at the write with this number.
fn conflict<T>(number: usize) -> Result<T, StoreError> {
    Err(StoreError::Conflict(number))
}
