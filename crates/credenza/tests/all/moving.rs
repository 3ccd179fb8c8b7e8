//! `credenza migrate` and `credenza keys sealing` from outside.

use std::io::Read as _;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use credenza::core::{Clock as _, Key, SystemClock, Write};
use credenza::store::open;
use serde_json::{Value, json};

use crate::world::{bad, credenza, good, good_json};

#[test]
fn a_store_is_moved_and_mistakes_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let [from, to] =
        ["from.db", "to.db"].map(|name| format!("sqlite:{}", folder.path().join(name).display()));
    let command = ["migrate", "--from", &from, "--to", &to];
    assert_eq!(good(&command).trim(), "Copied 0 records and 0 sessions.");
    assert_eq!(good_json(&[&command[..], &["--json"]].concat()), json!({"records": 0, "sessions": 0}));
    assert!(bad(1, &["migrate", "--from", &from, "--to", &from]).contains("the same store"));
    let help = good(&["migrate", "--help"]);
    assert!(help.contains("Stop all nodes first") && help.contains("--only sessions"), "{help}");
}

// Q07: the service accepts the ring after every step.
#[test]
fn q07_the_sealing_key_is_replaced_in_three_steps() {
    let folder = tempfile::tempdir().unwrap();
    good(&["init", "--dir", folder.path().to_str().unwrap(), "--url", "http://127.0.0.1:7777"]);
    let config = folder.path().join("credenza.toml");
    let ring = folder.path().join("keys/sealing.key");
    let ring = ring.to_str().unwrap();
    assert!(bad(2, &["keys", "sealing", "use", ring]).contains("add another one first"));
    for (step, keys) in [("add", 2), ("use", 2), ("drop", 1)] {
        assert_eq!(good_json(&["keys", "sealing", step, ring, "--json"])["keys"], keys);
        good(&["serve", "--check", "--config", config.to_str().unwrap()]);
    }
}

// A migration that is killed in the middle, again and again, is finished by the same command.
#[tokio::test(flavor = "multi_thread")]
async fn q_a_migration_that_is_killed_goes_on() {
    const MANY: usize = 20_000;
    let folder = tempfile::tempdir().unwrap();
    let [from, to] =
        ["from.db", "to.db"].map(|name| format!("sqlite:{}", folder.path().join(name).display()));
    let key = |number: usize| Key::new("code", format!("{number:06}"));
    let expires = SystemClock.now() + Duration::from_secs(86_400);
    {
        let source = open(&from, Arc::new(SystemClock)).await.unwrap();
        let insert = |number| Write::Insert { key: key(number), value: vec![7; 100], expires };
        source.sessions.commit((0..MANY).map(insert).collect()).await.unwrap();
    }
    let command = ["migrate", "--from", &from, "--to", &to, "--json"];
    let (mut killed, mut moved) = (0, None);
    while moved.is_none() {
        let mut child = credenza(&command).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        // Longer each time, so that it comes to an end.
        let end = Instant::now() + Duration::from_millis(40 + 20 * killed);
        let ended = loop {
            match child.try_wait().unwrap() {
                Some(status) => break Some(status),
                None if Instant::now() >= end => break None,
                None => std::thread::yield_now(),
            }
        };
        if let Some(status) = ended {
            assert!(status.success(), "it is taken for another one, or for one that is done");
            let mut said = String::new();
            child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
            let said: Value = serde_json::from_str(&said).unwrap();
            moved = said["sessions"].as_u64();
        } else {
            child.kill().unwrap();
            child.wait().unwrap();
            killed += 1;
        }
    }
    assert!(killed > 0 && moved < Some(20_000), "{killed} {moved:?}: it was not killed in the middle");
    let target = open(&to, Arc::new(SystemClock)).await.unwrap();
    for number in 0..MANY {
        let found = target.sessions.take(&key(number)).await.unwrap().unwrap();
        assert_eq!((found.value, found.version, found.expires), (vec![7; 100], 1, expires));
    }
}
