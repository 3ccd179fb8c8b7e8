//! Credentials that come later: the deferred credential endpoint, and the wallet that comes back for them.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::Answer;
use credenza_store::{SqliteOptions, SqliteStore};
use credenza_vci::issuer::{
    ClaimsAnswer, ClaimsError, ClaimsSource, CredentialConfiguration, Deferral, DeferredError, DeferredState,
    IssuanceContext, OfferRequest, OfferedCredential, SessionState,
};
use credenza_vci::wallet::{PendingCredential, Polled, WalletError};
use serde_json::{Map, Value, json};

use crate::races::{RACERS, count, race};
use crate::support::*;

fn invalid_transaction() -> (u16, String) {
    (400, "invalid_transaction_id".to_owned())
}

/// An offer whose credential is promised first.
fn later(deferral: Deferral, claims: Option<Map<String, Value>>) -> OfferRequest {
    let credential =
        OfferedCredential { configuration_id: "pid".to_owned(), claims, deferral: Some(deferral) };
    OfferRequest { credentials: vec![credential], ..OfferRequest::default() }
}

/// A promise: session, token and transaction.
struct Promised {
    world: World,
    offer: String,
    token: String,
    transaction: String,
}

impl Promised {
    fn new(deferral: Deferral) -> Self {
        Self::over(World::new(), later(deferral, Some(erika())))
    }

    fn over(world: World, request: OfferRequest) -> Self {
        let offer = world.create(request);
        let token = world.redeem(&offer);
        let response = world.credential(&token, &world.request());
        assert_eq!(response.status(), 202, "{response:?}");
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let promise = body(&response);
        assert_eq!(promise.as_object().unwrap().len(), 2, "{promise}");
        assert!(promise["interval"].as_u64().unwrap() > 0);
        let transaction = promise["transaction_id"].as_str().unwrap().to_owned();
        Self { world, offer: offer.id, token, transaction }
    }

    fn ask(&self) -> http::Response<Vec<u8>> {
        self.world.deferred(&self.token, &json!({ "transaction_id": self.transaction, "unknown": [1] }))
    }

    /// The name for the issuer's own people.
    fn name(&self) -> String {
        self.world.view(&self.offer).credentials[0].deferred[0].id.clone()
    }
}

// Clauses: VCI-8.3-02, VCI-8.3-03, VCI-8.3-08, VCI-8.3-13, VCI-8.3-14, VCI-8.3-15, VCI-8.3-16, VCI-8.3-18, VCI-8.3-21, VCI-9.1-02, VCI-9.1-04, VCI-9.1-06, VCI-9.2-01, VCI-9.2-02, VCI-9.2-03, VCI-9.2-09
// Checks: ISS-052, ISS-070, ISS-074
#[test]
fn promised_completed_and_fetched_once() {
    let promised = Promised::new(Deferral::UntilCompleted);
    let world = &promised.world;
    assert_eq!(world.state(&promised.offer), SessionState::Deferred);
    for _ in 0..2 {
        let pending = promised.ask();
        assert_eq!(pending.status(), 202);
        assert_eq!(body(&pending)["transaction_id"], promised.transaction.as_str());
        assert!(body(&pending)["interval"].as_u64().unwrap() > 0);
    }
    let name = promised.name();
    let view = wait(world.issuer.complete_deferred(&name, None)).unwrap();
    assert_eq!(view.credentials[0].deferred[0].state, DeferredState::Ready);
    let issued = promised.ask();
    assert_eq!((issued.status().as_u16(), body(&issued)["credentials"].as_array().unwrap().len()), (200, 1));
    assert!(body(&issued)["notification_id"].is_string());
    assert!(body(&issued).get("interval").is_none() && body(&issued).get("transaction_id").is_none());
    assert_eq!(refused(&promised.ask()), invalid_transaction());
    let view = world.view(&promised.offer);
    assert_eq!(view.state, SessionState::Issued);
    assert_eq!(view.credentials[0].deferred[0].state, DeferredState::Issued);
    assert_eq!(view.credentials[0].issued[0].copies, 1);
    assert!(matches!(wait(world.issuer.complete_deferred(&name, None)), Err(DeferredError::TooLate)));
    let accepted =
        json!({ "notification_id": body(&issued)["notification_id"], "event": "credential_accepted" });
    assert_eq!(world.notify(&promised.token, &accepted).status(), 204);
    assert_eq!(world.state(&promised.offer), SessionState::Acknowledged);
}

// Checks: ISS-072
#[test]
fn a_credential_can_be_ready_at_the_first_poll() {
    let promised = Promised::new(Deferral::UntilAskedAgain);
    assert_eq!(promised.ask().status(), 200);
    assert_eq!(refused(&promised.ask()), invalid_transaction());
    // So for a whole type.
    let world = World::with(|builder| {
        builder.configuration(CredentialConfiguration {
            deferral: Deferral::UntilAskedAgain,
            ..CredentialConfiguration::sd_jwt_vc("slow", "urn:example:slow")
        })
    });
    let offer = world.create(OfferRequest::of("slow", erika()));
    let token = world.redeem(&offer);
    let mut request = world.request();
    request["credential_configuration_id"] = "slow".into();
    assert_eq!(world.credential(&token, &request).status(), 202);
}

#[test]
fn claims_can_come_with_the_completion_and_have_to_fit() {
    let promised = Promised::over(World::new(), later(Deferral::UntilCompleted, None));
    let world = &promised.world;
    let complete =
        |claims: Value| wait(world.issuer.complete_deferred(&promised.name(), claims.as_object().cloned()));
    assert!(matches!(complete(json!({ "family_name": "M" })), Err(DeferredError::MissingClaim(_))));
    assert!(matches!(
        complete(json!({ "given_name": "E", "vct": "x" })),
        Err(DeferredError::ReservedClaim(_))
    ));
    for name in ["", "x", "x.0", &format!("{}.1", promised.offer), &format!("{}.x", promised.offer)] {
        let unknown = wait(world.issuer.complete_deferred(name, None));
        assert!(
            matches!(unknown, Err(DeferredError::NotFound | DeferredError::TooLate)),
            "{name} {unknown:?}"
        );
    }
    complete(json!({ "given_name": "Erika" })).unwrap();
    assert_eq!(promised.ask().status(), 200);
}

// Clauses: VCI-9.3-01
#[test]
fn a_promise_can_be_given_up() {
    let promised = Promised::new(Deferral::UntilCompleted);
    let world = &promised.world;
    let long = "x".repeat(301);
    assert!(matches!(wait(world.issuer.fail_deferred(&promised.name(), &long)), Err(DeferredError::Reason)));
    let view = wait(world.issuer.fail_deferred(&promised.name(), "withdrawn")).unwrap();
    assert_eq!(view.state, SessionState::Failed);
    let answer = promised.ask();
    assert_eq!(refused(&answer), (400, "credential_request_denied".to_owned()));
    assert!(!String::from_utf8_lossy(answer.body()).contains("withdrawn"));
    assert!(matches!(
        wait(world.issuer.complete_deferred(&promised.name(), None)),
        Err(DeferredError::TooLate)
    ));
}

// Clauses: VCI-9-02, VCI-9.1-02
#[test]
fn c15_a_transaction_is_good_for_its_own_session_and_token() {
    let promised = Promised::new(Deferral::UntilAskedAgain);
    let world = &promised.world;
    let other = world.redeem(&world.offer());
    let request = json!({ "transaction_id": promised.transaction });
    assert_eq!(refused(&world.deferred(&other, &request)), invalid_transaction());
    let ring = Arc::new(credenza_core::Sealer::fresh(&credenza_core::SeededRandom::new(3)));
    let foreign = World::with(|builder| builder.sealer(ring));
    let foreign = Promised::over(foreign, later(Deferral::UntilAskedAgain, Some(erika()))).transaction;
    for transaction in ["", "x", &foreign, &promised.token, &world.nonce()] {
        let request = json!({ "transaction_id": transaction });
        assert_eq!(
            refused(&world.deferred(&promised.token, &request)),
            invalid_transaction(),
            "{transaction}"
        );
    }
    let malformed = (400, "invalid_credential_request".to_owned());
    for request in [json!({}), json!({ "transaction_id": 7 }), json!([])] {
        assert_eq!(refused(&world.deferred(&promised.token, &request)), malformed, "{request}");
    }
    assert_eq!(world.deferred_with(&headers(JSON), request.to_string().as_bytes()).status(), 401);
    assert_eq!(refused(&world.deferred("x", &request)).0, 401);
    assert_eq!(
        refused(&world.deferred_with(
            &with(headers(FORM), "authorization", &format!("Bearer {}", promised.token)),
            b"x"
        )),
        malformed
    );
    assert_eq!(promised.ask().status(), 200);
}

#[test]
fn a_transaction_expires() {
    let world = World::with(|builder| {
        builder.lifetimes(credenza_vci::issuer::Lifetimes {
            deferred: Duration::from_secs(60),
            ..credenza_vci::issuer::Lifetimes::default()
        })
    });
    let promised = Promised::over(world, later(Deferral::UntilCompleted, Some(erika())));
    let world = &promised.world;
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(refused(&promised.ask()), invalid_transaction());
    assert!(matches!(
        wait(world.issuer.complete_deferred(&promised.name(), None)),
        Err(DeferredError::TooLate)
    ));
    assert_eq!(world.view(&promised.offer).credentials[0].deferred[0].state, DeferredState::Expired);
}

// Clauses: VCI-8.3-15, VCI-9.1-04
#[test]
fn c17_fifty_ask_at_once_and_one_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(credenza_core::FixedClock::at(START));
    let file = folder.path().join("sessions.db");
    let sqlite = SqliteStore::open(file, clock.clone(), SqliteOptions::default()).unwrap();
    for world in [World::new(), World::over(clock, Arc::new(sqlite), |builder| builder)] {
        let promised = Promised::over(world, later(Deferral::UntilAskedAgain, Some(erika())));
        let answers = race(|_| refused(&promised.ask()));
        assert_eq!(count(&answers, 200, ""), 1, "{answers:?}");
        assert_eq!(count(&answers, 400, "invalid_transaction_id"), RACERS - 1, "{answers:?}");
        assert_eq!(promised.world.view(&promised.offer).credentials[0].issued.len(), 1);
    }
}

/// Has the claims after some time.
struct Slow(Arc<credenza_core::FixedClock>);

impl ClaimsSource for Slow {
    fn claims<'a>(&'a self, _: &'a IssuanceContext<'a>) -> Answer<'a, Result<ClaimsAnswer, ClaimsError>> {
        use credenza_core::Clock as _;
        Answer::ready(Ok(if self.0.now() < START + Duration::from_secs(100) {
            ClaimsAnswer::Deferred(Duration::from_secs(17))
        } else {
            ClaimsAnswer::Claims(erika())
        }))
    }
}

#[test]
fn the_source_of_claims_can_put_a_credential_off() {
    let clock = Arc::new(credenza_core::FixedClock::at(START));
    let store = Arc::new(credenza_store::MemoryStore::new(clock.clone()));
    let slow = Slow(clock.clone());
    let world = World::over(clock, store, |builder| builder.claims_source(Arc::new(slow)));
    let credential = OfferedCredential { configuration_id: "pid".to_owned(), claims: None, deferral: None };
    let request = OfferRequest { credentials: vec![credential], ..OfferRequest::default() };
    let promised = Promised::over(world, request);
    assert_eq!(body(&promised.ask())["interval"], 17);
    promised.world.clock.advance(Duration::from_secs(100));
    assert_eq!(promised.ask().status(), 200);
}

#[test]
fn a_nonce_is_used_up_by_a_promise_and_promises_are_counted() {
    let promised = Promised::new(Deferral::UntilCompleted);
    let world = &promised.world;
    let request = world.request();
    assert_eq!(world.credential(&promised.token, &request).status(), 202);
    assert_eq!(refused(&world.credential(&promised.token, &request)), (400, "invalid_nonce".to_owned()));
    for _ in 0..2 {
        assert_eq!(world.credential(&promised.token, &world.request()).status(), 202);
    }
    let denied = (400, "credential_request_denied".to_owned());
    assert_eq!(refused(&world.credential(&promised.token, &world.request())), denied);
}

/// The wallet of the next morning: what it kept was written down and read again.
fn restarted(pending: &PendingCredential) -> PendingCredential {
    serde_json::from_str(&serde_json::to_string(pending).unwrap()).unwrap()
}

// Clauses: VCI-9-02, VCI-8.3-04, VCI-8.3-17, VCI-9.2-02, VCI-9.2-06
// Checks: WVCI-008, WVCI-107
#[test]
fn the_wallet_comes_back_after_a_restart() {
    let world = World::new();
    let offer = world.create(later(Deferral::UntilCompleted, Some(erika())));
    let http = Arc::new(world.http());
    let (wallet, keys) = world.wallet(http.clone());
    let received = wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept()).unwrap();
    assert!(received.credentials.is_empty() && received.failures.is_empty());
    let [pending] = &received.pending[..] else { panic!("one promise") };
    assert_eq!((pending.issuer(), pending.offered().configuration_id.as_str()), (ISSUER, "pid"));
    assert_eq!(pending.not_before(), world.now() + Duration::from_secs(5));
    assert_eq!(keys.made.lock().unwrap().len(), 1, "the key waits for its credential");
    let shown = format!("{pending:?}");
    assert!(!shown.contains("transaction") && !shown.contains("\"d\""), "{shown}");

    let Polled::Pending(pending) = wait(wallet.poll(&restarted(pending))).unwrap() else {
        panic!("too soon")
    };
    let name = world.view(&offer.id).credentials[0].deferred[0].id.clone();
    wait(world.issuer.complete_deferred(&name, None)).unwrap();
    let (other, _) = world.wallet(http);
    let Polled::Received(received) = wait(other.poll(&restarted(&pending))).unwrap() else {
        panic!("not yet")
    };
    assert_eq!(received.credentials.len(), 1);
    assert_eq!(received.credentials[0].claims["given_name"], "Erika");
    assert_eq!(received.credentials[0].key_thumbprint.as_ref(), pending.keys().first());
    assert!(received.reports.iter().all(credenza_core::Report::ok));
    wait(received.receipt.accepted()).unwrap();
    assert_eq!(world.state(&offer.id), SessionState::Acknowledged);

    let again = wait(wallet.poll(&pending)).unwrap_err();
    assert!(again.is_final(), "{again}");
}

// Clauses: VCI-8.3-08, VCI-8.3-14, VCI-8.3-16, VCI-9.2-03
#[test]
fn the_wallet_takes_no_half_promises() {
    let cases: [(&str, Spoil); 5] = [
        ("/credential", |answer| answer["credentials"] = json!([{ "credential": "x" }])),
        ("/credential", |answer| answer["transaction_id"] = json!("")),
        ("/credential", |answer| drop(answer.as_object_mut().unwrap().remove("transaction_id"))),
        ("/deferred_credential", |answer| answer["transaction_id"] = json!("another")),
        ("/deferred_credential", |answer| answer["transaction_id"] = json!("x".repeat(5000))),
    ];
    for (path, change) in cases {
        let world = World::new();
        let offer = world.create(later(Deferral::UntilCompleted, Some(erika())));
        let http = world.http().tampered(move |request, response| {
            if request.uri().path() == format!("/tenant{path}") {
                let mut answer = body(response);
                change(&mut answer);
                *response.body_mut() = answer.to_string().into_bytes();
            }
        });
        let (wallet, _) = world.wallet(Arc::new(http));
        let accepted = wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept());
        let error = match accepted {
            Ok(received) => wait(wallet.poll(&received.pending[0])).map(drop).unwrap_err(),
            Err(error) => error,
        };
        assert!(matches!(error, WalletError::Unexpected { .. }), "{path}: {error}");
    }
}
