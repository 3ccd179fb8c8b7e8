//! An offer as a website gives it to the browser, accepted by the wallet in the terminal.

use serde_json::{Value, json};

use crate::world::{Service, bad, good_json};

#[tokio::test]
async fn an_offer_through_the_browser_is_accepted_with_its_origin() {
    let service = Service::start();
    let home = tempfile::tempdir().unwrap();
    let wallet = ["wallet", "--home", home.path().to_str().unwrap()];
    let offer = service.offer(json!({"delivery": "by_value"})).await;
    let link = url::Url::parse(offer["uri"].as_str().unwrap()).unwrap();
    let (_, text) = link.query_pairs().find(|(name, _)| name == "credential_offer").unwrap();
    let data: Value = serde_json::from_str(&text).unwrap();
    let origin = url::Url::parse(data["credential_issuer"].as_str().unwrap()).unwrap().origin();
    let origin = origin.ascii_serialization();
    let asked = |protocol: &str| {
        json!({ "digital": { "requests": [{ "protocol": protocol, "data": data }] } }).to_string()
    };
    let (good, other) = (asked("openid4vci-v1"), asked("openid4vp-v1-unsigned"));
    let accept = |request: &str, origin: &str| {
        let words = ["accept", "--yes", "--json", "--origin", origin, request];
        [&wallet[..], &words].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    for wrong in [accept(&other, &origin), accept(&good, "x"), accept("{}", &origin)] {
        bad(1, &wrong.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let right = accept(&good, &origin);
    let received = good_json(&right.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(received["credentials"][0]["name"], "Person Identification Data");
}
