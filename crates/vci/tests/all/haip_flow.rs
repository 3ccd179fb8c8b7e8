//! Issuer and wallet within HAIP 1.0, the whole way, and what is in the credential.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::SeededRandom;
use credenza_crypto::x509::Certificate;
use credenza_crypto::{Algorithm, Jws, Signer as _, SoftwareSigner};
use credenza_formats::sd_jwt::{SdJwt, SdJwtLimits};
use credenza_formats::status_list::StatusReference;
use credenza_trust::{Anchor, X509Anchors};
use credenza_vci::issuer::{AuthorizationSettings, ConfigError, IssuerBuilder};
use credenza_vci::wallet::{Policy, SignedMetadataUse};
use serde_json::Value;

use crate::authorizing::Provider;
use crate::metadata::build;
use crate::status::{Nodes, assign_as, memory, small};
use crate::support::*;
use crate::wallet_authorization::{attested_client, browser_offer, wallet, whole};

fn settings(provider: &Provider) -> AuthorizationSettings {
    AuthorizationSettings { attestation: Some(provider.settings()), ..Default::default() }
}

// Clauses: HAIP-3-02, HAIP-4-02, HAIP-4-07, HAIP-4-09, HAIP-4.1-01, HAIP-4.1-02, HAIP-4.1-04, HAIP-4.1-05,
// HAIP-4.1-10, HAIP-4.2-02, HAIP-6.1-01, HAIP-6.1-04, HAIP-6.1-05, HAIP-6.1-06, HAIP-6.1.1-01, HAIP-6.1.1-02,
// HAIP-6.1.1-03, HAIP-6.1.1-04, HAIP-7-01, HAIP-8-01
#[test]
fn the_whole_way_within_haip() {
    let provider = Provider::new(7);
    let certified = World::new();
    let (settings, signer) = (settings(&provider), certified.signer.clone());
    let world = World::with(|builder| builder.authorization(settings).metadata_signer(signer).haip());
    let metadata: Value = serde_json::from_slice(&world.issuer.metadata()).unwrap();
    assert!(metadata["nonce_endpoint"].is_string());
    assert_eq!(metadata["batch_credential_issuance"]["batch_size"], 10);
    let configurations = metadata["credential_configurations_supported"].as_object().unwrap();
    for (id, configuration) in configurations {
        assert!(configuration["scope"].is_string(), "{id}");
        assert!(configuration["cryptographic_binding_methods_supported"].is_array(), "{id}");
    }

    let (receiving, _) = wallet(&world, world.http(), attested_client(provider, &world));
    let roots = [&world, &certified].map(|it| Anchor::for_issuers(it.ca.certificate().to_vec()));
    // Signed metadata, by certificates, or none.
    let policy = Policy { signed_metadata: SignedMetadataUse::Required, ..Policy::haip() };
    let receiving = receiving.with_trust(Arc::new(X509Anchors::new(&roots).unwrap())).with_policy(policy);
    let received = whole(&world, &receiving, &browser_offer(&world));
    assert!(received.reports.iter().all(credenza_core::Report::ok), "{}", received.reports[0]);
    let [held] = received.credentials.as_slice() else { panic!() };
    let parsed = SdJwt::parse(&held.credential, &SdJwtLimits::default()).unwrap();
    assert_eq!(parsed.header().algorithm, Algorithm::Es256);
    let chain = parsed.header().x5c().unwrap().unwrap();
    assert_eq!(chain.len(), 1, "the key's own certificate, and not the root");
    assert_ne!(chain[0], world.ca.certificate());
    assert!(!Certificate::parse(&chain[0]).unwrap().is_self_issued());
    let payload = parsed.dangerous_payload();
    assert!(payload["exp"].is_u64());
    assert_eq!(payload["_sd_alg"], "sha-256");
    let cnf = payload["cnf"].as_object().unwrap();
    assert_eq!((cnf.len(), &cnf["jwk"]["crv"]), (1, &Value::from("P-256")));
}

// Clauses: HAIP-4.1-06, HAIP-4.1-07, HAIP-6.1.1-03, HAIP-6.1.1-04
#[test]
fn certificates_that_haip_does_not_allow_are_refused_at_the_start() {
    let world = World::new();
    let signing = |chain: Vec<Vec<u8>>| {
        let key = SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(1)).unwrap();
        Arc::new(key.with_x5c(chain))
    };
    let root = world.ca.certificate().to_vec();
    let own = world.signer.x5c()[0].clone();
    let refusal = |change: &dyn Fn(IssuerBuilder) -> IssuerBuilder| {
        let base = |builder: IssuerBuilder| {
            builder
                .configuration(pid())
                .signer(world.signer.clone())
                .authorization(settings(&Provider::new(7)))
        };
        match build(ISSUER, |builder| change(base(builder)).haip()) {
            Ok(_) => None,
            Err(ConfigError::Profile { rule, .. }) => Some(rule),
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(refusal(&|builder| builder), None);
    for chain in [vec![], vec![root.clone()], vec![own.clone(), root.clone()], vec![vec![1, 2, 3]]] {
        let credentials = refusal(&|builder| builder.signer(signing(chain.clone())));
        assert_eq!(credentials, Some("HAIP 1.0 §6.1.1"), "{}", chain.len());
        let metadata = refusal(&|builder| builder.metadata_signer(signing(chain.clone())));
        assert_eq!(metadata, Some("HAIP 1.0 §4.1"), "{}", chain.len());
    }
    assert_eq!(refusal(&|builder| builder.metadata_signer(signing(vec![own.clone()]))), None);
}

// Clauses: HAIP-4.4.1-06, HAIP-4.4.1-07
#[test]
fn attestations_of_two_instances_differ_in_their_keys_alone() {
    let provider = Provider::new(7);
    let claims = |seed: u64| {
        let instance = SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(seed)).unwrap();
        let text = provider.attestation_for(&instance, "wallet", START, Duration::from_secs(60));
        let payload = credenza_core::b64::decode(text.split('.').nth(1).unwrap()).unwrap();
        let mut claims: Value = serde_json::from_slice(&payload).unwrap();
        let cnf = claims.as_object_mut().unwrap().remove("cnf").unwrap();
        (claims, cnf)
    };
    let ((one, its_key), (two, other_key)) = (claims(1), claims(2));
    assert_eq!((&one, &one["sub"]), (&two, &Value::from("wallet")));
    assert_ne!(its_key, other_key);
}

// Clauses: HAIP-6.1-07, HAIP-6.1-08, HAIP-6.1-09, HAIP-6.1-10
#[test]
fn a_list_names_its_key_by_a_certificate_that_is_not_the_root() {
    let world = World::new();
    let nodes = Nodes { clock: world.clock.clone(), signer: world.signer.clone() };
    let node = nodes.node(memory(), 1, small());
    let given = assign_as(&node, &pid(), "s", 1);
    let members: Vec<_> = given[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["status_list"]);
    let reference = StatusReference::from_status(&given[0]).unwrap().unwrap();
    let published = wait(node.republish(reference.uri.rsplit('/').next().unwrap())).unwrap().unwrap();
    nodes.verify(&reference.uri, &published);
    let jws = Jws::parse(&published.jwt).unwrap();
    let chain = jws.header.x5c().unwrap().unwrap();
    assert_eq!(chain.len(), 1);
    assert_ne!(chain[0], world.ca.certificate());
    assert!(!Certificate::parse(&chain[0]).unwrap().is_self_issued());
}
