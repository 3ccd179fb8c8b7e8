//! Pushed authorization requests.

use std::time::Duration;

use credenza_crypto::Signer as _;
use credenza_vci::issuer::ClientAuthentication;
use http::header::CACHE_CONTROL;
use serde_json::Value;

use crate::authorizing::*;
use crate::named_checks::assert_named;
use crate::support::*;

fn invalid_request() -> (u16, String) {
    (400, "invalid_request".to_owned())
}

// Clauses: PAR-2.2-01, PAR-2.2-02, PAR-7.1-01, JAR-5.2-04
#[test]
fn as_033_as_034_as_035_as_052_a_pushed_request_is_two_parameters() {
    let world = world(|settings| settings.require_par = true);
    let response = world.push(&headers(FORM), &request());
    assert_eq!(
        (response.status().as_u16(), &response.headers()[CACHE_CONTROL]),
        (201, &"no-store".parse().unwrap())
    );
    let answer = body(&response);
    assert_eq!(answer["expires_in"], 90);
    let uri = answer["request_uri"].as_str().unwrap();
    assert!(uri.starts_with("urn:ietf:params:oauth:request_uri:") && uri.len() > 34 + 43, "{uri}");
    let url = world.agreed(&world.pushed(&headers(FORM), &request()));
    assert_eq!(world.exchange(&parameter(&url, "code").unwrap()).status(), 200);
}

#[test]
fn a09_as_053_requests_must_be_pushed_where_the_issuer_says_so() {
    let world = world(|settings| settings.require_par = true);
    assert_eq!(world.authorize_error(&encoded(&request())), redirected("invalid_request"));
    let metadata: Value = serde_json::from_slice(&world.issuer.authorization_server_metadata()).unwrap();
    assert_eq!(metadata["require_pushed_authorization_requests"], true);
}

// Clauses: PAR-2.1-01
#[test]
fn a09_as_041_no_request_uri_is_pushed() {
    let world = world(|_| {});
    let uri = body(&world.push(&headers(FORM), &request()))["request_uri"].as_str().unwrap().to_owned();
    for uri in [&*uri, "https://evil.example/request", ""] {
        let pushed = changed(request(), "request_uri", Some(uri));
        assert_eq!(refused(&world.push(&headers(FORM), &pushed)), invalid_request(), "{uri}");
    }
}

// Clauses: PAR-2.2-04, PAR-4-02, PAR-4-03, PAR-7.3-01, JAR-10.2-03, JAR-10.2-05
#[test]
fn a08_as_054_as_055_as_056_as_057_a_request_uri_is_its_clients_young_and_good_once() {
    let world = world(|_| {});
    let query = world.pushed(&headers(FORM), &request());
    // Loading the page again is no second use.
    let one = wait(world.issuer.authorize(&query)).unwrap();
    let two = wait(world.issuer.authorize(&query)).unwrap();
    assert_eq!(world.authorize_error(&query.replace("client_id=wallet", "client_id=other")), Refusal::Shown);
    assert!(wait(world.issuer.approve(&one.handle, approval())).is_ok());
    assert!(wait(world.issuer.approve(&two.handle, approval())).is_err());
    assert_eq!(world.authorize_error(&query), Refusal::Shown);

    let query = world.pushed(&headers(FORM), &request());
    world.clock.advance(Duration::from_secs(90));
    assert_eq!(world.authorize_error(&query), Refusal::Shown);
    for guessed in [
        "urn:ietf:params:oauth:request_uri:x",
        "urn:x",
        &format!("urn:ietf:params:oauth:request_uri:{}", world.nonce()),
    ] {
        let query = credenza_oauth::form::encode(&[("client_id", CLIENT), ("request_uri", guessed)]);
        assert_eq!(world.authorize_error(&query), Refusal::Shown, "{guessed}");
    }
}

#[test]
fn a09_as_060_as_061_what_was_pushed_counts_and_nothing_else() {
    let world = world(|_| {});
    let query = world.pushed(&headers(FORM), &changed(request(), "state", None));
    let more = format!("{query}&state=front&scope=diploma&redirect_uri=https%3A%2F%2Fevil.example%2F");
    let interaction = wait(world.issuer.authorize(&more)).unwrap();
    assert_eq!(interaction.configurations, ["pid"]);
    let url = wait(world.issuer.approve(&interaction.handle, approval())).unwrap();
    assert!(url.starts_with(CALLBACK) && parameter(&url, "state").is_none(), "{url}");
    let query = world.pushed(&headers(FORM), &request());
    let url = world.agreed(&format!("{query}&state=front"));
    assert_eq!(parameter(&url, "state").as_deref(), Some("the state"));
}

// Clauses: PAR-2.1-02, PAR-4-04
#[test]
fn a06_a27_a33_a34_as_043_as_047_a_pushed_request_is_checked_at_once() {
    let world = world(|_| {});
    for (name, value, error) in [
        ("code_challenge", None, "invalid_request"),
        ("code_challenge_method", Some("plain"), "invalid_request"),
        ("response_type", Some("token"), "unsupported_response_type"),
        ("redirect_uri", Some("https://evil.example/"), "invalid_request"),
        ("client_id", None, "invalid_request"),
        ("client_id", Some("stranger"), "invalid_request"),
        ("scope", Some("unknown"), "invalid_scope"),
        ("authorization_details", Some("[]"), "invalid_authorization_details"),
        ("issuer_state", Some("x"), "invalid_request"),
        ("client_secret", Some("x"), "invalid_client"),
    ] {
        let response = world.push(&headers(FORM), &changed(request(), name, value));
        assert_eq!(refused(&response), (400, error.to_owned()), "{name} {value:?}");
    }
    let mut twice = request();
    twice.push(("scope".to_owned(), "pid".to_owned()));
    assert_eq!(refused(&world.push(&headers(FORM), &twice)), invalid_request());
    assert_eq!(refused(&world.push(&headers(JSON), &request())), invalid_request());
    assert_eq!(World::new().push(&headers(FORM), &request()).status(), 404);
}

// Clauses: DPOP-10-01, DPOP-10.1-01, DPOP-10.1-02, DPOP-10.1-03, DPOP-10.1-04, DPOP-10.1-05
#[test]
fn a07_as_038_as_039_as_040_as_083_as_084_a_code_is_bound_to_the_dpop_key() {
    let world = world(|_| {});
    let (own, other) = (world.key(), world.key());
    let urls = world.issuer.endpoints();
    let jkt = own.public_jwk().thumbprint_text();
    let at_par = |key| world.with_dpop(headers(FORM), key, &urls.pushed_authorization);
    let at_token = |key| world.with_dpop(headers(FORM), key, &urls.token);
    let named = changed(request(), "dpop_jkt", Some(&jkt));
    assert_eq!(refused(&world.push(&at_par(&other), &named)), invalid_request());
    for (headers, parameters) in
        [(at_par(&own), request()), (headers(FORM), named.clone()), (at_par(&own), named)]
    {
        let url = world.agreed(&world.pushed(&headers, &parameters));
        let code = parameter(&url, "code").unwrap();
        let redeem = |headers| world.token_with(&headers, &exchange(&code));
        let wrong = (400, "invalid_dpop_proof".to_owned());
        assert_eq!(refused(&redeem(crate::support::headers(FORM))), wrong);
        assert_eq!(refused(&redeem(at_token(&other))), wrong);
        let token = redeem(at_token(&own));
        assert_eq!((token.status().as_u16(), &body(&token)["token_type"]), (200, &"DPoP".into()));
    }
    // Made for another endpoint.
    let astray = world.with_dpop(headers(FORM), &own, &urls.token);
    assert_eq!(refused(&world.push(&astray, &request())), (400, "invalid_dpop_proof".to_owned()));
}

#[test]
fn a20_a21_as_037_proofs_at_the_par_endpoint_are_used_once_and_carry_our_nonce() {
    let world = world(|_| {});
    let key = world.key();
    let url = world.issuer.endpoints().pushed_authorization.clone();
    let proof = world.with_dpop(headers(FORM), &key, &url);
    assert_eq!(world.push(&proof, &request()).status(), 201);
    assert_eq!(refused(&world.push(&proof, &request())), (400, "invalid_dpop_proof".to_owned()));
    // A request that is wrong uses its proof up, too.
    let proof = world.with_dpop(headers(FORM), &key, &url);
    assert_eq!(refused(&world.push(&proof, &changed(request(), "scope", Some("x")))).1, "invalid_scope");
    assert_eq!(refused(&world.push(&proof, &request())), (400, "invalid_dpop_proof".to_owned()));

    let mode = credenza_vci::issuer::DpopMode { required: false, nonce: true };
    let world = world_with(|_| {}, |builder| builder.dpop(mode));
    let proof = world.with_dpop(headers(FORM), &key, &url);
    let response = world.push(&proof, &request());
    assert_eq!(refused(&response), (400, "use_dpop_nonce".to_owned()));
    let nonce = response.headers()["dpop-nonce"].to_str().unwrap().to_owned();
    let again = with(headers(FORM), "dpop", &world.dpop(&key, url.as_str(), None, Some(&nonce)));
    let response = world.push(&again, &request());
    assert_eq!(response.status(), 201);
    assert!(response.headers().contains_key("dpop-nonce"));
}

#[test]
fn a15_a17_a_client_with_keys_proves_them() {
    let world_key = credenza_crypto::SoftwareSigner::generate(
        credenza_crypto::Algorithm::Es256,
        &credenza_core::SeededRandom::new(3),
    )
    .unwrap();
    let world = world(|settings| {
        settings.clients.push(client("signing", ClientAuthentication::PrivateKeyJwt(keys(&world_key))));
    });
    let own = changed(request(), "client_id", Some("signing"));
    let invalid_client = (400, "invalid_client".to_owned());
    assert_eq!(refused(&world.push(&headers(FORM), &own)), invalid_client);
    let asserted = |client_id: &str, assertion: &str| {
        let parameters = changed(own.clone(), "client_id", Some(client_id));
        let parameters = changed(parameters, "client_assertion", Some(assertion));
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        changed(parameters, "client_assertion_type", Some(kind))
    };
    let good = assertion(&world, &world_key, "signing");
    assert_eq!(world.push(&headers(FORM), &asserted("signing", &good)).status(), 201);
    // Once.
    let again = world.push(&headers(FORM), &asserted("signing", &good));
    assert_eq!(refused(&again), invalid_client);
    assert_named(&again, "client-assertion.replay");
    let fresh = || assertion(&world, &world_key, "signing");
    assert_eq!(refused(&world.push(&headers(FORM), &asserted(CLIENT, &fresh()))), invalid_client);
    let by_other = assertion(&world, &world.key(), "signing");
    assert_eq!(refused(&world.push(&headers(FORM), &asserted("signing", &by_other))), invalid_client);
    let about_other = assertion(&world, &world_key, CLIENT);
    assert_eq!(refused(&world.push(&headers(FORM), &asserted(CLIENT, &about_other))), invalid_client);
    let untyped = changed(asserted("signing", &fresh()), "client_assertion_type", Some("x"));
    assert_eq!(refused(&world.push(&headers(FORM), &untyped)), invalid_client);
    // At the token endpoint, too.
    let url = world.agreed(&world.pushed(&headers(FORM), &asserted("signing", &fresh())));
    let code = parameter(&url, "code").unwrap();
    let mut form: Vec<(&str, &str)> = exchange(&code).to_vec();
    form.retain(|(name, _)| *name != "client_id");
    form.push(("client_id", "signing"));
    assert_eq!(refused(&world.token(&form)), invalid_client);
    let proven = fresh();
    form.push(("client_assertion", &proven));
    form.push(("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
    assert_eq!(world.token(&form).status(), 200);
}
