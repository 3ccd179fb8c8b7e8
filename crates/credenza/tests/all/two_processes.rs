//! A service and a wallet, each a process of its own, over HTTP.

use http::Method;
use serde_json::json;

use crate::world::{Service, bad, good, good_json, run};

#[tokio::test]
async fn issue_hold_present_verify() {
    let mut service = Service::start();
    let home = tempfile::tempdir().unwrap();
    let home = home.path().to_str().unwrap();
    let wallet = ["wallet", "--home", home];

    let offer = service.offer(json!({"tx_code": true})).await;
    let (link, code) = (offer["uri"].as_str().unwrap(), offer["tx_code"].as_str().unwrap());
    let accept = [&wallet[..], &["accept", "--yes", link]].concat();
    // Without the code, and nobody to ask: refused with the remedy, nothing spent.
    assert!(bad(2, &accept).contains("--tx-code"));
    let accept = [&accept[..], &["--tx-code", code, "--copies", "3", "--json"]].concat();
    let received = good_json(&accept);
    assert_eq!(received["credentials"][0]["name"], "Person Identification Data");
    let offer_path = format!("/offers/{}", offer["id"].as_str().unwrap());
    assert_eq!(service.api(Method::GET, &offer_path, None).await.1["state"], "acknowledged");

    let listed = good_json(&[&wallet[..], &["list", "--json"]].concat());
    assert_eq!(listed[0]["copies"], 3);
    let id = listed[0]["id"].as_str().unwrap();
    let shown = good(&[&wallet[..], &["show", id]].concat());
    assert!(shown.contains("Mustermann") && shown.contains("3 of 3 unused"), "{shown}");

    let asked = service.ask(json!([{"path": ["given_name"]}]), json!({})).await;
    let request = asked["uri"].as_str().unwrap();
    let present = [&wallet[..], &["present", request]].concat();
    // Nobody to ask and no --yes: refused. A verifier that nobody vouches for: refused in spite of --yes.
    assert!(bad(2, &present).contains("--yes"));
    let unknown = run(&[&present[..], &["--yes"]].concat());
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert_eq!(unknown.status.code(), Some(1));
    assert!(
        said.contains("trust add") && said.contains("Given name") && said.contains("keeps back"),
        "{said}"
    );
    let session = format!("/presentations/{}", asked["id"].as_str().unwrap());
    assert_ne!(service.api(Method::GET, &session, None).await.1["state"], "verified");

    let root = service.root();
    good(&[&wallet[..], &["trust", "add", root.to_str().unwrap()]].concat());
    good(&[&present[..], &["--yes"]].concat());
    let (_, report) = service.api(Method::GET, &format!("{session}/report"), None).await;
    assert_eq!(report["ok"], true, "{report}");
    let (_, result) = service.api(Method::POST, &format!("{session}/result"), Some(json!({}))).await;
    let claims = &result["presentations"][0]["claims"];
    assert_eq!(claims["given_name"], "Erika");
    assert!(claims.get("family_name").is_none(), "{claims}");

    // The copy that was shown is not the next one; the request is not good again; the offer neither.
    assert!(good(&[&wallet[..], &["show", id]].concat()).contains("2 of 3 unused"));
    bad(1, &[&present[..], &["--yes"]].concat());
    bad(1, &accept);
    good(&[&wallet[..], &["remove", "--yes", id]].concat());
    assert_eq!(good_json(&[&wallet[..], &["list", "--json"]].concat()), json!([]));
    assert!(service.stop().success(), "SIGTERM is a clean end");
}

#[tokio::test]
async fn what_was_promised_is_fetched_by_another_process() {
    let service = Service::start();
    let home = tempfile::tempdir().unwrap();
    let wallet = ["wallet", "--home", home.path().to_str().unwrap()];
    let offer = service.offer(json!({"credentials": [{"type": "pid", "deferral": "until_completed"}]})).await;
    let accepted =
        good_json(&[&wallet[..], &["accept", "--yes", "--json", offer["uri"].as_str().unwrap()]].concat());
    assert_eq!(accepted["credentials"], json!([]));
    let id = accepted["pending"][0]["id"].as_str().unwrap();
    assert!(good(&[&wallet[..], &["list"]].concat()).contains("credenza wallet poll"));
    let poll = [&wallet[..], &["poll", id, "--json"]].concat();
    assert_eq!(good_json(&poll)["pending"][0]["id"], id);
    let path = format!("/offers/{}", offer["id"].as_str().unwrap());
    let shown = service.api(Method::GET, &path, None).await.1;
    let deferred = shown["credentials"][0]["deferred"][0]["id"].as_str().unwrap();
    let claims =
        json!({"claims": {"family_name": "Mustermann", "given_name": "Erika", "birthdate": "1964-08-12"}});
    let (status, ready) =
        service.api(Method::POST, &format!("/deferred/{deferred}/complete"), Some(claims)).await;
    assert_eq!(status, 200, "{ready}");
    assert_eq!(good_json(&poll)["credentials"][0]["name"], "Person Identification Data");
    assert_eq!(service.api(Method::GET, &path, None).await.1["state"], "acknowledged");
    assert!(good(&[&wallet[..], &["poll"]].concat()).contains("Nothing is pending"));
    assert!(bad(2, &[&wallet[..], &["poll", id]].concat()).contains("pending"));
}

#[tokio::test]
async fn a_wallet_with_a_passphrase_stays_shut_without_it() {
    let service = Service::start();
    let home = tempfile::tempdir().unwrap();
    let home = home.path().to_str().unwrap();
    let offer = service.offer(json!({})).await;
    let link = offer["uri"].as_str().unwrap();
    let with = |passphrase: &str, arguments: &[&str]| {
        let arguments = [&["wallet", "--home", home], arguments].concat();
        let mut command = crate::world::credenza(&arguments);
        command.env("CREDENZA_WALLET_PASSPHRASE", passphrase).output().unwrap()
    };
    assert!(with("right", &["accept", link, "--yes"]).status.success());
    assert!(String::from_utf8_lossy(&with("right", &["list"]).stdout).contains("Person"));
    assert!(String::from_utf8_lossy(&with("wrong", &["list"]).stderr).contains("not the one of this wallet"));
    assert!(bad(1, &["wallet", "--home", home, "list"]).contains("CREDENZA_WALLET_PASSPHRASE"));

    let other = tempfile::tempdir().unwrap();
    let other = other.path().join("w");
    bad(1, &["wallet", "--home", other.to_str().unwrap(), "--passphrase", "list"]);
    assert!(!other.join("wallet.key").exists(), "no wallet without the passphrase that was wanted");
}
