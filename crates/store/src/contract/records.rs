//! What one caller at a time is promised.

use std::time::Duration;

use credenza_core::{Key, StoreError, UnixTime, Write};

use super::{Bench, Check, LATER, NOW, Outcome, conflict, inserting, key, removing, replacing, same};

pub(super) const CHECKS: &[Check] = &[
    ("records.insert", insert),
    ("records.replace", replace),
    ("records.take", take),
    ("records.remove", remove),
    ("commit.all-or-none", all_or_none),
    ("commit.one-key-twice", one_key_twice),
    ("commit.first-conflict", first_conflict),
    ("expiry.every-method", expiry),
    ("expiry.changes", expiry_changes),
    ("expiry.born-expired", born_expired),
    ("sweep", sweep),
    ("values.large", large_values),
    ("keys.distinct", distinct_keys),
];

fn insert(bench: &Bench<'_>) -> Outcome {
    let (one, other) = (key("one"), key("other"));
    bench.lacks(&one)?;
    same("insert", bench.insert(&one, b"first"), &Ok(()))?;
    bench.holds(&one, b"first", 1)?;
    bench.lacks(&other)?;
    same("insert of what exists", bench.insert(&one, b"second"), &conflict(0))?;
    bench.holds(&one, b"first", 1)?;
    same("insert of nothing", bench.insert(&other, b""), &Ok(()))?;
    bench.holds(&other, b"", 1)
}

fn replace(bench: &Bench<'_>) -> Outcome {
    let key = key("one");
    same("replace of nothing", bench.replace(&key, 1, b"x"), &conflict(0))?;
    same("insert", bench.insert(&key, b"1"), &Ok(()))?;
    for wrong in [0, 2, u64::MAX] {
        same("replace of another version", bench.replace(&key, wrong, b"x"), &conflict(0))?;
    }
    bench.holds(&key, b"1", 1)?;
    for version in 1..=20 {
        same("replace", bench.replace(&key, version, b"more"), &Ok(()))?;
        bench.holds(&key, b"more", version + 1)?;
        same("replace of an old version", bench.replace(&key, version, b"x"), &conflict(0))?;
    }
    bench.holds(&key, b"more", 21)
}

fn take(bench: &Bench<'_>) -> Outcome {
    let (one, other) = (key("one"), key("other"));
    same("take of nothing", bench.take(&one), &Ok(None))?;
    same("insert", bench.insert(&one, b"1"), &Ok(()))?;
    same("insert", bench.insert(&other, b"2"), &Ok(()))?;
    same("replace", bench.replace(&one, 1, b"3"), &Ok(()))?;
    let taken =
        bench.take(&one).map(|record| record.map(|record| (record.value, record.version, record.expires)));
    same("take", taken, &Ok(Some((b"3".to_vec(), 2, LATER))))?;
    same("take of what was taken", bench.take(&one), &Ok(None))?;
    bench.lacks(&one)?;
    bench.holds(&other, b"2", 1)?;
    same("insert after take", bench.insert(&one, b"4"), &Ok(()))?;
    bench.holds(&one, b"4", 1)
}

fn remove(bench: &Bench<'_>) -> Outcome {
    let key = key("one");
    same("remove of nothing", bench.remove(&key), &conflict(0))?;
    same("insert", bench.insert(&key, b"1"), &Ok(()))?;
    same("remove", bench.remove(&key), &Ok(()))?;
    bench.lacks(&key)?;
    same("remove of what was removed", bench.remove(&key), &conflict(0))?;
    same("insert after remove", bench.insert(&key, b"2"), &Ok(()))?;
    bench.holds(&key, b"2", 1)
}

fn all_or_none(bench: &Bench<'_>) -> Outcome {
    let [new, changed, gone, taken] = ["new", "changed", "gone", "taken"].map(key);
    for key in [&changed, &gone, &taken] {
        same("insert", bench.insert(key, b"old"), &Ok(()))?;
    }
    let good = [inserting(&new, b"new"), replacing(&changed, 1, b"new"), removing(&gone)];
    let bad = [
        inserting(&taken, b"x"),
        replacing(&taken, 7, b"x"),
        replacing(&key("absent"), 1, b"x"),
        removing(&key("absent")),
    ];
    for bad in bad {
        for at in 0..=good.len() {
            let mut writes = good.to_vec();
            writes.insert(at, bad.clone());
            same("commit with a conflict", bench.commit(writes), &conflict(at))?;
            bench.lacks(&new)?;
            for key in [&changed, &gone, &taken] {
                bench.holds(key, b"old", 1)?;
            }
        }
    }
    same("commit", bench.commit(good), &Ok(()))?;
    bench.holds(&new, b"new", 1)?;
    bench.holds(&changed, b"new", 2)?;
    bench.lacks(&gone)?;
    same("commit of nothing", bench.commit([]), &Ok(()))
}

/// The writes of one commit are done in their order: each finds what those before it have left.
fn one_key_twice(bench: &Bench<'_>) -> Outcome {
    let key = key("one");
    let insert = || inserting(&key, b"new");
    let replace = |expected| replacing(&key, expected, b"newer");
    same("insert, insert", bench.commit([insert(), insert()]), &conflict(1))?;
    same("insert, replace 2", bench.commit([insert(), replace(2)]), &conflict(1))?;
    same("insert, remove, remove", bench.commit([insert(), removing(&key), removing(&key)]), &conflict(2))?;
    bench.lacks(&key)?;
    same("insert, remove", bench.commit([insert(), removing(&key)]), &Ok(()))?;
    bench.lacks(&key)?;
    same("insert, replace", bench.commit([insert(), replace(1)]), &Ok(()))?;
    bench.holds(&key, b"newer", 2)?;
    same("replace, replace", bench.commit([replace(2), replace(2)]), &conflict(1))?;
    same("remove, replace", bench.commit([removing(&key), replace(2)]), &conflict(1))?;
    bench.holds(&key, b"newer", 2)?;
    same("replace, replace", bench.commit([replace(2), replace(3)]), &Ok(()))?;
    bench.holds(&key, b"newer", 4)?;
    same("remove, insert", bench.commit([removing(&key), insert()]), &Ok(()))?;
    bench.holds(&key, b"new", 1)
}

fn first_conflict(bench: &Bench<'_>) -> Outcome {
    let (there, absent) = (key("there"), key("absent"));
    same("insert", bench.insert(&there, b""), &Ok(()))?;
    let writes = [inserting(&key("new"), b""), removing(&absent), inserting(&there, b""), removing(&absent)];
    same("commit with three conflicts", bench.commit(writes), &conflict(1))
}

fn expiry(bench: &Bench<'_>) -> Outcome {
    let ids = ["get", "take", "replace", "remove", "insert", "commit"];
    let [get, take, replace, remove, insert, commit] = ids.map(key);
    let end = NOW + Duration::from_secs(60);
    for id in ids {
        same("insert", bench.insert_until(&key(id), b"old", end), &Ok(()))?;
    }
    bench.clock.set(end - Duration::from_secs(1));
    for id in ids {
        let there = bench.get(&key(id)).map(|record| record.map(|record| record.expires));
        same("get in the last second", there, &Ok(Some(end)))?;
    }
    same("insert in the last second", bench.insert(&insert, b"new"), &conflict(0))?;

    bench.clock.set(end);
    same("get of the expired", bench.get(&get), &Ok(None))?;
    same("take of the expired", bench.take(&take), &Ok(None))?;
    same("replace of the expired", bench.replace(&replace, 1, b"new"), &conflict(0))?;
    same("remove of the expired", bench.remove(&remove), &conflict(0))?;
    same("insert over the expired", bench.insert(&insert, b"new"), &Ok(()))?;
    bench.holds(&insert, b"new", 1)?;
    same("insert of what exists again", bench.insert(&insert, b"newer"), &conflict(0))?;
    let writes = [inserting(&commit, b"new"), replacing(&commit, 1, b"newer")];
    same("commit over the expired", bench.commit(writes), &Ok(()))?;
    bench.holds(&commit, b"newer", 2)?;
    for key in [&get, &take, &replace, &remove] {
        bench.lacks(key)?;
    }
    Ok(())
}

fn expiry_changes(bench: &Bench<'_>) -> Outcome {
    let (longer, shorter) = (key("longer"), key("shorter"));
    let (soon, late) = (NOW + Duration::from_secs(10), NOW + Duration::from_secs(1000));
    let until = |key: &Key, expires| {
        bench.commit([Write::Replace { key: key.clone(), expected: 1, value: b"new".to_vec(), expires }])
    };
    same("insert", bench.insert_until(&longer, b"old", soon), &Ok(()))?;
    same("insert", bench.insert_until(&shorter, b"old", late), &Ok(()))?;
    same("replace", until(&longer, late), &Ok(()))?;
    same("replace", until(&shorter, soon), &Ok(()))?;
    bench.clock.set(soon);
    same("sweep", bench.sweep(100).map(|swept| swept <= 1), &Ok(true))?;
    bench.lacks(&shorter)?;
    let kept = bench.get(&longer).map(|record| record.map(|record| (record.version, record.expires)));
    same("get", kept, &Ok(Some((2, late))))
}

/// A record whose time is over when it is written is not there, and in nobody's way.
fn born_expired(bench: &Bench<'_>) -> Outcome {
    let key = key("one");
    for expires in [NOW, NOW - Duration::from_secs(1), UnixTime::EPOCH] {
        same("insert of the expired", bench.insert_until(&key, b"x", expires), &Ok(()))?;
        bench.lacks(&key)?;
        same("take", bench.take(&key), &Ok(None))?;
    }
    same("insert", bench.insert_until(&key, b"x", NOW), &Ok(()))?;
    same("insert", bench.insert(&key, b"y"), &Ok(()))?;
    bench.holds(&key, b"y", 1)
}

/// A store may sweep by itself, earlier; so fewer than the expired may be left to count.
fn sweep(bench: &Bench<'_>) -> Outcome {
    let end = NOW + Duration::from_secs(60);
    let name = |kind: &str, number: usize| key(&format!("{kind}-{number}"));
    for number in 0..30 {
        same("insert", bench.insert_until(&name("dead", number), b"dead", end), &Ok(()))?;
        same("insert", bench.insert(&name("live", number), b"live"), &Ok(()))?;
    }
    same("sweep before the end", bench.sweep(100), &Ok(0))?;
    bench.clock.set(end);
    same("sweep of none", bench.sweep(0), &Ok(0))?;
    let first = sweep_within(bench, 7)?;
    let rest = sweep_within(bench, usize::MAX)?;
    if first + rest > 30 {
        return Err(format!("{first} and {rest} of 30 expired records were swept"));
    }
    same("sweep of what was swept", bench.sweep(100), &Ok(0))?;
    for number in 0..30 {
        bench.lacks(&name("dead", number))?;
        bench.holds(&name("live", number), b"live", 1)?;
    }
    Ok(())
}

fn sweep_within(bench: &Bench<'_>, limit: usize) -> Result<usize, String> {
    match bench.sweep(limit) {
        Ok(swept) if swept <= limit => Ok(swept),
        other => Err(format!("sweep({limit}) answered {other:?}")),
    }
}

fn large_values(bench: &Bench<'_>) -> Outcome {
    let key = key("large");
    let value = |seed: u8| (0..1 << 20).map(|at: u32| at.to_le_bytes()[0] ^ seed).collect::<Vec<u8>>();
    same("insert of 1 MiB", bench.insert(&key, &value(0)), &Ok(()))?;
    bench.holds(&key, &value(0), 1)?;
    same("replace by 1 MiB", bench.replace(&key, 1, &value(77)), &Ok(()))?;
    bench.holds(&key, &value(77), 2)?;
    let taken = bench.take(&key).map(|record| record.map(|record| record.value));
    same("take of 1 MiB", taken, &Ok(Some(value(77))))?;
    bench.lacks(&key)
}

fn distinct_keys(bench: &Bench<'_>) -> Outcome {
    let longest = "x".repeat(128);
    let ids = [
        "",
        " ",
        "a",
        "A",
        "a ",
        " a",
        "a\0",
        "a\0b",
        "\0",
        "\n",
        "\r\n",
        "\t",
        "%",
        "a%",
        "_",
        "*",
        "'",
        "''",
        "\"",
        "\\",
        ";--",
        ":",
        "/",
        "..",
        "{a}",
        "0",
        "00",
        "1",
        "01",
        "1.0",
        "1e0",
        "-1",
        "null",
        "é",
        "e\u{301}",
        "ß",
        "ss",
        "İ",
        "i",
        "\u{feff}a",
        "\u{202e}a",
        "\u{10ffff}",
        "🪪",
        &longest,
        &longest[1..],
    ];
    let mut keys: Vec<Key> = ids.iter().map(|id| key(id)).collect();
    // The border between kind and id must not move.
    for (kind, id) in
        [("a", "bc"), ("ab", "c"), ("abc", ""), ("a", "b:c"), ("a:b", "c"), ("a/b", "c"), ("a", "b/c")]
    {
        keys.push(Key::new(kind, id));
    }
    let value = |number: usize| number.to_le_bytes();
    for (number, key) in keys.iter().enumerate() {
        same(&format!("insert of {key:?}"), bench.insert(key, &value(number)), &Ok(()))?;
    }
    for (number, key) in keys.iter().enumerate() {
        bench.holds(key, &value(number), 1).map_err(|why| format!("{key:?}: {why}"))?;
    }
    for (number, key) in keys.iter().enumerate() {
        let taken: Result<_, StoreError> = bench.take(key).map(|record| record.map(|record| record.value));
        same(&format!("take of {key:?}"), taken, &Ok(Some(value(number).to_vec())))?;
        bench.lacks(key)?;
    }
    Ok(())
}
