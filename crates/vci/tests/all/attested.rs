//! Wallets that are known by an attestation of their provider (catalogue rows A16, A17).

use std::time::Duration;

use credenza_core::SeededRandom;
use credenza_crypto::{Algorithm, SoftwareSigner};
use credenza_vci::issuer::ClientAuthentication;
use http::HeaderMap;
use http::header::CACHE_CONTROL;

use crate::authorizing::*;
use crate::named_checks::assert_named;
use crate::support::*;

fn invalid_client() -> (u16, String) {
    (400, "invalid_client".to_owned())
}

/// Nobody is registered: a wallet is who its provider says it is.
fn attesting() -> (World, Provider) {
    let provider = Provider::new(7);
    let world = world(|settings| {
        settings.clients.clear();
        settings.attestation = Some(provider.settings());
    });
    (world, provider)
}

// Clauses: ABCA-7.5-01, ABCA-9.3-01, ABCA-9.3-02, ABCA-9.3-03, HAIP-4.3-01, HAIP-4.4.1-08
#[test]
fn as_020_as_095_as_096_an_attested_wallet_goes_the_whole_way_and_no_other_instance_goes_on() {
    let (world, provider) = attesting();
    let url = world.agreed(&world.pushed(&provider.headers(&world), &request()));
    let code = parameter(&url, "code").unwrap();
    let redeem = |headers: &HeaderMap| world.token_with(headers, &exchange(&code));
    // Without the attestation, or with one of another instance of the same wallet.
    let other = Provider::new(7).with_instance(key(9));
    assert_eq!(refused(&redeem(&headers(FORM))), (400, "invalid_grant".to_owned()));
    assert_eq!(refused(&redeem(&other.headers(&world))), (400, "invalid_grant".to_owned()));
    let token = body(&redeem(&provider.headers(&world)));
    let refresh = token["refresh_token"].as_str().unwrap_or_else(|| panic!("{token}"));
    let renew = |headers: &HeaderMap| world.token_with(headers, &refreshing(refresh));
    assert_eq!(refused(&renew(&headers(FORM))), (400, "invalid_grant".to_owned()));
    assert_eq!(refused(&renew(&other.headers(&world))), (400, "invalid_grant".to_owned()));
    assert_eq!(renew(&provider.headers(&world)).status(), 200);
}

fn key(seed: u64) -> SoftwareSigner {
    SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(seed)).unwrap()
}

// Clauses: ABCA-7.4-03, ABCA-7.4-04,
// VCI-E-01, ABCA-7.4-05
// Checks: AS-021
#[test]
fn a16_as_026_as_027_as_028_as_030_as_031_as_032_what_is_refused_at_the_par_endpoint() {
    let (world, provider) = attesting();
    let now = world.now();
    let good = provider.attestation(CLIENT, now);
    let pop = || provider.pop(CLIENT, ISSUER, world.now(), None);
    let push = |attestation: &str, pop: &str| refused(&world.push(&attested(attestation, pop), &request()));
    let broken = |token: &str| format!("{}.{}", token.rsplit_once('.').unwrap().0, "A".repeat(86));
    let hour = Duration::from_secs(3600);
    let expired =
        provider.attestation_for(&provider.instance, CLIENT, now - hour, hour - Duration::from_secs(600));
    let stranger = Provider::new(8);
    assert_eq!(push(&good, &pop()), (201, String::new()));
    assert_eq!(push(&broken(&good), &pop()), invalid_client());
    assert_eq!(push(&good, &broken(&pop())), invalid_client());
    assert_eq!(push(&expired, &pop()), (400, "use_fresh_attestation".to_owned()));
    assert_eq!(push(&good, &provider.pop(CLIENT, "https://evil.example", now, None)), invalid_client());
    assert_eq!(push(&good, &provider.pop(CLIENT, &format!("{ISSUER}/par"), now, None)), invalid_client());
    assert_eq!(push(&good, &stranger.pop(CLIENT, ISSUER, now, None)), invalid_client());
    assert_eq!(push(&good, &provider.pop(CLIENT, ISSUER, now - hour, None)), invalid_client());
    // A wallet provider that nobody trusts.
    assert_eq!(
        push(&stranger.attestation(CLIENT, now), &stranger.pop(CLIENT, ISSUER, now, None)),
        invalid_client()
    );
    // The provider's own key is no instance's, and the other way round.
    assert_eq!(push(&pop(), &good), invalid_client());
    // Nothing to prove possession with.
    let alone = with(headers(FORM), "oauth-client-attestation", &good);
    assert_eq!(refused(&world.push(&alone, &request())), invalid_client());
    // No attestation at all: nobody that is known.
    assert_eq!(refused(&world.push(&headers(FORM), &request())), (400, "invalid_request".to_owned()));
}

// Clauses: ABCA-7.5-01
#[test]
fn a17_the_client_is_the_one_that_was_attested() {
    let (world, provider) = attesting();
    let parameters = changed(request(), "client_id", Some("other"));
    let response = world.push(&provider.headers(&world), &parameters);
    assert_eq!(refused(&response), invalid_client());
    assert_named(&response, "client-attestation.client");
}

// Clauses: ABCA-11.1-01
// Checks: AS-021
#[test]
fn a16_a_proof_of_possession_is_good_once() {
    let (world, provider) = attesting();
    let headers = provider.headers(&world);
    assert_eq!(world.push(&headers, &request()).status(), 201);
    let again = world.push(&headers, &request());
    assert_eq!(refused(&again), invalid_client());
    assert_named(&again, "client-attestation.replay");
    // Also when nothing came of it.
    let headers = provider.headers(&world);
    assert_eq!(refused(&world.push(&headers, &changed(request(), "scope", Some("x")))).1, "invalid_scope");
    assert_eq!(refused(&world.push(&headers, &request())), invalid_client());
}

// Clauses: ABCA-6.1-02, ABCA-6.1-04, ABCA-6.1-05, ABCA-6.2-02, ABCA-7.4-01, ABCA-7.4-02
#[test]
fn as_022_as_023_as_024_as_025_challenges_are_asked_for_and_taken_back() {
    let provider = Provider::new(7);
    let world = world(|settings| {
        let mut attestation = provider.settings();
        attestation.policy.challenge_required = true;
        settings.attestation = Some(attestation);
    });
    let now = world.now();
    let push = |challenge: Option<&str>| {
        let pop = provider.pop(CLIENT, ISSUER, now, challenge);
        world.push(&attested(&provider.attestation(CLIENT, now), &pop), &request())
    };
    let response = push(None);
    assert_eq!(refused(&response), (400, "use_attestation_challenge".to_owned()));
    let challenge = response.headers()["oauth-client-attestation-challenge"].to_str().unwrap();
    assert_eq!(push(Some(challenge)).status(), 201);
    assert_eq!(refused(&push(Some("x"))).1, "use_attestation_challenge");
    let endpoint = world.issuer.attestation_challenge().unwrap().into_response();
    assert_eq!(endpoint.headers()[CACHE_CONTROL], "no-store");
    let answer = body(&endpoint);
    assert_eq!(answer.as_object().unwrap().len(), 1);
    assert_eq!(push(answer["attestation_challenge"].as_str()).status(), 201);
    assert!(World::new().issuer.attestation_challenge().is_none());
}

// Clauses: ABCA-5.2-01, ABCA-7-01, ABCA-7.3-01
#[test]
fn a16_a_dpop_proof_with_the_attested_key_is_enough() {
    let (world, provider) = attesting();
    let alone =
        || with(headers(FORM), "oauth-client-attestation", &provider.attestation(CLIENT, world.now()));
    let urls = world.issuer.endpoints();
    let by = |key| world.with_dpop(alone(), key, &urls.pushed_authorization);
    assert_eq!(world.push(&by(&provider.instance), &request()).status(), 201);
    assert_eq!(refused(&world.push(&by(&key(9)), &request())), invalid_client());
}

#[test]
fn a16_a_registered_client_can_be_one_that_must_be_attested() {
    let provider = Provider::new(7);
    let world = world(|settings| {
        settings.clients = vec![client(CLIENT, ClientAuthentication::Attestation)];
        settings.attestation = Some(provider.settings());
    });
    assert_eq!(refused(&world.push(&headers(FORM), &request())), invalid_client());
    assert_eq!(world.push(&provider.headers(&world), &request()).status(), 201);
    // Its redirect URIs are registered, and count.
    let elsewhere = changed(request(), "redirect_uri", Some("https://wallet.example/other"));
    assert_eq!(refused(&world.push(&provider.headers(&world), &elsewhere)).1, "invalid_request");
    // It holds for the pre-authorized code as well.
    let code = world.code(&world.offer());
    let form = [("grant_type", GRANT), ("pre-authorized_code", &*code), ("client_id", CLIENT)];
    assert_eq!(refused(&world.token(&form)), invalid_client());
    assert_eq!(world.token_with(&provider.headers(&world), &form).status(), 200);
}
