//! What many callers at once are promised: one of them wins.

use std::sync::Barrier;
use std::time::Duration;

use credenza_core::{Key, StoreError};

use super::{Bench, Check, NOW, Outcome, conflict, inserting, key, removing, replacing, same};

pub(super) const CHECKS: &[Check] = &[
    ("race.insert", insert),
    ("race.insert-over-expired", insert_over_expired),
    ("race.replace", replace),
    ("race.take", take),
    ("race.consume", consume),
    ("race.count", count),
    ("race.cross", cross),
    ("race.read-own-write", read_own_write),
];

/// Callers in each race.
const RACERS: usize = 64;

/// Races for each promise.
const ROUNDS: usize = 12;

/// Lets all callers loose at once, each with its number.
fn race<T: Send>(run: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(RACERS);
    std::thread::scope(|scope| {
        let racers: Vec<_> = (0..RACERS)
            .map(|number| {
                let (barrier, run) = (&barrier, &run);
                scope.spawn(move || {
                    barrier.wait();
                    run(number)
                })
            })
            .collect();
        racers.into_iter().flat_map(std::thread::ScopedJoinHandle::join).collect()
    })
}

/// The number of the one caller that was told that it won; the others must have been told of the conflict.
fn winner(results: &[Result<(), StoreError>]) -> Result<usize, String> {
    if let Some(strange) =
        results.iter().find(|result| !matches!(result, Ok(()) | Err(StoreError::Conflict(0))))
    {
        return Err(format!("a racer was answered {strange:?}"));
    }
    let winners: Vec<usize> =
        (0..).zip(results).filter(|(_, result)| result.is_ok()).map(|(n, _)| n).collect();
    match *winners {
        [winner] if results.len() == RACERS => Ok(winner),
        _ => Err(format!("{} of {} racers won", winners.len(), results.len())),
    }
}

fn name(round: usize) -> Key {
    key(&format!("race-{round}"))
}

fn value(number: usize) -> Vec<u8> {
    number.to_le_bytes().to_vec()
}

fn insert(bench: &Bench<'_>) -> Outcome {
    for round in 0..ROUNDS {
        let key = name(round);
        let winner = winner(&race(|number| bench.insert(&key, &value(number))))?;
        bench.holds(&key, &value(winner), 1)?;
    }
    Ok(())
}

fn insert_over_expired(bench: &Bench<'_>) -> Outcome {
    let end = NOW + Duration::from_secs(1);
    for round in 0..ROUNDS {
        same("insert", bench.insert_until(&name(round), b"old", end), &Ok(()))?;
    }
    bench.clock.set(end);
    insert(bench)
}

fn replace(bench: &Bench<'_>) -> Outcome {
    for round in 0..ROUNDS {
        let key = name(round);
        same("insert", bench.insert(&key, b"old"), &Ok(()))?;
        for version in 1..3 {
            let winner = winner(&race(|number| bench.replace(&key, version, &value(number))))?;
            bench.holds(&key, &value(winner), version + 1)?;
        }
    }
    Ok(())
}

fn take(bench: &Bench<'_>) -> Outcome {
    for round in 0..ROUNDS {
        let key = name(round);
        same("insert", bench.insert(&key, b"once"), &Ok(()))?;
        let taken = race(|_| bench.take(&key));
        if let Some(error) = taken.iter().find_map(|taken| taken.as_ref().err()) {
            return Err(format!("a racer was answered {error:?}"));
        }
        let winners: Vec<_> = taken.into_iter().flatten().flatten().collect();
        match &*winners {
            [record] => same("take", &*record.value, &&b"once"[..])?,
            _ => return Err(format!("{} of {RACERS} racers won", winners.len())),
        }
        bench.lacks(&key)?;
    }
    Ok(())
}

/// One record that is taken, removed together with another write, and replaced, all at once.
fn consume(bench: &Bench<'_>) -> Outcome {
    for round in 0..ROUNDS {
        let (code, token) = (name(round), key(&format!("token-{round}")));
        same("insert", bench.insert(&code, b"once"), &Ok(()))?;
        let results = race(|number| match number % 3 {
            0 => match bench.take(&code) {
                Ok(Some(record)) if record.version == 1 => Ok(()),
                Ok(_) => conflict(0), // taken, or replaced before and so not this racer's any more
                Err(error) => Err(error),
            },
            1 => bench.commit([removing(&code), inserting(&token, b"token")]),
            _ => bench.replace(&code, 1, b"changed"),
        });
        // Removing is possible after replacing, so these two may both win; but not two of a kind.
        let won =
            |kind: usize| (0..).zip(&results).filter(|(n, result)| n % 3 == kind && result.is_ok()).count();
        let (took, removed, replaced) = (won(0), won(1), won(2));
        if took + removed > 1 || replaced > 1 || took + replaced > 1 || took + removed + replaced == 0 {
            return Err(format!("taken by {took}, removed by {removed} and replaced by {replaced} racers"));
        }
        let made = bench.get(&token).map(|record| record.is_some());
        same("get of what was to be written with the removal", made, &Ok(removed == 1))?;
    }
    Ok(())
}

/// Increments by version, tried again after each conflict, lose none.
fn count(bench: &Bench<'_>) -> Outcome {
    const EACH: u64 = 3;
    let counter = key("counter");
    same("insert", bench.insert(&counter, b""), &Ok(()))?;
    let results = race(|_| {
        let mut left = EACH;
        while left > 0 {
            let record = bench.get(&counter)?.ok_or(StoreError::Unavailable("gone".to_owned()))?;
            match bench.replace(&counter, record.version, b"") {
                Ok(()) => left -= 1,
                Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    });
    if let Some(Err(error)) = results.iter().find(|result| result.is_err()) {
        return Err(format!("a racer was answered {error:?}"));
    }
    bench.holds(&counter, b"", 1 + EACH * u64::try_from(RACERS).unwrap_or(u64::MAX))
}

/// Commits that write the same keys in opposite orders neither wait for each other nor mix.
fn cross(bench: &Bench<'_>) -> Outcome {
    let keys: Vec<Key> = (0..8).map(|number| key(&format!("cross-{number}"))).collect();
    for key in &keys {
        same("insert", bench.insert(key, b"old"), &Ok(()))?;
    }
    for version in 1..=u64::try_from(ROUNDS).unwrap_or(u64::MAX) {
        let results = race(|number| {
            let mut writes: Vec<_> = keys.iter().map(|key| replacing(key, version, &value(number))).collect();
            if number % 2 == 1 {
                writes.reverse();
            }
            bench.commit(writes)
        });
        let winner = winner(&results)?;
        for key in &keys {
            bench.holds(key, &value(winner), version + 1)?;
        }
    }
    Ok(())
}

/// What was acknowledged is seen, by the next call of whoever was told.
fn read_own_write(bench: &Bench<'_>) -> Outcome {
    let results = race(|number| {
        for step in 0..4 {
            let key = key(&format!("own-{number}-{step}"));
            same("insert", bench.insert(&key, b"1"), &Ok(()))?;
            bench.holds(&key, b"1", 1)?;
            same("replace", bench.replace(&key, 1, b"2"), &Ok(()))?;
            bench.holds(&key, b"2", 2)?;
            same("take", bench.take(&key).map(|record| record.is_some()), &Ok(true))?;
            bench.lacks(&key)?;
        }
        Ok(())
    });
    results.into_iter().collect()
}
