//! Many at the same time on one `auth_session`: one winner, over memory and over a file.

use std::sync::Arc;

use credenza_core::{FixedClock, Store};
use credenza_store::{MemoryStore, SqliteOptions, SqliteStore};
use serde_json::json;

use crate::authorizing::*;
use crate::interactive::{PRESENTATION, WEB, answering, first, inside, next};
use crate::races::{RACERS, count, race};
use crate::support::*;

#[test]
fn q01_i09_fifty_answers_to_one_session() {
    let run = |world: &World| {
        for _ in 0..5 {
            let required = world.required(&first(PRESENTATION), PRESENTATION);
            let answer = answering(&required);
            let results = race(|_| refused(&world.interact(&answer)));
            assert_eq!(count(&results, 200, ""), 1, "{results:?}");
            assert_eq!(count(&results, 400, "invalid_session"), RACERS - 1, "{results:?}");
            // Whatever they bring, one request counts.
            let required = world.required(&first(&format!("{PRESENTATION},{WEB}")), PRESENTATION);
            let session = required["auth_session"].as_str().unwrap();
            let no = next(session, &json!({ "error": "access_denied" }));
            let wrong = changed(no.clone(), "openid4vp_response", Some("{}"));
            let results = race(|number| refused(&world.interact(if number % 2 == 0 { &no } else { &wrong })));
            assert_eq!(count(&results, 400, "invalid_session"), RACERS - 1, "{results:?}");
        }
    };
    let clock = Arc::new(FixedClock::at(START));
    let memory: Arc<dyn Store> = Arc::new(MemoryStore::new(clock.clone()));
    run(&World::over(clock, memory, |builder| inside(builder.authorization(settings()))));
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(FixedClock::at(START));
    let path = folder.path().join("sessions.db");
    let sqlite: Arc<dyn Store> =
        Arc::new(SqliteStore::open(path, clock.clone(), SqliteOptions::default()).unwrap());
    run(&World::over(clock, sqlite, |builder| inside(builder.authorization(settings()))));
}
