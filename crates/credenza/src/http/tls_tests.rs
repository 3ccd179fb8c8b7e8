//! Whom the client talks to over TLS: nobody whose certificate does not have the very name that was asked for.

use std::net::Ipv4Addr;

use axum::Router;
use axum::routing::get;
use credenza_server::{Limits as ServerLimits, Tls, serve_tls};
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, OtherNameValue,
    SanType,
};
use tokio::net::TcpListener;

use super::*;

const NAME: &str = "server.test";

/// An authority.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: Vec<u8>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = parameters.self_signed(&key).unwrap().der().to_vec();
        Self { issuer: Issuer::new(parameters, key), root }
    }

    /// A server of this common name and these alternative names, and its port.
    async fn serves(&self, common_name: &str, names: Vec<SanType>, expired: bool) -> u16 {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, common_name);
        parameters.subject_alt_names = names;
        if expired {
            parameters.not_after = rcgen::date_time_ymd(2020, 1, 1);
            parameters.not_before = rcgen::date_time_ymd(2019, 1, 1);
        }
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        let tls = Tls::from_pem(certificate.pem().as_bytes(), key.serialize_pem().as_bytes()).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let router = Router::new().route("/", get(|| async { "hello" }));
        tokio::spawn(serve_tls(listener, tls, router, ServerLimits::default(), std::future::pending()));
        port
    }
}

struct ThisMachine;

impl Lookup for ThisMachine {
    fn lookup<'a>(&'a self, _name: &'a str) -> Answer<'a, std::io::Result<Vec<IpAddr>>> {
        Answer::ready(Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]))
    }
}

async fn ask(roots: &[&Authority], name: &str, port: u16) -> Result<Response<Vec<u8>>, HttpError> {
    let http = ReqwestHttp::with_lookup(AddressPolicy::Loopback, Arc::new(ThisMachine));
    let http = http.with_roots(roots.iter().map(|authority| authority.root.clone()).collect());
    let request = Request::get(format!("https://{name}:{port}/")).body(Vec::new()).unwrap();
    http.send(request, Limits { time: Duration::from_secs(5), ..Limits::default() }).await
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(Ia5String::try_from(name).unwrap())
}

// Clauses: VP-14.6-02, SIOP-13.6-02, JAR-8-01, JAR-8-02, JAR-8-03, JAR-8-04, JAR-11.1-02, DID-WEB-03,
// ASM-6.1-03, ASM-6.2-01, VCI-13.9-02
// Checks: WVP-047
#[tokio::test]
async fn a_server_is_known_by_its_dns_name_and_by_an_authority() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let port = ours.serves("x", vec![dns(NAME)], false).await;
    let response = ask(&[&ours], NAME, port).await.unwrap();
    assert_eq!(response.body(), b"hello");
    assert!(ask(&[&theirs], NAME, port).await.is_err(), "another authority");
    assert!(ask(&[], NAME, port).await.is_err(), "nobody knows the authority");
    assert!(ask(&[&ours], "other.test", port).await.is_err(), "another name");
    assert!(ask(&[&ours], "sub.server.test", port).await.is_err(), "a name below it");
    let late = ours.serves("x", vec![dns(NAME)], true).await;
    assert!(ask(&[&ours], NAME, late).await.is_err(), "its time is over");
}

// Clauses: JAR-8-06, JAR-8-07
#[tokio::test]
async fn names_of_other_kinds_are_no_names_of_a_server() {
    let authority = Authority::new();
    let service = OtherNameValue::Utf8String(format!("_https.{NAME}"));
    for (why, common_name, names) in [
        ("the common name alone", NAME, vec![]),
        ("the common name beside another", NAME, vec![dns("other.test")]),
        ("a URI", "x", vec![SanType::URI(Ia5String::try_from(format!("https://{NAME}/")).unwrap())]),
        ("a service", "x", vec![SanType::OtherName((vec![1, 3, 6, 1, 5, 5, 7, 8, 7], service))]),
    ] {
        let port = authority.serves(common_name, names, false).await;
        assert!(ask(&[&authority], NAME, port).await.is_err(), "{why}");
    }
}
