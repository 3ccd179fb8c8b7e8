//! The listener over real sockets: what breaks HTTP, what is slow, what panics, and how it stops.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use credenza_server::{Limits, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::fixed_with;
use crate::world::Wanted;

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<std::io::Result<()>>,
}

pub(crate) async fn run(router: Router, limits: Limits) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(serve(listener, router, limits, async {
        let _ = stopped.await;
    }));
    Running { address, stop, ended }
}

async fn service(limits: Limits) -> Running {
    run(fixed_with(Wanted { limits, ..Wanted::default() }).router, limits).await
}

/// Sends bytes and reads until the other side closes.
pub(crate) async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The other side may close while we still write.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer));
    let _ = read.await.expect("the connection is closed");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn h01_smuggling_and_oversized_heads_are_refused() {
    let running = service(Limits::default()).await;
    let head = "POST /token HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let many = (0..200).map(|number| format!("X-{number}: y\r\n")).collect::<String>();
    let cases = [
        format!("{head}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
        format!("{head}Content-Length: -1\r\n\r\n"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n"),
        format!("{head}Transfer-Encoding: gzip\r\n\r\nabc"),
        "GET / HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\nHost: x\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
    ];
    for case in cases {
        let answer = raw(running.address, case.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{case}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), usize::from(!answer.is_empty()), "{case}: {answer}");
    }
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "a".repeat(64 * 1024));
    for case in [format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n"), long] {
        let answer = raw(running.address, case.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{}", &answer[..answer.len().min(200)]);
    }
    // Both lengths: what follows is not taken for a second request.
    let both = format!(
        "{head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    );
    let answer = raw(running.address, both.as_bytes()).await;
    assert!(!answer.contains("alive"), "{answer}");
    let fine = raw(running.address, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(fine.starts_with("HTTP/1.1 200") && fine.contains("alive"));
}

#[tokio::test]
async fn h03_slow_heads_and_bodies_are_cut_off() {
    let limits = Limits {
        head_time: Duration::from_millis(300),
        request_time: Duration::from_millis(300),
        ..Limits::default()
    };
    let running = service(limits).await;
    let started = Instant::now();
    let head = raw(running.address, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ").await;
    assert!(head.is_empty() || head.starts_with("HTTP/1.1 408"), "{head}");
    let body = raw(
        running.address,
        b"POST /token HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ngrant",
    )
    .await;
    assert!(body.starts_with("HTTP/1.1 503") && body.contains("temporarily_unavailable"), "{body}");
    let idle = raw(running.address, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(idle.starts_with("HTTP/1.1 200"), "an idle connection is closed after its answer");
    assert!(started.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn h04_a_body_that_is_too_large_is_refused_before_it_is_read() {
    let running = service(Limits::default()).await;
    let head = "POST /token HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let declared = raw(running.address, format!("{head}Content-Length: 1073741824\r\n\r\n").as_bytes()).await;
    assert!(declared.starts_with("HTTP/1.1 413"), "{declared}");
    let mut chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    for _ in 0..300 {
        chunked.extend_from_slice(b"1000\r\n");
        chunked.extend_from_slice(&[b'a'; 0x1000]);
        chunked.extend_from_slice(b"\r\n");
    }
    let streamed = raw(running.address, &chunked).await;
    assert!(streamed.starts_with("HTTP/1.1 413") || streamed.is_empty(), "{streamed}");
}

#[tokio::test]
async fn h03_further_connections_wait_for_a_place() {
    let limits = Limits { connections: 1, head_time: Duration::from_millis(200), ..Limits::default() };
    let running = service(limits).await;
    let idler = TcpStream::connect(running.address).await.unwrap();
    let answer = raw(running.address, b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "served when the idle one was cut off");
    drop(idler);
}

#[tokio::test]
async fn a_stop_lets_requests_end_and_takes_no_more() {
    let (entered, wait_entered) = oneshot::channel();
    let entered = Arc::new(std::sync::Mutex::new(Some(entered)));
    let slow = get(move || async move {
        if let Some(entered) = entered.lock().unwrap().take() {
            let _ = entered.send(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        "done"
    });
    let running = run(Router::new().route("/slow", slow), Limits::default()).await;
    let address = running.address;
    let request = tokio::spawn(async move { raw(address, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await });
    wait_entered.await.unwrap();
    running.stop.send(()).unwrap();
    running.ended.await.unwrap().unwrap();
    let answer = request.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("done"), "{answer}");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_stop_ends_event_streams_at_once() {
    let limits = Limits::default();
    let world = fixed_with(Wanted { limits, ..Wanted::default() });
    let body = serde_json::json!({"credentials": [{"type": "pid", "claims": crate::world::ada()}]});
    let made = crate::wallet_plane::offer(&world, body).await;
    let running = run(world.router.clone(), limits).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let (id, token) = (made["id"].as_str().unwrap(), crate::world::TOKEN);
    let request = format!(
        "GET /api/v1/offers/{id}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut start = [0; 512];
    while !String::from_utf8_lossy(&start).contains("offer.created") {
        assert_ne!(stream.read(&mut start).await.unwrap(), 0);
    }
    let stopped = Instant::now();
    running.stop.send(()).unwrap();
    running.ended.await.unwrap().unwrap();
    assert!(stopped.elapsed() < Duration::from_secs(5));
}
