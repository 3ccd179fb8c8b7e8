//! Many at the same time on one request, one code, one refresh token: one winner, over memory and over a file.

use std::sync::Arc;

use credenza_core::{FixedClock, Store};
use credenza_store::{MemoryStore, SqliteOptions, SqliteStore};
use credenza_vci::issuer::SessionState;

use crate::authorizing::*;
use crate::races::{RACERS, count, race};
use crate::support::*;

/// The same race over each store.
fn over_both(run: impl Fn(&World)) {
    let clock = Arc::new(FixedClock::at(START));
    let memory: Arc<dyn Store> = Arc::new(MemoryStore::new(clock.clone()));
    run(&World::over(clock, memory, |builder| builder.authorization(settings())));
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(FixedClock::at(START));
    let path = folder.path().join("sessions.db");
    let sqlite: Arc<dyn Store> =
        Arc::new(SqliteStore::open(path, clock.clone(), SqliteOptions::default()).unwrap());
    run(&World::over(clock, sqlite, |builder| builder.authorization(settings())));
}

#[test]
fn a08_fifty_decisions_about_one_pushed_request() {
    over_both(|world| {
        let query = world.pushed(&headers(FORM), &request());
        let results = race(|number| {
            let Ok(interaction) = wait(world.issuer.authorize(&query)) else { return "late" };
            let decided = if number % 5 == 0 {
                wait(world.issuer.deny(&interaction.handle))
            } else {
                wait(world.issuer.approve(&interaction.handle, approval()))
            };
            if decided.is_ok() { "decided" } else { "late" }
        });
        assert_eq!(results.iter().filter(|result| **result == "decided").count(), 1, "{results:?}");
    });
}

#[test]
fn a28_fifty_wallets_on_one_offer() {
    over_both(|world| {
        let (_, state) = world.browser_offer();
        let parameters = changed(request(), "issuer_state", Some(&state));
        let queries: Vec<String> = (0..RACERS).map(|_| world.pushed(&headers(FORM), &parameters)).collect();
        let handles: Vec<String> =
            queries.iter().map(|query| wait(world.issuer.authorize(query)).unwrap().handle).collect();
        let results = race(|number| {
            let url = wait(world.issuer.approve(&handles[number], approval())).unwrap();
            parameter(&url, "code").is_some()
        });
        assert_eq!(results.iter().filter(|agreed| **agreed).count(), 1, "{results:?}");
    });
}

// Clauses: OABCP-7.2.4-02
#[test]
fn a01_fifty_clients_on_one_authorization_code() {
    over_both(|world| {
        let (id, state) = world.browser_offer();
        let code = world.code_for(&changed(request(), "issuer_state", Some(&state)));
        let results = race(|_| refused(&world.exchange(&code)));
        assert_eq!(count(&results, 200, ""), 1, "{results:?}");
        assert_eq!(count(&results, 400, "invalid_grant"), RACERS - 1, "{results:?}");
        // The winner has a token that is good for nothing: two had the code.
        assert_eq!(world.state(&id), SessionState::Failed);
    });
}

#[test]
fn a26_fifty_clients_on_one_refresh_token() {
    over_both(|world| {
        let (id, state) = world.browser_offer();
        let code = world.code_for(&changed(request(), "issuer_state", Some(&state)));
        let token = body(&world.exchange(&code));
        let refresh = token["refresh_token"].as_str().unwrap();
        let results = race(|_| refused(&world.refresh(refresh)));
        assert_eq!(count(&results, 200, ""), 1, "{results:?}");
        assert_eq!(count(&results, 400, "invalid_grant"), RACERS - 1, "{results:?}");
        assert_eq!(world.state(&id), SessionState::Failed);
    });
}

#[test]
fn a26_fifty_times_the_same_key_on_one_refresh_token_is_one_rotation() {
    over_both(|world| {
        let key = world.key();
        let url = world.issuer.endpoints().token.clone();
        let bound = || world.with_dpop(headers(FORM), &key, &url);
        let (id, state) = world.browser_offer();
        let code = world.code_for(&changed(request(), "issuer_state", Some(&state)));
        let token = body(&world.token_with(&bound(), &exchange(&code)));
        let refresh = token["refresh_token"].as_str().unwrap();
        let requests: Vec<_> = (0..RACERS).map(|_| bound()).collect();
        let results = race(|number| refused(&world.token_with(&requests[number], &refreshing(refresh))));
        assert_eq!(count(&results, 200, ""), RACERS, "{results:?}");
        let rotations = world.view(&id).events.iter().filter(|event| event.kind == "token.refreshed").count();
        assert_eq!(rotations, 1);
    });
}
