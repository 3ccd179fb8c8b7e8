//! Tokens that are bound to a key: DPoP at the token endpoint and at the credential endpoint.

use std::sync::Arc;
use std::time::Duration;

use credenza_crypto::Signer as _;
use credenza_vci::issuer::{DpopMode, SessionState};
use http::header::CACHE_CONTROL;

use crate::support::*;

fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

// Clauses: DPOP-5-01, DPOP-5-02, DPOP-5-03, DPOP-6-02, DPOP-7-01, DPOP-7.1-01, DPOP-7.2-01,
// DPOP-7.1-02
// Checks: ISS-133
#[test]
fn a19_a20_a22_a_bound_token_needs_a_fresh_proof_of_its_key() {
    let world = World::new();
    let (key, other) = (world.key(), world.key());
    let url = world.issuer.endpoints().token.as_str().to_owned();
    let code = world.code(&world.offer());
    let form = [("grant_type", GRANT), ("pre-authorized_code", code.as_str())];
    let wrong = with(headers(FORM), "dpop", &world.dpop(&key, "https://issuer.example/other", None, None));
    assert_eq!(refused(&world.token_with(&wrong, &form)), (400, "invalid_dpop_proof".to_owned()));
    let proof = world.dpop(&key, &url, None, None);
    let good = with(headers(FORM), "dpop", &proof);
    let response = world.token_with(&good, &form);
    assert_eq!(body(&response)["token_type"], "DPoP");
    let token = body(&response)["access_token"].as_str().unwrap().to_owned();
    // The same proof for another code.
    let another = world.code(&world.offer());
    let replay = world.token_with(&good, &[("grant_type", GRANT), ("pre-authorized_code", &another)]);
    assert_eq!(refused(&replay), (400, "invalid_dpop_proof".to_owned()));

    let url = world.issuer.endpoints().credential.as_str().to_owned();
    let ask = |scheme: &str, proofs: &[&str]| {
        let mut all = with(headers(JSON), "authorization", &format!("{scheme} {token}"));
        for proof in proofs {
            all = with(all, "dpop", proof);
        }
        world.credential_with(&all, world.request().to_string().as_bytes())
    };
    let fresh = || world.dpop(&key, &url, Some(&token), None);
    let challenge = |response: &http::Response<Vec<u8>>| {
        response
            .headers()
            .get_all("www-authenticate")
            .iter()
            .map(|v| v.to_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    // Clauses: DPOP-7.1-06, DPOP-7.1-08
    let bearer = ask("Bearer", &[]);
    assert_eq!(refused(&bearer), (401, "invalid_token".to_owned()));
    assert!(
        challenge(&bearer)[0].starts_with("DPoP error=\"invalid_token\", algs="),
        "{:?}",
        challenge(&bearer)
    );
    assert_eq!(refused(&ask("Bearer", &[&fresh()])), (401, "invalid_token".to_owned()));
    for (bad, why) in [
        (vec![], "no proof"),
        (vec![fresh(), fresh()], "two proofs"),
        (vec![world.dpop(&other, &url, Some(&token), None)], "another key"),
        (vec![world.dpop(&key, &url, None, None)], "no ath"),
        (vec![world.dpop(&key, &url, Some("x"), None)], "another ath"),
        (vec![proof.clone()], "the token endpoint's proof"),
        (vec!["x".to_owned()], "no JWT"),
    ] {
        let bad: Vec<&str> = bad.iter().map(String::as_str).collect();
        let response = ask("DPoP", &bad);
        assert_eq!(refused(&response), (401, "invalid_dpop_proof".to_owned()), "{why}");
        assert!(challenge(&response)[0].contains("error=\"invalid_dpop_proof\""), "{why}");
    }
    let once = fresh();
    assert_eq!(ask("dpop", &[&once]).status(), 200);
    assert_eq!(refused(&ask("DPoP", &[&once])), (401, "invalid_dpop_proof".to_owned()));
    assert_eq!(ask("DPoP", &[&fresh()]).status(), 200);
}

#[test]
fn a20_a_proof_of_a_refused_request_is_spent_too() {
    let world = World::new();
    let key = world.key();
    let url = world.issuer.endpoints().token.as_str().to_owned();
    let proof = with(headers(FORM), "dpop", &world.dpop(&key, &url, None, None));
    assert_eq!(
        refused(&world.token_with(&proof, &[("grant_type", GRANT), ("pre-authorized_code", "x")])),
        invalid_grant()
    );
    let code = world.code(&world.offer());
    let again = world.token_with(&proof, &[("grant_type", GRANT), ("pre-authorized_code", &code)]);
    assert_eq!(refused(&again), (400, "invalid_dpop_proof".to_owned()));
}

// Clauses: DPOP-7.2-01
#[test]
fn a22_a_bearer_token_is_no_dpop_token_and_required_means_required() {
    let world = World::new();
    let token = world.redeem(&world.offer());
    let key = world.key();
    let url = world.issuer.endpoints().credential.as_str().to_owned();
    let headers_ = with(headers(JSON), "authorization", &format!("DPoP {token}"));
    let headers_ = with(headers_, "dpop", &world.dpop(&key, &url, Some(&token), None));
    let response = world.credential_with(&headers_, world.request().to_string().as_bytes());
    assert_eq!(refused(&response), (401, "invalid_token".to_owned()));

    let world = World::with(|builder| builder.dpop(DpopMode { required: true, nonce: false }));
    let offer = world.offer();
    let code = world.code(&offer);
    let response = world.token(&[("grant_type", GRANT), ("pre-authorized_code", &code)]);
    assert_eq!(refused(&response), (400, "invalid_dpop_proof".to_owned()));
    assert_eq!(world.state(&offer.id), SessionState::Retrieved);
}

// Clauses: DPOP-8-02, DPOP-8-03, DPOP-8-04, DPOP-8-05, DPOP-11.3-01
// Checks: ISS-051
#[test]
fn a21_nonces_are_demanded_given_and_not_mixed_up() {
    let world = World::with(|builder| builder.dpop(DpopMode { required: false, nonce: true }));
    let key = Arc::new(world.key());
    let code = world.code(&world.offer());
    let url = world.issuer.endpoints().token.as_str().to_owned();
    let form = [("grant_type", GRANT), ("pre-authorized_code", code.as_str())];
    let send = |nonce: Option<&str>| {
        world.token_with(&with(headers(FORM), "dpop", &world.dpop(&*key, &url, None, nonce)), &form)
    };
    let nonce_of = |response: &http::Response<Vec<u8>>| {
        let mut values = response.headers().get_all("dpop-nonce").iter();
        let nonce = values.next().unwrap().to_str().unwrap().to_owned();
        assert!(values.next().is_none());
        nonce
    };
    let asked = send(None);
    assert_eq!(refused(&asked), (400, "use_dpop_nonce".to_owned()));
    assert_eq!(asked.headers()[CACHE_CONTROL], "no-store");
    let nonce = nonce_of(&asked);
    let resource = world.issuer.nonce().dpop_nonce.unwrap();
    for bad in ["x", resource.as_str(), &world.nonce()] {
        assert_eq!(refused(&send(Some(bad))), (400, "use_dpop_nonce".to_owned()), "{bad}");
    }
    let granted = send(Some(&nonce));
    assert_eq!(granted.status(), 200, "{:?}", body(&granted));
    nonce_of(&granted);
    let token = body(&granted)["access_token"].as_str().unwrap().to_owned();

    let url = world.issuer.endpoints().credential.as_str().to_owned();
    let ask = |nonce: Option<&str>| {
        let headers = with(headers(JSON), "authorization", &format!("DPoP {token}"));
        let headers = with(headers, "dpop", &world.dpop(&*key, &url, Some(&token), nonce));
        world.credential_with(&headers, world.request().to_string().as_bytes())
    };
    let asked = ask(Some(&nonce));
    assert_eq!(refused(&asked), (401, "use_dpop_nonce".to_owned()));
    let challenge = asked.headers()["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains("error=\"use_dpop_nonce\""), "{challenge}");
    assert_eq!(ask(Some(&nonce_of(&asked))).status(), 200);
    let old = nonce_of(&asked);
    world.clock.advance(Duration::from_secs(300));
    assert_eq!(refused(&ask(Some(&old))), (401, "use_dpop_nonce".to_owned()));
    assert_eq!(key.public_jwk().thumbprint_text().len(), 43);
}
