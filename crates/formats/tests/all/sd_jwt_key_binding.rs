//! The holder's signature: rows S09 to S15 of the attack catalogue.

use std::time::Duration;

use credenza_core::b64;
use credenza_crypto::{Algorithm, HashAlgorithm, Jwk, Signer as _, SoftwareSigner};
use credenza_formats::sd_jwt::{
    self, BindError, Binding, Expected, Held, HolderBinding, KeyBinding, SdJwtLimits,
};
use serde_json::{Map, Value, json};

use crate::support::{
    Concealed, NONCE, NOW, VERIFIER, accepted, bound, check, forge, holder, member, now, object, refused,
    sign, sign_under, stranger,
};

const EXPECTED: Expected<'static> = Expected::credential(NOW);

fn cnf() -> Value {
    json!({ "jwk": Jwk::new(holder().public_jwk().key.clone()).to_value() })
}

fn disclosures() -> [Concealed; 3] {
    ["a", "b", "c"].map(|name| member(name, &json!(name)))
}

/// An SD-JWT that is bound to the test holder.
fn issued() -> String {
    let all = disclosures();
    let digests = all.each_ref().map(|concealed| concealed.digest.as_str());
    forge(&json!({"vct": "urn:test", "cnf": cnf(), "_sd": digests}), &all.each_ref())
}

fn issued_with(cnf: &Value) -> String {
    forge(&json!({"vct": "urn:test", "cnf": cnf}), &[])
}

fn sd_hash(text: &str) -> String {
    b64::encode(HashAlgorithm::Sha256.hash(text.as_bytes()))
}

fn claims_for(text: &str) -> Map<String, Value> {
    object(json!({"iat": NOW.as_secs(), "aud": VERIFIER, "nonce": NONCE, "sd_hash": sd_hash(text)}))
}

fn kb_by(signer: &SoftwareSigner, text: &str, claims: &Map<String, Value>) -> String {
    format!("{text}{}", sign(signer, "kb+jwt", &Value::Object(claims.clone()).to_string()))
}

/// The presentation with one claim of its KB-JWT changed or (null) left out.
fn with(name: &str, value: Value) -> String {
    let text = issued();
    let mut claims = claims_for(&text);
    if value.is_null() {
        claims.remove(name);
    } else {
        claims.insert(name.to_owned(), value);
    }
    kb_by(&holder(), &text, &claims)
}

fn presentation() -> String {
    let text = issued();
    kb_by(&holder(), &text, &claims_for(&text))
}

// Clauses: SDJ-4-04, SDJ-4.3-01, SDJ-7.3-01, SDVC-2.4-03
#[test]
fn a_valid_one_is_accepted() {
    let (verified, report) = check(&presentation(), &bound(EXPECTED));
    let verified = verified.unwrap_or_else(|| panic!("{report}"));
    assert_eq!(verified.holder.unwrap().key, holder().public_jwk().key);
    assert_eq!(verified.key_binding.unwrap()["nonce"], NONCE);
}

// Clauses: SDJ-4-04, SDJ-7.3-02, SDJ-7.3-03, SDJ-9.5-01, SDJ-9.5-02
#[test]
fn s09_kb_jwt_stripped() {
    let text = issued();
    refused(&text, &bound(EXPECTED), "sd-jwt.kb.present");
    refused(text.trim_end_matches('~'), &bound(EXPECTED), "sd-jwt.kb.parse");
    let without_kb = presentation().rsplit_once('~').unwrap().0.to_owned();
    refused(&without_kb, &bound(EXPECTED), "sd-jwt.kb.parse");
    // With one ~ more, the KB-JWT stands where disclosures do.
    refused(&format!("{}~", presentation()), &bound(EXPECTED), "sd-jwt.disclosures.referenced");
}

// Clauses: SDJ-4-03, SDJ-7.3-02
#[test]
fn a_kb_jwt_that_was_not_asked_for() {
    refused(&presentation(), &EXPECTED, "sd-jwt.kb.present");
    let lax = Expected { holder_binding: HolderBinding::NotRequired, ..EXPECTED };
    accepted(&presentation(), &lax);
    accepted(&issued(), &lax);
    // It is not looked at, and nothing of it is handed out.
    let text = issued();
    let (verified, _) = check(&kb_by(&stranger(), &text, &Map::new()), &lax);
    assert!(verified.unwrap().key_binding.is_none());
}

// Clauses: SDJ-4.3.2-01, SDJ-3.3-01, SDVC-2.2.2.3-06, SDVC-2.2.2.3-08, SDVC-2.4-04
#[test]
fn s10_another_key() {
    let text = issued();
    refused(&kb_by(&stranger(), &text, &claims_for(&text)), &bound(EXPECTED), "sd-jwt.kb.signature");
    // A key that the KB-JWT brings along proves nothing.
    let header = json!({"alg": "ES256", "typ": "kb+jwt", "jwk": stranger().public_jwk().to_value()});
    let kb = sign_under(&stranger(), &header.to_string(), &Value::Object(claims_for(&text)).to_string());
    refused(&format!("{text}{kb}"), &bound(EXPECTED), "sd-jwt.kb.signature");

    let key = |cnf: Option<Value>, expected: &Expected<'_>, rule: &str| {
        let text = match cnf {
            Some(cnf) => issued_with(&cnf),
            None => forge(&json!({"vct": "urn:test"}), &[]),
        };
        refused(&kb_by(&holder(), &text, &claims_for(&text)), &bound(*expected), rule);
    };
    key(None, &EXPECTED, "sd-jwt.kb.key");
    key(Some(json!({"kid": "1"})), &EXPECTED, "sd-jwt.kb.key");
    key(Some(json!({"jkt": holder().public_jwk().thumbprint_text()})), &EXPECTED, "sd-jwt.kb.key");
    key(Some(json!({})), &EXPECTED, "sd-jwt.kb.key");
    for wrong in [json!("jwk"), json!({"jwk": {}}), json!({"jwk": []}), json!([cnf()]), json!(null)] {
        key(Some(wrong.clone()), &EXPECTED, "sd-jwt-vc.cnf");
        key(Some(wrong), &Expected::plain(NOW), "sd-jwt.kb.key");
    }
    // A private key, and a symmetric one.
    let private: Value = serde_json::from_str(holder().to_private_jwk().expose()).unwrap();
    key(Some(json!({ "jwk": private })), &EXPECTED, "sd-jwt-vc.cnf");
    key(Some(json!({"jwk": {"kty": "oct", "k": "AAAA"}})), &EXPECTED, "sd-jwt-vc.cnf");

    // cnf in a disclosure: whoever holds the rest could bring another one.
    let hidden = member("cnf", &cnf());
    let text = forge(&json!({"vct": "urn:test", "_sd": [hidden.digest]}), &[&hidden]);
    let text = kb_by(&holder(), &text, &claims_for(&text));
    refused(&text, &bound(EXPECTED), "sd-jwt-vc.registered-claims");
    refused(&text, &bound(Expected::plain(NOW)), "sd-jwt.kb.key");
    let hidden = member("jwk", &cnf()["jwk"]);
    let text = forge(&json!({"vct": "urn:test", "cnf": {"_sd": [hidden.digest]}}), &[&hidden]);
    let text = kb_by(&holder(), &text, &claims_for(&text));
    refused(&text, &bound(EXPECTED), "sd-jwt-vc.registered-claims");
    refused(&text, &bound(Expected::plain(NOW)), "sd-jwt.kb.key");
}

// Clauses: SDVC-2.2.2.3-07
#[test]
fn the_smallest_cnf_and_one_with_much_in_it() {
    let mut large = cnf();
    for (name, value) in [("use", "sig"), ("alg", "ES256"), ("kid", "1"), ("foreign", "x")] {
        large["jwk"][name] = json!(value);
    }
    for cnf in [cnf(), large.clone()] {
        assert!(cnf["jwk"].get("d").is_none());
        let text = issued_with(&cnf);
        accepted(&kb_by(&holder(), &text, &claims_for(&text)), &bound(EXPECTED));
    }
    // A key for something else.
    for (name, value) in [("alg", "ECDH-ES"), ("alg", "ES384"), ("use", "enc")] {
        let mut other = large.clone();
        other["jwk"][name] = json!(value);
        let text = issued_with(&other);
        refused(&kb_by(&holder(), &text, &claims_for(&text)), &bound(EXPECTED), "sd-jwt.kb.alg");
    }
}

// Clauses: SDJ-4.3-02, SDJ-4.3-03, SDJ-7.3-04
#[test]
fn s10_typ_and_algorithm_of_the_kb_jwt() {
    let text = issued();
    let claims = Value::Object(claims_for(&text)).to_string();
    for typ in ["JWT", "dc+sd-jwt", "", "openid4vci-proof+jwt"] {
        let kb = sign(&holder(), typ, &claims);
        refused(&format!("{text}{kb}"), &bound(EXPECTED), "sd-jwt.kb.typ");
    }
    let untyped = sign_under(&holder(), r#"{"alg":"ES256"}"#, &claims);
    refused(&format!("{text}{untyped}"), &bound(EXPECTED), "sd-jwt.kb.typ");
    for alg in ["none", "HS256", "es256"] {
        let header = json!({"alg": alg, "typ": "kb+jwt"}).to_string();
        let kb = sign_under(&holder(), &header, &claims);
        refused(&format!("{text}{kb}"), &bound(EXPECTED), "sd-jwt.kb.alg");
    }
    let binding = KeyBinding { algorithms: &[Algorithm::Es384], ..KeyBinding::new(NONCE, VERIFIER) };
    let strict = Expected { holder_binding: HolderBinding::Required(binding), ..EXPECTED };
    refused(&presentation(), &strict, "sd-jwt.kb.alg");
    // Not a JWT at all, and claims that are no object.
    refused(&format!("{text}x"), &bound(EXPECTED), "sd-jwt.kb.parse");
    let kb = sign(&holder(), "kb+jwt", "[]");
    refused(&format!("{text}{kb}"), &bound(EXPECTED), "sd-jwt.kb.parse");
    let doubled = claims.replacen('{', &format!(r#"{{"nonce":"{NONCE}","#), 1);
    let kb = sign(&holder(), "kb+jwt", &doubled);
    refused(&format!("{text}{kb}"), &bound(EXPECTED), "sd-jwt.kb.parse");
}

// Clauses: SDJ-4.3-05, SDJ-4.3-06
#[test]
fn s11_nonce() {
    for wrong in
        [json!(null), json!("0987654321"), json!(""), json!([NONCE]), json!(1_234_567_890), json!({})]
    {
        refused(&with("nonce", wrong), &bound(EXPECTED), "sd-jwt.kb.nonce");
    }
}

// Clauses: SDJ-4.3-04
#[test]
fn s12_audience() {
    for wrong in [
        json!(null),
        json!("https://other.example"),
        json!("verifier.example.org"),
        json!(format!("{VERIFIER}/")),
        json!([VERIFIER]),
        json!([VERIFIER, "https://evil.example"]),
        json!(1),
    ] {
        refused(&with("aud", wrong), &bound(EXPECTED), "sd-jwt.kb.aud");
    }
    // The full client identifier, with its prefix.
    let binding = KeyBinding::new(NONCE, "x509_san_dns:verifier.example.org");
    let prefixed = Expected { holder_binding: HolderBinding::Required(binding), ..EXPECTED };
    refused(&with("aud", json!("verifier.example.org")), &prefixed, "sd-jwt.kb.aud");
    accepted(&with("aud", json!("x509_san_dns:verifier.example.org")), &prefixed);
}

// Clauses: SDJ-4.3-07, SDJ-4.3.1-01, SDJ-4.3.1-02, SDJ-4.3.1-03
#[test]
fn s13_sd_hash() {
    const RULE: &str = "sd-jwt.kb.sd-hash";
    let expected = bound(EXPECTED);
    for wrong in [json!(null), json!(""), json!("AAAA"), json!(1), json!([sd_hash(&issued())])] {
        refused(&with("sd_hash", wrong), &expected, RULE);
    }
    let presented = presentation();
    let (sd_jwt, kb) = presented.rsplit_once('~').unwrap();
    let parts: Vec<&str> = sd_jwt.split('~').collect();
    let (jwt, disclosures) = parts.split_first().unwrap();
    // Each left out, each pair exchanged, under the same KB-JWT.
    for at in 0..disclosures.len() {
        let mut fewer = disclosures.to_vec();
        fewer.remove(at);
        refused(&format!("{jwt}~{}~{kb}", fewer.join("~")), &expected, RULE);
        let mut swapped = disclosures.to_vec();
        swapped.swap(at, (at + 1) % disclosures.len());
        refused(&format!("{jwt}~{}~{kb}", swapped.join("~")), &expected, RULE);
    }
    refused(&format!("{jwt}~{kb}"), &expected, RULE);
    // Over the text without its last ~, over the JWT alone, with another hash function.
    let text = issued();
    for wrong in [
        sd_hash(text.trim_end_matches('~')),
        sd_hash(jwt),
        b64::encode(HashAlgorithm::Sha512.hash(text.as_bytes())),
    ] {
        refused(&with("sd_hash", json!(wrong)), &expected, RULE);
    }

    // The hash function is the one of the SD-JWT.
    let text = forge(&json!({"vct": "urn:test", "cnf": cnf(), "_sd_alg": "sha-512"}), &[]);
    refused(&kb_by(&holder(), &text, &claims_for(&text)), &expected, RULE);
    let binding = Binding { nonce: NONCE, audience: VERIFIER, issued_at: NOW, more: Map::new() };
    accepted(&now(sd_jwt::bind(&text, &holder(), &binding)).unwrap(), &expected);
    let held = Held::restore(text, &SdJwtLimits::default()).unwrap();
    accepted(&now(held.present(&[]).bind(&holder(), &binding)).unwrap(), &expected);
}

// Clauses: SDJ-4.3-04, SDJ-7.3-05
#[test]
fn s14_iat_of_the_kb_jwt() {
    const RULE: &str = "sd-jwt.kb.iat";
    let at = |seconds: i64| with("iat", json!(NOW.as_secs() + seconds));
    for good in [-300, -299, 0, 60] {
        accepted(&at(good), &bound(EXPECTED));
    }
    for bad in [-301, 61, -31_536_000, 31_536_000] {
        refused(&at(bad), &bound(EXPECTED), RULE);
    }
    for wrong in [json!(null), json!(NOW.as_secs().to_string()), json!(true), json!([1]), json!(-1)] {
        refused(&with("iat", wrong), &bound(EXPECTED), RULE);
    }
    let binding = KeyBinding {
        max_age: Duration::from_secs(10),
        max_ahead: Duration::ZERO,
        ..KeyBinding::new(NONCE, VERIFIER)
    };
    let strict = Expected { holder_binding: HolderBinding::Required(binding), ..EXPECTED };
    accepted(&at(-10), &strict);
    refused(&at(-11), &strict, RULE);
    refused(&at(1), &strict, RULE);
}

#[test]
fn s14_other_times_of_the_kb_jwt_count_where_they_are() {
    let expected = bound(EXPECTED);
    accepted(&with("exp", json!(NOW.as_secs() + 10)), &expected);
    for (name, wrong) in [("exp", json!(1)), ("exp", json!("x")), ("nbf", json!(NOW.as_secs() + 1000))] {
        refused(&with(name, wrong), &expected, "sd-jwt.kb.times");
    }
}

#[test]
fn s15_a_presentation_for_another_transaction() {
    let presented = presentation();
    let binding = KeyBinding::new("the next nonce", VERIFIER);
    let next = Expected { holder_binding: HolderBinding::Required(binding), ..EXPECTED };
    accepted(&presented, &bound(EXPECTED));
    refused(&presented, &next, "sd-jwt.kb.nonce");
    // Nor is the KB-JWT good for another credential of the same holder.
    let (_, kb) = presented.rsplit_once('~').unwrap();
    refused(&format!("{}{kb}", issued_with(&cnf())), &bound(EXPECTED), "sd-jwt.kb.sd-hash");
}

// Clauses: SDJ-4.3-01, SDJ-4.3-08
#[test]
fn binding_carries_transaction_data_and_guards_its_own_claims() {
    let text = issued();
    let bind = |text: &str, signer: &SoftwareSigner, more: Value| {
        let binding = Binding { nonce: NONCE, audience: VERIFIER, issued_at: NOW, more: object(more) };
        now(sd_jwt::bind(text, signer, &binding))
    };
    let hashes = json!({"transaction_data_hashes": ["abc"], "transaction_data_hashes_alg": "sha-256"});
    let (verified, _) = check(&bind(&text, &holder(), hashes).unwrap(), &bound(EXPECTED));
    assert_eq!(verified.unwrap().transaction_data_hashes(), Some(&json!(["abc"])));

    for name in ["nonce", "aud", "iat", "sd_hash"] {
        assert_eq!(bind(&text, &holder(), json!({name: "x"})), Err(BindError::ReservedName));
    }
    assert_eq!(bind(&text, &stranger(), json!({})), Err(BindError::AnotherKey));
    for wrong in ["", "x", &presentation(), text.trim_end_matches('~')] {
        assert_eq!(bind(wrong, &holder(), json!({})), Err(BindError::NotAnSdJwt));
    }
}

#[test]
fn a_report_shows_no_claim_and_no_nonce() {
    let mut all = String::new();
    for text in
        [with("nonce", json!("canary")), with("aud", json!("canary")), with("sd_hash", json!("canary"))]
    {
        let (_, report) = check(&text, &bound(EXPECTED));
        all.push_str(&report.to_string());
    }
    assert!(!all.contains("canary") && !all.contains(NONCE), "{all}");
}
