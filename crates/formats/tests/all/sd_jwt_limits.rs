//! Row S18 of the attack catalogue: size, depth, and work that grows with the input alone.

use std::time::{Duration, Instant};

use credenza_formats::sd_jwt::{Expected, ParseError, SdJwt, SdJwtLimits};
use serde_json::{Value, json};

use crate::support::{Concealed, NOW, accepted, element, forge, member, refused};

const EXPECTED: Expected<'static> = Expected::credential(NOW);

fn error(text: &str) -> Option<ParseError> {
    SdJwt::parse(text, &SdJwtLimits::default()).err()
}

#[test]
fn s18_disclosure_within_disclosure() {
    let chain = |length: usize| {
        let mut all = vec![member("inner", &json!(1))];
        for _ in 1..length {
            let digest = all.last().unwrap().digest.clone();
            all.push(member("inner", &json!({"_sd": [digest]})));
        }
        let payload = json!({"vct": "urn:test", "_sd": [all.last().unwrap().digest]});
        forge(&payload, &all.iter().collect::<Vec<_>>())
    };
    accepted(&chain(SdJwtLimits::DEPTH), &EXPECTED);
    refused(&chain(SdJwtLimits::DEPTH + 1), &EXPECTED, "sd-jwt.disclosures.depth");
    refused(&chain(400), &EXPECTED, "sd-jwt.disclosures.depth");
    assert_eq!(error(&chain(1000)), Some(ParseError::TooManyDisclosures));

    let arrays = |length: usize| {
        let mut all = vec![element(&json!(1))];
        for _ in 1..length {
            let digest = all.last().unwrap().digest.clone();
            all.push(element(&json!([{"...": digest}])));
        }
        let payload = json!({"vct": "urn:test", "list": [{"...": all.last().unwrap().digest}]});
        forge(&payload, &all.iter().collect::<Vec<_>>())
    };
    accepted(&arrays(SdJwtLimits::DEPTH - 1), &EXPECTED);
    refused(&arrays(SdJwtLimits::DEPTH), &EXPECTED, "sd-jwt.disclosures.depth");
}

#[test]
fn s18_number_and_size() {
    let many: Vec<Concealed> = (0..501).map(|number| member(&format!("c{number}"), &json!(number))).collect();
    let text = |count: usize| {
        let used: Vec<&Concealed> = many.iter().take(count).collect();
        let digests: Vec<&str> = used.iter().map(|concealed| concealed.digest.as_str()).collect();
        forge(&json!({"vct": "urn:test", "_sd": digests}), &used)
    };
    accepted(&text(500), &EXPECTED);
    assert_eq!(error(&text(501)), Some(ParseError::TooManyDisclosures));
    refused(&text(501), &EXPECTED, "sd-jwt.parse");

    let large = member("portrait", &json!("x".repeat(5 * 1024 * 1024)));
    let payload = json!({"vct": "urn:test", "_sd": [large.digest]});
    assert_eq!(error(&forge(&payload, &[&large])), Some(ParseError::TooLong));
    assert_eq!(error(&"~".repeat(SdJwtLimits::TOTAL + 1)), Some(ParseError::TooLong));
    // Configured otherwise, it is accepted.
    let wide = SdJwtLimits { total: 8 * 1024 * 1024, ..SdJwtLimits::default() };
    assert!(SdJwt::parse(&forge(&payload, &[&large]), &wide).is_ok());
}

#[test]
fn s18_json_of_the_payload_is_limited() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let text = |levels: usize| {
        let payload = format!(r#"{{"vct":"urn:test","deep":{}}}"#, deep(levels));
        crate::support::forge_as("dc+sd-jwt", &payload, &[])
    };
    accepted(&text(SdJwtLimits::DEPTH - 1), &EXPECTED);
    refused(&text(SdJwtLimits::DEPTH), &EXPECTED, "sd-jwt.disclosures.depth");
    refused(&text(10_000), &EXPECTED, "sd-jwt.parse");
}

/// The fastest of some runs: what else the machine does can only make it slower.
fn fastest(text: &str, limits: &SdJwtLimits) -> Duration {
    let key = credenza_crypto::Signer::public_jwk(&crate::support::issuer()).key.clone();
    (0..3)
        .map(|_| {
            let start = Instant::now();
            let mut report = credenza_core::Report::new("growth");
            let parsed = SdJwt::read(text, limits, &mut report).unwrap();
            let verified = credenza_formats::sd_jwt::verify(parsed, &key, &EXPECTED, &mut report);
            assert!(verified.is_some(), "{report}");
            start.elapsed()
        })
        .min()
        .unwrap()
}

/// Four times the input takes about four times as long; quadratic work would take sixteen times. On a busy machine
/// a measurement may be spoilt, but not each of ten.
fn grows_linearly(text: impl Fn(usize) -> String, size: usize) {
    let limits = SdJwtLimits { total: usize::MAX, disclosures: usize::MAX, depth: SdJwtLimits::DEPTH };
    let (small, large) = (text(size), text(4 * size));
    let linear = || fastest(&large, &limits) < 8 * fastest(&small, &limits);
    assert!((0..10).any(|_| linear()), "more than linear work");
}

#[test]
fn s18_many_placeholders_take_linear_time() {
    let text = |count: usize| {
        let list: Vec<Value> = (0..count).map(|number| json!({"...": format!("digest {number}")})).collect();
        forge(&json!({"vct": "urn:test", "list": list}), &[])
    };
    grows_linearly(text, 5_000);
}

#[test]
fn s18_many_disclosures_take_linear_time() {
    let members = |count: usize| {
        let all: Vec<Concealed> = (0..count).map(|n| member(&format!("claim {n}"), &json!(n))).collect();
        let digests: Vec<&str> = all.iter().map(|concealed| concealed.digest.as_str()).collect();
        forge(&json!({"vct": "urn:test", "_sd": digests}), &all.iter().collect::<Vec<_>>())
    };
    grows_linearly(members, 1_000);
    let elements = |count: usize| {
        let all: Vec<Concealed> = (0..count).map(|n| element(&json!(n))).collect();
        let list: Vec<Value> = all.iter().map(|concealed| json!({"...": concealed.digest})).collect();
        forge(&json!({"vct": "urn:test", "list": list}), &all.iter().collect::<Vec<_>>())
    };
    grows_linearly(elements, 1_000);
}
