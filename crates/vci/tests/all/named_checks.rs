//! Each check of a proof, of a key attestation and of a client says by its name what is wrong.

use std::time::Duration;

use credenza_core::b64;
use credenza_crypto::{Algorithm, IdentifiedBy, Signer, SigningHeader, SoftwareSigner, jwt};
use serde_json::{Value, json};

use crate::proof_types::{Bench, Provider, attested, high};
use crate::support::*;

const TYP: &str = "openid4vci-proof+jwt";

/// Whether the error description names this check.
#[track_caller]
pub(crate) fn assert_named(response: &http::Response<Vec<u8>>, check: &str) {
    let body = body(response);
    let description = body["error_description"].as_str().unwrap_or_default();
    assert!(description.contains(&format!("{check} (")), "{check} in {body}");
}

fn headed(key: &dyn Signer, typ: &str, more: Value, claims: &Value) -> String {
    let Value::Object(more) = more else { panic!("members are an object") };
    wait(jwt::sign(key, &SigningHeader::new(key, typ, IdentifiedBy::Nothing, more), claims)).unwrap()
}

/// The same JWT under another header.
fn under(text: &str, header: &Value) -> String {
    let (_, rest) = text.split_once('.').unwrap();
    format!("{}.{rest}", b64::encode(header.to_string()))
}

#[test]
fn of_proofs() {
    let world = World::new();
    let token = world.redeem(&world.offer());
    let (key, other) = (world.key(), world.key());
    let ask = |proofs: Value, check: &str| {
        let request = json!({ "credential_configuration_id": "pid", "proofs": proofs });
        assert_named(&world.credential(&token, &request), check);
    };
    let claims = || json!({ "aud": ISSUER, "iat": world.now(), "nonce": world.nonce() });
    let changed = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        json!({ "jwt": [world.proof_of(&key, &claims)] })
    };
    let jwk = key.public_jwk().to_value();
    let good = headed(&key, TYP, json!({ "jwk": jwk }), &claims());
    let one = |text: String| json!({ "jwt": [text] });

    ask(one("x".to_owned()), "vci.proof.jwt");
    ask(one(headed(&key, "JWT", json!({ "jwk": jwk }), &claims())), "vci.proof.typ");
    let p384 = SoftwareSigner::generate(Algorithm::Es384, &*world.random).unwrap();
    ask(one(world.proof_of(&p384, &claims())), "vci.proof.alg");
    ask(one(headed(&key, TYP, json!({}), &claims())), "vci.proof.key");
    let theirs = json!({ "jwk": other.public_jwk().to_value() });
    ask(one(headed(&key, TYP, theirs, &claims())), "vci.proof.signature");
    ask(changed("iat", json!("now")), "vci.proof.claims");
    ask(changed("aud", json!("https://other.example")), "vci.proof.aud");
    ask(changed("iss", json!("somebody")), "vci.proof.iss");
    ask(changed("iat", json!(world.now().as_secs() - 3600)), "vci.proof.iat");
    ask(changed("nonce", json!(null)), "vci.proof.claims");
    ask(json!({ "jwt": [good, good] }), "vci.proof.distinct");
    ask(json!({ "ldp_vp": [{}] }), "vci.proof.kind");
    // A nonce that is not ours has a code of its own: the check is told to the operator alone.
    let offer = world.offer();
    let token = world.redeem(&offer);
    let foreign = json!({ "credential_configuration_id": "pid", "proofs": changed("nonce", json!("x")) });
    assert_eq!(refused(&world.credential(&token, &foreign)).1, "invalid_nonce");
    assert_eq!(world.view(&offer.id).events.last().unwrap().reason.as_deref(), Some("vci.proof.nonce"));
    let request = json!({ "credential_configuration_id": "pid", "proofs": { "jwt": [good] } });
    assert_eq!(world.credential(&token, &request).status(), 200);
}

#[test]
fn of_key_attestations() {
    let bench = Bench::new(attested(high()));
    let world = &bench.world;
    let key = world.key();
    let nonce = world.nonce();
    let bare = bench.proof(&key, &nonce, &json!({}));
    assert_named(&bench.ask(&json!({ "jwt": [bare] })), "vci.key-attestation.required");

    let good = Provider::claims(world, &[&key], &nonce);
    let ask = |attestation: &str, check: &str| {
        assert_named(&bench.ask(&json!({ "attestation": [attestation] })), check);
    };
    let changed = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        bench.provider.attest(&claims)
    };
    ask("x", "vci.key-attestation.jwt");
    ask(&bench.provider.headed("JWT", &good), "vci.key-attestation.typ");
    let text = bench.provider.attest(&good);
    let other_alg = json!({ "alg": "ES384", "typ": "key-attestation+jwt", "kid": "provider" });
    ask(&under(&text, &other_alg), "vci.key-attestation.alg");
    ask(&changed("attested_keys", json!("x")), "vci.key-attestation.claims");
    let stranger = SoftwareSigner::generate(Algorithm::Es256, &*world.random).unwrap().with_kid("provider");
    ask(&Provider { key: stranger }.attest(&good), "vci.key-attestation.signature");
    ask(&changed("exp", json!(world.now().as_secs() - 100)), "vci.key-attestation.time");
    ask(&changed("attested_keys", json!([])), "vci.key-attestation.keys");
    ask(&changed("key_storage", json!(["iso_18045_basic"])), "vci.key-attestation.storage");
    ask(&changed("user_authentication", json!(["iso_18045_basic"])), "vci.key-attestation.authentication");
    // Signed by a key that nobody is known to have.
    ask(&changed("iss", json!("https://other.example")), "trust.wallet-provider");
}

#[test]
fn of_dpop_proofs() {
    let world = World::new();
    let key = world.key();
    let url = world.issuer.endpoints().token.as_str().to_owned();
    let proof = with(headers(FORM), "dpop", &world.dpop(&key, &url, None, None));
    let ask = || {
        let code = world.code(&world.offer());
        world.token_with(&proof, &[("grant_type", GRANT), ("pre-authorized_code", &code)])
    };
    assert_eq!(ask().status(), 200);
    world.clock.advance(Duration::from_secs(1));
    assert_named(&ask(), "dpop.replay");
}
