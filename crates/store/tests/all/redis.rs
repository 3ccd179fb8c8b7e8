//! Sessions in Redis keep the contract, alone and as two nodes; and what the server loses is accepted by nobody.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use credenza_core::{
    Clock, Epoch, FixedClock, Key, SealError, Sealer, Store, StoreError, SystemRandom, UnixTime, Write,
};
use credenza_store::{Loss, OpenError, RedisOptions, RedisStore, contract, open_both};
use redis::aio::MultiplexedConnection;
use tokio::runtime::Runtime;

use crate::redis_server::RedisServer;
use crate::two::Two;

const LATER: UnixTime = UnixTime::from_secs(2000);

fn clock() -> Arc<dyn Clock> {
    Arc::new(FixedClock::at(UnixTime::from_secs(1000)))
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn address(server: &RedisServer) -> String {
    server.address()
}

async fn open(server: &RedisServer, options: RedisOptions) -> RedisStore {
    RedisStore::connect(&address(server), clock(), &options).await.unwrap()
}

fn keeping() -> RedisOptions {
    RedisOptions { loss: Loss::None, ..RedisOptions::default() }
}

async fn client(server: &RedisServer) -> MultiplexedConnection {
    redis::Client::open(address(server)).unwrap().get_multiplexed_async_connection().await.unwrap()
}

async fn command(server: &RedisServer, words: &[&str]) -> redis::Value {
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]);
    command.query_async(&mut client(server).await).await.unwrap()
}

/// Asks until the store answers something else than that it can't.
async fn take_when_back(store: &RedisStore, key: &Key) -> bool {
    loop {
        match store.take(key).await {
            Ok(taken) => return taken.is_some(),
            Err(StoreError::Unavailable(_)) => tokio::task::yield_now().await,
            Err(other) => panic!("{other}"),
        }
    }
}

// Q01: at most once, for every kind of record; by one node, and by two.
#[test]
fn q01_redis_keeps_the_contract() {
    let Some(server) = RedisServer::start() else { return };
    let runtime = runtime();
    let block_on = |future: Pin<Box<dyn Future<Output = ()> + Send + '_>>| runtime.block_on(future);
    let next = AtomicUsize::new(0);
    let options = || {
        let prefix = format!("s{}", next.fetch_add(1, Ordering::SeqCst));
        RedisOptions { prefix, ..keeping() }
    };
    let connect = |options: &RedisOptions, clock: &Arc<dyn Clock>| {
        let url = address(&server);
        let store = RedisStore::connect(&url, Arc::clone(clock), options);
        Arc::new(runtime.block_on(store).unwrap()) as Arc<dyn Store>
    };
    contract::run_on(&|clock| connect(&options(), &clock), &block_on);
    let two = |clock| {
        let options = options();
        Arc::new(Two::new([connect(&options, &clock), connect(&options, &clock)])) as Arc<dyn Store>
    };
    contract::run_on(&two, &block_on);
}

// Q20: what has expired leaves the server without anybody looking for it, and not before clocks that differ agree.
#[test]
fn q20_records_expire_in_the_server() {
    let Some(server) = RedisServer::start() else { return };
    runtime().block_on(async {
        let store = open(&server, keeping()).await;
        let until = UnixTime::from_secs(1000 + 60);
        store.insert(Key::new("code", "a"), b"x".to_vec(), until).await.unwrap();
        let name = format!("{{credenza}}:{}:4:code:a", store.epoch().number());
        let redis::Value::Int(left) = command(&server, &["TTL", &name]).await else { panic!() };
        assert!((60 + 299..=60 + 300).contains(&left), "{left}");
        // With the record go its names: by the next writer, and with the last of a kind by themselves.
        let names = format!("{{credenza}}:{}:names:code", store.epoch().number());
        assert!(matches!(command(&server, &["TTL", &names]).await, redis::Value::Int(300..=360)));
        // So long that the server could not count it.
        let forever = UnixTime::from_secs(i64::MAX);
        store.insert(Key::new("code", "b"), b"x".to_vec(), forever).await.unwrap();
        assert_eq!(store.get(&Key::new("code", "b")).await.unwrap().unwrap().expires, forever);
    });
}

// Q01, after the server was emptied: a sealed value that was spent is not good again, though nobody knows that it was.
#[test]
fn q01_a_flushed_server_accepts_nothing_twice() {
    let Some(server) = RedisServer::start() else { return };
    runtime().block_on(async {
        let stores = [open(&server, keeping()).await, open(&server, keeping()).await];
        let sealers = stores.each_ref().map(|store| Sealer::new([(1, [7; 32])]).in_epoch(store.epoch()));
        let now = UnixTime::from_secs(1000);
        let nonce = sealers[0].seal(&SystemRandom, "nonce", LATER, b"n");
        let spend = || Write::Insert { key: Key::new("spent", "n"), value: Vec::new(), expires: LATER };
        assert!(sealers[1].open("nonce", now, &nonce).is_ok(), "both nodes are in one epoch");
        stores[0].commit(vec![spend()]).await.unwrap();
        assert_eq!(stores[1].commit(vec![spend()]).await, Err(StoreError::Conflict(0)));
        let session = Key::new("session", "s");
        stores[0].insert(session.clone(), b"x".to_vec(), LATER).await.unwrap();

        let before = stores[0].epoch().number();
        server.flush();
        for (store, sealer) in stores.iter().zip(&sealers) {
            // A node that has not noticed yet writes nothing, hence accepts nothing.
            let told = store.commit(vec![spend()]).await;
            assert!(matches!(&told, Err(StoreError::Unavailable(why)) if why.contains("lost")), "{told:?}");
            assert_eq!(store.get(&session).await.unwrap(), None);
            assert_eq!(sealer.open("nonce", now, &nonce), Err(SealError::Forged));
            assert!(store.epoch().number() > before);
        }
        // And the service goes on, on all nodes together.
        assert_eq!(stores[0].epoch().number(), stores[1].epoch().number());
        let next = sealers[0].seal(&SystemRandom, "nonce", LATER, b"m");
        assert!(sealers[1].open("nonce", now, &next).is_ok());
        stores[0].insert(session.clone(), b"y".to_vec(), LATER).await.unwrap();
        assert!(stores[1].take(&session).await.unwrap().is_some());
    });
}

// Q04: a server that keeps what it acknowledged goes on where it was.
#[test]
fn q04_a_killed_server_that_keeps_all_is_used_again() {
    let Some(mut server) = RedisServer::start() else { return };
    runtime().block_on(async {
        let store = open(&server, keeping()).await;
        let key = |number: usize| Key::new("code", number.to_string());
        for number in 0..50 {
            store.insert(key(number), b"x".to_vec(), LATER).await.unwrap();
        }
        assert!(store.take(&key(0)).await.unwrap().is_some());
        let epoch = store.epoch().number();
        server.kill();
        for _ in 0..4 {
            assert!(matches!(store.get(&key(1)).await, Err(StoreError::Unavailable(_))));
        }
        server.restart();
        assert!(!take_when_back(&store, &key(0)).await, "spent before, spent after");
        for number in 1..50 {
            assert!(store.take(&key(number)).await.unwrap().is_some(), "{number}");
        }
        assert_eq!(store.epoch().number(), epoch);
    });
}

// Q04, and Q01: a server that may have lost its last second begins another epoch, and nothing is accepted twice.
#[test]
fn q04_a_killed_server_that_may_forget_begins_anew() {
    // It writes nothing by itself: what it has after the restart is what it was told to save, which is long ago.
    let Some(mut server) = RedisServer::start_with(&["--appendonly", "no"]) else { return };
    runtime().block_on(async {
        let store = open(&server, RedisOptions::default()).await;
        let (kept, spent) = (Key::new("code", "kept"), Key::new("code", "spent"));
        for key in [&kept, &spent] {
            store.insert(key.clone(), b"x".to_vec(), LATER).await.unwrap();
        }
        command(&server, &["SAVE"]).await;
        assert!(store.take(&spent).await.unwrap().is_some());
        let epoch = store.epoch().number();
        server.kill();
        server.restart();
        assert!(!take_when_back(&store, &spent).await, "the server has it, and it was spent");
        assert!(!take_when_back(&store, &kept).await);
        assert!(store.epoch().number() > epoch);
        store.insert(spent.clone(), b"y".to_vec(), LATER).await.unwrap();
        assert!(store.take(&spent).await.unwrap().is_some());
    });
}

// The scripts can leave the server at any time, without a trace of that.
#[test]
fn forgotten_scripts_are_told_again() {
    let Some(server) = RedisServer::start() else { return };
    runtime().block_on(async {
        let store = open(&server, keeping()).await;
        let key = Key::new("code", "a");
        let epoch = store.epoch().number();
        for _ in 0..3 {
            command(&server, &["SCRIPT", "FLUSH"]).await;
            store.insert(key.clone(), b"x".to_vec(), LATER).await.unwrap();
            command(&server, &["SCRIPT", "FLUSH"]).await;
            assert!(store.take(&key).await.unwrap().is_some());
        }
        assert_eq!(store.epoch().number(), epoch);
    });
}

// Q10: a server that hangs holds a bounded number of callers, and each for a bounded time.
#[test]
fn q10_a_slow_server_is_told_in_time() {
    let Some(server) = RedisServer::start() else { return };
    runtime().block_on(async {
        let options = RedisOptions { queue: 4, answer_timeout: Duration::from_millis(300), ..keeping() };
        let store: Arc<dyn Store> = Arc::new(open(&server, options).await);
        command(&server, &["CLIENT", "PAUSE", "60000", "ALL"]).await;
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
    });
}

#[test]
fn servers_that_evict_are_refused() {
    let arguments = ["--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"];
    let Some(server) = RedisServer::start_with(&arguments) else { return };
    runtime().block_on(async {
        let refused = RedisStore::connect(&address(&server), clock(), &keeping()).await.unwrap_err();
        assert!(
            matches!(&refused, OpenError::Database { reason } if reason.contains("noeviction")),
            "{refused}"
        );
    });
}

#[test]
fn by_url_alone() {
    let Some(server) = RedisServer::start() else { return };
    runtime().block_on(async {
        let stores = open_both("memory:", Some(&server.url("a")), clock()).await.unwrap();
        let other = open_both("memory:", Some(&server.url("b")), clock()).await.unwrap();
        assert_ne!(stores.epoch.number(), Epoch::default().number());
        let key = Key::new("code", "a");
        stores.sessions.insert(key.clone(), b"x".to_vec(), LATER).await.unwrap();
        assert_eq!(other.sessions.get(&key).await.unwrap(), None, "another service");
        assert_eq!(stores.records.get(&key).await.unwrap(), None);
        assert!(stores.sessions.take(&key).await.unwrap().is_some());
    });
}

#[test]
fn errors_do_not_tell_the_password() {
    runtime().block_on(async {
        for url in [
            "redis://user:hunter2@127.0.0.1:1",
            "redis://user:hunter2@127.0.0.1:99999",
            "rediss://user:hunter2@127.0.0.1:1/x",
        ] {
            let error = RedisStore::connect(url, clock(), &keeping()).await.unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
        let Some(server) = RedisServer::start_with(&["--requirepass", "right"]) else { return };
        let connect = async |password: &str| {
            let url = server.address().replace("://", &format!("://:{password}@"));
            RedisStore::connect(&url, clock(), &keeping()).await.map(drop)
        };
        let error = connect("hunter2").await.unwrap_err().to_string().to_lowercase();
        assert!(error.contains("authentication") && !error.contains("hunter2"), "{error}");
        connect("right").await.unwrap();
    });
}
