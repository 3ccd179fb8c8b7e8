//! The issuer in earlier drafts: what draft 13 and draft 15 wallets send and get, and what they must not get.

use credenza_core::json::parse_object;
use credenza_crypto::Signer as _;
use credenza_vci::dialects::Dialect::{self, Draft13, Draft15};
use credenza_vci::issuer::{Deferral, Encryption, OfferRequest, OfferedCredential};
use http::Response;
use serde_json::{Value, json};

use crate::support::*;

fn speaking(dialects: &[Dialect]) -> World {
    World::with(|builder| builder.dialects(dialects.iter().copied()))
}

fn redeemed(world: &World) -> (String, Option<String>) {
    let offer = world.offer();
    let response = world.token(&[("grant_type", GRANT), ("pre-authorized_code", &world.code(&offer))]);
    let token = body(&response);
    let nonce = token["c_nonce"].as_str().map(str::to_owned);
    (token["access_token"].as_str().unwrap().to_owned(), nonce)
}

fn single(world: &World, nonce: &str) -> Value {
    json!({ "proof_type": "jwt", "jwt": world.proof(&world.key(), nonce) })
}

fn by_type(world: &World, nonce: &str) -> Value {
    json!({ "format": "vc+sd-jwt", "vct": VCT, "proof": single(world, nonce) })
}

fn names(response: &Response<Vec<u8>>) -> Vec<String> {
    let mut names: Vec<String> = parse_object(response.body()).unwrap().keys().cloned().collect();
    names.sort();
    names
}

#[test]
fn draft13_from_the_token_to_the_credential() {
    let world = speaking(&[Draft13]);
    let (token, nonce) = redeemed(&world);
    let response = world.credential(&token, &by_type(&world, &nonce.unwrap()));
    assert_eq!(response.status(), 200, "{response:?}");
    assert_eq!(names(&response), ["c_nonce", "c_nonce_expires_in", "credential", "notification_id"]);
    assert!(body(&response)["credential"].as_str().unwrap().contains('~'));
    // The nonce that comes with a credential is good for the next request.
    let next = body(&response)["c_nonce"].as_str().unwrap().to_owned();
    let again = world.credential(&token, &by_type(&world, &next));
    assert_eq!(again.status(), 200, "{again:?}");
}

#[test]
fn draft15_from_the_nonce_to_the_credential() {
    let world = speaking(&[Draft15]);
    let (token, nonce) = redeemed(&world);
    assert_eq!(nonce, None, "draft 15 has a nonce endpoint");
    let request = json!({ "credential_configuration_id": "pid", "proof": single(&world, &world.nonce()) });
    let response = world.credential(&token, &request);
    assert_eq!(response.status(), 200, "{response:?}");
    assert_eq!(names(&response), ["credentials", "notification_id"]);
}

#[test]
fn who_speaks_1_0_hears_1_0_whatever_else_is_spoken() {
    let world = speaking(&[Draft13, Draft15]);
    let (token, _) = redeemed(&world);
    let response = world.credential(&token, &world.request());
    assert_eq!(names(&response), ["credentials", "notification_id"]);
    let plain = World::new().issuer.metadata();
    assert_eq!(parse_object(&world.issuer.metadata()).unwrap(), parse_object(&plain).unwrap());
}

#[test]
fn nobody_hears_a_dialect_that_is_not_spoken() {
    for (spoken, request) in [
        (&[] as &[Dialect], by_type as fn(&World, &str) -> Value),
        (&[Draft15], by_type),
        (&[], |world, nonce| json!({ "credential_configuration_id": "pid", "proof": single(world, nonce) })),
    ] {
        let world = speaking(spoken);
        let (token, nonce) = redeemed(&world);
        assert_eq!(nonce, None);
        let response = world.credential(&token, &request(&world, &world.nonce()));
        assert_eq!(response.status(), 400, "{spoken:?}");
        assert_eq!(body(&response).get("c_nonce"), None);
    }
}

#[test]
fn c29_draft13_nonces_are_good_once_wherever_they_come_from() {
    let world = speaking(&[Draft13]);
    let (token, nonce) = redeemed(&world);
    let nonce = nonce.unwrap();
    assert_eq!(world.credential(&token, &by_type(&world, &nonce)).status(), 200);
    let again = world.credential(&token, &by_type(&world, &nonce));
    assert_eq!(refused(&again), (400, "invalid_proof".to_owned()));
    let fresh = body(&again)["c_nonce"].as_str().unwrap().to_owned();
    assert_ne!(fresh, nonce);
    assert!(body(&again)["c_nonce_expires_in"].as_u64().unwrap() > 0);
    assert_eq!(world.credential(&token, &by_type(&world, &fresh)).status(), 200);
}

#[test]
fn c30_draft13_without_a_nonce_or_a_proof_gets_a_nonce() {
    let world = speaking(&[Draft13]);
    let without = world.proof_of(&world.key(), &json!({ "aud": ISSUER, "iat": world.now() }));
    for request in [
        json!({ "format": "vc+sd-jwt", "vct": VCT }),
        json!({ "format": "vc+sd-jwt", "vct": VCT, "proof": { "proof_type": "jwt", "jwt": without } }),
        json!({ "format": "vc+sd-jwt", "vct": VCT, "proof": { "proof_type": "cwt", "cwt": "AA" } }),
        json!({ "format": "vc+sd-jwt", "vct": VCT, "proof": { "jwt": "e30.e30.AA" } }),
        by_type(&world, "another"),
    ] {
        let (token, _) = redeemed(&world);
        let response = world.credential(&token, &request);
        assert_eq!(refused(&response), (400, "invalid_proof".to_owned()), "{request}");
        let nonce = body(&response)["c_nonce"].as_str().unwrap().to_owned();
        let again = world.credential(&token, &by_type(&world, &nonce));
        assert_eq!(again.status(), 200, "{again:?}");
    }
}

#[test]
fn draft15_with_a_wrong_nonce_is_sent_to_the_endpoint() {
    let world = speaking(&[Draft15]);
    let (token, _) = redeemed(&world);
    let response = world.credential(
        &token,
        &json!({ "credential_configuration_id": "pid", "proof": single(&world, "another") }),
    );
    assert_eq!(refused(&response), (400, "invalid_nonce".to_owned()));
    assert_eq!(body(&response).get("c_nonce"), None);
}

#[test]
fn mixed_shapes_are_refused() {
    let world = speaking(&[Draft13, Draft15]);
    let (token, nonce) = redeemed(&world);
    let proof = single(&world, &nonce.unwrap());
    let proofs = json!({ "jwt": [proof["jwt"]] });
    for request in [
        json!({ "format": "vc+sd-jwt", "vct": VCT, "proof": proof, "proofs": proofs }),
        json!({ "credential_configuration_id": "pid", "proof": proof, "proofs": proofs }),
        json!({ "format": "vc+sd-jwt", "vct": VCT, "credential_configuration_id": "pid", "proof": proof }),
        json!({ "format": "vc+sd-jwt", "vct": VCT, "credential_identifier": "pid", "proof": proof }),
        json!({ "credential_configuration_id": "pid", "credential_identifier": "pid", "proof": proof }),
        json!({ "format": "vc+sd-jwt", "proof": proof }),
        json!({ "format": 1, "vct": VCT, "proof": proof }),
        json!({ "proof": proof }),
    ] {
        let response = world.credential(&token, &request);
        assert_eq!(refused(&response), (400, "invalid_credential_request".to_owned()), "{request}");
    }
}

#[test]
fn draft13_and_what_it_does_not_know() {
    let world = speaking(&[Draft13]);
    let (token, nonce) = redeemed(&world);
    let nonce = nonce.unwrap();
    let ask = |change: SpoilBy<'_>| {
        let mut request = by_type(&world, &nonce);
        change(&mut request);
        refused(&world.credential(&token, &request))
    };
    let unsupported = |what: &str| (400, format!("unsupported_credential_{what}"));
    assert_eq!(ask(&|request| request["format"] = json!("dc+sd-jwt")), unsupported("format"));
    assert_eq!(ask(&|request| request["vct"] = json!("urn:example:other")), unsupported("type"));
    // Known, and not what the token is for.
    assert_eq!(ask(&|request| request["vct"] = json!("urn:example:diploma")).0, 403);
    let encrypted = json!({ "jwk": world.key().public_jwk(), "enc": "A128GCM", "alg": "ECDH-ES" });
    let code = ask(&|request| request["credential_response_encryption"] = encrypted.clone()).1;
    assert_eq!(code, "invalid_encryption_parameters");
}

#[test]
fn not_ready_is_an_error_in_both() {
    for dialect in [Draft13, Draft15] {
        let world = speaking(&[dialect]);
        let credential = OfferedCredential {
            configuration_id: "pid".to_owned(),
            claims: Some(erika()),
            deferral: Some(Deferral::UntilCompleted),
        };
        let offer = world.create(OfferRequest { credentials: vec![credential], ..OfferRequest::default() });
        let token = world.redeem(&offer);
        let request = match dialect {
            Draft13 => by_type(&world, &world.nonce()),
            Draft15 => {
                json!({ "credential_configuration_id": "pid", "proof": single(&world, &world.nonce()) })
            }
        };
        let promised = world.credential(&token, &request);
        assert_eq!(promised.status(), 202);
        assert_eq!(body(&promised).get("interval"), None);
        let ask = || world.deferred(&token, &json!({ "transaction_id": body(&promised)["transaction_id"] }));
        assert_eq!(refused(&ask()), (400, "issuance_pending".to_owned()));
        assert!(body(&ask())["interval"].as_u64().unwrap() > 0);
        let name = world.view(&offer.id).credentials[0].deferred[0].id.clone();
        wait(world.issuer.complete_deferred(&name, None)).unwrap();
        let response = ask();
        assert_eq!(response.status(), 200, "{response:?}");
        let member = if dialect == Draft13 { "credential" } else { "credentials" };
        assert!(names(&response).contains(&member.to_owned()), "{:?}", names(&response));
        assert_eq!(refused(&ask()), (400, "invalid_transaction_id".to_owned()));
    }
}

#[test]
fn metadata_has_the_shape_of_the_earliest() {
    let published = |dialects: &[Dialect]| -> Value {
        serde_json::from_slice(&speaking(dialects).issuer.metadata_for_dialects().unwrap()).unwrap()
    };
    let of_pid = |metadata: &Value| metadata["credential_configurations_supported"]["pid"].clone();

    let thirteen = published(&[Draft13]);
    assert_eq!(of_pid(&thirteen)["format"], "vc+sd-jwt");
    assert_eq!(of_pid(&thirteen)["display"][0]["name"], "Personal ID");
    assert_eq!(of_pid(&thirteen)["claims"]["given_name"], json!({ "mandatory": true }));
    for name in ["nonce_endpoint", "batch_credential_issuance", "credential_response_encryption"] {
        assert_eq!(thirteen.get(name), None, "{name}");
    }
    assert_eq!(of_pid(&thirteen).get("credential_metadata"), None);

    let fifteen = published(&[Draft15]);
    assert_eq!(of_pid(&fifteen)["format"], "dc+sd-jwt");
    assert_eq!(of_pid(&fifteen)["claims"][0]["path"], json!(["given_name"]));
    assert!(fifteen["nonce_endpoint"].is_string());
    assert_eq!(of_pid(&fifteen).get("credential_metadata"), None);

    assert!(published(&[Draft13, Draft15])["nonce_endpoint"].is_string());
    assert_eq!(World::new().issuer.metadata_for_dialects(), None);
}

#[test]
fn what_can_not_be_spoken_together_is_refused() {
    let haip = World::try_with(|builder| builder.dialects([Draft13]).haip());
    assert!(haip.unwrap_err().to_string().contains("earlier drafts"));
    let key = credenza_crypto::SoftwareDecrypter::generate(
        credenza_crypto::Curve::P256,
        &credenza_core::SeededRandom::new(5),
    );
    let key = std::sync::Arc::new(key.unwrap());
    let encrypted = World::try_with(|builder| {
        builder.dialects([Draft15]).encryption(Encryption::new(key).require_requests())
    });
    assert!(encrypted.unwrap_err().to_string().contains("earlier drafts"));
}
