//! Offers, nonces, requests and responses, as wallets see them.

use std::collections::HashMap;

use credenza_oauth::respond;
use credenza_vci::issuer::{Deferral, Delivery, OfferRequest, OfferedCredential};
use http::{HeaderMap, Response};
use serde_json::{Value, json};

use super::{get, members, well_formed_error};
use crate::authorizing::{changed, exchange, parameter, request, world};
use crate::support::*;

/// The parameters of a link.
fn link(uri: &str) -> HashMap<String, String> {
    let (_, query) = uri.split_once('?').unwrap();
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn offered(object: &Value, grant: &str) {
    members(object, &["credential_issuer", "credential_configuration_ids", "grants"], &[]);
    assert_eq!(object["credential_issuer"], ISSUER);
    assert_eq!(object["credential_configuration_ids"], json!(["pid"]));
    members(&object["grants"], &[grant], &[]);
}

// Checks: ISS-040 to ISS-044
#[test]
fn an_offer_comes_by_value_or_by_reference_and_says_what_it_must() {
    let world = World::new();
    for delivery in [Delivery::ByValue, Delivery::ByReference] {
        for tx_code in [false, true] {
            let request = OfferRequest::of("pid", erika());
            let request = if tx_code { request.with_tx_code(6) } else { request };
            let offer = world.create(OfferRequest { delivery, ..request });
            let parameters = link(&offer.uri);
            assert_eq!(parameters.len(), 1, "one of the two: {}", offer.uri);
            let object: Value = match parameters.get("credential_offer_uri") {
                Some(uri) => {
                    let path = uri.strip_prefix("https://issuer.example").expect("https");
                    let response = get(&world, path, JSON);
                    assert_eq!(
                        (response.status().as_u16(), &response.headers()["content-type"]),
                        (200, &JSON.parse().unwrap())
                    );
                    body(&response)
                }
                None => serde_json::from_str(&parameters["credential_offer"]).unwrap(),
            };
            offered(&object, GRANT);
            let grant = &object["grants"][GRANT];
            members(grant, &["pre-authorized_code"], &["tx_code"]);
            let code = grant["pre-authorized_code"].as_str().unwrap();
            let mut form = vec![("grant_type", GRANT), ("pre-authorized_code", code)];
            assert_eq!(grant.get("tx_code").is_some(), tx_code);
            if tx_code {
                members(&grant["tx_code"], &[], &["input_mode", "length", "description"]);
                assert_eq!(world.token(&form).status(), 400);
                form.push(("tx_code", offer.tx_code.as_ref().unwrap().expose()));
            }
            assert_eq!(world.token(&form).status(), 200);
        }
    }
}

fn kept_by_nobody(response: &Response<Vec<u8>>) {
    assert_eq!(response.headers()["content-type"], JSON);
    assert!(response.headers()["cache-control"].to_str().unwrap().contains("no-store"));
}

// Checks: ISS-056, ISS-057, ISS-058, ISS-076
#[test]
fn a_credential_response_has_the_members_of_the_specification_and_no_others() {
    let world = World::new();
    let token = world.redeem(&world.offer());
    let response = world.credential(&token, &world.request());
    kept_by_nobody(&response);
    let issued = body(&response);
    members(&issued, &["credentials"], &["notification_id"]);
    assert!(issued["notification_id"].is_string());
    let [credential] = issued["credentials"].as_array().unwrap().as_slice() else { panic!("{issued}") };
    members(credential, &["credential"], &[]);
    assert!(credential["credential"].is_string());

    let deferral = Some(Deferral::UntilAskedAgain);
    let credential = OfferedCredential { configuration_id: "pid".into(), claims: Some(erika()), deferral };
    let offer = world.create(OfferRequest { credentials: vec![credential], ..OfferRequest::default() });
    let token = world.redeem(&offer);
    let response = world.credential(&token, &world.request());
    assert_eq!(response.status(), 202);
    members(&body(&response), &["transaction_id", "interval"], &[]);
    let transaction = body(&response)["transaction_id"].clone();
    let later = world.deferred(&token, &json!({ "transaction_id": transaction }));
    assert_eq!(later.status(), 200);
    kept_by_nobody(&later);
    members(&body(&later), &["credentials"], &["notification_id"]);
}

// Checks: ISS-047 to ISS-050
#[test]
fn a_nonce_is_given_to_everybody() {
    let world = World::new();
    let response = world.issuer.nonce().into_response();
    assert_eq!(response.status(), 200);
    kept_by_nobody(&response);
    members(&body(&response), &["c_nonce"], &[]);
    assert!(body(&response)["c_nonce"].is_string());
}

// Checks: ISS-061
#[test]
fn who_was_told_identifiers_names_one_and_who_was_not_names_the_configuration() {
    let world = world(|_| {});
    let details = json!([{ "type": "openid_credential", "credential_configuration_id": "pid" }]).to_string();
    for detailed in [false, true] {
        let asked = changed(request(), "authorization_details", detailed.then_some(&*details));
        let token = body(&world.exchange(&world.code_for(&asked)));
        let told = token.pointer("/authorization_details/0/credential_identifiers/0").cloned();
        assert_eq!(told.is_some(), detailed);
        let mut wanted = world.request();
        if let Some(identifier) = told {
            wanted.as_object_mut().unwrap().remove("credential_configuration_id");
            wanted["credential_identifier"] = identifier;
        }
        let response = world.credential(token["access_token"].as_str().unwrap(), &wanted);
        assert_eq!(response.status(), 200, "{}", body(&response));
    }
}

// Checks: ISS-124, ISS-125
#[test]
fn c14_each_error_of_the_endpoints_is_plain_json_with_a_code_of_the_specification() {
    let world = super::Within::new();
    let (world, provider) = (world.world, world.provider);
    let key = world.key();
    let urls = world.issuer.endpoints();
    let query = world.pushed(&provider.headers(&world), &request());
    let code = parameter(&world.agreed(&query), "code").unwrap();
    let bound = world.with_dpop(provider.headers(&world), &key, &urls.token);
    let token = body(&world.token_with(&bound, &exchange(&code)))["access_token"].clone();
    let token = token.as_str().unwrap();
    let headers = |url: &url::Url| -> HeaderMap {
        let headers = with(headers(JSON), "authorization", &format!("DPoP {token}"));
        with(headers, "dpop", &world.dpop(&key, url.as_str(), Some(token), None))
    };
    // Each asks for an encrypted response, and gets its error in plain.
    let wanted = json!({ "jwk": { "kty": "EC", "alg": "no-such-alg" }, "enc": "A128GCM" });
    for (mut request, code) in [
        (json!({ "credential_configuration_id": "nope" }), "unknown_credential_configuration"),
        (json!({ "credential_identifier": "nope" }), "unknown_credential_identifier"),
        (json!({ "credential_configuration_id": 1 }), "invalid_credential_request"),
        (world.request(), "invalid_encryption_parameters"),
    ] {
        request["credential_response_encryption"] = wanted.clone();
        let response = world.credential_with(&headers(&urls.credential), request.to_string().as_bytes());
        let either = [code, "invalid_encryption_parameters"];
        assert_eq!(response.status(), 400);
        assert!(either.contains(&&*refused(&response).1), "{request} {}", body(&response));
        well_formed_error(&response);
    }
    let request = json!({ "transaction_id": "nope", "credential_response_encryption": wanted });
    let response = world.deferred_with(&headers(&urls.deferred_credential), request.to_string().as_bytes());
    assert_eq!(response.status(), 400);
    well_formed_error(&response);
    let request = json!({ "notification_id": "nope", "event": "credential_accepted" });
    let response =
        wait(world.issuer.notification(&headers(&urls.notification), request.to_string().as_bytes()));
    let response = respond(response);
    assert_eq!(refused(&response), (400, "invalid_notification_id".to_owned()));
    well_formed_error(&response);
}

// Checks: ISS-126, ISS-127, ISS-129 to ISS-131
#[test]
fn what_is_wrong_with_a_request_has_a_code_of_its_own() {
    let world = World::new();
    let token = world.redeem(&world.offer());
    let key = world.key();
    let proof = |nonce: &str| json!({ "jwt": [world.proof(&key, nonce)] });
    let good = world.proof(&key, &world.nonce());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let broken = json!({ "jwt": [format!("{signed}.{flipped}{}", &signature[1..])] });
    for (request, code) in [
        (json!({ "credential_configuration_id": "pid", "proofs": proof("wrong") }), "invalid_nonce"),
        (json!({ "credential_configuration_id": "pid", "proofs": broken }), "invalid_proof"),
        (json!({ "credential_configuration_id": "pid" }), "invalid_proof"),
        (
            json!({ "credential_configuration_id": "nope", "proofs": proof(&world.nonce()) }),
            "unknown_credential_configuration",
        ),
        (
            json!({ "credential_identifier": "nope", "proofs": proof(&world.nonce()) }),
            "unknown_credential_identifier",
        ),
    ] {
        let response = world.credential(&token, &request);
        assert_eq!(refused(&response), (400, code.to_owned()), "{request}");
        well_formed_error(&response);
    }
    let request = json!({ "credential_configuration_id": "pid", "proofs": { "jwt": [good] } });
    assert_eq!(world.credential(&token, &request).status(), 200, "and the right one is served after all");
}
