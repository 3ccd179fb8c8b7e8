//! `credenza wallet serve`: a wallet that answers with nobody there, as certification needs it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use http::{Method, Request};
use serde_json::{Value, json};

use crate::world::{Service, answer, bad, credenza, good, send};

const SITE: &str = "https://shop.example";

pub(crate) struct Serving {
    process: Child,
    pub(crate) url: String,
}

impl Serving {
    pub(crate) fn start(home: &str, more: &[&str]) -> Self {
        let mut arguments =
            vec!["wallet", "--home", home, "--json", "serve", "--listen", "127.0.0.1:0", "--yes", "--local"];
        arguments.extend(more);
        let mut process = credenza(&arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("it did not start: {line}"));
        // Its certificate, if it has one, is of this name.
        let scheme = if more.contains(&"--tls-key") { "https" } else { "http" };
        let (_, port) = said["listen"].as_str().unwrap().rsplit_once(':').unwrap();
        Self { process, url: format!("{scheme}://localhost:{port}") }
    }

    async fn authorize(&self, query: &str) -> (u16, String) {
        let request = Request::get(format!("{}/authorize?{query}", self.url)).body(Vec::new()).unwrap();
        let response = send(request).await.unwrap();
        (response.status().as_u16(), String::from_utf8(response.into_body()).unwrap())
    }

    pub(crate) async fn dc_api(&self, body: &Value) -> (u16, Value) {
        answer(&send(posted(&format!("{}/dc-api", self.url), body)).await.unwrap())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn posted(url: &str, body: &Value) -> Request<Vec<u8>> {
    Request::post(url).header("content-type", "application/json").body(body.to_string().into_bytes()).unwrap()
}

/// A wallet with the example's credential, that knows the service.
async fn wallet(service: &Service, home: &str) {
    let offer = service.offer(json!({})).await;
    good(&["wallet", "--home", home, "accept", offer["uri"].as_str().unwrap(), "--yes"]);
    good(&["wallet", "--home", home, "trust", "add", service.root().to_str().unwrap()]);
}

async fn state(service: &Service, created: &Value) -> Value {
    let path = format!("/presentations/{}", created["id"].as_str().unwrap());
    service.api(Method::GET, &path, None).await.1["state"].clone()
}

// Checks: WVP-001, WVP-025, VER-001
#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_answers_links_and_websites_by_itself() {
    let service = Service::start();
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    wallet(&service, home).await;
    let serving = Serving::start(home, &[]);

    let names = json!([{ "path": ["family_name"] }]);
    let created = service.ask(names.clone(), json!({ "request_uri_method": "post" })).await;
    let (status, page) = serving.authorize(created["wallet_query"].as_str().unwrap()).await;
    assert!(status == 200 && page.contains("<h1>Presented</h1>"), "{page}");
    assert_eq!(state(&service, &created).await, "verified");

    for protocol in ["openid4vp-v1-unsigned", "openid4vp-v1-signed", "openid4vp-v1-multisigned"] {
        let call = json!({ "dc_api": { "origins": [SITE], "protocol": protocol } });
        let created = service.ask(names.clone(), call).await;
        let request = json!({ "digital": { "requests": [created["request"]] } });
        let (status, got) = serving.dc_api(&json!({ "origin": SITE, "request": request })).await;
        if protocol == "openid4vp-v1-unsigned" {
            // Known by its origin alone: nobody vouches for it.
            assert_eq!((status, &got["data"]["error"]), (200, &json!("access_denied")));
            continue;
        }
        assert_eq!((status, &got["protocol"]), (200, &json!(protocol)), "{got}");
        let response = posted(created["response_url"].as_str().unwrap(), &got);
        assert_eq!(answer(&send(response).await.unwrap()).0, 200);
        assert_eq!(state(&service, &created).await, "verified");
        // For another website the signed request is good for nothing.
        let (_, got) = serving.dc_api(&json!({ "origin": "https://evil.example", "request": request })).await;
        assert_eq!(got["data"], json!({ "error": "invalid_request" }));
    }

    // WVP-025: what can't be met is declined, and the verifier is told.
    let created = service.ask(json!([{ "path": ["not_there"] }]), json!({})).await;
    let (status, page) = serving.authorize(created["wallet_query"].as_str().unwrap()).await;
    assert!(status == 400 && page.contains("<h1>Refused"), "{page}");
    assert_eq!(state(&service, &created).await, "failed");
    let (status, page) =
        serving.authorize("client_id=%3Cscript%3E%3Ax&request_uri=https%3A%2F%2Fx.example").await;
    assert!(status == 400 && page.contains("<h1>Refused (invalid_request)</h1>"), "{page}");
    for body in [json!({}), json!({ "origin": 1, "request": {} }), json!({ "origin": SITE, "request": {} })] {
        assert_eq!(serving.dc_api(&body).await.0, 400, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn haip_and_strangers_are_switches() {
    let service = Service::start();
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    wallet(&service, home).await;
    let names = json!([{ "path": ["family_name"] }]);
    {
        let serving = Serving::start(home, &["--haip"]);
        let created = service.ask(names.clone(), json!({ "response_mode": "direct_post" })).await;
        let (status, page) = serving.authorize(created["wallet_query"].as_str().unwrap()).await;
        assert!(status == 400 && page.contains("HAIP 1.0 §5"), "{page}");
    }
    let serving = Serving::start(home, &["--allow-unknown"]);
    let call = json!({ "dc_api": { "origins": [SITE], "protocol": "openid4vp-v1-unsigned" } });
    let created = service.ask(names, call).await;
    let (_, got) = serving.dc_api(&json!({ "origin": SITE, "request": created["request"] })).await;
    let response = posted(created["response_url"].as_str().unwrap(), &got);
    assert_eq!(answer(&send(response).await.unwrap()).0, 200);
    assert_eq!(state(&service, &created).await, "verified");
}

#[test]
fn it_is_not_served_to_others_by_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    let serve = ["wallet", "--home", home, "serve"];
    assert!(bad(2, &serve).contains("--yes"));
    let open = [&serve[..], &["--yes", "--listen", "0.0.0.0:0"]].concat();
    assert!(bad(2, &open).contains("--public"));
}
