//! The verifier's side: rows L01, L02, L03, L04, L06, L09, L10, L11 and L12 of the attack catalogue.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use credenza_core::{
    Answer, Clock as _, FixedClock, Http, HttpError, Limits, Outcome, RecordedHttp, Report, Rule, UnixTime,
};
use credenza_crypto::{IdentifiedBy, PublicKey, Signer as _};
use credenza_formats::status_list::resolve::{MAX_REDIRECTS, ResolverConfig};
use credenza_formats::status_list::token::{self, Form, Issuance, cwt, jwt};
use credenza_formats::status_list::{
    CachePolicy, EncodedList, KeyFinder, Level, ListSigner, Status, StatusArray, StatusBits, StatusList,
    StatusQuery, StatusReference, StatusResolver, encode,
};
use http::{Method, Request, Response};

use super::shared::{HOUR, NOW, URI, earlier, encoded, issue, issue_by, issuer, key, later, now, stranger};

const ISSUER: &str = "https://issuer.example";
const CREDENTIAL: Rule = Rule::new("test.credential", "-", "The credential is valid.");
const GOOD: Issuance<'static> = Issuance::new(URI, NOW);

/// Trusts the test issuer, for its own credentials alone.
struct OwnKey;

impl KeyFinder for OwnKey {
    fn find<'a>(&'a self, signer: ListSigner<'a>, _now: UnixTime) -> Answer<'a, Result<PublicKey, String>> {
        assert_eq!(signer.uri, URI);
        Answer::ready(match signer.credential_issuer {
            ISSUER => Ok(key()),
            _ => Err("nobody who is trusted for this issuer".to_owned()),
        })
    }
}

/// Serves one answer until it serves another.
struct Provider {
    answer: Mutex<Result<Response<Vec<u8>>, HttpError>>,
    requests: Mutex<Vec<Request<Vec<u8>>>>,
}

impl Http for Provider {
    fn send(&self, request: Request<Vec<u8>>, _: Limits) -> Answer<'_, Result<Response<Vec<u8>>, HttpError>> {
        assert_eq!((request.method(), request.uri().to_string().as_str()), (&Method::GET, URI));
        self.requests.lock().unwrap().push(request);
        Answer::ready(self.answer.lock().unwrap().clone())
    }
}

struct World {
    http: Arc<Provider>,
    clock: Arc<FixedClock>,
    resolver: StatusResolver,
}

fn world_with(config: ResolverConfig) -> World {
    let http =
        Arc::new(Provider { answer: Mutex::new(Err(HttpError::TimedOut)), requests: Mutex::default() });
    let clock = Arc::new(FixedClock::at(NOW));
    let resolver =
        StatusResolver::new(Arc::clone(&http) as _, Arc::clone(&clock) as _, Arc::new(OwnKey), config);
    World { http, clock, resolver }
}

fn world() -> World {
    world_with(ResolverConfig::default())
}

fn response(media_type: &str, body: impl Into<Vec<u8>>) -> Response<Vec<u8>> {
    Response::builder().header("content-type", media_type).body(body.into()).unwrap()
}

impl World {
    fn serves(&self, answer: Result<Response<Vec<u8>>, HttpError>) -> &Self {
        *self.http.answer.lock().unwrap() = answer;
        self
    }

    fn serves_token(&self, issuance: &Issuance<'_>) -> &Self {
        self.serves(Ok(response(jwt::MEDIA_TYPE, issue(issuance))))
    }

    fn requests(&self) -> usize {
        self.http.requests.lock().unwrap().len()
    }

    fn ask(&self, idx: u64) -> (Option<Status>, Report) {
        self.ask_for(ISSUER, idx)
    }

    fn ask_for(&self, issuer: &str, idx: u64) -> (Option<Status>, Report) {
        let mut report = Report::new("credential");
        report.pass(&CREDENTIAL);
        let reference = StatusReference::new(idx, URI).unwrap();
        let query = StatusQuery { reference: &reference, issuer, form: None };
        let status = now(self.resolver.check(&query, &mut report));
        (status, report)
    }

    #[track_caller]
    fn valid(&self) {
        let (status, report) = self.ask(0);
        assert_eq!(status, Some(Status::Valid), "{report}");
        assert!(report.ok(), "{report}");
    }

    #[track_caller]
    fn fails(&self, rule: &str) {
        let (status, report) = self.ask(0);
        assert_eq!(status, None, "{report}");
        assert_eq!(report.first_failure().map(|failure| failure.rule.id), Some(rule), "{report}");
    }
}

// Clauses: TSL-8.1-01, TSL-8.2-01, TSL-8.2-03, TSL-8.2-04, TSL-8.3-05
#[test]
fn a_list_is_fetched_and_asked() {
    let world = world();
    world.serves_token(&GOOD).valid();
    let request = world.http.requests.lock().unwrap()[0].clone();
    assert_eq!(request.headers()["accept"], "application/statuslist+jwt, application/statuslist+cwt;q=0.9");
    assert!(request.body().is_empty());
    let (_, report) = world.ask(0);
    for rule in [
        "order",
        "fetch",
        "content-type",
        "parse",
        "typ",
        "key",
        "alg",
        "signature",
        "sub",
        "iat",
        "bits",
        "lst",
        "idx",
        "status",
    ] {
        let check =
            report.find(&format!("status-list.{rule}")).unwrap_or_else(|| panic!("{rule} in\n{report}"));
        assert_eq!(check.outcome, Outcome::Passed, "{rule}");
    }
}

// Clauses: SDVC-2.2.2.3-13
#[test]
fn a_form_can_be_demanded() {
    let ask = |media_type: &str, body: Vec<u8>, form| {
        let world = world();
        world.serves(Ok(response(media_type, body)));
        let reference = StatusReference::new(0, URI).unwrap();
        let list = now(world.resolver.list(&StatusQuery {
            reference: &reference,
            issuer: ISSUER,
            form: Some(form),
        }));
        let accept = world.http.requests.lock().unwrap()[0].headers()["accept"].clone();
        assert_eq!(accept, form.media_type());
        list.map_err(|report| report.first_failure().unwrap().rule.id)
    };
    let jwt = issue(&GOOD).into_bytes();
    let cwt = now(cwt::issue(&issuer(), IdentifiedBy::Kid, &GOOD, &encoded())).unwrap();
    assert!(ask(jwt::MEDIA_TYPE, jwt.clone(), Form::Jwt).is_ok());
    assert!(ask(cwt::MEDIA_TYPE, cwt.clone(), Form::Cwt).is_ok());
    assert_eq!(ask(jwt::MEDIA_TYPE, jwt, Form::Cwt).unwrap_err(), "status-list.content-type");
    assert_eq!(ask(cwt::MEDIA_TYPE, cwt, Form::Jwt).unwrap_err(), "status-list.content-type");
}

#[test]
fn a_list_as_cwt_is_as_good() {
    let world = world();
    let token = now(cwt::issue(&issuer(), IdentifiedBy::Kid, &GOOD, &encoded())).unwrap();
    world.serves(Ok(response(cwt::MEDIA_TYPE, token.clone()))).valid();
    let world = self::world();
    world.serves(Ok(response(jwt::MEDIA_TYPE, token))).fails("status-list.parse");
}

// Clauses: TSL-7.1-01, TSL-8.3-05
#[test]
fn l04_other_statuses_fail_unless_a_policy_accepts_them() {
    let world = world();
    world.serves_token(&GOOD);
    for (idx, status) in [(3, Status::Invalid), (5, Status::Suspended)] {
        let (found, report) = world.ask(idx);
        assert_eq!(found, Some(status));
        assert_eq!(report.first_failure().unwrap().rule.id, "status-list.status");
    }
    let mut list = StatusArray::new(StatusBits::Eight, 256).unwrap();
    (0..=u8::MAX).for_each(|value| list.set(value.into(), Status::from_value(value)).unwrap());
    let token = issue_by(&issuer(), &GOOD, &EncodedList::new(&list, Level::default()));
    let lenient =
        ResolverConfig { also_accepted: vec![Status::ApplicationSpecific(3)], ..ResolverConfig::default() };
    for (config, accepted) in [(ResolverConfig::default(), &[0][..]), (lenient, &[0, 3])] {
        let world = world_with(config);
        world.serves(Ok(response(jwt::MEDIA_TYPE, token.clone())));
        for value in 0..=u8::MAX {
            let (found, report) = world.ask(value.into());
            assert_eq!(found.map(Status::value), Some(value));
            assert_eq!(report.ok(), accepted.contains(&value), "{value}");
        }
        assert_eq!(world.requests(), 1);
    }
}

// Clauses: TSL-8.3-11, TSL-C.4-02
#[test]
fn l03_index_out_of_range_fails() {
    let world = world();
    world.serves_token(&GOOD);
    for idx in [64, 65, 1 << 32, 1 << 53, u64::MAX] {
        let (found, report) = world.ask(idx);
        assert_eq!(found, None);
        assert_eq!(report.first_failure().unwrap().rule.id, "status-list.idx");
    }
    assert_eq!(world.ask(63).0, Some(Status::Valid));
}

// Clauses: TSL-8.3-01, TSL-8.3-02, TSL-8.3-03, TSL-8.3-04, TSL-C.4-01
#[test]
fn l11_an_invalid_credential_is_not_asked_about() {
    let world = world();
    world.serves_token(&GOOD);
    let reference = StatusReference::new(0, URI).unwrap();
    let query = StatusQuery { reference: &reference, issuer: ISSUER, form: None };
    let mut expired = Report::new("credential");
    expired.pass(&CREDENTIAL);
    expired.fail(&CREDENTIAL, "expired");
    let mut in_a_part = Report::new("credential");
    in_a_part.pass(&CREDENTIAL);
    in_a_part.parts.push(expired.clone());
    for mut report in [expired, in_a_part, Report::new("not looked at yet")] {
        assert_eq!(now(world.resolver.check(&query, &mut report)), None);
        assert!(!report.ok());
        assert_eq!(report.find("status-list.order").unwrap().outcome, Outcome::Failed);
    }
    assert_eq!(world.requests(), 0, "nobody was asked");
}

// Clauses: TSL-8.2-01, TSL-8.2-03, TSL-8.3-12
#[test]
fn l12_failures_are_not_validity() {
    for error in [
        HttpError::Unreachable("no route".to_owned()),
        HttpError::TimedOut,
        HttpError::Redirected,
        HttpError::Forbidden("not https"),
        HttpError::TooLarge(1),
    ] {
        world().serves(Err(error)).fails("status-list.fetch");
    }
    for code in [304, 400, 404, 500, 501, 503] {
        let answer = Response::builder().status(code).header("content-type", jwt::MEDIA_TYPE);
        world().serves(Ok(answer.body(issue(&GOOD).into_bytes()).unwrap())).fails("status-list.fetch");
    }
    for media_type in ["application/jwt", "text/plain", "", "application/statuslist+jwt2", "application/json"]
    {
        world().serves(Ok(response(media_type, issue(&GOOD)))).fails("status-list.content-type");
    }
    let none = Response::new(issue(&GOOD).into_bytes());
    world().serves(Ok(none)).fails("status-list.content-type");
    let mut twice = response(jwt::MEDIA_TYPE, issue(&GOOD));
    twice.headers_mut().append("content-type", "text/html".parse().unwrap());
    world().serves(Ok(twice)).fails("status-list.content-type");
    for media_type in ["application/statuslist+jwt;charset=utf-8", "Application/StatusList+JWT"] {
        world().serves(Ok(response(media_type, issue(&GOOD)))).valid();
    }
    for body in [&b""[..], b"x.y.z", b"\xff\xfe", b"<html>"] {
        world().serves(Ok(response(jwt::MEDIA_TYPE, body))).fails("status-list.parse");
    }
}

// Clauses: TSL-5.1-15, TSL-8.3-12
#[test]
fn l01_forged_lists() {
    let forged = issue_by(&stranger(), &GOOD, &encoded());
    world().serves(Ok(response(jwt::MEDIA_TYPE, forged))).fails("status-list.signature");
    // The list of one issuer says nothing about the credentials of another.
    let world = world();
    world.serves_token(&GOOD).valid();
    let (status, report) = world.ask_for("https://other.example", 0);
    assert_eq!(status, None);
    assert_eq!(report.first_failure().unwrap().rule.id, "status-list.key");
    world.valid();
}

// Clauses: TSL-5.1-05, TSL-8.3-07
#[test]
fn l02_another_list_of_the_same_issuer() {
    let other = Issuance::new("https://issuer.example/statuslists/2", NOW);
    world().serves_token(&other).fails("status-list.sub");
}

// Clauses: TSL-8.2-02, TSL-11.4-01, TSL-11.4-02
#[test]
fn l06_l10_limits_of_a_request() {
    struct Limited(Mutex<Option<Limits>>);
    impl Http for Limited {
        fn send(
            &self,
            _: Request<Vec<u8>>,
            limits: Limits,
        ) -> Answer<'_, Result<Response<Vec<u8>>, HttpError>> {
            *self.0.lock().unwrap() = Some(limits);
            Answer::ready(Err(HttpError::Redirected))
        }
    }
    let http = Arc::new(Limited(Mutex::default()));
    let clock = Arc::new(FixedClock::at(NOW));
    let resolver =
        StatusResolver::new(Arc::clone(&http) as _, clock, Arc::new(OwnKey), ResolverConfig::default());
    let reference = StatusReference::new(0, URI).unwrap();
    let list = now(resolver.list(&StatusQuery { reference: &reference, issuer: ISSUER, form: None }));
    assert!(!list.unwrap_err().ok());
    let limits = http.0.lock().unwrap().unwrap();
    assert_eq!(
        limits,
        Limits { body: token::MAX_TOKEN, redirects: MAX_REDIRECTS, time: Duration::from_secs(10) }
    );
    assert_eq!(MAX_REDIRECTS, 3);
}

// Clauses: TSL-8.2-05
#[test]
fn l06_content_encoding() {
    let encoded = |encoding: &str, body: Vec<u8>| {
        let mut answer = response(jwt::MEDIA_TYPE, body);
        answer.headers_mut().append("content-encoding", encoding.parse().unwrap());
        answer
    };
    let token = issue(&GOOD).into_bytes();
    world().serves(Ok(encoded("gzip", encode::gzip(&token, Level::BEST)))).valid();
    world().serves(Ok(encoded("identity", token.clone()))).valid();
    let bomb = encode::gzip(&vec![b'a'; token::MAX_TOKEN + 1], Level::BEST);
    assert!(bomb.len() < token::MAX_TOKEN);
    world().serves(Ok(encoded("gzip", bomb))).fails("status-list.parse");
    world().serves(Ok(encoded("gzip", token.clone()))).fails("status-list.parse");
    world().serves(Ok(encoded("br", token.clone()))).fails("status-list.parse");
    let mut twice = encoded("gzip", encode::gzip(&encode::gzip(&token, Level::BEST), Level::BEST));
    twice.headers_mut().append("content-encoding", "gzip".parse().unwrap());
    world().serves(Ok(twice)).fails("status-list.parse");
}

// Clauses: TSL-5.1-10, TSL-5.2-13, TSL-8.2-06, TSL-8.3-10, TSL-13.7-03
#[test]
fn l09_ttl_decides_and_not_http() {
    let world = world();
    let mut answer = response(jwt::MEDIA_TYPE, issue(&Issuance { ttl: Some(HOUR), ..GOOD }));
    answer.headers_mut().insert("cache-control", "no-store, max-age=0".parse().unwrap());
    answer.headers_mut().insert("expires", "0".parse().unwrap());
    world.serves(Ok(answer)).valid();
    world.clock.advance(Duration::from_secs(3599));
    world.valid();
    assert_eq!(world.requests(), 1);
    world.clock.advance(Duration::from_secs(1));
    world.valid();
    assert_eq!(world.requests(), 2);
}

// Clauses: TSL-11.5-01, TSL-13.7-04
#[test]
fn l09_ttl_is_held_within_bounds() {
    let is_kept = |ttl, expires_at, seconds| {
        let world = world();
        world.serves_token(&Issuance { ttl, expires_at, ..GOOD }).valid();
        world.clock.advance(Duration::from_secs(seconds));
        let _ = world.ask(0);
        world.requests() == 1
    };
    let kept = |ttl, expires_at| {
        let times = [9, 10, 59, 60, 199, 200, 299, 300, 86_399, 86_400, 1_000_000];
        times.into_iter().find(|seconds| !is_kept(ttl, expires_at, *seconds)).unwrap()
    };
    assert_eq!(kept(Some(Duration::from_secs(1)), None), 60, "not less than the least");
    assert_eq!(kept(Some(Duration::from_secs(u64::MAX)), None), 86_400, "not more than the most");
    assert_eq!(kept(None, None), 300);
    assert_eq!(kept(Some(HOUR), Some(later(10))), 10, "never past its end");
    assert_eq!(kept(None, Some(later(200))), 200);
}

// Clauses: TSL-8.3-09, TSL-13.7-01
#[test]
fn l09_expired_lists_are_not_served_from_the_cache() {
    let config = ResolverConfig {
        cache: CachePolicy { stale_on_error: Duration::from_secs(1_000_000), ..CachePolicy::default() },
        ..ResolverConfig::default()
    };
    let world = world_with(config);
    world.serves_token(&Issuance { expires_at: Some(later(100)), ttl: Some(HOUR), ..GOOD }).valid();
    world.serves(Err(HttpError::TimedOut));
    world.clock.set(later(99));
    world.valid();
    world.clock.set(later(100));
    world.fails("status-list.fetch");
}

// Clauses: TSL-11.5-01
#[test]
fn l09_a_list_that_expires_while_clocks_differ_is_not_asked_for_all_the_time() {
    let world = world();
    let ending = Issuance { issued_at: earlier(3600), expires_at: Some(earlier(50)), ..GOOD };
    world.serves_token(&ending);
    (0..10).for_each(|_| world.valid());
    assert_eq!(world.requests(), 1);
    world.clock.advance(Duration::from_secs(5));
    world.valid();
    assert_eq!(world.requests(), 2);
    world.clock.advance(Duration::from_secs(4));
    world.valid();
    world.clock.advance(Duration::from_secs(1));
    world.fails("status-list.exp");
    assert_eq!(world.requests(), 3);
    let strict = world_with(ResolverConfig { leeway: Duration::ZERO, ..ResolverConfig::default() });
    strict.serves_token(&Issuance { expires_at: Some(later(1)), ..GOOD }).valid();
    strict.clock.advance(Duration::from_secs(1));
    strict.fails("status-list.exp");
}

#[test]
fn l12_stale_lists_by_policy_alone() {
    let token = Issuance { ttl: Some(HOUR), ..GOOD };
    let strict = world();
    strict.serves_token(&token).valid();
    strict.serves(Err(HttpError::TimedOut)).clock.advance(HOUR);
    strict.fails("status-list.fetch");

    let config = ResolverConfig {
        cache: CachePolicy { stale_on_error: HOUR, ..CachePolicy::default() },
        ..ResolverConfig::default()
    };
    let world = world_with(config);
    world.serves_token(&token).valid();
    world.serves(Err(HttpError::TimedOut)).clock.advance(HOUR);
    for asked in [2, 2] {
        let (status, report) = world.ask(0);
        assert_eq!(status, Some(Status::Valid));
        assert!(report.ok(), "{report}");
        let warned = report.parts[0].checks.iter().any(|check| check.outcome == Outcome::Warned);
        assert!(warned, "{report}");
        assert_eq!(world.requests(), asked, "and not asked again at once");
    }
    world.clock.advance(HOUR);
    world.fails("status-list.fetch");
}

#[test]
fn l09_an_older_list_never_follows_a_newer_one() {
    let world = world();
    world.serves_token(&Issuance { ttl: Some(HOUR), ..GOOD }).valid();
    let old = StatusArray::new(StatusBits::Two, 64).unwrap(); // before the 3rd was revoked
    let old = issue_by(
        &issuer(),
        &Issuance { issued_at: earlier(1), ..GOOD },
        &EncodedList::new(&old, Level::BEST),
    );
    world.serves(Ok(response(jwt::MEDIA_TYPE, old))).clock.advance(HOUR);
    world.fails("status-list.newest");
    world.clock.advance(HOUR);
    world.fails("status-list.newest");
    world.serves_token(&Issuance { issued_at: later(7200), ..GOOD }).clock.advance(HOUR);
    world.valid();
}

// Clauses: TSL-11.5-01
#[test]
fn after_a_failure_nobody_asks_for_a_while() {
    let world = world();
    world.serves(Err(HttpError::TimedOut));
    (0..10).for_each(|_| world.fails("status-list.fetch"));
    assert_eq!(world.requests(), 1);
    world.serves_token(&GOOD).clock.advance(Duration::from_secs(4));
    world.fails("status-list.fetch");
    world.clock.advance(Duration::from_secs(1));
    world.valid();
}

#[test]
fn a_clock_that_was_set_back_ends_the_cache() {
    let world = world();
    world.serves_token(&Issuance { issued_at: earlier(7200), ttl: Some(HOUR), ..GOOD }).valid();
    world.clock.set(earlier(3600));
    world.valid();
    assert_eq!(world.requests(), 2);
}

type Asking<'a> = Pin<Box<dyn Future<Output = Result<Arc<StatusList>, Arc<Report>>> + 'a>>;

/// Answers when the gate is opened.
struct Gate {
    open: AtomicBool,
    sent: Mutex<Vec<Request<Vec<u8>>>>,
    token: String,
}

impl Http for Gate {
    fn send(&self, request: Request<Vec<u8>>, _: Limits) -> Answer<'_, Result<Response<Vec<u8>>, HttpError>> {
        self.sent.lock().unwrap().push(request);
        Answer::later(async {
            std::future::poll_fn(|_| {
                if self.open.load(Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            Ok(response(jwt::MEDIA_TYPE, self.token.clone()))
        })
    }
}

#[test]
fn one_fetch_at_a_time_for_a_list() {
    let gate = Arc::new(Gate { open: AtomicBool::new(false), sent: Mutex::default(), token: issue(&GOOD) });
    let clock = Arc::new(FixedClock::at(NOW));
    let resolver = StatusResolver::new(
        Arc::clone(&gate) as _,
        Arc::clone(&clock) as _,
        Arc::new(OwnKey),
        ResolverConfig::default(),
    );
    let reference = StatusReference::new(3, URI).unwrap();
    let query = StatusQuery { reference: &reference, issuer: ISSUER, form: None };
    let sent = || gate.sent.lock().unwrap().len();
    let mut context = Context::from_waker(Waker::noop());

    let mut waiting: Vec<Asking<'_>> = (0..100).map(|_| Box::pin(resolver.list(&query)) as _).collect();
    for future in &mut waiting {
        assert!(future.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(sent(), 1);
    // The one who began loses interest: the others go on with what he began.
    drop(waiting.remove(0));
    gate.open.store(true, Ordering::SeqCst);
    for mut future in waiting {
        let Poll::Ready(list) = future.as_mut().poll(&mut context) else { panic!("the gate is open") };
        assert_eq!(list.unwrap().lookup(3), Ok(Status::Invalid));
    }
    assert_eq!(sent(), 1);
    assert!(now(resolver.list(&query)).is_ok());
    assert_eq!(sent(), 1);

    // When all lose interest the fetch is over, and the next one begins anew.
    clock.advance(HOUR);
    gate.open.store(false, Ordering::SeqCst);
    let mut lonely: Asking<'_> = Box::pin(resolver.list(&query));
    assert!(lonely.as_mut().poll(&mut context).is_pending());
    drop(lonely);
    gate.open.store(true, Ordering::SeqCst);
    assert!(now(resolver.list(&query)).is_ok());
    assert_eq!(sent(), 3);
}

#[test]
fn what_is_kept_has_limits() {
    struct Anyone;
    impl KeyFinder for Anyone {
        fn find<'a>(&'a self, _: ListSigner<'a>, _: UnixTime) -> Answer<'a, Result<PublicKey, String>> {
            Answer::ready(Ok(key()))
        }
    }
    let bytes = encoded().decode(100).unwrap().as_bytes().len();
    for (max_lists, max_bytes, kept) in
        [(3, usize::MAX, 3), (1000, 2 * bytes, 2), (1000, 0, 1), (0, usize::MAX, 1)]
    {
        let http = Arc::new(RecordedHttp::new());
        let uris: Vec<String> = (0..6).map(|n| format!("https://issuer.example/{n}")).collect();
        for uri in &uris {
            http.add(Method::GET, uri, Ok(response(jwt::MEDIA_TYPE, issue(&Issuance::new(uri, NOW)))));
        }
        let config = ResolverConfig { max_lists, max_bytes, ..ResolverConfig::default() };
        let clock = Arc::new(FixedClock::at(NOW));
        let resolver = StatusResolver::new(Arc::clone(&http) as _, clock, Arc::new(Anyone), config);
        let ask = |uri: &String| {
            let reference = StatusReference::new(0, uri).unwrap();
            now(resolver.list(&StatusQuery { reference: &reference, issuer: ISSUER, form: None })).unwrap();
        };
        uris.iter().for_each(ask);
        assert_eq!(http.requests().len(), 6);
        // The last ones are there still, without a request.
        uris.iter().rev().take(kept).for_each(ask);
        assert_eq!(http.requests().len(), 6, "{max_lists} lists, {max_bytes} bytes");
        ask(&uris[0]);
        assert_eq!(http.requests().len(), 7);
        assert_eq!(format!("{resolver:?}"), format!("StatusResolver({kept} lists)"));
    }
}

// Clauses: TSL-13.7-03
#[test]
fn the_policy_by_itself() {
    let list = Arc::new({
        let mut report = Report::new("status list");
        let token =
            issue(&Issuance { expires_at: Some(later(1000)), ttl: Some(Duration::from_secs(400)), ..GOOD });
        jwt::Unverified::read(&token, token::MAX_TOKEN, &mut report)
            .unwrap()
            .verify(&key(), &super::shared::EXPECTED, &mut report)
            .unwrap()
    });
    let policy = CachePolicy { stale_on_error: Duration::from_secs(500), ..CachePolicy::default() };
    let cached = policy.admit(Arc::clone(&list), NOW);
    assert_eq!((cached.fresh_until, cached.usable_until), (later(400), later(900)));
    let cached = policy.admit(list, later(300));
    assert_eq!((cached.fresh_until, cached.usable_until), (later(700), later(1000)));
    assert!(!cached.is_fresh(later(299)) && cached.is_fresh(later(300)) && !cached.is_fresh(later(700)));
    assert!(cached.is_usable(later(999)) && !cached.is_usable(later(1000)) && !cached.is_usable(later(299)));
    assert!(FixedClock::at(NOW).now() == NOW && issuer().x5c().is_empty());
}
