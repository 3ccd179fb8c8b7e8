//! JWT VC Issuer Metadata.

use std::sync::Arc;

use credenza_core::{HttpError, RecordedHttp, SeededRandom};
use credenza_crypto::{Algorithm, Jwk, Signer, SoftwareSigner};
use credenza_trust::contract::{ask, check};
use credenza_trust::jwt_vc_issuers::{IssuerMetadataError, location};
use credenza_trust::{AnyOf, Distrust, JwtVcIssuers, KeyMaterial, Purpose, Trusted};
use http::{Method, Response};
use serde_json::{Value, json};

use crate::NOW;

const ISSUER: &str = "https://issuer.example/tenant";
const PLACE: &str = "https://issuer.example/.well-known/jwt-vc-issuer/tenant";
const KEYS: &str = "https://issuer.example/keys";
const PID: Purpose<'static> = Purpose::Issuer { credential_type: "urn:eudi:pid:1" };

fn key(seed: u64, kid: &str) -> Jwk {
    let signer = SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(seed)).unwrap();
    signer.with_kid(kid).public_jwk().clone()
}

fn keys() -> Value {
    json!({ "keys": [key(1, "one").to_value(), key(2, "two").to_value()] })
}

fn answer(status: u16, media_type: &str, body: &Value) -> Response<Vec<u8>> {
    let response = Response::builder().status(status).header("content-type", media_type);
    response.body(body.to_string().into_bytes()).unwrap()
}

fn by(kid: Option<&str>) -> KeyMaterial<'_> {
    KeyMaterial { issuer: Some(ISSUER), kid, ..KeyMaterial::default() }
}

fn source(answers: &[(&str, Response<Vec<u8>>)]) -> (JwtVcIssuers, Arc<RecordedHttp>) {
    let http = Arc::new(RecordedHttp::new());
    for (url, answer) in answers {
        http.add(Method::GET, url, Ok(answer.clone()));
    }
    (JwtVcIssuers::new(Arc::clone(&http) as _).trust(ISSUER), http)
}

fn published(document: &Value) -> Result<Trusted, Distrust> {
    let set = answer(200, "application/jwk-set+json", &keys());
    let (source, _) = source(&[(PLACE, answer(200, "application/json", document)), (KEYS, set)]);
    ask(&source, &by(Some("two")), PID, NOW)
}

// Clauses: SDVC-2.4-02, SDVC-2.5-01, SDVC-3.1-01, SDVC-3.2-05, SDVC-3.2-07
#[test]
fn keeps_the_promises_of_the_port() {
    let here = json!({"issuer": ISSUER, "jwks": keys(), "more": 1});
    let (source, http) = source(&[(PLACE, answer(200, "application/json", &here))]);
    check(&source, &by(Some("two")), &[PID], NOW);
    assert_eq!(ask(&source, &by(Some("two")), PID, NOW).unwrap().key, key(2, "two").key);
    assert!(http.requests().iter().all(|request| request.method() == Method::GET && request.uri() == PLACE));
    assert_eq!(published(&json!({"issuer": ISSUER, "jwks_uri": KEYS})).unwrap().key, key(2, "two").key);
}

// Clauses: SDVC-3-03, SDVC-3.1-02, SDVC-6.1-02
#[test]
fn the_place_is_made_from_the_name() {
    for (issuer, place) in [
        ("https://a.example", "https://a.example/.well-known/jwt-vc-issuer"),
        ("https://a.example/", "https://a.example/.well-known/jwt-vc-issuer"),
        ("https://a.example:8443/b/c/", "https://a.example:8443/.well-known/jwt-vc-issuer/b/c"),
    ] {
        assert_eq!(location(issuer).unwrap().as_str(), place);
    }
    for wrong in [
        "http://a.example",
        "https://a.example?a",
        "https://a.example#a",
        "https://u@a.example",
        "did:web:a",
        "",
    ] {
        assert_eq!(location(wrong), Err(IssuerMetadataError::Issuer), "{wrong}");
    }
}

// Clauses: SDVC-3.2-03, SDVC-3.2-07, SDVC-3.2-08, SDVC-3.3-01, SDVC-3.3-02, SDVC-6.1-04
#[test]
fn documents_that_are_none() {
    for wrong in [
        json!({"issuer": "https://issuer.example", "jwks": keys()}),
        json!({"issuer": "https://issuer.example/Tenant", "jwks": keys()}),
        json!({"issuer": format!("{ISSUER}/"), "jwks": keys()}),
        json!({"jwks": keys()}),
        json!({"issuer": ISSUER}),
        json!({"issuer": ISSUER, "jwks": keys(), "jwks_uri": KEYS}),
        json!({"issuer": ISSUER, "jwks": keys()["keys"]}),
        json!({"issuer": ISSUER, "jwks": {}}),
        json!({"issuer": ISSUER, "jwks": keys().to_string()}),
        json!({"issuer": ISSUER, "jwks_uri": "http://issuer.example/keys"}),
        json!([ISSUER]),
    ] {
        assert!(matches!(published(&wrong), Err(Distrust::Unavailable(_))), "{wrong}");
    }
}

// Clauses: SDVC-2.5-02, SDVC-3.2-01, SDVC-3.2-02, SDVC-6.1-03
#[test]
fn answers_that_are_none() {
    let here = json!({"issuer": ISSUER, "jwks": keys()});
    for (status, media_type) in [(404, "application/json"), (201, "application/json"), (200, "text/html")] {
        let (source, _) = source(&[(PLACE, answer(status, media_type, &here))]);
        assert!(matches!(ask(&source, &by(Some("two")), PID, NOW), Err(Distrust::Unavailable(_))));
    }
    let (nowhere, http) = source(&[]);
    http.add(Method::GET, PLACE, Err(HttpError::TimedOut));
    assert!(matches!(ask(&nowhere, &by(Some("two")), PID, NOW), Err(Distrust::Unavailable(_))));
    let (source, _) = source(&[(PLACE, answer(200, "application/json", &here))]);
    for kid in [Some("three"), None] {
        assert_eq!(ask(&source, &by(kid), PID, NOW).unwrap_err(), Distrust::Unknown);
    }
}

// Clauses: SDVC-2.5-02, SDVC-6.2-01, SDVC-6.6-06
#[test]
fn nobody_chooses_by_which_way_he_is_verified_or_what_he_may_issue() {
    let here = json!({"issuer": ISSUER, "jwks": keys()});
    let (source, http) = source(&[(PLACE, answer(200, "application/json", &here))]);
    let source = source.trust_with(ISSUER, &["urn:eudi:pid:1"]);
    let chain = [vec![1, 2, 3]];
    let certified = KeyMaterial { x5c: Some(&chain), ..by(Some("two")) };
    let any = AnyOf::new(vec![Arc::new(source.clone())]);
    assert_eq!(ask(&any, &certified, PID, NOW).unwrap_err(), Distrust::Mechanism);
    let other = Purpose::Issuer { credential_type: "urn:other" };
    assert_eq!(ask(&source, &by(Some("two")), other, NOW).unwrap_err(), Distrust::CredentialType);
    let stranger = KeyMaterial { issuer: Some("https://stranger.example"), ..by(Some("two")) };
    assert_eq!(ask(&source, &stranger, PID, NOW).unwrap_err(), Distrust::Unknown);
    assert!(http.requests().is_empty(), "nothing is fetched for those");
}
