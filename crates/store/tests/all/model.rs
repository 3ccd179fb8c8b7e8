//! Both stores against a model, with random sequences of calls: they must answer alike.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use credenza_core::{FixedClock, Key, Record, Store, StoreError, UnixTime, Write};
use credenza_store::contract::block_on;
use credenza_store::{Durability, MemoryStore, SqliteOptions, SqliteStore};
use proptest::prelude::*;

/// One call, or the passing of time.
#[derive(Debug, Clone)]
enum Step {
    Get(Key),
    Take(Key),
    Commit(Vec<Draft>),
    Sweep(usize),
    Wait(u64),
}

/// A write, with its expiry counted from the time of the call.
#[derive(Debug, Clone)]
enum Draft {
    Insert(Key, u8, u64),
    Replace(Key, u64, u8, u64),
    Remove(Key),
}

impl Draft {
    fn at(&self, now: UnixTime) -> Write {
        let until = |seconds: &u64| now + Duration::from_secs(*seconds);
        match self.clone() {
            Self::Insert(key, value, life) => {
                Write::Insert { key, value: vec![value], expires: until(&life) }
            }
            Self::Replace(key, expected, value, life) => {
                Write::Replace { key, expected, value: vec![value], expires: until(&life) }
            }
            Self::Remove(key) => Write::Remove { key },
        }
    }
}

/// What the port's documentation says, in the plainest way.
#[derive(Default, Clone)]
struct Model(BTreeMap<Key, Record>);

impl Model {
    fn forget(&mut self, now: UnixTime) {
        self.0.retain(|_, record| now < record.expires);
    }

    fn commit(&mut self, writes: &[Write], now: UnixTime) -> Result<(), StoreError> {
        let mut changed = self.clone();
        for (number, write) in writes.iter().enumerate() {
            changed.forget(now);
            let there = changed.0.get(write.key()).map(|record| record.version);
            match (write, there) {
                (Write::Insert { key, value, expires }, None) => {
                    let record = Record { value: value.clone(), version: 1, expires: *expires };
                    changed.0.insert(key.clone(), record);
                }
                (Write::Replace { key, expected, value, expires }, Some(version)) if version == *expected => {
                    let record = Record { value: value.clone(), version: version + 1, expires: *expires };
                    changed.0.insert(key.clone(), record);
                }
                (Write::Remove { key }, Some(_)) => {
                    changed.0.remove(key);
                }
                _ => return Err(StoreError::Conflict(number)),
            }
        }
        *self = changed;
        self.forget(now);
        Ok(())
    }
}

fn key() -> impl Strategy<Value = Key> {
    (prop_oneof![Just("code"), Just("token")], "[ab]").prop_map(|(kind, id)| Key::new(kind, id))
}

fn draft() -> impl Strategy<Value = Draft> {
    prop_oneof![
        3 => (key(), any::<u8>(), 0..4_u64).prop_map(|(key, value, life)| Draft::Insert(key, value, life)),
        3 => (key(), 1..4_u64, any::<u8>(), 0..4_u64).prop_map(|(k, e, v, life)| Draft::Replace(k, e, v, life)),
        2 => key().prop_map(Draft::Remove),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => key().prop_map(Step::Get),
        1 => key().prop_map(Step::Take),
        5 => prop::collection::vec(draft(), 1..4).prop_map(Step::Commit),
        1 => (0..3_usize).prop_map(Step::Sweep),
        1 => (1..3_u64).prop_map(Step::Wait),
    ]
}

fn agrees(store: &dyn Store, clock: &FixedClock, steps: &[Step]) {
    let mut model = Model::default();
    for step in steps {
        let now = credenza_core::Clock::now(clock);
        model.forget(now);
        match step {
            Step::Get(key) => assert_eq!(block_on(store.get(key)), Ok(model.0.get(key).cloned())),
            Step::Take(key) => assert_eq!(block_on(store.take(key)), Ok(model.0.remove(key))),
            Step::Commit(drafts) => {
                let writes: Vec<Write> = drafts.iter().map(|draft| draft.at(now)).collect();
                assert_eq!(block_on(store.commit(writes.clone())), model.commit(&writes, now), "{writes:?}");
            }
            Step::Sweep(limit) => assert!(block_on(store.sweep(*limit)).unwrap() <= *limit),
            Step::Wait(seconds) => clock.advance(Duration::from_secs(*seconds)),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn stores_answer_as_the_model_does(steps in prop::collection::vec(step(), 1..60)) {
        let start = UnixTime::from_secs(1000);
        let clock = Arc::new(FixedClock::at(start));
        agrees(&MemoryStore::new(clock.clone()), &clock, &steps);

        clock.set(start);
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions { durability: Durability::Process, ..SqliteOptions::default() };
        let store = SqliteStore::open(folder.path().join("c.db"), clock.clone(), options).unwrap();
        agrees(&store, &clock, &steps);
    }
}
