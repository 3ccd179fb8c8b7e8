//! The SQLite file itself: who may read it, whose it is, which schema it has.

use std::path::Path;
use std::sync::Arc;

use credenza_core::{Clock, FixedClock, Key, Store, UnixTime};
use credenza_store::contract::block_on;
use credenza_store::{Durability, OpenError, SqliteOptions, SqliteStore};
use rusqlite::Connection;

fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    let clock: Arc<dyn Clock> = Arc::new(FixedClock::at(UnixTime::from_secs(1000)));
    SqliteStore::open(path, clock, SqliteOptions { durability: Durability::Process, ..Default::default() })
}

fn refused(path: &Path) -> OpenError {
    match open(path) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error,
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_the_files() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("c.db")).unwrap();
    block_on(store.insert(Key::new("offer", "1"), Vec::new(), UnixTime::from_secs(2000))).unwrap();
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 3, "the database, its log and the log's index: {files:?}");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[test]
fn a_closed_file_opens_again_with_its_records() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.db");
    let key = Key::new("offer", "1");
    for version in 1..4 {
        let store = open(&path).unwrap();
        let until = UnixTime::from_secs(2000);
        if version == 1 {
            block_on(store.insert(key.clone(), vec![0], until)).unwrap();
        } else {
            block_on(store.replace(key.clone(), version - 1, vec![0], until)).unwrap();
        }
        assert_eq!(block_on(store.get(&key)).unwrap().unwrap().version, version);
    }
    // Closed properly, it is one file.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.db");
    drop(open(&path).unwrap());
    let other = Connection::open(&path).unwrap();
    other.pragma_update(None, "user_version", 1000).unwrap();
    let error = refused(&path);
    assert!(matches!(error, OpenError::Newer { found: 1000, .. }), "{error:?}");
    assert!(error.to_string().contains("has schema 1000, this release knows schemas up to "), "{error}");
    let version: i64 = other.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 1000);

    other.pragma_update(None, "user_version", -1).unwrap();
    assert!(matches!(refused(&path), OpenError::Newer { found: -1, .. }));
}

#[test]
fn another_programs_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photos.db");
    let other = Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE photos (name TEXT)").unwrap();
    assert!(matches!(refused(&path), OpenError::Foreign { .. }));
    let mode: String = other.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete");

    let path = folder.path().join("letter.txt");
    std::fs::write(&path, "Dear store, this is no database. ".repeat(100)).unwrap();
    let error = refused(&path);
    assert!(
        matches!(&error, OpenError::File { reason, .. } if reason.contains("not a database")),
        "{error:?}"
    );
}

#[test]
fn paths_that_are_no_files() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(refused(folder.path()), OpenError::File { .. }));
    let missing = folder.path().join("no").join("c.db");
    let error = refused(&missing).to_string();
    assert!(error.starts_with(&format!("cannot open {}", missing.display())), "{error}");
    assert!(matches!(refused(Path::new("")), OpenError::Url(_)));
    assert!(matches!(refused(Path::new(":memory:")), OpenError::Url(_)));
}

#[test]
fn many_may_make_the_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..5 {
        let path = folder.path().join(format!("{round}.db"));
        let barrier = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for number in 0..8 {
                let (path, barrier) = (&path, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    let store = open(path).unwrap();
                    let key = Key::new("offer", number.to_string());
                    block_on(store.insert(key, Vec::new(), UnixTime::from_secs(2000))).unwrap();
                });
            }
        });
        let store = open(&path).unwrap();
        for number in 0..8 {
            assert!(block_on(store.get(&Key::new("offer", number.to_string()))).unwrap().is_some());
        }
    }
}
