//! The token endpoint.

use std::sync::Arc;
use std::time::Duration;

use credenza_vci::issuer::{Delivery, OfferRequest, OfferedCredential, SessionState, TxCodeRequest};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde_json::{Value, json};

use crate::support::*;

fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

// Clauses: VCI-6.1-06, VCI-6.2-01
#[test]
fn a_token_response_is_complete_and_not_cached() {
    let world = World::new();
    let code = world.code(&world.offer());
    let response = world.token(&[("grant_type", GRANT), ("pre-authorized_code", &code)]);
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    let token = body(&response);
    assert_eq!(token["token_type"], "Bearer");
    assert_eq!(token["expires_in"], 300);
    assert!(token.get("authorization_details").is_none());
}

// Clauses: VCI-4.1.1-14
#[test]
fn a02_a_code_is_redeemed_once_whichever_copy_of_it_is_sent() {
    let world = World::new();
    let offer = world.offer();
    let (one, other) = (world.code(&offer), world.code(&offer));
    assert_ne!(one, other);
    let redeem = |code: &str| world.token(&[("grant_type", GRANT), ("pre-authorized_code", code)]);
    assert_eq!(redeem(&one).status(), 200);
    assert_eq!(refused(&redeem(&one)), invalid_grant());
    assert_eq!(refused(&redeem(&other)), invalid_grant());
}

#[test]
fn a02_wrong_expired_cancelled_and_foreign_codes_are_one_and_the_same() {
    let world = World::new();
    let redeem = |code: &str| world.token(&[("grant_type", GRANT), ("pre-authorized_code", code)]);
    let offer = world.offer();
    let cancelled = world.code(&offer);
    wait(world.issuer.cancel(&offer.id)).unwrap();
    let expired =
        world.code(&world.create(OfferRequest { expires_in: Some(5), ..OfferRequest::of("pid", erika()) }));
    world.clock.advance(Duration::from_secs(5));
    let nonce = world.nonce();
    // Sealed with the same keys, and unknown here.
    let elsewhere = World::new();
    let foreign = elsewhere.code(&elsewhere.offer());
    let mut texts = vec!["x", "", "ä", &cancelled, &expired, &nonce, &foreign];
    let id = offer.id.clone();
    texts.push(&id);
    let bodies: Vec<Value> = texts
        .iter()
        .filter(|text| !text.is_empty())
        .map(|text| {
            let response = redeem(text);
            assert_eq!(refused(&response), invalid_grant(), "{text}");
            body(&response)
        })
        .collect();
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(refused(&redeem("")), (400, "invalid_request".to_owned()));
}

#[test]
fn c29_a_code_of_one_issuer_is_no_code_of_another_on_the_same_store() {
    use credenza_core::Clock as _;
    let one = World::new();
    let random = one.random.clone();
    let other = credenza_vci::issuer::Issuer::builder("https://issuer.example/other")
        .configuration(pid())
        .signer(one.signer.clone())
        .store(one.store.clone())
        .sealer(one.sealer.clone())
        .clock(one.clock.clone())
        .random(random)
        .build()
        .unwrap();
    let offer = one.offer();
    let form =
        credenza_oauth::form::encode(&[("grant_type", GRANT), ("pre-authorized_code", &one.code(&offer))]);
    let error = wait(other.token(&headers(FORM), form.as_bytes())).unwrap_err();
    assert!(matches!(error, credenza_vci::issuer::TokenError::InvalidGrant));
    assert!(wait(other.session(&offer.id)).unwrap().is_none());
    assert!(wait(other.cancel(&offer.id)).is_err());
    let token = one.redeem(&offer);
    let error = wait(other.credential(&bearer(&token), one.request().to_string().as_bytes())).unwrap_err();
    assert_eq!(credenza_oauth::EndpointError::code(&error), "invalid_token");
    assert!(one.clock.now() >= START);
}

// Clauses: VCI-4.1.1-16, VCI-6.1-03,
// VCI-3.5-01
#[test]
fn a03_a38_five_wrong_transaction_codes_kill_the_offer() {
    let world = World::new();
    let offer = world.create(OfferRequest::of("pid", erika()).with_tx_code(4));
    let code = world.code(&offer);
    let right = offer.tx_code.as_ref().unwrap().expose();
    let wrong = if right == "0000" { "1111" } else { "0000" };
    let redeem = |tx_code: &str| {
        world.token(&[("grant_type", GRANT), ("pre-authorized_code", &code), ("tx_code", tx_code)])
    };
    for number in 1..=4 {
        assert_eq!(refused(&redeem(wrong)), invalid_grant());
        assert_eq!(world.view(&offer.id).tx_code.unwrap().wrong, number);
    }
    assert_eq!(world.state(&offer.id), SessionState::Retrieved);
    assert_eq!(refused(&redeem(wrong)), invalid_grant());
    assert_eq!(world.state(&offer.id), SessionState::Failed);
    assert_eq!(refused(&redeem(right)), invalid_grant());
    assert_eq!(world.view(&offer.id).tx_code.unwrap().wrong, 5);
}

#[test]
fn a03_four_wrong_ones_do_not() {
    let world = World::new();
    let offer = world.create(OfferRequest::of("pid", erika()).with_tx_code(4));
    let code = world.code(&offer);
    let right = offer.tx_code.as_ref().unwrap().expose();
    for _ in 0..4 {
        let wrong = [("grant_type", GRANT), ("pre-authorized_code", code.as_str()), ("tx_code", "x")];
        assert_eq!(refused(&world.token(&wrong)), invalid_grant());
    }
    let response = world.token(&[("grant_type", GRANT), ("pre-authorized_code", &code), ("tx_code", right)]);
    assert_eq!(response.status(), 200);
}

// Clauses: VCI-6.1-01, VCI-6.1-03, VCI-6.1-04
#[test]
fn a04_a_transaction_code_too_few_or_too_many() {
    let world = World::new();
    let with = world.create(OfferRequest::of("pid", erika()).with_tx_code(4));
    let without = world.offer();
    let invalid_request = (400, "invalid_request".to_owned());
    let code = world.code(&with);
    for tx_code in [None, Some("")] {
        let mut form = vec![("grant_type", GRANT), ("pre-authorized_code", code.as_str())];
        form.extend(tx_code.map(|tx_code| ("tx_code", tx_code)));
        assert_eq!(refused(&world.token(&form)), invalid_request);
    }
    assert_eq!(world.view(&with.id).tx_code.unwrap().wrong, 0);
    let code = world.code(&without);
    let form = [("grant_type", GRANT), ("pre-authorized_code", code.as_str()), ("tx_code", "1234")];
    assert_eq!(refused(&world.token(&form)), invalid_request);
    let form = [("grant_type", "authorization_code"), ("code", "x"), ("tx_code", "1234")];
    assert_eq!(refused(&world.token(&form)), invalid_request);
    // Nothing was used up by that.
    world.redeem(&without);
}

#[test]
fn a05_a_text_code_is_compared_as_it_is() {
    let world = World::new();
    let tx_code = TxCodeRequest {
        code: Some("Straße 7".to_owned().into()),
        input_mode: credenza_vci::messages::InputMode::Text,
        ..TxCodeRequest::default()
    };
    let offer = world.create(OfferRequest { tx_code: Some(tx_code), ..OfferRequest::of("pid", erika()) });
    let code = world.code(&offer);
    let redeem = |tx_code: &str| {
        world.token(&[("grant_type", GRANT), ("pre-authorized_code", &code), ("tx_code", tx_code)])
    };
    assert_eq!(refused(&redeem("strasse 7")), invalid_grant());
    assert_eq!(redeem("Straße 7").status(), 200);
}

#[test]
fn a18_a_wallet_must_say_who_it_is_where_anonymous_access_is_off() {
    let world = World::with(|builder| builder.anonymous_access(false));
    let code = world.code(&world.offer());
    let mut form = vec![("grant_type", GRANT), ("pre-authorized_code", code.as_str())];
    assert_eq!(refused(&world.token(&form)), (400, "invalid_client".to_owned()));
    form.push(("client_id", "wallet"));
    assert_eq!(world.token(&form).status(), 200);
    let metadata: Value = serde_json::from_slice(&world.issuer.authorization_server_metadata()).unwrap();
    assert_eq!(metadata["pre-authorized_grant_anonymous_access_supported"], false);
}

// Clauses: VCI-6.1-12, OABCP-5.4-01
#[test]
fn a33_a34_what_is_no_form_is_refused_and_costs_nothing() {
    let world = World::new();
    let offer = world.offer();
    let code = world.code(&offer);
    let good = format!("grant_type={}&pre-authorized_code={code}", GRANT.replace(':', "%3A"));
    let send = |content_type: &str, body: &str| {
        credenza_oauth::respond(wait(world.issuer.token(&headers(content_type), body.as_bytes())))
    };
    let invalid_request = (400, "invalid_request".to_owned());
    assert_eq!(refused(&send(FORM, &format!("{good}&pre-authorized_code={code}"))), invalid_request);
    assert_eq!(refused(&send(FORM, &format!("{good}&grant_type=x"))), invalid_request);
    assert_eq!(
        refused(&send(JSON, &json!({ "grant_type": GRANT, "pre-authorized_code": code }).to_string())),
        invalid_request
    );
    assert_eq!(refused(&send("multipart/form-data", &good)), invalid_request);
    assert_eq!(refused(&send(FORM, "")), invalid_request);
    assert_eq!(refused(&send(FORM, &format!("grant_type={GRANT}"))), invalid_request);
    assert_eq!(refused(&send(FORM, "grant_type=%zz")), invalid_request);
    assert_eq!(
        refused(&send(FORM, "grant_type=password&username=x")),
        (400, "unsupported_grant_type".to_owned())
    );
    assert_eq!(world.state(&offer.id), SessionState::Retrieved);
    let unknown = format!("{good}&nobody_knows=this&client_id=");
    assert_eq!(send("application/x-www-form-urlencoded; charset=UTF-8", &unknown).status(), 200);
}

// Clauses: VCI-6.1-09, VCI-6.1.1-01, VCI-6.1.1-02, VCI-6.2-02, VCI-6.2-04
#[test]
fn a27_authorization_details_choose_among_what_is_offered() {
    let world = World::new();
    let credential = |id: &str| OfferedCredential {
        configuration_id: id.to_owned(),
        claims: Some(erika()),
        deferral: None,
    };
    let both = || {
        world.create(OfferRequest {
            credentials: vec![credential("pid"), credential("diploma")],
            ..Default::default()
        })
    };
    let ask = |offer, details: Value| {
        let code = world.code(offer);
        let details = details.to_string();
        world.token(&[
            ("grant_type", GRANT),
            ("pre-authorized_code", &code),
            ("authorization_details", &details),
        ])
    };
    let offer = both();
    let detail = |id: &str| json!({ "type": "openid_credential", "credential_configuration_id": id, "x": 1 });
    for (details, error) in [
        (json!([detail("other")]), "invalid_authorization_details"),
        (json!([detail("pid"), detail("other")]), "invalid_authorization_details"),
        (
            json!([{ "type": "payment", "credential_configuration_id": "pid" }]),
            "invalid_authorization_details",
        ),
        (json!([{ "type": "openid_credential" }]), "invalid_authorization_details"),
        (json!([]), "invalid_authorization_details"),
        (json!({}), "invalid_authorization_details"),
        (
            json!([{ "type": "openid_credential", "credential_configuration_id": "pid", "locations": ["https://x.example"] }]),
            "invalid_authorization_details",
        ),
    ] {
        assert_eq!(refused(&ask(&offer, details.clone())), (400, error.to_owned()), "{details}");
    }
    let response = body(&ask(&offer, json!([detail("pid")])));
    let granted = &response["authorization_details"];
    assert_eq!(granted.as_array().unwrap().len(), 1);
    assert_eq!(granted[0]["credential_configuration_id"], "pid");
    assert_eq!(granted[0]["credential_identifiers"].as_array().unwrap().len(), 1);
    let token = response["access_token"].as_str().unwrap();
    let identifier = granted[0]["credential_identifiers"][0].as_str().unwrap();
    let proof = world.proof(&world.key(), &world.nonce());
    let issued = world
        .credential(token, &json!({ "credential_identifier": identifier, "proofs": { "jwt": [proof] } }));
    assert_eq!(issued.status(), 200);
    assert_eq!(world.state(&offer.id), SessionState::Issued);
}

#[test]
fn a27_a_scope_chooses_too_and_never_widens() {
    let world = World::new();
    let ask = |offer, scope: &str| {
        let code = world.code(offer);
        world.token(&[("grant_type", GRANT), ("pre-authorized_code", &code), ("scope", scope)])
    };
    let offer = world.offer();
    assert_eq!(refused(&ask(&offer, "diploma")), (400, "invalid_scope".to_owned()));
    assert_eq!(refused(&ask(&offer, "pid diploma")), (400, "invalid_scope".to_owned()));
    assert_eq!(ask(&offer, "pid").status(), 200);
}

#[test]
fn a_store_that_fails_is_a_503_and_not_a_500() {
    use credenza_core::{Answer, Key, Record, Store, StoreError, Write};
    struct Broken;
    impl Store for Broken {
        fn get<'a>(&'a self, _: &'a Key) -> Answer<'a, Result<Option<Record>, StoreError>> {
            Answer::ready(Err(StoreError::Unavailable("disk full of canary".to_owned())))
        }
        fn commit(&self, _: Vec<Write>) -> Answer<'_, Result<(), StoreError>> {
            Answer::ready(Err(StoreError::Unavailable("disk full of canary".to_owned())))
        }
        fn take<'a>(&'a self, _: &'a Key) -> Answer<'a, Result<Option<Record>, StoreError>> {
            Answer::ready(Err(StoreError::Unavailable("disk full of canary".to_owned())))
        }
        fn list<'a>(
            &'a self,
            _: &'static str,
            _: Option<&'a str>,
            _: usize,
        ) -> Answer<'a, Result<Vec<(String, Record)>, StoreError>> {
            Answer::ready(Err(StoreError::Unavailable("disk full of canary".to_owned())))
        }
        fn sweep(&self, _: usize) -> Answer<'_, Result<usize, StoreError>> {
            Answer::ready(Ok(0))
        }
    }
    let good = World::new();
    let offer = good.create(OfferRequest { delivery: Delivery::ByValue, ..OfferRequest::of("pid", erika()) });
    let code = good.code(&offer);
    let token = good.redeem(&offer);
    let broken = World::with(|builder| builder.store(Arc::new(Broken)).sealer(good.sealer.clone()));
    let response = broken.token(&[("grant_type", GRANT), ("pre-authorized_code", &code)]);
    assert_eq!(refused(&response), (503, "temporarily_unavailable".to_owned()));
    assert!(!String::from_utf8_lossy(response.body()).contains("canary"));
    let response = broken.credential(&token, &good.request());
    assert_eq!(refused(&response), (503, "temporarily_unavailable".to_owned()));
    assert!(!String::from_utf8_lossy(response.body()).contains("canary"));
}
