//! Answers that come by the browser (`fragment`, `query`), in Chromium: from the wallet to our own page, and on to the
//! relying party.

use axum::Router;
use axum::routing::get;
use credenza::core::HttpError;
use http::{Method, Request};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::browser::Browser;
use crate::wallet_serve::Serving;
use crate::world::{Service, good, send};

/// A shop that people come back to.
async fn shop() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/back", get(|| async { "Back in the shop" }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn state(service: &Service, created: &Value) -> Value {
    let path = format!("/presentations/{}", created["id"].as_str().unwrap());
    service.api(Method::GET, &path, None).await.1["state"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_in_the_address_goes_on_to_the_shop_and_nobody_elses_does() {
    let Some(browser) = Browser::start(1280, 900).await else { return };
    let shop = shop().await;
    let service = Service::start_with("127.0.0.1", |_, text| {
        text.replace("[verifier]\n", &format!("[verifier]\nredirects = [\"{shop}/\"]\n"))
    });
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    let offer = service.offer(json!({})).await;
    good(&["wallet", "--home", home, "accept", offer["uri"].as_str().unwrap(), "--yes"]);
    good(&["wallet", "--home", home, "trust", "add", service.root().to_str().unwrap()]);
    let serving = Serving::start(home, &[]);
    let wallet = format!("{}/authorize", serving.url);
    let ask = async |mode: &str| {
        let more = json!({"response_mode": mode, "return_to": format!("{shop}/back"), "authorization_endpoint": wallet});
        service.ask(json!([{"path": ["family_name"]}]), more).await
    };

    for mode in ["fragment", "query"] {
        let created = ask(mode).await;
        browser.open(created["start_url"].as_str().unwrap()).await;
        browser.see("Back in the shop", "the browser has gone on").await;
        assert_eq!(state(&service, &created).await, "verified", "{mode}");
        let code = browser.script("return new URLSearchParams(location.search).get('response_code')").await;
        // Without the code nothing is handed out, and with it once: whoever comes with it later, from another browser,
        // is too late.
        let result = format!("/presentations/{}/result", created["id"].as_str().unwrap());
        let redeem = async |body: Value| service.api(Method::POST, &result, Some(body)).await;
        assert_eq!(redeem(json!({})).await.0, 409);
        let (status, got) = redeem(json!({"response_code": code})).await;
        assert_eq!((status, &got["presentations"][0]["claims"]["family_name"]), (200, &json!("Mustermann")));
        assert_eq!(redeem(json!({"response_code": code})).await.0, 409);
    }

    // Somebody begins a request, and has another person answer it by the wallet's link.
    let created = ask("fragment").await;
    let begun = Request::get(created["start_url"].as_str().unwrap()).body(Vec::new()).unwrap();
    assert!(matches!(send(begun).await, Err(HttpError::Redirected)));
    browser.open(created["uri"].as_str().unwrap()).await;
    browser
        .see("This answer belongs to another browser. It was not taken.", "the other browser is told")
        .await;
    assert_eq!(state(&service, &created).await, "retrieved");
}
