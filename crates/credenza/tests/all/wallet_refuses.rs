//! What `credenza wallet serve` says about requests that it refuses: which it was, and why, on a page; and the verifier
//! is told where it is known who that is.

use std::sync::{Arc, Mutex};

use credenza::core::b64;
use credenza::crypto::x509::x509_hash;
use credenza::crypto::{Header, IdentifiedBy, Signer as _, SoftwareSigner, jwt};
use http::Request;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::wallet_serve::Serving;
use crate::world::{Service, good, send};

/// A verifier that serves one request object, and keeps what it is answered.
struct Asking {
    url: String,
    object: Arc<Mutex<String>>,
    answers: Arc<Mutex<Vec<String>>>,
}

impl Asking {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (object, answers) = (Arc::<Mutex<String>>::default(), Arc::<Mutex<Vec<String>>>::default());
        let (serves, keeps) = (object.clone(), answers.clone());
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut text = Vec::new();
                let mut part = [0; 4096];
                while !is_whole(&text) {
                    let length = stream.read(&mut part).await.unwrap();
                    text.extend_from_slice(&part[..length]);
                    if length == 0 {
                        break;
                    }
                }
                let text = String::from_utf8(text).unwrap();
                let (kind, body) = if text.starts_with("GET /request ") {
                    ("application/oauth-authz-req+jwt", serves.lock().unwrap().clone())
                } else {
                    keeps.lock().unwrap().push(text);
                    ("application/json", "{}".to_owned())
                };
                let head =
                    format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}", body.len());
                let answer = format!("{head}\r\nconnection: close\r\n\r\n{body}");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { url, object, answers }
    }
}

/// Whether a request has arrived with all of its body.
fn is_whole(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.is_none_or(|length| length.parse().is_ok_and(|length: usize| body.len() >= length))
}

/// The key of the service's verifier, which the wallet knows.
fn verifier(service: &Service) -> SoftwareSigner {
    let text = std::fs::read_to_string(service.folder.path().join("keys/verifier.jwk")).unwrap();
    let jwk: Value = serde_json::from_str(&text).unwrap();
    let chain =
        jwk["x5c"].as_array().unwrap().iter().map(|one| b64::decode_std(one.as_str().unwrap()).unwrap());
    SoftwareSigner::from_private_jwk(&text).unwrap().with_x5c(chain.collect())
}

async fn page(wallet: &Serving, parameters: &[(&str, &str)]) -> (u16, String) {
    let query = serde_urlencoded::to_string(parameters).unwrap();
    let request = Request::get(format!("{}/authorize?{query}", wallet.url)).body(Vec::new()).unwrap();
    let response = send(request).await.unwrap();
    (response.status().as_u16(), String::from_utf8(response.into_body()).unwrap())
}

// Checks: WVP-017 to WVP-020, WVP-022 to WVP-024
#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_is_a_page_that_says_why() {
    let service = Service::start();
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    let offer = service.offer(json!({})).await;
    good(&["wallet", "--home", home, "accept", offer["uri"].as_str().unwrap(), "--yes"]);
    good(&["wallet", "--home", home, "trust", "add", service.root().to_str().unwrap()]);
    let wallet = Serving::start(home, &[]);
    let asking = Asking::start().await;
    let signer = verifier(&service);
    let client_id = format!("x509_hash:{}", x509_hash(&signer.x5c()[0]));
    let (request_uri, response_uri) = (format!("{}/request", asking.url), format!("{}/response", asking.url));
    let right = json!({
        "client_id": client_id, "aud": "https://self-issued.me/v2", "response_type": "vp_token",
        "response_mode": "direct_post", "response_uri": response_uri, "nonce": "n".repeat(43), "state": "s",
        "dcql_query": { "credentials": [{
            "id": "pid", "format": "dc+sd-jwt", "meta": { "vct_values": ["urn:eudi:pid:1"] },
            "claims": [{ "path": ["family_name"] }],
        }] },
        "client_metadata": { "vp_formats_supported": { "dc+sd-jwt": {} } },
    });
    let link = [("client_id", client_id.as_str()), ("request_uri", request_uri.as_str())];
    let ask = async |change: &dyn Fn(&mut Value)| {
        let mut claims = right.clone();
        change(&mut claims);
        let header = Header::signing(&signer, "oauth-authz-req+jwt", IdentifiedBy::X5c);
        *asking.object.lock().unwrap() = jwt::sign(&signer, &header, &claims).await.unwrap();
        page(&wallet, &link).await
    };
    let (status, text) = ask(&|_| {}).await;
    assert!(status == 200 && text.contains("<h1>Presented</h1>"), "{text}");
    assert!(asking.answers.lock().unwrap().pop().unwrap().contains("vp_token="));

    let data = b64::encode(r#"{"type":"unknown","credential_ids":["pid"]}"#);
    let mut told = 0;
    for (why, code, is_told, change) in [
        (
            "another one inside",
            "invalid_request",
            false,
            &(|it: &mut Value| it["client_id"] = "x509_hash:other".into()) as &dyn Fn(&mut Value),
        ),
        ("redirect_uri", "invalid_request", true, &|it| it["redirect_uri"] = response_uri.as_str().into()),
        ("nonce is missing", "invalid_request", true, &|it| it["nonce"] = Value::Null),
        ("transaction", "invalid_transaction_data", true, &|it| it["transaction_data"] = json!([data])),
    ] {
        let (status, text) = ask(change).await;
        let said = text.contains(&format!("<h1>Refused ({code})</h1>")) && text.contains(why);
        assert!(status == 400 && said, "{why}: {text}");
        told += usize::from(is_told);
        let answers = asking.answers.lock().unwrap();
        assert_eq!(answers.len(), told, "{why}");
        assert!(answers.iter().all(|answer| answer.contains("error=") && !answer.contains("vp_token")));
    }

    // A broken signature: nobody knows who asks, and nobody is told.
    {
        let mut object = asking.object.lock().unwrap();
        let at = object.len() - 10;
        let other = if object[at..].starts_with('A') { "B" } else { "A" };
        object.replace_range(at..=at, other);
    }
    let (status, text) = page(&wallet, &link).await;
    assert!(status == 400 && text.contains("<h1>Refused (invalid_request_object)</h1>"), "{text}");
    let unknown = [("client_id", "unknown:verifier"), ("request_uri", request_uri.as_str())];
    let (status, text) = page(&wallet, &unknown).await;
    assert!(status == 400 && text.contains("identifier"), "{text}");
    // Unsigned, and the answer would go elsewhere than to the one who is named.
    let named = format!("redirect_uri:{response_uri}");
    let query = right["dcql_query"].to_string();
    let elsewhere = [
        ("client_id", named.as_str()),
        ("response_type", "vp_token"),
        ("response_mode", "direct_post"),
        ("response_uri", request_uri.as_str()),
        ("nonce", "nnnnnnnnnnnnnnnn"),
        ("dcql_query", &query),
    ];
    let (status, text) = page(&wallet, &elsewhere).await;
    assert!(status == 400 && text.contains("response_uri is not the client identifier"), "{text}");
    assert_eq!(asking.answers.lock().unwrap().len(), told);
}
