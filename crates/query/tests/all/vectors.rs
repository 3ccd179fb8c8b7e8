//! Queries that others have published or sent: they are read, and mean what they say.

use credenza_core::json;
use credenza_query::{Candidate, DcqlQuery};
use serde_json::json;

use crate::support::{query, sd_jwt, vector, vectors};

// Clauses: VP-6-02, VP-6.1-01, VP-6.3-01
#[test]
fn queries_of_the_specification() {
    let files = vectors("openid4vp-1.0/dcql", ".json");
    assert_eq!(files.len(), 9);
    for (name, published) in files {
        let read = DcqlQuery::parse(&published).unwrap_or_else(|error| panic!("{name}: {error}"));
        let written = serde_json::to_value(&read).unwrap();
        assert_eq!(DcqlQuery::parse(&written).unwrap(), read, "{name}");
        assert_eq!(read.duplicate_claim(), None, "{name}");
    }
}

#[test]
fn queries_that_the_eu_verifier_accepted() {
    let files = vectors("eudi-verifier", "-dcql.json");
    assert_eq!(files.len(), 8);
    for (name, request) in files {
        let read = DcqlQuery::parse(&request["dcql_query"]).unwrap_or_else(|error| panic!("{name}: {error}"));
        // Nothing of these is unknown, so nothing gets lost.
        assert_eq!(serde_json::to_value(&read).unwrap(), request["dcql_query"], "{name}");
    }
}

// Clauses: VP-6.4.1-02
#[test]
fn claims_alternatives_of_the_specification() {
    let query = query(&vector("openid4vp-1.0/dcql/claims_alternatives.json"));
    let vct = "https://credentials.example.com/identity_credential";
    let mut claims =
        json!({"last_name": "M", "postal_code": "1", "locality": "K", "region": "N", "date_of_birth": "d"});
    let taken = |claims: &serde_json::Value| {
        let matching = query.matching(&[sd_jwt(vct, claims)]);
        matching.credentials[0].matches.first().map(|found| (found.claim_set, found.disclosed(claims)))
    };
    let first = json!({"last_name": "M", "locality": "K", "region": "N", "date_of_birth": "d"});
    assert_eq!(taken(&claims), Some((Some(0), first)));
    claims.as_object_mut().unwrap().remove("region");
    let second = json!({"last_name": "M", "postal_code": "1", "date_of_birth": "d"});
    assert_eq!(taken(&claims), Some((Some(1), second)));
    claims.as_object_mut().unwrap().remove("postal_code");
    assert_eq!(taken(&claims), None);
}

// Clauses: VP-6.4.2-01
#[test]
fn credentials_alternatives_of_the_specification() {
    let query = query(&vector("openid4vp-1.0/dcql/credentials_alternatives.json"));
    let claims = json!({
        "given_name": "E", "family_name": "M", "postal_code": "1", "locality": "K", "region": "N", "rewards_number": 7
    });
    let reduced = sd_jwt("https://credentials.example.com/reduced_identity_credential", &claims);
    let residence = sd_jwt("https://cred.example/residence_credential", &claims);
    let rewards = sd_jwt("https://company.example/company_rewards", &claims);
    let chosen = |wallet: &[Candidate<'_>]| {
        let matching = query.matching(wallet);
        let selection = matching.selection()?;
        let ids: Vec<_> = selection.required.iter().map(|chosen| chosen.query.id.clone()).collect();
        Some((ids.join(" "), selection.optional.len()))
    };
    let both = "pid_reduced_cred_1 pid_reduced_cred_2".to_owned();
    assert_eq!(chosen(&[residence.clone(), reduced.clone()]), Some((both.clone(), 0)));
    assert_eq!(chosen(&[rewards.clone(), residence.clone(), reduced]), Some((both, 1)));
    assert_eq!(chosen(&[rewards, residence]), None);
}

#[test]
fn j11_duplicate_members_of_a_query() {
    let twice = r#"{"credentials":[{"id":"a","id":"b","format":"mso_mdoc","meta":{"doctype_value":"d"}}]}"#;
    assert!(json::from_slice::<DcqlQuery>(twice.as_bytes()).is_err());
}
