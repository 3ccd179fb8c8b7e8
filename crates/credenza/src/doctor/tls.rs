//! TLS of the public URL: the certificates that the server sends.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use credenza_core::Report;
use credenza_crypto::Certificate;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime as TlsTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Host;

use super::{Visitor, identifier, rules};

/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long before its end a certificate is spoken of.
const SOON: Duration = Duration::from_secs(14 * 24 * 60 * 60);

pub(super) async fn check(visitor: &Visitor<'_>, addresses: &[IpAddr]) -> Report {
    let mut report = Report::new("TLS");
    let url = &visitor.what.url;
    let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else { return report };
    let Some(address) = addresses.first() else {
        report.skip(&rules::TLS_TRUSTED, "there is no address to connect to");
        return report;
    };
    let seen = Seen::default();
    let name = match &host {
        Host::Domain(name) => ServerName::try_from((*name).to_owned()).ok(),
        Host::Ipv4(address) => Some(ServerName::from(IpAddr::V4(*address))),
        Host::Ipv6(address) => Some(ServerName::from(IpAddr::V6(*address))),
    };
    let Some(name) = name else { return report };
    let greeting = greet(SocketAddr::new(*address, port), name, &visitor.what.outgoing.roots, &seen);
    let greeted = match tokio::time::timeout(PATIENCE, greeting).await {
        Ok(greeted) => greeted,
        Err(_) => Err("no answer within the time limit".to_owned()),
    };
    let chain: Vec<Certificate> =
        seen.chain().iter().filter_map(|der| Certificate::parse(der).ok()).collect();
    match greeted {
        Ok(()) => report.pass(&rules::TLS_TRUSTED),
        Err(why) => report.fail(&rules::TLS_TRUSTED, format!("{why}. To do: {}", advice(&why, &chain))),
    }
    certificates(visitor, &host, &chain, &mut report);
    plain(visitor, &host, &mut report).await;
    report
}

/// What to do about a handshake that failed.
fn advice(why: &str, chain: &[Certificate]) -> String {
    let host = "the server in front of the service";
    match chain {
        [] if why.contains("CorruptMessage") => {
            format!("speak TLS at this port: what answers there does not. Give {host} a certificate, or set [tls]")
        }
        [] => format!("let {host} listen at this address with TLS 1.2 or 1.3"),
        [only] if why.contains("UnknownIssuer") && only.is_self_issued() => {
            "get a certificate from an authority that wallets trust: this one vouches for itself".to_owned()
        }
        [only] if why.contains("UnknownIssuer") => format!(
            "let {host} send the intermediate certificates, too (often a file named fullchain.pem): it sends its own \
             alone, issued by {}",
            only.issuer
        ),
        _ if why.contains("UnknownIssuer") => {
            "get a certificate from an authority that wallets trust; name a root of your own with --trusted-root".to_owned()
        }
        _ if why.contains("Expired") => "renew the certificate, and see why that was not done by itself".to_owned(),
        _ => "get a certificate for exactly this name".to_owned(),
    }
}

fn certificates(visitor: &Visitor<'_>, host: &Host<&str>, chain: &[Certificate], report: &mut Report) {
    let Some(leaf) = chain.first() else { return };
    if let Host::Domain(name) = host {
        report.check(&rules::TLS_NAME, names(leaf, name), || {
            format!(
                "{name} is not among the names of the certificate ({}). To do: get one for {name}, or use it where the \
                 name in `url` leads",
                leaf.dns_names.join(", ")
            )
        });
    }
    let now = visitor.what.clock.now();
    let ends = chain.iter().filter(|one| !one.is_self_issued()).map(|one| one.not_after).min();
    let ends = ends.unwrap_or(leaf.not_after);
    if now > ends || now < leaf.not_before {
        let (from, to) = (leaf.not_before, ends);
        let advice = "renew it; if it looks valid, set the clock of this machine";
        report.fail(&rules::TLS_EXPIRY, format!("it is valid from {from} to {to}. To do: {advice}"));
    } else if ends.since(now) < SOON {
        report.warn(
            &rules::TLS_EXPIRY,
            format!("it ends on {ends}. To do: renew it now, and see that it renews by itself"),
        );
    } else {
        report.pass_with(&rules::TLS_EXPIRY, format!("until {ends}"));
    }
    match chain.iter().skip(1).find(|one| one.is_self_issued()) {
        Some(root) => report.warn(
            &rules::TLS_ROOT,
            format!(
                "{} is sent. To do: take it out of the file with the chain, it only makes it longer",
                root.subject
            ),
        ),
        None => report.pass(&rules::TLS_ROOT),
    }
}

/// Whether a certificate is for a name; a star stands for one label (RFC 9525 §6.3).
fn names(leaf: &Certificate, host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    leaf.has_dns_name(&host)
        || host.split_once('.').is_some_and(|(_, parent)| leaf.has_dns_name(&format!("*.{parent}")))
}

/// Whether the service is served without TLS, too.
async fn plain(visitor: &Visitor<'_>, host: &Host<&str>, report: &mut Report) {
    let path = credenza_core::well_known::insert(&visitor.what.url, "openid-credential-issuer");
    let url = format!("http://{host}:{}{}", visitor.what.plain_port, path.path());
    let served = match visitor.get(&url, "application/json").await {
        Ok(answer) => {
            let metadata = credenza_core::json::parse_object(answer.body()).ok();
            let issuer = metadata.as_ref().and_then(|metadata| metadata.get("credential_issuer")?.as_str());
            issuer == Some(identifier(&visitor.what.url))
        }
        Err(_) => false,
    };
    report.check(&rules::TLS_PLAIN, !served, || {
        format!("{url} serves the metadata. To do: let the proxy answer plain http with a redirect to https, or not at all")
    });
}

/// Connects as a wallet does, and notes the certificates whatever comes of it.
async fn greet(
    address: SocketAddr,
    name: ServerName<'static>,
    roots: &[Vec<u8>],
    seen: &Seen,
) -> Result<(), String> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    store.add_parsable_certificates(roots.iter().map(|der| CertificateDer::from(der.clone())));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(&provider)).build();
    let inner = inner.map_err(|error| format!("no root certificates are known here ({error})"))?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Watching { inner, seen: seen.clone() }))
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await.map_err(|error| format!("{address}: {error}"))?;
    let connected = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    connected.map(|_| ()).map_err(|error| error.to_string())
}

/// The certificates that were sent: DER, the server's own first.
#[derive(Debug, Clone, Default)]
struct Seen(Arc<Mutex<Vec<Vec<u8>>>>);

impl Seen {
    fn chain(&self) -> Vec<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Judges as ever, and remembers what was judged.
#[derive(Debug)]
struct Watching {
    inner: Arc<WebPkiServerVerifier>,
    seen: Seen,
}

impl ServerCertVerifier for Watching {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: TlsTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain = std::iter::once(leaf).chain(intermediates).map(|certificate| certificate.to_vec());
        *self.seen.0.lock().unwrap_or_else(PoisonError::into_inner) = chain.collect();
        self.inner.verify_server_cert(leaf, intermediates, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
