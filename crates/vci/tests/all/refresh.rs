//! Refresh tokens: rotation, reuse, and what they are bound to (catalogue row A26).

use std::time::Duration;

use credenza_vci::issuer::SessionState;
use serde_json::{Value, json};

use crate::authorizing::*;
use crate::support::*;

fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

fn text<'a>(token: &'a Value, name: &str) -> &'a str {
    token[name].as_str().unwrap_or_else(|| panic!("{token}"))
}

fn granted(world: &World) -> (String, Value) {
    let (id, state) = world.browser_offer();
    let code = world.code_for(&changed(request(), "issuer_state", Some(&state)));
    (id, body(&world.exchange(&code)))
}

// Clauses: HAIP-4.4-01, OABCP-7.14.2-05, OABCP-7.14.2-07
// Checks: ISS-080
#[test]
fn as_092_as_094_a_refresh_brings_the_next_of_everything() {
    let world = world(|_| {});
    let (id, token) = granted(&world);
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(world.credential(text(&token, "access_token"), &world.request()).status(), 401);
    let next = body(&world.refresh(text(&token, "refresh_token")));
    assert_ne!(text(&next, "access_token"), text(&token, "access_token"));
    assert_ne!(text(&next, "refresh_token"), text(&token, "refresh_token"));
    assert!(next.get("id_token").is_none());
    // Each token fetches as often as the first could.
    let fetch =
        |token: &Value| world.credential(text(token, "access_token"), &world.request()).status().as_u16();
    let fetched = |token: &Value| [(); 5].map(|()| fetch(token));
    assert_eq!(fetched(&next), [200, 200, 200, 200, 400]);
    let next = body(&world.refresh(text(&next, "refresh_token")));
    assert_eq!(fetched(&next), [200, 200, 200, 200, 400]);
    assert_eq!(world.state(&id), SessionState::Issued);
    world.clock.advance(Duration::from_secs(30 * 24 * 3600));
    let third = world.refresh(text(&next, "refresh_token"));
    assert_eq!(refused(&third), invalid_grant());
}

// Clauses: OABCP-5.2.2-01, OABCP-7.14.2-04
#[test]
fn a26_a_refresh_token_that_is_used_twice_ends_the_grant() {
    let world = world(|_| {});
    let (id, token) = granted(&world);
    let next = body(&world.refresh(text(&token, "refresh_token")));
    assert_eq!(refused(&world.refresh(text(&token, "refresh_token"))), invalid_grant());
    assert_eq!(world.state(&id), SessionState::Failed);
    assert_eq!(refused(&world.refresh(text(&next, "refresh_token"))), invalid_grant());
    assert_eq!(world.credential(text(&next, "access_token"), &world.request()).status(), 401);
}

// Clauses: DPOP-5-04, DPOP-5-05, DPOP-5-06
#[test]
fn a26_as_097_a_refresh_token_is_its_keys_and_a_lost_answer_can_be_asked_for_again() {
    let world = world(|_| {});
    let (own, other) = (world.key(), world.key());
    let url = world.issuer.endpoints().token.clone();
    let by = |key| world.with_dpop(headers(FORM), key, &url);
    let code = world.code_for(&request());
    let token = body(&world.token_with(&by(&own), &exchange(&code)));
    let first = text(&token, "refresh_token");
    let refresh = |headers, token: &str| world.token_with(&headers, &refreshing(token));
    assert_eq!(refused(&refresh(headers(FORM), first)), (400, "invalid_dpop_proof".to_owned()));
    assert_eq!(refused(&refresh(by(&other), first)), (400, "invalid_dpop_proof".to_owned()));
    let next = body(&refresh(by(&own), first));
    // The answer was lost: the same key gets the same generation again, for a moment.
    let again = body(&refresh(by(&own), first));
    assert_eq!(refused(&refresh(by(&other), first)).0, 400);
    let third = refresh(by(&own), text(&again, "refresh_token"));
    assert_eq!(third.status(), 200);
    world.clock.advance(Duration::from_secs(31));
    assert_eq!(refused(&refresh(by(&own), text(&next, "refresh_token"))), invalid_grant());
    assert_eq!(refused(&refresh(by(&own), text(&body(&third), "refresh_token"))), invalid_grant());
}

// Clauses: OABCP-7.14.2-03
#[test]
fn a26_as_097_a_refresh_token_is_its_clients_and_is_not_widened() {
    let world = world(|_| {});
    let (id, token) = granted(&world);
    let refresh = text(&token, "refresh_token");
    let with = |name: &'static str, value: &str| {
        let mut form: Vec<_> = refreshing(refresh).into_iter().filter(|(known, _)| *known != name).collect();
        form.push((name, value));
        refused(&world.token(&form))
    };
    assert_eq!(with("client_id", "other"), invalid_grant());
    assert_eq!(with("client_id", "nobody"), invalid_grant());
    assert_eq!(with("scope", "pid diploma"), (400, "invalid_scope".to_owned()));
    let wider = json!([{ "type": "openid_credential", "credential_configuration_id": "diploma" }]);
    assert_eq!(
        with("authorization_details", &wider.to_string()),
        (400, "invalid_authorization_details".to_owned())
    );
    // None of these could end the grant.
    assert_eq!(world.state(&id), SessionState::Authorized);
    assert_eq!(world.refresh(refresh).status(), 200);
}

#[test]
fn as_074_identifiers_stay_the_same() {
    let world = world(|_| {});
    let details = json!([{ "type": "openid_credential", "credential_configuration_id": "pid" }]);
    let asked = changed(request(), "authorization_details", Some(&details.to_string()));
    let token = body(&world.exchange(&world.code_for(&asked)));
    let next = body(&world.refresh(text(&token, "refresh_token")));
    assert_eq!(token["authorization_details"], next["authorization_details"]);
    assert_eq!(next["authorization_details"][0]["credential_identifiers"], json!(["pid#1"]));
}

// Clauses: OABCP-7.14.2-01
#[test]
fn as_092_where_grants_are_not_renewed_there_is_no_refresh_token() {
    let world = world(|settings| settings.lifetimes.refresh = None);
    let (_, token) = granted(&world);
    assert!(token.get("refresh_token").is_none());
    let metadata: Value = serde_json::from_slice(&world.issuer.authorization_server_metadata()).unwrap();
    assert_eq!(metadata["grant_types_supported"], json!(["authorization_code", GRANT]));
    assert_eq!(refused(&world.refresh(text(&token, "access_token"))), invalid_grant());
}
