//! Client assertions (catalogue row A15).

use std::time::Duration;

use credenza_core::{Report, SeededRandom, UnixTime};
use credenza_crypto::{Header, IdentifiedBy, JwkSet, Signer, SoftwareSigner, jwt};
use credenza_oauth::client_assertion::{self, Expected};
use serde_json::{Value, json};

use crate::dpop::{key, wait};

const NOW: UnixTime = UnixTime::from_secs(1_750_000_000);
const AS: &str = "https://as.example";

fn keys(signers: &[&SoftwareSigner]) -> JwkSet {
    let keys: Vec<Value> = signers.iter().map(|signer| signer.public_jwk().to_value()).collect();
    JwkSet::from_value(&json!({ "keys": keys })).unwrap()
}

fn claims() -> Value {
    json!({ "iss": "wallet", "sub": "wallet", "aud": AS, "jti": "1", "exp": NOW + Duration::from_secs(60) })
}

/// The check that an assertion fails.
fn failed(key: &SoftwareSigner, known: &JwkSet, claims: &Value) -> Option<&'static str> {
    let assertion = wait(jwt::sign(key, &Header::signing(key, "JWT", IdentifiedBy::Kid), claims)).unwrap();
    check(&assertion, known)
}

fn check(assertion: &str, known: &JwkSet) -> Option<&'static str> {
    let mut report = Report::new("client");
    let expected = Expected { client_id: "wallet", keys: known, audience: AS, now: NOW };
    let result = client_assertion::verify(assertion, &expected, &mut report);
    assert_eq!(result.is_ok(), report.ok());
    report.first_failure().map(|check| check.rule.id)
}

// Clauses: JWTBCP-3.9-01
#[test]
fn what_is_made_is_accepted_and_spent_once() {
    let key = key(1).with_kid("k");
    let known = keys(&[&key]);
    let make = || wait(client_assertion::make(&key, &SeededRandom::new(2), "wallet", AS, NOW)).unwrap();
    let assertion = make();
    assert_eq!(client_assertion::dangerous_client_id(&assertion).as_deref(), Some("wallet"));
    let expected = Expected { client_id: "wallet", keys: &known, audience: AS, now: NOW };
    let verify = |text: &str| client_assertion::verify(text, &expected, &mut Report::new("client")).unwrap();
    assert_eq!(verify(&assertion).spend().key(), verify(&assertion).spend().key());
    assert_ne!(verify(&assertion).spend().key().id, "");
}

// Clauses: JWTBCP-3.9-02
#[test]
fn a15_an_assertion_is_for_this_server_alone() {
    let key = key(1);
    let known = keys(&[&key]);
    assert_eq!(failed(&key, &known, &claims()), None);
    for (aud, rule) in [
        (json!("https://as.example/token"), "client-assertion.aud"),
        (json!("https://as.example/par"), "client-assertion.aud"),
        (json!("https://as.example/"), "client-assertion.aud"),
        (json!("https://evil.example"), "client-assertion.aud"),
        (json!([AS]), "client-assertion.jwt"),
        (json!([AS, "https://evil.example"]), "client-assertion.jwt"),
        (Value::Null, "client-assertion.jwt"),
    ] {
        let mut claims = claims();
        claims["aud"] = aud.clone();
        assert_eq!(failed(&key, &known, &claims), Some(rule), "{aud}");
    }
}

// Clauses: JWTBCP-3.8-03, JWTBCP-3.8-04
#[test]
fn a15_every_claim_counts() {
    let key = key(1);
    let known = keys(&[&key]);
    let after = |seconds| json!(NOW + Duration::from_secs(seconds));
    for (name, value, rule) in [
        ("iss", json!("other"), "client-assertion.client"),
        ("sub", json!("other"), "client-assertion.client"),
        ("jti", Value::Null, "client-assertion.jwt"),
        ("exp", Value::Null, "client-assertion.jwt"),
        ("exp", json!(NOW - Duration::from_secs(61)), "client-assertion.time"),
        ("exp", after(3600), "client-assertion.time"),
        ("nbf", after(120), "client-assertion.time"),
        ("iat", after(120), "client-assertion.time"),
    ] {
        let mut claims = claims();
        claims[name] = value.clone();
        assert_eq!(failed(&key, &known, &claims), Some(rule), "{name} {value}");
    }
}

// Clauses: JWTBCP-3.8-01, JWTBCP-3.8-02
#[test]
fn a15_only_the_clients_own_keys_count() {
    let (own, other) = (key(1).with_kid("a"), key(2).with_kid("a"));
    assert_eq!(failed(&other, &keys(&[&own]), &claims()), Some("client-assertion.signature"));
    assert_eq!(failed(&own, &keys(&[&other, &own]), &claims()), None);
    let renamed = key(1).with_kid("b");
    assert_eq!(failed(&renamed, &keys(&[&own]), &claims()), Some("client-assertion.signature"));
    assert_eq!(check("x", &keys(&[&own])), Some("client-assertion.jwt"));
}
