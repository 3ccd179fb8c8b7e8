//! Many clients at the same time: one winner, and precise answers for the others.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use credenza_store::{SqliteOptions, SqliteStore};
use credenza_vci::issuer::{OfferRequest, SessionState};
use serde_json::json;

use crate::support::*;

pub(crate) const RACERS: usize = 50;

/// Lets all racers go at once and counts what they get.
pub(crate) fn race<T: Send>(run: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(RACERS);
    std::thread::scope(|scope| {
        let racers: Vec<_> = (0..RACERS)
            .map(|number| {
                let (run, start) = (&run, &start);
                scope.spawn(move || {
                    start.wait();
                    run(number)
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    })
}

pub(crate) fn count(results: &[(u16, String)], status: u16, code: &str) -> usize {
    results.iter().filter(|result| **result == (status, code.to_owned())).count()
}

// Clauses: VCI-4.1.1-14
#[test]
fn a02_fifty_clients_on_one_code() {
    let world = World::new();
    for _ in 0..10 {
        let offer = world.offer();
        let codes: Vec<String> = (0..RACERS).map(|_| world.code(&offer)).collect();
        let results = race(|number| {
            refused(&world.token(&[("grant_type", GRANT), ("pre-authorized_code", &codes[number])]))
        });
        assert_eq!(count(&results, 200, ""), 1, "{results:?}");
        assert_eq!(count(&results, 400, "invalid_grant"), RACERS - 1, "{results:?}");
    }
}

#[test]
fn a03_fifty_guesses_at_once_count_as_five() {
    let world = World::new();
    let offer = world.create(OfferRequest::of("pid", erika()).with_tx_code(4));
    let code = world.code(&offer);
    let right = offer.tx_code.as_ref().unwrap().expose();
    let wrong = if right == "0000" { "1111" } else { "0000" };
    let guess = |tx_code: &str| {
        refused(&world.token(&[("grant_type", GRANT), ("pre-authorized_code", &code), ("tx_code", tx_code)]))
    };
    let results = race(|_| guess(wrong));
    assert_eq!(count(&results, 400, "invalid_grant"), RACERS, "{results:?}");
    let view = world.view(&offer.id);
    assert_eq!((view.state, view.tx_code.unwrap().wrong), (SessionState::Failed, 5));
    assert_eq!(guess(right), (400, "invalid_grant".to_owned()));
}

#[test]
fn a03_the_right_code_among_fifty_guesses_wins_at_most_once_and_within_the_tries() {
    let world = World::new();
    for _ in 0..10 {
        let offer = world.create(OfferRequest::of("pid", erika()).with_tx_code(4));
        let code = world.code(&offer);
        let right = offer.tx_code.as_ref().unwrap().expose();
        let results = race(|number| {
            let tx_code = if number % 10 == 3 { right } else { "x" };
            refused(&world.token(&[
                ("grant_type", GRANT),
                ("pre-authorized_code", &code),
                ("tx_code", tx_code),
            ]))
        });
        let winners = count(&results, 200, "");
        let view = world.view(&offer.id);
        assert!(winners <= 1 && view.tx_code.unwrap().wrong <= 5, "{results:?}");
        assert_eq!(view.state == SessionState::Failed, winners == 0);
    }
}

// Clauses: VCI-13.8-01
#[test]
fn c02_fifty_requests_on_one_nonce() {
    let world = World::new();
    let nonce = world.nonce();
    let requests: Vec<_> = (0..RACERS)
        .map(|_| {
            let token = world.redeem(&world.offer());
            let proof = world.proof(&world.key(), &nonce);
            (token, json!({ "credential_configuration_id": "pid", "proofs": { "jwt": [proof] } }))
        })
        .collect();
    let results = race(|number| refused(&world.credential(&requests[number].0, &requests[number].1)));
    assert_eq!(count(&results, 200, ""), 1, "{results:?}");
    assert_eq!(count(&results, 400, "invalid_nonce"), RACERS - 1, "{results:?}");
}

#[test]
fn c02_fifty_requests_on_one_session_with_a_nonce_each() {
    let world = World::new();
    let offer = world.offer();
    let token = world.redeem(&offer);
    let requests: Vec<_> = (0..RACERS).map(|_| world.request()).collect();
    let results = race(|number| refused(&world.credential(&token, &requests[number])));
    // As often as an answer may get lost, and no more.
    assert_eq!(count(&results, 200, ""), 4, "{results:?}");
    assert_eq!(count(&results, 400, "credential_request_denied"), RACERS - 4, "{results:?}");
    assert_eq!(world.view(&offer.id).credentials[0].issued.len(), 4);
}

// Clauses: DPOP-11.1-01
#[test]
fn a20_fifty_requests_with_one_dpop_proof() {
    let world = World::new();
    let key = world.key();
    let url = world.issuer.endpoints().token.as_str().to_owned();
    let proof = with(headers(FORM), "dpop", &world.dpop(&key, &url, None, None));
    let codes: Vec<String> = (0..RACERS).map(|_| world.code(&world.offer())).collect();
    let results = race(|number| {
        refused(&world.token_with(&proof, &[("grant_type", GRANT), ("pre-authorized_code", &codes[number])]))
    });
    assert_eq!(count(&results, 200, ""), 1, "{results:?}");
    assert_eq!(count(&results, 400, "invalid_dpop_proof"), RACERS - 1, "{results:?}");
}

#[test]
fn c19_fifty_notifications_are_one_event() {
    let world = World::new();
    let offer = world.offer();
    let token = world.redeem(&offer);
    let id = body(&world.credential(&token, &world.request()))["notification_id"].clone();
    let contradicted = AtomicUsize::new(0);
    let results = race(|number| {
        let event = if number % 2 == 0 { "credential_accepted" } else { "credential_failure" };
        let result = refused(&world.notify(&token, &json!({ "notification_id": id, "event": event })));
        if result.0 == 400 {
            contradicted.fetch_add(1, Ordering::SeqCst);
        }
        result
    });
    assert_eq!(count(&results, 204, ""), RACERS / 2, "{results:?}");
    assert_eq!(contradicted.load(Ordering::SeqCst), RACERS / 2);
    let told: Vec<_> = world
        .view(&offer.id)
        .events
        .into_iter()
        .filter(|event| matches!(event.kind.as_str(), "credential.accepted" | "credential.failed"))
        .collect();
    assert_eq!(told.len(), 1);
}

#[test]
fn fetching_and_redeeming_and_cancelling_at_once_leaves_one_story() {
    let world = World::new();
    for _ in 0..10 {
        let offer = world.offer();
        let code = world.code(&offer);
        let handle = offer.offer_uri.as_ref().unwrap().path().rsplit('/').next().unwrap().to_owned();
        let results = race(|number| match number % 3 {
            0 => refused(&world.token(&[("grant_type", GRANT), ("pre-authorized_code", &code)])),
            1 => (wait(world.issuer.cancel(&offer.id)).map_or(0, |_| 1), "cancel".to_owned()),
            _ => (wait(world.issuer.offer_object(&handle)).map_or(0, |_| 1), "fetch".to_owned()),
        });
        let view = world.view(&offer.id);
        assert_eq!(view.state, SessionState::Cancelled);
        assert!(count(&results, 200, "") <= 1);
        let sequences: Vec<u32> = view.events.iter().map(|event| event.sequence).collect();
        assert_eq!(sequences, (1..=u32::try_from(sequences.len()).unwrap()).collect::<Vec<_>>());
    }
}

/// The same over a file: what the memory's locks do there, transactions do here.
#[test]
fn a02_a20_c02_fifty_clients_over_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let clock = std::sync::Arc::new(credenza_core::FixedClock::at(START));
    let store = SqliteStore::open(folder.path().join("sessions.db"), clock.clone(), SqliteOptions::default())
        .unwrap();
    let world = World::over(clock, std::sync::Arc::new(store), |builder| builder);
    let offer = world.offer();
    let code = world.code(&offer);
    let results = race(|_| refused(&world.token(&[("grant_type", GRANT), ("pre-authorized_code", &code)])));
    assert_eq!(count(&results, 200, ""), 1, "{results:?}");
    assert_eq!(count(&results, 400, "invalid_grant"), RACERS - 1, "{results:?}");

    let nonce = world.nonce();
    let tokens: Vec<String> = (0..RACERS).map(|_| world.redeem(&world.offer())).collect();
    let proofs: Vec<String> = (0..RACERS).map(|_| world.proof(&world.key(), &nonce)).collect();
    let results =
        race(|number| {
            let proofs = json!({ "jwt": [proofs[number]] });
            refused(&world.credential(
                &tokens[number],
                &json!({ "credential_configuration_id": "pid", "proofs": proofs }),
            ))
        });
    assert_eq!(count(&results, 200, ""), 1, "{results:?}");
    assert_eq!(count(&results, 400, "invalid_nonce"), RACERS - 1, "{results:?}");

    let key = world.key();
    let url = world.issuer.endpoints().token.as_str().to_owned();
    let proof = with(headers(FORM), "dpop", &world.dpop(&key, &url, None, None));
    let codes: Vec<String> = (0..RACERS).map(|_| world.code(&world.offer())).collect();
    let results = race(|number| {
        refused(&world.token_with(&proof, &[("grant_type", GRANT), ("pre-authorized_code", &codes[number])]))
    });
    assert_eq!(count(&results, 200, ""), 1, "{results:?}");
}
