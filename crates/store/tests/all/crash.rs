//! Real processes on one file: one that is killed in the middle of its writes, and two that compete.
//!
//! The test runs its own binary again as the other process, which does its work in [`child`].

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use credenza_core::{FixedClock, Key, Store, UnixTime, Write};
use credenza_store::contract::block_on;
use credenza_store::{Durability, SqliteOptions, SqliteStore};

/// Tells the child what to do: a task, a durability, a number and a path.
const TASK: &str = "CREDENZA_STORE_TEST_TASK";

/// Before each word of the child's: the test harness prints to the same pipe.
const MARK: &str = "@ ";

const UNTIL: UnixTime = UnixTime::from_secs(2000);

fn open(path: &Path, durability: Durability) -> SqliteStore {
    let clock = Arc::new(FixedClock::at(UnixTime::from_secs(1000)));
    SqliteStore::open(path, clock, SqliteOptions { durability, ..SqliteOptions::default() }).unwrap()
}

fn start(task: &str, durability: Durability, number: usize, path: &Path) -> Child {
    let durability = if durability == Durability::Full { "full" } else { "process" };
    Command::new(std::env::current_exe().unwrap())
        .args(["crash::child", "--exact", "--nocapture", "--test-threads=1"])
        .env(TASK, format!("{task} {durability} {number} {}", path.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The child's words, up to the last that is complete.
fn words(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    std::iter::from_fn(move || {
        let mut line = String::new();
        lines.read_line(&mut line).ok()?;
        line.ends_with('\n').then_some(line)
    })
    .filter_map(|line| line.trim_end().split_once(MARK).map(|(_, word)| word.to_owned()))
}

fn say(word: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody may be listening any more.
    let _ = writeln!(out, "{MARK}{word}");
    let _ = out.flush();
}

/// The other process; nothing when it is run as a test.
#[test]
fn child() {
    let Ok(task) = std::env::var(TASK) else { return };
    let mut parts = task.splitn(4, ' ');
    let mut next = || parts.next().unwrap().to_owned();
    let (task, durability, number, path) = (next(), next(), next(), next());
    let durability = if durability == "full" { Durability::Full } else { Durability::Process };
    let store = open(Path::new(&path), durability);
    match &*task {
        "write" => write(&store, number.parse().unwrap()),
        "race" => race(&store, number.parse().unwrap()),
        other => panic!("no task {other}"),
    }
}

/// Sessions as a service has them, on many threads: insert, take some, turn some into something else.
fn write(store: &SqliteStore, round: usize) {
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || {
                for number in 0.. {
                    let id = format!("{round}.{thread}.{number}");
                    let code = Key::new("code", &*id);
                    block_on(store.insert(code.clone(), id.clone().into_bytes(), UNTIL)).unwrap();
                    say(&format!("inserted {id}"));
                    match number % 3 {
                        0 => {
                            say(&format!("taking {id}"));
                            assert!(block_on(store.take(&code)).unwrap().is_some());
                            say(&format!("taken {id}"));
                        }
                        1 => {
                            say(&format!("taking {id}"));
                            let token = Key::new("token", &*id);
                            let insert = Write::Insert { key: token, value: Vec::new(), expires: UNTIL };
                            block_on(store.commit(vec![Write::Remove { key: code }, insert])).unwrap();
                            say(&format!("exchanged {id}"));
                        }
                        _ => {}
                    }
                }
            });
        }
    });
}

/// Takes all there is, on many threads.
fn race(store: &SqliteStore, count: usize) {
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for number in (0..count).map(|number| (number + thread * 7) % count) {
                    if block_on(store.take(&Key::new("code", number.to_string()))).unwrap().is_some() {
                        say(&number.to_string());
                    }
                }
            });
        }
    });
}

/// What the child said of one id, latest last: `inserted`, `taking`, then `taken` or `exchanged`.
type Said = BTreeMap<String, String>;

fn killed_at_any_point(durability: Durability) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.db");
    let mut spent: BTreeSet<String> = BTreeSet::new();
    for (round, words_before) in [1, 10, 60, 250, 400, 777].into_iter().enumerate() {
        let mut child = start("write", durability, round, &path);
        let mut heard = words(&mut child);
        let mut said = Said::new();
        let mut note = |line: String| {
            let (word, id) = line.split_once(' ').unwrap();
            said.insert(id.to_owned(), word.to_owned());
        };
        heard.by_ref().take(words_before).for_each(&mut note);
        child.kill().unwrap();
        // What it said before it died counts too.
        heard.for_each(&mut note);
        assert!(!child.wait().unwrap().success(), "it was killed");
        assert!(!said.is_empty());

        let store = open(&path, durability);
        let take = |kind, id: &str| block_on(store.take(&Key::new(kind, id))).unwrap();
        for (id, word) in &said {
            let (code, token) = (take("code", id), take("token", id));
            match &**word {
                "inserted" => assert!(code.is_some() && token.is_none(), "{id} was inserted and is lost"),
                "taken" => assert!(code.is_none() && token.is_none(), "{id} was taken and is back"),
                "exchanged" => assert!(code.is_none() && token.is_some(), "{id} was exchanged half"),
                // Nobody knows, but it is not both.
                "taking" => assert!(code.is_none() || token.is_none(), "{id} was exchanged half"),
                other => panic!("{other}"),
            }
            if let Some(code) = code {
                assert_eq!(code.value, id.as_bytes());
            }
            spent.insert(id.clone());
        }
        // Nothing that was ever taken can be taken again.
        for id in &spent {
            assert!(take("code", id).is_none() && take("token", id).is_none(), "{id} is back");
        }
    }
}

#[test]
fn q02_nothing_acknowledged_is_lost_and_nothing_is_taken_twice() {
    killed_at_any_point(Durability::Full);
}

#[test]
fn q02_process_durability_survives_kill_9_too() {
    killed_at_any_point(Durability::Process);
}

#[test]
fn q01_two_processes_take_each_record_once() {
    const COUNT: usize = 200;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.db");
    let store = open(&path, Durability::Process);
    let insert = |number: usize| {
        let key = Key::new("code", number.to_string());
        Write::Insert { key, value: Vec::new(), expires: UNTIL }
    };
    block_on(store.commit((0..COUNT).map(insert).collect())).unwrap();

    let mut children: Vec<Child> = (0..2).map(|_| start("race", Durability::Process, COUNT, &path)).collect();
    let mut taken: Vec<usize> = Vec::new();
    for child in &mut children {
        taken.extend(words(child).map(|word| word.parse::<usize>().unwrap()));
        assert!(child.wait().unwrap().success());
    }
    taken.sort_unstable();
    assert_eq!(taken, (0..COUNT).collect::<Vec<_>>());
}
