//! The wallet's side of Interactive Authorization: what it answers, where it goes on, and the servers it leaves.

use std::sync::Arc;

use credenza_vci::issuer::DpopMode;
use credenza_vci::wallet::{Interacted, NeedsAuthorization, Opened, Presenting, Wallet, WalletError};
use http::{Request, Response};
use serde_json::{Map, Value, json};
use url::Url;

use crate::authorizing::*;
use crate::interactive::{PRESENTATION, WEB, interactive, vp_token};
use crate::support::*;
use crate::wallet_authorization::{attested_client, browser_offer, public, wallet};

fn opened(world: &World, wallet: &Wallet) -> NeedsAuthorization {
    match wait(wallet.open(&browser_offer(world))).unwrap() {
        Opened::NeedsAuthorization(offer) => offer,
        other => panic!("{other:?}"),
    }
}

fn presenting(offer: NeedsAuthorization, redirect_uri: Option<&str>) -> Presenting {
    match wait(offer.interact(redirect_uri)).unwrap() {
        Interacted::Presentation(presenting) => *presenting,
        other => panic!("{other:?}"),
    }
}

fn answer(presenting: Presenting) -> Interacted {
    let token = vp_token(presenting.request());
    wait(presenting.answer(token)).unwrap()
}

fn declined() -> Map<String, Value> {
    Map::from_iter([("error".to_owned(), "access_denied".into())])
}

#[test]
fn a_presentation_brings_credentials_without_a_browser() {
    let world = interactive(|_| {});
    let (wallet, http) = wallet(&world, world.http(), public());
    let offer = opened(&world, &wallet);
    assert!(offer.can_interact() && !offer.must_interact());
    let presenting = presenting(offer, None);
    assert_eq!(presenting.endpoint(), &world.issuer.endpoints().authorization_challenge);
    let Interacted::Ready(ready) = answer(presenting) else { panic!() };
    let received = wait(ready.accept()).unwrap();
    assert_eq!(received.credentials.len(), 1);
    assert!(!http.paths().contains(&world.issuer.endpoints().pushed_authorization.path().to_owned()));
}

#[test]
fn with_dpop_nonces_and_attestations() {
    let provider = Provider::new(7);
    let world = world_with(
        |settings| settings.attestation = Some(provider.settings()),
        |builder| {
            let port = Arc::new(crate::interactive::Nonces::default()) as _;
            let interactive = credenza_vci::issuer::InteractiveAuthorization { presentation: Some(port) };
            builder.dpop(DpopMode { required: true, nonce: true }).interactive_authorization(interactive)
        },
    );
    let client = attested_client(provider, &world);
    let (wallet, _) = wallet(&world, world.http(), client);
    let Interacted::Ready(ready) = answer(presenting(opened(&world, &wallet), None)) else { panic!() };
    assert_eq!(wait(ready.accept()).unwrap().credentials.len(), 1);
}

#[test]
fn a_browser_goes_on_and_the_code_comes_back_with_it() {
    let world = interactive(|_| {});
    let (wallet, _) = wallet(&world, world.http(), public());
    let presenting = presenting(opened(&world, &wallet), Some(CALLBACK));
    let Interacted::Web(web) = wait(presenting.answer(declined())).unwrap() else { panic!() };
    let response: Url = world.agreed(web.url().query().unwrap()).parse().unwrap();
    let foreign = Url::parse(&response.as_str().replace("state=", "state=x")).unwrap();
    let (web, error) = wait(web.finish(&foreign)).unwrap_err();
    assert!(matches!(error, WalletError::Authorization { .. }), "{error}");
    let Interacted::Ready(ready) = wait(web.unwrap().finish(&response)).unwrap() else { panic!() };
    assert_eq!(wait(ready.accept()).unwrap().credentials.len(), 1);
}

/// A server that has more to do after the browser says so with an `auth_session`.
#[test]
fn i05_an_auth_session_comes_back_with_the_verifier_alone() {
    let world = interactive(|_| {});
    let http = world.http().tampered(|request, response| {
        let form = String::from_utf8_lossy(request.body()).into_owned();
        if form.contains("auth_session=more") {
            let verified = form.contains("code_verifier=") && !form.contains("openid4vp_response");
            let error = if verified { "redirect_to_web" } else { "invalid_request" };
            *response.body_mut() = json!({ "error": error }).to_string().into_bytes();
        }
    });
    let (wallet, _) = wallet(&world, http, public());
    let presenting = presenting(opened(&world, &wallet), Some(CALLBACK));
    let Interacted::Web(web) = wait(presenting.answer(declined())).unwrap() else { panic!() };
    let mut response: Url = world.agreed(web.url().query().unwrap()).parse().unwrap();
    let others: Vec<(String, String)> =
        response.query_pairs().into_owned().filter(|(name, _)| name != "code").collect();
    response.query_pairs_mut().clear().extend_pairs(others).append_pair("auth_session", "more");
    let stolen = Url::parse(&response.as_str().replace("state=", "state=x")).unwrap();
    let (web, _) = wait(web.finish(&stolen)).unwrap_err();
    assert!(matches!(wait(web.unwrap().finish(&response)).unwrap(), Interacted::Browser(_)));
}

#[test]
fn the_ordinary_flow_is_left_where_the_server_wants_more() {
    let world = world_with(|_| {}, |it| it.interactive_authorization(Default::default()));
    let (wallet, _) = wallet(&world, world.http(), public());
    let Interacted::Browser(offer) = wait(opened(&world, &wallet).interact(None)).unwrap() else { panic!() };
    let authorizing = wait(offer.authorize(CALLBACK)).unwrap();
    let response: Url = world.agreed(authorizing.url().query().unwrap()).parse().unwrap();
    assert_eq!(wait(authorizing.finish(&response).unwrap().accept()).unwrap().credentials.len(), 1);
    // Where nothing fits, too.
    let world = interactive(|_| {});
    let (wallet, _) = crate::wallet_authorization::wallet(&world, world.http(), public());
    let offer = presenting(opened(&world, &wallet), None).in_browser();
    assert!(wait(offer.authorize(CALLBACK)).is_ok());
    let refused = wait(presenting(opened(&world, &wallet), None).answer(declined())).unwrap_err();
    assert!(matches!(&refused, WalletError::Refused { code, .. } if code == "access_denied"), "{refused}");
}

fn metadata_with(
    change: impl Fn(&mut Value) + Send + Sync + 'static,
) -> impl Fn(&Request<Vec<u8>>, &mut Response<Vec<u8>>) {
    move |request, response| {
        if request.uri().path().contains("oauth-authorization-server") {
            let mut metadata: Value = serde_json::from_slice(response.body()).unwrap();
            change(&mut metadata);
            *response.body_mut() = serde_json::to_vec(&metadata).unwrap();
        }
    }
}

/// Metadata that leads the challenge to one server and the code to another.
#[test]
fn i03_endpoints_of_two_servers_are_not_mixed() {
    for (name, value) in [
        ("authorization_challenge_endpoint", json!("https://honest.example/authorize-challenge")),
        ("token_endpoint", json!("https://evil.example/token")),
        ("authorization_challenge_endpoint", json!("data:x")),
        ("authorization_challenge_endpoint", Value::Null),
    ] {
        let world = interactive(|_| {});
        let http = world.http().tampered(metadata_with(move |metadata| metadata[name] = value.clone()));
        let (wallet, http) = wallet(&world, http, public());
        let offer = opened(&world, &wallet);
        assert!(!offer.can_interact(), "{name}");
        assert!(matches!(wait(offer.interact(None)), Err(WalletError::Unsupported(_))), "{name}");
        assert!(!http.paths().iter().any(|path| path.ends_with("/authorize-challenge")));
    }
}

#[test]
fn i06_i10_servers_that_a_wallet_leaves() {
    let required = |more: Value| {
        let mut body = json!({ "error": "insufficient_authorization", "auth_session": "s" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (answer, what) in [
        (required(json!({ "interaction_type_required": "urn:galaxysdo:ia:card" })), "unknown"),
        (required(json!({ "interaction_type_required": WEB, "request_uri": "urn:x:y" })), "not supported"),
        (required(json!({ "interaction_type_required": PRESENTATION })), "without a request"),
        (required(json!({})), "without a type"),
        (
            json!({ "error": "insufficient_authorization", "interaction_type_required": PRESENTATION, "openid4vp_request": {} }),
            "without a session",
        ),
        (json!({ "error": "invalid_session" }), "an error"),
        (json!([]), "no object"),
    ] {
        let world = interactive(|_| {});
        let bytes = answer.to_string().into_bytes();
        let http = world.http().tampered(move |request, response| {
            if request.uri().path().ends_with("/authorize-challenge") {
                *response.body_mut() = bytes.clone();
            }
        });
        let (wallet, _) = wallet(&world, http, public());
        assert!(wait(opened(&world, &wallet).interact(None)).is_err(), "{what}");
    }
    // One that never has enough.
    let world = interactive(|_| {});
    let endless =
        required(json!({ "interaction_type_required": PRESENTATION, "openid4vp_request": { "nonce": "n" } }));
    let bytes = endless.to_string().into_bytes();
    let http = world.http().tampered(move |request, response| {
        if request.uri().path().ends_with("/authorize-challenge") {
            *response.status_mut() = 401.try_into().unwrap();
            *response.body_mut() = bytes.clone();
        }
    });
    let (wallet, http) = wallet(&world, http, public());
    let mut asked = presenting(opened(&world, &wallet), None);
    let error = loop {
        match wait(asked.answer(declined())) {
            Ok(Interacted::Presentation(more)) => asked = *more,
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, WalletError::Untrustworthy(_)), "{error}");
    assert_eq!(http.paths().iter().filter(|path| path.ends_with("/authorize-challenge")).count(), 9);
}

#[test]
fn a_browser_comes_back_to_https_alone() {
    let world = interactive(|_| {});
    let (wallet, _) = wallet(&world, world.http(), public());
    let refused = wait(opened(&world, &wallet).interact(Some("http://127.0.0.1:1/cb")));
    assert!(matches!(refused, Err(WalletError::Unsupported(_))));
}
