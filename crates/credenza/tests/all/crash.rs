//! Killed in the middle: what somebody was told is done is done, and what was used is used.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use credenza::core::b64;
use credenza::formats::status_list::{EncodedList, Status, StatusBits};
use http::Method;
use serde_json::json;

use crate::world::{Service, answer, code, good_json, redeem, send};

#[tokio::test(flavor = "multi_thread")]
async fn c_killed_during_flows_and_started_again() {
    let mut service = Service::start();
    let mut offers = Vec::new();
    for _ in 0..40 {
        let offer = service.offer(json!({"delivery": "by_value"})).await;
        offers.push((offer["id"].as_str().unwrap().to_owned(), code(&offer)));
    }
    // Redeem one after the other; the service dies somewhere in the middle.
    let (url, codes) = (service.url.clone(), offers.iter().map(|(_, code)| code.clone()).collect::<Vec<_>>());
    let dead = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&dead);
    let redeeming = tokio::spawn(async move {
        let mut acknowledged = Vec::new();
        for code in codes {
            if seen.load(Ordering::SeqCst) {
                break;
            }
            if let Ok(response) = send(redeem(&url, &code)).await
                && answer(&response).0 == 200
            {
                acknowledged.push(code);
            }
        }
        acknowledged
    });
    tokio::time::sleep(Duration::from_millis(60)).await;
    service.kill();
    dead.store(true, Ordering::SeqCst);
    let acknowledged = redeeming.await.unwrap();
    assert!(!acknowledged.is_empty(), "something was done before it died");
    service.restart();

    for (id, code) in &offers {
        // Every offer that was acknowledged is there.
        let (status, session) = service.api(Method::GET, &format!("/offers/{id}"), None).await;
        assert_eq!(status, 200, "{session}");
        let again = answer(&send(redeem(&service.url, code)).await.unwrap());
        if acknowledged.contains(code) {
            assert_eq!(session["state"], "authorized");
            assert_eq!((again.0, again.1["error"].as_str()), (400, Some("invalid_grant")), "used twice");
        } else {
            // Not acknowledged: it was used, or it is still good; never both.
            let good_before = session["state"] != "authorized";
            assert_eq!(again.0 == 200, good_before, "{session} {again:?}");
        }
    }
}

/// What a list says about every place of the credentials, by their ids.
async fn listed(service: &Service, ids: &[String]) -> Vec<Vec<Status>> {
    let mut all = Vec::new();
    for id in ids {
        let (status, credential) = service.api(Method::GET, &format!("/credentials/{id}"), None).await;
        assert_eq!(status, 200, "{credential}");
        let mut statuses = Vec::new();
        for place in credential["places"].as_array().unwrap() {
            let request = http::Request::get(place["uri"].as_str().unwrap()).body(Vec::new()).unwrap();
            let token = String::from_utf8(send(request).await.unwrap().into_body()).unwrap();
            let claims = b64::decode(token.split('.').nth(1).unwrap()).unwrap();
            let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
            let lst = claims["status_list"]["lst"].as_str().unwrap();
            let list = EncodedList::from_base64url(StatusBits::Two, lst).unwrap().decode(1 << 24).unwrap();
            statuses.push(list.get(place["index"].as_u64().unwrap()).unwrap());
        }
        all.push(statuses);
    }
    all
}

// Clauses: TSL-13.3-04
#[tokio::test(flavor = "multi_thread")]
async fn q_a_revocation_that_was_acknowledged_survives_a_kill() {
    let mut service = Service::start();
    let home = service.folder.path().join("wallet");
    let home = home.to_str().unwrap();
    let root = service.root();
    good_json(&["wallet", "--home", home, "trust", "add", root.to_str().unwrap(), "--json"]);
    let receive = async |service: &Service| {
        let offer = service.offer(json!({})).await;
        good_json(&["wallet", "--home", home, "accept", offer["uri"].as_str().unwrap(), "--yes", "--json"]);
        let session = offer["id"].as_str().unwrap();
        let (_, page) = service.api(Method::GET, &format!("/credentials?session={session}"), None).await;
        page["credentials"][0]["id"].as_str().unwrap().to_owned()
    };
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(receive(&service).await);
    }
    // Changed and killed at once: what is published by then does not matter.
    for (id, status) in [(&ids[0], "revoked"), (&ids[1], "suspended")] {
        let body = Some(json!({"status": status}));
        assert_eq!(service.api(Method::PATCH, &format!("/credentials/{id}"), body).await.0, 200);
    }
    service.kill();
    service.restart();
    // A list that was begun before is filled further, at places that nobody has.
    ids.push(receive(&service).await);
    let all = listed(&service, &ids).await;
    let says = |number: usize, status| all[number].iter().all(|found| *found == status);
    assert!(says(0, Status::Invalid) && says(1, Status::Suspended), "{all:?}");
    assert!((2..5).all(|number| says(number, Status::Valid)), "{all:?}");
    let (_, page) = service.api(Method::GET, "/credentials", None).await;
    let places: Vec<_> = page["credentials"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|credential| credential["places"].as_array().unwrap())
        .map(ToString::to_string)
        .collect();
    let unique: std::collections::HashSet<_> = places.iter().collect();
    assert_eq!(unique.len(), places.len());
    let (status, _) = service
        .api(Method::PATCH, &format!("/credentials/{}", ids[0]), Some(json!({"status": "valid"})))
        .await;
    assert_eq!(status, 409, "revoked is final after a crash too");
}
