//! What does not fit between the configuration, the name, the clock, and what is served.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use credenza::core::{Answer, Clock as _, FixedClock, Outcome, SystemClock, SystemRandom};
use credenza::crypto::SoftwareSigner;
use credenza::doctor::{Examination, examine};
use credenza::http::Lookup;
use credenza::keys::identity::Identity;

use super::world::{World, fails, ids, told};

struct Leads(Vec<IpAddr>);

impl Lookup for Leads {
    fn lookup<'a>(&'a self, _name: &'a str) -> Answer<'a, std::io::Result<Vec<IpAddr>>> {
        match self.0.as_slice() {
            [] => Answer::ready(Err(std::io::Error::other("no such name"))),
            found => Answer::ready(Ok(found.to_vec())),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_url_is_another_one() {
    let world = World::plain().await;
    let url = format!("http://localhost:{}", world.port);
    let report = examine(&Examination { url: url.parse().unwrap(), ..world.examination() }).await;
    fails(&report, "doctor.issuer", &format!("it is {}, and wallets that come to {url}", world.url));
    fails(&report, "doctor.server.issuer", &world.url);
    fails(&report, "doctor.endpoints", &world.url);
    fails(&report, "doctor.metadata.signed", "its sub is");
    told(&report, "doctor.key.name", Outcome::Warned, "neither localhost nor");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_leads_to_a_wrong_place() {
    let world = World::plain().await;
    let url: url::Url = format!("http://issuer.test:{}", world.port).parse().unwrap();
    let at = |addresses: Vec<IpAddr>| Examination {
        url: url.clone(),
        lookup: Arc::new(Leads(addresses)),
        ..world.examination()
    };
    let report = examine(&at(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])).await;
    fails(&report, "doctor.url", "https://HOST");
    fails(&report, "doctor.dns.public", "127.0.0.1 is not public");
    assert!(ids(&report, Outcome::Passed).contains(&"doctor.reach"), "one mistake does not hide the others");
    let report = examine(&at(Vec::new())).await;
    fails(&report, "doctor.dns.resolves", "issuer.test: no such name");
    fails(&report, "doctor.reach", "To do");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_configuration_is_running() {
    let world = World::plain().await;
    let mut examination = world.examination();
    let other = Identity::generate("Other", &examination.url, SystemClock.now(), &SystemRandom).unwrap();
    let known = examination.known.as_mut().unwrap();
    known.issuer = Arc::new(other.issuer);
    fails(&examine(&examination).await, "doctor.current", "another certificate");
    let mut examination = world.examination();
    let known = examination.known.as_mut().unwrap();
    let mut more = known.types[0].clone();
    more.id = "brand-new".to_owned();
    known.types.push(more);
    fails(&examine(&examination).await, "doctor.current", "brand-new");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_does_not_believe_itself() {
    let world = World::plain().await;
    world.issue().await;
    let mut examination = world.examination();
    let other = Identity::generate("Other", &examination.url, SystemClock.now(), &SystemRandom).unwrap();
    let known = examination.known.as_mut().unwrap();
    known.anchors = vec![other.authority.certificate().to_vec()];
    known.dids.clear();
    let report = examine(&examination).await;
    fails(&report, "doctor.trust", "verifier.trusted_issuers");
    fails(&report, "doctor.status", "trusted to sign the status");
    let failed = report.parts.iter().flat_map(|part| &part.checks);
    let named: Vec<_> = failed
        .filter(|check| check.rule.id == "doctor.trust" && check.outcome == Outcome::Failed)
        .map(|check| check.evidence.as_deref().unwrap_or_default())
        .collect();
    assert!(named.iter().any(|told| told.contains("keys/root.pem")), "{named:?}");
    assert!(named.iter().any(|told| told.contains("keys/iaca.pem")), "{named:?}");
    known_nobody(examination).await;
}

/// Somebody who only issues trusts nobody, and that is as it should be.
async fn known_nobody(mut examination: Examination) {
    examination.known.as_mut().unwrap().anchors.clear();
    told(&examine(&examination).await, "doctor.trust", Outcome::Skipped, "trusts nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn time_goes_by() {
    let world = World::plain().await;
    world.issue().await;
    let day = Duration::from_secs(24 * 60 * 60);
    let after = |days: u32| Examination {
        clock: Arc::new(FixedClock::at(SystemClock.now() + day * days)),
        ..world.examination()
    };
    // Not enough to break anything, and worth a word.
    let ahead = Arc::new(FixedClock::at(SystemClock.now() + Duration::from_secs(30)));
    let report = examine(&Examination { clock: ahead, ..world.examination() }).await;
    told(&report, "doctor.clock", Outcome::Warned, "behind this machine's");
    assert!(report.ok(), "{report}");
    let report = examine(&after(440)).await;
    told(&report, "doctor.key.expiry", Outcome::Warned, "have the key certified anew");
    // Served now, it is stale by then, and proofs that are made then are refused now.
    fails(&report, "doctor.status", "not so");
    fails(&report, "doctor.clock", "behind this machine's");
    fails(&report, "doctor.header.dpop-nonce", "clocks");
    fails(&examine(&after(2000)).await, "doctor.key.expiry", "valid from");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_is_sent_along() {
    let world = World::plain().await;
    let file = world.service.folder.path().join("keys/issuer.jwk");
    let signer = SoftwareSigner::from_private_jwk(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut chain = credenza::crypto::Signer::x5c(&signer).to_vec();
    let root = std::fs::read_to_string(world.service.root()).unwrap();
    chain.extend(credenza::crypto::x509::pem_to_der_chain(&root).unwrap());
    let signer = Arc::new(signer.with_x5c(chain));
    let with = |haip: bool| {
        let mut examination = world.examination();
        let known = examination.known.as_mut().unwrap();
        known.issuer = Arc::clone(&signer) as _;
        known.haip = haip;
        examination
    };
    told(&examine(&with(false)).await, "doctor.key.root", Outcome::Warned, "take it out of `issuer.key`");
    fails(&examine(&with(true)).await, "doctor.key.root", "take it out of `issuer.key`");
}
