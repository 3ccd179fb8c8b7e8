//! What a wallet sends, word for word: what the offer says, what the metadata demands, and the same each time.

use std::sync::Arc;

use credenza_core::b64;
use credenza_vci::issuer::{Delivery, DpopMode, OfferGrants, OfferRequest, OfferedCredential};
use credenza_vci::messages::OfferLink;
use credenza_vci::wallet::{Opened, Polled, WalletError};
use http::Request;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::authorizing::{CALLBACK, CLIENT, parameter, world};
use crate::hostile_issuer::edit;
use crate::support::*;
use crate::wallet_authorization::{
    agree, attested_world, begin, browser_offer, go_on, public, wallet, whole,
};

/// A member of a form that was posted.
fn field(request: &Request<Vec<u8>>, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(request.body());
    pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// The only request to a path.
fn only(http: &Loop, path: &str) -> Request<Vec<u8>> {
    let asked = http.asked.lock().unwrap();
    let mut found = asked.iter().filter(|request| request.uri().path() == path);
    let request = found.next().unwrap_or_else(|| panic!("{path} was not asked"));
    assert!(found.next().is_none(), "{path} was asked twice");
    request.clone()
}

// Clauses: VCI-4.1.1-04, VCI-4.1.1-15, VCI-4.1.1-18
// Checks: WVCI-051, WVCI-052
#[test]
fn the_codes_of_the_offer_are_sent_as_they_are() {
    let world = World::new();
    let offer = OfferRequest::of("pid", erika()).with_tx_code(5);
    let offer = world.create(OfferRequest { delivery: Delivery::ByValue, ..offer });
    let http = Arc::new(world.http());
    let (wallet, _) = world.wallet(http.clone());
    let tx_code = offer.tx_code.as_ref().unwrap().expose();
    let code = world.code(&offer);
    let Opened::NeedsTxCode(opened) = wait(wallet.open(&offer.uri)).unwrap() else { panic!() };
    wait(opened.tx_code(tx_code).unwrap().accept()).unwrap();
    let asked = only(&http, "/tenant/token");
    assert_eq!(field(&asked, "grant_type").as_deref(), Some(GRANT));
    assert_eq!(field(&asked, "pre-authorized_code").as_deref(), Some(&*code));
    assert_eq!(field(&asked, "tx_code").as_deref(), Some(tx_code));
}

// Clauses: VCI-4.1.1-04, VCI-4.1.1-09, HAIP-4.2-03, HAIP-4.3-02
// Checks: WVCI-029, WVCI-030
#[test]
fn the_state_and_the_scope_of_the_offer_go_into_the_request() {
    let world = world(|_| {});
    let (wallet, http) = wallet(&world, world.http(), public());
    let offer = OfferRequest::of("pid", erika()).with_grants(OfferGrants::AuthorizationCode);
    let offer = world.create(OfferRequest { delivery: Delivery::ByValue, ..offer });
    let OfferLink::ByValue(offered) = &offer.link else { panic!() };
    let state = offered.grants.authorization_code.clone().unwrap().issuer_state;
    begin(&wallet, &offer.uri);
    let pushed = only(&http, "/tenant/par");
    assert!(state.is_some());
    assert_eq!(field(&pushed, "issuer_state"), state);
    assert_eq!(field(&pushed, "scope").as_deref(), Some("pid"));
    assert_eq!(field(&pushed, "client_id").as_deref(), Some(CLIENT));
}

// Clauses: VCI-4.1.1-05
#[test]
fn an_offer_without_grants_leaves_it_to_the_server() {
    let bare = |request: &Request<Vec<u8>>, response: &mut http::Response<Vec<u8>>| {
        if request.uri().path().contains("/offers/") {
            edit(response, |json| drop(json.as_object_mut().unwrap().remove("grants")));
        }
    };
    let empty = |request: &Request<Vec<u8>>, response: &mut http::Response<Vec<u8>>| {
        if request.uri().path().contains("/offers/") {
            edit(response, |json| json["grants"] = json!({}));
        }
    };
    let browser = world(|_| {});
    for http in [browser.http().tampered(bare), browser.http().tampered(empty)] {
        let (wallet, _) = wallet(&browser, http, public());
        let opened = wait(wallet.open(&browser_offer(&browser))).unwrap();
        assert!(matches!(opened, Opened::NeedsAuthorization(_)), "the server has that grant: {opened:?}");
    }
    // A server that knows pre-authorized codes alone, and no code in the offer: there is no way.
    let codes = World::new();
    let (wallet, _) = codes.wallet(Arc::new(codes.http().tampered(bare)));
    let error = wait(wallet.open(&codes.offer().uri)).unwrap_err();
    assert!(matches!(error, WalletError::Unsupported(_)), "{error}");
}

// Clauses: VCI-13.5-04
#[test]
fn an_offer_changes_nothing_about_the_steps() {
    let world = world(|_| {});
    let steps = |http: &Loop| {
        let paths = http.paths().into_iter();
        paths.filter(|path| !path.contains("/offers/")).collect::<Vec<_>>()
    };
    let (offered, by_offer) = wallet(&world, world.http(), public());
    whole(&world, &offered, &browser_offer(&world));
    let (own, by_itself) = wallet(&world, world.http(), public());
    let Opened::NeedsAuthorization(begun) = wait(own.start(ISSUER, &["pid"])).unwrap() else { panic!() };
    let authorizing = wait(begun.authorize(CALLBACK)).unwrap();
    let response = agree(&world, &authorizing);
    go_on(authorizing, &response).unwrap();
    assert_eq!(steps(&by_offer), steps(&by_itself));
    assert!(steps(&by_offer).len() >= 6, "{:?}", steps(&by_offer));
}

// Clauses: VCI-8.3-23, VCI-12.3-03, VCI-12.2.4-79
// Checks: WVCI-007
#[test]
fn members_that_nobody_knows_are_ignored_everywhere() {
    let world = world(|_| {});
    let http = world.http().tampered(|_, response| {
        if response.headers().get("content-type").is_some_and(|it| it == JSON) {
            edit(response, |json| json["x_unknown"] = json!({ "a": [1, null, { "b": "c" }] }));
        }
    });
    let (wallet, http) = wallet(&world, http, public());
    let received = whole(&world, &wallet, &browser_offer(&world));
    assert_eq!(received.credentials.len(), 1);
    wait(received.receipt.accepted()).unwrap();
    assert!(http.paths().iter().any(|path| path == "/tenant/credential"));
}

// Clauses: VCI-9-03, VCI-11-04, VCI-12.2.4-09, VCI-12.2.4-11, VCI-12.2.4-13, DPOP-2-01
#[test]
fn no_endpoint_is_asked_but_by_https() {
    let world = World::new();
    let metadata: Value = serde_json::from_slice(&world.issuer.metadata()).unwrap();
    for member in ["nonce_endpoint", "deferred_credential_endpoint", "notification_endpoint"] {
        assert!(metadata[member].as_str().unwrap().starts_with("https://"), "{member}");
        let plain = move |request: &Request<Vec<u8>>, response: &mut http::Response<Vec<u8>>| {
            if request.uri().path().contains("openid-credential-issuer") {
                edit(response, |json| json[member] = "http://issuer.example/tenant/plain".into());
            }
        };
        let http = Arc::new(world.http().tampered(plain));
        let (wallet, _) = world.wallet(http.clone());
        let deferral = Some(credenza_vci::issuer::Deferral::UntilAskedAgain);
        let credential =
            OfferedCredential { configuration_id: "pid".to_owned(), claims: Some(erika()), deferral };
        let offer = world.create(OfferRequest { credentials: vec![credential], ..OfferRequest::default() });
        let opened = wait(wallet.open(&offer.uri)).map(ready);
        let accepted = opened.and_then(|ready| wait(ready.accept()));
        let polled = accepted.and_then(|received| wait(wallet.poll(&received.pending[0])));
        match (member, polled) {
            ("notification_endpoint", Ok(Polled::Received(later))) => {
                // There is nobody who could be told.
                wait(later.receipt.accepted()).unwrap();
            }
            ("notification_endpoint", other) => panic!("{other:?}"),
            (_, polled) => assert!(polled.is_err(), "{member}"),
        }
        assert!(http.asked.lock().unwrap().iter().all(|it| it.uri().scheme_str() == Some("https")));
        assert!(!http.paths().iter().any(|path| path.ends_with("/plain")), "{member}");
    }
}

// Clauses: DPOP-7.1-09
#[test]
fn a_challenge_may_have_parameters_that_nobody_knows() {
    let world = World::with(|builder| builder.dpop(DpopMode { required: true, nonce: true }));
    let http = Arc::new(world.http().tampered(|request, response| {
        if response.status() == 401 && request.uri().path() == "/tenant/credential" {
            let challenge = r#"DPoP realm="x", unknown="y", error="use_dpop_nonce", algs="ES256 X9""#;
            response.headers_mut().insert("www-authenticate", challenge.parse().unwrap());
            response.body_mut().clear();
        }
        if request.uri().path() == "/tenant/nonce" {
            // Otherwise it would know the nonce from here.
            response.headers_mut().remove("dpop-nonce");
        }
    }));
    let (wallet, _) = world.wallet(http.clone());
    let received = wait(ready(wait(wallet.open(&world.offer().uri)).unwrap()).accept()).unwrap();
    assert_eq!(received.credentials.len(), 1);
    let asked = http.paths().iter().filter(|path| *path == "/tenant/credential").count();
    assert_eq!(asked, 2, "once without the nonce and once with it");
}

/// The challenge in the proof of possession of a request.
fn challenged(request: &Request<Vec<u8>>) -> String {
    let pop = request.headers()["oauth-client-attestation-pop"].to_str().unwrap();
    let claims = b64::decode(pop.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["challenge"].as_str().unwrap().to_owned()
}

// Clauses: ABCA-6.1-03, ABCA-6.2-03
#[test]
fn a_proof_of_possession_has_the_challenge_that_came_last() {
    let (world, client) = attested_world();
    let served = Arc::new(std::sync::Mutex::new(String::new()));
    let (keep, issuer) = (served.clone(), world.issuer.clone());
    let renewed = Arc::new(std::sync::Mutex::new(String::new()));
    let renew = renewed.clone();
    let http = world.http().tampered(move |request, response| match request.uri().path() {
        "/tenant/challenge" => {
            *keep.lock().unwrap() = body(response)["attestation_challenge"].as_str().unwrap().to_owned();
        }
        "/tenant/par" => {
            let next = body(&issuer.attestation_challenge().unwrap().into_response());
            let next = next["attestation_challenge"].as_str().unwrap().to_owned();
            response.headers_mut().insert("oauth-client-attestation-challenge", next.parse().unwrap());
            *renew.lock().unwrap() = next;
        }
        _ => {}
    });
    let (wallet, http) = wallet(&world, http, client);
    assert_eq!(whole(&world, &wallet, &browser_offer(&world)).credentials.len(), 1);
    only(&http, "/tenant/challenge");
    assert_eq!(challenged(&only(&http, "/tenant/par")), *served.lock().unwrap());
    assert_eq!(challenged(&only(&http, "/tenant/token")), *renewed.lock().unwrap());
}

// Clauses: ABCA-7.6-04, ABCA-7.6-05
#[test]
fn a_proof_of_possession_that_the_server_does_not_take_is_not_sent() {
    let (world, client) = attested_world();
    for (methods, taken) in [
        (json!(["attestation_pop_jwt", "dpop_combined"]), true),
        (json!(["dpop_combined"]), false),
        (json!(["dpop_combined", "none"]), false),
    ] {
        let http = world.http().tampered(move |request, response| {
            if request.uri().path().contains("oauth-authorization-server") {
                let methods = methods.clone();
                edit(response, |json| json["client_attestation_pop_methods_supported"] = methods);
            }
        });
        let (wallet, http) = wallet(&world, http, client.clone());
        let Opened::NeedsAuthorization(offer) = wait(wallet.open(&browser_offer(&world))).unwrap() else {
            panic!()
        };
        let begun = wait(offer.authorize(CALLBACK));
        assert_eq!(begun.is_ok(), taken, "{begun:?}");
        let sent = |it: &Request<Vec<u8>>| it.headers().contains_key("oauth-client-attestation");
        assert_eq!(http.asked.lock().unwrap().iter().any(sent), taken);
    }
}

// Clauses: PAR-4-01
#[test]
fn each_request_uri_is_used_for_one_request() {
    let world = world(|_| {});
    let (wallet, http) = wallet(&world, world.http(), public());
    let link = browser_offer(&world);
    let uris = [begin(&wallet, &link), begin(&wallet, &link)]
        .map(|authorizing| parameter(authorizing.url().as_str(), "request_uri").unwrap());
    assert_ne!(uris[0], uris[1]);
    assert_eq!(http.paths().iter().filter(|path| *path == "/tenant/par").count(), 2);
}

// Clauses: ASM-3.1-01, VCI-12.2.2-03
#[test]
fn metadata_is_fetched_by_get() {
    let world = World::new();
    let http = Arc::new(world.http());
    let (wallet, _) = world.wallet(http.clone());
    wait(wallet.open(&world.offer().uri)).unwrap();
    for name in ["openid-credential-issuer", "oauth-authorization-server"] {
        let asked = only(&http, &format!("/.well-known/{name}/tenant"));
        assert_eq!((asked.method(), asked.body().len()), (&http::Method::GET, 0), "{name}");
    }
}

// Clauses: VCI-4.1.1-11, VCI-4.1.1-27
#[test]
fn no_server_is_named_where_there_is_one_only() {
    let world = world(|_| {});
    let offer = world.create(OfferRequest::of("pid", erika()).with_grants(OfferGrants::Both));
    let handle = offer.offer_uri.as_ref().unwrap().path().rsplit('/').next().unwrap().to_owned();
    let object = wait(world.issuer.offer_object(&handle)).unwrap().body.unwrap();
    let metadata: Value = serde_json::from_slice(&world.issuer.metadata()).unwrap();
    assert!(metadata.get("authorization_servers").is_none());
    assert_eq!(object.grants.authorization_code.unwrap().authorization_server, None);
    assert_eq!(object.grants.pre_authorized_code.unwrap().authorization_server, None);
}

// Clauses: VCI-A.1.1.1-01, VCI-A.1.2.1-01, VCI-A.1.3.1-01
#[test]
fn definitions_are_read_as_json_and_their_contexts_are_not_fetched() {
    for format in ["jwt_vc_json", "ldp_vc", "jwt_vc_json-ld"] {
        let world = World::new();
        let described = move |request: &Request<Vec<u8>>, response: &mut http::Response<Vec<u8>>| {
            if request.uri().path().contains("openid-credential-issuer") {
                // No context defines these terms.
                edit(response, |json| {
                    json["credential_configurations_supported"]["pid"] = json!({
                        "format": format,
                        "credential_definition": {
                            "@context": ["https://nobody.example/context", { "@vocab": "https://x.example#" }],
                            "type": ["VerifiableCredential", "Undefined"],
                            "undefined": { "@id": 7 },
                        },
                    });
                });
            }
        };
        let http = Arc::new(world.http().tampered(described));
        let (wallet, _) = world.wallet(http.clone());
        let opened = wait(wallet.open(&world.offer().uri)).unwrap();
        assert_eq!(opened.summary().credentials[0].credential_type, "Undefined", "{format}");
        let hosts = http.asked.lock().unwrap();
        assert!(hosts.iter().all(|request| request.uri().host() == Some("issuer.example")));
    }
}
