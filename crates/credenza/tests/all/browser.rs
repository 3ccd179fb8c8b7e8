//! The demo's pages in Chromium, driven through WebDriver: what a person clicks, on a wide and on a narrow window.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use credenza::core::{AddressPolicy, Http as _, Limits};
use credenza::http::ReqwestHttp;
use http::{Method, Request};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::world::{credenza, free_port};

/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How WebDriver calls an element (W3C WebDriver §11).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

// Checks: VER-059
#[tokio::test(flavor = "multi_thread")]
async fn issue_accept_verify_and_present_by_clicking() {
    let Some(browser) = Browser::start(1280, 900).await else { return };
    let demo = Demo::start();

    // Issue, with a transaction code.
    browser.open(&format!("{}/issue", demo.url)).await;
    browser.select("input[name=tx_code]").await;
    browser.click("form button.primary").await;
    let code = browser.text(".code b").await.replace(char::is_whitespace, "");
    browser.click("#ways form button.primary").await;
    browser.type_into("#tx", &code).await;
    browser.click("form[action$='/wallet/accept'] button.primary").await;
    browser.see("The credential is in your wallet", "the wallet says that it has arrived").await;

    // Verify, with the first preset.
    browser.open(&format!("{}/verify", demo.url)).await;
    browser.click("form[action$='/verify'] button.primary").await;
    browser.click("#ways form button.primary").await;
    browser.see("Stays in the wallet", "the consent says what is kept back").await;
    browser.click("form[action$='/wallet/present'] button.primary").await;
    browser.see("Verified", "the verifier's page shows the verdict").await;
    browser.see("sd-jwt.kb.nonce", "and every check by name").await;

    // The wallet has it, and a history.
    browser.open(&format!("{}/wallet", demo.url)).await;
    browser.see("Person Identification Data", "the card").await;
    assert!(browser.fits().await, "nothing sticks out to the right");
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_with_the_issuer_by_clicking() {
    let Some(browser) = Browser::start(1280, 900).await else { return };
    let demo = Demo::start();
    browser.open(&format!("{}/issue", demo.url)).await;
    browser.select("input[name=sign_in]").await;
    browser.click("form button.primary").await;
    browser.click("#ways form button.primary").await;
    browser.click("form[action$='/wallet/sign-in'] button.primary").await;
    browser.type_into("#name", "erika").await;
    browser.type_into("#password", "demo").await;
    browser.click("form[action$='/login'] button.primary").await;
    browser.see("It is registered here", "the issuer says what it knows of the wallet").await;
    browser.click("form[action$='/approve'] button.primary").await;
    browser.click("form[action$='/wallet/accept'] button.primary").await;
    browser.see("The credential is in your wallet", "the wallet says that it has arrived").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_a_phone() {
    let Some(browser) = Browser::start(390, 844).await else { return };
    let demo = Demo::start();
    for page in ["/", "/issue", "/verify", "/wallet", "/inspect"] {
        browser.open(&format!("{}{page}", demo.url)).await;
        assert!(browser.fits().await, "{page} is wider than the window");
    }
}

pub(crate) struct Demo {
    pub(crate) url: String,
    process: Child,
}

impl Demo {
    pub(crate) fn start() -> Self {
        let port = free_port().to_string();
        let mut process =
            credenza(&["demo", "--port", &port, "--json"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        Self { url: said["url"].as_str().unwrap().trim_end_matches('/').to_owned(), process }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A Chromium behind a chromedriver.
pub(crate) struct Browser {
    driver: Child,
    http: ReqwestHttp,
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// Starts one; `None` where there is none, unless CREDENZA_TEST_BROWSER says that there must be.
    pub(crate) async fn start(width: u32, height: u32) -> Option<Self> {
        let port = free_port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let driver = match driver {
            Ok(driver) => driver,
            Err(error) => {
                let required = std::env::var_os("CREDENZA_TEST_BROWSER").is_some();
                assert!(!required, "chromedriver: {error}");
                eprintln!("skipped: no chromedriver");
                return None;
            }
        };
        let profile = tempfile::tempdir().unwrap();
        let base = format!("http://127.0.0.1:{port}");
        let mut browser = Self {
            driver,
            http: ReqwestHttp::new(AddressPolicy::Loopback),
            session: base,
            _profile: profile,
        };
        let arguments = json!([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", browser._profile.path().display()),
        ]);
        // A window narrower than Chromium likes is emulated, as its developer tools do it.
        let mobile =
            json!({"deviceMetrics": {"width": width, "height": height, "pixelRatio": 1.0, "mobile": true}});
        let mut options = json!({"args": arguments});
        if width < 500 {
            options["mobileEmulation"] = mobile;
        }
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}});
        let start = Instant::now();
        let value = loop {
            match browser.try_call(Method::POST, "/session", &wanted).await {
                Ok(value) => break value,
                Err(why) => assert!(start.elapsed() < PATIENCE, "no browser: {why}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        browser.session = format!("{}/session/{}", browser.session, value["sessionId"].as_str().unwrap());
        Some(browser)
    }

    pub(crate) async fn open(&self, url: &str) {
        self.call(Method::POST, "/url", &json!({"url": url})).await;
    }

    pub(crate) async fn click(&self, selector: &str) {
        let element = self.find(selector).await;
        self.call(Method::POST, &format!("/element/{element}/click"), &json!({})).await;
    }

    /// Ticks a box, if it is not ticked.
    async fn select(&self, selector: &str) {
        let element = self.find(selector).await;
        let selected = self.call(Method::GET, &format!("/element/{element}/selected"), &Value::Null).await;
        if selected == json!(false) {
            self.click(selector).await;
        }
    }

    async fn type_into(&self, selector: &str, text: &str) {
        let element = self.find(selector).await;
        self.call(Method::POST, &format!("/element/{element}/value"), &json!({"text": text})).await;
    }

    async fn text(&self, selector: &str) -> String {
        let element = self.find(selector).await;
        let text = self.call(Method::GET, &format!("/element/{element}/text"), &Value::Null).await;
        text.as_str().unwrap().to_owned()
    }

    /// Waits until the page's text contains the words.
    pub(crate) async fn see(&self, words: &str, why: &str) {
        let start = Instant::now();
        loop {
            let script = json!({"script": "return document.body.textContent", "args": []});
            let text = self.call(Method::POST, "/execute/sync", &script).await;
            let text = text.as_str().unwrap_or_default();
            if text.contains(words) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{words:?} is not to be seen ({why}): {text}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Whether the page is no wider than its window.
    pub(crate) async fn fits(&self) -> bool {
        let script = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth";
        self.call(Method::POST, "/execute/sync", &json!({"script": script, "args": []})).await == json!(true)
    }

    /// What a function with this body returns.
    pub(crate) async fn script(&self, body: &str) -> Value {
        self.call(Method::POST, "/execute/sync", &json!({"script": body, "args": []})).await
    }

    /// Clicks on the element that a function with this body returns, wherever it is.
    pub(crate) async fn click_on(&self, body: &str) {
        let found = self.script(body).await;
        let element = found[ELEMENT].as_str().unwrap_or_else(|| panic!("{body}: {found}"));
        self.call(Method::POST, &format!("/element/{element}/click"), &json!({})).await;
    }

    /// Waits until a function with this body returns something that is true, and gives it.
    pub(crate) async fn until(&self, body: &str, why: &str) -> Value {
        let start = Instant::now();
        loop {
            let value = self.script(body).await;
            if !matches!(value, Value::Null | Value::Bool(false)) {
                return value;
            }
            if start.elapsed() >= PATIENCE {
                let page = self.script("return document.documentElement.outerHTML").await;
                panic!("{why}: {body}: {page}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits for an element.
    async fn find(&self, selector: &str) -> String {
        let start = Instant::now();
        let wanted = json!({"using": "css selector", "value": selector});
        loop {
            match self.try_call(Method::POST, "/element", &wanted).await {
                Ok(found) => return found[ELEMENT].as_str().unwrap().to_owned(),
                Err(why) => assert!(start.elapsed() < PATIENCE, "{selector}: {why}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> Value {
        self.try_call(method, path, body).await.unwrap_or_else(|why| panic!("{path}: {why}"))
    }

    async fn try_call(&self, method: Method, path: &str, body: &Value) -> Result<Value, String> {
        let body = if method == Method::GET { Vec::new() } else { body.to_string().into_bytes() };
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.session))
            .header("content-type", "application/json")
            .body(body)
            .unwrap();
        let limits = Limits { time: PATIENCE, ..Limits::default() };
        let response = self.http.send(request, limits).await.map_err(|error| error.to_string())?;
        let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        if response.status().is_success() { Ok(answer["value"].clone()) } else { Err(answer.to_string()) }
    }
}

impl Drop for Browser {
    /// Closes the window; the driver alone would leave it behind.
    fn drop(&mut self) {
        if let Ok(url) = self.session.parse::<url::Url>()
            && let Ok(mut stream) = TcpStream::connect(("127.0.0.1", url.port().unwrap_or_default()))
        {
            let path = url.path();
            let _ = write!(stream, "DELETE {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
            let _ = stream.read(&mut [0; 256]);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
