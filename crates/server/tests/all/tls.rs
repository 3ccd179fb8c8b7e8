//! TLS of the service's own: which versions and suites, and what happens to those who speak something else.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use credenza_server::{Limits, Tls, TlsError, serve_tls};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion, version};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

struct Pem {
    certificate: String,
    der: Vec<u8>,
    key: String,
}

fn pem() -> Pem {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    Pem { certificate: made.cert.pem(), der: made.cert.der().to_vec(), key: made.signing_key.serialize_pem() }
}

/// A service that says hello, and where it is.
async fn hello(pem: &Pem) -> std::net::SocketAddr {
    let tls = Tls::from_pem(pem.certificate.as_bytes(), pem.key.as_bytes()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/", get(|| async { "hello" }));
    tokio::spawn(serve_tls(listener, tls, router, Limits::default(), std::future::pending()));
    address
}

struct Answer {
    version: ProtocolVersion,
    suite: String,
    text: String,
}

async fn ask(
    address: std::net::SocketAddr,
    pem: &Pem,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<Answer, String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(pem.der.clone())).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut tls =
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|it| it.to_string())?;
    let (version, suite) = {
        let (_, session) = tls.get_ref();
        let suite = session.negotiated_cipher_suite().unwrap().suite();
        (session.protocol_version().unwrap(), format!("{suite:?}"))
    };
    tls.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut text = String::new();
    let _ = tls.read_to_string(&mut text).await;
    Ok(Answer { version, suite, text })
}

// Clauses: ASM-6.1-01
// Checks: ISS-135, ISS-136
#[tokio::test]
async fn tls_1_3_is_chosen_wherever_it_is_offered() {
    let pem = pem();
    let address = hello(&pem).await;
    for offered in [&[&version::TLS13][..], &[&version::TLS12, &version::TLS13]] {
        let answer = ask(address, &pem, offered).await.unwrap();
        assert_eq!(answer.version, ProtocolVersion::TLSv1_3);
        assert!(answer.text.starts_with("HTTP/1.1 200 OK") && answer.text.ends_with("hello"));
    }
}

// Clauses: ASM-6.1-02, ASM-6.1-04, VCI-13.9-01, VP-14.6-01, SIOP-9-01, SIOP-13.6-01, JAR-8-02, OABCP-5.6-04
// Checks: ISS-137
#[tokio::test]
async fn with_tls_1_2_the_suites_are_those_of_bcp_195() {
    let pem = pem();
    let address = hello(&pem).await;
    let answer = ask(address, &pem, &[&version::TLS12]).await.unwrap();
    assert_eq!(answer.version, ProtocolVersion::TLSv1_2);
    assert!(answer.suite.starts_with("TLS_ECDHE_"), "{}", answer.suite);
    // A client that can do nothing but RSA key transport or CBC is turned away by an alert, not served.
    for suite in [[0x00, 0x9c], [0x00, 0x2f], [0xc0, 0x13], [0xc0, 0x27]] {
        assert_eq!(raw_hello(address, [3, 3], suite).await, Some(Alert), "{suite:02x?}");
    }
    // The same greeting with a suite that is allowed gets an answer: it is the suite that was refused.
    for suite in [[0xc0, 0x2b], [0xc0, 0x2c], [0xcc, 0xa9]] {
        assert_eq!(raw_hello(address, [3, 3], suite).await, None, "{suite:02x?}");
    }
}

// Clauses: VCI-13.9-01, VP-14.6-01, SIOP-13.6-01
// Checks: ISS-134
#[tokio::test]
async fn tls_1_0_and_1_1_are_refused() {
    let address = hello(&pem()).await;
    for version in [[3, 1], [3, 2]] {
        assert_eq!(raw_hello(address, version, [0xc0, 0x2b]).await, Some(Alert), "{version:?}");
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Alert;

/// Greets as a client of this version with one cipher suite: an alert, or `None` for a greeting back.
async fn raw_hello(address: std::net::SocketAddr, version: [u8; 2], suite: [u8; 2]) -> Option<Alert> {
    let mut body = Vec::from(version);
    body.extend([7; 32]); // random
    body.push(0); // no session
    body.extend([0, 2]);
    body.extend(suite);
    body.extend([1, 0]); // no compression
    let extensions: &[&[u8]] = &[
        &[0, 0, 0, 14, 0, 12, 0, 0, 9, b'l', b'o', b'c', b'a', b'l', b'h', b'o', b's', b't'], // server_name
        &[0, 10, 0, 6, 0, 4, 0, 23, 0, 29],                                                   // groups
        &[0, 11, 0, 2, 1, 0],                                                                 // points
        &[0, 13, 0, 8, 0, 6, 4, 3, 8, 4, 4, 1],                                               // signatures
        &[0, 23, 0, 0], // extended master secret
    ];
    let extensions = extensions.concat();
    body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
    body.extend(extensions);
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    let mut handshake = vec![1, 0, length[0], length[1]];
    handshake.extend(body);
    let length = u16::try_from(handshake.len()).unwrap().to_be_bytes();
    let mut record = vec![22, 3, 1, length[0], length[1]];
    record.extend(handshake);
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&record).await.unwrap();
    let mut kind = [0];
    stream.read_exact(&mut kind).await.unwrap();
    match kind[0] {
        21 => Some(Alert),
        22 => None,
        other => panic!("a record of type {other}"),
    }
}

#[tokio::test]
async fn plain_http_gets_no_answer_from_a_tls_listener() {
    let address = hello(&pem()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");
}

#[test]
fn what_is_no_certificate_or_key_is_said() {
    let (one, other) = (pem(), pem());
    let from = |certificate: &str, key: &str| Tls::from_pem(certificate.as_bytes(), key.as_bytes());
    assert_eq!(from("", &one.key).unwrap_err(), TlsError::Certificates);
    assert_eq!(from(&one.key, &one.key).unwrap_err(), TlsError::Certificates);
    assert_eq!(from(&one.certificate, "").unwrap_err(), TlsError::Key);
    assert_eq!(from(&one.certificate, &one.certificate).unwrap_err(), TlsError::Key);
    assert!(matches!(from(&one.certificate, &other.key).unwrap_err(), TlsError::Unusable(_)));
}
