//! Many at once where only one can succeed (catalogue rows P01, P08, P12).

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use credenza_vp::PresentationRequest;
use credenza_vp::verifier::{Fetch, RespondError, ResultError, Status};
use serde_json::json;

use crate::world::{query, run, world, world_with};

const RACERS: usize = 50;

/// Starts all of them together and counts those who succeed.
fn race(attempt: impl Fn(usize) -> bool + Sync) -> usize {
    let (barrier, winners) = (Barrier::new(RACERS), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for number in 0..RACERS {
            let (attempt, barrier, winners) = (&attempt, &barrier, &winners);
            scope.spawn(move || {
                barrier.wait();
                if attempt(number) {
                    winners.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    winners.into_inner()
}

#[test]
fn p01_one_response_of_fifty_is_taken() {
    let world = world();
    let plain = world.plain(query());
    let presentation =
        world.bound(&[&["family_name"], &["age_equal_or_over", "18"]], &plain.nonce, &plain.client_id);
    let token = json!({ "pid": [presentation] }).to_string();
    let body = credenza_oauth::form::encode(&[("vp_token", &token), ("state", &plain.state)]);
    let winners = race(|number| {
        if number % 5 == 4 {
            // Others fetch the request meanwhile, which changes nothing.
            let _ = run(world.verifier.request_object(&plain.created.request_id, Fetch::Get));
            return false;
        }
        match run(world.verifier.respond(&plain.created.request_id, body.as_bytes())) {
            Ok(_) => true,
            Err(RespondError::Unknown) => false,
            Err(other) => panic!("{other}"),
        }
    });
    assert_eq!(winners, 1);
    let verified = |kind: &str| kind == "presentation.verified";
    let events = world.events.0.lock().unwrap();
    assert_eq!(events.iter().filter(|(_, event)| verified(&event.kind)).count(), 1, "one webhook");
    drop(events);
    assert!(matches!(
        run(world.verifier.respond(&plain.created.request_id, body.as_bytes())),
        Err(RespondError::Unknown)
    ));
}

#[test]
fn p08_one_of_fifty_redeems_the_response_code() {
    let world = world_with(|builder| builder.allow_redirects(["https://shop.example/".parse().unwrap()]));
    let mut request = PresentationRequest::new(query());
    request.redirect = Some("https://shop.example/#{RESPONSE_CODE}".to_owned());
    let created = world.create(request);
    let redirect = world.present(&created.wallet_link).unwrap().redirect_uri.unwrap();
    let code = redirect.fragment().unwrap();
    let winners = race(|_| match run(world.verifier.result(&created.id, Some(code))) {
        Ok(result) => {
            assert_eq!(result.presentations.len(), 1);
            true
        }
        Err(ResultError::ResponseCode) => false,
        Err(other) => panic!("{other}"),
    });
    assert_eq!(winners, 1);
}

#[test]
fn p12_errors_and_a_success_at_once_and_the_success_is_never_lost() {
    for _ in 0..10 {
        let world = world();
        let plain = world.plain(query());
        let presentation =
            world.bound(&[&["family_name"], &["age_equal_or_over", "18"]], &plain.nonce, &plain.client_id);
        let token = json!({ "pid": [presentation] }).to_string();
        let winners = race(|number| {
            if number == 25 {
                world
                    .post(&plain.created.request_id, &[("vp_token", &token), ("state", &plain.state)])
                    .is_ok()
            } else {
                let error = [("error", "access_denied"), ("state", plain.state.as_str())];
                let _ = world.post(&plain.created.request_id, &error);
                false
            }
        });
        assert_eq!(winners, 1);
        assert_eq!(world.status(&plain.created.id), Status::Verified);
    }
}
