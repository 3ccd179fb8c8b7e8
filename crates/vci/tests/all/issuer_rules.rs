//! What an issuer and its authorization server keep to, whoever asks.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::b64;
use credenza_vci::issuer::{MAX_BEARER, SessionState};
use credenza_vci::wallet::{Policy, WalletError};
use http::header::CONTENT_TYPE;
use serde_json::json;

use crate::authorizing::*;
use crate::hostile_issuer::{at, edit};
use crate::support::*;

// Clauses: VCI-13.10-01
#[test]
fn a_token_that_anybody_can_use_is_short_lived() {
    let world = world(|_| {});
    let urls = world.issuer.endpoints();
    let key = world.key();
    let dpop = |headers| world.with_dpop(headers, &key, &urls.token);
    let minutes = MAX_BEARER.as_secs();
    assert_eq!(minutes, 300);
    let bearer = body(&world.exchange(&world.code_for(&request())));
    let bound = body(&world.token_with(&dpop(headers(FORM)), &exchange(&world.code_for(&request()))));
    assert_eq!((&bearer["token_type"], &bearer["expires_in"]), (&json!("Bearer"), &json!(minutes)));
    assert_eq!((&bound["token_type"], &bound["expires_in"]), (&json!("DPoP"), &json!(1800)));
    let renewed = body(&world.refresh(bearer["refresh_token"].as_str().unwrap()));
    assert_eq!(renewed["expires_in"], minutes);
    let offered = world.redeem(&world.offer());
    world.clock.advance(MAX_BEARER);
    for token in [renewed["access_token"].as_str().unwrap(), &offered] {
        assert_eq!(refused(&world.credential(token, &world.request())), (401, "invalid_token".to_owned()));
    }
    let token = bound["access_token"].as_str().unwrap();
    let headers = with(headers(JSON), "authorization", &format!("DPoP {token}"));
    let proof = world.dpop(&key, urls.credential.as_str(), Some(token), None);
    let response =
        world.credential_with(&with(headers, "dpop", &proof), world.request().to_string().as_bytes());
    assert_eq!(response.status(), 200, "{}", body(&response));
}

// Clauses: VCI-8.3.1.2-02, VCI-8.3.1.2-03, VCI-8.3.1.2-05
#[test]
fn errors_are_json_with_a_code_and_printable_ascii() {
    let world = World::new();
    let token = world.redeem(&world.offer());
    let proofs = json!({ "jwt": [world.proof(&world.key(), "x")] });
    for (asked, code) in [
        (json!({ "credential_configuration_id": "päss\u{1b}\"\\" }), "unknown_credential_configuration"),
        (json!({ "credential_identifier": "ö" }), "unknown_credential_identifier"),
        (json!({ "credential_configuration_id": ["ü"] }), "invalid_credential_request"),
        (json!({ "credential_configuration_id": "pid" }), "invalid_proof"),
        (json!({ "credential_configuration_id": "pid", "proofs": { "jwt": ["ß"] } }), "invalid_proof"),
        (json!({ "credential_configuration_id": "pid", "proofs": proofs }), "invalid_nonce"),
        (
            json!({ "credential_configuration_id": "pid", "credential_response_encryption": "ä" }),
            "invalid_encryption_parameters",
        ),
    ] {
        let response = world.credential(&token, &asked);
        assert_eq!(refused(&response), (400, code.to_owned()), "{asked}");
        assert_eq!(response.headers()[CONTENT_TYPE], JSON, "{asked}");
        let description = body(&response)["error_description"].as_str().unwrap_or_default().to_owned();
        let printable = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(description.bytes().all(printable), "{description}");
    }
}

// Clauses: VCI-8.2-07, HAIP-4.3-03
#[test]
fn a_scope_is_good_for_the_configurations_that_have_it() {
    let world = world(|_| {});
    let code = world.code_for(&changed(request(), "scope", Some("pid")));
    let token = body(&world.exchange(&code))["access_token"].as_str().unwrap().to_owned();
    let mut other = world.request();
    other["credential_configuration_id"] = "diploma".into();
    assert_eq!(refused(&world.credential(&token, &other)), (403, "insufficient_scope".to_owned()));
    assert_eq!(world.credential(&token, &world.request()).status(), 200);
}

// Clauses: PKCE-4.4-02
#[test]
fn a_code_does_not_show_the_challenge() {
    let world = world(|_| {});
    let challenge = challenge();
    let raw = b64::decode(&challenge).unwrap();
    for query in [encoded(&request()), world.pushed(&headers(FORM), &request())] {
        let url = world.agreed(&query);
        assert!(!url.contains(&challenge), "{url}");
        let code = parameter(&url, "code").unwrap();
        let content = b64::decode(&code).unwrap();
        let shows = |part: &[u8]| content.windows(part.len()).any(|window| window == part);
        assert!(!shows(&raw) && !shows(challenge.as_bytes()));
        assert_eq!(world.exchange(&code).status(), 200, "and the server knows it all the same");
    }
}

// Clauses: PAR-7.2-01
#[test]
fn new_addresses_are_taken_from_those_who_authenticate() {
    let provider = Provider::new(7);
    let world = world(|settings| settings.attestation = Some(provider.settings()));
    let new = "https://wallet.example/new";
    let elsewhere = changed(request(), "redirect_uri", Some(new));
    // A name that anybody can say.
    let public = changed(elsewhere.clone(), "client_id", Some("other"));
    assert_eq!(refused(&world.push(&headers(FORM), &public)), (400, "invalid_request".to_owned()));
    let unknown = changed(elsewhere.clone(), "client_id", Some("attested"));
    assert_eq!(refused(&world.push(&headers(FORM), &unknown)), (400, "invalid_request".to_owned()));
    // The same name, and a wallet provider that vouches for it.
    let now = world.now();
    let vouched =
        attested(&provider.attestation("attested", now), &provider.pop("attested", ISSUER, now, None));
    let url = world.agreed(&world.pushed(&vouched, &unknown));
    assert!(url.starts_with(&format!("{new}?code=")), "{url}");
}

// Clauses: VCI-11.1-05
#[test]
fn one_bad_credential_of_a_batch_fails_the_batch() {
    let world = World::new();
    let offer = world.offer();
    let second = at("/tenant/credential", |response| {
        edit(response, |json| json["credentials"][1]["credential"] = "x".into());
    });
    let http = Arc::new(world.http().tampered(second));
    let (wallet, keys) = world.wallet(http.clone());
    let wallet = wallet.with_policy(Policy { copies: 2, ..Policy::default() });
    let result = wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept());
    assert!(matches!(result, Err(WalletError::Received(_))), "{result:?}");
    let asked = http.asked.lock().unwrap();
    let told = asked.iter().find(|request| request.uri().path() == "/tenant/notification").unwrap();
    let told: serde_json::Value = serde_json::from_slice(told.body()).unwrap();
    assert_eq!(told["event"], "credential_failure");
    assert_eq!((world.state(&offer.id), keys.made.lock().unwrap().len()), (SessionState::Failed, 0));
}

// Clauses: HAIP-4.4.1-05, ABCA-9.6-01
#[test]
fn a_wallet_asks_its_provider_anew_for_each_server() {
    use std::sync::Mutex;

    use credenza_core::{Answer, Secret};
    use credenza_crypto::{SignError, SoftwareSigner};
    use credenza_vci::wallet::{Attested, Client, WalletInstance};

    /// Writes down for which server it was asked, and has a key for each.
    struct Asked(Provider, credenza_core::UnixTime, Mutex<Vec<String>>);

    impl WalletInstance for Asked {
        fn attested<'a>(&'a self, server: &'a str) -> Answer<'a, Result<Attested, SignError>> {
            self.2.lock().unwrap().push(server.to_owned());
            let seed = server.bytes().map(u64::from).sum();
            let random = credenza_core::SeededRandom::new(seed);
            let key = SoftwareSigner::generate(credenza_crypto::Algorithm::Es256, &random).unwrap();
            let attestation = self.0.attestation_for(&key, CLIENT, self.1, Duration::from_secs(600));
            Answer::ready(Ok(Attested { attestation: Secret::new(attestation), key: Arc::new(key) }))
        }
    }

    let provider = Provider::new(7);
    let world = world(|settings| settings.attestation = Some(provider.settings()));
    let instance = Arc::new(Asked(provider, world.now(), Mutex::default()));
    let client = Client::Attested { client_id: CLIENT.to_owned(), instance: instance.clone() };
    let (wallet, _) = crate::wallet_authorization::wallet(&world, world.http(), client);
    crate::wallet_authorization::whole(&world, &wallet, &crate::wallet_authorization::browser_offer(&world));
    let asked = instance.2.lock().unwrap();
    assert!(!asked.is_empty() && asked.iter().all(|server| server == ISSUER), "{asked:?}");
}
