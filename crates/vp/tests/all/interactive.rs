//! Presentations inside of an authorization (OID4VCI 1.1 §6.2.1.1), without the authorization: asked by an endpoint,
//! answered to it.

use credenza_vp::verifier::{CreateError, CreatedInteractive, RequestedPrefix, RespondError, Status};
use credenza_vp::wallet::{Asked, HowKnown, WalletBuilder};
use credenza_vp::{PresentationRequest, ResponseMode};
use serde_json::{Map, Value, json};
use url::Url;

use crate::request_kit::{TYP, claims, refused_with};
use crate::world::{World, query, run, world};

const ENDPOINT: &str = "https://issuer.example/tenant/authorize-challenge";

fn endpoint() -> Url {
    ENDPOINT.parse().unwrap()
}

fn create(world: &World, signed: bool, mode: ResponseMode) -> CreatedInteractive {
    let mut request = PresentationRequest::inside_authorization(query());
    request.response_mode = mode;
    request.prefix = (!signed).then_some(RequestedPrefix::RedirectUri);
    run(world.verifier.create_for_authorization(request, &endpoint())).unwrap()
}

fn answer(world: &World, asked: Asked) -> Map<String, Value> {
    let side = world.wallet();
    let answered = world.agree(&side, asked, &world.held()).unwrap();
    assert_eq!((&answered.redirect_uri, &answered.dc_api), (&None, &None));
    assert!(side.log.lock().unwrap().is_empty(), "nothing is sent");
    answered.interactive.unwrap()
}

fn answered_at(world: &World, at: &str, created: &CreatedInteractive) -> Vec<u8> {
    let asked = run(world.wallet().wallet.resolve_interactive(&at.parse().unwrap(), created.request.clone()));
    serde_json::to_vec(&answer(world, asked.unwrap())).unwrap()
}

fn respond(world: &World, created: &CreatedInteractive, response: &[u8]) -> Result<Status, RespondError> {
    run(world.verifier.respond_inside_authorization(&created.request_id, response))
}

#[test]
fn a_presentation_goes_back_to_the_endpoint_that_asked() {
    for signed in [true, false] {
        for mode in [ResponseMode::IaPost, ResponseMode::IaPostJwt] {
            let world = world();
            let created = create(&world, signed, mode);
            let wallet = world.wallet().wallet;
            let asked = run(wallet.resolve_interactive(&endpoint(), created.request.clone())).unwrap();
            assert_eq!(asked.response_host(), "issuer.example");
            assert_eq!(matches!(asked.who().how, HowKnown::Trusted(_)), signed);
            let answer = answer(&world, asked);
            let member = if mode == ResponseMode::IaPost { "vp_token" } else { "response" };
            assert_eq!(answer.keys().collect::<Vec<_>>(), [member]);
            let response = serde_json::to_vec(&answer).unwrap();
            assert_eq!(respond(&world, &created, &response).unwrap(), Status::Verified);
            let result = run(world.verifier.result(&created.id, None)).unwrap();
            assert_eq!(result.presentations[0].claims["family_name"], "Möbius");
            // A second answer comes too late.
            assert!(matches!(respond(&world, &created, &response), Err(RespondError::Unknown)));
        }
    }
}

#[test]
fn what_an_endpoint_hands_out() {
    let world = world();
    let unsigned = create(&world, false, ResponseMode::IaPostJwt).request;
    for name in ["client_id", "expected_origins", "state", "response_uri", "aud"] {
        assert!(!unsigned.contains_key(name), "{name}");
    }
    assert_eq!(
        (&unsigned["response_mode"], &unsigned["response_type"]),
        (&json!("ia_post.jwt"), &json!("vp_token"))
    );
    let signed = create(&world, true, ResponseMode::IaPost).request;
    assert_eq!(signed.keys().collect::<Vec<_>>(), ["request"]);
    let jws = credenza_crypto::Jws::parse(signed["request"].as_str().unwrap()).unwrap();
    let payload = credenza_core::json::parse_object(&jws.payload).unwrap();
    assert_eq!(payload["expected_origins"], json!(["https://issuer.example"]));
    assert_eq!(payload["response_mode"], "ia_post");
}

/// A server that passes on the request of another one: of a signed request the wallet sees it, of any the other one.
#[test]
fn i02_a_request_that_was_passed_on_is_refused() {
    const EVIL: &str = "https://evil.example/authorize-challenge";
    let world = world();
    let created = create(&world, true, ResponseMode::IaPost);
    let wallet = world.wallet().wallet;
    let refused = run(wallet.resolve_interactive(&EVIL.parse().unwrap(), created.request.clone()));
    let failure = refused.unwrap_err().report.first_failure().unwrap().rule.id;
    assert_eq!(failure, "vp.request.origin");
    for (evil, signed) in [
        (EVIL, false),
        // The same origin, another endpoint.
        ("https://issuer.example/other/authorize-challenge", true),
        ("https://issuer.example/other/authorize-challenge", false),
    ] {
        for mode in [ResponseMode::IaPost, ResponseMode::IaPostJwt] {
            let created = create(&world, signed, mode);
            let response = answered_at(&world, evil, &created);
            let Err(RespondError::Refused(report)) = respond(&world, &created, &response) else { panic!() };
            assert_eq!(report.first_failure().unwrap().rule.id, "sd-jwt.kb.aud", "{evil} {signed}");
            assert_ne!(world.status(&created.id), Status::Verified);
        }
    }
}

/// The nonces of two authorizations do not mix.
#[test]
fn i01_an_answer_to_another_authorization_is_refused() {
    let world = world();
    let (one, other) =
        (create(&world, true, ResponseMode::IaPost), create(&world, true, ResponseMode::IaPost));
    let response = answered_at(&world, ENDPOINT, &one);
    let Err(RespondError::Refused(report)) = respond(&world, &other, &response) else { panic!() };
    assert_eq!(report.first_failure().unwrap().rule.id, "sd-jwt.kb.nonce");
    assert_eq!(respond(&world, &one, &response).unwrap(), Status::Verified);
}

#[test]
fn i07_other_response_modes_and_answers_in_the_clear_are_refused() {
    let world = world();
    let wallet = world.wallet().wallet;
    for mode in ["dc_api", "direct_post", "fragment", "ia_post.x"] {
        let mut claims = claims();
        claims["response_mode"] = mode.into();
        claims["expected_origins"] = json!(["https://issuer.example"]);
        let request = world.sign_request(&*world.verifier_signer, TYP, &claims);
        let request = Map::from_iter([("request".to_owned(), request.into())]);
        refused_with(run(wallet.resolve_interactive(&endpoint(), request)), "invalid_request");
    }
    let created = create(&world, true, ResponseMode::IaPostJwt);
    let plain = create(&world, true, ResponseMode::IaPost);
    let response = answered_at(&world, ENDPOINT, &plain);
    assert!(matches!(respond(&world, &created, &response), Err(RespondError::ResponseMode)));
    for rubbish in
        ["", "[]", "{}", "{\"response\":1}", "{\"response\":\"x\"}", "{\"vp_token\":{},\"vp_token\":{}}"]
    {
        assert!(respond(&world, &created, rubbish.as_bytes()).is_err(), "{rubbish}");
    }
    for mode in [ResponseMode::DcApi, ResponseMode::DirectPost, ResponseMode::Fragment] {
        let mut request = PresentationRequest::inside_authorization(query());
        request.response_mode = mode;
        let created = run(world.verifier.create_for_authorization(request, &endpoint()));
        assert!(matches!(created, Err(CreateError::ResponseMode)), "{mode:?}");
    }
    let by_link = PresentationRequest::inside_authorization(query());
    assert!(matches!(run(world.verifier.create(by_link)), Err(CreateError::ResponseMode)));
}

#[test]
fn sessions_of_other_ways_are_not_answered_here_and_the_other_way_round() {
    let world = world();
    let created = create(&world, true, ResponseMode::IaPost);
    let response = answered_at(&world, ENDPOINT, &created);
    let form = format!("vp_token={}", String::from_utf8(response.clone()).unwrap());
    assert!(run(world.verifier.respond(&created.request_id, form.as_bytes())).is_err());
    assert!(run(world.verifier.respond_dc_api(&created.request_id, None, &response)).is_err());
    let posted = world.create(PresentationRequest::new(query()));
    let refused = run(world.verifier.respond_inside_authorization(&posted.request_id, &response));
    assert!(matches!(refused, Err(RespondError::ResponseMode)));
    assert_eq!(respond(&world, &created, &response).unwrap(), Status::Verified);
}

#[test]
fn a_wallet_can_say_no() {
    let world = world();
    for mode in [ResponseMode::IaPost, ResponseMode::IaPostJwt] {
        let created = create(&world, true, mode);
        let wallet = world.wallet().wallet;
        let asked = run(wallet.resolve_interactive(&endpoint(), created.request.clone())).unwrap();
        let told = run(asked.decline(&wallet)).unwrap().interactive.unwrap();
        assert_eq!(Value::Object(told.clone()), json!({ "error": "access_denied" }));
        let status = respond(&world, &created, &serde_json::to_vec(&told).unwrap()).unwrap();
        assert_eq!(status, Status::Failed);
    }
    let strict = world.wallet_with(WalletBuilder::signed_only).wallet;
    let created = create(&world, false, ResponseMode::IaPost);
    let error = run(strict.resolve_interactive(&endpoint(), created.request.clone())).unwrap_err();
    let told = run(strict.tell(error)).unwrap().unwrap().interactive.unwrap();
    assert_eq!(respond(&world, &created, &serde_json::to_vec(&told).unwrap()).unwrap(), Status::Failed);
}
