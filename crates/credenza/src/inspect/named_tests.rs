//! Each remark of the inspector by its name: a text with which it holds, and one with which it does not.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{FixedClock, Outcome, SystemRandom, b64};
use credenza_crypto::x509::{CertificateAuthority, LeafProfile, der_to_pem};
use credenza_crypto::{Algorithm, Signer as _, SoftwareSigner};
use credenza_trust::did;
use serde_json::{Value, json};

use super::*;

const NOW: UnixTime = UnixTime::from_secs(1_750_000_000);

fn found(text: &str, id: &str) -> Option<Outcome> {
    let inspection = Inspector::new(Arc::new(FixedClock::at(NOW))).inspect(text).unwrap();
    inspection.report.as_ref()?.find(id).map(|check| check.outcome)
}

/// It holds with the first text and fails with the second.
#[track_caller]
fn told(id: &str, good: &str, bad: &str) {
    assert_eq!(found(good, id), Some(Outcome::Passed), "{id}: {good}");
    assert_eq!(found(bad, id), Some(Outcome::Failed), "{id}: {bad}");
}

fn jwt(header: &str, claims: &str) -> String {
    [b64::encode(header), b64::encode(claims), b64::encode([1; 64])].join(".")
}

fn link(scheme: &str, parameters: &[(&str, &str)]) -> String {
    format!("{scheme}://?{}", credenza_oauth::form::encode(parameters))
}

#[test]
fn of_tokens() {
    let es256 = r#"{"alg":"ES256","typ":"JWT"}"#;
    told("inspect.jwt.payload", &jwt(es256, r#"{"a":1}"#), &jwt(es256, r#"{"a":1,"a":2}"#));
    told("inspect.jose.crit", &jwt(es256, "{}"), &jwt(r#"{"alg":"ES256","crit":["x"],"x":1}"#, "{}"));
    let jwe = |header: &str| format!("{}..{}.{}.{}", b64::encode(header), "AA", "AA", "AA");
    told(
        "inspect.jwe.alg",
        &jwe(r#"{"alg":"ECDH-ES","enc":"A256GCM"}"#),
        &jwe(r#"{"alg":"RSA1_5","enc":"A256GCM"}"#),
    );
    let sd_jwt = |claims: &str| format!("{}~", jwt(r#"{"alg":"ES256","typ":"dc+sd-jwt"}"#, claims));
    told(
        "inspect.sd-jwt.sd-alg",
        &sd_jwt(r#"{"vct":"x","_sd_alg":"sha-256"}"#),
        &sd_jwt(r#"{"vct":"x","_sd_alg":"md5"}"#),
    );
    told("inspect.sd-jwt-vc.vct", &sd_jwt(r#"{"vct":"x"}"#), &sd_jwt(r#"{"iss":"x"}"#));
}

#[test]
fn of_keys() {
    let one = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap().with_kid("a");
    let two = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap().with_kid("b");
    let key = one.public_jwk().to_value();
    let mut off = key.clone();
    off["x"] = json!(b64::encode([1; 32]));
    told("inspect.jwk.key", &key.to_string(), &off.to_string());
    let set = |keys: [&Value; 2]| json!({ "keys": keys }).to_string();
    told("inspect.jwks.kid", &set([&key, &two.public_jwk().to_value()]), &set([&key, &key]));
}

#[test]
fn of_metadata_requests_and_queries() {
    told(
        "inspect.issuer-metadata.members",
        &json!({
            "credential_issuer": "https://i.example", "credential_endpoint": "https://i.example/c",
            "credential_configurations_supported": {},
        })
        .to_string(),
        &json!({ "credential_issuer": "https://i.example", "credential_endpoint": "https://i.example/c" })
            .to_string(),
    );
    told(
        "inspect.as-metadata.members",
        &json!({ "issuer": "https://i.example", "token_endpoint": "https://i.example/t" }).to_string(),
        &json!({ "token_endpoint": "https://i.example/t" }).to_string(),
    );
    told(
        "inspect.request.form",
        &link("openid4vp", &[("client_id", "x509_hash:a"), ("request_uri", "https://v.example/r")]),
        &link(
            "openid4vp",
            &[("client_id", "x509_hash:a"), ("request_uri", "https://v.example/r"), ("request", "a.b.c")],
        ),
    );
    let request = |more: Value| {
        let mut request = json!({
            "response_type": "vp_token", "client_id": "redirect_uri:https://v.example/r", "nonce": "n",
            "dcql_query": {}, "response_mode": "direct_post",
        });
        request.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        request.to_string()
    };
    told(
        "inspect.request.response",
        &request(json!({ "response_uri": "https://v.example/r" })),
        &request(json!({ "redirect_uri": "https://v.example/r" })),
    );
    let query = |meta: Value| json!({ "credentials": [{ "id": "a", "format": "dc+sd-jwt", "meta": meta }] });
    told(
        "inspect.dcql",
        &query(json!({ "vct_values": ["x"] })).to_string(),
        &query(json!({ "vct_values": [] })).to_string(),
    );
}

#[test]
fn of_certificates() {
    let day = Duration::from_secs(86_400);
    let root = CertificateAuthority::generate("Root", NOW - day, day * 90, &SystemRandom).unwrap();
    let other = CertificateAuthority::generate("Other", NOW - day, day * 90, &SystemRandom).unwrap();
    let signer = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap();
    let leaf = |from: UnixTime| {
        let profile = LeafProfile::new("Leaf", from, day);
        root.issue(&signer.public_key(), &profile, &SystemRandom).unwrap()
    };
    let chain = |leaf: &[u8], above: &[u8]| format!("{}{}", der_to_pem(leaf), der_to_pem(above));
    let now = leaf(NOW);
    told("inspect.certificate", &chain(&now, root.certificate()), &chain(&[0x30, 0], root.certificate()));
    told("inspect.certificate.validity", &der_to_pem(&now), &der_to_pem(&leaf(NOW + day)));
    told("inspect.certificate.chain", &chain(&now, root.certificate()), &chain(&now, other.certificate()));
}

#[test]
fn of_names_and_lists() {
    let signer = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap();
    let did = did::key::from_public_key(&signer.public_key()).unwrap();
    assert_eq!(found(did.as_str(), "inspect.did"), Some(Outcome::Passed));
    let list = |scheme: Value| {
        json!({ "LoTE": { "ListAndSchemeInformation": scheme, "TrustedEntitiesList": [] } }).to_string()
    };
    told(
        "inspect.trust-list",
        &list(json!({ "ListIssueDateTime": "2025-06-01T00:00:00Z" })),
        &list(json!({})),
    );
}

/// A response whose document says that it is of another type than the one that was signed.
#[test]
fn of_mobile_documents() {
    let path = format!("{}/../../tests/vectors/iso-18013-5-annex-d/annex_d.json", env!("CARGO_MANIFEST_DIR"));
    let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let response = vectors["hex"]["device_response"].as_str().unwrap();
    let (doc_type, other) =
        ("6f72672e69736f2e31383031332e352e312e6d444c", "6f72672e69736f2e31383031332e352e312e4d444c");
    told("inspect.mdoc.doc-type", response, &response.replacen(doc_type, other, 1));
    // The document without what the issuer has signed.
    let without = response.replacen("69737375657241757468", "69737375657241757478", 1);
    assert_eq!(found(&without, "inspect.mdoc"), Some(Outcome::Failed));
}
