//! The whole way: offer, metadata, token, nonce, credentials, notification; wallet and issuer in one process.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::UnixTime;
use credenza_vci::issuer::{Delivery, DpopMode, OfferRequest, OfferedCredential, SessionState};
use credenza_vci::wallet::{Client, Opened, Policy, WalletError};
use serde_json::Value;

use crate::support::*;

fn kinds(view: &credenza_vci::issuer::SessionView) -> Vec<&str> {
    view.events.iter().map(|event| event.kind.as_str()).collect()
}

// Clauses: VCI-4.1.3-01, VCI-6.1-02, VCI-6.1-03, VCI-7.2-01, VCI-8.2-15, VCI-8.3-07, VCI-11.2-01, VCI-12.2.2-03, VCI-15.4.1-02, SDJ-10.1-02
// Checks: WVCI-008
#[test]
fn a_batch_of_three_by_reference_with_a_transaction_code() {
    let world = World::new();
    let offer = world.create(OfferRequest::of("pid", erika()).with_tx_code(6));
    assert_eq!(world.state(&offer.id), SessionState::Created);
    let http = Arc::new(world.http());
    let (wallet, keys) = world.wallet(http.clone());
    let wallet = wallet.with_policy(Policy { copies: 3, ..Policy::default() });

    let Opened::NeedsTxCode(opened) = wait(wallet.open(&offer.uri)).unwrap() else {
        panic!("no code asked for")
    };
    assert_eq!(world.state(&offer.id), SessionState::Retrieved);
    let summary = opened.summary();
    assert_eq!(summary.issuer.as_str(), ISSUER);
    assert_eq!(summary.issuer_display[0].name.as_deref(), Some("Example authority"));
    assert_eq!(summary.credentials[0].credential_type, VCT);
    assert_eq!(summary.credentials[0].copies, 3);
    assert_eq!(summary.tx_code.as_ref().unwrap().length, Some(6));

    // What can't be right is not sent: no try is lost.
    let (opened, error) = opened.tx_code("12345").unwrap_err();
    assert!(matches!(error, WalletError::TxCode(_)), "{error}");
    let (opened, _) = opened.tx_code("12345x").unwrap_err();
    let ready = opened.tx_code(offer.tx_code.as_ref().unwrap().expose()).unwrap();
    let received = wait(ready.accept()).unwrap();

    assert_eq!(received.credentials.len(), 3);
    assert!(received.failures.is_empty());
    assert!(received.reports.iter().all(credenza_core::Report::ok), "{}", received.reports[0]);
    let mut thumbprints: Vec<_> =
        received.credentials.iter().map(|held| held.key_thumbprint.clone()).collect();
    thumbprints.sort();
    thumbprints.dedup();
    assert_eq!(thumbprints.len(), 3);
    assert_eq!(keys.made.lock().unwrap().len(), 3);
    for held in &received.credentials {
        assert_eq!(held.claims["given_name"], "Erika");
        assert_eq!(held.claims["iss"], ISSUER);
        assert_eq!(held.issuer, ISSUER);
        assert_eq!(held.batch, received.credentials[0].batch);
        // Rounded to the hour, so that it says nothing about who was when at the counter.
        assert_eq!(held.claims["iat"].as_i64().unwrap() % 3600, 0);
        assert_eq!(held.expires_at, Some(UnixTime::from_secs(held.claims["exp"].as_i64().unwrap())));
    }

    let view = world.view(&offer.id);
    assert_eq!(view.state, SessionState::Issued);
    assert_eq!(view.sender_constrained, Some(true));
    assert_eq!(view.credentials[0].issued[0].copies, 3);
    wait(received.receipt.accepted()).unwrap();
    let view = world.view(&offer.id);
    assert_eq!(view.state, SessionState::Acknowledged);
    assert_eq!(
        kinds(&view),
        ["offer.created", "offer.retrieved", "offer.authorized", "credential.issued", "credential.accepted"]
    );
    let heard = world.heard.0.lock().unwrap();
    assert_eq!(heard.iter().map(|(_, event)| event.clone()).collect::<Vec<_>>(), view.events);
    let sequences: Vec<u32> = view.events.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, [1, 2, 3, 4, 5]);
}

// Clauses: VCI-4.1-02, VCI-3.3.2-02, VCI-11.1-01
#[test]
fn two_kinds_by_value_without_a_transaction_code() {
    let world = World::new();
    let credential = |id: &str| OfferedCredential {
        configuration_id: id.to_owned(),
        claims: Some(erika()),
        deferral: None,
    };
    let offer = world.create(OfferRequest {
        credentials: vec![credential("pid"), credential("diploma")],
        delivery: Delivery::ByValue,
        ..OfferRequest::default()
    });
    assert_eq!(offer.offer_uri, None);
    let http = Arc::new(world.http());
    let (wallet, _) = world.wallet(http.clone());
    let received = wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept()).unwrap();
    let types: Vec<_> = received.credentials.iter().map(|held| held.credential_type.as_str()).collect();
    assert_eq!(types, [VCT, "urn:example:diploma"]);
    assert_eq!(world.state(&offer.id), SessionState::Issued);
    wait(received.receipt.accepted()).unwrap();
    assert_eq!(world.state(&offer.id), SessionState::Acknowledged);
    assert_eq!(
        http.paths(),
        [
            "/.well-known/openid-credential-issuer/tenant",
            "/.well-known/oauth-authorization-server/tenant",
            "/tenant/token",
            "/tenant/nonce",
            "/tenant/credential",
            "/tenant/nonce",
            "/tenant/credential",
            "/tenant/notification",
            "/tenant/notification",
        ]
    );
}

// Clauses: DPOP-8-02, DPOP-8-05, DPOP-8.2-02, DPOP-11.3-01, VCI-7.2-04
// Checks: WVCI-053
#[test]
fn a21_the_wallet_repeats_with_the_nonce_that_each_server_wants() {
    let world = World::with(|builder| builder.dpop(DpopMode { required: true, nonce: true }));
    let offer = world.offer();
    let http = Arc::new(world.http());
    let (wallet, _) = world.wallet(http.clone());
    let received = wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept()).unwrap();
    wait(received.receipt.accepted()).unwrap();
    assert_eq!(world.state(&offer.id), SessionState::Acknowledged);
    let asked = http.paths();
    let count = |path: &str| asked.iter().filter(|asked| *asked == path).count();
    // The token endpoint has to ask; the credential endpoint does not, since the nonce endpoint has given one.
    assert_eq!((count("/tenant/token"), count("/tenant/credential")), (2, 1), "{asked:?}");
}

#[test]
fn the_holder_does_not_want_it_after_all() {
    let world = World::new();
    let offer = world.offer();
    let (wallet, _) = world.wallet(Arc::new(world.http()));
    let received = wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept()).unwrap();
    wait(received.receipt.deleted()).unwrap();
    let view = world.view(&offer.id);
    assert_eq!(view.state, SessionState::Failed);
    assert_eq!(view.failure.as_deref(), Some("the wallet reports credential_deleted"));
}

#[test]
fn a_session_looked_at_from_outside_has_no_secret_and_no_claim() {
    let world = World::new();
    let offer = world.create(OfferRequest::of("pid", erika()).with_tx_code(6));
    let code = world.code(&offer);
    let tx_code = offer.tx_code.as_ref().unwrap().expose();
    let response =
        world.token(&[("grant_type", GRANT), ("pre-authorized_code", &code), ("tx_code", tx_code)]);
    let token = body(&response)["access_token"].as_str().unwrap().to_owned();
    let response = world.credential(&token, &world.request());
    assert_eq!(response.status(), 200, "{:?}", body(&response));
    let view = serde_json::to_string(&world.view(&offer.id)).unwrap();
    let heard = format!("{:?} {offer:?} {:?}", world.heard.0.lock().unwrap(), offer.link);
    let handle = offer.offer_uri.as_ref().unwrap().path().rsplit('/').next().unwrap();
    for secret in ["Erika", "Mustermann", tx_code, code.as_str(), token.as_str(), handle] {
        assert!(!view.contains(secret), "{secret} in {view}");
        assert!(!heard.contains(secret), "{secret} in {heard}");
    }
}

// Clauses: VCI-4.1.1-14, VCI-7.2-02
#[test]
fn c23_values_are_not_made_of_each_other() {
    let world = World::new();
    let offer = world.offer();
    let code = world.code(&offer);
    let token = world.redeem(&offer);
    let issued = body(&world.credential(&token, &world.request()));
    let notification = issued["notification_id"].as_str().unwrap().to_owned();
    let handle = offer.offer_uri.as_ref().unwrap().path().rsplit('/').next().unwrap().to_owned();
    let values = [code, token, notification, handle, world.nonce(), offer.id.clone()];
    for (number, one) in values.iter().enumerate() {
        for other in values.iter().skip(number + 1) {
            // Sealed values share the number of the key and nothing else that could be recognised.
            assert!(!one.contains(&other[2..10.min(other.len())]), "{one} {other}");
        }
    }
}

#[test]
fn claims_are_forgotten_when_nobody_can_fetch_them_any_more() {
    use credenza_core::Key;
    let world = World::new();
    let kept = |id: &str| {
        let record = wait(world.store.get(&Key::new("vci.session", id))).unwrap().unwrap();
        String::from_utf8(record.value).unwrap().contains("Mustermann")
    };
    let offer = world.offer();
    let (wallet, _) = world.wallet(Arc::new(world.http()));
    let received = wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept()).unwrap();
    assert!(kept(&offer.id));
    wait(received.receipt.accepted()).unwrap();
    assert!(!kept(&offer.id));
    let offer = world.offer();
    wait(world.issuer.cancel(&offer.id)).unwrap();
    assert!(!kept(&offer.id));
}

#[test]
fn a_credential_can_be_fetched_again_when_the_answer_was_lost_but_not_for_ever() {
    let world = World::new();
    let offer = world.offer();
    let token = world.redeem(&offer);
    for _ in 0..4 {
        assert_eq!(world.credential(&token, &world.request()).status(), 200);
    }
    let fifth = world.credential(&token, &world.request());
    assert_eq!(refused(&fifth), (400, "credential_request_denied".to_owned()));
}

#[test]
fn an_expired_token_and_an_expired_offer_are_over() {
    let world = World::new();
    let (late, never) = (world.offer(), world.offer());
    let token = world.redeem(&late);
    world.clock.advance(Duration::from_secs(1800));
    assert_eq!(refused(&world.credential(&token, &world.request())), (401, "invalid_token".to_owned()));
    assert_eq!(world.state(&late.id), SessionState::Expired);
    assert_eq!(world.state(&never.id), SessionState::Expired);
    world.clock.advance(Duration::from_secs(86_400));
    assert!(wait(world.issuer.session(&never.id)).unwrap().is_none());
    let _: Value = body(&world.credential(&token, &world.request()));
}

// Clauses: VCI-F.1-17, VCI-6.1-05
#[test]
fn a_wallet_that_says_who_it_is() {
    let world = World::with(|builder| builder.anonymous_access(false));
    let offer = world.offer();
    let (wallet, _) = world.wallet(Arc::new(world.http()));
    let anonymous = wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept()).unwrap_err();
    assert!(matches!(anonymous, WalletError::Refused { code, .. } if code == "invalid_client"));
    let named = wallet.with_client(Client::Public { client_id: "wallet".to_owned() });
    let received = wait(ready(wait(named.open(&offer.uri)).unwrap()).accept()).unwrap();
    assert_eq!(received.credentials.len(), 1);

    // A name that anybody can say is not said to a server that serves anonymous wallets.
    let world = World::with(|builder| builder.anonymous_access(true));
    let http = Arc::new(world.http());
    let named = world.wallet(http.clone()).0.with_client(Client::Public { client_id: "wallet".to_owned() });
    wait(ready(wait(named.open(&world.offer().uri)).unwrap()).accept()).unwrap();
    let asked = http.asked.lock().unwrap();
    let token =
        asked.iter().find(|request| request.uri() == world.issuer.endpoints().token.as_str()).unwrap();
    assert!(!String::from_utf8_lossy(token.body()).contains("client_id"));
}

// Clauses: VCI-6.2-05, VCI-6.2-07, VCI-6.2-09, VCI-8.2-02
// Checks: WVCI-081
#[test]
fn a_wallet_that_was_told_identifiers_uses_them() {
    let world = World::new();
    let offer = world.offer();
    let http = Arc::new(world.http().tampered(|request, response| {
        if request.uri().path() == "/tenant/token" {
            let mut json = body(response);
            json["authorization_details"] = serde_json::json!([{
                "type": "openid_credential", "credential_configuration_id": "pid", "unknown": 1,
                "credential_identifiers": ["one", "two"],
            }]);
            json["unknown"] = 1.into();
            *response.body_mut() = json.to_string().into_bytes();
        }
    }));
    let (wallet, keys) = world.wallet(http.clone());
    // This issuer has told nobody, so that it knows none of them.
    let error = wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept()).unwrap_err();
    assert!(matches!(error, WalletError::Refused { code, .. } if code == "unknown_credential_identifier"));
    let asked = http.asked.lock().unwrap();
    let requests: Vec<Value> = asked
        .iter()
        .filter(|request| request.uri().path() == "/tenant/credential")
        .map(|request| serde_json::from_slice(request.body()).unwrap())
        .collect();
    assert_eq!(
        requests.iter().map(|request| &request["credential_identifier"]).collect::<Vec<_>>(),
        ["one", "two"]
    );
    assert!(requests.iter().all(|request| request.get("credential_configuration_id").is_none()));
    assert!(keys.made.lock().unwrap().is_empty());
}

// Clauses: VCI-4.1.1-10, VCI-12.2.4-04
#[test]
fn the_authorization_server_is_found_among_several() {
    let world = World::new();
    for hinted in [false, true] {
        let offer = world.offer();
        let http = Arc::new(world.http().tampered(move |request, response| {
            let path = request.uri().path().to_owned();
            let other = path == "/.well-known/oauth-authorization-server/other";
            let mut json = if other { serde_json::json!({}) } else { body(response) };
            if path.starts_with("/.well-known/openid-credential-issuer") {
                json["authorization_servers"] = serde_json::json!(["https://issuer.example/other", ISSUER]);
            } else if other {
                json = serde_json::json!({
                    "issuer": "https://issuer.example/other", "token_endpoint": "https://issuer.example/x",
                    "grant_types_supported": ["authorization_code"],
                });
                *response.status_mut() = http::StatusCode::OK;
                response.headers_mut().insert("content-type", JSON.parse().unwrap());
            } else if hinted && path.starts_with("/tenant/offers/") {
                json["grants"][GRANT]["authorization_server"] = ISSUER.into();
            } else {
                return;
            }
            *response.body_mut() = json.to_string().into_bytes();
        }));
        let (wallet, _) = world.wallet(http.clone());
        let opened = wait(wallet.open(&offer.uri)).unwrap();
        assert_eq!(opened.summary().token_endpoint.as_str(), "https://issuer.example/tenant/token");
        assert_eq!(http.paths().iter().any(|path| path.ends_with("/other")), !hinted);
        wait(ready(opened).accept()).unwrap();
    }
}
