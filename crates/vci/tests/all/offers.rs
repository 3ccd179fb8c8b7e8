//! Making offers, and fetching them by reference.

use std::collections::HashSet;
use std::time::Duration;

use credenza_core::Secret;
use credenza_oauth::respond;
use credenza_vci::issuer::{
    CancelError, Delivery, OfferError, OfferRequest, OfferedCredential, SessionState, TxCodeRequest,
};
use credenza_vci::messages::{CredentialOffer, InputMode, OfferLink};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde_json::{Map, json};

use crate::support::*;

fn handle(offer: &credenza_vci::issuer::CreatedOffer) -> String {
    offer.offer_uri.as_ref().unwrap().path().rsplit('/').next().unwrap().to_owned()
}

// Clauses: VCI-4.1.1-01, VCI-4.1.1-02, VCI-4.1.1-13, VCI-4.1.3-02, VCI-4.1.3-03,
// VCI-4.1.3-05
#[test]
fn c22_an_offer_by_reference_is_unguessable_expires_and_is_not_cached() {
    let world = World::new();
    let offer = world.offer();
    let uri = offer.offer_uri.clone().unwrap();
    assert!(uri.as_str().starts_with("https://issuer.example/tenant/offers/"));
    assert!(!uri.as_str().contains(&offer.id));
    assert_eq!(OfferLink::parse(&offer.uri).unwrap(), OfferLink::ByReference(uri));
    let response = respond(wait(world.issuer.offer_object(&handle(&offer))));
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    let object = CredentialOffer::parse(response.body()).unwrap();
    assert_eq!(object.credential_issuer, ISSUER);
    assert_eq!(object.credential_configuration_ids, ["pid"]);
    assert_eq!(world.state(&offer.id), SessionState::Retrieved);
    // Wallets fetch twice; that is no second event.
    assert_eq!(respond(wait(world.issuer.offer_object(&handle(&offer)))).status(), 200);
    assert_eq!(world.view(&offer.id).events.len(), 2);
    for guess in [offer.id.as_str(), "x", "", &world.code(&offer), &world.nonce()] {
        assert_eq!(respond(wait(world.issuer.offer_object(guess))).status(), 404, "{guess}");
    }
    world.redeem(&offer);
    assert_eq!(respond(wait(world.issuer.offer_object(&handle(&offer)))).status(), 404);
    let expired = world.offer();
    world.clock.advance(Duration::from_secs(600));
    assert_eq!(respond(wait(world.issuer.offer_object(&handle(&expired)))).status(), 404);
    let handles: HashSet<String> = (0..200).map(|_| handle(&world.offer())).collect();
    assert_eq!(handles.len(), 200);
    assert!(handles.iter().all(|handle| handle.len() >= 43));
}

// Clauses: VCI-4.1-02, VCI-4.1-03,
// HAIP-4.2-06
#[test]
fn links_for_any_wallet() {
    let world = World::new();
    let offer =
        world.create(OfferRequest { delivery: Delivery::ByValue, ..OfferRequest::of("pid", erika()) });
    assert!(offer.uri.starts_with("openid-credential-offer://?credential_offer=%7B"));
    let endpoint = "https://wallet.example/offer?lang=de".parse().unwrap();
    let link = offer.link.to_link(&endpoint);
    assert!(link.as_str().starts_with("https://wallet.example/offer?lang=de&credential_offer="));
    assert_eq!(OfferLink::parse(link.as_str()).unwrap(), offer.link);
    assert_eq!(OfferLink::parse(&offer.uri).unwrap(), offer.link);
}

#[test]
fn what_can_not_be_offered() {
    let world = World::new();
    let error = |request: OfferRequest| wait(world.issuer.create_offer(request)).unwrap_err();
    assert_eq!(error(OfferRequest::default()), OfferError::Count);
    let many =
        OfferedCredential { configuration_id: "pid".to_owned(), claims: Some(erika()), deferral: None };
    assert_eq!(error(OfferRequest { credentials: vec![many; 101], ..Default::default() }), OfferError::Count);
    assert_eq!(error(OfferRequest::of("nope", erika())), OfferError::UnknownConfiguration("nope".to_owned()));
    assert!(matches!(error(OfferRequest::of("pid", Map::new())), OfferError::MissingClaim { .. }));
    for name in ["iss", "iat", "exp", "nbf", "vct", "cnf", "status", "_sd", "_sd_alg", "..."] {
        let mut claims = erika();
        claims.insert(name.to_owned(), json!("x"));
        assert_eq!(error(OfferRequest::of("pid", claims)), OfferError::ReservedClaim(name));
    }
    let mut claims = erika();
    claims.insert("address".to_owned(), json!({ "_sd": ["x"] }));
    assert!(matches!(error(OfferRequest::of("pid", claims)), OfferError::Unfit { .. }));
    let mut claims = erika();
    claims.insert("portrait".to_owned(), "x".repeat(600_000).into());
    assert_eq!(error(OfferRequest::of("pid", claims)), OfferError::TooLarge);
    for expires_in in [0, 31 * 24 * 3600, u64::MAX] {
        let request = OfferRequest { expires_in: Some(expires_in), ..OfferRequest::of("pid", erika()) };
        assert_eq!(error(request), OfferError::Lifetime);
    }
    let tx = |tx_code| OfferRequest { tx_code: Some(tx_code), ..OfferRequest::of("pid", erika()) };
    let of = |code: &str, input_mode| TxCodeRequest {
        code: Some(Secret::new(code.to_owned())),
        input_mode,
        ..TxCodeRequest::default()
    };
    for bad in [
        of("12a4", InputMode::Numeric),
        of("123", InputMode::Numeric),
        of("", InputMode::Text),
        of("ab\ncd", InputMode::Text),
        of(&"x".repeat(65), InputMode::Text),
        TxCodeRequest { length: Some(3), ..Default::default() },
        TxCodeRequest { length: Some(13), ..Default::default() },
        TxCodeRequest { description: Some("x".repeat(301)), ..Default::default() },
    ] {
        assert!(matches!(error(tx(bad.clone())), OfferError::TxCode(_)), "{bad:?}");
    }
}

#[test]
fn an_offer_request_is_read_from_json() {
    let text = r#"{ "credentials": [{ "configuration_id": "pid", "claims": { "given_name": "Erika" } }],
                    "tx_code": { "length": 5, "description": "sent by letter" }, "delivery": "by_value" }"#;
    let request: OfferRequest = serde_json::from_str(text).unwrap();
    assert!(!format!("{request:?}").contains("Erika"));
    let world = World::new();
    let offer = world.create(request);
    assert_eq!(offer.tx_code.as_ref().unwrap().expose().len(), 5);
    assert!(!format!("{offer:?}").contains(offer.tx_code.as_ref().unwrap().expose()));
}

#[test]
fn cancelling() {
    let world = World::new();
    let offer = world.offer();
    assert_eq!(wait(world.issuer.cancel(&offer.id)).unwrap().state, SessionState::Cancelled);
    assert_eq!(wait(world.issuer.cancel(&offer.id)).unwrap().events.len(), 2);
    assert_eq!(respond(wait(world.issuer.offer_object(&handle(&offer)))).status(), 404);
    assert_eq!(wait(world.issuer.cancel("nope")).unwrap_err(), CancelError::NotFound);
    let offer = world.offer();
    let token = world.redeem(&offer);
    assert_eq!(world.credential(&token, &world.request()).status(), 200);
    assert_eq!(wait(world.issuer.cancel(&offer.id)).unwrap_err(), CancelError::TooLate("issued"));
}
