//! Key proofs: every way in which one can be wrong.

use std::time::Duration;

use credenza_core::{Sealer, b64};
use credenza_crypto::x509::ca::LeafProfile;
use credenza_crypto::{Algorithm, IdentifiedBy, Signer, SigningHeader, SoftwareSigner, jwt};
use credenza_vci::issuer::SessionState;
use serde_json::{Map, Value, json};

use crate::support::*;

fn invalid_proof() -> (u16, String) {
    (400, "invalid_proof".to_owned())
}

fn invalid_nonce() -> (u16, String) {
    (400, "invalid_nonce".to_owned())
}

struct Bench {
    world: World,
    token: String,
    offer: String,
}

impl Bench {
    fn new() -> Self {
        let world = World::new();
        let offer = world.offer();
        let token = world.redeem(&offer);
        Self { world, token, offer: offer.id }
    }

    fn ask(&self, proofs: &Value) -> (u16, String) {
        let request = json!({ "credential_configuration_id": "pid", "proofs": proofs });
        refused(&self.world.credential(&self.token, &request))
    }

    fn one(&self, proof: &str) -> (u16, String) {
        self.ask(&json!({ "jwt": [proof] }))
    }

    /// A proof with these header members beside `alg` and `typ`, signed by the key.
    fn headed(&self, key: &dyn Signer, typ: &str, more: Value, claims: &Value) -> String {
        let Value::Object(more) = more else { panic!() };
        wait(jwt::sign(key, &SigningHeader::new(key, typ, IdentifiedBy::Nothing, more), claims)).unwrap()
    }

    fn claims(&self) -> Value {
        json!({ "aud": ISSUER, "iat": self.world.now(), "nonce": self.world.nonce() })
    }
}

// Clauses: VCI-8.2-15, VCI-F.1-23, VCI-F.1-24, VCI-F.1-25, VCI-F.4-01, VCI-7-01
#[test]
fn c01_c03_absent_foreign_expired_and_confused_nonces() {
    let mut bench = Bench::new();
    let expired = bench.world.nonce();
    bench.world.clock.advance(Duration::from_secs(300));
    bench.token = bench.world.redeem(&bench.world.offer());
    let world = &bench.world;
    let key = world.key();
    let with_nonce =
        |nonce: Value| world.proof_of(&key, &json!({ "aud": ISSUER, "iat": world.now(), "nonce": nonce }));
    let without = world.proof_of(&key, &json!({ "aud": ISSUER, "iat": world.now() }));
    assert_eq!(bench.one(&without), invalid_proof());
    for nonce in [json!(null), json!(7), json!(["x"])] {
        assert_eq!(bench.one(&with_nonce(nonce.clone())), invalid_proof(), "{nonce}");
    }
    let foreign = World::new().nonce();
    let other_purpose = Sealer::fresh(&*world.random).seal(&*world.random, "vci.c_nonce", world.now(), b"x");
    for nonce in ["", "x", &expired, &foreign, &other_purpose, &bench.token, &bench.offer] {
        assert_eq!(bench.one(&with_nonce(nonce.into())), invalid_nonce(), "{nonce}");
    }
    assert_eq!(bench.one(&with_nonce(world.nonce().into())).0, 200);
}

// Clauses: VCI-13.8-01
#[test]
fn c02_a_nonce_is_good_for_one_issuance() {
    let bench = Bench::new();
    let world = &bench.world;
    let (nonce, key) = (world.nonce(), world.key());
    let proof = world.proof(&key, &nonce);
    assert_eq!(bench.one(&proof).0, 200);
    assert_eq!(bench.one(&proof), invalid_nonce());
    assert_eq!(bench.one(&world.proof(&world.key(), &nonce)), invalid_nonce());
    // One used nonce spoils the whole batch, and the fresh one in it stays fresh.
    let fresh = world.nonce();
    let mixed = json!({ "jwt": [world.proof(&world.key(), &fresh), world.proof(&world.key(), &nonce)] });
    assert_eq!(bench.ask(&mixed), invalid_nonce());
    assert_eq!(bench.one(&world.proof(&key, &fresh)).0, 200);
}

// Clauses: VCI-F.1-01, VCI-F.1-04, VCI-F.1-17, VCI-F.1-18, VCI-F.1-19, VCI-F.1-20, VCI-F.1-21, VCI-F.1-22, VCI-13.8-03
#[test]
fn c04_claims_and_type() {
    let bench = Bench::new();
    let world = &bench.world;
    let key = world.key();
    let changed = |name: &str, value: Option<Value>| {
        let mut claims = bench.claims();
        match value {
            Some(value) => claims[name] = value,
            None => drop(claims.as_object_mut().unwrap().remove(name)),
        }
        bench.one(&world.proof_of(&key, &claims))
    };
    let now = world.now().as_secs();
    for (name, value) in [
        ("aud", None),
        ("aud", Some(json!("https://issuer.example"))),
        ("aud", Some(json!(format!("{ISSUER}/")))),
        ("aud", Some(json!([ISSUER]))),
        ("aud", Some(json!(7))),
        ("iat", None),
        ("iat", Some(json!("1750000123"))),
        ("iat", Some(json!(now - 301))),
        ("iat", Some(json!(now - 3600))),
        ("iat", Some(json!(now + 61))),
        ("iat", Some(json!(now + 3600))),
        ("iss", Some(json!("somebody"))),
        ("iss", Some(json!(7))),
    ] {
        assert_eq!(changed(name, value.clone()), invalid_proof(), "{name} {value:?}");
    }
    let jwk = json!({ "jwk": key.public_jwk().to_value() });
    for typ in ["JWT", "dpop+jwt", "openid4vci-proof", "kb+jwt"] {
        let proof = bench.headed(&key, typ, jwk.clone(), &bench.claims());
        assert_eq!(bench.one(&proof), invalid_proof(), "{typ}");
    }
    for (name, value) in [("iat", json!(now - 299)), ("iat", json!(now + 60)), ("unknown", json!(1))] {
        assert_eq!(changed(name, Some(value)).0, 200, "{name}");
    }
}

#[test]
fn c04_iss_is_the_client_that_the_token_was_issued_to() {
    let world = World::new();
    let code = world.code(&world.offer());
    let form = [("grant_type", GRANT), ("pre-authorized_code", code.as_str()), ("client_id", "wallet")];
    let token = body(&world.token(&form))["access_token"].as_str().unwrap().to_owned();
    let ask = |iss: &str| {
        let claims = json!({ "iss": iss, "aud": ISSUER, "iat": world.now(), "nonce": world.nonce() });
        let proof = world.proof_of(&world.key(), &claims);
        refused(&world.credential(
            &token,
            &json!({ "credential_configuration_id": "pid", "proofs": { "jwt": [proof] } }),
        ))
    };
    assert_eq!(ask("other"), invalid_proof());
    assert_eq!(ask("wallet").0, 200);
    assert_eq!(world.credential(&token, &world.request()).status(), 200);
}

// Clauses: VCI-F.1-02, VCI-F.1-03, VCI-F.1-05, VCI-F.1-06, VCI-F.1-08, VCI-F.1-09, VCI-F.1-10, VCI-F.1-26, VCI-F.1-29
// Checks: ISS-062, ISS-127
#[test]
fn c04_the_key_is_named_once_and_has_signed() {
    const TYP: &str = "openid4vci-proof+jwt";
    let bench = Bench::new();
    let world = &bench.world;
    let (key, other) = (world.key(), world.key());
    let jwk = key.public_jwk().to_value();
    let mut private: Map<String, Value> = jwk.as_object().unwrap().clone();
    private.insert("d".to_owned(), "AAAA".into());
    let profile = LeafProfile::new("Holder", world.now(), Duration::from_secs(3600));
    let certificate = world.ca.issue(&key.public_jwk().key, &profile, &*world.random).unwrap();
    let x5c = json!([b64::encode_std(&certificate)]);
    for (more, why) in [
        (json!({}), "no key"),
        (json!({ "kid": "did:example:x#1" }), "DID"),
        (json!({ "jwk": jwk, "kid": "1" }), "jwk and kid"),
        (json!({ "jwk": jwk, "x5c": x5c }), "jwk and x5c"),
        (json!({ "kid": "1", "x5c": x5c }), "kid and x5c"),
        (json!({ "jwk": private }), "a private key"),
        (json!({ "jwk": { "kty": "oct", "k": "AAAA" } }), "a secret key"),
        (json!({ "jwk": "x" }), "no key at all"),
        (json!({ "jwk": other.public_jwk().to_value() }), "another key"),
        (json!({ "x5c": [] }), "no certificate"),
        (json!({ "x5c": ["AAAA"] }), "not a certificate"),
        (json!({ "jwk": jwk, "crit": ["x"], "x": 1 }), "critical"),
    ] {
        assert_eq!(bench.one(&bench.headed(&key, TYP, more, &bench.claims())), invalid_proof(), "{why}");
    }
    let good = bench.headed(&key, TYP, json!({ "jwk": jwk }), &bench.claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    let alg = |name: &str| {
        let header = json!({ "alg": name, "typ": TYP, "jwk": jwk }).to_string();
        format!("{}.{payload}.{signature}", b64::encode(header))
    };
    for name in ["none", "HS256", "RS256", "ES384", "EdDSA", "es256", ""] {
        assert_eq!(bench.one(&alg(name)), invalid_proof(), "{name}");
    }
    for text in
        [format!("{header}.{payload}."), format!("{header}.{payload}"), format!("{good}.x"), String::new()]
    {
        assert_eq!(bench.one(&text), invalid_proof(), "{text}");
    }
    // Another curve than the metadata names is refused although the proof is right.
    let p384 = SoftwareSigner::generate(Algorithm::Es384, &*world.random).unwrap();
    assert_eq!(bench.one(&world.proof_of(&p384, &bench.claims())), invalid_proof());
    assert_eq!(bench.one(&bench.headed(&key, TYP, json!({ "x5c": x5c }), &bench.claims())).0, 200);
    assert_eq!(bench.one(&good).0, 200);
}

// Clauses: VCI-8.2-09, VCI-8.2-16, VCI-F-01, VCI-12.2.4-29
// Checks: ISS-114, ISS-115
#[test]
fn c05_c06_batches_are_all_or_nothing() {
    let bench = Bench::new();
    let world = &bench.world;
    let nonce = world.nonce();
    let proof = || world.proof(&world.key(), &nonce);
    let good = proof();
    let bad = bench.headed(&world.key(), "openid4vci-proof+jwt", json!({}), &bench.claims());
    let request_error = (400, "invalid_credential_request".to_owned());
    assert_eq!(bench.ask(&json!({})), request_error);
    assert_eq!(bench.ask(&json!({ "jwt": [good], "attestation": ["x"] })), request_error);
    assert_eq!(bench.ask(&json!({ "jwt": good })), request_error);
    assert_eq!(bench.ask(&json!([good])), request_error);
    assert_eq!(bench.ask(&json!({ "jwt": (0..11).map(|_| proof()).collect::<Vec<_>>() })), request_error);
    assert_eq!(bench.ask(&json!({ "jwt": [] })), invalid_proof());
    assert_eq!(bench.ask(&json!({ "jwt": [7] })), invalid_proof());
    assert_eq!(bench.ask(&json!({ "ldp_vp": [{}] })), invalid_proof());
    assert_eq!(bench.ask(&json!({ "jwt": [good, bad] })), invalid_proof());
    assert_eq!(bench.ask(&json!({ "jwt": [good, good] })), invalid_proof());
    let key = world.key();
    assert_eq!(
        bench.ask(&json!({ "jwt": [world.proof(&key, &nonce), world.proof(&key, &world.nonce())] })),
        invalid_proof()
    );
    let missing = world.credential(&bench.token, &json!({ "credential_configuration_id": "pid" }));
    assert_eq!(refused(&missing), invalid_proof());
    // After all that nothing was issued and the nonce is as good as new.
    assert_eq!(world.state(&bench.offer), SessionState::Authorized);
    let ten: Vec<String> = (0..10).map(|_| proof()).collect();
    let request = json!({ "credential_configuration_id": "pid", "proofs": { "jwt": ten } });
    let issued = body(&world.credential(&bench.token, &request));
    assert_eq!(issued["credentials"].as_array().unwrap().len(), 10);
    assert_eq!(world.view(&bench.offer).credentials[0].issued[0].copies, 10);
}
