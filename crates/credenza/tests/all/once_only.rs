//! What is good once is good once, however many ask at the same time.

use std::sync::{Arc, Mutex};

use credenza::core::{AddressPolicy, Answer, Http, HttpError, Limits, SystemClock, SystemRandom};
use credenza::http::ReqwestHttp;
use credenza::trust::Nobody;
use credenza::wallet::vault::MemoryVault;
use credenza::wallet::{Holder, Options, Ports, default_choices};
use http::{Method, Request, Response};
use serde_json::{Value, json};

use crate::world::{Service, answer, code, redeem, send};

const CLIENTS: usize = 50;

/// Sends the same request from many clients at once; hands out the answers.
async fn race(request: Request<Vec<u8>>) -> Vec<(u16, Value)> {
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let request = request.clone();
            tokio::spawn(async move { answer(&send(request).await.unwrap()) })
        })
        .collect();
    let mut answers = Vec::new();
    for client in clients {
        answers.push(client.await.unwrap());
    }
    answers
}

fn winners(answers: &[(u16, Value)]) -> usize {
    assert!(answers.iter().all(|(status, _)| *status < 500), "{answers:?}");
    answers.iter().filter(|(status, _)| *status == 200).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn c01_a_code_raced_by_fifty_has_one_winner() {
    let service = Service::start();
    let offer = service.offer(json!({"delivery": "by_value"})).await;
    let answers = race(redeem(&service.url, &code(&offer))).await;
    assert_eq!(winners(&answers), 1);
    let refused = answers.iter().filter(|(_, body)| body["error"] == "invalid_grant").count();
    assert_eq!(refused, CLIENTS - 1);
}

/// An Http that keeps the last POST to a path that contains `hold`, and pretends that it was accepted.
struct Held {
    inner: ReqwestHttp,
    hold: &'static str,
    kept: Mutex<Option<Request<Vec<u8>>>>,
}

impl Held {
    fn new(hold: &'static str) -> Arc<Self> {
        Arc::new(Self { inner: ReqwestHttp::new(AddressPolicy::Loopback), hold, kept: Mutex::default() })
    }

    fn take(&self) -> Request<Vec<u8>> {
        self.kept.lock().unwrap().take().unwrap()
    }
}

impl Http for Held {
    fn send(
        &self,
        request: Request<Vec<u8>>,
        limits: Limits,
    ) -> Answer<'_, Result<Response<Vec<u8>>, HttpError>> {
        if request.method() == Method::POST && request.uri().path().contains(self.hold) {
            *self.kept.lock().unwrap() = Some(request);
            return Answer::ready(Ok(Response::new(b"{}".to_vec())));
        }
        self.inner.send(request, limits)
    }
}

fn holder(http: Arc<dyn Http>, vault: Arc<MemoryVault>) -> Holder {
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let ports = Ports { http, vault, trust: Arc::new(Nobody), clock, random };
    Holder::new(ports, Options { addresses: AddressPolicy::Loopback, copies: 1, ..Options::default() })
}

#[tokio::test(flavor = "multi_thread")]
async fn c02_a_nonce_raced_by_fifty_issues_once() {
    let service = Service::start();
    let offer = service.offer(json!({})).await;
    let tap = Held::new("/credential");
    let holder = holder(Arc::clone(&tap) as _, Arc::default());
    let shown = holder.open_offer(offer["uri"].as_str().unwrap()).await.unwrap();
    let _ = holder.accept_offer(&shown.id, None).await;
    let answers = race(tap.take()).await;
    let issued: Vec<&Value> =
        answers.iter().filter(|(status, _)| *status == 200).map(|(_, body)| body).collect();
    assert_eq!(issued.len(), 1, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn v_a_presentation_raced_by_fifty_is_accepted_once() {
    let service = Service::start();
    let offer = service.offer(json!({})).await;
    let vault: Arc<MemoryVault> = Arc::default();
    let open: Arc<dyn Http> = Arc::new(ReqwestHttp::new(AddressPolicy::Loopback));
    let receiver = holder(open, Arc::clone(&vault));
    let shown = receiver.open_offer(offer["uri"].as_str().unwrap()).await.unwrap();
    receiver.accept_offer(&shown.id, None).await.unwrap();

    let asked = service.ask(json!([{"path": ["given_name"]}]), json!({})).await;
    let tap = Held::new("/openid4vp/response/");
    let presenter = holder(Arc::clone(&tap) as _, vault);
    let consent = presenter.open_request(asked["uri"].as_str().unwrap()).await.unwrap();
    presenter.answer_request(&consent.id, &default_choices(&consent)).await.unwrap();
    let answers = race(tap.take()).await;
    assert_eq!(winners(&answers), 1, "{answers:?}");
    let (_, session) =
        service.api(Method::GET, &format!("/presentations/{}", asked["id"].as_str().unwrap()), None).await;
    assert_eq!(session["state"], "verified");
}
