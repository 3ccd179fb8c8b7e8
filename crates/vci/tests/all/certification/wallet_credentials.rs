//! What our wallet sends with a token: proofs of the token's key, requests for credentials, notifications.

use std::collections::HashSet;
use std::sync::Arc;

use credenza_crypto::jwe::{self, Accepted};
use credenza_crypto::{Algorithm, ContentEncryption, Curve, Decrypter as _, Jwk, Jws, SoftwareDecrypter};
use credenza_oauth::token::ath;
use credenza_vci::issuer::{
    CredentialConfiguration, Deferral, DpopMode, Encryption, OfferRequest, OfferedCredential, ProofKind,
};
use credenza_vci::wallet::{Policy, Polled};
use http::Method;
use serde_json::{Value, json};

use super::wallet_pushes::{Sent, one, to};
use super::{Within, members, part};
use crate::hostile_issuer::edit;
use crate::proof_types::{AttestedKeys, Bench, Provider, attested, high};
use crate::support::*;
use crate::wallet_authorization::{browser_offer, whole};

fn header<'a>(request: &'a Sent, name: &str) -> &'a str {
    request.headers()[name].to_str().unwrap()
}

fn json_of(request: &Sent) -> Value {
    serde_json::from_slice(request.body()).unwrap()
}

// Checks: WVCI-054, WVCI-059 to WVCI-070, WVCI-113
#[test]
fn each_request_has_a_proof_of_its_own_for_this_server_this_method_and_this_token() {
    let (world, wallet, http) = Within::new().wallet();
    let received = whole(&world, &wallet, &browser_offer(&world));
    wait(received.receipt.accepted()).unwrap();
    let server: Value = serde_json::from_slice(&world.issuer.authorization_server_metadata()).unwrap();
    let known = server["dpop_signing_alg_values_supported"].as_array().unwrap();
    let now = world.now().as_secs();
    let (mut ids, mut keys) = (HashSet::new(), HashSet::new());
    for path in ["/tenant/token", "/tenant/credential", "/tenant/notification"] {
        let request = one(&http, path);
        let proof = header(&request, "dpop");
        let head = part(proof, 0);
        assert_eq!(head["typ"], "dpop+jwt");
        assert!(known.contains(&head["alg"]));
        members(&head["jwk"], &["kty", "crv", "x", "y"], &["alg", "use", "kid"]);
        let key = Jwk::from_value(&head["jwk"]).unwrap();
        Jws::parse(proof).unwrap().verify(&key.key, &[Algorithm::Es256]).unwrap();
        keys.insert(key.thumbprint_text());
        let claims = part(proof, 1);
        assert!(ids.insert(claims["jti"].as_str().filter(|jti| !jti.trim().is_empty()).unwrap().to_owned()));
        assert_eq!(claims["htm"], request.method().as_str());
        assert_eq!(claims["htu"], format!("https://issuer.example{path}"));
        assert!((now - 300..=now).contains(&claims["iat"].as_i64().unwrap()));
        assert!(claims.get("nbf").is_none_or(|it| it.as_i64().unwrap() <= now));
        assert!(claims.get("exp").is_none_or(|it| (now..now + 3600).contains(&it.as_i64().unwrap())));
        // This server has no nonces, and goes without.
        assert!(claims.get("nonce").is_none());
        let authorization = request.headers().get("authorization").map(|it| it.to_str().unwrap());
        match authorization {
            None => assert!(path == "/tenant/token" && claims.get("ath").is_none()),
            Some(value) => {
                let token = value.strip_prefix("DPoP ").unwrap();
                assert_eq!(claims["ath"], ath(token));
                let holds = |text: &[u8]| text.windows(token.len()).any(|it| it == token.as_bytes());
                assert!(request.uri().query().is_none() && !holds(request.body()));
            }
        }
        // Absent is as good as a UUID.
        assert!(!request.headers().contains_key("x-fapi-interaction-id"));
    }
    assert_eq!(keys.len(), 1);
    let pushed = one(&http, "/tenant/par");
    let parameters: std::collections::HashMap<_, _> =
        url::form_urlencoded::parse(pushed.body()).into_owned().collect();
    assert!(keys.contains(&parameters["dpop_jkt"]), "the key that the code was bound to");
}

// Checks: WVCI-071
#[test]
fn a_nonce_that_is_asked_for_at_the_credential_endpoint_is_used() {
    for scheme in ["DPoP", "dpop", "DPOP"] {
        let world = World::with(|builder| builder.dpop(DpopMode { required: true, nonce: true }));
        let http = Arc::new(world.http().tampered(move |request, response| {
            if response.status() == 401 {
                let challenge = format!("{scheme} error=\"use_dpop_nonce\"");
                response.headers_mut().insert("www-authenticate", challenge.parse().unwrap());
            }
            if request.uri().path() == "/tenant/nonce" {
                response.headers_mut().remove("dpop-nonce");
            }
        }));
        let (wallet, _) = world.wallet(http.clone());
        wait(ready(wait(wallet.open(&world.offer().uri)).unwrap()).accept()).unwrap();
        let asked = to(&http, "/tenant/credential");
        assert_eq!(asked.len(), 2, "{scheme}");
        let nonces = asked.iter().map(|it| part(header(it, "dpop"), 1).get("nonce").cloned());
        let nonces: Vec<_> = nonces.collect();
        assert!(nonces[1].is_some() && nonces[0] != nonces[1]);
    }
}

// Checks: WVCI-072 to WVCI-075, WVCI-079, WVCI-080, WVCI-082 to WVCI-091, WVCI-104, WVCI-105
#[test]
fn a_request_in_plain_has_proofs_of_as_many_keys_as_copies_are_asked_for() {
    let world = World::new();
    let metadata: Value = serde_json::from_slice(&world.issuer.metadata()).unwrap();
    let size = metadata["batch_credential_issuance"]["batch_size"].as_u64().unwrap();
    for copies in [1, 3, 100] {
        let http = Arc::new(world.http());
        let wallet = world.wallet(http.clone()).0.with_policy(Policy { copies, ..Policy::default() });
        wait(ready(wait(wallet.open(&world.offer().uri)).unwrap()).accept()).unwrap();
        let asked = one(&http, "/tenant/nonce");
        assert_eq!((asked.method(), asked.body().len()), (&Method::POST, 0));
        let request = one(&http, "/tenant/credential");
        assert_eq!((request.method(), header(&request, "content-type")), (&Method::POST, JSON));
        let wanted = json_of(&request);
        members(&wanted, &["credential_configuration_id", "proofs"], &[]);
        assert_eq!(wanted["credential_configuration_id"], "pid");
        members(&wanted["proofs"], &["jwt"], &[]);
        let proofs = wanted["proofs"]["jwt"].as_array().unwrap();
        assert_eq!(proofs.len() as u64, u64::from(copies).min(size));
        let (mut keys, mut nonces) = (HashSet::new(), HashSet::new());
        for proof in proofs {
            let proof = proof.as_str().unwrap();
            let (head, claims) = (part(proof, 0), part(proof, 1));
            assert_eq!((&head["typ"], &head["alg"]), (&json!("openid4vci-proof+jwt"), &json!("ES256")));
            assert!(head["jwk"].is_object() && head.get("kid").is_none() && head.get("x5c").is_none());
            assert_eq!(head["jwk"]["crv"], "P-256");
            let key = Jwk::from_value(&head["jwk"]).unwrap();
            Jws::parse(proof).unwrap().verify(&key.key, &[Algorithm::Es256]).unwrap();
            assert!(keys.insert(key.thumbprint_text()), "a key twice");
            assert_eq!(claims["aud"], ISSUER);
            assert_eq!(claims["iat"], world.now().as_secs());
            nonces.insert(claims["nonce"].as_str().unwrap().to_owned());
        }
        assert_eq!(nonces.len(), 1);
    }
}

// Checks: WVCI-089
#[test]
fn the_nonce_of_a_proof_is_the_one_that_came_last() {
    let world = World::new();
    let given = Arc::new(std::sync::Mutex::new(Vec::new()));
    let keep = given.clone();
    let http = Arc::new(world.http().tampered(move |request, response| {
        if request.uri().path() == "/tenant/nonce" {
            keep.lock().unwrap().push(body(response)["c_nonce"].clone());
        }
    }));
    let (wallet, _) = world.wallet(http.clone());
    let credential = |id: &str| OfferedCredential {
        configuration_id: id.to_owned(),
        claims: Some(erika()),
        deferral: None,
    };
    let credentials = vec![credential("pid"), credential("diploma")];
    let offer = world.create(OfferRequest { credentials, ..OfferRequest::default() });
    wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept()).unwrap();
    let asked = to(&http, "/tenant/credential");
    let sent = asked
        .iter()
        .map(|request| part(json_of(request)["proofs"]["jwt"][0].as_str().unwrap(), 1)["nonce"].clone());
    assert_eq!(sent.collect::<Vec<_>>(), *given.lock().unwrap());
}

// Checks: WVCI-076, WVCI-077, WVCI-107, WVCI-108
#[test]
fn encrypted_requests_ask_for_encrypted_answers_now_and_later() {
    let key = SoftwareDecrypter::generate(Curve::P256, &credenza_core::SeededRandom::new(7)).unwrap();
    let published = key.public_jwk().clone();
    let again = SoftwareDecrypter::generate(Curve::P256, &credenza_core::SeededRandom::new(7)).unwrap();
    let world = World::with(|builder| builder.encryption(Encryption::new(Arc::new(key))));
    let deferral = Some(Deferral::UntilAskedAgain);
    let credential = OfferedCredential { configuration_id: "pid".into(), claims: Some(erika()), deferral };
    let offer = world.create(OfferRequest { credentials: vec![credential], ..OfferRequest::default() });
    let http = Arc::new(world.http());
    let (wallet, _) = world.wallet(http.clone());
    let received = wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept()).unwrap();
    let pending = &received.pending[0];
    assert!(pending.not_before() > world.now(), "it waits for the interval");
    let Polled::Received(_) = wait(wallet.poll(pending)).unwrap() else { panic!("not yet") };
    let open = |path: &str| -> Value {
        let request = one(&http, path);
        assert_eq!((request.method(), header(&request, "content-type")), (&Method::POST, "application/jwt"));
        let text = std::str::from_utf8(request.body()).unwrap();
        let head = part(text, 0);
        assert_eq!(head["kid"].as_str(), published.kid.as_deref());
        let accepted = Accepted { enc: &ContentEncryption::ALL, inflate: Some(1 << 20) };
        let opened = wait(jwe::decrypt_accepted(text, &again, accepted)).unwrap();
        serde_json::from_slice(&opened.plaintext).unwrap()
    };
    let (first, later) = (open("/tenant/credential"), open("/tenant/deferred_credential"));
    members(&first, &["credential_configuration_id", "proofs", "credential_response_encryption"], &[]);
    members(&later, &["transaction_id", "credential_response_encryption"], &[]);
    assert!(later["transaction_id"].as_str().is_some_and(|it| !it.is_empty()));
    for request in [&first, &later] {
        let wanted = &request["credential_response_encryption"];
        members(wanted, &["jwk", "enc"], &["zip"]);
        members(&wanted["jwk"], &["kty", "crv", "x", "y", "alg"], &["kid", "use"]);
        assert!(
            ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"].contains(&wanted["jwk"]["alg"].as_str().unwrap())
        );
        let enc = wanted["enc"].as_str().unwrap();
        assert!(["A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512"].contains(&enc), "{enc}");
    }
}

// Checks: WVCI-106
#[test]
fn copies_are_matched_by_their_keys_and_not_by_their_places() {
    let world = World::new();
    let http = world.http().tampered(|request, response| {
        if request.uri().path() == "/tenant/credential" {
            edit(response, |json| json["credentials"].as_array_mut().unwrap().reverse());
        }
    });
    let (wallet, keys) = world.wallet(Arc::new(http));
    let wallet = wallet.with_policy(Policy { copies: 3, ..Policy::default() });
    let received = wait(ready(wait(wallet.open(&world.offer().uri)).unwrap()).accept()).unwrap();
    assert!(received.reports.iter().all(credenza_core::Report::ok));
    assert_eq!(received.credentials.len(), 3);
    for held in &received.credentials {
        let bound = Jwk::from_value(&held.claims["cnf"]["jwk"]).unwrap().thumbprint_text();
        assert_eq!(held.key_thumbprint.as_ref(), Some(&bound));
        assert!(keys.made.lock().unwrap().contains_key(&bound));
    }
}

// Checks: WVCI-109 to WVCI-111
#[test]
fn a_notification_names_the_response_and_the_event() {
    for accepted in [true, false] {
        let world = World::new();
        let given = Arc::new(std::sync::Mutex::new(Value::Null));
        let keep = given.clone();
        let http = Arc::new(world.http().tampered(move |request, response| {
            if request.uri().path() == "/tenant/credential" {
                *keep.lock().unwrap() = body(response)["notification_id"].clone();
            }
        }));
        let (wallet, _) = world.wallet(http.clone());
        let received = wait(ready(wait(wallet.open(&world.offer().uri)).unwrap()).accept()).unwrap();
        let event = if accepted { "credential_accepted" } else { "credential_deleted" };
        let told =
            if accepted { wait(received.receipt.accepted()) } else { wait(received.receipt.deleted()) };
        told.unwrap();
        let request = one(&http, "/tenant/notification");
        assert_eq!((request.method(), header(&request, "content-type")), (&Method::POST, JSON));
        assert!(header(&request, "authorization").starts_with("DPoP "));
        let told = json_of(&request);
        // There is no description, so that none has characters that it must not have.
        members(&told, &["notification_id", "event"], &[]);
        assert_eq!((&told["notification_id"], &told["event"]), (&*given.lock().unwrap(), &json!(event)));
    }
}

// Checks: WVCI-092 to WVCI-095, WVCI-101, WVCI-102
#[test]
fn attested_keys_come_beside_a_proof_or_alone_as_the_issuer_wants_it() {
    for kind in [ProofKind::Jwt, ProofKind::Attestation] {
        let bench = Bench::new(CredentialConfiguration { proof_types: vec![kind], ..attested(high()) });
        let world = &bench.world;
        let http = Arc::new(world.http());
        let (wallet, keys) = world.wallet(http.clone());
        let vouched = AttestedKeys { keys, provider: Provider::new(), clock: world.clock.clone() };
        let policy = Policy { copies: 3, ..Policy::default() };
        let wallet = wallet.with_policy(policy).with_keys(Arc::new(vouched));
        let offer = world.create(OfferRequest::of("attested", erika()));
        wait(ready(wait(wallet.open(&offer.uri)).unwrap()).accept()).unwrap();
        let proofs = json_of(&one(&http, "/tenant/credential"))["proofs"].clone();
        let attestation = match kind {
            ProofKind::Jwt => {
                members(&proofs, &["jwt"], &[]);
                let proof = proofs["jwt"][0].as_str().unwrap().to_owned();
                part(&proof, 0)["key_attestation"].as_str().unwrap().to_owned()
            }
            _ => {
                members(&proofs, &["attestation"], &[]);
                let [one] = proofs["attestation"].as_array().unwrap().as_slice() else { panic!("{proofs}") };
                one.as_str().unwrap().to_owned()
            }
        };
        assert_eq!(part(&attestation, 0)["typ"], "key-attestation+jwt");
        let claims = part(&attestation, 1);
        let keys = claims["attested_keys"].as_array().unwrap();
        assert!(keys.len() == 3 && keys.iter().all(|key| key.get("d").is_none() && key["kty"] == "EC"));
        assert!(claims["nonce"].is_string());
        for proof in proofs["jwt"].as_array().into_iter().flatten() {
            let proof = proof.as_str().unwrap();
            let key = Jwk::from_value(&part(proof, 0)["jwk"]).unwrap().thumbprint_text();
            let among = keys.iter().any(|it| Jwk::from_value(it).unwrap().thumbprint_text() == key);
            assert!(among, "{key}");
            assert_eq!(part(proof, 1)["nonce"], claims["nonce"]);
        }
    }
}
