//! Codes, tokens and transactions in the wrong hands, and what a wallet shows before it gives any of them away.

use std::sync::{Arc, Mutex};

use credenza_core::{FnHttp, Http};
use credenza_crypto::{Jwk, Signer as _, SoftwareSigner};
use credenza_formats::sd_jwt::{SdJwt, SdJwtLimits};
use credenza_vci::issuer::{Deferral, OfferRequest, OfferedCredential};
use credenza_vci::messages::{CredentialOffer, OfferLink};
use credenza_vci::wallet::Opened;
use http::{HeaderMap, Request, Response};
use serde_json::{Value, json};

use crate::authorizing::*;
use crate::support::*;
use crate::wallet_authorization::{agree, begin, browser_offer, go_on, public, wallet};

const EVIL: &str = "https://evil.example";

type Taken = Arc<Mutex<Vec<Request<Vec<u8>>>>>;

fn answer(json: &Value) -> Response<Vec<u8>> {
    Response::builder().header("content-type", JSON).body(json.to_string().into_bytes()).unwrap()
}

/// The network with somebody in it who says that he issues the same, by this authorization server, and keeps what he
/// gets.
fn with_an_impostor(world: &World, server: &'static str) -> (Arc<dyn Http>, Taken) {
    let taken = Taken::default();
    let (honest, kept) = (world.http(), taken.clone());
    let mut metadata: Value = serde_json::from_slice(&world.issuer.metadata()).unwrap();
    metadata["credential_issuer"] = EVIL.into();
    metadata["authorization_servers"] = json!([server]);
    metadata["credential_endpoint"] = format!("{EVIL}/credential").into();
    let own = json!({ "issuer": EVIL, "token_endpoint": format!("{EVIL}/token"), "grant_types_supported": [GRANT] });
    let http = FnHttp::new(move |request: Request<Vec<u8>>, limits| {
        if request.uri().host() != Some("evil.example") {
            return wait(honest.send(request, limits));
        }
        Ok(match request.uri().path() {
            "/.well-known/openid-credential-issuer" => answer(&metadata),
            "/.well-known/oauth-authorization-server" => answer(&own),
            _ => {
                kept.lock().unwrap().push(request);
                Response::builder().status(500).body(vec![]).unwrap()
            }
        })
    });
    (Arc::new(http), taken)
}

/// An offer of the impostor's.
fn lure(grant: &Value) -> String {
    let offer = json!({
        "credential_issuer": EVIL, "credential_configuration_ids": ["pid"], "grants": { GRANT: grant },
    });
    let offer = CredentialOffer::parse(offer.to_string().as_bytes()).unwrap();
    OfferLink::ByValue(Box::new(offer)).to_deep_link()
}

#[test]
fn v10_a_token_that_was_brought_to_an_impostor_is_worth_nothing_to_him() {
    let world = World::new();
    let offer = world.offer();
    let (http, taken) = with_an_impostor(&world, ISSUER);
    let (wallet, _) = world.wallet(http);
    let opened = wait(wallet.open(&lure(&json!({ "pre-authorized_code": world.code(&offer) })))).unwrap();
    // The holder sees whose offer it is, and that the code goes to somebody else.
    let summary = opened.summary();
    assert_eq!(
        (summary.issuer.host_str(), summary.token_endpoint.host_str()),
        (Some("evil.example"), Some("issuer.example"))
    );
    assert!(wait(ready(opened).accept()).is_err());
    let stolen = taken.lock().unwrap().remove(0);
    assert_eq!(stolen.uri().path(), "/credential");
    let token = stolen.headers()["authorization"].to_str().unwrap().strip_prefix("DPoP ").unwrap();
    let proof = stolen.headers()["dpop"].to_str().unwrap();
    let (thief, url) = (world.key(), world.issuer.endpoints().credential.as_str().to_owned());
    let own = world.dpop(&thief, &url, Some(token), None);
    let headers = |scheme: &str, proof: Option<&str>| -> HeaderMap {
        let headers = with(headers(JSON), "authorization", &format!("{scheme} {token}"));
        proof.map_or(headers.clone(), |proof| with(headers, "dpop", proof))
    };
    for (scheme, proof) in [
        ("DPoP", Some(proof)),
        ("DPoP", Some(&own)),
        ("DPoP", None),
        ("Bearer", None),
        ("Bearer", Some(proof)),
    ] {
        let response = world.credential_with(&headers(scheme, proof), world.request().to_string().as_bytes());
        assert_eq!(response.status(), 401, "{scheme} {proof:?}");
    }
    let also = world.credential_with(&headers("DPoP", Some(proof)), stolen.body());
    assert_eq!(also.status(), 401);
    assert!(world.view(&offer.id).credentials[0].issued.is_empty());
}

#[test]
fn v11_the_holder_sees_where_the_transaction_code_goes_before_it_goes() {
    let world = World::new();
    let (http, taken) = with_an_impostor(&world, EVIL);
    let (wallet, _) = world.wallet(http);
    let link = lure(&json!({ "pre-authorized_code": "x", "tx_code": { "length": 6 } }));
    let Opened::NeedsTxCode(opened) = wait(wallet.open(&link)).unwrap() else { panic!("it asks for none") };
    let summary = opened.summary();
    for place in [&summary.issuer, &summary.token_endpoint] {
        assert_eq!(place.host_str(), Some("evil.example"));
    }
    let ready = opened.tx_code("123456").unwrap();
    assert!(taken.lock().unwrap().is_empty(), "typed, and not sent yet");
    assert!(!format!("{ready:?}").contains("123456"));
    drop(ready);
    assert!(taken.lock().unwrap().is_empty());
}

#[test]
fn v13_a_code_that_somebody_else_caught_is_of_no_use_to_him() {
    let world = world(|_| {});
    let (wallet, http) = wallet(&world, world.http(), public());
    let authorizing = begin(&wallet, &browser_offer(&world));
    let shown = format!("{authorizing:?}");
    let response = agree(&world, &authorizing);
    let code = parameter(response.as_str(), "code").unwrap();
    let state = parameter(response.as_str(), "state").unwrap();
    assert!(!shown.contains(&code) && !shown.contains(&state), "{shown}");
    // He knows the URL, and neither the verifier nor the key.
    let thief = world.key();
    let url = world.issuer.endpoints().token.clone();
    let by_thief = || world.with_dpop(headers(FORM), &thief, &url);
    let bare: Vec<_> = exchange(&code).into_iter().filter(|(name, _)| *name != "code_verifier").collect();
    for headers in [headers(FORM), by_thief()] {
        for form in [&bare[..], &exchange(&code)] {
            assert_eq!(world.token_with(&headers, form).status(), 400);
        }
    }
    assert_eq!(go_on(authorizing, &response).unwrap().credentials.len(), 1, "the wallet goes on");
    let forms: Vec<_> = http.asked.lock().unwrap().iter().map(|it| it.body().clone()).collect();
    assert!(forms.iter().any(|form| form.windows(14).any(|it| it == b"code_verifier=")));
}

#[test]
fn a14_no_request_object_is_taken_whatever_is_in_it() {
    let world = world(|_| {});
    let none = "eyJhbGciOiJub25lIn0.e30.";
    for object in [none, "a.b.c", "x", "eyJhbGciOiJSUzI1NiJ9.e30.AAAA"] {
        let pushed = changed(request(), "request", Some(object));
        assert_eq!(
            refused(&world.push(&headers(FORM), &pushed)),
            (400, "request_not_supported".to_owned()),
            "{object}"
        );
        assert_eq!(world.authorize_error(&encoded(&pushed)), redirected("request_not_supported"), "{object}");
    }
}

#[test]
fn a37_what_everybody_can_read_has_no_claims_and_nobody_introspects() {
    let world = world(|_| {});
    let (id, _) = world.browser_offer();
    let token = world.redeem(&world.offer());
    assert_eq!(world.credential(&token, &world.request()).status(), 200);
    let server: Value = serde_json::from_slice(&world.issuer.authorization_server_metadata()).unwrap();
    assert!(server.get("introspection_endpoint").is_none() && server.get("userinfo_endpoint").is_none());
    for document in [world.issuer.metadata(), world.issuer.authorization_server_metadata()] {
        let text = std::str::from_utf8(&document).unwrap();
        for secret in ["Erika", "Mustermann", &id, &token] {
            assert!(!text.contains(secret), "{secret}");
        }
    }
}

/// A promise for a token that is bound to `key`, and the key that the credential is to have.
fn promised(world: &World, key: &SoftwareSigner) -> (String, String, Value) {
    let deferral = Some(Deferral::UntilAskedAgain);
    let credential = OfferedCredential { configuration_id: "pid".into(), claims: Some(erika()), deferral };
    let offer = world.create(OfferRequest { credentials: vec![credential], ..OfferRequest::default() });
    let urls = world.issuer.endpoints();
    let at_token = world.with_dpop(headers(FORM), key, &urls.token);
    let form = [("grant_type", GRANT), ("pre-authorized_code", &*world.code(&offer))];
    let token = body(&world.token_with(&at_token, &form))["access_token"].as_str().unwrap().to_owned();
    let holder = world.key();
    let proofs = json!({ "jwt": [world.proof(&holder, &world.nonce())] });
    let request = json!({ "credential_configuration_id": "pid", "proofs": proofs });
    let response =
        world.credential_with(&bound(world, key, &token, &urls.credential), request.to_string().as_bytes());
    assert_eq!(response.status(), 202);
    let transaction = body(&response)["transaction_id"].as_str().unwrap().to_owned();
    (token, transaction, Jwk::new(holder.public_jwk().key.clone()).to_value())
}

fn bound(world: &World, key: &SoftwareSigner, token: &str, url: &url::Url) -> HeaderMap {
    let headers = with(headers(JSON), "authorization", &format!("DPoP {token}"));
    with(headers, "dpop", &world.dpop(key, url.as_str(), Some(token), None))
}

#[test]
fn c15_c16_a_transaction_that_leaked_gives_nobody_else_the_credential_nor_another_key() {
    let world = World::new();
    let (own, thief) = (world.key(), world.key());
    let (token, transaction, holder) = promised(&world, &own);
    let (other_token, _, _) = promised(&world, &thief);
    let url = world.issuer.endpoints().deferred_credential.clone();
    let proofs = json!({ "jwt": [world.proof(&thief, &world.nonce())] });
    let request = json!({ "transaction_id": transaction, "proofs": proofs }).to_string();
    let ask = |headers: &HeaderMap| world.deferred_with(headers, request.as_bytes());
    // With a token of his own; with the leaked one and his key; with the leaked one alone.
    let by_his = ask(&bound(&world, &thief, &other_token, &url));
    assert_eq!(refused(&by_his), (400, "invalid_transaction_id".to_owned()));
    assert_eq!(ask(&bound(&world, &thief, &token, &url)).status(), 401);
    assert_eq!(ask(&bearer(&token)).status(), 401);
    // The key that was proven at the beginning counts, whatever is proven later.
    let issued = body(&ask(&bound(&world, &own, &token, &url)));
    let text = issued["credentials"][0]["credential"].as_str().unwrap();
    let parsed = SdJwt::parse(text, &SdJwtLimits::default()).unwrap();
    assert_eq!(parsed.dangerous_payload()["cnf"]["jwk"], holder);
}

#[test]
fn c18_who_polls_too_often_gets_the_same_short_answer_and_leaves_no_trace() {
    let world = World::new();
    let deferral = Some(Deferral::UntilCompleted);
    let credential = OfferedCredential { configuration_id: "pid".into(), claims: Some(erika()), deferral };
    let offer = world.create(OfferRequest { credentials: vec![credential], ..OfferRequest::default() });
    let token = world.redeem(&offer);
    let promise = body(&world.credential(&token, &world.request()));
    let before = world.view(&offer.id);
    for _ in 0..200 {
        let answer = world.deferred(&token, &json!({ "transaction_id": promise["transaction_id"] }));
        assert_eq!((answer.status().as_u16(), body(&answer)), (202, promise.clone()));
    }
    let after = world.view(&offer.id);
    assert_eq!((after.state, after.events), (before.state, before.events));
}
