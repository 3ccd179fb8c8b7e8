//! A proxy that does what it should not.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use credenza::core::{AddressPolicy, Http as _, Limits};
use credenza::http::ReqwestHttp;
use credenza::server::{Limits as ServerLimits, Tls, serve, serve_tls};
use http::{HeaderMap, HeaderName, Response, StatusCode};
use tokio::net::TcpListener;

pub(super) type Sent = http::Request<Vec<u8>>;
pub(super) type Got = Response<Vec<u8>>;

type Before = Box<dyn Fn(&mut Sent) -> Option<Got> + Send + Sync>;
type After = Box<dyn Fn(&str, &mut Got) + Send + Sync>;

/// What is done to requests, which may be answered at once, and to answers.
pub(super) struct Fault {
    pub(super) before: Before,
    pub(super) after: After,
}

impl Fault {
    pub(super) fn none() -> Self {
        Self { before: Box::new(|_| None), after: Box::new(|_, _| ()) }
    }

    pub(super) fn before(fault: impl Fn(&mut Sent) -> Option<Got> + Send + Sync + 'static) -> Self {
        Self { before: Box::new(fault), ..Self::none() }
    }

    pub(super) fn after(fault: impl Fn(&str, &mut Got) + Send + Sync + 'static) -> Self {
        Self { after: Box::new(fault), ..Self::none() }
    }
}

/// An answer of the proxy's own.
pub(super) fn own(status: u16) -> Option<Got> {
    let page = format!("<html><h1>{status}</h1></html>").into_bytes();
    Some(Response::builder().status(status).header("content-type", "text/html").body(page).unwrap())
}

#[derive(Clone)]
pub(super) struct Proxy {
    upstream: String,
    http: Arc<ReqwestHttp>,
    fault: Arc<Mutex<Arc<Fault>>>,
}

impl Proxy {
    pub(super) async fn start(port: u16, upstream: u16, tls: Option<Tls>) -> Self {
        let proxy = Self {
            upstream: format!("http://127.0.0.1:{upstream}"),
            http: Arc::new(ReqwestHttp::new(AddressPolicy::Loopback)),
            fault: Arc::new(Mutex::new(Arc::new(Fault::none()))),
        };
        let router = Router::new().fallback(pass).with_state(proxy.clone());
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let limits = ServerLimits::default();
        match tls {
            Some(tls) => tokio::spawn(serve_tls(listener, tls, router, limits, std::future::pending())),
            None => tokio::spawn(serve(listener, router, limits, std::future::pending())),
        };
        proxy
    }

    pub(super) fn does(&self, fault: Fault) {
        *self.fault.lock().unwrap() = Arc::new(fault);
    }
}

/// Headers that are about one connection.
fn strip(headers: &mut HeaderMap) {
    for name in ["connection", "transfer-encoding", "content-length", "host", "keep-alive"] {
        headers.remove(HeaderName::from_static(name));
    }
}

async fn pass(State(proxy): State<Proxy>, request: Request) -> axum::response::Response {
    let fault = Arc::clone(&proxy.fault.lock().unwrap());
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    let mut sent = http::Request::from_parts(parts, body);
    let path = sent.uri().path().to_owned();
    let mut got = match (fault.before)(&mut sent) {
        Some(own) => own,
        None => {
            let to = format!("{}{}", proxy.upstream, sent.uri().path_and_query().unwrap());
            *sent.uri_mut() = to.parse().unwrap();
            strip(sent.headers_mut());
            let limits = Limits { body: 16 * 1024 * 1024, ..Limits::default() };
            let mut got = match proxy.http.send(sent, limits).await {
                Ok(got) => got,
                Err(_) => Response::builder().status(StatusCode::BAD_GATEWAY).body(Vec::new()).unwrap(),
            };
            strip(got.headers_mut());
            got
        }
    };
    (fault.after)(&path, &mut got);
    got.map(Body::from)
}
