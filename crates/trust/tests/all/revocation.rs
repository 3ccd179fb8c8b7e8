//! Chains whose certificates can be revoked.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{HttpError, RecordedHttp, SeededRandom, UnixTime};
use credenza_crypto::x509::{
    CertificateAuthority, LeafProfile, Publication, RevocationPolicy, RevokedCertificate, Subject, X509Error,
};
use credenza_crypto::{Algorithm, Certificate, SoftwareSigner};
use credenza_trust::contract::{ask, check};
use credenza_trust::{Anchor, Distrust, KeyMaterial, Purpose, RevocationChecked, X509Anchors};
use http::{Method, Response};

use crate::NOW;

const DAY: Duration = Duration::from_secs(24 * 3600);
const CRL: &str = "https://authority.example/crl";
const PID: Purpose<'static> = Purpose::Issuer { credential_type: "urn:eudi:pid:1" };

struct World {
    ca: CertificateAuthority,
    chain: Vec<Vec<u8>>,
    http: Arc<RecordedHttp>,
}

fn world() -> World {
    let random = SeededRandom::new(1);
    let publication =
        Publication { contact: "https://authority.example".to_owned(), crl_url: CRL.to_owned() };
    let subject = |name| Subject { country: Some("UT".to_owned()), ..Subject::from(name) };
    let key = || SoftwareSigner::generate(Algorithm::Es256, &random).unwrap();
    let ca = CertificateAuthority::iaca(key(), subject("IACA"), &publication, NOW - DAY, DAY * 99, &random)
        .unwrap();
    let profile = LeafProfile::document_signer(subject("DS"), publication, NOW - DAY, DAY * 50);
    let chain = ca.issue_chain(&key().public_key(), &profile, &random).unwrap();
    World { ca, chain, http: Arc::default() }
}

impl World {
    fn list(&self, revoked: bool, until: UnixTime) -> Vec<u8> {
        let serial = Certificate::parse(&self.chain[0]).unwrap().serial;
        let revoked = if revoked { vec![RevokedCertificate { serial, since: NOW }] } else { Vec::new() };
        self.ca.revocation_list(&revoked, 1, NOW - DAY, until).unwrap()
    }

    fn answers(&self, body: Vec<u8>) {
        self.http.add(Method::GET, CRL, Ok(Response::new(body)));
    }

    fn trust(&self, policy: RevocationPolicy) -> RevocationChecked {
        let anchors = X509Anchors::new(&[Anchor::for_issuers(self.ca.certificate().to_vec())]).unwrap();
        RevocationChecked::new(Arc::new(anchors), self.http.clone(), policy)
    }

    fn material(&self) -> KeyMaterial<'_> {
        KeyMaterial { x5c: Some(&self.chain), ..KeyMaterial::default() }
    }
}

#[test]
fn keeps_the_promises_of_the_port() {
    let world = world();
    world.answers(world.list(false, NOW + DAY));
    let trust = world.trust(RevocationPolicy::Required);
    check(&trust, &world.material(), &[PID, Purpose::StatusList, Purpose::IssuerMetadata], NOW);
    assert_eq!(world.http.requests().len(), 1, "fetched once, and for nobody who is not trusted");
}

// Clauses: MDOC-C-9.3.3-01, X509-V-5280-6.1-03
#[test]
fn x11_a_revoked_signer() {
    for policy in [RevocationPolicy::Required, RevocationPolicy::WhenKnown] {
        let world = world();
        world.answers(world.list(true, NOW + DAY));
        let answer = ask(&world.trust(policy), &world.material(), PID, NOW);
        assert_eq!(answer.unwrap_err(), Distrust::Certificates(X509Error::Revoked));
    }
}

// Clauses: MDOC-C-9.3.3-01
#[test]
fn x11_no_list_is_a_refusal_when_there_must_be_one() {
    let unknown = || Err(Distrust::Certificates(X509Error::RevocationUnknown));
    let due = world().list(false, NOW);
    let broken = world().list(false, NOW + DAY)[1..].to_vec();
    for answer in [
        Err(HttpError::TimedOut),
        Err(HttpError::TooLarge(1)),
        Ok(Response::builder().status(404).body(Vec::new()).unwrap()),
        Ok(Response::new(due)),
        Ok(Response::new(broken)),
        Ok(Response::new(vec![0x30; 100])),
    ] {
        let world = world();
        world.http.add(Method::GET, CRL, answer);
        let (strict, lax) =
            (world.trust(RevocationPolicy::Required), world.trust(RevocationPolicy::WhenKnown));
        assert_eq!(ask(&strict, &world.material(), PID, NOW).map(drop), unknown());
        assert!(ask(&lax, &world.material(), PID, NOW).is_ok());
        // Nobody hammers a server that is in trouble.
        assert_eq!(ask(&strict, &world.material(), PID, NOW).map(drop), unknown());
        assert_eq!(world.http.requests().len(), 2);
        let later = NOW + Duration::from_secs(61);
        assert_eq!(ask(&strict, &world.material(), PID, later).map(drop), unknown());
        assert_eq!(world.http.requests().len(), 3);
    }
}

#[test]
fn a_list_is_fetched_again_when_it_is_due() {
    let world = world();
    world.answers(world.list(false, NOW + DAY));
    let serial = Certificate::parse(&world.chain[0]).unwrap().serial;
    let revoked = [RevokedCertificate { serial, since: NOW }];
    world.answers(world.ca.revocation_list(&revoked, 2, NOW + DAY, NOW + DAY * 2).unwrap());
    let trust = world.trust(RevocationPolicy::Required);
    let asked = |now| ask(&trust, &world.material(), PID, now).map(drop);
    assert_eq!(asked(NOW), Ok(()));
    assert_eq!(asked(NOW + DAY - Duration::from_secs(1)), Ok(()));
    assert_eq!(world.http.requests().len(), 1);
    assert_eq!(asked(NOW + DAY), Err(Distrust::Certificates(X509Error::Revoked)));
    assert_eq!(world.http.requests().len(), 2);
}
