//! `<credenza-verify>` in Chromium, on the page of a shop that has the strictest content security policy.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::browser::{Browser, Demo};
use crate::wallet_serve::Serving;
use crate::world::{Service, answer, bad, good, send};

/// The component, and what is in it.
const HOST: &str = "document.querySelector('credenza-verify')";
/// Calls the browser's own way to wallets by what the shop's page has put in its place.
const PLATFORM: &str = r#"
"use strict";
window.DigitalCredential = class { static userAgentAllowsProtocol(protocol) { return protocol.startsWith("openid4vp-v1-"); } };
Object.defineProperty(navigator.credentials, "get", { value: async ({ digital }) => {
  const body = JSON.stringify({ origin: location.origin, request: { digital } });
  const response = await fetch("/platform", { method: "POST", headers: { "content-type": "application/json" }, body });
  if (!response.ok) throw new DOMException("refused", "NotAllowedError");
  return response.json();
} });
"#;
/// A browser that has no way of its own.
const PLAIN: &str = "\"use strict\"; delete window.DigitalCredential;";
/// Remembers all that happens on the page.
const SHOP: &str = r#"
"use strict";
window.seen = [];
for (const name of ["verified", "refused", "error"]) {
  addEventListener(name, (event) => seen.push([name, event.detail ?? String(event.message)]));
}
addEventListener("securitypolicyviolation", (event) => seen.push(["forbidden", event.violatedDirective]));
"#;

/// A shop on a port of its own, with a script before the component's.
struct Shop {
    url: String,
    server: tokio::task::JoinHandle<()>,
}

struct Shelf {
    service: String,
    wallet: Option<String>,
}

impl Shop {
    async fn open(listener: TcpListener, service: &str, first: &'static str, wallet: Option<String>) -> Self {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script =
            |text: &'static str| move || async move { ([(header::CONTENT_TYPE, "text/javascript")], text) };
        let router = Router::new()
            .route("/", get(page))
            .route("/shop.js", get(script(SHOP)))
            .route("/first.js", get(script(first)))
            .route("/platform", post(platform))
            .with_state(Arc::new(Shelf { service: service.to_owned(), wallet }));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, server }
    }

    /// The page with the component of a presentation.
    fn with(&self, created: &Value) -> String {
        format!("{}/?{}", self.url, created["page_url"].as_str().unwrap())
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn page(State(shelf): State<Arc<Shelf>>, RawQuery(src): RawQuery) -> Response {
    let (service, src) = (&shelf.service, src.unwrap_or_default());
    let policy = format!(
        "default-src 'none'; script-src 'self' {service}; connect-src 'self' {service}; img-src 'self'; \
         base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    );
    let html = format!(
        "<!doctype html><html lang=\"en\"><title>Shop</title><script src=\"/shop.js\"></script>\
         <script src=\"/first.js\"></script><script src=\"{service}/assets/credenza-verify.js\"></script>\
         <h1>Shop</h1><credenza-verify src=\"{src}\"></credenza-verify>"
    );
    ([(header::CONTENT_SECURITY_POLICY, policy.as_str()), (header::CONTENT_TYPE, "text/html")], html)
        .into_response()
}

/// Brings what the page asks its browser for to the wallet.
async fn platform(State(shelf): State<Arc<Shelf>>, Json(asked): Json<Value>) -> Response {
    let Some(wallet) = &shelf.wallet else { return StatusCode::NOT_FOUND.into_response() };
    let request = crate::wallet_serve::posted(&format!("{wallet}/dc-api"), &asked);
    let (status, got) = answer(&send(request).await.unwrap());
    (StatusCode::from_u16(status).unwrap(), Json(got)).into_response()
}

/// A service that knows a shop, the place of that shop, and a wallet with a credential.
struct Street {
    service: Service,
    corner: TcpListener,
    home: tempfile::TempDir,
}

impl Street {
    async fn build() -> Self {
        let corner = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let site = format!("http://{}", corner.local_addr().unwrap());
        let service = Service::start_with("127.0.0.1", |_, text| {
            text.replace("[verifier]\n", &format!("[verifier]\nwebsites = [\"{site}\"]\n"))
        });
        let home = tempfile::tempdir().unwrap();
        let wallet = ["wallet", "--home", home.path().to_str().unwrap()];
        let offer = service.offer(json!({})).await;
        good(&[&wallet[..], &["accept", offer["uri"].as_str().unwrap(), "--yes"]].concat());
        good(&[&wallet[..], &["trust", "add", service.root().to_str().unwrap()]].concat());
        Self { service, corner, home }
    }

    fn home(&self) -> &str {
        self.home.path().to_str().unwrap()
    }
}

async fn asked(service: &Service, shop: &Shop, claim: &str) -> Value {
    service.ask(json!([{"path": [claim]}]), json!({"page": {"origins": [shop.url]}})).await
}

/// Waits for the first event, and says what there was.
async fn first(browser: &Browser) -> Value {
    let seen = browser.until("return seen.length ? seen : null", "an event of the component").await;
    assert_eq!(seen.as_array().unwrap().len(), 1, "{seen}");
    seen[0].clone()
}

async fn status(browser: &Browser) -> Value {
    browser.script(&format!("return {HOST}.shadowRoot.querySelector('[role=status]').textContent")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_and_a_link_where_the_browser_has_no_way_of_its_own() {
    let Some(browser) = Browser::start(1280, 900).await else { return };
    let street = Street::build().await;
    let home = street.home().to_owned();
    let Street { service, corner, home: _folder } = street;
    let shop = Shop::open(corner, &service.url, PLAIN, None).await;
    let created = asked(&service, &shop, "family_name").await;
    browser.open(&shop.with(&created)).await;
    let link = browser
        .until(&format!("return {HOST}.shadowRoot.querySelector('[part=link]')?.href"), "the link")
        .await;
    assert_eq!(link, created["uri"]);
    let code = format!(
        "return {HOST}.shadowRoot.querySelector('[part=qr][role=img][aria-label] path').getAttribute('d')"
    );
    assert!(browser.script(&code).await.as_str().unwrap().len() > 1000);
    assert_eq!(
        browser.script(&format!("return {HOST}.shadowRoot.querySelector('[part=ask]')")).await,
        Value::Null
    );
    assert_eq!(status(&browser).await, "Waiting for your wallet.");

    good(&["wallet", "--home", &home, "present", "--yes", link.as_str().unwrap()]);
    assert_eq!(first(&browser).await, json!(["verified", {"responseCode": null}]));
    assert_eq!(status(&browser).await, "Verified.");
    assert_eq!(
        browser.script(&format!("return {HOST}.shadowRoot.querySelector('[part=link]')")).await,
        Value::Null
    );

    // What the page could read has no claim in it; the shop's backend reads the result.
    let read = Request::get(created["page_url"].as_str().unwrap())
        .header("origin", &shop.url)
        .body(Vec::new())
        .unwrap();
    let (code, shown) = answer(&send(read).await.unwrap());
    let mut names: Vec<&String> = shown.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!((code, &shown["state"]), (200, &json!("verified")));
    assert_eq!(names, ["events_url", "expires_at", "response_code_needed", "state"]);
    let result = format!("/presentations/{}/result", created["id"].as_str().unwrap());
    let (code, result) = service.api(Method::POST, &result, Some(json!({}))).await;
    assert_eq!((code, &result["presentations"][0]["claims"]["family_name"]), (200, &json!("Mustermann")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_asks_the_wallet_itself_where_it_can() {
    let Some(browser) = Browser::start(1280, 900).await else { return };
    let street = Street::build().await;
    let serving = Serving::start(street.home(), &[]);
    let Street { service, corner, home: _folder } = street;
    let shop = Shop::open(corner, &service.url, PLATFORM, Some(serving.url.clone())).await;
    let button = format!("return {HOST}.shadowRoot.querySelector('[part=ask]')");

    // The wallet has no such claim, and says no: that is shown, and another answer could still come.
    let created = asked(&service, &shop, "not_there").await;
    browser.open(&shop.with(&created)).await;
    browser.until(&button, "the button").await;
    browser.click_on(&button).await;
    assert_eq!(first(&browser).await, json!(["refused", {"reason": "access_denied", "final": false}]));
    assert_eq!(status(&browser).await, "Your wallet has not shared anything. You can try again.");
    assert_eq!(browser.script(&format!("return {HOST}.getAttribute('state')")).await, "failed");
    assert_ne!(browser.script(&button).await, Value::Null, "another try is possible");

    let created = asked(&service, &shop, "family_name").await;
    browser.open(&shop.with(&created)).await;
    browser.until(&button, "the button").await;
    browser.click_on(&button).await;
    assert_eq!(first(&browser).await, json!(["verified", {"responseCode": null}]));
    assert_eq!(status(&browser).await, "Verified.");
    let session = format!("/presentations/{}", created["id"].as_str().unwrap());
    let (_, shown) = service.api(Method::GET, &session, None).await;
    assert_eq!(shown["presentations"][0]["claims"]["family_name"], "Mustermann");
    // With that, the link is spent: there is one answer to both.
    bad(
        1,
        &[
            "wallet",
            "--home",
            _folder.path().to_str().unwrap(),
            "present",
            "--yes",
            created["uri"].as_str().unwrap(),
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_shows_it_on_a_page_of_its_own() {
    for (width, height) in [(1280, 900), (390, 844)] {
        let Some(browser) = Browser::start(width, height).await else { return };
        let demo = Demo::start();
        browser.open(&format!("{}/verify", demo.url)).await;
        browser.click("a[href$='/verify/component']").await;
        browser.click("form[action$='/verify/component'] button.primary").await;
        browser.until(&format!("return {HOST}?.getAttribute('state') === 'created'"), "the component").await;
        browser
            .until(&format!("return {HOST}.shadowRoot.querySelector('[part=link]')?.href"), "the link")
            .await;
        assert!(browser.fits().await, "{width}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_website_gets_nothing() {
    let Some(browser) = Browser::start(1280, 900).await else { return };
    let street = Street::build().await;
    let Street { service, corner, home: _folder } = street;
    let shop = Shop::open(corner, &service.url, PLAIN, None).await;
    let created = asked(&service, &shop, "family_name").await;
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let thief = Shop::open(elsewhere, &service.url, PLAIN, None).await;
    browser.open(&thief.with(&created)).await;
    assert_eq!(first(&browser).await, json!(["error", {"reason": "unreachable"}]));
    assert_eq!(status(&browser).await, "The request can’t be loaded.");
    assert_eq!(
        browser.script(&format!("return {HOST}.shadowRoot.querySelector('[part=link]')")).await,
        Value::Null
    );
    // At its own shop it is still to be had.
    browser.open(&shop.with(&created)).await;
    let link = browser
        .until(&format!("return {HOST}.shadowRoot.querySelector('[part=link]')?.href"), "the link")
        .await;
    assert_eq!(link, created["uri"]);
}
