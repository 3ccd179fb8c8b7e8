//! What a listing of one kind promises.

use std::time::Duration;

use credenza_core::{Key, UnixTime};

use super::{Bench, Check, NOW, Outcome, key, same};

pub(super) const CHECKS: &[Check] =
    &[("list.order", order), ("list.changes", changes), ("list.expiry", expiry), ("list.long", long)];

fn listed(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| format!("{id}=v")).collect()
}

fn order(bench: &Bench<'_>) -> Outcome {
    same("list of nothing", bench.list("contract", None, 10), &Ok(Vec::new()))?;
    for id in ["b", "a.2", "Z", "a.1", "a", "-", "_", "a.10"] {
        same("insert", bench.insert(&key(id), b"v"), &Ok(()))?;
    }
    same("insert", bench.insert(&Key::new("contract.other", "a.0"), b"other"), &Ok(()))?;
    // The order of bytes, whatever the language of the database says.
    let all = listed(&["-", "Z", "_", "a", "a.1", "a.10", "a.2", "b"]);
    same("list", bench.list("contract", None, 100), &Ok(all.clone()))?;
    same("list of some", bench.list("contract", None, 3), &Ok(all.iter().take(3).cloned().collect()))?;
    same("list of none", bench.list("contract", None, 0), &Ok(Vec::new()))?;
    same("list after one", bench.list("contract", Some("a"), 2), &Ok(listed(&["a.1", "a.10"])))?;
    same(
        "list after one that is not there",
        bench.list("contract", Some("a.11"), 9),
        &Ok(listed(&["a.2", "b"])),
    )?;
    same("list after the last", bench.list("contract", Some("b"), 9), &Ok(Vec::new()))?;
    same("list of another kind", bench.list("contract.other", None, 9), &Ok(vec!["a.0=other".to_owned()]))
}

fn changes(bench: &Bench<'_>) -> Outcome {
    for id in ["1", "2", "3"] {
        same("insert", bench.insert(&key(id), b"v"), &Ok(()))?;
    }
    same("replace", bench.replace(&key("2"), 1, b"new"), &Ok(()))?;
    same("remove", bench.remove(&key("1")), &Ok(()))?;
    same("list", bench.list("contract", None, 9), &Ok(vec!["2=new".to_owned(), "3=v".to_owned()]))?;
    same("take", bench.take(&key("3")).map(|taken| taken.is_some()), &Ok(true))?;
    same("list", bench.list("contract", None, 9), &Ok(vec!["2=new".to_owned()]))?;
    same("insert anew", bench.insert(&key("1"), b"v"), &Ok(()))?;
    same("list", bench.list("contract", None, 9), &Ok(vec!["1=v".to_owned(), "2=new".to_owned()]))
}

fn expiry(bench: &Bench<'_>) -> Outcome {
    let soon = UnixTime::from_secs(NOW.as_secs() + 10);
    same("insert", bench.insert_until(&key("1"), b"v", soon), &Ok(()))?;
    same("insert", bench.insert(&key("2"), b"v"), &Ok(()))?;
    same("list", bench.list("contract", None, 1), &Ok(listed(&["1"])))?;
    bench.clock.advance(Duration::from_secs(10));
    same("list after an expiry", bench.list("contract", None, 1), &Ok(listed(&["2"])))
}

fn long(bench: &Bench<'_>) -> Outcome {
    let ids: Vec<String> = (0..150).map(|number| format!("{number:04}")).collect();
    for id in ids.iter().rev() {
        same("insert", bench.insert(&key(id), b"v"), &Ok(()))?;
    }
    let (mut seen, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = bench.list("contract", after.as_deref(), 40).map_err(|error| error.to_string())?;
        let Some(last) = page.last() else { break };
        after = Some(last.trim_end_matches("=v").to_owned());
        seen.extend(page);
    }
    let wanted: Vec<String> = ids.iter().map(|id| format!("{id}=v")).collect();
    same("pages", seen, &wanted)
}
