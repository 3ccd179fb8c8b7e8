//! A service and a wallet, each a process of its own: earlier drafts, transactions, and what can't be met.

use http::Method;
use serde_json::{Value, json};

use crate::world::{Service, bad, good, good_json, run};

/// A wallet with a PID of this service, which trusts it.
async fn with_pid(service: &Service, home: &str) {
    let offer = service.offer(json!({})).await;
    let wallet = ["wallet", "--home", home];
    good_json(
        &[&wallet[..], &["accept", "--yes", "--copies", "1", "--json", offer["uri"].as_str().unwrap()]]
            .concat(),
    );
    good(&[&wallet[..], &["trust", "add", service.root().to_str().unwrap()]].concat());
}

async fn result(service: &Service, asked: &Value) -> Value {
    let session = format!("/presentations/{}", asked["id"].as_str().unwrap());
    service.api(Method::GET, &session, None).await.1
}

#[tokio::test]
async fn each_draft_is_spoken_by_both_where_that_is_said() {
    let service = Service::start();
    let home = tempfile::tempdir().unwrap();
    let home = home.path().to_str().unwrap();
    with_pid(&service, home).await;
    let drafts = ["draft18", "draft20", "draft23", "draft24"];
    let exchange = drafts.iter().map(|draft| json!({"dialect": draft}));
    let dcql = drafts[1..].iter().map(|draft| json!({"dialect": draft, "query_language": "dcql"}));
    for dialect in exchange.chain(dcql) {
        for mode in ["direct_post", "direct_post.jwt"] {
            let mut more = dialect.clone();
            more["client_id_prefix"] = "redirect_uri".into();
            more["response_mode"] = mode.into();
            let asked = service.ask(json!([{"path": ["given_name"]}]), more).await;
            let link = asked["uri"].as_str().unwrap();
            let present = ["present", link, "--yes", "--allow-unknown"];
            // With DCQL and this prefix a draft looks like 1.0.
            if mode == "direct_post" && dialect.get("query_language").is_none() {
                bad(1, &[&["wallet", "--home", home][..], &present[..]].concat());
            }
            good(&[&["wallet", "--home", home, "--earlier-drafts"][..], &present[..]].concat());
            let shown = result(&service, &asked).await;
            assert_eq!(shown["state"], "verified", "{dialect} {mode}");
            assert_eq!(shown["presentations"][0]["claims"]["given_name"], "Erika");
        }
    }
    let unknown = json!({"dcql_query": {"credentials": []}, "dialect": "draft19"});
    assert!((400..500).contains(&service.api(Method::POST, "/presentations", Some(unknown)).await.0));
    // HAIP is of 1.0.
    bad(2, &["wallet", "--home", home, "--haip", "--earlier-drafts", "list"]);
}

#[tokio::test]
async fn a_transaction_is_read_and_authorised() {
    let service = Service::start();
    let home = tempfile::tempdir().unwrap();
    let home = home.path().to_str().unwrap();
    with_pid(&service, home).await;
    let wallet = ["wallet", "--home", home];
    let payment = json!({"type": "urn:example:payment", "credential_ids": ["pid"], "payee": "Coffee & Co",
        "amount": 12, "transaction_data_hashes_alg": ["sha-512"]});
    let ask = || service.ask(json!([{"path": ["given_name"]}]), json!({"transaction_data": [payment]}));
    let asked = ask().await;
    let present = [&wallet[..], &["present", asked["uri"].as_str().unwrap(), "--yes"]].concat();
    assert!(bad(1, &present).contains("does not understand"));

    let add = ["transaction", "add", "urn:example:payment", "payee=text", "amount=number", "note?=text"];
    good(&[&wallet[..], &add[..]].concat());
    assert!(bad(2, &[&wallet[..], &["transaction", "add", "x", "a=colour"]].concat()).contains("colour"));
    let known = good_json(&[&wallet[..], &["transaction", "list", "--json"]].concat());
    assert_eq!(known, json!({"urn:example:payment": {"amount": "number", "note?": "text", "payee": "text"}}));
    let asked = ask().await;
    let present = [&wallet[..], &["present", asked["uri"].as_str().unwrap(), "--yes"]].concat();
    let done = run(&present);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success() && said.contains("Coffee & Co") && said.contains("12"), "{said}");
    let shown = result(&service, &asked).await;
    assert_eq!(shown["state"], "verified");
    assert_eq!(shown["presentations"][0]["transaction_data"].as_array().unwrap().len(), 1);

    good(&[&wallet[..], &["transaction", "remove", "urn:example:payment"]].concat());
    bad(2, &[&wallet[..], &["transaction", "remove", "urn:example:payment"]].concat());
}

#[tokio::test]
async fn what_can_not_be_met_is_said_and_chosen_is_among_several() {
    let service = Service::start();
    let home = tempfile::tempdir().unwrap();
    let home = home.path().to_str().unwrap();
    with_pid(&service, home).await;
    with_pid(&service, home).await;
    let wallet = ["wallet", "--home", home];
    let asked = service.ask(json!([{"path": ["shoe_size"]}]), json!({})).await;
    let present = [&wallet[..], &["present", asked["uri"].as_str().unwrap(), "--yes"]].concat();
    assert!(bad(1, &present).contains("lacks shoe_size"));
    assert_ne!(result(&service, &asked).await["state"], "verified");

    let all = good_json(&[&wallet[..], &["list", "--json"]].concat());
    let second = all[1]["id"].as_str().unwrap();
    let asked = service.ask(json!([{"path": ["given_name"]}]), json!({})).await;
    let present = [&wallet[..], &["present", asked["uri"].as_str().unwrap(), "--yes"]].concat();
    bad(1, &[&present[..], &["--choose", "pid=nothing"]].concat());
    good(&[&present[..], &["--choose", &format!("pid={second}")]].concat());
    assert_eq!(result(&service, &asked).await["state"], "verified");
    let unused = good_json(&[&wallet[..], &["list", "--json"]].concat());
    assert_eq!(
        (unused[0]["unused_copies"].as_u64(), unused[1]["unused_copies"].as_u64()),
        (Some(1), Some(0))
    );
}
