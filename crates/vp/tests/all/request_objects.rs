//! Request objects between the link and the answer: what has to be there, what is left aside, what stays at home
//! (OID4VP 1.0 §5, §12, §15.8; RFC 9101 §5, §6).

use credenza_core::SeededRandom;
use credenza_crypto::{ContentEncryption, Curve, Decrypter as _, KeyManagement, SoftwareDecrypter, jwe};
use credenza_vp::messages::ClientMetadata;
use credenza_vp::wallet::{Refusal, RegisteredVerifier, WalletBuilder};
use serde_json::json;

use crate::request_kit::{
    CLIENT, TYP, by_value, claims, link, refusal, refused_with, resolve, resolve_object, served, with,
};
use crate::world::{object_response, run, world};

fn links(parameters: &[(&str, &str)]) -> String {
    format!("openid4vp://?{}", credenza_oauth::form::encode(parameters))
}

// Clauses: JAR-5-03, JAR-5-04, JAR-5-05
#[test]
fn one_request_and_whose_it_is() {
    let world = world();
    let jwt = world.sign_request(&*world.verifier_signer, TYP, &claims());
    let side = served(&world, jwt.clone());
    let uri = "https://verifier.example/request";
    run(side.wallet.resolve(&links(&[("client_id", CLIENT), ("request_uri", uri)]))).unwrap();
    run(side.wallet.resolve(&links(&[("client_id", CLIENT), ("request", &jwt)]))).unwrap();
    for wrong in [
        links(&[("client_id", CLIENT), ("request_uri", uri), ("request", &jwt)]),
        links(&[("client_id", CLIENT)]),
        links(&[("request_uri", uri)]),
        links(&[("request", &jwt)]),
    ] {
        refused_with(run(side.wallet.resolve(&wrong)), "invalid_request");
    }
    assert_eq!(side.log.lock().unwrap().len(), 1, "what is no request is not fetched");
}

// Clauses: VP-5.1-16, JAR-5.2.3-01
#[test]
fn it_is_fetched_by_get_when_nothing_else_is_said() {
    let world = world();
    for method in ["", "&request_uri_method=get"] {
        let (side, _) = resolve_object(&world, &*world.verifier_signer, TYP, &claims());
        run(side.wallet.resolve(&format!("{}{method}", link(CLIENT)))).unwrap();
        let log = side.log.lock().unwrap();
        assert!(log.iter().all(|request| request.method() == "GET" && request.body().is_empty()));
        assert_eq!(log.len(), 2);
    }
}

// Clauses: VP-5.1-27, VP-5.1-29
#[test]
fn what_is_said_about_a_verifier_has_its_members() {
    let world = world();
    let info =
        |info: serde_json::Value| resolve(&world, &with(|claims| claims["verifier_info"] = json!([info])));
    assert_eq!(info(json!({ "format": "jwt", "data": "a.b.c" })).unwrap().verifier_info().len(), 1);
    assert!(info(json!({ "format": "x", "data": { "a": 1 }, "unknown": 1 })).is_ok());
    for lacking in
        [json!({ "format": "jwt" }), json!({ "data": "a.b.c" }), json!({ "format": 1, "data": "x" })]
    {
        refused_with(info(lacking), "invalid_request");
    }
}

// Clauses: VP-5.11.1-01
#[test]
fn p24_what_is_said_about_a_verifier_is_shown_and_not_believed() {
    let world = world();
    let plain = resolve(&world, &claims()).unwrap();
    let forged = with(|claims| {
        claims["verifier_info"] = json!([{
            "format": "jwt", "data": "eyJhbGciOiJub25lIn0.eyJuYW1lIjoiVGhlIEdvdmVybm1lbnQifQ.",
        }]);
    });
    let asked = resolve(&world, &forged).unwrap();
    assert_eq!(asked.who(), plain.who(), "nobody becomes somebody else by it");
    // Who is not trusted is not trusted for it either.
    let stranger = crate::world::certified(
        &credenza_crypto::x509::CertificateAuthority::generate(
            "Stranger",
            crate::world::NOW - crate::world::DAY,
            200 * crate::world::DAY,
            &SeededRandom::new(12),
        )
        .unwrap(),
        "Verifier",
        "verifier.example",
        &SeededRandom::new(12),
    );
    let refused = resolve_object(&world, &stranger, TYP, &forged).1;
    assert!(matches!(refusal(refused), Refusal::Untrusted(_)));
}

// Clauses: VP-5.9.3-22, VP-5.9.3-27
#[test]
fn a_certified_verifier_says_everything_but_its_key_in_the_request() {
    let world = world();
    let key = SoftwareDecrypter::generate(Curve::P256, &SeededRandom::new(1)).unwrap();
    let hash = world.verifier_signer.x5c_hash();
    for client_id in [CLIENT.to_owned(), format!("x509_hash:{hash}")] {
        // A wallet that happens to know metadata under that name does not use it.
        let known = || {
            let jwks = credenza_crypto::JwkSet { keys: vec![key.public_jwk().clone()] };
            let metadata = ClientMetadata { jwks: Some(jwks), ..ClientMetadata::default() };
            RegisteredVerifier {
                client_id: client_id.clone(),
                name: "Somebody".to_owned(),
                request_keys: credenza_crypto::JwkSet::default(),
                metadata,
                uris: Vec::new(),
            }
        };
        let asked = |change: &dyn Fn(&mut serde_json::Value)| {
            let claims = with(|claims| {
                claims["client_id"] = client_id.as_str().into();
                claims["response_mode"] = "direct_post.jwt".into();
                change(claims);
            });
            let jwt = world.sign_request(&*world.verifier_signer, TYP, &claims);
            let answer = move |_: &http::Request<Vec<u8>>| Ok(object_response(jwt.clone()));
            let side = world.wallet_over(answer, |builder: WalletBuilder| builder.registered(known()));
            run(side.wallet.resolve(&link(&client_id)))
        };
        let without = asked(&|claims| drop(claims.as_object_mut().unwrap().remove("client_metadata")));
        assert!(matches!(refusal(without), Refusal::Encryption(_)));
        let jwk = key.public_jwk().to_value();
        assert!(asked(&|claims| claims["client_metadata"]["jwks"] = json!({ "keys": [jwk] })).is_ok());
    }
}

trait Hashed {
    fn x5c_hash(&self) -> String;
}

impl Hashed for credenza_crypto::SoftwareSigner {
    fn x5c_hash(&self) -> String {
        credenza_crypto::x509::x509_hash(&credenza_crypto::Signer::x5c(self)[0])
    }
}

// Clauses: JAR-6.1-01, JAR-6.1-02, JAR-4-07, JAR-5-07
#[test]
fn an_encrypted_request_object_is_signed_inside_and_for_this_wallet() {
    let world = world();
    let signed = world.sign_request(&*world.verifier_signer, TYP, &claims());
    let sealed = |key: &credenza_crypto::Jwk, content: &str| {
        let parameters = jwe::Parameters::default();
        let (alg, enc) = (KeyManagement::EcdhEs, ContentEncryption::A256Gcm);
        jwe::encrypt(key, alg, enc, &parameters, content.as_bytes(), &SeededRandom::new(5)).unwrap()
    };
    // What a verifier answers, given the key that the wallet has sent.
    let answered = |make: &dyn Fn(&credenza_crypto::Jwk, &str) -> String| {
        let slot = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
        let (seen, reply) = (slot.clone(), slot.clone());
        let probe = world.wallet_over(
            move |request| {
                let form = credenza_vp::messages::RequestUriForm::parse(request.body()).unwrap();
                let metadata = form.wallet_metadata.unwrap();
                let text = json!([metadata["jwks"]["keys"][0], form.wallet_nonce]).to_string();
                *seen.lock().unwrap() = text;
                Ok(object_response(String::new()))
            },
            WalletBuilder::encrypted_requests,
        );
        let posted = format!("{}&request_uri_method=post", link(CLIENT));
        let _ = run(probe.wallet.resolve(&posted));
        let sent = credenza_core::json::parse(reply.lock().unwrap().as_bytes()).unwrap();
        let key = credenza_crypto::Jwk::from_value(&sent[0]).unwrap();
        // The same wallet asks again with another key: what was made for the first does not open.
        let object = make(&key, sent[1].as_str().unwrap());
        let side = world
            .wallet_over(move |_| Ok(object_response(object.clone())), WalletBuilder::encrypted_requests);
        refusal(run(side.wallet.resolve(&posted)))
    };
    let own = SoftwareDecrypter::generate(Curve::P256, &SeededRandom::new(9)).unwrap();
    for refused in [
        answered(&|key, _| sealed(key, &signed)),
        answered(&|_, _| sealed(own.public_jwk(), &signed)),
        answered(&|key, _| sealed(key, &claims().to_string())),
    ] {
        assert_eq!(refused.code(), "invalid_request_object", "{refused}");
    }
}

// Clauses: JAR-10.5-02
#[test]
fn j01_where_requests_have_to_be_signed_none_is_no_signature() {
    let world = world();
    let payload = credenza_core::b64::encode(claims().to_string());
    let header = credenza_core::b64::encode(json!({ "alg": "none", "typ": TYP }).to_string());
    let object = format!("{header}.{payload}.");
    let side = world.wallet_over(move |_| Ok(object_response(object.clone())), WalletBuilder::signed_only);
    refused_with(run(side.wallet.resolve(&link(CLIENT))), "invalid_request_object");
}

// Clauses: VP-15.8-02
#[test]
fn r11_nothing_of_the_person_goes_out_before_the_person_agrees() {
    let world = world();
    let created = {
        let mut request = credenza_vp::PresentationRequest::new(crate::world::query());
        request.request_uri_method = credenza_vp::messages::RequestUriMethod::Post;
        world.create(request)
    };
    let side = world.wallet();
    let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
    let _ = asked.matches(&world.held()).satisfiable();
    run(asked.decline(&side.wallet)).unwrap();
    let log = side.log.lock().unwrap();
    assert_eq!(log.len(), 2, "the request, and that the person declined");
    let thumbprint = credenza_crypto::Signer::public_jwk(&world.holder).thumbprint_text();
    for request in log.iter() {
        let names: Vec<_> = request.headers().keys().map(http::HeaderName::as_str).collect();
        assert!(names.iter().all(|name| ["accept", "content-type"].contains(name)), "{names:?}");
        let sent = format!("{} {}", request.uri(), String::from_utf8_lossy(request.body()));
        for personal in ["M%C3%B6bius", "August", "Leipzig", "issuer.example", thumbprint.as_str()] {
            assert!(!sent.contains(personal), "{personal}");
        }
    }
}

// Clauses: VP-8.1-05, VP-8.2-02
#[test]
fn an_answer_is_utf_8_and_may_say_more_than_is_known() {
    use credenza_oauth::EndpointError as _;
    let world = world();
    let paths: [&[&str]; 2] = [&["family_name"], &["age_equal_or_over", "18"]];
    let answer = |plain: &crate::world::Plain, more: &str| {
        let token = json!({ "pid": [world.bound(&paths, &plain.nonce, &plain.client_id)] }).to_string();
        let body = credenza_oauth::form::encode(&[("vp_token", &token), ("state", &plain.state)]);
        run(world.verifier.respond(&plain.created.request_id, format!("{body}{more}").as_bytes()))
    };
    let plain = world.plain(crate::world::query());
    for broken in ["&x=%FF", "&x=%C3", "&x=%C3%28", "&%80=x"] {
        let error = answer(&plain, broken).unwrap_err();
        assert_eq!((error.status().as_u16(), error.code()), (400, "invalid_request"), "{broken}");
    }
    answer(&plain, "&unknown=1&presentation_submission=x&name=M%C3%B6bius").unwrap();

    // What the wallet posts: everything beyond ASCII in the bytes of UTF-8, escaped.
    let asked = run(world.wallet().wallet.resolve(&by_value(|_| {}))).unwrap();
    let side = world.wallet_over(|_| Ok(http::Response::new(b"{}".to_vec())), |builder| builder);
    world.agree(&side, asked, &world.held()).unwrap();
    let body = side.log.lock().unwrap()[0].body().clone();
    assert!(body.is_ascii() && credenza_oauth::Form::parse_within(&body, 1 << 20).is_ok());
}
