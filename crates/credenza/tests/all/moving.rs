//! `credenza migrate` and `credenza keys sealing` from outside.

use serde_json::json;

use crate::world::{bad, good, good_json};

#[test]
fn a_store_is_moved_and_mistakes_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let [from, to] = ["from.db", "to.db"].map(|name| format!("sqlite:{}", folder.path().join(name).display()));
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
