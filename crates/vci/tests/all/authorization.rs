//! The authorization code flow, from the browser's request to the credential, and every way in which it can be wrong.

use std::time::Duration;

use credenza_vci::issuer::{
    Approval, AuthorizeError, ClientAuthentication, OfferError, OfferGrants, OfferRequest, SessionState,
};
use serde_json::{Value, json};

use crate::authorizing::*;
use crate::support::*;

fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

// Clauses: VCI-5.1.2-04, VCI-5.2-01, ISS-2.3-02, PKCE-4.6-01,
// ISS-2-01, ISS-2-02, HAIP-4.3-03
// Checks: AS-062
#[test]
fn wallet_initiated_by_scope() {
    let world = world(|_| {});
    let interaction = wait(world.issuer.authorize(&encoded(&request()))).unwrap();
    assert_eq!(interaction.client_name.as_deref(), Some("The wallet"));
    assert_eq!(interaction.configurations, ["pid"]);
    assert!(interaction.session.is_none() && !interaction.authenticated);
    let url = wait(world.issuer.approve(&interaction.handle, approval())).unwrap();
    assert!(url.starts_with(&format!("{CALLBACK}&code=")), "{url}");
    assert_eq!(parameter(&url, "state").as_deref(), Some("the state"));
    assert_eq!(parameter(&url, "iss").as_deref(), Some(ISSUER));
    let response = world.exchange(&parameter(&url, "code").unwrap());
    assert_eq!(response.status(), 200, "{}", body(&response));
    let token = body(&response);
    // By scope, no identifiers: the configuration is named (§8.2).
    assert!(token.get("authorization_details").is_none());
    let credential = world.credential(token["access_token"].as_str().unwrap(), &world.request());
    assert_eq!(credential.status(), 200, "{}", body(&credential));
}

// Clauses: VCI-5.1.1-02, VCI-5.1.1-05, VCI-5.1.2-08, VCI-5.1.2-09, VCI-6.2-02, VCI-6.2-04,
// VCI-5.1.2-05
#[test]
fn as_072_wallet_initiated_by_authorization_details() {
    let world = world(|_| {});
    let details =
        json!([{ "type": "openid_credential", "credential_configuration_id": "pid", "locations": [ISSUER] }]);
    let both = changed(request(), "authorization_details", Some(&details.to_string()));
    let code = world.code_for(&changed(both, "scope", Some("pid diploma unknown")));
    let token = body(&world.exchange(&code));
    let granted: Vec<(&str, &str)> = token["authorization_details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let id = it["credential_configuration_id"].as_str().unwrap();
            (id, it["credential_identifiers"][0].as_str().unwrap())
        })
        .collect();
    assert_eq!(granted, [("pid", "pid#1"), ("diploma", "diploma#1")]);
    let proof = world.proof(&world.key(), &world.nonce());
    let request = json!({ "credential_identifier": "pid#1", "proofs": { "jwt": [proof] } });
    let credential = world.credential(token["access_token"].as_str().unwrap(), &request);
    assert_eq!(credential.status(), 200, "{}", body(&credential));
}

// Clauses: VCI-4.1.1-08, VCI-5.1.3-01
#[test]
fn iss_045_an_offer_leads_to_the_browser_and_back() {
    let world = world(|_| {});
    let (id, state) = world.browser_offer();
    let parameters = changed(request(), "issuer_state", Some(&state));
    let interaction = wait(world.issuer.authorize(&encoded(&parameters))).unwrap();
    assert_eq!(interaction.session.as_deref(), Some(id.as_str()));
    let url = wait(world.issuer.approve(&interaction.handle, approval())).unwrap();
    assert_eq!(world.state(&id), SessionState::Approved);
    let token = body(&world.exchange(&parameter(&url, "code").unwrap()));
    assert_eq!(world.state(&id), SessionState::Authorized);
    let credential = world.credential(token["access_token"].as_str().unwrap(), &world.request());
    assert_eq!(credential.status(), 200, "{}", body(&credential));
    let kinds: Vec<String> = world.view(&id).events.into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, ["offer.created", "offer.approved", "offer.authorized", "credential.issued"]);
    // It was taken up, and can't be again.
    assert_eq!(world.authorize_error(&encoded(&parameters)), redirected("invalid_request"));
}

// Clauses: VCI-5.1.3-02
#[test]
fn a28_an_issuer_state_is_ours_open_and_for_a_browser() {
    let world = world(|_| {});
    let with_state = |state: &str| encoded(&changed(request(), "issuer_state", Some(state)));
    for bad in ["x", &world.nonce(), &world.code(&world.offer())] {
        assert_eq!(world.authorize_error(&with_state(bad)), redirected("invalid_request"), "{bad}");
    }
    let (id, state) = world.browser_offer();
    wait(world.issuer.cancel(&id)).unwrap();
    assert_eq!(world.authorize_error(&with_state(&state)), redirected("invalid_request"));
    let (_, state) = world.browser_offer();
    world.clock.advance(Duration::from_secs(600));
    assert_eq!(world.authorize_error(&with_state(&state)), redirected("invalid_request"));
    // Two wallets on one offer: the second comes too late, whoever it belongs to.
    let (_, state) = world.browser_offer();
    let one = wait(world.issuer.authorize(&with_state(&state))).unwrap();
    let two = wait(world.issuer.authorize(&with_state(&state))).unwrap();
    assert!(parameter(&wait(world.issuer.approve(&one.handle, approval())).unwrap(), "code").is_some());
    let late = wait(world.issuer.approve(&two.handle, approval())).unwrap();
    assert_eq!(parameter(&late, "error").as_deref(), Some("access_denied"));
}

#[test]
fn a28_c24_an_offer_can_be_for_one_person() {
    let world = world(|_| {});
    let offer = OfferRequest::of("pid", erika()).with_grants(OfferGrants::AuthorizationCode);
    let state = world.issuer_state(OfferRequest { subject: Some("max".to_owned()), ..offer });
    let query = encoded(&changed(request(), "issuer_state", Some(&state)));
    let interaction = wait(world.issuer.authorize(&query)).unwrap();
    let by_another = wait(world.issuer.approve(&interaction.handle, approval()));
    assert!(matches!(by_another, Err(AuthorizeError::Shown(_))));
    // Nothing is lost: the right person can sign in.
    let url = wait(world.issuer.approve(&interaction.handle, Approval::by("max"))).unwrap();
    assert!(parameter(&url, "code").is_some());
}

#[test]
fn an_offer_whose_code_nobody_fetched_can_be_taken_up_again() {
    let world = world(|_| {});
    let (id, state) = world.browser_offer();
    let parameters = changed(request(), "issuer_state", Some(&state));
    let stale = world.code_for(&parameters);
    world.clock.advance(Duration::from_secs(61));
    assert_eq!(world.state(&id), SessionState::Retrieved);
    let code = world.code_for(&parameters);
    assert_eq!(refused(&world.exchange(&stale)), invalid_grant());
    assert_eq!(world.exchange(&code).status(), 200);
    // The code of an earlier approval is no second use of this one.
    assert_eq!(refused(&world.exchange(&stale)), invalid_grant());
    assert_eq!(world.state(&id), SessionState::Authorized);
}

// Clauses: VCI-5.3-01
#[test]
fn as_063_who_does_not_agree_gets_access_denied() {
    let world = world(|_| {});
    let (id, state) = world.browser_offer();
    let query = encoded(&changed(request(), "issuer_state", Some(&state)));
    let interaction = wait(world.issuer.authorize(&query)).unwrap();
    let url = wait(world.issuer.deny(&interaction.handle)).unwrap();
    let parameters: Vec<String> =
        url::Url::parse(&url).unwrap().query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(parameters, ["x", "error", "state", "iss"]);
    assert_eq!(parameter(&url, "error").as_deref(), Some("access_denied"));
    assert!(world.view(&id).events.iter().any(|event| event.kind == "offer.denied"));
    // The decision is made; the offer is still there.
    assert!(matches!(
        wait(world.issuer.approve(&interaction.handle, approval())),
        Err(AuthorizeError::Shown(_))
    ));
    assert!(wait(world.issuer.authorize(&query)).is_ok());
}

// Clauses: OABCP-5.1-01, OABCP-7.1.3-01, OABCP-7.11.2-01
#[test]
fn a10_as_048_as_049_nobody_is_led_to_an_address_that_is_not_the_clients() {
    let world = world(|_| {});
    for bad in [
        "https://wallet.example/cb",
        "https://wallet.example/cb?x=1&y=2",
        "https://wallet.example/cb/../cb?x=1",
        "https://wallet.example.evil.example/cb?x=1",
        "https://wallet.example:443/cb?x=1",
        "http://wallet.example/cb?x=1",
        "https://user@wallet.example/cb?x=1",
        "https://wallet.example/cb?x=1#y",
        "javascript:alert(1)//cb?x=1",
    ] {
        let query = encoded(&changed(request(), "redirect_uri", Some(bad)));
        assert_eq!(world.authorize_error(&query), Refusal::Shown, "{bad}");
    }
    // The only one that is registered is meant when none is named; then the token request names none either.
    let code = world.code_for(&changed(request(), "redirect_uri", None));
    assert_eq!(refused(&world.exchange(&code)), invalid_grant());
    let without: Vec<_> = exchange(&code).into_iter().filter(|(name, _)| *name != "redirect_uri").collect();
    assert_eq!(world.token(&without).status(), 200);
}

// Clauses: OABCP-5.1-02, OABCP-7.11.2-02, OABCP-7.11.2-03, OABCP-7.11.2-04
#[test]
fn a10_strangers_are_known_by_nothing_and_redirected_only_after_somebody_agreed() {
    let closed = world(|_| {});
    let unknown = changed(request(), "client_id", Some("stranger"));
    assert_eq!(closed.authorize_error(&encoded(&unknown)), Refusal::Shown);
    assert_eq!(closed.authorize_error(&encoded(&changed(request(), "client_id", None))), Refusal::Shown);

    let open = world(|settings| settings.public_clients = true);
    let wrong = changed(unknown.clone(), "scope", Some("nothing"));
    assert_eq!(open.authorize_error(&encoded(&wrong)), Refusal::Shown);
    let nowhere = changed(unknown.clone(), "redirect_uri", Some("http://evil.example/"));
    assert_eq!(open.authorize_error(&encoded(&nowhere)), Refusal::Shown);
    let app = changed(unknown, "redirect_uri", Some("eudi-openid4ci://authorize"));
    let url = open.agreed(&encoded(&app));
    assert!(url.starts_with("eudi-openid4ci://authorize?code="), "{url}");
}

// Clauses: PKCE-4.4.1-01, OABCP-7.8.2-01, OABCP-7.8.2-03, VCI-5.1.1-04, VCI-5.1.2-06,
// ISS-2-01, VCI-5.1.1-03
// Checks: AS-066
#[test]
fn a06_a27_as_043_what_a_registered_client_is_told() {
    let world = world(|_| {});
    let detail = |json: Value| json!([json]).to_string();
    let of = |id: &str| json!({ "type": "openid_credential", "credential_configuration_id": id });
    let elsewhere = detail(
        json!({ "type": "openid_credential", "credential_configuration_id": "pid", "locations": ["https://x.example"] }),
    );
    let (unknown, other_type) = (detail(of("unknown")), detail(json!({ "type": "payment" })));
    let untyped = detail(json!({ "credential_configuration_id": "pid" }));
    for (name, value, error) in [
        ("code_challenge", None, "invalid_request"),
        ("code_challenge_method", Some("plain"), "invalid_request"),
        ("code_challenge_method", None, "invalid_request"),
        ("response_type", Some("token"), "unsupported_response_type"),
        ("response_type", Some("code id_token"), "unsupported_response_type"),
        ("response_type", None, "invalid_request"),
        ("scope", Some("unknown"), "invalid_scope"),
        ("scope", None, "invalid_scope"),
        ("request", Some("a.b.c"), "request_not_supported"),
        ("resource", Some("https://x.example"), "invalid_request"),
        ("authorization_details", Some(&*elsewhere), "invalid_authorization_details"),
        ("authorization_details", Some(&*unknown), "invalid_authorization_details"),
        ("authorization_details", Some(&*other_type), "invalid_authorization_details"),
        ("authorization_details", Some(&*untyped), "invalid_authorization_details"),
        ("authorization_details", Some("["), "invalid_authorization_details"),
    ] {
        let query = encoded(&changed(request(), name, value));
        assert_eq!(world.authorize_error(&query), redirected(error), "{name} {value:?}");
    }
    // More than was offered.
    let (_, state) = world.browser_offer();
    let offered = changed(request(), "issuer_state", Some(&state));
    let wider = encoded(&changed(offered.clone(), "scope", Some("pid diploma")));
    assert_eq!(world.authorize_error(&wider), redirected("invalid_scope"));
    let wider = changed(offered, "authorization_details", Some(&detail(of("diploma"))));
    assert_eq!(world.authorize_error(&encoded(&wider)), redirected("invalid_authorization_details"));
    // Twice the same parameter is nobody's request.
    let twice = format!("{}&scope=pid", encoded(&request()));
    assert_eq!(world.authorize_error(&twice), Refusal::Shown);
}

// Clauses: PKCE-4.4-01, PKCE-4.5-02, PKCE-4.6-02, OABCP-5.1.1-08, OABCP-5.1.1-09, OABCP-7.8.2-02
#[test]
fn a06_as_090_as_091_the_verifier_is_asked_for() {
    let world = world(|_| {});
    let code = world.code_for(&request());
    let without: Vec<_> = exchange(&code).into_iter().filter(|(name, _)| *name != "code_verifier").collect();
    assert_eq!(refused(&world.token(&without)), invalid_grant());
    for bad in [&*"x".repeat(43), "short", &challenge()] {
        let mut wrong = without.clone();
        wrong.push(("code_verifier", bad));
        assert_eq!(refused(&world.token(&wrong)), invalid_grant(), "{bad}");
    }
    // A thief without the verifier can't spoil the code for its owner.
    assert_eq!(world.exchange(&code).status(), 200);
}

// Clauses: OABCP-7.2.4-02, OABCP-7.2.4-03
#[test]
fn a01_as_085_as_086_a_code_that_is_used_twice_ends_the_grant() {
    let world = world(|_| {});
    let (id, state) = world.browser_offer();
    let code = world.code_for(&changed(request(), "issuer_state", Some(&state)));
    let token = body(&world.exchange(&code));
    let access_token = token["access_token"].as_str().unwrap();
    world.clock.advance(Duration::from_secs(120));
    assert_eq!(refused(&world.exchange(&code)), invalid_grant());
    assert_eq!(world.state(&id), SessionState::Failed);
    assert_eq!(world.credential(access_token, &world.request()).status(), 401);
    assert_eq!(refused(&world.refresh(token["refresh_token"].as_str().unwrap())), invalid_grant());
    let last = world.view(&id).events.into_iter().find(|event| event.kind == "grant.revoked").unwrap();
    assert_eq!(last.reason.as_deref(), Some("an authorization code was used twice"));
}

// Clauses: HAIP-4-04
#[test]
fn as_087_a_code_lives_for_a_minute() {
    let world = world(|_| {});
    let code = world.code_for(&request());
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(refused(&world.exchange(&code)), invalid_grant());
    let code = world.code_for(&request());
    world.clock.advance(Duration::from_secs(59));
    assert_eq!(world.exchange(&code).status(), 200);
}

#[test]
fn a07_as_088_as_089_a_code_is_its_clients() {
    let world = world(|_| {});
    let code = world.code_for(&request());
    let with = |name: &'static str, value: Option<&'static str>| {
        let mut parameters: Vec<_> =
            exchange(&code).into_iter().filter(|(known, _)| *known != name).collect();
        parameters.extend(value.map(|value| (name, value)));
        refused(&world.token(&parameters))
    };
    assert_eq!(with("client_id", Some("other")), invalid_grant());
    assert_eq!(with("client_id", None), (400, "invalid_client".to_owned()));
    assert_eq!(with("redirect_uri", Some("https://wallet.example/cb")), invalid_grant());
    assert_eq!(with("redirect_uri", None), invalid_grant());
    assert_eq!(with("tx_code", Some("1")), (400, "invalid_request".to_owned()));
    assert_eq!(with("code", Some("x")), invalid_grant());
    assert_eq!(with("code", None), (400, "invalid_request".to_owned()));
    assert_eq!(world.exchange(&code).status(), 200);
}

#[test]
fn a25_codes_states_and_tokens_are_not_taken_for_each_other() {
    let world = world(|_| {});
    let (_, state) = world.browser_offer();
    let interaction = wait(world.issuer.authorize(&encoded(&request()))).unwrap();
    let code = world.code_for(&request());
    for other in [&state, &interaction.handle, &world.code(&world.offer()), &world.nonce()] {
        assert_eq!(refused(&world.exchange(other)), invalid_grant());
        assert_eq!(refused(&world.refresh(other)), invalid_grant());
        assert!(wait(world.issuer.interaction(other)).is_err() || *other == interaction.handle);
    }
    assert_eq!(world.credential(&code, &world.request()).status(), 401);
    assert_eq!(
        refused(&world.token(&[("grant_type", GRANT), ("pre-authorized_code", &code)])),
        invalid_grant()
    );
}

// Clauses: VCI-6.1.1-02
#[test]
fn a27_a_token_can_be_for_less_and_not_for_more() {
    let world = world(|_| {});
    let detail =
        |id: &str| json!([{ "type": "openid_credential", "credential_configuration_id": id }]).to_string();
    let code = world.code_for(&request());
    let (more, less) = (detail("diploma"), detail("pid"));
    let mut wider = exchange(&code).to_vec();
    wider.push(("authorization_details", &more));
    assert_eq!(refused(&world.token(&wider)), (400, "invalid_authorization_details".to_owned()));
    let code = world.code_for(&changed(request(), "scope", Some("pid diploma")));
    let mut narrower = exchange(&code).to_vec();
    narrower.push(("authorization_details", &less));
    let token = body(&world.token(&narrower));
    assert_eq!(token["authorization_details"].as_array().unwrap().len(), 1);
}

#[test]
fn as_058_as_059_a12_state_comes_back_as_it_was_or_not_at_all() {
    let world = world(|_| {});
    let url = world.agreed(&encoded(&changed(request(), "state", None)));
    assert_eq!(parameter(&url, "state"), None);
    for state in ["<script>\r\nLocation: x", "ä&code=y#", &"x".repeat(2048)] {
        let url = world.agreed(&encoded(&changed(request(), "state", Some(state))));
        assert_eq!(parameter(&url, "state").as_deref(), Some(state));
        assert!(url.bytes().all(|byte| byte.is_ascii_graphic()));
    }
    let long = encoded(&changed(request(), "state", Some(&"x".repeat(2049))));
    assert_eq!(world.authorize_error(&long), redirected("invalid_request"));
}

#[test]
fn an_interaction_ends_when_nobody_decides() {
    let world = world(|_| {});
    let interaction = wait(world.issuer.authorize(&encoded(&request()))).unwrap();
    assert_eq!(wait(world.issuer.interaction(&interaction.handle)).unwrap().client_id, CLIENT);
    world.clock.advance(Duration::from_secs(15 * 60));
    for result in [
        wait(world.issuer.approve(&interaction.handle, approval())),
        wait(world.issuer.deny(&interaction.handle)),
        wait(world.issuer.interaction(&interaction.handle)).map(|_| String::new()),
    ] {
        assert!(matches!(result, Err(AuthorizeError::Shown(_))));
    }
}

// Clauses: VCI-4.1.1-07
#[test]
fn offers_say_by_which_grants_they_can_be_taken_up() {
    let both = OfferRequest::of("pid", erika()).with_grants(OfferGrants::Both);
    assert!(matches!(wait(World::new().issuer.create_offer(both.clone())), Err(OfferError::NoAuthorization)));
    let world = world(|_| {});
    let offer = world.create(both);
    let handle = offer.offer_uri.as_ref().unwrap().path().rsplit('/').next().unwrap();
    let object = wait(world.issuer.offer_object(handle)).unwrap().body.unwrap();
    let state = object.grants.authorization_code.unwrap().issuer_state.unwrap();
    let code = object.grants.pre_authorized_code.unwrap().pre_authorized_code;
    // One of the two, once.
    let interaction =
        wait(world.issuer.authorize(&encoded(&changed(request(), "issuer_state", Some(&state))))).unwrap();
    assert_eq!(world.token(&[("grant_type", GRANT), ("pre-authorized_code", &code)]).status(), 200);
    let late = wait(world.issuer.approve(&interaction.handle, approval())).unwrap();
    assert_eq!(parameter(&late, "error").as_deref(), Some("access_denied"));
    let locked = OfferRequest::of("pid", erika()).with_tx_code(4).with_grants(OfferGrants::AuthorizationCode);
    assert!(matches!(wait(world.issuer.create_offer(locked)), Err(OfferError::TxCode(_))));
}

// Clauses: ASM-2-01, ASM-2-02, ASM-2-11, ISS-2.3-01, ISS-2.3-03, OABCP-5.1.1-07, OABCP-7.7.1-04, OABCP-5.1.1-10, OABCP-5.1.1-11
#[test]
fn as_006_as_007_as_008_as_009_as_018_metadata_is_complete() {
    let world = world(|settings| {
        let key = credenza_crypto::SoftwareSigner::generate(
            credenza_crypto::Algorithm::Es256,
            &credenza_core::SeededRandom::new(3),
        )
        .unwrap();
        settings.clients.push(client("signing", ClientAuthentication::PrivateKeyJwt(keys(&key))));
        settings.attestation = Some(Provider::new(7).settings());
    });
    let metadata: Value = serde_json::from_slice(&world.issuer.authorization_server_metadata()).unwrap();
    assert_eq!(metadata["issuer"], ISSUER);
    assert_eq!(metadata["authorization_endpoint"], format!("{ISSUER}/authorize"));
    assert_eq!(metadata["pushed_authorization_request_endpoint"], format!("{ISSUER}/par"));
    assert_eq!(metadata["challenge_endpoint"], format!("{ISSUER}/challenge"));
    assert_eq!(metadata["require_pushed_authorization_requests"], false);
    assert_eq!(metadata["response_types_supported"], json!(["code"]));
    assert_eq!(metadata["response_modes_supported"], json!(["query"]));
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    assert_eq!(metadata["grant_types_supported"], json!(["authorization_code", GRANT, "refresh_token"]));
    assert_eq!(
        metadata["token_endpoint_auth_methods_supported"],
        json!(["attest_jwt_client_auth", "attest_jwt_client_auth_dpop", "private_key_jwt", "none"])
    );
    for algorithms in [
        "dpop_signing_alg_values_supported",
        "client_attestation_signing_alg_values_supported",
        "client_attestation_pop_signing_alg_values_supported",
        "token_endpoint_auth_signing_alg_values_supported",
    ] {
        assert_eq!(metadata[algorithms][0], "ES256", "{algorithms}");
    }
    // Where there is no browser, nothing of it is there.
    let plain: Value = serde_json::from_slice(&World::new().issuer.authorization_server_metadata()).unwrap();
    assert!(plain.get("authorization_endpoint").is_none() && plain.get("challenge_endpoint").is_none());
    assert_eq!(plain["grant_types_supported"], json!([GRANT]));
    let response = World::new().token(&exchange("x"));
    assert_eq!(refused(&response), (400, "unsupported_grant_type".to_owned()));
}
