//! The wallet and an issuer, or somebody in between, that does not play by the rules.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use credenza_core::HttpError;
use credenza_vci::issuer::{DpopMode, OfferRequest, SessionState};
use credenza_vci::messages::{CredentialOffer, OfferLink};
use credenza_vci::wallet::{DpopUse, Policy, Step, WalletError};
use http::{Request, Response};
use serde_json::{Value, json};

use crate::support::*;

const METADATA: &str = "/.well-known/openid-credential-issuer/tenant";
const SERVER: &str = "/.well-known/oauth-authorization-server/tenant";

pub(crate) fn edit(response: &mut Response<Vec<u8>>, change: impl FnOnce(&mut Value)) {
    let mut json = body(response);
    change(&mut json);
    *response.body_mut() = json.to_string().into_bytes();
}

/// Answers of one path are changed.
pub(crate) fn at(
    path: &'static str,
    change: impl Fn(&mut Response<Vec<u8>>) + Send + Sync + 'static,
) -> impl Fn(&Request<Vec<u8>>, &mut Response<Vec<u8>>) + Send + Sync + 'static {
    move |request, response| {
        if request.uri().path() == path {
            change(response);
        }
    }
}

fn open(
    world: &World,
    tamper: impl Fn(&Request<Vec<u8>>, &mut Response<Vec<u8>>) + Send + Sync + 'static,
) -> Result<(), WalletError> {
    let offer = world.offer();
    let (wallet, _) = world.wallet(Arc::new(world.http().tampered(tamper)));
    wait(wallet.open(&offer.uri)).map(|_| ())
}

pub(crate) fn accept(
    world: &World,
    tamper: impl Fn(&Request<Vec<u8>>, &mut Response<Vec<u8>>) + Send + Sync + 'static,
) -> (Result<Vec<String>, WalletError>, SessionState, usize) {
    let offer = world.offer();
    let (wallet, keys) = world.wallet(Arc::new(world.http().tampered(tamper)));
    let opened = wait(wallet.open(&offer.uri)).unwrap();
    let result = wait(ready(opened).accept());
    let result =
        result.map(|received| received.credentials.into_iter().map(|held| held.credential).collect());
    let kept = keys.made.lock().unwrap().len();
    (result, world.state(&offer.id), kept)
}

// Clauses: VCI-12.2.4-01, VCI-12.2.4-02, VCI-12.2.4-03, VCI-13.5-01, VCI-13.5-02
#[test]
fn v01_metadata_of_another_issuer() {
    let world = World::new();
    for other in
        ["https://issuer.example/other", "https://issuer.example/tenant/", "https://ISSUER.example/tenant"]
    {
        let error = open(
            &world,
            at(METADATA, move |response| edit(response, |json| json["credential_issuer"] = other.into())),
        );
        assert!(matches!(error, Err(WalletError::Untrustworthy(_))), "{other}: {error:?}");
    }
}

// Clauses: ASM-3.3-01, ASM-3.3-02, VCI-4.1.1-10, VCI-4.1.1-12, VCI-12.2.4-05,
// VCI-4.1.1-28, ISS-4-01, ASM-6.2-02
// Checks: WVCI-005
#[test]
fn v02_metadata_of_another_authorization_server_and_a_server_that_is_not_listed() {
    let world = World::new();
    let error = open(
        &world,
        at(SERVER, |response| edit(response, |json| json["issuer"] = "https://as.example".into())),
    );
    assert!(matches!(error, Err(WalletError::Untrustworthy(_))), "{error:?}");
    let hinted = |request: &Request<Vec<u8>>, response: &mut Response<Vec<u8>>| {
        if request.uri().path().starts_with("/tenant/offers/") {
            edit(response, |json| {
                json["grants"][GRANT]["authorization_server"] = "https://as.example".into();
            });
        }
    };
    let error = open(&world, hinted);
    assert!(matches!(error, Err(WalletError::Untrustworthy(_))), "{error:?}");
}

#[test]
fn v04_no_nonce_no_proof() {
    let world = World::new();
    let cases: [fn(&mut Response<Vec<u8>>); 4] = [
        |response| *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR,
        |response| edit(response, |json| *json = json!({})),
        |response| edit(response, |json| json["c_nonce"] = "".into()),
        |response| edit(response, |json| json["c_nonce"] = "x".repeat(5000).into()),
    ];
    for case in cases {
        let (result, state, kept) = accept(&world, at("/tenant/nonce", case));
        assert!(matches!(result, Err(WalletError::Unexpected { step: Step::Nonce, .. })), "{result:?}");
        assert_eq!((state, kept), (SessionState::Authorized, 0));
    }
}

// Clauses: DPOP-5-08
#[test]
fn v05_no_silent_fall_back_to_bearer() {
    let world = World::new();
    let (result, _, _) = accept(
        &world,
        at("/tenant/token", |response| edit(response, |json| json["token_type"] = "Bearer".into())),
    );
    assert!(matches!(result, Err(WalletError::Untrustworthy(_))), "{result:?}");
    // A server that does not know DPoP is fine, unless it is required.
    let silent = || {
        at(SERVER, |response| {
            edit(response, |json| {
                drop(json.as_object_mut().unwrap().remove("dpop_signing_alg_values_supported"));
            });
        })
    };
    assert!(accept(&world, silent()).0.is_ok());
    let offer = world.offer();
    let (wallet, _) = world.wallet(Arc::new(world.http().tampered(silent())));
    let wallet = wallet.with_policy(Policy { dpop: DpopUse::Required, ..Policy::default() });
    let result = wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept());
    assert!(matches!(result, Err(WalletError::Unsupported(_))), "{result:?}");
    assert_eq!(world.state(&offer.id), SessionState::Retrieved);
    for token_type in ["mac", "", "N_A"] {
        let tamper = at("/tenant/token", move |response| {
            edit(response, |json| json["token_type"] = token_type.into());
        });
        assert!(accept(&world, tamper).0.is_err(), "{token_type}");
    }
}

// Clauses: VCI-12.2.4-07, VCI-8-02, VCI-12.2.2-02,
// DPOP-2-01
#[test]
fn v06_addresses_that_are_never_asked() {
    let world = World::new();
    let http = Arc::new(world.http());
    let (wallet, _) = world.wallet(http.clone());
    let by_value = |issuer: &str| {
        let offer = json!({
            "credential_issuer": issuer, "credential_configuration_ids": ["pid"],
            "grants": { GRANT: { "pre-authorized_code": "x" } },
        });
        OfferLink::ByValue(Box::new(CredentialOffer::parse(offer.to_string().as_bytes()).unwrap()))
            .to_deep_link()
    };
    for host in [
        "http://issuer.example",
        "https://127.0.0.1",
        "https://127.1",
        "https://2130706433",
        "https://0x7f000001",
        "https://0177.0.0.1",
        "https://[::1]",
        "https://[::ffff:7f00:1]",
        "https://10.0.0.1",
        "https://169.254.169.254",
        "https://192.168.0.1",
        "https://[fd00::1]",
        "https://u:p@issuer.example",
        "https://issuer.example?x=1",
        "https://issuer.example#x",
        "file:///etc/passwd",
        "gopher://issuer.example",
    ] {
        assert!(wait(wallet.open(&by_value(host))).is_err(), "{host}");
        let link = format!(
            "openid-credential-offer://?{}",
            credenza_oauth::form::encode(&[("credential_offer_uri", host)])
        );
        if !host.contains(['?', '#']) {
            assert!(wait(wallet.open(&link)).is_err(), "{host}");
        }
    }
    assert_eq!(http.paths(), Vec::<String>::new());
    // And the same for what metadata names.
    for (path, member) in
        [(SERVER, "token_endpoint"), (METADATA, "nonce_endpoint"), (METADATA, "credential_endpoint")]
    {
        let tamper =
            at(path, move |response| edit(response, |json| json[member] = "https://127.0.0.1/x".into()));
        let offer = world.offer();
        let http = Arc::new(world.http().tampered(tamper));
        let (wallet, _) = world.wallet(http.clone());
        let result = match wait(wallet.open(&offer.uri)) {
            Ok(opened) => wait(ready(opened).accept()).map(|_| ()),
            Err(error) => Err(error),
        };
        assert!(
            matches!(result, Err(WalletError::Http { error: HttpError::Forbidden(_), .. })),
            "{member}: {result:?}"
        );
        assert!(
            http.asked.lock().unwrap().iter().all(|request| request.uri().host() == Some("issuer.example"))
        );
    }
}

// Clauses: VCI-4.1.3-04,
// VCI-4.1.3-05
#[test]
fn v07_v15_answers_that_are_not_json_not_small_or_not_there() {
    let world = World::new();
    let cases: [fn(&mut Response<Vec<u8>>); 6] = [
        |response| drop(response.headers_mut().insert("content-type", "text/html".parse().unwrap())),
        |response| drop(response.headers_mut().insert("content-type", "application/jwt".parse().unwrap())),
        |response| drop(response.headers_mut().remove("content-type")),
        |response| *response.body_mut() = vec![b' '; 300 * 1024],
        |response| *response.status_mut() = http::StatusCode::FOUND,
        |response| *response.status_mut() = http::StatusCode::NOT_FOUND,
    ];
    for (number, case) in cases.into_iter().enumerate() {
        for path in [METADATA, SERVER] {
            assert!(open(&world, at(path, case)).is_err(), "{number} {path}");
        }
        let offers = move |request: &Request<Vec<u8>>, response: &mut Response<Vec<u8>>| {
            if request.uri().path().starts_with("/tenant/offers/") {
                case(response);
            }
        };
        assert!(open(&world, offers).is_err(), "{number} offer");
    }
}

#[test]
fn v08_a_token_response_for_something_else() {
    let world = World::new();
    let detail = |id: &str, identifiers: Value| json!([{ "type": "openid_credential", "credential_configuration_id": id, "credential_identifiers": identifiers }]);
    for details in [detail("other", json!(["x"])), detail("pid", json!([]))] {
        let tamper = at("/tenant/token", move |response| {
            let details = details.clone();
            edit(response, move |json| json["authorization_details"] = details);
        });
        let (result, _, _) = accept(&world, tamper);
        assert!(matches!(result, Err(WalletError::Unexpected { step: Step::Token, .. })), "{result:?}");
    }
    for (name, value) in
        [("access_token", json!("")), ("access_token", json!("a\r\nb")), ("expires_in", json!(-1))]
    {
        let tamper = at("/tenant/token", move |response| {
            let value = value.clone();
            edit(response, move |json| json[name] = value);
        });
        assert!(accept(&world, tamper).0.is_err(), "{name}");
    }
    let huge = at("/tenant/token", |response| edit(response, |json| json["expires_in"] = json!(u64::MAX)));
    assert!(accept(&world, huge).0.is_ok());
}

#[test]
fn v12_a_nonce_that_is_always_wrong_is_tried_twice_and_no_more() {
    let world = World::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let (result, _, _) = accept(&world, move |request, response| {
        if request.uri().path() == "/tenant/nonce" {
            counted.fetch_add(1, Ordering::SeqCst);
            edit(response, |json| json["c_nonce"] = "stale".into());
        }
    });
    assert!(matches!(result, Err(WalletError::Refused { code, .. }) if code == "invalid_nonce"));
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[test]
fn v12_a_server_that_never_likes_the_dpop_nonce_is_asked_twice() {
    let world = World::with(|builder| builder.dpop(DpopMode { required: true, nonce: true }));
    let offer = world.offer();
    let number = AtomicUsize::new(0);
    let http = Arc::new(world.http().tampered(at("/tenant/token", move |response| {
        let fake = format!("nonce{}", number.fetch_add(1, Ordering::SeqCst));
        response.headers_mut().insert("dpop-nonce", fake.parse().unwrap());
    })));
    let (wallet, _) = world.wallet(http.clone());
    let result = wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept());
    assert!(matches!(result, Err(WalletError::Refused { code, .. }) if code == "use_dpop_nonce"));
    assert_eq!(http.paths().iter().filter(|path| *path == "/tenant/token").count(), 2);
}

#[test]
fn v14_metadata_bombs() {
    let world = World::new();
    let many = at(METADATA, |response| {
        edit(response, |json| {
            for number in 0..2000 {
                json["credential_configurations_supported"][format!("c{number}")] = json!({ "format": "x" });
            }
        });
    });
    assert!(matches!(open(&world, many), Err(WalletError::Metadata(_))));
    let deep = at(METADATA, |response| {
        let nested = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        *response.body_mut() = format!("{{\"x\":{nested}}}").into_bytes();
    });
    assert!(matches!(open(&world, deep), Err(WalletError::Metadata(_))));
}

#[test]
fn v07_an_offer_of_something_that_the_metadata_does_not_know() {
    let world = World::new();
    let unknown = |request: &Request<Vec<u8>>, response: &mut Response<Vec<u8>>| {
        if request.uri().path().starts_with("/tenant/offers/") {
            edit(response, |json| json["credential_configuration_ids"] = json!(["pid", "nope"]));
        }
    };
    assert!(matches!(open(&world, unknown), Err(WalletError::Offer(_))));
    // Known and not supported: the rest can be fetched.
    let exotic = at(METADATA, |response| {
        edit(response, |json| {
            json["credential_configurations_supported"]["diploma"] =
                json!({ "format": "anoncreds", "doctype": "x" });
        });
    });
    let both = OfferRequest {
        credentials: ["pid", "diploma"]
            .map(|id| credenza_vci::issuer::OfferedCredential {
                configuration_id: id.to_owned(),
                claims: Some(erika()),
                deferral: None,
            })
            .to_vec(),
        ..OfferRequest::default()
    };
    let offer = world.create(both);
    let (wallet, _) = world.wallet(Arc::new(world.http().tampered(exotic)));
    let opened = wait(wallet.open(&offer.uri)).unwrap();
    assert_eq!(opened.summary().unsupported, ["diploma"]);
    assert_eq!(wait(ready(opened).accept()).unwrap().credentials.len(), 1);
}

// Clauses: DPOP-7.1-10, OABCP-7.3.2-01
#[test]
fn v16_requests_carry_nothing_that_is_not_needed() {
    let world = World::new();
    let offer = world.offer();
    let http = Arc::new(world.http());
    let (wallet, _) = world.wallet(http.clone());
    let received = wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept()).unwrap();
    wait(received.receipt.accepted()).unwrap();
    for request in http.asked.lock().unwrap().iter() {
        for name in request.headers().keys() {
            assert!(["accept", "content-type", "authorization", "dpop"].contains(&name.as_str()), "{name}");
        }
        assert_eq!(request.uri().query(), None);
    }
}

#[test]
fn a_refusal_comes_through_in_printable_characters() {
    let world = World::new();
    let tamper = at("/tenant/token", |response| {
        *response.status_mut() = http::StatusCode::BAD_REQUEST;
        *response.body_mut() =
            json!({ "error": "invalid_grant", "error_description": "\u{1b}[31mno\u{202e}" })
                .to_string()
                .into_bytes();
    });
    let (result, _, _) = accept(&world, tamper);
    let Err(WalletError::Refused { code, description, .. }) = result else { panic!("{result:?}") };
    assert_eq!((code.as_str(), description.as_deref()), ("invalid_grant", Some("?[31mno?")));
}

// Clauses: VCI-12.2.2-01, VCI-12.2.2-03, ASM-3.1-02
#[test]
fn metadata_of_an_issuer_whose_identifier_ends_with_a_slash() {
    const METADATA: &str = "/.well-known/openid-credential-issuer/tenant";
    let link = |issuer: &str| {
        let offer = json!({
            "credential_issuer": issuer, "credential_configuration_ids": ["pid"],
            "grants": { GRANT: { "pre-authorized_code": "x" } },
        });
        OfferLink::ByValue(Box::new(CredentialOffer::parse(offer.to_string().as_bytes()).unwrap()))
            .to_deep_link()
    };
    let world = World::new();
    let (metadata, server) = (world.issuer.metadata(), world.issuer.authorization_server_metadata());
    for place in ["/.well-known/openid-credential-issuer/tenant/", METADATA] {
        let (metadata, server) = (metadata.clone(), server.clone());
        let http = credenza_core::FnHttp::new(move |request: Request<Vec<u8>>, _| {
            let path = request.uri().path();
            let mut json: Value = match path {
                _ if path == place => serde_json::from_slice(&metadata).unwrap(),
                "/.well-known/oauth-authorization-server/tenant" => serde_json::from_slice(&server).unwrap(),
                _ => return Ok(Response::builder().status(404).body(vec![]).unwrap()),
            };
            let name = if path == place { "credential_issuer" } else { "issuer" };
            json[name] = "https://issuer.example/tenant/".into();
            let body = json.to_string().into_bytes();
            Ok(Response::builder().header("content-type", "application/json").body(body).unwrap())
        });
        let (wallet, _) = world.wallet(Arc::new(http));
        wait(wallet.open(&link("https://issuer.example/tenant/")))
            .unwrap_or_else(|error| panic!("{place}: {error}"));
    }
}
