//! The store in an SQLite file keeps the contract, in both durabilities, and in two handles of one file.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use credenza_core::{Answer, Clock, FixedClock, Key, Store, StoreError, UnixTime, Write};
use credenza_store::contract::{self, block_on};
use credenza_store::{Durability, SqliteOptions, SqliteStore};

use crate::two::Two;

fn options(durability: Durability) -> SqliteOptions {
    SqliteOptions { durability, ..SqliteOptions::default() }
}

fn keeps_the_contract(durability: Durability) {
    let folder = tempfile::tempdir().unwrap();
    let next = AtomicUsize::new(0);
    contract::run(&|clock| {
        let path = folder.path().join(format!("{}.db", next.fetch_add(1, Ordering::SeqCst)));
        Arc::new(SqliteStore::open(path, clock, options(durability)).unwrap())
    });
}

// Q01: at most once, for every kind of record.
#[test]
fn q01_sqlite_keeps_the_contract_with_full_durability() {
    keeps_the_contract(Durability::Full);
}

#[test]
fn q01_sqlite_keeps_the_contract_with_process_durability() {
    keeps_the_contract(Durability::Process);
}

#[test]
fn q01_two_handles_of_one_file_keep_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let next = AtomicUsize::new(0);
    contract::run(&|clock: Arc<dyn Clock>| {
        let path = folder.path().join(format!("{}.db", next.fetch_add(1, Ordering::SeqCst)));
        let open = || SqliteStore::open(&path, clock.clone(), options(Durability::Process)).unwrap();
        Arc::new(Two::new([Arc::new(open()), Arc::new(open())]))
    });
}

#[test]
fn dropping_does_what_is_queued() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.db");
    let clock = Arc::new(FixedClock::at(UnixTime::from_secs(1000)));
    let open = || SqliteStore::open(&path, clock.clone(), SqliteOptions::default()).unwrap();
    let key = |number: usize| Key::new("offer", number.to_string());

    let store = open();
    for number in 0..500 {
        // Nobody waits for the answer.
        drop(store.insert(key(number), b"x".to_vec(), UnixTime::from_secs(2000)));
    }
    drop(store);
    let store = open();
    for number in 0..500 {
        assert!(block_on(store.get(&key(number))).unwrap().is_some(), "{number}");
    }
}

#[test]
fn a_full_queue_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.db");
    let clock = Arc::new(FixedClock::at(UnixTime::from_secs(1000)));
    let options = SqliteOptions { queue: 4, ..SqliteOptions::default() };
    let store = SqliteStore::open(&path, clock, options).unwrap();
    // Another process is in the middle of a write, so that nothing moves on.
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let mut answers = Vec::new();
    for number in 0..2000 {
        let key = Key::new("offer", number.to_string());
        answers.push(store.insert(key, Vec::new(), UnixTime::from_secs(2000)));
    }
    let (done, waiting): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| matches!(answer, Answer::Ready(_)));
    // Four wait in the queue, and those that the writer has in hand: not more than it does at once.
    assert!((4..600).contains(&waiting.len()), "{}", waiting.len());
    for answer in done {
        assert_eq!(block_on(answer), Err(StoreError::Unavailable("busy".to_owned())));
    }
    // Reading goes on meanwhile.
    assert_eq!(block_on(store.get(&Key::new("offer", "0"))), Ok(None));
    other.execute_batch("ROLLBACK").unwrap();
    for answer in waiting {
        assert_eq!(block_on(answer), Ok(()));
    }
}

#[test]
fn a_writer_that_waits_too_long_says_busy_and_works_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.db");
    let clock = Arc::new(FixedClock::at(UnixTime::from_secs(1000)));
    let options =
        SqliteOptions { busy_timeout: std::time::Duration::from_millis(20), ..SqliteOptions::default() };
    let store = SqliteStore::open(&path, clock, options).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let key = Key::new("offer", "1");
    let busy = StoreError::Unavailable("busy".to_owned());
    let until = UnixTime::from_secs(2000);
    assert_eq!(block_on(store.insert(key.clone(), Vec::new(), until)), Err(busy.clone()));
    assert_eq!(block_on(store.take(&key)), Err(busy.clone()));
    assert_eq!(block_on(store.sweep(1)), Err(busy));
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(block_on(store.insert(key.clone(), Vec::new(), until)), Ok(()));
    assert!(block_on(store.take(&key)).unwrap().is_some());
}

#[test]
fn expired_records_leave_the_file_without_housekeeping() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.db");
    let clock = Arc::new(FixedClock::at(UnixTime::from_secs(1000)));
    let store = SqliteStore::open(&path, clock.clone(), options(Durability::Process)).unwrap();
    for number in 0..2000 {
        let expires = clock.now() + std::time::Duration::from_secs(5);
        block_on(store.insert(Key::new("nonce", number.to_string()), vec![0; 16], expires)).unwrap();
        if number % 20 == 0 {
            clock.advance(std::time::Duration::from_secs(1));
        }
    }
    let other = rusqlite::Connection::open(&path).unwrap();
    let rows: i64 = other.query_row("SELECT count(*) FROM records", (), |row| row.get(0)).unwrap();
    // About 100 are alive at any time.
    assert!(rows < 300, "{rows}");
}

/// Makes SQLite fail in the middle of a batch, and hands over the answers to all of its jobs.
fn batch_with_a_failure(
    store: &SqliteStore,
    file: &rusqlite::Connection,
    raise: &str,
) -> Vec<Result<(), StoreError>> {
    file.execute_batch(&format!(
        "CREATE TRIGGER fault BEFORE INSERT ON records WHEN new.id = 'fault'
         BEGIN SELECT RAISE({raise}, 'the disk is on fire'); END;
         BEGIN IMMEDIATE"
    ))
    .unwrap();
    let until = UnixTime::from_secs(2000);
    let insert = |id: &str| Write::Insert { key: Key::new("offer", id), value: Vec::new(), expires: until };
    let answers = [
        store.commit(vec![insert("before")]),
        store.commit(vec![insert("half"), insert("fault")]),
        store.commit(vec![insert("fault")]),
        store.commit(vec![insert("after")]),
    ];
    file.execute_batch("ROLLBACK").unwrap();
    let answers = answers.into_iter().map(block_on).collect();
    file.execute_batch("DROP TRIGGER fault").unwrap();
    answers
}

fn ids(file: &rusqlite::Connection) -> Vec<String> {
    let mut ids = file.prepare("SELECT id FROM records ORDER BY id").unwrap();
    ids.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn q04_a_failed_write_undoes_its_own_commit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.db");
    let clock = Arc::new(FixedClock::at(UnixTime::from_secs(1000)));
    let store = SqliteStore::open(&path, clock, SqliteOptions::default()).unwrap();
    let file = rusqlite::Connection::open(&path).unwrap();

    let answers = batch_with_a_failure(&store, &file, "ABORT");
    assert!(matches!(
        &*answers,
        [Ok(()), Err(StoreError::Unavailable(_)), Err(StoreError::Unavailable(_)), Ok(())]
    ));
    assert_eq!(ids(&file), ["after", "before"]);
}

#[test]
fn q04_a_rolled_back_batch_is_nobodys_success() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.db");
    let clock = Arc::new(FixedClock::at(UnixTime::from_secs(1000)));
    let store = SqliteStore::open(&path, clock, SqliteOptions::default()).unwrap();
    let file = rusqlite::Connection::open(&path).unwrap();

    let answers = batch_with_a_failure(&store, &file, "ROLLBACK");
    // The writer may have had the first job in hand alone, before the others came.
    let done: Vec<_> = ["before", "half", "fault", "after"]
        .into_iter()
        .zip(&answers)
        .filter_map(|(id, answer)| answer.is_ok().then_some(id))
        .collect();
    assert!(!done.contains(&"half") && !done.contains(&"fault"), "{answers:?}");
    let mut acknowledged = done.clone();
    acknowledged.sort_unstable();
    assert_eq!(ids(&file), acknowledged, "{answers:?}");
    // And it works on.
    let key = Key::new("offer", "later");
    assert_eq!(block_on(store.insert(key, Vec::new(), UnixTime::from_secs(2000))), Ok(()));
}
