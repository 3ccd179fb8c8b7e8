//! Stores are moved: everything arrives as it was, a transfer that was stopped goes on, and nothing is mixed.

use std::ops::ControlFlow;
use std::sync::Arc;

use credenza_core::{Clock, FixedClock, Key, Listing, RecordWrite, StoreError, UnixTime, Write};
use credenza_store::transfer::{Part, Progress, Transfer, TransferError, transfer};
use credenza_store::{Stores, open};

const NOW: UnixTime = UnixTime::from_secs(1000);
const LATER: UnixTime = UnixTime::from_secs(2000);
const BOTH: &[Part] = &[Part::Records, Part::Sessions];

/// More than two batches of each.
const MANY: usize = 1203;

fn clock() -> Arc<dyn Clock> {
    Arc::new(FixedClock::at(NOW))
}

async fn open_at(url: &str) -> Stores {
    open(url, clock()).await.unwrap()
}

/// Sessions and records of several kinds, some changed, some over.
async fn fill(stores: &Stores) {
    let insert = |kind, id: String, expires| Write::Insert {
        value: id.clone().into_bytes(),
        key: Key::new(kind, id),
        expires,
    };
    let mut writes: Vec<Write> = (0..MANY).map(|n| insert("code", format!("{n}é"), LATER)).collect();
    writes.extend((0..7).map(|n| insert("nonce", n.to_string(), LATER)));
    writes.extend((0..7).map(|n| insert("over", n.to_string(), NOW)));
    let (key, value) = (Key::new("nonce", "3"), b"changed".to_vec());
    writes.push(Write::Replace { key, expected: 1, value, expires: LATER });
    stores.sessions.commit(writes).await.unwrap();

    let keep = |kind, id: String, group: &str| RecordWrite::Insert {
        value: vec![0, 255, 7],
        key: Key::new(kind, id),
        group: group.to_owned(),
    };
    let mut writes: Vec<RecordWrite> =
        (0..MANY).map(|n| keep("credential", n.to_string(), "session")).collect();
    writes.push(keep("list", "a".to_owned(), ""));
    let replace = RecordWrite::Replace { key: Key::new("list", "a"), expected: 1, value: b"new".to_vec() };
    stores.records.commit(writes).await.unwrap();
    stores.records.commit(vec![replace]).await.unwrap();
}

async fn has_all_sessions(stores: &Stores) {
    for n in 0..MANY {
        let id = format!("{n}é");
        let record = stores.sessions.get(&Key::new("code", &*id)).await.unwrap().unwrap();
        assert_eq!((record.value, record.version, record.expires), (id.into_bytes(), 1, LATER));
    }
    let changed = stores.sessions.get(&Key::new("nonce", "3")).await.unwrap().unwrap();
    assert_eq!((&*changed.value, changed.version), (&b"changed"[..], 2));
    // It is used as before: what was spent is spent, and versions go on.
    let again = stores.sessions.insert(Key::new("nonce", "4"), Vec::new(), LATER).await;
    assert_eq!(again, Err(StoreError::Conflict(0)));
    stores.sessions.replace(Key::new("nonce", "3"), 2, Vec::new(), LATER).await.unwrap();
    let listed = stores.sessions.list("nonce", None, 100).await.unwrap();
    assert_eq!(listed.len(), 7);
}

async fn has_all_records(stores: &Stores) {
    let group = Listing::of("credential", 2 * MANY).in_group("session");
    let listed = stores.records.list(group).await.unwrap();
    assert_eq!(listed.len(), MANY);
    assert!(listed.iter().all(|(_, kept)| kept.value == [0, 255, 7] && kept.version == 1));
    let list = stores.records.get(&Key::new("list", "a")).await.unwrap().unwrap();
    assert_eq!((&*list.value, list.version), (&b"new"[..], 2));
    assert!(stores.records.list(Listing::of("store.transfer", 9)).await.unwrap().is_empty(), "no traces");
}

fn asked<'a>(from: &'a str, to: &'a str, parts: &'a [Part]) -> Transfer<'a> {
    Transfer { from, to, parts, into_used: false, now: NOW }
}

/// Moves everything, but is stopped after every batch; says in how many rows of each part.
async fn in_pieces(asked: Transfer<'_>) -> (u64, u64) {
    let (mut records, mut sessions) = (0, 0);
    let mut stop = |progress: Progress| {
        match progress.part {
            Part::Records => records += progress.moved,
            Part::Sessions => sessions += progress.moved,
        }
        ControlFlow::Break(())
    };
    for _ in 0..20 {
        match transfer(asked, &mut stop).await {
            Ok(()) => return (records, sessions),
            Err(TransferError::Stopped) => {}
            Err(other) => panic!("{other}"),
        }
    }
    panic!("it comes to no end");
}

async fn at_once(asked: Transfer<'_>) -> Result<(), TransferError> {
    transfer(asked, &mut |_| ControlFlow::Continue(())).await
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn file(folder: &tempfile::TempDir, name: &str) -> String {
    format!("sqlite:{}?durability=process", folder.path().join(name).display())
}

#[test]
fn a_transfer_that_was_stopped_goes_on_and_moves_each_row_once() {
    let folder = tempfile::tempdir().unwrap();
    let [from, to, other] = ["from.db", "to.db", "other.db"].map(|name| file(&folder, name));
    runtime().block_on(async {
        fill(&open_at(&from).await).await;
        fill(&open_at(&other).await).await;
        let many = u64::try_from(MANY).unwrap();
        let stopped = transfer(asked(&from, &to, BOTH), &mut |_| ControlFlow::Break(())).await;
        assert!(matches!(stopped, Err(TransferError::Stopped)));
        let mixed = at_once(asked(&other, &to, BOTH)).await;
        assert!(matches!(mixed, Err(TransferError::OtherSource)), "{mixed:?}");
        assert_eq!(in_pieces(asked(&from, &to, BOTH)).await, (many + 1 - 500, many + 7));
        let stores = open_at(&to).await;
        has_all_records(&stores).await;
        assert!(stores.sessions.get(&Key::new("over", "1")).await.unwrap().is_none());
        has_all_sessions(&stores).await;
    });
}

#[test]
fn a_target_in_use_is_refused_unless_told() {
    let folder = tempfile::tempdir().unwrap();
    let [from, to] = ["from.db", "to.db"].map(|name| file(&folder, name));
    runtime().block_on(async {
        fill(&open_at(&from).await).await;
        open_at(&to).await.sessions.insert(Key::new("code", "own"), b"x".to_vec(), LATER).await.unwrap();
        let refused = at_once(asked(&from, &to, BOTH)).await;
        assert!(matches!(refused, Err(TransferError::Used("sessions"))), "{refused:?}");
        at_once(Transfer { into_used: true, ..asked(&from, &to, BOTH) }).await.unwrap();
        let stores = open_at(&to).await;
        assert!(stores.sessions.take(&Key::new("code", "own")).await.unwrap().is_some());
        has_all_sessions(&stores).await;
        assert!(matches!(at_once(asked(&from, &from, BOTH)).await, Err(TransferError::Same)));
        assert!(matches!(at_once(asked("memory:", &to, BOTH)).await, Err(TransferError::Memory)));
    });
}

#[cfg(feature = "postgres")]
#[test]
fn from_sqlite_to_postgres_and_back() {
    let Some(server) = crate::postgres_server::PostgresServer::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let [from, back] = ["from.db", "back.db"].map(|name| file(&folder, name));
    let database = server.url("public");
    runtime().block_on(async {
        fill(&open_at(&from).await).await;
        in_pieces(asked(&from, &database, BOTH)).await;
        at_once(asked(&database, &back, BOTH)).await.unwrap();
        for url in [&database, &back] {
            let stores = open_at(url).await;
            has_all_records(&stores).await;
            has_all_sessions(&stores).await;
        }
    });
}

#[cfg(feature = "redis")]
#[test]
fn sessions_to_redis_and_back() {
    let Some(server) = crate::redis_server::RedisServer::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let [from, back] = ["from.db", "back.db"].map(|name| file(&folder, name));
    let redis = server.url("moved") + "&durability=always";
    runtime().block_on(async {
        fill(&open_at(&from).await).await;
        let refused = at_once(asked(&from, &redis, BOTH)).await;
        assert!(matches!(refused, Err(TransferError::SessionsAlone)), "{refused:?}");
        let sessions = &[Part::Sessions];
        in_pieces(asked(&from, &redis, sessions)).await;
        at_once(asked(&redis, &back, sessions)).await.unwrap();
        has_all_sessions(&open_at(&back).await).await;
        let stores = credenza_store::open_both("memory:", Some(&redis), clock()).await.unwrap();
        assert_eq!(stores.epoch.number(), 0, "what was sealed before is good still");
        has_all_sessions(&stores).await;
    });
}
