//! Sizes, and how the effort grows with them (R17).

use std::time::{Duration, Instant};

use credenza_query::dcql::query::{
    MAX_CLAIM_SETS, MAX_CLAIMS, MAX_CREDENTIAL_SETS, MAX_CREDENTIALS, MAX_OPTIONS, MAX_TEXT, MAX_VALUES,
};
use credenza_query::{DcqlQuery, Problem};
use serde_json::{Value, json};

use crate::support::{query, sd_jwt};

fn credential(id: &str) -> Value {
    json!({"id": id, "format": "dc+sd-jwt", "meta": {"vct_values": ["v"]}})
}

fn repeat(count: usize, make: impl Fn(usize) -> Value) -> Value {
    (0..count).map(make).collect()
}

/// A query with `count` of something, next to the most that is accepted.
type Sized = (usize, fn(usize) -> Value);

const SIZED: [Sized; 9] = [
    (MAX_CREDENTIALS, |count| json!({"credentials": repeat(count, |at| credential(&format!("c{at}")))})),
    (MAX_CLAIMS, |count| {
        let mut credential = credential("c");
        credential["claims"] = repeat(count, |at| json!({"path": [format!("p{at}")]}));
        json!({"credentials": [credential]})
    }),
    (MAX_CLAIM_SETS, |count| {
        let mut credential = credential("c");
        credential["claims"] = json!([{"id": "a", "path": ["a"]}]);
        credential["claim_sets"] = repeat(count, |_| json!(["a"]));
        json!({"credentials": [credential]})
    }),
    (
        MAX_CREDENTIAL_SETS,
        |count| json!({"credentials": [credential("c")], "credential_sets": repeat(count, |_| json!({"options": [["c"]]}))}),
    ),
    (
        MAX_OPTIONS,
        |count| json!({"credentials": [credential("c")], "credential_sets": [{"options": repeat(count, |_| json!(["c"]))}]}),
    ),
    (MAX_VALUES, |count| {
        let mut credential = credential("c");
        credential["claims"] = json!([{"path": ["a"], "values": repeat(count, |at| json!(at))}]);
        json!({"credentials": [credential]})
    }),
    (MAX_VALUES, |count| {
        let mut credential = credential("c");
        credential["meta"]["vct_values"] = repeat(count, |at| json!(format!("v{at}")));
        json!({"credentials": [credential]})
    }),
    (MAX_VALUES, |count| {
        let mut credential = credential("c");
        credential["trusted_authorities"] = repeat(count, |_| json!({"type": "aki", "values": ["AQI"]}));
        json!({"credentials": [credential]})
    }),
    (MAX_VALUES, |count| {
        let mut credential = credential("c");
        credential["trusted_authorities"] =
            json!([{"type": "aki", "values": repeat(count, |_| json!("AQI"))}]);
        json!({"credentials": [credential]})
    }),
];

#[test]
fn r17_sizes_are_limited() {
    for (number, (most, make)) in SIZED.into_iter().enumerate() {
        assert!(DcqlQuery::parse(&make(most)).is_ok(), "{number}");
        let error = DcqlQuery::parse(&make(most + 1)).unwrap_err();
        assert_eq!(error.problem, Problem::TooMany(most), "{number}");
    }
    let long = "a".repeat(MAX_TEXT + 1);
    for query in [
        json!({"credentials": [credential(&long)]}),
        json!({"credentials": [{"id": "c", "format": "mso_mdoc", "meta": {"doctype_value": &long}}]}),
        json!({"credentials": [{"id": "c", "format": "x", "meta": {}, "claims": [{"path": ["a", &long]}]}]}),
        json!({"credentials": [{"id": "c", "format": "x", "meta": {}, "claims": [{"path": ["a"], "values": [&long]}]}]}),
    ] {
        assert_eq!(DcqlQuery::parse(&query).unwrap_err().problem, Problem::TooLong);
    }
    let deep =
        json!({"credentials": [{"id": "c", "format": "x", "meta": {}, "claims": [{"path": vec!["a"; 17]}]}]});
    assert!(matches!(DcqlQuery::parse(&deep).unwrap_err().problem, Problem::Path(_)));
}

/// The best time of some runs: the one that was disturbed least.
fn best(mut run: impl FnMut()) -> Duration {
    let time = |()| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    [(); 5].map(time).into_iter().min().unwrap()
}

#[test]
fn r17_oversized_queries_are_refused_at_once() {
    let credentials = repeat(10_000, |at| credential(&format!("c{at}")));
    let many = json!({"credentials": credentials});
    let mut options = json!({"credentials": [credential("c")]});
    options["credential_sets"] = json!([{"options": repeat(10_000, |_| repeat(100, |_| json!("c")))}]);
    let mut sets = json!({"credentials": [credential("c")]});
    sets["credentials"][0]["claims"] = repeat(10_000, |at| json!({"id": format!("i{at}"), "path": ["a"]}));
    sets["credentials"][0]["claim_sets"] = repeat(10_000, |at| json!([format!("i{at}")]));
    for query in [many, options, sets] {
        let time = best(|| assert!(DcqlQuery::parse(&query).is_err()));
        assert!(time < Duration::from_millis(50), "{time:?}");
    }
}

/// A query that is as bad as a stranger may make it, at a quarter of `scale` per dimension, and the wallet's claims.
fn worst(scale: usize) -> (Value, Value) {
    let claims = MAX_CLAIMS * scale / 4;
    let mut one = credential("c");
    one["claims"] =
        repeat(claims, |at| json!({"id": format!("i{at}"), "path": ["list", null, format!("p{at}")]}));
    // Every claim set fails at its last claim.
    one["claims"][claims - 1]["path"] = json!(["list", null, "nowhere"]);
    one["claim_sets"] = repeat(MAX_CLAIM_SETS, |_| repeat(claims, |at| json!(format!("i{at}"))));
    let member: serde_json::Map<_, _> = (0..MAX_CLAIMS).map(|at| (format!("p{at}"), json!(at))).collect();
    (json!({"credentials": [one]}), json!({"list": [member, {}, {}]}))
}

#[test]
fn r17_effort_grows_with_the_size_and_not_faster() {
    let time = |scale: usize| {
        let (worst, claims) = worst(scale);
        let query = query(&worst);
        let candidates = vec![sd_jwt("v", &claims); 4];
        best(|| assert!(!query.matching(&candidates).satisfiable()))
    };
    let (small, large) = (time(1), time(4));
    // Four times the size; the square would be sixteen times the time.
    assert!(large < small * 10 + Duration::from_millis(2), "{small:?} {large:?}");
}

#[test]
fn r17_sets_do_not_multiply() {
    let ids: Vec<_> = (0..MAX_CREDENTIALS).map(|at| format!("c{at}")).collect();
    let query = query(&json!({
        "credentials": ids.iter().map(|id| credential(id)).collect::<Value>(),
        "credential_sets": repeat(MAX_CREDENTIAL_SETS, |_| json!({"options": repeat(MAX_OPTIONS, |_| json!(ids))}))
    }));
    let claims = json!({});
    let mut candidates = vec![sd_jwt("v", &claims); 4];
    let time = best(|| assert!(query.matching(&candidates).selection().is_some()));
    assert!(time < Duration::from_millis(500), "{time:?}");
    candidates.iter_mut().for_each(|candidate| candidate.holder_binding = false);
    let time = best(|| assert_eq!(query.matching(&candidates).unmet().len(), MAX_CREDENTIAL_SETS));
    assert!(time < Duration::from_millis(1500), "{time:?}");
}
