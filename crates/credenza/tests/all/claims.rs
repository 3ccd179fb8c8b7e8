//! Claims that a service of the operator's own brings when a credential is issued, and types that are made over the API:
//! service, register and wallet are processes of their own, or sockets at least.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::world::{Service, bad, good_json, run};

/// A register over HTTP that answers as it is told to, and remembers what it was asked.
struct Register {
    url: String,
    answer: Arc<Mutex<(u16, String)>>,
    asked: Arc<Mutex<Vec<String>>>,
}

/// Status for no answer at all.
const SILENCE: u16 = 0;

impl Register {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/claims", listener.local_addr().unwrap());
        let answer = Arc::new(Mutex::new((500, String::new())));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (says, hears) = (answer.clone(), asked.clone());
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (says, hears) = (says.clone(), hears.clone());
                tokio::spawn(async move {
                    let mut text = String::new();
                    while !complete(&text) {
                        let mut bytes = [0; 4096];
                        let read = stream.read(&mut bytes).await.unwrap();
                        if read == 0 {
                            return;
                        }
                        text.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
                    }
                    hears.lock().unwrap().push(text);
                    let (status, body) = says.lock().unwrap().clone();
                    if status == SILENCE {
                        tokio::time::sleep(Duration::from_secs(60)).await;
                    }
                    let length = body.len();
                    let head = format!(
                        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
                    );
                    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
                });
            }
        });
        Self { url, answer, asked }
    }

    fn says(&self, status: u16, body: &Value) {
        *self.answer.lock().unwrap() = (status, body.to_string());
    }

    fn last(&self) -> String {
        self.asked.lock().unwrap().last().unwrap().clone()
    }
}

fn complete(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

/// A service that knows the register, and a type whose claims come from it.
async fn service_with(register: &Register) -> Service {
    let mut service = Service::start();
    let folder = service.folder.path();
    std::fs::write(folder.join("register.token"), "register-token").unwrap();
    private(&folder.join("register.token"));
    std::fs::write(folder.join("people.csv"), "who,number\ncase-7,700\n").unwrap();
    let config = folder.join("credenza.toml");
    let mut text = std::fs::read_to_string(&config).unwrap();
    text.push_str(&format!(
        "\n[claims.sources]\npeople = {{ table = \"people.csv\" }}\n\
         register = {{ rest = {{ url = \"{}\", token_file = \"register.token\", timeout_ms = 700 }} }}\n",
        register.url
    ));
    std::fs::write(&config, text).unwrap();
    service.restart();
    for (id, source) in [("card", "register"), ("pass", "people")] {
        let made = json!({
            "format": "dc+sd-jwt", "vct": format!("{}/{id}", service.url), "claims_source": source,
            "display": [{"name": id}], "claims": [{"path": ["number"], "mandatory": true}],
        });
        let (status, made) = service.api(Method::PUT, &format!("/credential-types/{id}"), Some(made)).await;
        assert_eq!(status, 201, "{made}");
    }
    service
}

fn private(path: &std::path::Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

async fn offer(service: &Service, id: &str, case: &str) -> (String, String) {
    let body = json!({"credentials": [{"type": id}], "correlation_id": case});
    let (status, offer) = service.api(Method::POST, "/offers", Some(body)).await;
    assert_eq!(status, 201, "{offer}");
    (offer["uri"].as_str().unwrap().to_owned(), offer["id"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_come_from_a_register_when_they_are_needed() {
    let register = Register::start().await;
    let mut service = service_with(&register).await;
    let home = tempfile::tempdir().unwrap();
    let wallet = ["wallet", "--home", home.path().to_str().unwrap()];
    let accept = |link: &str| good_json(&[&wallet[..], &["accept", "--yes", "--json", link]].concat());

    register.says(200, &json!({"claims": {"number": "canary-4711"}}));
    let (link, id) = offer(&service, "card", "case-1").await;
    assert_eq!(accept(&link)["credentials"][0]["name"], "card");
    let asked = register.last();
    assert!(asked.to_ascii_lowercase().contains("authorization: bearer register-token"), "{asked}");
    let asked: Value = serde_json::from_str(asked.split_once("\r\n\r\n").unwrap().1).unwrap();
    let question = json!({
        "session": id, "credential_configuration_id": "card", "credential_identifier": "card#1", "reference": "case-1",
    });
    assert_eq!(asked, question);

    // Not yet: the wallet has a promise, and fetches the credential later.
    register.says(202, &json!({"retry_after": 1}));
    let accepted = accept(&offer(&service, "card", "case-2").await.0);
    assert_eq!(accepted["credentials"], json!([]));
    let pending = accepted["pending"][0]["id"].as_str().unwrap();
    let poll = [&wallet[..], &["poll", pending, "--json"]].concat();
    assert_eq!(good_json(&poll)["pending"][0]["id"], pending);
    register.says(200, &json!({"claims": {"number": "8"}}));
    assert_eq!(good_json(&poll)["credentials"][0]["name"], "card");

    // Never.
    register.says(403, &json!({}));
    let (link, id) = offer(&service, "card", "case-3").await;
    bad(1, &[&wallet[..], &["accept", "--yes", &link]].concat());
    let shown = service.api(Method::GET, &format!("/offers/{id}"), None).await.1;
    assert!(shown["events"].to_string().contains("credential_request_denied"), "{shown}");

    // By a table, in which there is one row.
    assert_eq!(accept(&offer(&service, "pass", "case-7").await.0)["credentials"][0]["name"], "pass");
    bad(1, &[&wallet[..], &["accept", "--yes", &offer(&service, "pass", "case-8").await.0]].concat());

    // A type that was made over the API outlives the service.
    service.restart();
    assert_eq!(service.api(Method::GET, "/credential-types/card", None).await.1["origin"], "api");
    register.says(200, &json!({"claims": {"number": "9"}}));
    assert_eq!(accept(&offer(&service, "card", "case-4").await.0)["credentials"][0]["name"], "card");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_register_costs_the_wallet_a_second_try() {
    let register = Register::start().await;
    let service = service_with(&register).await;
    for (status, body) in
        [(SILENCE, json!({})), (500, json!({})), (404, json!({})), (200, json!({"claims": 1}))]
    {
        register.says(status, &body);
        let (link, id) = offer(&service, "card", "case-1").await;
        let home = tempfile::tempdir().unwrap();
        let output = run(&["wallet", "--home", home.path().to_str().unwrap(), "accept", "--yes", &link]);
        assert!(!output.status.success());
        let shown = service.api(Method::GET, &format!("/offers/{id}"), None).await.1;
        assert!(shown["events"].to_string().contains("temporarily_unavailable"), "{shown}");
        assert_eq!(shown["state"], "authorized", "nothing is used up");
    }
}
