//! Lists of whom to trust: a published VICAL, lists that are made up here, and what must not be taken.

use std::time::Duration;

use credenza_core::{RecordedHttp, SeededRandom, UnixTime};
use credenza_crypto::cose::{self, Content, Reader, SigningHeader, Writer};
use credenza_crypto::jws;
use credenza_crypto::x509::{CertificateAuthority, LeafProfile, pem_to_der_chain};
use credenza_crypto::{Algorithm, Header, IdentifiedBy, Signer, SoftwareSigner};
use credenza_trust::contract::{ask, check};
use credenza_trust::lists::{
    ListError, ListKind, ListSigners, ServiceUse, TrustList, TrustedEntities, VICAL_SIGNER, Vical,
};
use credenza_trust::{Anchor, AnyOf, Distrust, KeyMaterial, Purpose};
use http::{Method, Response};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{NOW, at_once};

const DAY: Duration = Duration::from_secs(24 * 3600);
const MDL: &str = "org.iso.18013.5.1.mDL";
const LICENCE: Purpose<'static> = Purpose::Issuer { credential_type: MDL };
const PID: Purpose<'static> = Purpose::Issuer { credential_type: "eu.europa.ec.eudi.pid.1" };

fn vector(name: &str) -> Vec<u8> {
    let path = format!("{}/../../tests/vectors/isomdl/vical/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

fn published() -> (Vec<u8>, ListSigners) {
    let root = pem_to_der_chain(&String::from_utf8(vector("aamva_ca_root.crt")).unwrap()).unwrap();
    let signers = ListSigners::new(&root).unwrap().extended_key_usage(VICAL_SIGNER);
    (vector("aamva-vical-2025-11-18-1763491092481.cbor"), signers)
}

/// The day on which the published list was in force.
fn that_day() -> UnixTime {
    UnixTime::from_rfc3339("2025-11-18T20:00:00Z").unwrap()
}

// Clauses: MDOC-V-r14
#[test]
fn the_published_vical() {
    let (bytes, signers) = published();
    let vical = Vical::verify(&bytes, &signers, that_day()).unwrap();
    assert_eq!(vical.provider, "AAMVA");
    assert_eq!(vical.issue_id, Some(227_602));
    assert_eq!(vical.next_update, UnixTime::from_rfc3339("2025-11-19T18:38:12Z"));
    assert_eq!(vical.left_out, 0);
    assert_eq!(vical.authorities.len(), 14);
    for authority in &vical.authorities {
        assert_eq!(authority.doc_types, [MDL]);
        assert!(authority.certificate.is_ca);
    }
    assert!(vical.anchors().iter().all(|anchor| anchor.issuers && !anchor.verifiers));

    let list = TrustList::new(ListKind::Vical, signers);
    list.take(&bytes, that_day()).unwrap();
    assert_eq!(list.due(), UnixTime::from_rfc3339("2025-11-19T18:38:12Z"));
    assert_eq!(list.take(&bytes, that_day() + DAY), Err(ListError::Outdated));
    assert_eq!(list.take(&bytes, that_day() - DAY), Err(ListError::NotYetValid));
}

// Clauses: MDOC-V-r14
#[test]
fn x07_a_vical_of_the_wrong_signer() {
    let (bytes, signers) = published();
    let other =
        CertificateAuthority::generate("Other", that_day() - DAY, 10 * DAY, &SeededRandom::new(1)).unwrap();
    let foreign = ListSigners::new(&[other.certificate().to_vec()]).unwrap();
    assert!(matches!(Vical::verify(&bytes, &foreign, that_day()), Err(ListError::Signer(_))));
    let other_use = signers.clone().extended_key_usage("1.0.18013.5.1.2");
    assert!(matches!(Vical::verify(&bytes, &other_use, that_day()), Err(ListError::Signer(_))));
    let other_algorithm = signers.clone().algorithms(&[Algorithm::Es384]);
    assert!(matches!(Vical::verify(&bytes, &other_algorithm, that_day()), Err(ListError::Cose(_))));
    // The signer's certificate has run out since.
    assert!(matches!(Vical::verify(&bytes, &signers, NOW), Err(ListError::Signer(_))));
    assert!(Vical::verify(&bytes, &signers, that_day()).is_ok());
}

#[test]
fn a_vical_that_was_changed() {
    let (bytes, signers) = published();
    // The root comes along in the unprotected header; it is an anchor already, and whatever is there is not believed.
    let root = 2030..2700;
    let places = (0..bytes.len()).step_by(101).chain(bytes.len() - 64..bytes.len());
    for at in places.filter(|at| !root.contains(at)) {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(Vical::verify(&changed, &signers, that_day()).is_err(), "byte {at}");
    }
}

/// An issuing authority, its document signer, and the signer of lists under another root.
struct World {
    iaca: CertificateAuthority,
    chain: Vec<Vec<u8>>,
    signer: SoftwareSigner,
    signers: ListSigners,
}

fn world(seed: u64) -> World {
    let random = SeededRandom::new(seed);
    let iaca = CertificateAuthority::generate("IACA", NOW - DAY, 100 * DAY, &random).unwrap();
    let key = SoftwareSigner::generate(Algorithm::Es256, &random).unwrap().public_key();
    let chain = iaca.issue_chain(&key, &LeafProfile::new("Signer", NOW, 10 * DAY), &random).unwrap();
    let root = CertificateAuthority::generate("List root", NOW - DAY, 100 * DAY, &random).unwrap();
    let signer = SoftwareSigner::generate(Algorithm::Es256, &random).unwrap();
    let profile = LeafProfile::new("List signer", NOW - DAY, 50 * DAY).purpose(VICAL_SIGNER);
    let own = root.issue_chain(&signer.public_key(), &profile, &random).unwrap();
    let signers = ListSigners::new(&[root.certificate().to_vec()]).unwrap().extended_key_usage(VICAL_SIGNER);
    World { iaca, chain, signer: signer.with_x5c(own), signers }
}

/// What a made-up VICAL says.
struct Says<'a> {
    version: &'a str,
    date: &'a str,
    next: Option<&'a str>,
    number: u64,
    certificate: &'a [u8],
    ski: &'a [u8],
    doc_types: &'a [&'a str],
}

impl<'a> Says<'a> {
    fn of(world: &'a World) -> Self {
        Self {
            version: "1.0",
            date: "2027-01-15T08:00:00Z",
            next: Some("2027-01-16T08:00:00Z"),
            number: 7,
            certificate: world.iaca.certificate(),
            ski: world.iaca.parsed().subject_key_id.as_deref().unwrap(),
            doc_types: &[MDL],
        }
    }

    fn signed(&self, world: &World) -> Vec<u8> {
        let mut out = Writer::default();
        let date = |out: &mut Writer, date: &str| {
            out.tag(0).text(date);
        };
        out.map(5 + usize::from(self.next.is_some()));
        out.text("version").text(self.version).text("vicalProvider").text("Us");
        out.text("date");
        date(&mut out, self.date);
        if let Some(next) = self.next {
            out.text("nextUpdate");
            date(&mut out, next);
        }
        out.text("vicalIssueID").unsigned(self.number);
        out.text("certificateInfos").array(1).map(3);
        out.text("certificate").bytes(self.certificate).text("ski").bytes(self.ski);
        out.text("docType").array(self.doc_types.len());
        for doc_type in self.doc_types {
            out.text(doc_type);
        }
        let header = SigningHeader { open_x5chain: world.signer.x5c(), ..SigningHeader::new(&world.signer) };
        at_once(cose::sign1(&world.signer, &header, Content::Attached(out.as_bytes()), &[])).unwrap()
    }
}

fn by(chain: &[Vec<u8>]) -> KeyMaterial<'_> {
    KeyMaterial { x5c: Some(chain), ..KeyMaterial::default() }
}

/// 2027-01-15T08:00:00Z, when the made-up lists begin.
const _: () = assert!(NOW.as_secs() == 1_800_000_000);

#[test]
fn keeps_the_promises_of_the_port() {
    let world = world(1);
    let list = TrustList::new(ListKind::Vical, world.signers.clone());
    check(&list, &by(&world.chain), &[], NOW);
    list.take(&Says::of(&world).signed(&world), NOW).unwrap();
    check(&list, &by(&world.chain), &[LICENCE, Purpose::StatusList, Purpose::IssuerMetadata], NOW);
    assert_eq!(ask(&list, &by(&world.chain), PID, NOW).unwrap_err(), Distrust::CredentialType);
}

#[test]
fn x07_a_list_of_authorities_and_what_their_signers_are_for() {
    let world = world(1);
    let list = TrustList::new(ListKind::Vical, world.signers.clone());
    let list = list.require_usage(&[LICENCE], "1.0.18013.5.1.2");
    list.take(&Says::of(&world).signed(&world), NOW).unwrap();
    assert!(matches!(ask(&list, &by(&world.chain), LICENCE, NOW), Err(Distrust::Certificates(_))));
    assert!(ask(&list, &by(&world.chain), Purpose::StatusList, NOW).is_ok());
}

#[test]
fn x13_a_list_that_is_due_trusts_nobody() {
    let world = world(1);
    let list = TrustList::new(ListKind::Vical, world.signers.clone());
    let asked = |now| ask(&list, &by(&world.chain), LICENCE, now).map(drop);
    assert!(matches!(asked(NOW), Err(Distrust::Unavailable(_))), "before the first");
    list.take(&Says::of(&world).signed(&world), NOW).unwrap();
    assert!(asked(NOW + DAY - Duration::from_secs(1)).is_ok());
    assert!(matches!(asked(NOW + DAY), Err(Distrust::Unavailable(_))), "after it was due");

    // Without a word about the next one, a list lives a day.
    let silent = Says { next: None, number: 8, ..Says::of(&world) }.signed(&world);
    list.take(&silent, NOW).unwrap();
    assert_eq!(list.due(), Some(NOW + DAY));
    assert_eq!(list.take(&silent, NOW + DAY), Err(ListError::Outdated));
}

#[test]
fn an_old_list_is_not_played_again() {
    let world = world(1);
    let list = TrustList::new(ListKind::Vical, world.signers.clone());
    list.take(&Says::of(&world).signed(&world), NOW).unwrap();
    let by_number = Says { number: 6, ..Says::of(&world) }.signed(&world);
    assert_eq!(list.take(&by_number, NOW), Err(ListError::Older));
    let by_date = Says { date: "2027-01-15T07:59:59Z", number: 8, ..Says::of(&world) }.signed(&world);
    assert_eq!(list.take(&by_date, NOW), Err(ListError::Older));
    let newer = Says { number: 8, ..Says::of(&world) }.signed(&world);
    list.take(&newer, NOW).unwrap();
}

#[test]
fn entries_that_are_wrong() {
    let world = world(1);
    let read = |says: &Says<'_>| Vical::verify(&says.signed(&world), &world.signers, NOW);
    let plain = || Says::of(&world);
    assert_eq!(read(&plain()).unwrap().authorities.len(), 1);
    for (what, says) in [
        ("version", Says { version: "2.0", ..plain() }),
        ("version", Says { version: "10", ..plain() }),
        ("docType", Says { doc_types: &[], ..plain() }),
        ("date", Says { date: "yesterday", ..plain() }),
        ("date", Says { next: Some("soon"), ..plain() }),
    ] {
        match read(&says) {
            Err(ListError::Malformed(reason)) => assert!(reason.contains(what), "{what}: {reason}"),
            other => panic!("{what}: {other:?}"),
        }
    }
    // A certificate that can't be an anchor here is left out, and counted.
    for certificate in [b"no certificate".as_slice(), &world.chain[0]] {
        let ski = credenza_crypto::Certificate::parse(certificate).ok().and_then(|it| it.subject_key_id);
        let says = Says { certificate, ski: ski.as_deref().unwrap_or(b"x"), ..plain() };
        let vical = read(&says).unwrap();
        assert_eq!((vical.authorities.len(), vical.left_out), (0, 1));
    }
    let vical = read(&Says { ski: b"another", ..plain() }).unwrap();
    assert_eq!((vical.authorities.len(), vical.left_out), (0, 1));
    let wrapped = [&[4, 22, 4, 20], plain().ski].concat();
    assert_eq!(read(&Says { ski: &wrapped, ..plain() }).unwrap().authorities.len(), 1);
}

const LIST_URL: &str = "https://lists.example/vical";

#[test]
fn fetched_whole_or_not_at_all() {
    let world = world(1);
    let bytes = Says::of(&world).signed(&world);
    let list = TrustList::new(ListKind::Vical, world.signers.clone()).url(LIST_URL);
    let answer = |code: u16, body: &[u8]| Response::builder().status(code).body(body.to_vec()).unwrap();
    let http = RecordedHttp::new()
        .on(Method::GET, LIST_URL, answer(200, &bytes))
        .on(Method::GET, LIST_URL, answer(404, &bytes))
        .on(Method::GET, LIST_URL, answer(200, b"rubbish"))
        .on(Method::GET, LIST_URL, answer(302, b""));
    let refresh = || at_once(list.refresh(&http, NOW));
    assert_eq!(refresh(), Ok(()));
    assert_eq!(refresh(), Err(ListError::Status(404)));
    assert!(matches!(refresh(), Err(ListError::Cose(_))));
    assert!(matches!(refresh(), Err(ListError::Unavailable(_))));
    assert!(ask(&list, &by(&world.chain), LICENCE, NOW).is_ok(), "the list in force stays");

    let nowhere = TrustList::new(ListKind::Vical, world.signers);
    assert_eq!(at_once(nowhere.refresh(&http, NOW)), Err(ListError::NoUrl));
}

fn entities(world: &World, kind: &str) -> Value {
    let certificate = credenza_core::b64::encode_std(world.iaca.certificate());
    json!({"LoTE": {
        "ListAndSchemeInformation": {
            "LoTEVersionIdentifier": 1,
            "LoTESequenceNumber": 3,
            "LoTEType": "http://uri.etsi.org/19602/LoTEType/EUPIDProvidersList",
            "SchemeOperatorName": [{"lang": "en", "value": "Us"}],
            "ListIssueDateTime": "2027-01-15T08:00:00Z",
            "NextUpdate": "2027-01-16T08:00:00Z",
        },
        "TrustedEntitiesList": [{
            "TrustedEntityInformation": {"TEName": [{"lang": "en", "value": "Provider"}]},
            "TrustedEntityServices": [{"ServiceInformation": {
                "ServiceName": [{"lang": "en", "value": "Service"}],
                "ServiceTypeIdentifier": format!("http://uri.etsi.org/19602/SvcType/{kind}"),
                "ServiceDigitalIdentity": {"X509Certificates": [{"val": certificate}]},
            }}],
        }],
    }})
}

fn signed(world: &World, list: &Value) -> String {
    let header = Header::signing(&world.signer, "trustlist+jwt", IdentifiedBy::X5c);
    at_once(jws::sign(&world.signer, &header, list.to_string().as_bytes())).unwrap()
}

fn eu(world: &World) -> TrustList {
    let uses = ServiceUse::eu_wallet(&["eu.europa.ec.eudi.pid.1", "urn:eudi:pid:1"]);
    TrustList::new(ListKind::TrustedEntities(uses), world.signers.clone())
}

#[test]
fn entities_by_their_services() {
    let world = world(1);
    for (kind, trusted) in [
        ("PID/Issuance", vec![PID, Purpose::IssuerMetadata]),
        ("PID/Revocation", vec![Purpose::StatusList]),
        ("WalletSolution/Issuance", vec![Purpose::WalletProvider]),
        ("WRPAC/Issuance", vec![Purpose::Verifier]),
        ("PubEAA/Issuance", vec![]),
        ("PID", vec![]),
    ] {
        let list = eu(&world);
        list.take(signed(&world, &entities(&world, kind)).as_bytes(), NOW).unwrap();
        check(&list, &by(&world.chain), &trusted, NOW);
        assert!(ask(&list, &by(&world.chain), LICENCE, NOW).is_err(), "{kind}");
        assert!(ask(&list, &by(&world.chain), Purpose::Verifier, NOW + DAY).is_err(), "{kind}");
    }
    let own = ServiceUse::new(
        "http://uri.etsi.org/19602/SvcType/PubEAA/Issuance",
        Anchor { credential_types: vec!["urn:own:1".to_owned()], ..Anchor::for_issuers(Vec::new()) },
    );
    let list = TrustList::new(ListKind::TrustedEntities(vec![own]), world.signers.clone());
    list.take(signed(&world, &entities(&world, "PubEAA/Issuance")).as_bytes(), NOW).unwrap();
    let own = Purpose::Issuer { credential_type: "urn:own:1" };
    assert!(ask(&list, &by(&world.chain), own, NOW).is_ok());
    assert!(ask(&list, &by(&world.chain), PID, NOW).is_err());
}

#[test]
fn a_list_without_its_outer_member() {
    let world = world(1);
    let bare = entities(&world, "PID/Issuance")["LoTE"].clone();
    let list = TrustedEntities::verify(&signed(&world, &bare), &world.signers, NOW).unwrap();
    assert_eq!((list.services.len(), list.sequence), (1, Some(3)));
}

#[test]
fn services_that_are_not_in_force() {
    let world = world(1);
    for (member, value, in_force) in [
        ("ServiceStatus", "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/granted", true),
        ("ServiceStatus", "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/withdrawn", false),
        ("ServiceStatus", "http://uri.etsi.org/19602/PubEAAProvidersList/SvcStatus/notified", true),
        ("ServiceStatus", "", false),
        ("StatusStartingTime", "2027-01-15T08:00:00Z", true),
        ("StatusStartingTime", "2027-01-15T08:00:01Z", false),
    ] {
        let mut list = entities(&world, "PID/Issuance");
        list["LoTE"]["TrustedEntitiesList"][0]["TrustedEntityServices"][0]["ServiceInformation"][member] =
            value.into();
        let read = TrustedEntities::verify(&signed(&world, &list), &world.signers, NOW).unwrap();
        assert_eq!((read.services.len(), read.left_out), if in_force { (1, 0) } else { (0, 1) }, "{value}");
    }
}

#[test]
fn lists_of_entities_that_are_wrong() {
    let (world, other) = (world(1), world(2));
    let good = entities(&world, "PID/Issuance");
    let verify = |text: &str| TrustedEntities::verify(text, &world.signers, NOW);
    assert!(verify(&signed(&world, &good)).is_ok());
    assert!(matches!(verify(&signed(&other, &good)), Err(ListError::Signer(_))));
    let text = signed(&world, &good);
    let (head, _) = text.rsplit_once('.').unwrap();
    assert!(matches!(verify(&format!("{head}.{}", "A".repeat(86))), Err(ListError::Jws(_))));

    let without_chain = Header::signing(&world.signer, "trustlist+jwt", IdentifiedBy::Jwk);
    let text = at_once(jws::sign(&world.signer, &without_chain, good.to_string().as_bytes())).unwrap();
    assert!(matches!(verify(&text), Err(ListError::Malformed(_))));

    for broken in [json!({}), json!([]), json!({"LoTE": []}), json!({"LoTE": {"TrustedEntitiesList": []}})] {
        assert!(matches!(verify(&signed(&world, &broken)), Err(ListError::Malformed(_))), "{broken}");
    }
    let mut future = good.clone();
    future["LoTE"]["ListAndSchemeInformation"]["ListIssueDateTime"] = "2027-01-15T08:02:00Z".into();
    assert_eq!(verify(&signed(&world, &future)).unwrap_err(), ListError::NotYetValid);
    let mut many = good.clone();
    let entry = json!({"val": "AA=="});
    many["LoTE"]["TrustedEntitiesList"][0]["TrustedEntityServices"][0]["ServiceInformation"]["ServiceDigitalIdentity"]
        ["X509Certificates"] = vec![entry; 4097].into();
    assert!(matches!(verify(&signed(&world, &many)), Err(ListError::Malformed(_))));
}

/// A list that is out of force keeps nobody else from vouching, and is named when nobody does.
#[test]
fn beside_other_sources() {
    let world = world(1);
    let anchors = credenza_trust::X509Anchors::new(&[Anchor::for_issuers(world.iaca.certificate().to_vec())]);
    let list = std::sync::Arc::new(eu(&world));
    let both = AnyOf::new(vec![list.clone(), std::sync::Arc::new(anchors.unwrap())]);
    assert!(ask(&both, &by(&world.chain), PID, NOW).is_ok());
    let alone = AnyOf::new(vec![list, std::sync::Arc::new(credenza_trust::Nobody)]);
    assert!(matches!(ask(&alone, &by(&world.chain), PID, NOW), Err(Distrust::Unavailable(_))));
}

proptest! {
    #[test]
    fn nothing_panics(bytes: Vec<u8>, at in 0_usize..21_000, byte: u8) {
        let (published, signers) = published();
        let _ = Vical::verify(&bytes, &signers, that_day());
        let mut changed = published.clone();
        changed[at] = byte;
        let _ = Vical::verify(&changed, &signers, that_day());
        let _ = Vical::verify(&published[..at], &signers, that_day());
        let _ = TrustedEntities::verify(&String::from_utf8_lossy(&bytes), &signers, that_day());
        let _ = Reader::whole(&bytes, Reader::skip);
    }
}
