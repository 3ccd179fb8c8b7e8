//! A DPoP proof and every way in which it can be wrong (catalogue row A19), each refused by its own check.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use credenza_core::{Report, Sealer, SeededRandom, UnixTime, Write, b64};
use credenza_crypto::{Algorithm, IdentifiedBy, Signer, SigningHeader, SoftwareSigner, jwt};
use credenza_oauth::dpop::{self, DpopError, Expected, Nonces, Policy, Proof, ProofRequest, Server};
use credenza_oauth::token::ath;
use http::HeaderMap;
use serde_json::{Value, json};

const NOW: UnixTime = UnixTime::from_secs(1_750_000_000);
const URL: &str = "https://as.example/token";

pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}

pub(crate) fn key(seed: u64) -> SoftwareSigner {
    SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(seed)).unwrap()
}

fn claims() -> Value {
    json!({ "jti": "an id", "htm": "POST", "htu": URL, "iat": NOW })
}

pub(crate) fn signed(key: &dyn Signer, typ: &str, more: Value, claims: &Value) -> String {
    let Value::Object(more) = more else { panic!() };
    wait(jwt::sign(key, &SigningHeader::new(key, typ, IdentifiedBy::Nothing, more), claims)).unwrap()
}

fn proof(claims: &Value) -> String {
    let key = key(1);
    signed(&key, "dpop+jwt", json!({ "jwk": key.public_jwk().to_value() }), claims)
}

#[derive(Default)]
struct Setting {
    policy: Policy,
    nonces: Option<Nonces>,
    token: Option<(String, String)>,
}

impl Setting {
    fn check(&self, proofs: &[&str]) -> (Result<Option<Proof>, DpopError>, Option<&'static str>) {
        let mut headers = HeaderMap::new();
        for proof in proofs {
            headers.append("dpop", proof.parse().unwrap());
        }
        let expected = Expected {
            method: "POST",
            url: URL,
            now: NOW,
            policy: &self.policy,
            nonces: self.nonces.as_ref(),
            access_token: self.token.as_ref().map(|(token, jkt)| (token.as_str(), jkt.as_str())),
        };
        let mut report = Report::new("proof");
        let result = dpop::verify(&headers, &expected, &mut report);
        assert_eq!(result.as_ref().is_ok_and(Option::is_some), report.ok(), "{report}");
        (result, report.first_failure().map(|check| check.rule.id))
    }

    fn fails(&self, proof: &str) -> &'static str {
        let (result, rule) = self.check(&[proof]);
        assert_eq!(result, Err(DpopError::Invalid), "{proof}");
        rule.unwrap()
    }
}

#[test]
fn a_good_proof_and_none() {
    let setting = Setting::default();
    let made = wait(dpop::prove(
        &key(1),
        &SeededRandom::new(5),
        &ProofRequest {
            method: "POST",
            url: "https://as.example/token?x=1#y",
            now: NOW,
            access_token: None,
            nonce: None,
        },
    ));
    let (result, rule) = setting.check(&[&made.unwrap()]);
    assert_eq!(result.unwrap().unwrap().jkt, key(1).public_jwk().thumbprint_text());
    assert_eq!(rule, None);
    assert_eq!(setting.check(&[]).0, Ok(None));
}

// Clauses: DPOP-4.2-01, DPOP-4.2-02, DPOP-4.2-03, DPOP-4.3-01, DPOP-11.5-01, DPOP-11.6-01, DPOP-11.6-02
#[test]
fn a19_header_and_signature() {
    let setting = Setting::default();
    let good = proof(&claims());
    assert_eq!(setting.check(&[&good, &good]).1, Some("dpop.one"));
    for text in ["x", "", "a.b", "a.b.c.d", good.rsplit_once('.').unwrap().0, "eyJ9.e30.AAAA"] {
        assert_eq!(setting.fails(text), "dpop.one", "{text}");
    }
    let (key_, other) = (key(1), key(2));
    let jwk = key_.public_jwk().to_value();
    for typ in ["JWT", "dpop", "jwt+dpop", "at+jwt", "openid4vci-proof+jwt"] {
        assert_eq!(setting.fails(&signed(&key_, typ, json!({ "jwk": jwk }), &claims())), "dpop.typ", "{typ}");
    }
    let mut parts = good.split('.');
    let (_, payload, signature) = (parts.next(), parts.next().unwrap(), parts.next().unwrap());
    for alg in ["none", "HS256", "RS256", "ES256K", "es256", "PS256"] {
        let header = b64::encode(json!({ "typ": "dpop+jwt", "alg": alg, "jwk": jwk }).to_string());
        assert_eq!(setting.fails(&format!("{header}.{payload}.{signature}")), "dpop.alg", "{alg}");
    }
    let mut private = jwk.clone();
    private["d"] = "AAAA".into();
    for (bad, why) in [
        (json!({}), "none"),
        (json!({ "jwk": private }), "private"),
        (json!({ "jwk": { "kty": "oct", "k": "AAAA" } }), "symmetric"),
        (json!({ "jwk": "x" }), "not an object"),
        (json!({ "kid": "1" }), "by name"),
    ] {
        assert_eq!(setting.fails(&signed(&key_, "dpop+jwt", bad, &claims())), "dpop.jwk", "{why}");
    }
    let swapped = signed(&key_, "dpop+jwt", json!({ "jwk": other.public_jwk().to_value() }), &claims());
    assert_eq!(setting.fails(&swapped), "dpop.signature");
    let (signed_part, signature) = good.rsplit_once('.').unwrap();
    let other_first = if signature.starts_with('A') { 'B' } else { 'A' };
    let flipped = format!("{signed_part}.{other_first}{}", signature.get(1..).unwrap());
    assert_eq!(setting.fails(&flipped), "dpop.signature");
    let p521 = SoftwareSigner::generate(Algorithm::Es512, &SeededRandom::new(3)).unwrap();
    let text = signed(&p521, "dpop+jwt", json!({ "jwk": p521.public_jwk().to_value() }), &claims());
    assert_eq!(setting.fails(&text), "dpop.alg");
    assert!(setting.check(&[&signed(&key_, "DPoP+JWT", json!({ "jwk": jwk, "x": 1 }), &claims())]).0.is_ok());
}

// Clauses: DPOP-4.2-04, DPOP-4.2-09, DPOP-11.1-01, DPOP-11.1-02
#[test]
fn a19_a23_claims() {
    let setting = Setting::default();
    let changed = |name: &str, value: Option<Value>| {
        let mut claims = claims();
        match value {
            Some(value) => claims[name] = value,
            None => drop(claims.as_object_mut().unwrap().remove(name)),
        }
        setting.check(&[&proof(&claims)]).1
    };
    for name in ["jti", "htm", "htu", "iat"] {
        assert_eq!(changed(name, None), Some("dpop.claims"), "{name}");
        assert_eq!(changed(name, Some(json!(null))), Some("dpop.claims"), "{name}");
        assert_eq!(changed(name, Some(json!(["POST"]))), Some("dpop.claims"), "{name}");
    }
    assert_eq!(changed("jti", Some(json!(""))), Some("dpop.claims"));
    assert_eq!(changed("jti", Some(json!("x".repeat(2000)))), Some("dpop.claims"));
    for method in ["GET", "post", "", "POST "] {
        assert_eq!(changed("htm", Some(json!(method))), Some("dpop.htm"), "{method}");
    }
    for url in [
        "https://as.example",
        "https://as.example/token/",
        "http://as.example/token",
        "https://evil.example/token",
        "/token",
        "",
    ] {
        assert_eq!(changed("htu", Some(json!(url))), Some("dpop.htu"), "{url}");
    }
    for url in ["https://AS.example:443/token?x=1#y", "HTTPS://as.example/%74oken"] {
        assert_eq!(changed("htu", Some(json!(url))), None, "{url}");
    }
    let at = |offset: i64| changed("iat", Some(json!(NOW.as_secs() + offset)));
    for offset in [-3600, -301, -300, 61, 3600] {
        assert_eq!(at(offset), Some("dpop.iat"), "{offset}");
    }
    for offset in [-299, -10, 0, 8, 60] {
        assert_eq!(at(offset), None, "{offset}");
    }
    // Clauses: DPOP-4.2-09
    assert_eq!(changed("exp", Some(json!(NOW.as_secs() + 60))), None);
    assert_eq!(changed("nobody", Some(json!({ "knows": 1 }))), None);
}

// Clauses: DPOP-4.2-06, DPOP-6-01, DPOP-6-02, DPOP-7-02, DPOP-7.1-01
#[test]
fn a19_with_an_access_token() {
    let jkt = key(1).public_jwk().thumbprint_text();
    let setting = Setting { token: Some(("token".to_owned(), jkt)), ..Setting::default() };
    let with_ath = |value: Option<Value>| {
        let mut claims = claims();
        if let Some(value) = value {
            claims["ath"] = value;
        }
        setting.check(&[&proof(&claims)]).1
    };
    assert_eq!(with_ath(Some(ath("token").into())), None);
    assert_eq!(with_ath(None), Some("dpop.ath"));
    assert_eq!(with_ath(Some(ath("other").into())), Some("dpop.ath"));
    assert_eq!(with_ath(Some("token".into())), Some("dpop.ath"));
    assert_eq!(with_ath(Some(json!(7))), Some("dpop.claims"));
    let foreign = Setting {
        token: Some(("token".to_owned(), key(2).public_jwk().thumbprint_text())),
        ..Setting::default()
    };
    let mut claims = claims();
    claims["ath"] = ath("token").into();
    assert_eq!(foreign.fails(&proof(&claims)), "dpop.jkt");
}

// Clauses: DPOP-4.2-08, DPOP-8-03, DPOP-8-05, DPOP-11.3-01
#[test]
fn a21_nonces() {
    let random = SeededRandom::new(7);
    let sealer = Arc::new(Sealer::fresh(&random));
    let minute = Duration::from_secs(60);
    let nonces = |server, audience: &str| Nonces::new(sealer.clone(), server, audience, minute);
    let ours = nonces(Server::Authorization, "https://as.example");
    let setting = Setting { nonces: Some(ours.clone()), ..Setting::default() };
    let with_nonce = |nonce: Option<String>| {
        let mut claims = claims();
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        setting.check(&[&proof(&claims)])
    };
    assert!(with_nonce(Some(ours.give(&random, NOW))).0.is_ok());
    let old = ours.give(&random, UnixTime::from_secs(NOW.as_secs() - 60));
    let resource = nonces(Server::Resource, "https://as.example").give(&random, NOW);
    let tenant = nonces(Server::Authorization, "https://as.example/other").give(&random, NOW);
    for nonce in [None, Some(String::new()), Some("x".to_owned()), Some(old), Some(resource), Some(tenant)] {
        assert_eq!(with_nonce(nonce.clone()), (Err(DpopError::UseNonce), Some("dpop.nonce")), "{nonce:?}");
    }
    assert_ne!(ours.give(&random, NOW), ours.give(&random, NOW));
}

// Clauses: DPOP-11.1-01, DPOP-4.2-05
#[test]
fn a20_a_proof_is_spent_under_its_key_and_id_for_as_long_as_it_lives() {
    let setting = Setting::default();
    let spend = |claims: &Value| setting.check(&[&proof(claims)]).0.unwrap().unwrap().spend();
    let mut other_id = claims();
    other_id["jti"] = "another id".into();
    let mut other_time = claims();
    other_time["iat"] = json!(NOW.as_secs() - 5);
    let first = spend(&claims());
    assert_eq!(first.key(), spend(&other_time).key());
    assert_ne!(first.key(), spend(&other_id).key());
    assert!(first.key().id.len() <= 128);
    let Write::Insert { expires, .. } = first else { panic!("not an insert") };
    assert_eq!(expires, NOW + setting.policy.max_age);
}
