//! PKCE and DPoP as the RFCs print them.

use credenza_core::{Report, UnixTime};
use credenza_oauth::dpop::{self, Expected, Policy};
use credenza_oauth::{pkce, token};
use http::HeaderMap;
use serde_json::Value;

fn vectors() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/rfc-examples/oauth.json");
    let json: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    json["vectors"].as_array().unwrap().clone()
}

// Clauses: PKCE-4.2-01, PKCE-4.6-01
#[test]
fn pkce_s256() {
    let vector = vectors().into_iter().find(|vector| vector["name"] == "PKCE S256").unwrap();
    let (verifier, challenge) =
        (vector["code_verifier"].as_str().unwrap(), vector["code_challenge"].as_str().unwrap());
    assert_eq!(pkce::challenge(verifier), challenge);
    assert_eq!(pkce::verify(verifier, challenge), Ok(()));
}

// Clauses: DPOP-4.2-01, DPOP-4.2-04, DPOP-4.2-07, DPOP-4.3-01, DPOP-6.1-01
#[test]
fn printed_proofs() {
    let vector = vectors().into_iter().find(|vector| vector["name"] == "DPoP proofs").unwrap();
    let access_token = vector["ath"]["access_token"].as_str().unwrap();
    assert_eq!(token::ath(access_token), vector["ath"]["ath"].as_str().unwrap());
    for proof in vector["proofs"].as_array().unwrap() {
        let text = |name: &str| proof["payload"][name].as_str().unwrap();
        let jkt = proof["jwk_thumbprint"].as_str().unwrap();
        let policy = Policy::default();
        let expected = Expected {
            method: text("htm"),
            url: text("htu"),
            now: UnixTime::from_secs(proof["payload"]["iat"].as_i64().unwrap()),
            policy: &policy,
            nonces: None,
            access_token: proof["payload"]["ath"].is_string().then_some((access_token, jkt)),
        };
        let mut headers = HeaderMap::new();
        headers.insert("dpop", proof["proof"].as_str().unwrap().parse().unwrap());
        let mut report = Report::new("proof");
        let verified = dpop::verify(&headers, &expected, &mut report).unwrap().unwrap();
        assert_eq!(verified.jkt, jkt);
        assert!(report.ok(), "{report}");
    }
}
