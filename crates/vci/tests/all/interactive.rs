//! The authorization challenge endpoint (OID4VCI 1.1 §6): presentations and browsers, sessions that are used wrongly,
//! and many at once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use credenza_core::{Answer, json as strict};
use credenza_crypto::Signer;
use credenza_vci::issuer::{
    Approval, AuthorizationSettings, ClientAuthentication, ConfigError, InteractiveAuthorization, Issuer,
    IssuerBuilder, PresentationAsked, PresentationFailure, PresentationInside, SessionState,
};
use http::{HeaderMap, Response};
use serde_json::{Map, Value, json};
use url::Url;

use crate::authorizing::*;
use crate::support::*;

pub(crate) const PRESENTATION: &str = "urn:openid:dcp:ia:openid4vp_presentation";
pub(crate) const WEB: &str = "urn:openid:dcp:ia:auth_via_web";

/// A verifier that takes the nonce of its request as an answer, once.
#[derive(Default)]
pub(crate) struct Nonces(Mutex<(u32, HashSet<String>)>);

impl PresentationInside for Nonces {
    fn ask<'a>(&'a self, endpoint: &'a Url) -> Answer<'a, Result<PresentationAsked, PresentationFailure>> {
        let mut known = self.0.lock().unwrap();
        known.0 += 1;
        let nonce = format!("nonce {}", known.0);
        let request = json!({ "nonce": nonce, "for": endpoint.as_str() });
        let Value::Object(request) = request else { unreachable!() };
        Answer::ready(Ok(PresentationAsked { request, kept: nonce }))
    }

    fn judge<'a>(
        &'a self,
        kept: &'a str,
        response: &'a [u8],
    ) -> Answer<'a, Result<Approval, PresentationFailure>> {
        let said = strict::parse_object(response).unwrap_or_default();
        Answer::ready(match said.get("vp_token").and_then(Value::as_str) {
            None if said.contains_key("error") => Err(PresentationFailure::Declined),
            Some("down") => Err(PresentationFailure::Unavailable("down".to_owned())),
            Some(nonce) if nonce == kept => match self.0.lock().unwrap().1.insert(nonce.to_owned()) {
                true => Ok(approval()),
                false => Err(PresentationFailure::Before),
            },
            _ => Err(PresentationFailure::Refused("sd-jwt.kb.nonce".to_owned())),
        })
    }
}

pub(crate) fn inside(builder: IssuerBuilder) -> IssuerBuilder {
    let presentation = Some(Arc::new(Nonces::default()) as Arc<dyn PresentationInside>);
    builder.interactive_authorization(InteractiveAuthorization { presentation })
}

pub(crate) fn interactive(change: impl FnOnce(&mut AuthorizationSettings)) -> World {
    world_with(change, inside)
}

/// The parameters of a good first request.
pub(crate) fn first(types: &str) -> Parameters {
    changed(request(), "interaction_types_supported", Some(types))
}

pub(crate) fn next(session: &str, response: &Value) -> Parameters {
    [("auth_session", session.to_owned()), ("openid4vp_response", response.to_string())]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
}

pub(crate) fn answering(required: &Value) -> Parameters {
    let nonce = &required["openid4vp_request"]["nonce"];
    next(required["auth_session"].as_str().unwrap(), &json!({ "vp_token": nonce }))
}

impl World {
    fn challenge_with(&self, headers: &HeaderMap, parameters: &Parameters) -> Response<Vec<u8>> {
        let form = encoded(parameters);
        credenza_oauth::respond(wait(self.issuer.authorization_challenge(headers, form.as_bytes())))
    }

    pub(crate) fn interact(&self, parameters: &Parameters) -> Response<Vec<u8>> {
        self.challenge_with(&headers(FORM), parameters)
    }

    /// A first request that is answered with this interaction.
    pub(crate) fn required(&self, parameters: &Parameters, interaction: &str) -> Value {
        let response = self.interact(parameters);
        let answer = body(&response);
        assert_eq!(
            (response.status().as_u16(), &answer["error"]),
            (401, &json!("insufficient_authorization"))
        );
        assert_eq!(answer["interaction_type_required"], interaction);
        answer
    }
}

fn bad(code: &str) -> (u16, String) {
    (400, code.to_owned())
}

#[test]
fn a_presentation_leads_to_a_code_without_a_browser() {
    let world = interactive(|_| {});
    let (id, state) = world.browser_offer();
    let parameters = changed(first(PRESENTATION), "issuer_state", Some(&state));
    let required = world.required(&parameters, PRESENTATION);
    let endpoint = format!("{ISSUER}/authorize-challenge");
    assert_eq!(required["openid4vp_request"]["for"], endpoint);
    let response = world.interact(&answering(&required));
    assert_eq!(
        (response.status(), &response.headers()["cache-control"]),
        (200.try_into().unwrap(), &"no-store".parse().unwrap())
    );
    assert_eq!(world.state(&id), SessionState::Approved, "{:?}", world.view(&id));
    let code = body(&response)["authorization_code"].as_str().unwrap().to_owned();
    assert_eq!(
        refused(&world.token(&[
            ("code_verifier", &"x".repeat(43)),
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT),
            ("code", &code),
            ("redirect_uri", CALLBACK)
        ])),
        bad("invalid_grant")
    );
    assert_eq!(world.exchange(&code).status(), 200);
}

#[test]
fn no_redirect_uri_is_needed_where_no_browser_is() {
    for settings in [
        (|settings: &mut AuthorizationSettings| settings.clients.clear()) as fn(&mut AuthorizationSettings),
        |settings| settings.clients[0].redirect_uris.push("https://wallet.example/other".to_owned()),
    ] {
        let world = interactive(|changed| {
            settings(changed);
            changed.public_clients = true;
        });
        let parameters = changed(first(PRESENTATION), "redirect_uri", None);
        let required = world.required(&parameters, PRESENTATION);
        let code = body(&world.interact(&answering(&required)))["authorization_code"].clone();
        let code = code.as_str().unwrap();
        assert_eq!(refused(&world.exchange(code)), bad("invalid_grant"), "there was no redirect_uri");
        let redeem = [
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT),
            ("code", code),
            ("code_verifier", VERIFIER),
        ];
        assert_eq!(world.token(&redeem).status(), 200);
    }
    let world = interactive(|settings| settings.clients.clear());
    assert_eq!(refused(&world.interact(&first(PRESENTATION))), bad("invalid_request"), "an unknown client");
}

#[test]
fn the_endpoint_is_there_when_it_is_switched_on() {
    let metadata = |issuer: &Issuer| -> Value {
        serde_json::from_slice(&issuer.authorization_server_metadata()).unwrap()
    };
    let on = interactive(|_| {});
    assert_eq!(
        metadata(&on.issuer)["authorization_challenge_endpoint"],
        format!("{ISSUER}/authorize-challenge")
    );
    let off = world(|_| {});
    let known = metadata(&off.issuer);
    for name in ["authorization_challenge_endpoint", "require_interactive_authorization"] {
        assert!(known.get(name).is_none(), "{name}");
    }
    assert_eq!(refused(&off.interact(&first(PRESENTATION))), (404, "invalid_request".to_owned()));
    let alone = World::try_with(inside);
    assert!(matches!(alone, Err(ConfigError::Invalid(_))));
}

#[test]
fn i06_interaction_types_are_missing_malformed_or_not_enough() {
    let world = interactive(|_| {});
    for types in ["", "presentation", "urn:x", "urn:openid:dcp:ia:auth_via_web, urn:x:y"] {
        assert_eq!(refused(&world.interact(&first(types))), bad("invalid_request"), "{types}");
    }
    assert_eq!(refused(&world.interact(&request())), bad("invalid_request"));
    let missing = world.interact(&first("urn:galaxysdo:ia:betelgeuse_intergalactic_id_card"));
    assert_eq!(refused(&missing), bad("missing_interaction_type"));
    assert!(body(&missing)["error_description"].as_str().unwrap().contains(PRESENTATION));
    let web_alone =
        world_with(|_| {}, |it| it.interactive_authorization(InteractiveAuthorization::default()));
    let missing = web_alone.interact(&first(PRESENTATION));
    assert_eq!(refused(&missing), bad("missing_interaction_type"));
    assert!(body(&missing)["error_description"].as_str().unwrap().contains(WEB));
    web_alone.required(&first(&format!("{PRESENTATION},{WEB}")), WEB);
}

#[test]
fn a_first_request_is_checked_as_a_pushed_one_is() {
    let world = interactive(|_| {});
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
        ("request", Some("x.y.z"), "request_not_supported"),
        ("request_uri", Some("urn:x:y"), "invalid_request"),
    ] {
        let response = world.interact(&changed(first(PRESENTATION), name, value));
        assert_eq!(refused(&response), bad(error), "{name} {value:?}");
    }
    assert_eq!(refused(&world.challenge_with(&headers(JSON), &first(PRESENTATION))), bad("invalid_request"));
}

#[test]
fn i01_neither_presentations_nor_sessions_are_swapped() {
    let world = interactive(|_| {});
    let victim = world.required(&first(PRESENTATION), PRESENTATION);
    let attacker = world.required(&first(PRESENTATION), PRESENTATION);
    let session = |of: &Value| of["auth_session"].as_str().unwrap().to_owned();
    let vp = |of: &Value| json!({ "vp_token": of["openid4vp_request"]["nonce"] });
    let refused_for = refused(&world.interact(&next(&session(&attacker), &vp(&victim))));
    assert_eq!(refused_for, bad("access_denied"));
    // Another client does not get in, and does not spoil it either.
    let other = changed(answering(&victim), "client_id", Some("other"));
    assert_eq!(refused(&world.interact(&other)), bad("invalid_session"));
    let code = body(&world.interact(&answering(&victim)))["authorization_code"].clone();
    let mut wrong = exchange(code.as_str().unwrap());
    wrong[1] = ("client_id", "other");
    assert_eq!(refused(&world.token(&wrong)), bad("invalid_grant"));
    assert_eq!(world.exchange(code.as_str().unwrap()).status(), 200);
}

#[test]
fn i01_a_session_is_bound_to_the_dpop_key() {
    let world = interactive(|_| {});
    let (own, other) = (world.key(), world.key());
    let url = world.issuer.endpoints().authorization_challenge.clone();
    let with = |key: &dyn Signer| world.with_dpop(headers(FORM), key, &url);
    let required = body(&world.challenge_with(&with(&own), &first(PRESENTATION)));
    let answer = answering(&required);
    assert_eq!(refused(&world.challenge_with(&with(&other), &answer)), bad("invalid_session"));
    assert_eq!(refused(&world.challenge_with(&headers(FORM), &answer)), bad("invalid_session"));
    let proof = with(&own);
    let code = body(&world.challenge_with(&proof, &answer))["authorization_code"].clone();
    assert_eq!(
        refused(&world.challenge_with(&proof, &first(PRESENTATION))),
        bad("invalid_dpop_proof"),
        "used"
    );
    let code = code.as_str().unwrap();
    assert_eq!(refused(&world.exchange(code)), bad("invalid_dpop_proof"));
    let token = world.issuer.endpoints().token.clone();
    let proven = world.with_dpop(headers(FORM), &own, &token);
    assert_eq!(world.token_with(&proven, &exchange(code)).status(), 200);
}

#[test]
fn i01_a_session_is_bound_to_the_wallet_that_was_attested() {
    let (one, other) = (Provider::new(7), Provider::new(7));
    let world = interactive(|settings| {
        settings.clients = vec![client(CLIENT, ClientAuthentication::Attestation)];
        settings.attestation = Some(one.settings());
    });
    let other = other.with_instance(
        credenza_crypto::SoftwareSigner::generate(credenza_crypto::Algorithm::Es256, &*world.random).unwrap(),
    );
    assert_eq!(refused(&world.interact(&first(PRESENTATION))).1, "invalid_client");
    let required = body(&world.challenge_with(&one.headers(&world), &first(PRESENTATION)));
    let answer = changed(answering(&required), "client_id", Some(CLIENT));
    assert_eq!(refused(&world.challenge_with(&other.headers(&world), &answer)), bad("invalid_session"));
    assert_eq!(refused(&world.interact(&answer)).1, "invalid_client");
    assert_eq!(world.challenge_with(&one.headers(&world), &answer).status(), 200);
}

#[test]
fn i05_i08_a_browser_goes_on_where_a_presentation_leads_nowhere() {
    let world = interactive(|_| {});
    let both = format!("{PRESENTATION},{WEB}");
    let required = world.required(&first(&both), PRESENTATION);
    let no = next(required["auth_session"].as_str().unwrap(), &json!({ "error": "access_denied" }));
    let web = world.required(&no, WEB);
    assert_eq!(web["expires_in"], 90);
    assert!(web.get("openid4vp_request").is_none());
    let query = credenza_oauth::form::encode(&[
        ("client_id", CLIENT),
        ("request_uri", web["request_uri"].as_str().unwrap()),
    ]);
    assert_eq!(world.authorize_error(&query.replace("client_id=wallet", "client_id=other")), Refusal::Shown);
    let url = world.agreed(&query);
    assert_eq!(world.authorize_error(&query), Refusal::Shown, "used");
    let code = parameter(&url, "code").unwrap();
    let mut wrong = exchange(&code);
    wrong[4] = ("code_verifier", "dBjftJeZ4CVP-mBOMR7u3LFc2yYKn9n0Jb0e1f4wXyX");
    assert_eq!(refused(&world.token(&wrong)), bad("invalid_grant"));
    assert_eq!(world.exchange(&code).status(), 200);
    // Both sessions are over: the code came with the browser.
    for session in [&required, &web] {
        let again = next(session["auth_session"].as_str().unwrap(), &json!({ "error": "access_denied" }));
        assert_eq!(refused(&world.interact(&again)), bad("invalid_session"));
    }
    let late = world.required(&first(WEB), WEB);
    world.clock.advance(Duration::from_secs(90));
    let query = credenza_oauth::form::encode(&[
        ("client_id", CLIENT),
        ("request_uri", late["request_uri"].as_str().unwrap()),
    ]);
    assert_eq!(world.authorize_error(&query), Refusal::Shown);
}

#[test]
fn a_browser_comes_back_to_https_alone() {
    let world = interactive(|settings| settings.public_clients = true);
    for uri in ["http://127.0.0.1:4711/cb", "com.example.wallet:/cb"] {
        let changed = changed(changed(first(WEB), "redirect_uri", Some(uri)), "client_id", Some("anybody"));
        assert_eq!(refused(&world.interact(&changed)), bad("invalid_request"), "{uri}");
    }
}

#[test]
fn i09_a_session_is_good_once_and_for_a_while() {
    let world = interactive(|_| {});
    let required = world.required(&first(PRESENTATION), PRESENTATION);
    let answer = answering(&required);
    // What is missing, and a verifier that does not work, leave it alone.
    assert_eq!(
        refused(&world.interact(&changed(answer.clone(), "openid4vp_response", None))),
        bad("invalid_request")
    );
    let down = next(required["auth_session"].as_str().unwrap(), &json!({ "vp_token": "down" }));
    assert_eq!(world.interact(&down).status(), 503);
    assert_eq!(world.interact(&answer).status(), 200);
    assert_eq!(refused(&world.interact(&answer)), bad("invalid_session"), "after the code");

    let required = world.required(&first(PRESENTATION), PRESENTATION);
    let wrong = next(required["auth_session"].as_str().unwrap(), &json!({ "vp_token": "x" }));
    let denied = world.interact(&wrong);
    assert_eq!(refused(&denied), bad("access_denied"));
    assert!(body(&denied)["error_description"].as_str().unwrap().contains("sd-jwt.kb.nonce"));
    assert_eq!(refused(&world.interact(&answering(&required))), bad("invalid_session"), "after an error");

    let required = world.required(&first(PRESENTATION), PRESENTATION);
    for guessed in ["x", &world.nonce(), &format!("{}x", required["auth_session"].as_str().unwrap())] {
        let guess = next(guessed, &json!({ "vp_token": required["openid4vp_request"]["nonce"] }));
        assert_eq!(refused(&world.interact(&guess)), bad("invalid_session"), "{guessed}");
    }
    world.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(refused(&world.interact(&answering(&required))), bad("invalid_session"), "too late");
}

#[test]
fn i10_an_authorization_ends_after_two_interactions() {
    let world = interactive(|_| {});
    let both = format!("{PRESENTATION},{WEB}");
    let sessions: HashSet<String> = (0..100)
        .map(|_| world.required(&first(&both), PRESENTATION)["auth_session"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(sessions.len(), 100, "each is new");
    let no = json!({ "error": "access_denied" });
    for session in sessions {
        let web = world.required(&next(&session, &no), WEB);
        let again = next(web["auth_session"].as_str().unwrap(), &no);
        assert_eq!(refused(&world.interact(&again)), bad("invalid_session"));
    }
}

#[test]
fn an_offer_for_somebody_else_is_not_given_away() {
    let world = interactive(|_| {});
    let (_, state) = world.browser_offer();
    let parameters = changed(first(PRESENTATION), "issuer_state", Some(&state));
    let (one, two) = (world.required(&parameters, PRESENTATION), world.required(&parameters, PRESENTATION));
    assert_eq!(world.interact(&answering(&one)).status(), 200);
    assert_eq!(refused(&world.interact(&answering(&two))), bad("access_denied"), "it was taken up");
}

pub(crate) fn vp_token(request: &Map<String, Value>) -> Map<String, Value> {
    Map::from_iter([("vp_token".to_owned(), request["nonce"].clone())])
}
