//! Key attestations: beside a proof and alone, and every way in which they can be wrong.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::b64;
use credenza_crypto::x509::ca::LeafProfile;
use credenza_crypto::{Algorithm, IdentifiedBy, Signer, SigningHeader, SoftwareSigner, jwt};
use credenza_trust::{Anchor, X509Anchors};
use credenza_vci::issuer::{
    ConfigError, CredentialConfiguration, Issuer, IssuerBuilder, OfferRequest, ProofKind,
};
use credenza_vci::messages::metadata::KeyAttestationsRequired;
use serde_json::{Map, Value, json};

use crate::proof_types::*;
use crate::support::*;

// Clauses: VCI-D-03, VCI-D-04, VCI-F.1-11, VCI-F.1-12, VCI-F.1-27, VCI-12.2.4-40
// Checks: ISS-063
#[test]
fn keys_that_are_attested_beside_a_proof() {
    let bench = Bench::new(attested(high()));
    let metadata: Value = serde_json::from_slice(&bench.world.issuer.metadata()).unwrap();
    let types = &metadata["credential_configurations_supported"]["attested"]["proof_types_supported"];
    assert_eq!(types["jwt"]["key_attestations_required"]["key_storage"][0], HIGH);
    assert!(types["attestation"]["proof_signing_alg_values_supported"].is_array());
    let (one, two) = (bench.world.key(), bench.world.key());
    let nonce = bench.world.nonce();
    let bare = bench.proof(&one, &nonce, &json!({}));
    assert_eq!(refused(&bench.ask(&json!({ "jwt": [bare] }))), invalid_proof());
    let attestation = bench.provider.attest(&Provider::claims(&bench.world, &[&one, &two], &nonce));
    // One proof of possession, two attested keys: a copy for each.
    let proof = bench.proof(&one, &nonce, &json!({ "key_attestation": attestation }));
    assert_eq!(copies(&bench.ask(&json!({ "jwt": [proof] }))), 2);
    // Named by its place, as in the specification's example; and each key with a proof of its own.
    let nonce = bench.world.nonce();
    let attestation = bench.provider.attest(&Provider::claims(&bench.world, &[&one, &two], &nonce));
    let by_place = bench.proof(&two, &nonce, &json!({ "kid": "1", "key_attestation": attestation }));
    let wrong_place = bench.proof(&two, &nonce, &json!({ "kid": "0", "key_attestation": attestation }));
    let nowhere = bench.proof(&two, &nonce, &json!({ "kid": "7", "key_attestation": attestation }));
    for wrong in [wrong_place, nowhere] {
        assert_eq!(refused(&bench.ask(&json!({ "jwt": [wrong] }))), invalid_proof());
    }
    let other = bench.proof(&one, &nonce, &json!({ "key_attestation": attestation }));
    assert_eq!(copies(&bench.ask(&json!({ "jwt": [by_place, other] }))), 2);
}

// Clauses: VCI-F-03, VCI-F.3-01, VCI-F.3-03
#[test]
fn c08_keys_that_are_attested_and_do_not_sign() {
    let bench = Bench::new(attested(high()));
    let keys = [bench.world.key(), bench.world.key(), bench.world.key()];
    let keys: Vec<&dyn Signer> = keys.iter().map(|key| key as &dyn Signer).collect();
    let nonce = bench.world.nonce();
    let attestation = bench.provider.attest(&Provider::claims(&bench.world, &keys, &nonce));
    assert_eq!(refused(&bench.ask(&json!({ "attestation": [attestation, attestation] }))), invalid_proof());
    assert_eq!(refused(&bench.ask(&json!({ "attestation": [] }))), invalid_proof());
    assert_eq!(refused(&bench.ask(&json!({ "attestation": [7] }))), invalid_proof());
    assert_eq!(copies(&bench.ask(&json!({ "attestation": [attestation] }))), 3);
    // Its nonce is used up.
    assert_eq!(
        refused(&bench.ask(&json!({ "attestation": [attestation] }))),
        (400, "invalid_nonce".to_owned())
    );
    // Without an end it is good alone, and not beside a proof.
    let nonce = bench.world.nonce();
    let mut endless = Provider::claims(&bench.world, &keys[..1], &nonce);
    endless.as_object_mut().unwrap().remove("exp");
    let endless = bench.provider.attest(&endless);
    let proof = bench.proof(keys[0], &nonce, &json!({ "key_attestation": endless }));
    assert_eq!(refused(&bench.ask(&json!({ "jwt": [proof] }))), invalid_proof());
    assert_eq!(copies(&bench.ask(&json!({ "attestation": [endless] }))), 1);
}

// Clauses: VCI-D.1-01, VCI-D.1-02, VCI-D.1-03, VCI-D.1-04, VCI-D.1-06, VCI-D.1-07, VCI-D.1-08, VCI-D.1-09, VCI-D.1-13, VCI-F.1-12, VCI-F.1-29, VCI-F.3-01, VCI-F.3-04
// Checks: ISS-064, ISS-128
#[test]
fn c07_attestations_that_are_wrong() {
    let bench = Bench::new(attested(high()));
    let world = &bench.world;
    let (key, other) = (world.key(), world.key());
    let nonce = world.nonce();
    let good = Provider::claims(world, &[&key], &nonce);
    let ask = |attestation: &str| {
        let alone = refused(&bench.ask(&json!({ "attestation": [attestation] })));
        let proof = bench.proof(&key, &nonce, &json!({ "key_attestation": attestation }));
        assert_eq!(refused(&bench.ask(&json!({ "jwt": [proof] }))), alone);
        alone
    };
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut claims = good.clone();
        change(&mut claims);
        ask(&bench.provider.attest(&claims))
    };
    let now = world.now().as_secs();
    let mut private = key.public_jwk().to_value();
    private["d"] = "AAAA".into();
    let again = good["attested_keys"][0].clone();
    let cases: [(&str, SpoilBy<'_>); 19] = [
        ("expired", &|it| it["exp"] = json!(now)),
        ("from the future", &|it| it["iat"] = json!(now + 61)),
        ("not yet", &|it| it["nbf"] = json!(now + 61)),
        ("iat is a text", &|it| it["iat"] = json!("x")),
        ("no iat", &|it| drop(it.as_object_mut().unwrap().remove("iat"))),
        ("no keys", &|it| it["attested_keys"] = json!([])),
        ("no member", &|it| drop(it.as_object_mut().unwrap().remove("attested_keys"))),
        ("a private key", &|it| it["attested_keys"] = json!([private])),
        ("a symmetric key", &|it| it["attested_keys"] = json!([{ "kty": "oct", "k": "AAAA" }])),
        ("one key twice", &|it| it["attested_keys"] = json!([again, again])),
        ("too weak", &|it| it["key_storage"] = json!(["iso_18045_basic"])),
        ("in another case", &|it| it["key_storage"] = json!(["ISO_18045_HIGH"])),
        ("nothing said", &|it| drop(it.as_object_mut().unwrap().remove("key_storage"))),
        ("an empty list", &|it| it["key_storage"] = json!([])),
        ("a text", &|it| it["key_storage"] = json!(HIGH)),
        ("weak authentication", &|it| it["user_authentication"] = json!(["iso_18045_basic"])),
        ("no authentication", &|it| drop(it.as_object_mut().unwrap().remove("user_authentication"))),
        ("no nonce", &|it| drop(it.as_object_mut().unwrap().remove("nonce"))),
        ("from somebody else", &|it| it["iss"] = json!("https://other.example")),
    ];
    for (why, change) in cases {
        assert_eq!(changed(change), invalid_proof(), "{why}");
    }
    assert_eq!(changed(&|it| it["nonce"] = json!("x")), (400, "invalid_nonce".to_owned()));
    for typ in ["JWT", "openid4vci-proof+jwt", "keyattestation+jwt", "oauth-client-attestation+jwt"] {
        assert_eq!(ask(&bench.provider.headed(typ, &good)), invalid_proof(), "{typ}");
    }
    // Signed by another, by none, with another algorithm than the metadata names.
    let stranger = Provider {
        key: SoftwareSigner::generate(Algorithm::Es256, &*world.random).unwrap().with_kid("provider"),
    };
    assert_eq!(ask(&stranger.attest(&good)), invalid_proof());
    let text = bench.provider.attest(&good);
    let (_, rest) = text.split_once('.').unwrap();
    for alg in ["none", "HS256", "ES384"] {
        let header = json!({ "alg": alg, "typ": "key-attestation+jwt", "kid": "provider" }).to_string();
        assert_eq!(ask(&format!("{}.{rest}", b64::encode(header))), invalid_proof(), "{alg}");
    }
    for text in ["", "x", "a.b.c"] {
        assert_eq!(ask(text), invalid_proof(), "{text}");
    }
    let p384 = SoftwareSigner::generate(Algorithm::Es384, &*world.random).unwrap().with_kid("provider");
    assert_eq!(ask(&Provider { key: p384 }.attest(&good)), invalid_proof());
    // A proof by a key that is not among the attested ones, and an attestation that is no text.
    let attestation = bench.provider.attest(&good);
    let foreign = bench.proof(&other, &nonce, &json!({ "key_attestation": attestation }));
    assert_eq!(refused(&bench.ask(&json!({ "jwt": [foreign] }))), invalid_proof());
    let odd = bench.proof(&key, &nonce, &json!({ "key_attestation": [attestation] }));
    assert_eq!(refused(&bench.ask(&json!({ "jwt": [odd] }))), invalid_proof());
    // After all that the nonce is as good as new.
    assert_eq!(ask_ok(&bench, &attestation), 1);
}

fn ask_ok(bench: &Bench, attestation: &str) -> usize {
    copies(&bench.ask(&json!({ "attestation": [attestation] })))
}

// Checks: ISS-063
#[test]
fn attestations_by_certificate() {
    let world = World::new();
    let anchors = X509Anchors::new(&[Anchor::for_wallet_providers(world.ca.certificate().to_vec())]).unwrap();
    let key = SoftwareSigner::generate(Algorithm::Es256, &*world.random).unwrap();
    let profile =
        LeafProfile::new("Provider", world.now(), Duration::from_secs(3600)).dns_name("provider.example");
    let chain = world.ca.issue_chain(&key.public_jwk().key, &profile, &*world.random).unwrap();
    let provider = key.with_x5c(chain);
    let issuing = World::with(|builder| {
        builder
            .configuration(attested(KeyAttestationsRequired::default()))
            .wallet_providers(Arc::new(anchors))
    });
    let token = issuing.redeem(&issuing.create(OfferRequest::of("attested", erika())));
    let holder = issuing.key();
    let mut claims = Provider::claims(&issuing, &[&holder], &issuing.nonce());
    claims["iss"] = "https://provider.example".into();
    let header = SigningHeader::new(&provider, "key-attestation+jwt", IdentifiedBy::X5c, Map::new());
    let attestation = wait(jwt::sign(&provider, &header, &claims)).unwrap();
    let request =
        json!({ "credential_configuration_id": "attested", "proofs": { "attestation": [attestation] } });
    let response = issuing.credential(&token, &request);
    assert_eq!(copies(&response), 1);
}

#[test]
fn what_nobody_vouches_for_is_not_promised() {
    let build = |change: &dyn Fn(IssuerBuilder) -> IssuerBuilder| {
        let world = World::new();
        let builder = Issuer::builder(ISSUER)
            .signer(world.signer.clone())
            .store(world.store.clone())
            .sealer(world.sealer.clone());
        change(builder).build().map(drop)
    };
    let configuration = || attested(high());
    let refused = |result: Result<(), ConfigError>| matches!(result, Err(ConfigError::Configuration { .. }));
    assert!(refused(build(&|builder| builder.configuration(configuration()))));
    let trust = Provider::new().trust();
    assert!(build(&|builder| builder.configuration(configuration()).wallet_providers(trust.clone())).is_ok());
    let di_vp = |cryptosuites: &[&str]| CredentialConfiguration {
        proof_types: vec![ProofKind::DiVp],
        proof_cryptosuites: cryptosuites.iter().map(|name| (*name).to_owned()).collect(),
        ..CredentialConfiguration::sd_jwt_vc("x", "urn:example:x")
    };
    assert!(refused(build(&|builder| builder.configuration(di_vp(&["ecdsa-sd-2023"])))));
    assert!(build(&|builder| builder.configuration(di_vp(&["ecdsa-jcs-2019"]))).is_ok());
    let none = || CredentialConfiguration { proof_types: vec![], ..di_vp(&[]) };
    assert!(refused(build(&|builder| builder.configuration(none()))));
}

// A wallet that sends an attestation to an issuer that knows nobody who attests is served all the same.
#[test]
fn attestations_that_nobody_asked_for() {
    let world = World::new();
    let token = world.redeem(&world.offer());
    let key = world.key();
    let nonce = world.nonce();
    let attestation = Provider::new().attest(&Provider::claims(&world, &[&key, &world.key()], &nonce));
    let more = json!({ "key_attestation": attestation }).as_object().unwrap().clone();
    let header = SigningHeader::new(&key, "openid4vci-proof+jwt", IdentifiedBy::Jwk, more);
    let claims = json!({ "aud": ISSUER, "iat": world.now(), "nonce": nonce });
    let proof = wait(jwt::sign(&key, &header, &claims)).unwrap();
    let request = json!({ "credential_configuration_id": "pid", "proofs": { "jwt": [proof] } });
    assert_eq!(copies(&world.credential(&token, &request)), 1);
    let kinds = [json!({ "attestation": [attestation] }), json!({ "di_vp": [{}] })];
    for proofs in kinds {
        let request = json!({ "credential_configuration_id": "pid", "proofs": proofs });
        assert_eq!(refused(&world.credential(&token, &request)), invalid_proof());
    }
}
