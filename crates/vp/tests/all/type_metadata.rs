//! A verifier who wants to know the types of credentials (SD-JWT VC §4.7).

use std::sync::Arc;

use credenza_core::{FixedClock, RecordedHttp};
use credenza_formats::type_metadata::{TypeResolver, TypeResolverConfig};
use credenza_vp::verifier::{Policy, Status};
use serde_json::{Value, json};

use crate::world::{NOW, VCT, World, query, run, world_with};

/// What becomes of a presentation when this is what is known of its type.
fn judged(document: Option<&Value>) -> (Status, Option<String>) {
    let clock = Arc::new(FixedClock::at(NOW));
    let resolver = TypeResolver::new(Arc::new(RecordedHttp::new()), clock, TypeResolverConfig::default())
        .with_documents(document.map(|document| document.to_string().into_bytes()))
        .unwrap();
    let world =
        world_with(|builder| builder.policy(Policy { type_metadata: Some(resolver), ..Policy::default() }));
    let plain = world.plain(query());
    let paths: [&[&str]; 2] = [&["family_name"], &["age_equal_or_over", "18"]];
    let presentation = world.bound_of(world.issue(&World::claims()), &paths, &plain.nonce, &plain.client_id);
    let token = json!({ "pid": [presentation] }).to_string();
    let _ = world.post(&plain.created.request_id, &[("vp_token", &token), ("state", &plain.state)]);
    let report = run(world.verifier.report(&plain.created.id)).unwrap().unwrap();
    let checks = report["parts"][0]["checks"].as_array().unwrap();
    let failed = checks.iter().find(|check| check["outcome"] == "failed");
    (world.status(&plain.created.id), failed.map(|check| check["id"].as_str().unwrap().to_owned()))
}

fn claims(claims: &Value) -> Value {
    json!({"vct": VCT, "claims": claims})
}

// Clauses: SDVC-2.4-05, SDVC-4.7-02, SDVC-4.7-03, SDVC-4.7-04
#[test]
fn a_type_that_is_wanted_is_known_and_kept_to() {
    let fitting = json!([{"path": ["family_name"], "sd": "always", "mandatory": true}, {"path": ["given_name"], "mandatory": true}]);
    assert_eq!(judged(Some(&claims(&fitting))), (Status::Verified, None));
    let refused = |document: Option<&Value>| {
        let (status, failed) = judged(document);
        assert_ne!(status, Status::Verified);
        failed.unwrap()
    };
    assert_eq!(refused(None), "sd-jwt-vc.type-metadata");
    let other = json!([{"path": ["family_name"], "sd": "never"}]);
    assert_eq!(refused(Some(&claims(&other))), "sd-jwt-vc.type-metadata.sd");
    let deeper = json!([{"path": ["family_name", "first"]}]);
    assert_eq!(refused(Some(&claims(&deeper))), "sd-jwt-vc.type-metadata.shape");
}

// Clauses: SDVC-6.6-01, SDVC-6.6-02, SDVC-6.6-03, SDVC-6.6-04, SDVC-6.6-05, SDVC-6.7-01
#[test]
fn a_type_says_nothing_about_who_may_issue_it() {
    let world = crate::world::world();
    let ca = credenza_crypto::x509::CertificateAuthority::generate(
        "Other Root",
        NOW - crate::world::DAY,
        100 * crate::world::DAY,
        &*world.random,
    )
    .unwrap();
    let stranger = crate::world::certified(&ca, "Test Issuer", "issuer.example", &*world.random);
    let mut extended = World::claims();
    extended["vct"] = json!("https://stranger.example/pid");
    extended["aka_vcts"] = json!([VCT]);
    for claims in [World::claims(), extended] {
        let plain = world.plain(query());
        let credential =
            world.issue_by(&stranger, &claims, Some(credenza_crypto::Signer::public_jwk(&world.holder)));
        let paths: [&[&str]; 2] = [&["family_name"], &["age_equal_or_over", "18"]];
        let presentation = world.bound_of(credential, &paths, &plain.nonce, &plain.client_id);
        let token = json!({ "pid": [presentation] }).to_string();
        let _ = world.post(&plain.created.request_id, &[("vp_token", &token), ("state", &plain.state)]);
        let report = run(world.verifier.report(&plain.created.id)).unwrap().unwrap();
        let checks = report["parts"][0]["checks"].as_array().unwrap();
        let failed = checks.iter().find(|check| check["outcome"] == "failed").unwrap();
        assert_eq!(failed["id"], "trust.issuer");
    }
}
