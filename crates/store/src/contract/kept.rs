//! The promises of the Records port.

use std::sync::{Arc, Barrier};

use credenza_core::{Answer, Kept, Key, Listing, RecordWrite, Records, StoreError};

use super::{BlockOn, Failure, Outcome, conflict, same};

/// Makes empty records; called twice by some checks, each time for other records.
pub type MakeRecords<'m> = &'m dyn Fn() -> Arc<dyn Records>;

type Check = (&'static str, fn(&Bench<'_>) -> Outcome);

const CHECKS: &[Check] = &[
    ("kept.inserted_once", inserted_once),
    ("kept.replaced_by_version", replaced_by_version),
    ("kept.removed_by_version", removed_by_version),
    ("kept.all_or_nothing", all_or_nothing),
    ("kept.writes_see_each_other", writes_see_each_other),
    ("kept.listed_in_order", listed_in_order),
    ("kept.listed_by_group", listed_by_group),
    ("kept.any_bytes", any_bytes),
    ("kept.one_insert_wins", one_insert_wins),
    ("kept.no_count_is_lost", no_count_is_lost),
    ("kept.commits_are_not_mixed", commits_are_not_mixed),
];

/// How many threads race.
const THREADS: u64 = 8;

/// How often each adds one.
const ROUNDS: u64 = 25;

/// All failures of records whose answers are awaited by `block_on`, which many threads call at once.
#[must_use]
pub fn record_failures_on(make: MakeRecords<'_>, block_on: BlockOn<'_>) -> Vec<Failure> {
    let failure = |(check, promise): &Check| {
        let bench = Bench { records: make(), block_on };
        promise(&bench).err().map(|why| Failure { check, why })
    };
    CHECKS.iter().filter_map(failure).collect()
}

/// All failures of records whose answers need no runtime.
#[must_use]
pub fn record_failures(make: MakeRecords<'_>) -> Vec<Failure> {
    record_failures_on(make, &|future| super::block_on(future))
}

/// Checks records, for use in a test.
///
/// # Panics
/// When they break a promise; the text names each.
pub fn run_records(make: MakeRecords<'_>) {
    let failures = record_failures(make);
    assert!(failures.is_empty(), "broken promises of the Records port: {failures:#?}");
}

struct Bench<'m> {
    records: Arc<dyn Records>,
    block_on: BlockOn<'m>,
}

impl Bench<'_> {
    fn wait<T: Send + Unpin>(&self, answer: Answer<'_, Result<T, StoreError>>) -> Result<T, StoreError> {
        let mut result = Err(StoreError::Unavailable("the answer was never awaited".to_owned()));
        (self.block_on)(Box::pin(async { result = answer.await }));
        result
    }

    fn get(&self, key: &Key) -> Result<Option<Kept>, StoreError> {
        self.wait(self.records.get(key))
    }

    fn commit(&self, writes: impl Into<Vec<RecordWrite>>) -> Result<(), StoreError> {
        self.wait(self.records.commit(writes.into()))
    }

    fn ids(&self, listing: Listing<'_>) -> Result<Vec<String>, StoreError> {
        Ok(self.wait(self.records.list(listing))?.into_iter().map(|(id, _)| id).collect())
    }

    fn holds(&self, key: &Key, value: &[u8], version: u64) -> Outcome {
        same("get", self.get(key), &Ok(Some(Kept { value: value.to_vec(), version })))
    }

    fn lacks(&self, key: &Key) -> Outcome {
        same("get", self.get(key), &Ok(None))
    }

    /// Lets threads do the same thing at the same time.
    fn race<T: Send>(&self, each: impl Fn(u64) -> T + Sync) -> Vec<T> {
        let (barrier, each) = (Barrier::new(usize::try_from(THREADS).unwrap_or(1)), &each);
        let barrier = &barrier;
        std::thread::scope(|scope| {
            let run = |number| {
                scope.spawn(move || {
                    barrier.wait();
                    each(number)
                })
            };
            let threads: Vec<_> = (0..THREADS).map(run).collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
        })
    }
}

fn key(id: &str) -> Key {
    Key::new("contract", id)
}

fn inserting(id: &str, group: &str, value: &[u8]) -> RecordWrite {
    RecordWrite::Insert { key: key(id), group: group.to_owned(), value: value.to_vec() }
}

fn replacing(id: &str, expected: u64, value: &[u8]) -> RecordWrite {
    RecordWrite::Replace { key: key(id), expected, value: value.to_vec() }
}

fn removing(id: &str, expected: u64) -> RecordWrite {
    RecordWrite::Remove { key: key(id), expected }
}

fn inserted_once(bench: &Bench<'_>) -> Outcome {
    bench.lacks(&key("a"))?;
    same("insert", bench.commit([inserting("a", "", b"one")]), &Ok(()))?;
    same("insert again", bench.commit([inserting("a", "", b"two")]), &conflict(0))?;
    bench.holds(&key("a"), b"one", 1)?;
    bench.lacks(&Key::new("other", "a"))?;
    bench.lacks(&key("A"))
}

fn replaced_by_version(bench: &Bench<'_>) -> Outcome {
    same("replace nothing", bench.commit([replacing("a", 1, b"x")]), &conflict(0))?;
    bench.lacks(&key("a"))?;
    bench.commit([inserting("a", "", b"one")]).map_err(|error| error.to_string())?;
    same("replace", bench.commit([replacing("a", 1, b"two")]), &Ok(()))?;
    bench.holds(&key("a"), b"two", 2)?;
    for wrong in [0, 1, 3, u64::MAX] {
        same("replace another version", bench.commit([replacing("a", wrong, b"x")]), &conflict(0))?;
    }
    bench.holds(&key("a"), b"two", 2)
}

fn removed_by_version(bench: &Bench<'_>) -> Outcome {
    bench.commit([inserting("a", "g", b"one")]).map_err(|error| error.to_string())?;
    same("remove another version", bench.commit([removing("a", 2)]), &conflict(0))?;
    bench.holds(&key("a"), b"one", 1)?;
    same("remove", bench.commit([removing("a", 1)]), &Ok(()))?;
    bench.lacks(&key("a"))?;
    same("list", bench.ids(Listing::of("contract", 9).in_group("g")), &Ok(Vec::new()))?;
    same("remove again", bench.commit([removing("a", 1)]), &conflict(0))?;
    same("insert after removal", bench.commit([inserting("a", "", b"new")]), &Ok(()))?;
    bench.holds(&key("a"), b"new", 1)
}

fn all_or_nothing(bench: &Bench<'_>) -> Outcome {
    bench.commit([inserting("a", "g", b"one")]).map_err(|error| error.to_string())?;
    let writes = [
        inserting("b", "g", b"b"),
        replacing("a", 1, b"two"),
        removing("a", 2),
        inserting("c", "g", b"c"),
        replacing("a", 1, b"three"),
    ];
    same("commit", bench.commit(writes), &conflict(4))?;
    bench.holds(&key("a"), b"one", 1)?;
    bench.lacks(&key("b"))?;
    same("list", bench.ids(Listing::of("contract", 9).in_group("g")), &Ok(vec!["a".to_owned()]))?;
    same("commit nothing", bench.commit([]), &Ok(()))
}

fn writes_see_each_other(bench: &Bench<'_>) -> Outcome {
    let writes = [inserting("a", "", b"one"), replacing("a", 1, b"two"), replacing("a", 2, b"three")];
    same("commit", bench.commit(writes), &Ok(()))?;
    bench.holds(&key("a"), b"three", 3)?;
    let twice = [inserting("b", "", b"one"), inserting("b", "", b"two")];
    same("insert twice", bench.commit(twice), &conflict(1))?;
    bench.lacks(&key("b"))
}

fn listed_in_order(bench: &Bench<'_>) -> Outcome {
    // By bytes: capitals before small letters, digits by their characters.
    let sorted = ["-", "10", "9", "Z", "_", "a", "aa", "b"];
    for id in ["b", "10", "aa", "_", "9", "a", "-", "Z"] {
        bench.commit([inserting(id, "", id.as_bytes())]).map_err(|error| error.to_string())?;
    }
    let other = RecordWrite::Insert { key: Key::new("other", "a"), group: String::new(), value: vec![] };
    bench.commit([other]).map_err(|error| error.to_string())?;
    let all: Vec<String> = sorted.iter().map(|id| (*id).to_owned()).collect();
    same("list", bench.ids(Listing::of("contract", 99)), &Ok(all.clone()))?;
    let (mut seen, mut last) = (Vec::new(), None::<String>);
    loop {
        let page = bench.ids(Listing::of("contract", 3).after(last.as_deref()));
        let page = page.map_err(|error| error.to_string())?;
        let Some(end) = page.last() else { break };
        last = Some(end.clone());
        seen.extend(page);
    }
    same("pages", seen, &all)?;
    let after_what_is_gone = bench.ids(Listing::of("contract", 1).after(Some("aaa")));
    same("list", after_what_is_gone, &Ok(vec!["b".to_owned()]))?;
    same("list no more", bench.ids(Listing::of("contract", 0)), &Ok(Vec::new()))
}

fn listed_by_group(bench: &Bench<'_>) -> Outcome {
    for (id, group) in [("4", "x"), ("1", "x"), ("2", "y"), ("3", ""), ("5", "xx")] {
        bench.commit([inserting(id, group, b"v")]).map_err(|error| error.to_string())?;
    }
    bench.commit([replacing("4", 1, b"w")]).map_err(|error| error.to_string())?;
    let listed = |group, after| bench.ids(Listing::of("contract", 9).in_group(group).after(after));
    same("group", listed("x", None), &Ok(vec!["1".to_owned(), "4".to_owned()]))?;
    same("group after", listed("x", Some("1")), &Ok(vec!["4".to_owned()]))?;
    same("no such group", listed("z", None), &Ok(Vec::new()))?;
    same("nobody's", listed("", None), &Ok(Vec::new()))
}

fn any_bytes(bench: &Bench<'_>) -> Outcome {
    let large: Vec<u8> = (0..=u8::MAX).cycle().take(3 << 20).collect();
    let id = "x".repeat(128);
    bench
        .commit([inserting(&id, "", &large), inserting("ü~%", "", b"")])
        .map_err(|error| error.to_string())?;
    bench.holds(&key(&id), &large, 1)?;
    bench.holds(&key("ü~%"), b"", 1)
}

fn one_insert_wins(bench: &Bench<'_>) -> Outcome {
    for round in 0..ROUNDS {
        let id = format!("race-{round}");
        let won = bench.race(|number| bench.commit([inserting(&id, "", &number.to_be_bytes())]).is_ok());
        same("winners", won.iter().filter(|won| **won).count(), &1)?;
        let winner = won.iter().position(|won| *won).and_then(|winner| u64::try_from(winner).ok());
        bench.holds(&key(&id), &winner.unwrap_or(u64::MAX).to_be_bytes(), 1)?;
    }
    Ok(())
}

/// Adds one under the version that was read, until that is done.
fn add_one(bench: &Bench<'_>, id: &str) -> Outcome {
    loop {
        let kept = bench.get(&key(id)).map_err(|error| error.to_string())?.ok_or("the counter is gone")?;
        let count = u64::from_be_bytes(kept.value.as_slice().try_into().map_err(|_| "a broken counter")?);
        match bench.commit([replacing(id, kept.version, &(count + 1).to_be_bytes())]) {
            Ok(()) => return Ok(()),
            Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
}

fn no_count_is_lost(bench: &Bench<'_>) -> Outcome {
    bench.commit([inserting("count", "", &0_u64.to_be_bytes())]).map_err(|error| error.to_string())?;
    for result in bench.race(|_| (0..ROUNDS).try_for_each(|_| add_one(bench, "count"))) {
        result?;
    }
    bench.holds(&key("count"), &(THREADS * ROUNDS).to_be_bytes(), THREADS * ROUNDS + 1)
}

/// Two records that are only ever changed together have the same content.
fn commits_are_not_mixed(bench: &Bench<'_>) -> Outcome {
    bench.commit([inserting("l", "", &[0]), inserting("r", "", &[0])]).map_err(|error| error.to_string())?;
    bench.race(|number| {
        for version in 1..=ROUNDS {
            let value = number.to_be_bytes();
            let _ = bench.commit([replacing("l", version, &value), replacing("r", version, &value)]);
        }
    });
    same("the pair", bench.get(&key("l")), &bench.get(&key("r")))
}
