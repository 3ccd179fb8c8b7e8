//! The look-up of a credential's status, as a verifier sees it: rows L01 to L12 of the attack catalogue, by name.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use credenza_core::{
    Answer, FixedClock, FnHttp, Http, HttpError, Limits, Report, Rule, SeededRandom, UnixTime,
};
use credenza_crypto::x509::CertificateAuthority;
use credenza_crypto::{IdentifiedBy, Signer, SoftwareSigner};
use credenza_formats::status_list::bitstring::{
    Bitstring, BitstringList, CREDENTIAL_TYPE, Purpose, StatusSize,
};
use credenza_formats::status_list::resolve::ResolverConfig;
use credenza_formats::status_list::token::{Issuance, cwt, jwt};
use credenza_formats::status_list::{
    CachePolicy, EncodedList, Level, Status, StatusArray, StatusBits, encode,
};
use credenza_formats::w3c::jwt as vc_jwt;
use credenza_trust::{Anchor, X509Anchors};
use credenza_vp::verifier::{StatusCheck as _, StatusError, StatusListCheck, Undetermined};
use http::{Request, Response};
use serde_json::{Map, Value, json};

use crate::world::{DAY, NOW, certified, run};

const URI: &str = "https://issuer.example/status-lists/1";
const CREDENTIAL: Rule = Rule::new("test.credential", "-", "The credential is valid.");
const HOUR: Duration = Duration::from_secs(3600);

type Served = Result<(&'static str, Vec<u8>), u16>;

struct Lists {
    clock: Arc<FixedClock>,
    signer: SoftwareSigner,
    stranger: SoftwareSigner,
    served: Arc<Mutex<Served>>,
    fetched: Arc<Mutex<usize>>,
    check: StatusListCheck,
}

/// Answers are not there at once.
struct Unhurried<H>(H);

impl<H: Http> Http for Unhurried<H> {
    fn send(
        &self,
        request: Request<Vec<u8>>,
        limits: Limits,
    ) -> Answer<'_, Result<Response<Vec<u8>>, HttpError>> {
        let answer = self.0.send(request, limits);
        Answer::later(async move {
            let mut waited = false;
            let once = poll_fn(move |context| {
                if std::mem::replace(&mut waited, true) {
                    return Poll::Ready(());
                }
                context.waker().wake_by_ref();
                Poll::Pending
            });
            once.await;
            answer.await
        })
    }
}

fn lists() -> Lists {
    lists_with(Undetermined::Refuse, CachePolicy::default())
}

fn lists_with(undetermined: Undetermined, cache: CachePolicy) -> Lists {
    let random = SeededRandom::new(5);
    let clock = Arc::new(FixedClock::at(NOW));
    let root = CertificateAuthority::generate("Root", NOW - DAY, 1000 * DAY, &random).unwrap();
    let other = CertificateAuthority::generate("Other", NOW - DAY, 1000 * DAY, &random).unwrap();
    let anchors = [
        Anchor::for_issuers(root.certificate().to_vec()),
        // Trusted for something else.
        Anchor::for_verifiers(other.certificate().to_vec()),
    ];
    let served: Arc<Mutex<Served>> = Arc::new(Mutex::new(Err(404)));
    let fetched = Arc::new(Mutex::new(0));
    let (answers, count) = (served.clone(), fetched.clone());
    let http = FnHttp::new(move |_, _| {
        *count.lock().unwrap() += 1;
        match &*answers.lock().unwrap() {
            Ok((kind, body)) => {
                Ok(Response::builder().header("content-type", *kind).body(body.clone()).unwrap())
            }
            Err(0) => Err(HttpError::TimedOut),
            Err(status) => Ok(Response::builder().status(*status).body(Vec::new()).unwrap()),
        }
    });
    let config = ResolverConfig { cache, max_list: 1 << 16, ..ResolverConfig::default() };
    let trust = Arc::new(X509Anchors::new(&anchors).unwrap());
    Lists {
        check: StatusListCheck::new(Arc::new(Unhurried(http)), clock.clone(), trust, config)
            .undetermined(undetermined),
        signer: certified(&root, "Issuer", "issuer.example", &random),
        stranger: certified(&other, "Verifier", "verifier.example", &random),
        clock,
        served,
        fetched,
    }
}

fn array(bits: StatusBits, set: &[(u64, Status)]) -> StatusArray {
    let mut array = StatusArray::new(bits, 64).unwrap();
    for (index, status) in set {
        array.set(*index, *status).unwrap();
    }
    array
}

fn good(now: UnixTime) -> Issuance<'static> {
    Issuance { expires_at: Some(now + HOUR), ttl: Some(Duration::from_secs(60)), ..Issuance::new(URI, now) }
}

impl Lists {
    fn serve(&self, list: &StatusArray) {
        self.serve_as(&self.signer, &good(NOW), &EncodedList::new(list, Level::default()));
    }

    fn serve_as(&self, signer: &dyn Signer, issuance: &Issuance<'_>, list: &EncodedList) {
        let header = jwt::header(signer, IdentifiedBy::X5c);
        let token = run(jwt::issue(signer, &header, issuance, list)).unwrap();
        *self.served.lock().unwrap() = Ok((jwt::MEDIA_TYPE, token.into_bytes()));
    }

    /// The verdict, and the first check that has failed.
    fn look_up(&self, status: &Value) -> (Result<(), StatusError>, Option<&'static str>, Report) {
        let mut report = Report::new("credential");
        report.pass(&CREDENTIAL);
        let now = credenza_core::Clock::now(&*self.clock);
        let verdict = run(self.check.check(status, now, &mut report));
        assert_eq!(verdict.is_ok(), report.ok(), "{report}");
        (verdict, report.first_failure().map(|check| check.rule.id), report)
    }

    fn at(&self, index: u64) -> (Result<(), StatusError>, Option<&'static str>) {
        let (verdict, failed, _) = self.look_up(&json!({"status_list": {"idx": index, "uri": URI}}));
        (verdict, failed)
    }

    fn refused(&self, failed: &str) {
        let (verdict, found) = self.at(3);
        assert!(matches!(verdict, Err(StatusError::Unknown(_))), "{verdict:?}");
        assert_eq!(found, Some(failed));
    }
}

// Clauses: TSL-7-01, TSL-7-02, TSL-8.3-06, TSL-8.3-11
#[test]
fn l01_l02_what_a_list_says_is_what_becomes_of_the_credential() {
    let lists = lists();
    lists.serve(&array(
        StatusBits::Four,
        &[
            (1, Status::Invalid),
            (2, Status::Suspended),
            (3, Status::ApplicationSpecific(3)),
            (4, Status::Reserved(7)),
        ],
    ));
    assert_eq!(lists.at(0), (Ok(()), None));
    let not = |why| (Err(StatusError::NotValid(why)), Some("status-list.status"));
    assert_eq!(lists.at(1), not("revoked"));
    assert_eq!(lists.at(2), not("suspended"));
    let unknown = "not valid, for a reason that is not known here";
    assert_eq!((lists.at(3), lists.at(4)), (not(unknown), not(unknown)));
    let (verdict, failed) = lists.at(64);
    assert_eq!((verdict.is_err(), failed), (true, Some("status-list.idx")));
    assert_eq!(*lists.fetched.lock().unwrap(), 1, "one list, one request");
}

// Clauses: TSL-8.3-07, TSL-8.3-09, TSL-8.3-12, TSL-13.7-01
#[test]
fn l03_l04_l06_a_list_that_is_not_what_it_must_be_says_nothing() {
    let list = EncodedList::new(&array(StatusBits::One, &[]), Level::default());
    let bomb = EncodedList::from_compressed(StatusBits::One, encode::deflate(&vec![0; 1 << 17], Level::BEST));
    let long_ago = good(NOW - DAY);
    let another = Issuance::new("https://issuer.example/status-lists/2", NOW);
    for (failed, stranger, issuance, list) in [
        ("status-list.key", true, good(NOW), &list),
        ("status-list.sub", false, another, &list),
        ("status-list.exp", false, long_ago, &list),
        ("status-list.iat", false, good(NOW + HOUR), &list),
        ("status-list.lst", false, good(NOW), &bomb),
    ] {
        let lists = lists();
        let signer = if stranger { &lists.stranger } else { &lists.signer };
        lists.serve_as(signer, &issuance, list);
        lists.refused(failed);
    }
}

#[test]
fn l09_answers_that_are_no_lists_say_nothing() {
    for (served, failed) in [
        (Err(404), "status-list.fetch"),
        (Err(503), "status-list.fetch"),
        (Err(0), "status-list.fetch"),
        (Ok(("text/html", b"<html>".to_vec())), "status-list.content-type"),
        (Ok((jwt::MEDIA_TYPE, b"a.b.c".to_vec())), "status-list.parse"),
        (Ok((cwt::MEDIA_TYPE, vec![0xd2, 0x84])), "status-list.parse"),
    ] {
        let lists = lists();
        *lists.served.lock().unwrap() = served;
        lists.refused(failed);
    }
}

#[test]
fn what_can_not_be_fetched_is_accepted_only_by_a_policy_that_says_so() {
    let lists = lists_with(Undetermined::AcceptUnfetched, CachePolicy::default());
    *lists.served.lock().unwrap() = Err(0);
    let (verdict, failed, report) = lists.look_up(&json!({"status_list": {"idx": 3, "uri": URI}}));
    assert_eq!((verdict, failed), (Ok(()), None));
    assert_eq!(report.find("status-list.fetch").unwrap().outcome, credenza_core::Outcome::Warned);
    // What was fetched and is wrong, or says "revoked", is refused all the same.
    let lists = lists_with(Undetermined::AcceptUnfetched, CachePolicy::default());
    *lists.served.lock().unwrap() = Ok(("text/html", Vec::new()));
    lists.refused("status-list.content-type");
    let lists = lists_with(Undetermined::AcceptUnfetched, CachePolicy::default());
    lists.serve(&array(StatusBits::One, &[(3, Status::Invalid)]));
    assert_eq!(lists.at(3).1, Some("status-list.status"));
}

// Clauses: TSL-8.2-06, TSL-8.3-10, TSL-13.7-01
#[test]
fn l10_a_revocation_is_seen_when_the_list_is_due() {
    let lists = lists();
    lists.serve(&array(StatusBits::One, &[]));
    assert_eq!(lists.at(3), (Ok(()), None));
    let revoked = EncodedList::new(&array(StatusBits::One, &[(3, Status::Invalid)]), Level::default());
    lists.serve_as(&lists.signer, &good(NOW + Duration::from_secs(30)), &revoked);
    lists.clock.advance(Duration::from_secs(59));
    assert_eq!(lists.at(3), (Ok(()), None), "ttl is a minute");
    lists.clock.advance(Duration::from_secs(1));
    assert_eq!(lists.at(3).1, Some("status-list.status"));
    // Nobody can put the old list back in its place.
    lists.serve(&array(StatusBits::One, &[]));
    lists.clock.advance(Duration::from_secs(60));
    lists.refused("status-list.newest");
}

#[test]
fn l12_as_cwt_too() {
    let lists = lists();
    let list = EncodedList::new(&array(StatusBits::Two, &[(3, Status::Suspended)]), Level::default());
    let token = run(cwt::issue(&lists.signer, IdentifiedBy::X5c, &good(NOW), &list)).unwrap();
    *lists.served.lock().unwrap() = Ok((cwt::MEDIA_TYPE, token));
    assert_eq!(lists.at(3), (Err(StatusError::NotValid("suspended")), Some("status-list.status")));
    assert_eq!(lists.at(4), (Ok(()), None));
}

// Clauses: TSL-6.2-02, TSL-6.2-06, TSL-6.2-07
#[test]
fn references_that_can_not_be_read_are_refused_without_a_request() {
    for status in [
        json!({}),
        json!({"other_mechanism": {}}),
        json!({"status_list": {"idx": -1, "uri": URI}}),
        json!({"status_list": {"idx": 1}}),
        json!({"status_list": {"idx": 1, "uri": "not a uri"}}),
        json!("revoked"),
        json!([]),
        json!({"type": "StatusList2021Entry"}),
        json!([{"type": "StatusList2021Entry"}]),
        json!({"type": "BitstringStatusListEntry", "statusPurpose": "revocation"}),
    ] {
        let lists = lists();
        let (verdict, failed, _) = lists.look_up(&status);
        assert!(matches!(verdict, Err(StatusError::Unknown(_))), "{status}");
        assert_eq!(failed, Some("status-list.reference"), "{status}");
        assert_eq!(*lists.fetched.lock().unwrap(), 0, "{status}");
    }
}

// Clauses: TSL-8.3-02, TSL-8.3-03, TSL-C.4-01
#[test]
fn l08_p15_nobody_is_asked_about_a_credential_that_is_not_valid() {
    let lists = lists();
    lists.serve(&array(StatusBits::One, &[]));
    let entry = json!([{
        "type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "1",
        "statusListCredential": URI,
    }]);
    for status in [json!({"status_list": {"idx": 0, "uri": URI}}), entry] {
        let mut report = Report::new("credential");
        report.fail(&CREDENTIAL, "forged");
        assert!(run(lists.check.check(&status, NOW, &mut report)).is_err());
    }
    assert_eq!(*lists.fetched.lock().unwrap(), 0);
}

/// The credential of a bitstring list, with members changed.
fn bitstring(lists: &Lists, signer: &dyn Signer, marked: &[u64], change: &Value) -> Vec<u8> {
    let mut bits = Bitstring::new(StatusSize::ONE, 1).unwrap();
    for index in marked {
        bits.set(*index, 1).unwrap();
    }
    let list = BitstringList { purposes: vec![Purpose::Revocation], ttl: None, statuses: bits, size: None };
    let mut credential: Map<String, Value> = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": URI,
        "type": ["VerifiableCredential", CREDENTIAL_TYPE],
        "issuer": "https://issuer.example",
        "validFrom": (NOW - HOUR).to_rfc3339(),
        "validUntil": (NOW + HOUR).to_rfc3339(),
        "credentialSubject": list.to_subject(None, Level::default()),
    })
    .as_object()
    .unwrap()
    .clone();
    credential.extend(change.as_object().unwrap().clone());
    let securing = vc_jwt::Securing::Payload;
    let header = vc_jwt::header(signer, securing, IdentifiedBy::X5c);
    let issuance = vc_jwt::Issuance { header: &header, securing, credential: &credential, holder: None };
    let token = run(vc_jwt::issue(signer, &issuance)).unwrap().into_bytes();
    *lists.served.lock().unwrap() = Ok(("application/vc+jwt", token.clone()));
    token
}

fn entry(index: &str, purpose: &str) -> Value {
    json!({
        "type": "BitstringStatusListEntry", "statusPurpose": purpose, "statusListIndex": index,
        "statusListCredential": URI,
    })
}

#[test]
fn w3c_credentials_are_looked_up_in_bitstrings() {
    let lists = lists();
    bitstring(&lists, &lists.signer, &[7], &json!({}));
    assert_eq!(lists.look_up(&entry("6", "revocation")).0, Ok(()));
    let (verdict, failed, _) = lists.look_up(&json!([entry("6", "revocation"), entry("7", "revocation")]));
    assert_eq!((verdict, failed), (Err(StatusError::NotValid("revoked")), Some("status-list.status")));
    for (status, failed) in
        [(entry("131072", "revocation"), "status-list.idx"), (entry("6", "suspension"), "status-list.idx")]
    {
        let (verdict, found, _) = lists.look_up(&status);
        assert!(matches!(verdict, Err(StatusError::Unknown(_))));
        assert_eq!(found, Some(failed));
    }
    assert_eq!(*lists.fetched.lock().unwrap(), 1);
    // Clocks may be a minute apart.
    lists.clock.advance(HOUR + Duration::from_secs(61));
    let (verdict, ..) = lists.look_up(&entry("6", "revocation"));
    assert!(verdict.is_err(), "the list has expired");
}

#[test]
fn a_bitstring_is_fetched_once_for_all_who_ask_at_the_same_time() {
    let ask = async |lists: &Lists, index: &str| {
        let mut report = Report::new("credential");
        report.pass(&CREDENTIAL);
        lists.check.check(&entry(index, "revocation"), NOW, &mut report).await
    };
    let lists = lists();
    bitstring(&lists, &lists.signer, &[7], &json!({}));
    let both = futures_util::future::join(ask(&lists, "6"), ask(&lists, "7"));
    assert_eq!(run(both), (Ok(()), Err(StatusError::NotValid("revoked"))));
    assert_eq!(*lists.fetched.lock().unwrap(), 1);
    // Those who were waiting share a failure, and whoever asks next tries anew.
    let lists = self::lists();
    let (one, other) = run(futures_util::future::join(ask(&lists, "6"), ask(&lists, "7")));
    assert!(one.is_err() && other.is_err());
    assert_eq!(*lists.fetched.lock().unwrap(), 1);
    // Who loses interest takes nobody else with him.
    bitstring(&lists, &lists.signer, &[], &json!({}));
    let patient = async {
        let mut gone = Box::pin(ask(&lists, "5"));
        let polled = poll_fn(|context| Poll::Ready(gone.as_mut().poll(context).is_pending())).await;
        assert!(polled);
        let waiting = ask(&lists, "6");
        drop(gone);
        waiting.await
    };
    assert_eq!(run(patient), Ok(()));
}

#[test]
fn bitstrings_that_are_not_what_they_must_be_say_nothing() {
    for (stranger, change, failed) in [
        (true, json!({}), "status-list.key"),
        (false, json!({"id": "https://issuer.example/other"}), "status-list.sub"),
        (false, json!({"type": ["VerifiableCredential"]}), "status-list.typ"),
        (false, json!({"credentialSubject": {"type": "BitstringStatusList"}}), "status-list.lst"),
    ] {
        let lists = lists();
        let signer = if stranger { &lists.stranger } else { &lists.signer };
        bitstring(&lists, signer, &[], &change);
        let (verdict, found, report) = lists.look_up(&entry("1", "revocation"));
        assert!(matches!(verdict, Err(StatusError::Unknown(_))), "{report}");
        assert_eq!(found, Some(failed), "{report}");
    }
    let lists = lists();
    let expired = json!({"validUntil": (NOW - HOUR).to_rfc3339()});
    bitstring(&lists, &lists.signer, &[], &expired);
    assert!(lists.look_up(&entry("1", "revocation")).0.is_err());
}
