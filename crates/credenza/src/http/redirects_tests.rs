//! How far a browser without a person goes.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::get;
use credenza_server::{Limits as ServerLimits, serve};
use tokio::net::TcpListener;

use super::*;

const END: &str = "http://127.0.0.1:9/callback";

struct Servers {
    url: String,
    asked: Arc<AtomicUsize>,
}

async fn servers() -> Servers {
    let asked = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&asked);
    let round = get(move || {
        counts.fetch_add(1, Ordering::SeqCst);
        async { Redirect::to("/round") }
    });
    let router = Router::new()
        .route("/back", get(|| async { Redirect::to("http://127.0.0.1:9/callback?code=c#part") }))
        .route("/two", get(|| async { Redirect::to("/back") }))
        .route("/round", round)
        .route("/page", get(|| async { "Who are you?" }))
        .route("/nowhere", get(|| async { StatusCode::FOUND }))
        .route("/inside", get(|| async { Redirect::to("https://10.0.0.1/").into_response() }))
        .route("/near", get(|| async { Redirect::to("http://127.0.0.1:9/callback/more?code=c") }));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve(listener, router, ServerLimits::default(), std::future::pending()));
    Servers { url, asked }
}

async fn opened(servers: &Servers, path: &str) -> Result<Url, NotSentBack> {
    let http = ReqwestHttp::new(AddressPolicy::Loopback);
    let start = format!("{}{path}", servers.url).parse().unwrap();
    http.sent_back(&start, &END.parse().unwrap(), Limits::default()).await
}

#[tokio::test]
async fn it_stops_where_it_was_sent_from_and_opens_nothing_there() {
    let servers = servers().await;
    for path in ["/back", "/two"] {
        assert_eq!(opened(&servers, path).await.unwrap().query(), Some("code=c"), "{path}");
    }
    // Nobody listens at the end: had it been opened, there were no connection.
}

#[tokio::test]
async fn it_goes_neither_far_nor_inside() {
    let servers = servers().await;
    assert!(matches!(opened(&servers, "/round").await, Err(NotSentBack::TooFar)));
    assert_eq!(servers.asked.load(Ordering::SeqCst), 6);
    let page = opened(&servers, "/page").await;
    assert!(matches!(page, Err(NotSentBack::Page(StatusCode::OK))), "{page:?}");
    let nowhere = opened(&servers, "/nowhere").await;
    assert!(matches!(nowhere, Err(NotSentBack::Http(HttpError::Redirected))), "{nowhere:?}");
    let inside = opened(&servers, "/inside").await;
    assert!(matches!(inside, Err(NotSentBack::Http(HttpError::Forbidden(_)))), "{inside:?}");
    // Another place below the same host is not the end.
    let near = opened(&servers, "/near").await;
    assert!(matches!(near, Err(NotSentBack::Http(HttpError::Unreachable(_)))), "{near:?}");
    let start = "https://10.0.0.1/authorize".parse().unwrap();
    let public = ReqwestHttp::new(AddressPolicy::Public);
    let refused = public.sent_back(&start, &END.parse().unwrap(), Limits::default()).await;
    assert!(matches!(refused, Err(NotSentBack::Http(HttpError::Forbidden(_)))), "{refused:?}");
}
