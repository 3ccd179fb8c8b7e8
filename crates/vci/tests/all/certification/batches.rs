//! Several copies at once, and what could link them.

use std::collections::HashSet;

use credenza_core::b64;
use credenza_crypto::{Jwk, Signer as _};
use credenza_formats::mdoc::{IssuerSigned, MdocLimits};
use credenza_formats::sd_jwt::{SdJwt, SdJwtLimits};
use credenza_vci::issuer::OfferRequest;
use serde_json::{Map, Value, json};

use super::credentials::with_status;
use crate::formats::zoo;
use crate::support::*;

/// As many copies as a request may ask for, and the keys that they were asked for with.
fn batch(world: &World, id: &str, claims: Map<String, Value>, size: usize) -> (Vec<String>, Vec<Value>) {
    let token = world.redeem(&world.create(OfferRequest::of(id, claims)));
    let nonce = world.nonce();
    let keys: Vec<_> = (0..size).map(|_| world.key()).collect();
    let proofs: Vec<String> = keys.iter().map(|key| world.proof(key, &nonce)).collect();
    let request = json!({ "credential_configuration_id": id, "proofs": { "jwt": proofs } });
    let response = world.credential(&token, &request);
    let issued = body(&response)["credentials"].as_array().unwrap_or_else(|| panic!("{response:?}")).clone();
    let copies = issued.iter().map(|it| it["credential"].as_str().unwrap().to_owned()).collect();
    (copies, keys.iter().map(|key| Jwk::new(key.public_jwk().key.clone()).to_value()).collect())
}

fn disclosures(parsed: &SdJwt<'_>) -> Vec<Value> {
    let decoded = parsed.disclosures().iter().map(|it| b64::decode(it).unwrap());
    decoded.map(|bytes| serde_json::from_slice(&bytes).unwrap()).collect()
}

// Checks: ISS-113 to ISS-119
#[test]
fn copies_differ_in_their_keys_and_salts_and_in_nothing_that_says_when() {
    let (world, _) = with_status(|builder| builder);
    let metadata: Value = serde_json::from_slice(&world.issuer.metadata()).unwrap();
    let size = metadata["batch_credential_issuance"]["batch_size"].as_u64().unwrap();
    assert!(size >= 2);
    let size = usize::try_from(size).unwrap();
    let (copies, keys) = batch(&world, "pid", erika(), size);
    assert_eq!(copies.len(), size, "one for each proof");
    let parsed: Vec<_> = copies.iter().map(|it| SdJwt::parse(it, &SdJwtLimits::default()).unwrap()).collect();
    let bound: Vec<&Value> = parsed.iter().map(|it| &it.dangerous_payload()["cnf"]["jwk"]).collect();
    assert!(keys.iter().all(|key| bound.iter().filter(|it| **it == key).count() == 1), "each key once");
    let mut salts = HashSet::new();
    let mut contents = HashSet::new();
    for copy in &parsed {
        let mut told = Vec::new();
        for disclosure in disclosures(copy) {
            assert!(salts.insert(disclosure[0].as_str().unwrap().to_owned()), "a salt twice");
            told.push(json!([disclosure[1], disclosure[2]]).to_string());
        }
        told.sort();
        let mut open = copy.dangerous_payload().clone();
        for name in ["cnf", "status", "_sd"] {
            open.remove(name).unwrap();
        }
        contents.insert((told, Value::Object(open).to_string()));
        for name in ["iat", "exp"] {
            assert_eq!(copy.dangerous_payload()[name].as_i64().unwrap() % 3600, 0, "rounded to the hour");
        }
    }
    assert_eq!(contents.len(), 1, "the same is said in each");
    assert_eq!(salts.len(), 2 * size);
}

// Checks: ISS-119
#[test]
fn the_times_of_an_mdoc_are_rounded() {
    let zoo = zoo::Zoo::new();
    // Past the first hour of the document signer, which bounds it below.
    zoo.world.clock.advance(std::time::Duration::from_secs(2 * 3600));
    let (copies, _) = batch(&zoo.world, "mdl", zoo::claims("mdl"), 3);
    for copy in copies {
        let bytes = b64::decode(&copy).unwrap();
        let validity = IssuerSigned::parse(&bytes, &MdocLimits::default()).unwrap().mso.validity;
        for time in [validity.signed, validity.valid_from, validity.valid_until] {
            assert_eq!(time.as_secs() % 3600, 0, "{validity:?}");
        }
    }
}

// Checks: ISS-120 to ISS-122
#[test]
fn places_of_copies_share_lists_and_make_no_sequence() {
    let (world, _) = with_status(|builder| builder);
    let (copies, _) = batch(&world, "pid", erika(), 10);
    let places: Vec<(String, i64)> = copies
        .iter()
        .map(|copy| {
            let parsed = SdJwt::parse(copy, &SdJwtLimits::default()).unwrap();
            let place = &parsed.dangerous_payload()["status"]["status_list"];
            (place["uri"].as_str().unwrap().to_owned(), place["idx"].as_i64().unwrap())
        })
        .collect();
    assert_eq!(places.iter().collect::<HashSet<_>>().len(), places.len(), "a place of its own for each");
    assert!(places.iter().map(|(uri, _)| uri).collect::<HashSet<_>>().len() < places.len());
    let mut steps: Vec<i64> = places.windows(2).map(|two| two[1].1 - two[0].1).collect();
    steps.sort_unstable();
    steps.dedup();
    assert!(steps.len() > 2, "{steps:?}");
}

// Checks: ISS-123
#[test]
fn seconds_between_two_issuances_do_not_show() {
    let (world, _) = with_status(|builder| builder);
    let times = || {
        let (copies, _) = batch(&world, "pid", erika(), 1);
        let parsed = SdJwt::parse(&copies[0], &SdJwtLimits::default()).unwrap();
        let payload = parsed.dangerous_payload();
        [payload["iat"].clone(), payload["exp"].clone()]
    };
    let first = times();
    world.clock.advance(std::time::Duration::from_secs(7));
    assert_eq!(times(), first);
}
