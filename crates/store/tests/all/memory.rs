//! The store in memory: the contract, and that its memory is bounded.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{FixedClock, Key, Store, UnixTime};
use credenza_store::MemoryStore;
use credenza_store::contract::{self, block_on};

// Q01: at most once, for every kind of record.
#[test]
fn q01_memory_keeps_the_contract() {
    contract::run(&|clock| Arc::new(MemoryStore::new(clock)));
}

#[test]
fn expired_records_go_without_housekeeping() {
    let clock = Arc::new(FixedClock::at(UnixTime::from_secs(1000)));
    let store = MemoryStore::new(clock.clone());
    let mut most = 0;
    for number in 0..20_000 {
        let expires = clock_now(&clock) + Duration::from_secs(10);
        block_on(store.insert(Key::new("nonce", number.to_string()), vec![0; 16], expires)).unwrap();
        if number % 100 == 0 {
            clock.advance(Duration::from_secs(1));
        }
        most = most.max(store.len());
    }
    // About 1000 are alive at any time.
    assert!(most < 3000, "{most}");
}

#[test]
fn sweeping_counts_exactly() {
    let clock = Arc::new(FixedClock::at(UnixTime::from_secs(1000)));
    let store = MemoryStore::new(clock.clone());
    for number in 0..100 {
        let expires = UnixTime::from_secs(1001 + number % 2);
        block_on(store.insert(Key::new("nonce", number.to_string()), Vec::new(), expires)).unwrap();
    }
    clock.set(UnixTime::from_secs(1001));
    assert_eq!(block_on(store.sweep(30)), Ok(30));
    assert_eq!(block_on(store.sweep(30)), Ok(20));
    assert_eq!(block_on(store.sweep(30)), Ok(0));
    assert_eq!(store.len(), 50);
    clock.set(UnixTime::from_secs(1002));
    assert_eq!(block_on(store.sweep(usize::MAX)), Ok(50));
    assert!(store.is_empty());
}

fn clock_now(clock: &FixedClock) -> UnixTime {
    credenza_core::Clock::now(clock)
}
