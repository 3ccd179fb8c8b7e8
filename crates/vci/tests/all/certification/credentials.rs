//! An SD-JWT VC, its status and its type.

use std::collections::HashSet;
use std::sync::Arc;

use credenza_core::{SeededRandom, b64};
use credenza_crypto::x509::{PathPolicy, validate};
use credenza_crypto::{Algorithm, Certificate, Jws, Signer as _};
use credenza_formats::sd_jwt::{SdJwt, SdJwtLimits};
use credenza_formats::status_list::{Status, StatusReference};
use credenza_formats::type_metadata::Integrity;
use credenza_vci::issuer::status::{StatusLists, StatusPorts};
use credenza_vci::issuer::{CredentialConfiguration, IssuerBuilder, OfferError, OfferRequest};
use serde_json::{Map, Value, json};

use super::members;
use crate::status::{memory, small};
use crate::support::*;

/// An issuer whose credentials have a status.
pub(super) fn with_status(change: impl FnOnce(IssuerBuilder) -> IssuerBuilder) -> (World, Arc<StatusLists>) {
    let certified = World::new();
    let ports = StatusPorts {
        records: memory(),
        signer: certified.signer.clone(),
        clock: certified.clock.clone(),
        random: Arc::new(SeededRandom::new(3)),
    };
    let lists = Arc::new(StatusLists::new(ISSUER, ports, small()).unwrap());
    let source = lists.clone();
    let signer = certified.signer.clone();
    let mut world = World::with(|builder| change(builder.signer(signer).status_source(source)));
    // Its certificate, and who has signed that.
    world.signer = certified.signer.clone();
    world.ca = certified.ca.clone();
    (world, lists)
}

/// One credential and the key that it was asked for with.
fn issued(world: &World, id: &str, claims: Map<String, Value>) -> (String, Value) {
    let token = world.redeem(&world.create(OfferRequest::of(id, claims)));
    let key = world.key();
    let proofs = json!({ "jwt": [world.proof(&key, &world.nonce())] });
    let response = world.credential(&token, &json!({ "credential_configuration_id": id, "proofs": proofs }));
    let text = body(&response)["credentials"][0]["credential"].as_str().unwrap().to_owned();
    (text, credenza_crypto::Jwk::new(key.public_jwk().key.clone()).to_value())
}

#[track_caller]
fn leads_to_the_anchor(world: &World, chain: &[Vec<u8>]) {
    let policy = PathPolicy { anchor_must_be_absent: true, ..PathPolicy::default() };
    let path = validate(chain, &[world.ca.certificate().to_vec()], world.now(), policy);
    assert!(path.is_ok(), "{:?}", path.err());
}

// Checks: ISS-081 to ISS-090
#[test]
fn a_credential_is_bound_dated_and_salted() {
    let (world, _) = with_status(|builder| builder);
    let (text, key) = issued(&world, "pid", erika());
    assert!(text.ends_with('~'));
    let parsed = SdJwt::parse(&text, &SdJwtLimits::default()).unwrap();
    assert_eq!(parsed.kb_jwt(), None);
    assert!(parsed.header().has_type("dc+sd-jwt"));
    let payload = parsed.dangerous_payload();
    assert_eq!(payload["vct"], VCT);
    let (now, of_2019) = (world.now().as_secs(), 1_546_300_800);
    let at = |name: &str| payload.get(name).map(|time| time.as_i64().unwrap());
    for name in ["iat", "nbf"] {
        assert!(at(name).is_none_or(|time| (of_2019..=now).contains(&time)), "{name}");
    }
    let half_a_century = 50 * 365 * 24 * 3600;
    assert!(at("iat").is_some() && (now + 1..now + half_a_century).contains(&at("exp").unwrap()));
    assert!(payload["status"].is_object());
    // Nothing but the key that was proven, and nothing about it but what makes it that key.
    members(&payload["cnf"], &["jwk"], &[]);
    members(&payload["cnf"]["jwk"], &["kty", "crv", "x", "y"], &[]);
    assert_eq!(payload["cnf"]["jwk"], key);
    let salts: HashSet<Value> = parsed
        .disclosures()
        .iter()
        .map(|disclosure| {
            serde_json::from_slice::<Value>(&b64::decode(disclosure).unwrap()).unwrap()[0].clone()
        })
        .collect();
    assert_eq!((salts.len(), parsed.disclosures().len()), (2, 2));
}

// Checks: ISS-091
#[test]
fn a_credential_is_signed_within_its_certificate() {
    let (world, _) = with_status(|builder| builder);
    let (text, _) = issued(&world, "pid", erika());
    let parsed = SdJwt::parse(&text, &SdJwtLimits::default()).unwrap();
    let chain = parsed.header().x5c().unwrap().unwrap();
    let root = world.ca.certificate();
    assert!(!chain.is_empty() && chain.iter().all(|one| one != root));
    let leaf = Certificate::parse(&chain[0]).unwrap();
    assert!(!leaf.is_self_issued());
    assert!(leaf.not_before <= world.now() && world.now() <= leaf.not_after);
    leads_to_the_anchor(&world, &chain);
    let jws = Jws::parse(text.split('~').next().unwrap()).unwrap();
    jws.verify(&leaf.key, &[Algorithm::Es256]).unwrap();
}

// Checks: ISS-099, ISS-101 to ISS-104
#[test]
fn its_status_is_in_a_list_that_is_signed_and_says_valid() {
    let (world, lists) = with_status(|builder| builder);
    let (text, _) = issued(&world, "pid", erika());
    let parsed = SdJwt::parse(&text, &SdJwtLimits::default()).unwrap();
    let status = &parsed.dangerous_payload()["status"];
    members(status, &["status_list"], &[]);
    members(&status["status_list"], &["idx", "uri"], &[]);
    assert!(status["status_list"]["idx"].is_u64());
    let reference = StatusReference::from_status(status).unwrap().unwrap();
    let published = wait(lists.republish(reference.uri.rsplit('/').next().unwrap())).unwrap().unwrap();
    let jws = Jws::parse(&published.jwt).unwrap();
    assert!(jws.header.has_type("statuslist+jwt"));
    let chain = jws.header.x5c().unwrap().unwrap();
    leads_to_the_anchor(&world, &chain);
    jws.verify(&Certificate::parse(&chain[0]).unwrap().key, &[Algorithm::Es256]).unwrap();
    // For those who go by keys and not by certificates, it is the same one.
    let itself = jws.header.jwk().unwrap().unwrap();
    jws.verify(&itself.key, &[Algorithm::Es256]).unwrap();
    let claims: Value = serde_json::from_slice(&jws.payload).unwrap();
    assert!([1, 2, 4, 8].contains(&claims["status_list"]["bits"].as_u64().unwrap()));
    assert!(b64::decode(claims["status_list"]["lst"].as_str().unwrap()).is_ok());
    let nodes = crate::status::Nodes { clock: world.clock.clone(), signer: world.signer.clone() };
    assert_eq!(nodes.verify(&reference.uri, &published).lookup(reference.idx).unwrap(), Status::Valid);
}

const OURS: &str = "https://issuer.example/tenant/vct/typed";

fn typed(metadata: &Value) -> CredentialConfiguration {
    let mut configuration = CredentialConfiguration {
        type_metadata: metadata.as_object().cloned(),
        claims: pid().claims,
        ..CredentialConfiguration::sd_jwt_vc("typed", OURS)
    };
    configuration.disclosure = serde_json::from_value(json!({ "selective": [["given_name"]] })).unwrap();
    configuration
}

// Checks: ISS-093 to ISS-098
#[test]
fn its_type_is_described_as_it_is() {
    let metadata = json!({
        "name": "A person",
        "display": [{ "locale": "en", "name": "Person" }],
        "claims": [
            { "path": ["given_name"], "mandatory": true, "sd": "always", "display": [{ "locale": "en", "label": "Given name" }] },
            { "path": ["family_name"], "sd": "never" },
        ],
    });
    let world = World::with(|builder| builder.configuration(typed(&metadata)));
    let (text, _) = issued(&world, "typed", erika());
    let parsed = SdJwt::parse(&text, &SdJwtLimits::default()).unwrap();
    let payload = parsed.dangerous_payload();
    let document = world.issuer.type_metadata(payload["vct"].as_str().unwrap()).unwrap();
    assert!(Integrity::parse(payload["vct#integrity"].as_str().unwrap()).unwrap().matches(&document));
    let published: Value = serde_json::from_slice(&document).unwrap();
    assert_eq!(published["vct"], payload["vct"]);
    members(&published, &["vct", "name", "display", "claims"], &[]);
    for claim in published["claims"].as_array().unwrap() {
        members(claim, &["path"], &["mandatory", "sd", "display", "svg_id"]);
        let name = claim["path"][0].as_str().unwrap();
        let disclosed = parsed
            .disclosures()
            .iter()
            .any(|it| String::from_utf8(b64::decode(it).unwrap()).unwrap().contains(name));
        let open = payload.contains_key(name);
        assert!(disclosed != open, "{name} is there once");
        assert_eq!(disclosed, claim["sd"] == "always", "{name}");
    }
    // What is mandatory must be there.
    let bare = wait(world.issuer.create_offer(OfferRequest::of("typed", Map::new())));
    assert!(matches!(bare, Err(OfferError::MissingClaim { .. })), "{bare:?}");
}
