//! What an issuer within HAIP 1.0 §6.1 signs: whose certificates come along, whose do not, and to whom it is bound.

use std::sync::Arc;

use credenza_crypto::{Certificate, Jwk, Jws, Signer as _};
use credenza_formats::sd_jwt::{SdJwt, SdJwtLimits};
use credenza_vci::issuer::status::{StatusLists, StatusPorts};
use serde_json::json;

use crate::status::{assign, memory, small};
use crate::support::*;

/// The chain of a header: it begins with the certificate of the key that signed, and the anchor is not in it.
#[track_caller]
fn chained(x5c: &[Vec<u8>], world: &World) {
    let leaf = Certificate::parse(&x5c[0]).unwrap();
    assert_eq!(leaf.key, world.signer.public_jwk().key);
    assert!(!leaf.is_self_issued(), "nobody vouches for himself");
    assert!(x5c.iter().all(|one| one != world.ca.certificate()), "who trusts the anchor has it");
    let above = x5c.last().map(|last| Certificate::parse(last).unwrap()).unwrap();
    assert_eq!(above.issuer, world.ca.parsed().subject, "and the chain leads to it");
}

// Clauses: HAIP-6.1-01, HAIP-6.1-04, HAIP-6.1-05, HAIP-6.1-06, HAIP-6.1.1-02, HAIP-6.1.1-03, HAIP-6.1.1-04,
// X509-I-HAIP-01, X509-I-HAIP-02, X509-I-HAIP-03
// Checks: WVP-050, WVP-052
#[test]
fn a_credential_has_its_chain_its_holder_and_its_end() {
    let world = World::new();
    let token = world.redeem(&world.offer());
    let key = world.key();
    let proofs = json!({ "jwt": [world.proof(&key, &world.nonce())] });
    let request = json!({ "credential_configuration_id": "pid", "proofs": proofs });
    let issued = body(&world.credential(&token, &request));
    let text = issued["credentials"][0]["credential"].as_str().unwrap();
    let parsed = SdJwt::parse(text, &SdJwtLimits::default()).unwrap();
    chained(&parsed.header().x5c().unwrap().unwrap(), &world);
    let payload = parsed.dangerous_payload();
    assert_eq!(Jwk::from_value(&payload["cnf"]["jwk"]).unwrap().key, key.public_jwk().key);
    assert_eq!(payload["cnf"].as_object().unwrap().len(), 1);
    assert!(payload["exp"].as_i64().unwrap() > world.now().as_secs());
}

// Clauses: HAIP-6.1-08, HAIP-6.1-09, HAIP-6.1-10
// Checks: WVP-051
#[test]
fn a_status_list_has_its_chain() {
    let world = World::new();
    let ports = StatusPorts {
        records: memory(),
        signer: world.signer.clone(),
        clock: world.clock.clone(),
        random: Arc::new(credenza_core::SeededRandom::new(1)),
    };
    let lists = StatusLists::new(ISSUER, ports, small()).unwrap();
    let copy = assign(&lists, "s", 1).remove(0);
    let published = wait(lists.republish(copy.uri.rsplit('/').next().unwrap())).unwrap().unwrap();
    let jws = Jws::parse(&published.jwt).unwrap();
    chained(&jws.header.x5c().unwrap().unwrap(), &world);
    jws.verify(&world.signer.public_jwk().key, &[world.signer.algorithm()]).unwrap();
}
