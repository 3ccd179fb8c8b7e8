//! The guard against loopback listeners that count who knocks.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// A listener that answers each connection with the same bytes, and counts connections.
struct Listener {
    port: u16,
    hits: Arc<AtomicUsize>,
}

impl Listener {
    async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        Self::start(answer.into(), false).await
    }

    async fn start(answer: Vec<u8>, for_ever: bool) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let hits = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&hits);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                let answer = answer.clone();
                tokio::spawn(async move {
                    let _ = stream.read(&mut [0; 4096]).await;
                    let _ = stream.write_all(&answer).await;
                    while for_ever && stream.write_all(b"10\r\n0123456789abcdef\r\n").await.is_ok() {}
                    let _ = stream.shutdown().await;
                });
            }
        });
        Self { port, hits }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }
}

struct Fixed(Vec<IpAddr>);

impl Lookup for Fixed {
    fn lookup<'a>(&'a self, _name: &'a str) -> Answer<'a, std::io::Result<Vec<IpAddr>>> {
        Answer::ready(Ok(self.0.clone()))
    }
}

fn get(url: &str) -> Request<Vec<u8>> {
    Request::get(url).body(Vec::new()).unwrap()
}

fn quick() -> Limits {
    Limits { time: Duration::from_secs(2), ..Limits::default() }
}

const HELLO: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

#[tokio::test]
async fn loopback_is_reached_only_where_the_policy_says_so() {
    let listener = Listener::answering(HELLO).await;
    let open = ReqwestHttp::new(AddressPolicy::Loopback);
    assert_eq!(open.send(get(&listener.url()), quick()).await.unwrap().body(), b"hello");
    let by_name = format!("http://localhost:{}/", listener.port);
    assert_eq!(open.send(get(&by_name), quick()).await.unwrap().body(), b"hello");
    assert_eq!(listener.hits(), 2);

    let shut = ReqwestHttp::new(AddressPolicy::Public);
    let refused = shut.send(get(&listener.url()), quick()).await.unwrap_err();
    assert!(matches!(refused, HttpError::Forbidden(_)), "{refused:?}");
    assert_eq!(listener.hits(), 2);
}

#[tokio::test]
async fn v06_internal_addresses_in_every_spelling_are_never_connected_to() {
    let listener = Listener::answering(HELLO).await;
    let port = listener.port;
    let http = ReqwestHttp::new(AddressPolicy::Public);
    let hosts = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "127.000.000.001",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fd00::1]",
        "0.0.0.0",
        "0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "127.0.0.1.",
        "user@127.0.0.1",
        "example.com@127.0.0.1",
    ];
    assert!(hosts.len() >= 30);
    for host in hosts {
        for scheme in ["https", "http"] {
            // Some of them are no URI for the `http` crate: they go nowhere either.
            let url = format!("{scheme}://{host}:{port}/");
            let Ok(request) = Request::get(&url).body(Vec::new()) else { continue };
            let refused = http.send(request, quick()).await.unwrap_err();
            assert!(matches!(refused, HttpError::Forbidden(_)), "{url}: {refused:?}");
        }
    }
    assert_eq!(listener.hits(), 0);
}

#[tokio::test]
async fn v06_a_name_that_resolves_to_an_internal_address_is_not_connected_to() {
    let listener = Listener::answering(HELLO).await;
    for address in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"] {
        let lookup = Arc::new(Fixed(vec![address.parse().unwrap()]));
        let http = ReqwestHttp::with_lookup(AddressPolicy::Public, lookup);
        let url = format!("https://rebound.example:{}/", listener.port);
        let refused = http.send(get(&url), quick()).await.unwrap_err();
        assert!(matches!(refused, HttpError::Forbidden(_)), "{address}: {refused:?}");
    }
    assert_eq!(listener.hits(), 0);
}

// Clauses: SDJ-10.3-01
#[tokio::test]
async fn v06_http_is_for_this_machine_alone_even_where_loopback_is_open() {
    let http = ReqwestHttp::new(AddressPolicy::Loopback);
    for url in ["http://example.com/", "http://1.1.1.1/", "http://10.0.0.1/", "ftp://127.0.0.1/"] {
        let refused = http.send(get(url), quick()).await.unwrap_err();
        assert!(matches!(refused, HttpError::Forbidden(_)), "{url}: {refused:?}");
    }
}

#[tokio::test]
async fn r08_redirects_are_not_followed_unless_asked_for() {
    let second = Listener::answering(HELLO).await;
    for status in [301, 302, 303, 307, 308] {
        let head =
            format!("HTTP/1.1 {status} Moved\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", second.url());
        let first = Listener::answering(head).await;
        let http = ReqwestHttp::new(AddressPolicy::Loopback);
        assert_eq!(http.send(get(&first.url()), quick()).await.unwrap_err(), HttpError::Redirected);
        let post = Request::post(first.url()).body(b"code=1".to_vec()).unwrap();
        let limits = Limits { redirects: 2, ..quick() };
        assert_eq!(
            http.send(post, limits).await.unwrap_err(),
            HttpError::Redirected,
            "a body is not sent on"
        );
        assert_eq!(second.hits(), 0);
    }
}

#[tokio::test]
async fn redirects_are_counted_and_judged_anew() {
    let last = Listener::answering(HELLO).await;
    let to = |url: &str| format!("HTTP/1.1 302 Found\r\nlocation: {url}\r\ncontent-length: 0\r\n\r\n");
    let middle = Listener::answering(to(&last.url())).await;
    let first = Listener::answering(to(&middle.url())).await;
    let http = ReqwestHttp::new(AddressPolicy::Loopback);
    let limits = |redirects| Limits { redirects, ..quick() };
    assert_eq!(http.send(get(&first.url()), limits(2)).await.unwrap().body(), b"hello");
    assert_eq!(http.send(get(&first.url()), limits(1)).await.unwrap_err(), HttpError::Redirected);

    for target in ["http://10.0.0.1/", "http://169.254.169.254/latest", "file:///etc/passwd"] {
        let first = Listener::answering(to(target)).await;
        let refused = http.send(get(&first.url()), limits(2)).await.unwrap_err();
        assert!(matches!(refused, HttpError::Forbidden(_) | HttpError::Redirected), "{target}: {refused:?}");
    }
}

#[tokio::test]
async fn v15_bodies_end_at_the_limit_whatever_the_headers_say() {
    let http = ReqwestHttp::new(AddressPolicy::Loopback);
    let limits = |body| Limits { body, ..quick() };
    let honest = Listener::answering(HELLO).await;
    assert_eq!(http.send(get(&honest.url()), limits(5)).await.unwrap().body(), b"hello");
    assert_eq!(http.send(get(&honest.url()), limits(4)).await.unwrap_err(), HttpError::TooLarge(4));

    let endless =
        Listener::start(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(), true).await;
    assert_eq!(http.send(get(&endless.url()), limits(9999)).await.unwrap_err(), HttpError::TooLarge(9999));

    let short = Listener::answering("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello").await;
    let broken = http.send(get(&short.url()), quick()).await.unwrap_err();
    assert!(matches!(broken, HttpError::Unreachable(_)), "{broken:?}");
}

#[tokio::test]
async fn v15_a_silent_host_is_left_in_time() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://127.0.0.1:{}/?code=canary", silent.local_addr().unwrap().port());
    let http = ReqwestHttp::new(AddressPolicy::Loopback);
    let limits = Limits { time: Duration::from_millis(100), ..Limits::default() };
    assert_eq!(http.send(get(&url), limits).await.unwrap_err(), HttpError::TimedOut);
}

#[tokio::test]
async fn errors_name_no_url() {
    let http = ReqwestHttp::new(AddressPolicy::Loopback);
    let refused = http.send(get("http://127.0.0.1:1/?code=canary"), quick()).await.unwrap_err();
    assert!(!refused.to_string().contains("canary"), "{refused}");
}

#[tokio::test]
async fn v06_internal_hosts_are_asked_where_they_are_named() {
    let listener = Listener::answering(HELLO).await;
    let lookup = || Arc::new(Fixed(vec!["127.0.0.1".parse().unwrap()]));
    let named = |host: &str| {
        ReqwestHttp::with_lookup(AddressPolicy::Public, lookup()).with_internal([host.to_owned()])
    };
    let ask = |host: &str| get(&format!("http://{host}:{}/", listener.port));
    for host in ["127.0.0.1", "register.internal"] {
        assert_eq!(named(host).send(ask(host), quick()).await.unwrap().body(), b"hello");
    }
    assert_eq!(listener.hits(), 2);
    // Another name for the same address is another host, and a name below one of them is too.
    for host in ["localhost", "127.0.0.2", "other.internal", "a.register.internal"] {
        let refused = named("register.internal").send(ask(host), quick()).await.unwrap_err();
        assert!(matches!(refused, HttpError::Forbidden(_)), "{host}: {refused:?}");
    }
    assert_eq!(listener.hits(), 2);
}
