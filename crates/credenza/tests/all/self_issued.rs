//! Signing in with a key of one's own, from the terminal: beside presentations, and alone.

use std::sync::Arc;

use credenza::core::{Sealer, SystemClock, SystemRandom};
use credenza::store::MemoryStore;
use credenza::vp::siop::{RelyingParty, RelyingPartyPorts, SignedIn};
use http::Method;
use serde_json::json;

use crate::world::{Service, bad, good, good_json};

// Clauses: SIOP-12-01, SIOP-12-02
#[tokio::test]
async fn beside_a_presentation() {
    let service = Service::start();
    let home = tempfile::tempdir().unwrap();
    let wallet = ["wallet", "--home", home.path().to_str().unwrap()];
    let offer = service.offer(json!({})).await;
    good(&[&wallet[..], &["accept", "--yes", offer["uri"].as_str().unwrap()]].concat());
    good(&[&wallet[..], &["trust", "add", service.root().to_str().unwrap()]].concat());
    let mut subjects = Vec::new();
    for mode in ["direct_post.jwt", "direct_post"] {
        let more = json!({"id_token": true, "response_mode": mode});
        let asked = service.ask(json!([{"path": ["given_name"]}]), more).await;
        good(&[&wallet[..], &["present", "--yes", asked["uri"].as_str().unwrap()]].concat());
        let session = format!("/presentations/{}", asked["id"].as_str().unwrap());
        let (_, shown) = service.api(Method::GET, &session, None).await;
        let (_, result) = service.api(Method::POST, &format!("{session}/result"), Some(json!({}))).await;
        assert_eq!(result["presentations"][0]["claims"]["given_name"], "Erika");
        assert_eq!(shown["subject"], result["subject"]);
        assert_eq!(result["subject"]["subject_syntax"], "urn:ietf:params:oauth:jwk-thumbprint");
        subjects.push(result["subject"]["sub"].as_str().unwrap().to_owned());
    }
    assert_eq!(subjects[0], subjects[1], "the same person again");
    let over_api = json!({
        "dcql_query": crate::world::pid_request(&json!([{"path": ["given_name"]}]), &json!({}))["dcql_query"],
        "id_token": true,
        "response_mode": "dc_api",
        "dc_api": {"origins": ["https://shop.example"]},
    });
    let (status, problem) = service.api(Method::POST, "/presentations", Some(over_api)).await;
    assert_eq!((status, &problem["pointer"]), (422, &json!("/id_token")), "{problem}");
}

fn relying_party(place: &str) -> RelyingParty {
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let ports = RelyingPartyPorts {
        store: Arc::new(MemoryStore::new(clock.clone())),
        clock,
        sealer: Arc::new(Sealer::fresh(&*random)),
        random,
    };
    RelyingParty::builder(&place.parse().unwrap(), ports).build()
}

async fn sign_in(wallet: &[&str], party: &RelyingParty) -> SignedIn {
    let request = party.request(None).await.unwrap();
    let present = [wallet, &["present", "--yes", "--allow-unknown", "--json", &request.link]].concat();
    let presented = good_json(&present);
    let (_, fragment) = presented["redirect_uri"].as_str().unwrap().split_once('#').unwrap();
    party.respond(fragment.as_bytes()).await.unwrap()
}

// Clauses: SIOP-8-01, SIOP-11-02, SIOP-11.1-01
#[tokio::test]
async fn alone_with_another_key_for_each_party() {
    let home = tempfile::tempdir().unwrap();
    let wallet = ["wallet", "--home", home.path().to_str().unwrap()];
    let party = relying_party("https://client.example.org/cb");
    let request = party.request(None).await.unwrap();
    let unknown = bad(1, &[&wallet[..], &["present", "--yes", &request.link]].concat());
    assert!(unknown.contains("sign in") && unknown.contains("client.example.org"), "{unknown}");
    let declined = good(&[&wallet[..], &["present", "--decline", &request.link]].concat());
    assert!(declined.contains("Declined"), "{declined}");

    let first = sign_in(&wallet, &party).await.subject.sub;
    assert_eq!(first, sign_in(&wallet, &party).await.subject.sub, "the same person again");
    let other = relying_party("https://shop.example.org/cb");
    assert_ne!(first, sign_in(&wallet, &other).await.subject.sub, "and nobody can tell elsewhere");
    let listed = good_json(&[&wallet[..], &["list", "--json"]].concat());
    assert_eq!(listed, json!([]), "a key to sign in with is no credential");
}
