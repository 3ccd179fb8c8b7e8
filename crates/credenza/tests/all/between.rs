//! Somebody between a wallet and a service, who sees every message and may change the answers: so an issuer is as wrong
//! as a test needs it.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use credenza::core::b64;
use http::{HeaderMap, Method, Request, Response, header};
use serde_json::Value;
use tokio::net::TcpListener;

/// A message and its answer, as the wallet has got it.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) status: u16,
    pub(crate) answer_headers: HeaderMap,
    pub(crate) answer: String,
}

impl Seen {
    /// The fields of a form.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        serde_urlencoded::from_str(&self.body).unwrap()
    }

    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let mut values = self.form().into_iter().filter(|(key, _)| key == name).map(|(_, value)| value);
        let value = values.next();
        assert!(values.next().is_none(), "{name} twice");
        value
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("{} has no {name}", self.path)).to_str().unwrap()
    }

    /// Header and payload of the JWT in a header.
    pub(crate) fn jwt_in(&self, name: &str) -> (Value, Value) {
        jwt(self.header(name))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn answer_json(&self) -> Value {
        serde_json::from_str(&self.answer).unwrap()
    }
}

/// Header and payload of a JWT.
pub(crate) fn jwt(text: &str) -> (Value, Value) {
    let mut parts = text.split('.').map(|part| b64::decode(part).unwrap());
    let mut next = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (next(), next())
}

type Change = Box<dyn Fn(&str, &mut Response<Vec<u8>>) + Send>;

#[derive(Clone)]
pub(crate) struct Between {
    to: String,
    client: reqwest::Client,
    seen: Arc<Mutex<Vec<Seen>>>,
    change: Arc<Mutex<Change>>,
}

impl Between {
    /// Listens on one port of this machine and passes everything on to another.
    pub(crate) async fn start(from: u16, to: u16) -> Self {
        #[expect(clippy::disallowed_methods, reason = "what is between is no part of ours")]
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let nothing: Change = Box::new(|_, _| {});
        let between = Self {
            to: format!("http://127.0.0.1:{to}"),
            client,
            seen: Arc::default(),
            change: Arc::new(Mutex::new(nothing)),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, from)).await.unwrap();
        let router = Router::new().fallback(pass_on).with_state(between.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        between
    }

    /// Changes answers from now on, by the path of the request.
    pub(crate) fn change(&self, change: impl Fn(&str, &mut Response<Vec<u8>>) + Send + 'static) {
        *self.change.lock().unwrap() = Box::new(change);
    }

    /// Changes a member of the JSON that this path answers with.
    pub(crate) fn change_json(&self, path: &'static str, change: impl Fn(&mut Value) + Send + 'static) {
        self.change(move |asked, response| {
            if asked == path {
                let mut value = serde_json::from_slice(response.body()).unwrap();
                change(&mut value);
                *response.body_mut() = value.to_string().into_bytes();
            }
        });
    }

    /// What wallets have asked since the last time; the operator's own plane is left out.
    pub(crate) fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

async fn pass_on(State(between): State<Between>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let mut headers = parts.headers.clone();
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::CONNECTION);
    let target = parts.uri.path_and_query().unwrap().as_str();
    let url = format!("{}{target}", between.to);
    let sent = between.client.request(parts.method.clone(), url).headers(headers).body(body.clone());
    let answered = sent.send().await.unwrap();
    let mut response = Response::new(Vec::new());
    *response.status_mut() = answered.status();
    *response.headers_mut() = answered.headers().clone();
    for name in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION] {
        response.headers_mut().remove(name);
    }
    *response.body_mut() = answered.bytes().await.unwrap().to_vec();
    let path = parts.uri.path().to_owned();
    (between.change.lock().unwrap())(&path, &mut response);
    if !path.starts_with("/api/") {
        between.seen.lock().unwrap().push(Seen {
            method: parts.method,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            path,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
            status: response.status().as_u16(),
            answer_headers: response.headers().clone(),
            answer: String::from_utf8_lossy(response.body()).into_owned(),
        });
    }
    response.map(Body::from)
}
