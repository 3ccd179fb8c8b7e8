//! How fast the stores are: `cargo run --release -p credenza-store --example store_speed`.
//!
//! One thread keeps many calls waiting, as a service does; CPU time is that of the whole process.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use credenza_core::{Clock, Key, Store, StoreError, SystemClock, Write};
use credenza_store::contract::block_on;
use credenza_store::{Durability, MemoryStore, SqliteOptions, SqliteStore};
use futures_util::StreamExt;
use futures_util::stream::iter;

/// Calls that wait at the same time: a busy service, a quiet one, and one caller alone.
const BUSY: usize = 256;
const QUIET: usize = 8;
const ALONE: usize = 1;

/// Bytes of a record: about a session.
const VALUE: usize = 700;

type Opened = Result<Arc<dyn Store>, Box<dyn std::error::Error>>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join(format!("store-speed-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let sqlite = |name: &str, durability| -> Opened {
        let options = SqliteOptions { durability, ..SqliteOptions::default() };
        let open = || SqliteStore::open(folder.join(name), Arc::new(SystemClock), options);
        let start = Instant::now();
        drop(open()?);
        let (made, start) = (start.elapsed(), Instant::now());
        let store = open()?;
        println!("{name}: made and closed in {made:.1?}, opened in {:.1?}", start.elapsed());
        Ok(Arc::new(store))
    };
    println!("{:32} {:>10} {:>12}", "", "calls/s", "µs CPU/call");
    measure("memory", &*Arc::new(MemoryStore::new(Arc::new(SystemClock))), 200_000)?;
    measure("sqlite, process", &*sqlite("process.db", Durability::Process)?, 50_000)?;
    measure("sqlite, full", &*sqlite("full.db", Durability::Full)?, 50_000)?;
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

fn measure(name: &str, store: &dyn Store, count: usize) -> Result<(), StoreError> {
    let until = SystemClock.now() + Duration::from_secs(3600);
    let keys: Vec<Key> = (0..count).map(|number| Key::new("session", scattered(number))).collect();
    let value = || vec![b'v'; VALUE];

    let (start, cpu) = (Instant::now(), cpu_time());
    run(
        (0..).zip(&keys).map(|(n, key)| store.insert(key.clone(), value(), until + Duration::from_millis(n))),
        BUSY,
    )?;
    report(name, "insert", count, start, cpu);

    let (start, cpu) = (Instant::now(), cpu_time());
    for key in &keys {
        block_on(store.get(key))?;
    }
    report(name, "get", count, start, cpu);

    let (start, cpu) = (Instant::now(), cpu_time());
    run(keys.iter().map(|key| store.replace(key.clone(), 1, value(), until)), BUSY)?;
    report(name, "replace", count, start, cpu);

    let (start, cpu) = (Instant::now(), cpu_time());
    run(
        keys.iter().map(|key| {
            let token = Key { kind: "token", ..key.clone() };
            let insert = Write::Insert { key: token, value: value(), expires: until };
            store.commit(vec![Write::Remove { key: key.clone() }, insert])
        }),
        BUSY,
    )?;
    report(name, "remove and insert", count, start, cpu);

    let tokens: Vec<Key> = keys.into_iter().map(|key| Key { kind: "token", ..key }).collect();
    let (start, cpu) = (Instant::now(), cpu_time());
    run(tokens.iter().map(|key| store.take(key)), BUSY)?;
    report(name, "take", count, start, cpu);

    // What a call costs when few share its transaction.
    let mut rest = tokens.into_iter();
    for at_once in [QUIET, ALONE] {
        let few = count / 20;
        let (start, cpu) = (Instant::now(), cpu_time());
        run(rest.by_ref().take(few).map(|key| store.insert(key, value(), until)), at_once)?;
        report(name, &format!("insert, {at_once} at a time"), few, start, cpu);
    }
    Ok(())
}

fn run<T>(
    calls: impl Iterator<Item = impl Future<Output = Result<T, StoreError>>>,
    at_once: usize,
) -> Result<(), StoreError> {
    block_on(async {
        let mut answers = iter(calls).buffer_unordered(at_once);
        while let Some(answer) = answers.next().await {
            answer?;
        }
        Ok(())
    })
}

/// An id as random as real ones, in the order in which B-trees suffer.
fn scattered(number: usize) -> String {
    let mixed = (number as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    format!("{:032x}{number:011x}", mixed ^ (mixed >> 61))
}

fn report(store: &str, what: &str, count: usize, start: Instant, cpu: Duration) {
    let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let rate = count / start.elapsed().as_secs_f64();
    let each = cpu_time().saturating_sub(cpu).as_secs_f64() * 1e6 / count;
    println!("{:32} {rate:>10.0} {each:>12.2}", format!("{store}: {what}"));
}

/// User and system time of this process so far, from Linux's /proc; to ten milliseconds.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string(Path::new("/proc/self/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 =
        after_name.split(' ').skip(12).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}
