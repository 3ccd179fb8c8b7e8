//! Offers through the browser's Digital Credentials API: `navigator.credentials.create`.

use std::sync::Arc;

use credenza_vci::issuer::OfferRequest;
use credenza_vci::messages::CredentialOffer;
use credenza_vci::wallet::{Opened, WalletError};
use serde_json::{Value, json};

use crate::support::*;

const ORIGIN: &str = "https://shop.example";

/// What the page of an offer gives to the browser.
fn options(world: &World, id: &str) -> Value {
    wait(world.issuer.offer_by_value(id)).unwrap().unwrap().to_create_options()
}

fn open(world: &World, origin: &str, request: &Value) -> Result<Opened, WalletError> {
    let (wallet, _) = world.wallet(Arc::new(world.http()));
    wait(wallet.open_dc_api(origin, request.to_string().as_bytes()))
}

#[test]
fn an_offer_from_a_website_is_accepted_like_any_other() {
    let world = World::new();
    let offer = world.create(OfferRequest::of("pid", erika()).with_tx_code(6));
    let request = options(&world, &offer.id);
    assert_eq!(request["digital"]["requests"][0]["protocol"], "openid4vci-v1");
    assert_eq!(request["digital"]["requests"][0]["data"]["credential_issuer"], ISSUER);
    // As a whole, without its shell, and one request alone; next to what nobody knows.
    let one = request["digital"]["requests"][0].clone();
    let other = json!({ "protocol": "org.example.other", "data": { "x": 1 } });
    for form in [
        request.clone(),
        request["digital"].clone(),
        one.clone(),
        json!({ "digital": { "requests": [other, one] } }),
    ] {
        let opened = open(&world, ORIGIN, &form).unwrap();
        assert_eq!(opened.summary().website.as_deref(), Some(ORIGIN));
        assert_eq!(opened.summary().issuer.as_str(), ISSUER);
    }
    let Ok(Opened::NeedsTxCode(opened)) = open(&world, ORIGIN, &request) else { panic!() };
    let ready = opened.tx_code(offer.tx_code.as_ref().unwrap().expose()).unwrap();
    assert_eq!(wait(ready.accept()).unwrap().credentials.len(), 1);
    // It is taken: the page has nothing more to offer.
    assert_eq!(wait(world.issuer.offer_by_value(&offer.id)).unwrap(), None);
    assert_eq!(wait(world.issuer.offer_by_value("nobody")).unwrap(), None);
    // By a link, nobody says which website it was.
    let (wallet, _) = world.wallet(Arc::new(world.http()));
    assert_eq!(wait(wallet.open(&world.offer().uri)).unwrap().summary().website, None);
}

#[test]
fn what_is_no_offer_or_comes_from_no_origin_is_refused() {
    let world = World::new();
    let request = options(&world, &world.offer().id);
    let changed = |change: fn(&mut Value)| {
        let mut request = request.clone();
        change(&mut request["digital"]["requests"][0]);
        open(&world, ORIGIN, &request)
    };
    let cases: [fn(&mut Value); 6] = [
        |it| it["protocol"] = "openid4vci-v2".into(),
        |it| it["protocol"] = "openid4vp-v1-unsigned".into(),
        |it| it["data"] = json!("x"),
        |it| drop(it.as_object_mut().unwrap().remove("data")),
        |it| it["data"]["credential_configuration_ids"] = json!([]),
        |it| *it = json!([]),
    ];
    for (number, case) in cases.into_iter().enumerate() {
        assert!(matches!(changed(case), Err(WalletError::Offer(_))), "{number}");
    }
    for text in
        ["", "[]", "{}", "x", r#"{"digital":{"requests":{}}}"#, r#"{"requests":[]}"#, r#"{"a":1,"a":1}"#]
    {
        assert!(CredentialOffer::from_create_options(text.as_bytes()).is_err(), "{text}");
    }
    for origin in
        ["", "shop.example", "http://shop.example", "https://shop.example/", "https://shop.example/x", "null"]
    {
        assert!(open(&world, origin, &request).is_err(), "{origin}");
    }
    // The issuer is judged as ever, whatever the website is.
    let internal = changed(|it| it["data"]["credential_issuer"] = "https://127.0.0.1".into());
    assert!(matches!(internal, Err(WalletError::Http { .. })), "{internal:?}");
}
