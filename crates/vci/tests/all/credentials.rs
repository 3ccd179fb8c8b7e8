//! The credential endpoint, but for the proofs.

use credenza_core::{Answer, UnixTime};
use credenza_formats::sd_jwt::{SdJwt, SdJwtLimits};
use credenza_vci::issuer::{
    ClaimsAnswer, ClaimsError, ClaimsSource, CredentialConfiguration, IssuanceContext, OfferRequest,
    OfferedCredential, SessionState, StatusSource,
};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use serde_json::{Map, Value, json};
use std::sync::Arc;

use crate::support::*;

fn bad_request() -> (u16, String) {
    (400, "invalid_credential_request".to_owned())
}

// Clauses: VCI-8.3-01, VCI-8.3-06, VCI-8.3-09, VCI-8.3-10, VCI-8.3-20, VCI-A.3.4-01,
// VCI-A.3.4-02
// Checks: ISS-052, ISS-053
#[test]
fn a_credential_response_is_complete_and_not_cached() {
    let world = World::new();
    let token = world.redeem(&world.offer());
    let response = world.credential(&token, &world.request());
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    let issued = body(&response);
    let text = issued["credentials"][0]["credential"].as_str().unwrap();
    let parsed = SdJwt::parse(text, &SdJwtLimits::default()).unwrap();
    assert_eq!(parsed.dangerous_issuer(), Some(ISSUER));
    assert_eq!(parsed.dangerous_vct(), Some(VCT));
    assert_eq!(parsed.header().x5c().unwrap().unwrap().len(), 1);
    // Every claim of the first level is the holder's to keep back.
    assert_eq!(parsed.disclosures().len(), 2);
    assert!(!parsed.dangerous_payload().contains_key("given_name"));
    assert!(issued["notification_id"].is_string());
    assert!(issued.get("transaction_id").is_none() && issued.get("interval").is_none());
}

// Clauses: VCI-8.2-02, VCI-8.2-03, VCI-8.2-04, VCI-8.2-05, VCI-8.2-06, VCI-8.2-08, VCI-8.3.1.2-01
#[test]
fn c10_c11_exactly_one_way_to_say_what_is_wanted() {
    let world = World::new();
    let token = world.redeem(&world.offer());
    let proofs = json!({ "jwt": [world.proof(&world.key(), &world.nonce())] });
    let ask = |members: Value| {
        let mut request = members;
        request["proofs"] = proofs.clone();
        refused(&world.credential(&token, &request))
    };
    assert_eq!(ask(json!({})), bad_request());
    assert_eq!(
        ask(json!({ "credential_configuration_id": "pid", "credential_identifier": "pid#1" })),
        bad_request()
    );
    assert_eq!(ask(json!({ "credential_configuration_id": 7 })), bad_request());
    assert_eq!(ask(json!({ "format": "dc+sd-jwt", "vct": VCT })), bad_request());
    assert_eq!(
        ask(json!({ "credential_configuration_id": "nope" })),
        (400, "unknown_credential_configuration".to_owned())
    );
    let unknown = (400, "unknown_credential_identifier".to_owned());
    assert_eq!(ask(json!({ "credential_identifier": "nope" })), unknown);
    // The identifier exists, but this wallet was not told any.
    assert_eq!(ask(json!({ "credential_identifier": "pid#1" })), unknown);
    assert_eq!(ask(json!({ "credential_configuration_id": "pid" })).0, 200);
}

// Clauses: VCI-8.2-06, VCI-6.2-05
#[test]
fn c10_a_wallet_that_was_told_identifiers_must_use_them() {
    let world = World::new();
    let credential = |name: &str| {
        let mut claims = erika();
        claims.insert("given_name".to_owned(), name.into());
        OfferedCredential { configuration_id: "pid".to_owned(), claims: Some(claims), deferral: None }
    };
    let offer = world.create(OfferRequest {
        credentials: vec![credential("Erika"), credential("Heidi")],
        ..OfferRequest::default()
    });
    let code = world.code(&offer);
    let details = json!([{ "type": "openid_credential", "credential_configuration_id": "pid" }]).to_string();
    let response = body(&world.token(&[
        ("grant_type", GRANT),
        ("pre-authorized_code", &code),
        ("authorization_details", &details),
    ]));
    let identifiers = response["authorization_details"][0]["credential_identifiers"].clone();
    assert_eq!(identifiers.as_array().unwrap().len(), 2);
    let token = response["access_token"].as_str().unwrap();
    assert_eq!(refused(&world.credential(token, &world.request())), bad_request());
    let ask = |identifier: &Value| {
        let proof = world.proof(&world.key(), &world.nonce());
        world.credential(token, &json!({ "credential_identifier": identifier, "proofs": { "jwt": [proof] } }))
    };
    let other = json!("pid#3");
    assert_eq!(refused(&ask(&other)), (400, "unknown_credential_identifier".to_owned()));
    for (identifier, name) in identifiers.as_array().unwrap().iter().zip(["Erika", "Heidi"]) {
        let issued = body(&ask(identifier));
        let text = issued["credentials"][0]["credential"].as_str().unwrap().to_owned();
        let held = credenza_formats::sd_jwt::Held::restore(text, &SdJwtLimits::default()).unwrap();
        assert_eq!(held.claims()["given_name"], name);
    }
    assert_eq!(world.state(&offer.id), SessionState::Issued);
}

// Clauses: VCI-6.1-09
#[test]
fn c09_a_token_is_good_for_what_was_offered_and_nothing_else() {
    let world = World::new();
    let token = world.redeem(&world.offer());
    let mut request = world.request();
    request["credential_configuration_id"] = "diploma".into();
    let response = world.credential(&token, &request);
    assert_eq!(refused(&response), (403, "insufficient_scope".to_owned()));
    let challenges = response.headers().get_all(WWW_AUTHENTICATE).iter();
    assert!(challenges.into_iter().any(|value| value.to_str().unwrap().contains("insufficient_scope")));
}

// Clauses: VCI-8.2-18, VCI-8.2-21, VCI-8.2-23
// Checks: ISS-059
#[test]
fn c12_a34_bodies_that_are_not_accepted_and_members_that_are_ignored() {
    let world = World::new();
    let token = world.redeem(&world.offer());
    let request = world.request();
    let send = |content_type: &str, body: &str| {
        let headers = with(headers(content_type), "authorization", &format!("Bearer {token}"));
        refused(&world.credential_with(&headers, body.as_bytes()))
    };
    assert_eq!(send(FORM, "credential_configuration_id=pid"), bad_request());
    assert_eq!(send("text/plain", &request.to_string()), bad_request());
    assert_eq!(send("application/jwt", "x.y.z").1, "invalid_encryption_parameters");
    for text in [
        "",
        "[]",
        "null",
        "{",
        r#"{"credential_configuration_id":"pid","credential_configuration_id":"pid"}"#,
    ] {
        assert_eq!(send(JSON, text), bad_request(), "{text}");
    }
    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(send(JSON, &format!(r#"{{"x":{deep}}}"#)), bad_request());
    let mut encrypted = request.clone();
    encrypted["credential_response_encryption"] = json!({ "jwk": {}, "enc": "A128GCM" });
    assert_eq!(send(JSON, &encrypted.to_string()).1, "invalid_encryption_parameters");
    let mut more = request;
    more["nobody"] = json!({ "knows": "this" });
    assert_eq!(send("application/json; charset=utf-8", &more.to_string()).0, 200);
}

#[test]
fn a24_a25_only_our_own_access_token_in_the_header_lets_in() {
    let world = World::new();
    let offer = world.offer();
    let code = world.code(&offer);
    let token = world.redeem(&offer);
    let request = world.request();
    let issued = body(&world.credential(&token, &request));
    let notification = issued["notification_id"].as_str().unwrap();
    let handle = offer.offer_uri.as_ref().unwrap().path().rsplit('/').next().unwrap();
    for other in [code.as_str(), &world.nonce(), notification, handle, &offer.id, "x", "x.y.z"] {
        let response = world.credential(other, &request);
        assert_eq!(refused(&response), (401, "invalid_token".to_owned()));
        assert!(response.headers().contains_key(WWW_AUTHENTICATE));
    }
    // No token, or one in the body: 401, no error code, no body (RFC 6750 §3.1).
    let mut with_token = request.clone();
    with_token["access_token"] = token.as_str().into();
    let response = world.credential_with(&headers(JSON), with_token.to_string().as_bytes());
    assert_eq!((response.status().as_u16(), response.body().len()), (401, 0));
    let challenges: Vec<_> = response.headers().get_all(WWW_AUTHENTICATE).iter().collect();
    assert!(challenges.iter().all(|value| !value.to_str().unwrap().contains("error")), "{challenges:?}");
    let twice = with(bearer(&token), "authorization", &format!("Bearer {token}"));
    let response = world.credential_with(&twice, request.to_string().as_bytes());
    assert_eq!(refused(&response), (400, "invalid_request".to_owned()));
}

#[test]
fn a35_errors_are_terse_and_say_which_check_failed() {
    let world = World::new();
    let offer = world.offer();
    let token = world.redeem(&offer);
    let response = world.credential(
        &token,
        &json!({ "credential_configuration_id": "pid", "proofs": { "jwt": ["canary.canary.canary"] } }),
    );
    let error = body(&response);
    assert_eq!(error["error"], "invalid_proof");
    let description = error["error_description"].as_str().unwrap();
    assert!(description.contains("vci.proof.jwt") && !description.contains("canary"), "{description}");
    let view = world.view(&offer.id);
    let last = view.events.last().unwrap();
    assert_eq!((last.kind.as_str(), last.reason.as_deref()), ("request.refused", Some("vci.proof.jwt")));
}

#[test]
fn a_client_that_fails_over_and_over_does_not_grow_the_session() {
    let world = World::new();
    let offer = world.offer();
    let token = world.redeem(&offer);
    for _ in 0..100 {
        world.credential(&token, &json!({ "credential_configuration_id": "pid" }));
    }
    assert!(world.view(&offer.id).events.len() <= 40);
    assert_eq!(world.credential(&token, &world.request()).status(), 200);
}

#[test]
fn a_cancelled_session_issues_nothing_with_the_token_that_is_out() {
    let world = World::new();
    let offer = world.offer();
    let token = world.redeem(&offer);
    wait(world.issuer.cancel(&offer.id)).unwrap();
    assert_eq!(refused(&world.credential(&token, &world.request())), (401, "invalid_token".to_owned()));
    assert_eq!(world.state(&offer.id), SessionState::Cancelled);
}

struct Source(Result<ClaimsAnswer, ClaimsError>);

impl ClaimsSource for Source {
    fn claims<'a>(
        &'a self,
        context: &'a IssuanceContext<'a>,
    ) -> Answer<'a, Result<ClaimsAnswer, ClaimsError>> {
        assert_eq!(context.reference, Some("case 7"));
        Answer::ready(self.0.clone())
    }
}

#[test]
fn c27_claims_come_from_the_source_or_nothing_is_issued() {
    let issue = |answer: Result<ClaimsAnswer, ClaimsError>| {
        let world = World::with(|builder| builder.claims_source(Arc::new(Source(answer))));
        let offer = world.create(OfferRequest {
            credentials: vec![OfferedCredential {
                configuration_id: "pid".to_owned(),
                claims: None,
                deferral: None,
            }],
            reference: Some("case 7".to_owned()),
            ..OfferRequest::default()
        });
        let token = world.redeem(&offer);
        let request = world.request();
        let first = refused(&world.credential(&token, &request));
        // The nonce was not used up by a failure.
        let again = refused(&world.credential(&token, &request));
        (first, again.1)
    };
    let claims = |claims: Value| Ok(ClaimsAnswer::Claims(claims.as_object().unwrap().clone()));
    assert_eq!(issue(claims(json!({ "given_name": "Erika" }))).0.0, 200);
    let unavailable = ((503, "temporarily_unavailable".to_owned()), "temporarily_unavailable".to_owned());
    assert_eq!(issue(claims(json!({ "family_name": "x" }))), unavailable);
    assert_eq!(issue(claims(json!({ "given_name": "x", "vct": "other" }))), unavailable);
    assert_eq!(issue(Err(ClaimsError::Unavailable("database".to_owned()))), unavailable);
    let denied = "credential_request_denied".to_owned();
    assert_eq!(issue(Err(ClaimsError::Denied)), ((400, denied.clone()), denied));
}

struct Statuses;

impl StatusSource for Statuses {
    fn assign<'a>(
        &'a self,
        _: &'a IssuanceContext<'a>,
        copies: usize,
        _: UnixTime,
    ) -> Answer<'a, Result<Vec<Value>, ClaimsError>> {
        let status = |idx| json!({ "status_list": { "uri": "https://issuer.example/status/1", "idx": idx } });
        Answer::ready(Ok((0..copies).map(status).collect()))
    }
}

#[test]
fn each_copy_has_a_status_of_its_own() {
    let world = World::with(|builder| builder.status_source(Arc::new(Statuses)));
    let token = world.redeem(&world.offer());
    let nonce = world.nonce();
    let proofs: Vec<String> = (0..3).map(|_| world.proof(&world.key(), &nonce)).collect();
    let request = json!({ "credential_configuration_id": "pid", "proofs": { "jwt": proofs } });
    let issued = body(&world.credential(&token, &request));
    for copy in 0..3 {
        let text = issued["credentials"][copy]["credential"].as_str().unwrap();
        let parsed = SdJwt::parse(text, &SdJwtLimits::default()).unwrap();
        assert_eq!(parsed.dangerous_payload()["status"]["status_list"]["idx"], copy);
    }
}

// Clauses: VCI-12.2.4-48, VCI-12.2.4-50
#[test]
fn a_credential_that_is_bound_to_no_key_needs_no_proof() {
    let ticket = CredentialConfiguration {
        proof_algorithms: vec![],
        ..CredentialConfiguration::sd_jwt_vc("ticket", "urn:example:ticket")
    };
    let world = World::with(|builder| builder.configuration(ticket));
    let offer = world.create(OfferRequest::of("ticket", Map::new()));
    let (wallet, keys) = world.wallet(Arc::new(world.http()));
    let received = wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept()).unwrap();
    assert_eq!(received.credentials[0].key_thumbprint, None);
    assert!(keys.made.lock().unwrap().is_empty());
}

#[test]
fn c28_interleaved_issuances_do_not_mix() {
    let world = World::new();
    let sessions: Vec<(String, String)> = (0..100)
        .map(|number| {
            let mut claims = erika();
            claims.insert("given_name".to_owned(), format!("person {number}").into());
            (world.redeem(&world.create(OfferRequest::of("pid", claims))), format!("person {number}"))
        })
        .collect();
    let world = &world;
    std::thread::scope(|scope| {
        for part in sessions.chunks(25) {
            scope.spawn(move || {
                for (token, name) in part {
                    let issued = body(&world.credential(token, &world.request()));
                    let text = issued["credentials"][0]["credential"].as_str().unwrap().to_owned();
                    let held =
                        credenza_formats::sd_jwt::Held::restore(text, &SdJwtLimits::default()).unwrap();
                    assert_eq!(held.claims()["given_name"], name.as_str());
                }
            });
        }
    });
}
