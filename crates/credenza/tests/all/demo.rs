//! The demo, as a newcomer runs it.

use serde_json::Value;

use crate::world::{bad, good, good_json, run};

#[test]
fn once_tells_the_whole_story() {
    let story = good_json(&["demo", "--once", "--json"]);
    assert_eq!(story["ok"], true);
    let steps = story["steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["ok"] == true));
    let verify = steps.iter().find(|step| step["name"] == "verify").unwrap();
    let part = &verify["report"]["parts"][0];
    let named = |id: &str| part["checks"].as_array().unwrap().iter().any(|check| check["id"] == id);
    for id in ["trust.issuer", "sd-jwt.signature", "sd-jwt.kb.nonce", "sd-jwt.kb.sd-hash", "dcql.claims"] {
        assert!(named(id), "{id}");
    }
    let tamper = steps.iter().find(|step| step["name"] == "tamper").unwrap();
    assert_eq!(tamper["report"]["ok"], Value::Bool(false));
    let revoked = steps.iter().find(|step| step["name"] == "verify again").unwrap();
    assert_eq!(revoked["detail"], "refused by the check status-list.status");
}

#[test]
fn once_for_people() {
    let text = good(&["demo", "--once"]);
    assert!(text.contains("✓ sd-jwt.kb.nonce") && text.contains("[RFC 9901 §7.3"), "{text}");
    assert!(text.trim_end().ends_with("13 of 13 steps ended as they must"), "{text}");
}

#[test]
fn a_port_that_is_taken_is_said() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert!(bad(1, &["demo", "--port", &port]).contains(&port));
}

#[tokio::test]
async fn the_revocation_list_is_where_the_certificates_say() {
    use std::io::{BufRead as _, BufReader};
    let mut process = crate::world::credenza(&["demo", "--port", "0", "--json"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let said: Value = serde_json::from_str(&line).unwrap();
    let url = format!("{}/iaca.crl", said["url"].as_str().unwrap().trim_end_matches('/'));
    let answer = crate::world::send(http::Request::get(&url).body(Vec::new()).unwrap()).await;
    process.kill().unwrap();
    process.wait().unwrap();
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/pkix-crl");
    let list = credenza::crypto::x509::CrlSummary::read(answer.body()).unwrap();
    assert!(list.revoked.is_empty());
}

#[test]
fn no_temporary_folder_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let output =
        crate::world::credenza(&["demo", "--once", "--json"]).env("TMPDIR", folder.path()).output().unwrap();
    assert!(output.status.success());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let _ = run(&["--version"]);
}
