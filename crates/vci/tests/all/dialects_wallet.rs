//! The wallet at issuers of earlier drafts: it finds out from the metadata, and the rest is as ever.

use std::sync::Arc;

use credenza_vci::dialects::Dialect::{Draft13, Draft15};
use credenza_vci::messages::CredentialIssuerMetadata;
use credenza_vci::wallet::WalletError;
use serde_json::{Value, json};

use crate::support::*;

/// An issuer that has its metadata where earlier drafts have it, and there alone.
fn earlier(world: &World) -> Loop {
    let now = world.issuer.endpoints().metadata.path().to_owned();
    world.http().tampered(move |request, response| {
        if request.uri().path() == now {
            *response.status_mut() = http::StatusCode::NOT_FOUND;
        }
    })
}

fn sent(http: &Loop, world: &World) -> Vec<Value> {
    let asked = http.asked.lock().unwrap();
    let path = world.issuer.endpoints().credential.path();
    let requests = asked.iter().filter(|request| request.uri().path() == path);
    requests.map(|request| serde_json::from_slice(request.body()).unwrap()).collect()
}

fn member_names(value: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn it_speaks_as_the_issuer_does() {
    for (dialect, expected) in
        [(Draft13, vec!["format", "proof", "vct"]), (Draft15, vec!["credential_configuration_id", "proof"])]
    {
        let world = World::with(|builder| builder.dialects([dialect]));
        let http = Arc::new(earlier(&world));
        let (wallet, keys) = world.wallet(http.clone());
        let ready = ready(wait(wallet.open(&world.offer().uri)).unwrap());
        assert_eq!(ready.summary().credentials[0].display[0].name, "Personal ID");
        let received = wait(ready.accept()).unwrap();
        assert_eq!(received.credentials.len(), 1);
        assert_eq!(keys.made.lock().unwrap().len(), 1);
        let requests = sent(&http, &world);
        assert_eq!(requests.len(), 1);
        assert_eq!(member_names(&requests[0]), expected);
        let nonce = world.issuer.endpoints().nonce.path().to_owned();
        assert_eq!(http.paths().contains(&nonce), dialect == Draft15, "{dialect:?}");
    }
}

#[test]
fn a_used_nonce_is_replaced_by_the_one_of_the_error_once() {
    let world = World::with(|builder| builder.dialects([Draft13]));
    let (earlier, token) = (earlier(&world), world.issuer.endpoints().token.path().to_owned());
    let now = world.issuer.endpoints().metadata.path().to_owned();
    let http = Arc::new(earlier.tampered(move |request, response| {
        if request.uri().path() == now {
            *response.status_mut() = http::StatusCode::NOT_FOUND;
        }
        if request.uri().path() == token {
            let mut answer: Value = serde_json::from_slice(response.body()).unwrap();
            answer["c_nonce"] = json!("stale");
            *response.body_mut() = answer.to_string().into_bytes();
        }
    }));
    let (wallet, _) = world.wallet(http.clone());
    let received = wait(ready(wait(wallet.open(&world.offer().uri)).unwrap()).accept()).unwrap();
    assert_eq!(received.credentials.len(), 1);
    assert_eq!(sent(&http, &world).len(), 2);
}

#[test]
fn an_issuer_that_never_has_enough_is_left() {
    let world = World::with(|builder| builder.dialects([Draft13]));
    let (now, credential) = {
        let at = world.issuer.endpoints();
        (at.metadata.path().to_owned(), at.credential.path().to_owned())
    };
    let http = Arc::new(world.http().tampered(move |request, response| {
        if request.uri().path() == now {
            *response.status_mut() = http::StatusCode::NOT_FOUND;
        }
        if request.uri().path() == credential {
            *response.status_mut() = http::StatusCode::BAD_REQUEST;
            *response.body_mut() = br#"{"error":"invalid_proof","c_nonce":"x"}"#.to_vec();
        }
    }));
    let (wallet, keys) = world.wallet(http.clone());
    let refused = wait(ready(wait(wallet.open(&world.offer().uri)).unwrap()).accept());
    assert!(matches!(refused, Err(WalletError::Refused { code, .. }) if code == "invalid_proof"));
    assert_eq!(sent(&http, &world).len(), 2);
    assert!(keys.made.lock().unwrap().is_empty());
}

#[test]
fn what_1_0_says_is_read_as_1_0() {
    let world = World::with(|builder| builder.dialects([Draft13, Draft15]));
    let read = |json: &[u8]| CredentialIssuerMetadata::parse(json).unwrap();
    assert_eq!(read(&world.issuer.metadata()).dialect, None);
    let earlier = read(&world.issuer.metadata_for_dialects().unwrap());
    assert_eq!(earlier.dialect, Some(Draft13));
    // Nobody is told by the other side what it was found to speak.
    let mut forged: Value = serde_json::from_slice(&world.issuer.metadata()).unwrap();
    forged["dialect"] = json!("draft13");
    assert_eq!(read(forged.to_string().as_bytes()).dialect, None);
}

#[test]
fn the_texts_survive_the_way_there_and_back() {
    for dialect in [Draft13, Draft15] {
        let world = World::with(|builder| builder.dialects([dialect]));
        let back = CredentialIssuerMetadata::parse(&world.issuer.metadata_for_dialects().unwrap()).unwrap();
        let ours = CredentialIssuerMetadata::parse(&world.issuer.metadata()).unwrap();
        let texts = |metadata: &CredentialIssuerMetadata| {
            let pid =
                metadata.credential_configurations_supported["pid"].credential_metadata.clone().unwrap();
            let mut claims: Vec<String> =
                pid.claims.iter().map(|claim| serde_json::to_string(claim).unwrap()).collect();
            claims.sort();
            (pid.display, claims)
        };
        assert_eq!(texts(&back), texts(&ours), "{dialect:?}");
        assert_eq!(back.dialect, Some(dialect));
    }
}

/// The metadata of a published issuer of draft 13, which says no more than it must.
#[test]
fn what_was_left_to_be_guessed_is_guessed() {
    let metadata = json!({
        "credential_issuer": "https://issuer.example",
        "credential_endpoint": "https://issuer.example/credentials",
        "display": [{ "name": "Issuer" }],
        "credential_configurations_supported": {
            "pid": {
                "format": "vc+sd-jwt", "vct": "urn:example:pid",
                "cryptographic_binding_methods_supported": ["jwk"],
                "claims": { "address": { "street": { "display": [{ "name": "Street" }] } }, "name": {} }
            }
        }
    });
    let read = CredentialIssuerMetadata::parse(metadata.to_string().as_bytes()).unwrap();
    assert_eq!(read.dialect, Some(Draft13));
    let pid = &read.credential_configurations_supported["pid"];
    assert!(pid.proof_types_supported.contains_key("jwt"));
    let claims = &pid.credential_metadata.as_ref().unwrap().claims;
    assert_eq!(claims.len(), 2);
    assert_eq!(serde_json::to_value(&claims[0].path).unwrap(), json!(["address", "street"]));
}
