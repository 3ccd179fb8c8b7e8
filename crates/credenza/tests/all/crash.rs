//! Killed in the middle: what somebody was told is done is done, and what was used is used.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::Method;
use serde_json::json;

use crate::world::{Service, answer, code, redeem, send};

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
