//! Every way of asking and every way of answering, in every format, between a verifier and a wallet that are processes
//! of their own.

use http::{Method, Request};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::formats::{Case, cases, service_and_wallet};
use crate::wallet_serve::{Serving, posted};
use crate::world::{Service, answer, good, pid_request, send};

const SITE: &str = "https://shop.example";
const MODES: [&str; 4] = ["fragment", "query", "direct_post", "direct_post.jwt"];
const CALLS: [&str; 3] = ["openid4vp-v1-unsigned", "openid4vp-v1-signed", "openid4vp-v1-multisigned"];

/// How a request gets to the wallet.
fn ways() -> [(&'static str, Value); 4] {
    [
        ("signed, fetched", json!({ "client_id_prefix": "x509_hash" })),
        ("signed, fetched by POST", json!({ "client_id_prefix": "x509_hash", "request_uri_method": "post" })),
        ("signed, in the link", json!({ "client_id_prefix": "x509_hash", "by_value": true })),
        ("unsigned", json!({ "client_id_prefix": "redirect_uri" })),
    ]
}

/// What a browser is answered: it is the browser that follows redirects, and here nobody does.
struct Page {
    status: u16,
    location: Option<url::Url>,
    text: String,
}

async fn authorize(wallet: &Serving, created: &Value) -> Page {
    let host = wallet.url.strip_prefix("http://").unwrap();
    let query = created["wallet_query"].as_str().unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let asked = format!("GET /authorize?{query} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let mut lines = text.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
    let location = lines.find_map(|line| line.strip_prefix("location: ")).map(|url| url.parse().unwrap());
    Page { status, location, text }
}

/// What the browser brings back to the verifier: the parameters after the # or the ?.
async fn brought_back(service: &Service, created: &Value, mode: &str, page: &Page, what: &str) {
    assert_eq!(page.status, 302, "{what}: {}", page.text);
    let location = page.location.as_ref().unwrap();
    let (there, absent) = match mode {
        "fragment" => (location.fragment(), location.query()),
        _ => (location.query(), location.fragment()),
    };
    assert_eq!(absent, None);
    let url = format!("{}/openid4vp/response/{}", service.url, created["request_id"].as_str().unwrap());
    let post = Request::post(url).header("content-type", "application/x-www-form-urlencoded");
    let post = post.body(there.unwrap().as_bytes().to_vec()).unwrap();
    assert_eq!(answer(&send(post).await.unwrap()).0, 200);
}

/// What the verifier has learnt, and that all of it was verified.
async fn learnt(service: &Service, created: &Value) -> Value {
    let session = format!("/presentations/{}", created["id"].as_str().unwrap());
    let (_, seen) = service.api(Method::GET, &session, None).await;
    assert_eq!(seen["state"], "verified", "{seen}");
    let (_, report) = service.api(Method::GET, &format!("{session}/report"), None).await;
    assert_eq!(report["ok"], true, "{report}");
    let (_, result) = service.api(Method::POST, &format!("{session}/result"), Some(json!({}))).await;
    result["presentations"][0]["claims"].clone()
}

fn all() -> Vec<Case> {
    let mut pid = Case::of("pid");
    pid.claims = json!({ "family_name": "Mustermann", "given_name": "Erika", "birthdate": "1964-08-12" });
    let ask = pid_request(&json!([{ "path": ["family_name"] }]), &json!({}));
    pid.query = ask["dcql_query"]["credentials"][0].clone();
    (pid.learns, pid.does_not_learn) = ("/family_name", Some("/birthdate"));
    let mut all = cases();
    all.push(pid);
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_and_mode_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    let service = service_and_wallet(home);
    for case in all() {
        let offer = json!({ "credentials": [{ "type": case.id, "claims": case.claims }] });
        let (status, offer) = service.api(Method::POST, "/offers", Some(offer)).await;
        assert_eq!(status, 201, "{}: {offer}", case.id);
        good(&["wallet", "--home", home, "accept", "--yes", offer["uri"].as_str().unwrap()]);
    }
    // An unsigned request is answered by a wallet that was told to.
    let wallet = Serving::start(home, &["--allow-unknown"]);
    let mut rounds = 0;
    for case in all() {
        for (way, how) in ways() {
            for mode in MODES {
                let mut ask = how.clone();
                ask["dcql_query"] = json!({ "credentials": [case.query] });
                ask["response_mode"] = mode.into();
                if matches!(mode, "fragment" | "query") {
                    ask["redirect_uri"] = format!("{}/done", service.url).into();
                }
                let (status, created) = service.api(Method::POST, "/presentations", Some(ask)).await;
                let what = format!("{}, {way}, {mode}", case.id);
                assert_eq!(status, 201, "{what}: {created}");
                let by_value = matches!(way, "signed, in the link" | "unsigned");
                assert_eq!(created["request_uri"].is_null(), by_value, "{what}");
                let page = authorize(&wallet, &created).await;
                if matches!(mode, "fragment" | "query") {
                    brought_back(&service, &created, mode, &page, &what).await;
                } else {
                    assert_eq!(page.status, 200, "{what}: {}", page.text);
                }
                told(&case, &learnt(&service, &created).await, &what);
                rounds += 1;
            }
        }
        for protocol in CALLS {
            for mode in ["dc_api", "dc_api.jwt"] {
                let ask = json!({
                    "dcql_query": { "credentials": [case.query] }, "response_mode": mode,
                    "dc_api": { "origins": [SITE], "protocol": protocol },
                });
                let (status, created) = service.api(Method::POST, "/presentations", Some(ask)).await;
                let what = format!("{}, {protocol}, {mode}", case.id);
                assert_eq!(status, 201, "{what}: {created}");
                let call = json!({ "origin": SITE, "request": created["request"] });
                let (status, got) = wallet.dc_api(&call).await;
                assert_eq!((status, &got["protocol"]), (200, &json!(protocol)), "{what}: {got}");
                let response = posted(created["response_url"].as_str().unwrap(), &got);
                let (status, said) = answer(&send(response).await.unwrap());
                assert_eq!(status, 200, "{what}: {said}");
                told(&case, &learnt(&service, &created).await, &what);
                rounds += 1;
            }
        }
    }
    assert_eq!(rounds, all().len() * (ways().len() * MODES.len() + CALLS.len() * 2));
}

// Clauses: HAIP-5.1-09
// Checks: WVP-045, VER-052, VER-053, VER-054, VER-055, VER-009
#[tokio::test(flavor = "multi_thread")]
async fn the_wallet_leads_back_to_the_browser_that_began() {
    let service = Service::start();
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    let offer = service.offer(json!({})).await;
    good(&["wallet", "--home", home, "accept", offer["uri"].as_str().unwrap(), "--yes"]);
    good(&["wallet", "--home", home, "trust", "add", service.root().to_str().unwrap()]);
    let wallet = Serving::start(home, &["--haip"]);
    let done = format!("{}/done#response_code={{RESPONSE_CODE}}", service.url);
    let names = json!([{ "path": ["family_name"] }]);
    let created = service.ask(names, json!({ "redirect_uri": done, "request_uri_method": "post" })).await;

    let request_uri = created["request_uri"].as_str().unwrap();
    let fetched = crate::world::form(request_uri, &[("wallet_nonce", "abc")]);
    let fetched = send(fetched).await.unwrap();
    assert_eq!(fetched.status(), 200);
    assert_eq!(fetched.headers()["content-type"], "application/oauth-authz-req+jwt");

    let page = authorize(&wallet, &created).await;
    assert_eq!(page.status, 302, "{}", page.text);
    let location = page.location.unwrap();
    assert!(location.as_str().starts_with(&format!("{}/done#response_code=", service.url)), "{location}");
    assert_eq!(location.query(), None);
    let result = format!("/presentations/{}/result", created["id"].as_str().unwrap());
    let (status, _) = service.api(Method::POST, &result, Some(json!({}))).await;
    assert_eq!(status, 409, "another browser has no code");
    let code = location.fragment().unwrap().strip_prefix("response_code=").unwrap();
    let (status, result) = service.api(Method::POST, &result, Some(json!({ "response_code": code }))).await;
    assert_eq!((status, &result["presentations"][0]["claims"]["family_name"]), (200, &json!("Mustermann")));
}

#[track_caller]
fn told(case: &Case, claims: &Value, what: &str) {
    assert!(claims.pointer(case.learns).is_some(), "{what}: {claims}");
    if let Some(place) = case.does_not_learn {
        assert!(claims.pointer(place).is_none(), "{what}: {claims}");
    }
}
