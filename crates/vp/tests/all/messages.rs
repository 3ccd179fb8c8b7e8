//! Messages: read and written, and never a panic on what strangers send.

use credenza_oauth::Form;
use credenza_vp::messages::{
    AuthorizationRequest, AuthorizationResponse, ClientId, ClientIdPrefix, Presentation, RequestUriForm,
    ResponseForm, ResponseMode, VpToken, WalletError,
};
use proptest::prelude::*;
use serde_json::json;

#[test]
fn unknown_response_modes_and_members_are_no_syntax_errors() {
    let request: AuthorizationRequest =
        serde_json::from_value(json!({ "response_mode": "fragment.jwt", "iss": "x", "new": [1] })).unwrap();
    assert_eq!(request.response_mode, Some(ResponseMode::Unsupported));
}

#[test]
fn a_broken_member_does_not_hide_the_others() {
    let request: AuthorizationRequest = serde_json::from_value(json!({
        "client_id": "c", "state": "s", "dcql_query": { "credentials": [] }, "client_metadata": 1,
    }))
    .unwrap();
    assert_eq!(request.state.as_deref(), Some("s"));
    assert!(request.dcql_query.unwrap().0.unwrap_err().contains("credentials"));
    assert!(request.client_metadata.unwrap().0.is_err());
}

// Clauses: VP-5.1-03, VP-5.1-08
#[test]
fn metadata_of_the_wrong_shape() {
    for metadata in [
        json!([]),
        json!("x"),
        json!({ "jwks": null }),
        json!({ "jwks": { "keys": 1 } }),
        json!({ "jwks": { "keys": [{ "kty": "oct", "k": "AA" }] } }),
        json!({ "vp_formats_supported": [] }),
        json!({ "encrypted_response_enc_values_supported": [] }),
        json!({ "encrypted_response_enc_values_supported": "A128GCM" }),
        json!({ "encrypted_response_enc_values_supported": [1] }),
    ] {
        let request: AuthorizationRequest =
            serde_json::from_value(json!({ "client_metadata": metadata })).unwrap();
        assert!(request.client_metadata.unwrap().0.is_err(), "{metadata}");
    }
}

#[test]
fn requests_survive_the_url() {
    let world = crate::world::world();
    let mut wanted = credenza_vp::PresentationRequest::new(crate::world::query());
    wanted.prefix = Some(credenza_vp::verifier::RequestedPrefix::RedirectUri);
    let created = world.create(wanted);
    let form = Form::parse(created.wallet_query.as_bytes()).unwrap();
    let request = AuthorizationRequest::from_query(&form);
    assert_eq!(request.dcql_query.as_ref().unwrap().0.as_ref().unwrap(), &crate::world::query());
    assert_eq!(request.to_query(), created.wallet_query);
    assert_eq!(request.client_id.unwrap(), format!("redirect_uri:{}", request.response_uri.unwrap()));
}

#[test]
fn an_error_in_the_clear_and_encrypted() {
    let error = WalletError { error: "access_denied".into(), error_description: None };
    let response = AuthorizationResponse { state: Some("s".into()), outcome: Err(error), id_token: None };
    assert_eq!(response.to_form(), "error=access_denied&state=s");
    assert_eq!(AuthorizationResponse::from_json(&response.to_json()).unwrap(), response);
}

proptest! {
    #[test]
    fn client_ids_keep_every_character(text in ".{0,64}") {
        let client_id = ClientId::parse(text.clone());
        prop_assert_eq!(client_id.as_str(), text.as_str());
        let again = ClientId::new(client_id.prefix(), client_id.original());
        prop_assert_eq!(again.as_str(), text.as_str());
        if client_id.prefix() == ClientIdPrefix::PreRegistered {
            prop_assert_eq!(client_id.original(), text.as_str());
        }
    }

    #[test]
    fn strangers_bodies_never_panic(body: Vec<u8>) {
        let _ = RequestUriForm::parse(&body);
        let _ = AuthorizationResponse::from_json(&body);
        if let Ok(form) = Form::parse(&body) {
            let _ = ResponseForm::read(&form);
            let _ = AuthorizationRequest::from_query(&form);
        }
    }

    #[test]
    fn links_never_panic(link in "(openid4vp|https)://[ -~]{0,80}") {
        let world = crate::world::world();
        let side = world.wallet_over(|_| Err(credenza_core::HttpError::TimedOut), |builder| builder);
        prop_assert!(crate::world::run(side.wallet.resolve(&link)).is_err());
    }

    #[test]
    fn responses_round_trip(
        entries in prop::collection::btree_map("[a-zA-Z0-9_-]{1,8}", prop::collection::vec(".{0,20}", 1..3), 1..4),
        state in prop::option::of("[a-z]{1,10}"),
    ) {
        let mut token = VpToken::new();
        for (id, texts) in &entries {
            for text in texts {
                token.add(id, Presentation::Text(text.clone()));
            }
        }
        let response = AuthorizationResponse { state, outcome: Ok(token), id_token: None };
        prop_assert_eq!(&AuthorizationResponse::from_json(&response.to_json()).unwrap(), &response);
        let body = response.to_form();
        let form = Form::parse(body.as_bytes()).unwrap();
        prop_assert_eq!(ResponseForm::read(&form).unwrap(), ResponseForm::Plain(response));
    }
}
