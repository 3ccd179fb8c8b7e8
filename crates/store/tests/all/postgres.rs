//! The store in PostgreSQL keeps the contract, alone and as two nodes, and survives what databases go through.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use credenza_core::{Clock, FixedClock, Key, Records, Store, StoreError, UnixTime, Write};
use credenza_store::contract;
use credenza_store::{OpenError, PostgresOptions, PostgresStore};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

use crate::kept::TwoNodes;
use crate::postgres_server::PostgresServer;
use crate::two::Two;

const LATER: UnixTime = UnixTime::from_secs(2000);

fn clock() -> Arc<dyn Clock> {
    Arc::new(FixedClock::at(UnixTime::from_secs(1000)))
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

async fn client(server: &PostgresServer, schema: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(&server.url(schema), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The URL of a new schema.
async fn fresh(server: &PostgresServer, name: &str) -> String {
    client(server, name).await.batch_execute(&format!("CREATE SCHEMA {name}")).await.unwrap();
    server.url(name)
}

/// The URL of a schema that nobody has used yet.
fn another(runtime: &Runtime, server: &PostgresServer, next: &AtomicUsize) -> String {
    let name = format!("s{}", next.fetch_add(1, Ordering::SeqCst));
    runtime.block_on(fresh(server, &name))
}

async fn open(url: &str, options: PostgresOptions) -> PostgresStore {
    PostgresStore::connect(url, clock(), options).await.unwrap()
}

fn few() -> PostgresOptions {
    PostgresOptions { connections: 2, ..PostgresOptions::default() }
}

// Q01: at most once, for every kind of record; by one node, and by two.
#[test]
fn q01_postgres_keeps_the_contract() {
    let Some(server) = PostgresServer::start() else { return };
    let runtime = runtime();
    let block_on = |future: Pin<Box<dyn Future<Output = ()> + Send + '_>>| runtime.block_on(future);
    let next = AtomicUsize::new(0);
    let url = || another(&runtime, &server, &next);
    let connect = |url: &str, clock: &Arc<dyn Clock>| {
        let store = PostgresStore::connect(url, Arc::clone(clock), few());
        Arc::new(runtime.block_on(store).unwrap()) as Arc<dyn Store>
    };
    contract::run_on(&|clock| connect(&url(), &clock), &block_on);
    let two = |clock| {
        let url = url();
        Arc::new(Two::new([connect(&url, &clock), connect(&url, &clock)])) as Arc<dyn Store>
    };
    contract::run_on(&two, &block_on);
}

// The same for records; and both live side by side in one database.
#[test]
fn q01_postgres_keeps_records() {
    let Some(server) = PostgresServer::start() else { return };
    let runtime = runtime();
    let block_on = |future: Pin<Box<dyn Future<Output = ()> + Send + '_>>| runtime.block_on(future);
    let next = AtomicUsize::new(0);
    let url = || another(&runtime, &server, &next);
    let connect = |url: &str| Arc::new(runtime.block_on(open(url, few()))) as Arc<dyn Records>;
    let failures = contract::record_failures_on(&|| connect(&url()), &block_on);
    assert!(failures.is_empty(), "{failures:#?}");
    let two = || {
        let url = url();
        Arc::new(TwoNodes(Mutex::new(false), [connect(&url), connect(&url)])) as Arc<dyn Records>
    };
    let failures = contract::record_failures_on(&two, &block_on);
    assert!(failures.is_empty(), "{failures:#?}");

    runtime.block_on(async {
        let url = fresh(&server, "beside").await;
        let stores = credenza_store::open(&format!("{url}&connections=1"), clock()).await.unwrap();
        let key = Key::new("code", "a");
        stores.sessions.insert(key.clone(), b"x".to_vec(), LATER).await.unwrap();
        assert_eq!(stores.records.get(&key).await.unwrap(), None, "sessions are another kind of state");
        let url = format!("{url}&connections=0");
        assert!(matches!(credenza_store::open(&url, clock()).await, Err(OpenError::Url(_))));
    });
}

// Q18: several nodes start at once, and one of them makes the tables; a later release's are left alone.
#[test]
fn q18_nodes_that_start_at_once_migrate_once() {
    let Some(server) = PostgresServer::start() else { return };
    runtime().block_on(async {
        let url = fresh(&server, "starting").await;
        let nodes: Vec<_> = (0..8)
            .map(|_| {
                let url = url.clone();
                tokio::spawn(async move { open(&url, few()).await })
            })
            .collect();
        for node in nodes {
            node.await.unwrap();
        }
        let client = client(&server, "starting").await;
        let rows = client.query("SELECT version FROM credenza_schema", &[]).await.unwrap();
        assert_eq!(rows.len(), 1);

        client.execute("INSERT INTO credenza_schema VALUES (99)", &[]).await.unwrap();
        let refused = PostgresStore::connect(&url, clock(), few()).await.unwrap_err();
        assert!(matches!(refused, OpenError::NewerDatabase { found: 99, .. }), "{refused}");
    });
}

// Q04: the database dies and comes back. Nothing that was acknowledged is lost, and nobody restarts us.
#[test]
fn q04_a_killed_database_is_told_and_used_again() {
    let Some(mut server) = PostgresServer::start() else { return };
    runtime().block_on(async {
        let url = fresh(&server, "crash").await;
        let store = open(&url, few()).await;
        for number in 0..50 {
            let key = Key::new("code", number.to_string());
            store.insert(key, b"x".to_vec(), LATER).await.unwrap();
        }
        let taken = Key::new("code", "0");
        assert!(store.take(&taken).await.unwrap().is_some());
        server.kill();
        // Its processes end one after the other; each connection then fails, and can't be made again.
        let key = Key::new("code", "1");
        let mut refused = 0;
        while refused < 4 {
            match Store::get(&store, &key).await {
                Ok(found) => assert!(found.is_some()),
                Err(StoreError::Unavailable(_)) => refused += 1,
                Err(other) => panic!("{other}"),
            }
        }
        server.restart();
        assert!(store.take(&taken).await.unwrap().is_none(), "spent before, spent after");
        for number in 1..50 {
            let key = Key::new("code", number.to_string());
            assert!(store.take(&key).await.unwrap().is_some(), "{number}");
        }
    });
}

// Q10: a slow database holds a bounded number of callers, and each for a bounded time.
#[test]
fn q10_a_slow_database_is_told_in_time() {
    let Some(server) = PostgresServer::start() else { return };
    runtime().block_on(async {
        let url = fresh(&server, "slow").await;
        let options = PostgresOptions {
            queue: 4,
            answer_timeout: Duration::from_millis(300),
            ..PostgresOptions::default()
        };
        let store: Arc<dyn Store> = Arc::new(open(&url, options).await);
        let mut blocking = client(&server, "slow").await;
        let lock = blocking.transaction().await.unwrap();
        lock.batch_execute("LOCK TABLE credenza_sessions").await.unwrap();
        let asked: Vec<_> = (0..20)
            .map(|number| {
                let store = Arc::clone(&store);
                let key = Key::new("code", number.to_string());
                tokio::spawn(async move { store.insert(key, Vec::new(), LATER).await })
            })
            .collect();
        let mut busy = 0;
        for asked in asked {
            match asked.await.unwrap() {
                Err(StoreError::Unavailable(why)) => busy += usize::from(why == "busy"),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(busy, 16);
        lock.rollback().await.unwrap();
        store.insert(Key::new("code", "after"), Vec::new(), LATER).await.unwrap();
        // What its caller was told to have failed in time is not done later.
        assert_eq!(store.get(&Key::new("code", "0")).await.unwrap(), None);
    });
}

#[test]
fn commits_that_cross_each_other_all_end_in_a_verdict() {
    let Some(server) = PostgresServer::start() else { return };
    runtime().block_on(async {
        let url = fresh(&server, "crossing").await;
        let store: Arc<dyn Store> = Arc::new(open(&url, PostgresOptions::default()).await);
        for name in ["a", "b"] {
            store.insert(Key::new("code", name), Vec::new(), LATER).await.unwrap();
        }
        let replace = |name: &str, expected| Write::Replace {
            key: Key::new("code", name),
            expected,
            value: Vec::new(),
            expires: LATER,
        };
        for version in 1..30 {
            let racers: Vec<_> = (0..8)
                .map(|number| {
                    let mut writes = vec![replace("a", version), replace("b", version)];
                    if number % 2 == 1 {
                        writes.reverse();
                    }
                    let store = Arc::clone(&store);
                    tokio::spawn(async move { store.commit(writes).await })
                })
                .collect();
            let mut won = 0;
            for racer in racers {
                match racer.await.unwrap() {
                    Ok(()) => won += 1,
                    Err(StoreError::Conflict(_)) => {}
                    Err(StoreError::Unavailable(why)) => panic!("{why}"),
                }
            }
            assert_eq!(won, 1);
        }
    });
}

#[test]
fn errors_do_not_tell_the_password() {
    runtime().block_on(async {
        for url in [
            "postgres://user:hunter2@127.0.0.1:1/db",
            "postgres://user:hunter2@127.0.0.1:99999/db",
            "postgres://user:hunter2@127.0.0.1:1",
            "postgres://user:hunter2@127.0.0.1:1/db?hunter2=x",
        ] {
            let error = PostgresStore::connect(url, clock(), few()).await.unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    });
}
