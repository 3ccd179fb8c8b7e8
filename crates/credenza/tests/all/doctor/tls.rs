//! TLS of the deployment.

use credenza::core::{Clock as _, Outcome, SystemClock};
use credenza::doctor::{Examination, examine};
use credenza::http::Outgoing;
use credenza::server::Tls;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use super::proxy::Proxy;
use super::world::{World, fails, ids, told};
use crate::world::free_port;

const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// An authority, and one below it that certifies servers.
struct Authority {
    root: rcgen::Certificate,
    intermediate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let named = |name: &str| {
            let mut parameters = CertificateParams::default();
            parameters.distinguished_name.push(DnType::CommonName, name);
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            parameters
        };
        let (root_key, key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let root = named("Test Root").self_signed(&root_key).unwrap();
        let above = Issuer::new(named("Test Root"), root_key);
        let intermediate = named("Test Intermediate").signed_by(&key, &above).unwrap();
        Self { root, intermediate, issuer: Issuer::new(named("Test Intermediate"), key) }
    }

    /// A certificate for this name that ends in so many days, with what is sent after it.
    fn tls(&self, name: &str, days: u32, after: &[&rcgen::Certificate]) -> Tls {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new([name.to_owned()]).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, name);
        let end = (SystemClock.now() + DAY * days).to_rfc3339();
        let number = |range: std::ops::Range<usize>| end[range].parse::<u8>().unwrap();
        let year = end[0..4].parse().unwrap();
        parameters.not_after = rcgen::date_time_ymd(year, number(5..7), number(8..10));
        let own = parameters.signed_by(&key, &self.issuer).unwrap();
        let chain: String =
            std::iter::once(&own).chain(after.iter().copied()).map(rcgen::Certificate::pem).collect();
        Tls::from_pem(chain.as_bytes(), key.serialize_pem().as_bytes()).unwrap()
    }

    fn trusted(&self) -> Outgoing {
        Outgoing { roots: vec![self.root.der().to_vec()], ..Outgoing::default() }
    }
}

/// Examined at another port, where TLS is of this kind.
async fn at(world: &World, tls: Tls, outgoing: Outgoing) -> credenza::core::Report {
    let port = free_port();
    let _proxy = Proxy::start(port, world.listen, Some(tls)).await;
    let url = format!("https://localhost:{port}").parse().unwrap();
    examine(&Examination { url, outgoing, ..world.examination() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_deployment_over_tls_fits() {
    let authority = Authority::new();
    let tls = authority.tls("localhost", 90, &[&authority.intermediate]);
    let world = World::start(("https", "localhost", ""), Some(tls), "").await;
    let mut examination = Examination { outgoing: authority.trusted(), ..world.examination() };
    let report = examine(&examination).await;
    assert!(report.ok() && ids(&report, Outcome::Warned).is_empty(), "{report}");
    // The same without TLS, at another port.
    examination.plain_port = free_port();
    let _plain = Proxy::start(examination.plain_port, world.listen, None).await;
    fails(&examine(&examination).await, "doctor.tls.plain", "redirect to https");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_are_wrong() {
    let authority = Authority::new();
    let world = World::plain().await;
    let (good, roots) = (&authority.intermediate, || authority.trusted());
    let alone = at(&world, authority.tls("localhost", 90, &[]), roots()).await;
    fails(&alone, "doctor.tls.trusted", "fullchain.pem");
    let unknown = at(&world, authority.tls("localhost", 90, &[good]), Outgoing::default()).await;
    fails(&unknown, "doctor.tls.trusted", "an authority that wallets trust");
    let other = at(&world, authority.tls("other.example", 90, &[good]), roots()).await;
    fails(&other, "doctor.tls.name", "localhost is not among the names of the certificate (other.example)");
    let soon = at(&world, authority.tls("localhost", 5, &[good]), roots()).await;
    told(&soon, "doctor.tls.expiry", Outcome::Warned, "renew it now");
    let long = at(&world, authority.tls("localhost", 90, &[good, &authority.root]), roots()).await;
    told(&long, "doctor.tls.root", Outcome::Warned, "Test Root");
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let own = Tls::from_pem(own.cert.pem().as_bytes(), own.signing_key.serialize_pem().as_bytes()).unwrap();
    fails(&at(&world, own, roots()).await, "doctor.tls.trusted", "vouches for itself");

    // Expired, by a clock that is two months ahead of the certificate's end.
    let ahead = credenza::core::FixedClock::at(SystemClock.now() + DAY * 60);
    let port = free_port();
    let _proxy = Proxy::start(port, world.listen, Some(authority.tls("localhost", 5, &[good]))).await;
    let url = format!("https://localhost:{port}").parse().unwrap();
    let clock = std::sync::Arc::new(ahead);
    let report = examine(&Examination { url, outgoing: roots(), clock, ..world.examination() }).await;
    fails(&report, "doctor.tls.expiry", "renew it");

    // What speaks no TLS.
    let url = format!("https://localhost:{}", world.port).parse().unwrap();
    let report = examine(&Examination { url, outgoing: roots(), ..world.examination() }).await;
    fails(&report, "doctor.tls.trusted", "To do");
}
