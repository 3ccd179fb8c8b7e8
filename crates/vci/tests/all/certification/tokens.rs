//! Codes, tokens and errors of the authorization server.

use credenza_vci::issuer::{OfferRequest, OfferedCredential};
use serde_json::{Value, json};

use super::{members, unguessable, well_formed_error};
use crate::authorizing::*;
use crate::support::*;

// Checks: AS-062, AS-064, AS-065
#[test]
fn an_authorization_response_is_a_code_with_its_state_and_its_issuer() {
    let world = world(|_| {});
    for query in [encoded(&request()), world.pushed(&headers(FORM), &request())] {
        let url: url::Url = world.agreed(&query).parse().unwrap();
        let mut names: Vec<_> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
        names.sort();
        // `x` is the client's own.
        assert_eq!(names, ["code", "iss", "state", "x"]);
        assert_eq!(parameter(url.as_str(), "iss").as_deref(), Some(ISSUER));
        unguessable(&parameter(url.as_str(), "code").unwrap().into());
    }
}

// Checks: AS-067 to AS-071, AS-076, AS-093
#[test]
fn a_token_response_is_short_and_its_tokens_are_unguessable() {
    let world = world(|_| {});
    let key = world.key();
    let bound = || world.with_dpop(headers(FORM), &key, &world.issuer.endpoints().token);
    let mut previous = Vec::new();
    for headers in [headers(FORM), bound()] {
        let code = world.code_for(&request());
        let mut form = exchange(&code).to_vec();
        form.push(("unknown", "parameter"));
        let response = world.token_with(&headers, &form);
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (200, &JSON.parse().unwrap())
        );
        let token = body(&response);
        members(&token, &["access_token", "token_type", "expires_in", "refresh_token"], &["scope"]);
        assert!(["Bearer", "DPoP"].contains(&token["token_type"].as_str().unwrap()));
        assert!((1..365 * 24 * 3600).contains(&token["expires_in"].as_i64().unwrap()));
        for name in ["access_token", "refresh_token"] {
            unguessable(&token[name]);
            assert!(!previous.contains(&token[name]));
            previous.push(token[name].clone());
        }
    }
}

// Checks: AS-073, AS-075
#[test]
fn details_are_those_that_were_asked_for_each_once() {
    let world = World::new();
    let credential = |id: &str| OfferedCredential {
        configuration_id: id.to_owned(),
        claims: Some(erika()),
        deferral: None,
    };
    let credentials = ["pid", "pid", "diploma"].map(credential).to_vec();
    let redeem = |wanted: &[&str]| {
        let offer =
            world.create(OfferRequest { credentials: credentials.clone(), ..OfferRequest::default() });
        let detail = |id: &&str| json!({ "type": "openid_credential", "credential_configuration_id": id });
        let details = Value::from_iter(wanted.iter().map(detail)).to_string();
        let code = world.code(&offer);
        let form =
            [("grant_type", GRANT), ("pre-authorized_code", &*code), ("authorization_details", &*details)];
        body(&world.token(&form))["authorization_details"].clone()
    };
    for (wanted, identifiers) in [(&["pid"][..], 2), (&["diploma"], 1), (&["diploma", "pid"], 3)] {
        let details = redeem(wanted);
        let details = details.as_array().unwrap();
        let mut ids: Vec<_> =
            details.iter().map(|it| it["credential_configuration_id"].as_str().unwrap()).collect();
        ids.sort_unstable();
        assert_eq!(ids, wanted);
        let mut all: Vec<_> = details
            .iter()
            .flat_map(|it| it["credential_identifiers"].as_array().unwrap())
            .map(|it| it.as_str().unwrap())
            .collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), identifiers, "{details:?}");
    }
}

// Checks: AS-036, AS-080, AS-081
#[test]
fn errors_keep_to_the_characters_of_oauth_whatever_was_sent() {
    let world = world(|_| {});
    for odd in ["ü\r\n\t\"\\", "\u{1b}[31m", "\u{202e}", "<script>", "x"] {
        for name in
            ["client_id", "redirect_uri", "scope", "response_type", "authorization_details", "request_uri"]
        {
            let response = world.push(&headers(FORM), &changed(request(), name, Some(odd)));
            assert_eq!(response.status().as_u16() / 100, 4, "{name} {odd:?}");
            well_formed_error(&response);
        }
        for name in ["grant_type", "code", "client_id", "redirect_uri", "code_verifier"] {
            let code = world.code_for(&request());
            let mut form = exchange(&code).to_vec();
            form.retain(|(known, _)| *known != name);
            form.push((name, odd));
            let response = world.token(&form);
            assert_eq!(response.status().as_u16() / 100, 4, "{name} {odd:?}");
            well_formed_error(&response);
        }
        let response = world.refresh(odd);
        assert_eq!(response.status(), 400);
        well_formed_error(&response);
    }
    let pushed = world.push(&headers(FORM), &request());
    assert_eq!(pushed.headers()["content-type"], JSON);
}
