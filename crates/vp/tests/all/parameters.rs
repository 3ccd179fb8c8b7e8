//! What is asked: requests with parameters that break a rule (catalogue rows R04 to R06, R09, R14, R16, R17).

use credenza_core::{AddressPolicy, HttpError, SeededRandom, b64};
use credenza_vp::wallet::Refusal;
use serde_json::{Value, json};

use crate::request_kit::{
    CLIENT, TYP, by_value, claims, link, refusal, refused_with, resolve, resolve_object, with,
};
use crate::world::{VCT, object_response, run, world};

// Clauses: VP-5.9.3-23, VP-8.2-03, VP-8.2-07, VP-14.3.1-01, VP-15.8.2-02, X509-V-SAN-01, HAIP-5.1-05
// Checks: WVP-004, WVP-024
#[test]
fn r04_a_response_uri_that_is_not_the_verifiers() {
    let world = world();
    for uri in [
        "https://evil.example/response",
        "https://verifier.example.evil.example/response",
        "https://sub.verifier.example/response",
        "https://verifier.example@evil.example/response",
        "https://user@verifier.example/response",
        "http://verifier.example/response",
        "https://verifier.example/response#fragment",
        "https://vérifier.example/response",
        "//verifier.example/response",
        "https:\\\\verifier.example\\response",
        "https://verifier.example /response",
        "javascript:alert(1)",
        "verifier.example",
        "",
    ] {
        let claims = with(|claims| claims["response_uri"] = uri.into());
        refused_with(resolve(&world, &claims), "invalid_request");
        // In a URL a parameter without a value is one that was not sent.
        if !uri.is_empty() {
            let side = world.wallet();
            let unsigned = by_value(|claims| claims["response_uri"] = uri.into());
            refused_with(run(side.wallet.resolve(&unsigned)), "invalid_request");
            assert!(side.log.lock().unwrap().is_empty());
        }
    }
    let missing = with(|claims| {
        claims.as_object_mut().unwrap().remove("response_uri");
    });
    refused_with(resolve(&world, &missing), "invalid_request");
    // WVP-004: with the prefix redirect_uri it is the client identifier.
    let side = world.wallet();
    let left_out = by_value(|claims| {
        claims.as_object_mut().unwrap().remove("response_uri");
    });
    assert_eq!(run(side.wallet.resolve(&left_out)).unwrap().response_host(), "verifier.example");
}

#[test]
fn r04_internal_addresses_only_where_that_is_allowed() {
    let world = world();
    let at = |uri: &str| {
        by_value(|claims| {
            claims["client_id"] = format!("redirect_uri:{uri}").into();
            claims["response_uri"] = uri.into();
        })
    };
    let loopback = ["http://127.0.0.1:3000/r", "http://localhost/r", "http://[::1]/r", "https://127.0.0.1/r"];
    let never =
        ["https://10.0.0.1/r", "https://169.254.169.254/r", "http://10.0.0.1/r", "https://[fc00::1]/r"];
    let public = world.wallet();
    let local = world.wallet_with(|builder| builder.addresses(AddressPolicy::Loopback));
    for uri in loopback {
        assert!(run(public.wallet.resolve(&at(uri))).is_err(), "{uri}");
        assert!(run(local.wallet.resolve(&at(uri))).is_ok(), "{uri}");
    }
    for uri in never {
        assert!(run(public.wallet.resolve(&at(uri))).is_err(), "{uri}");
        assert!(run(local.wallet.resolve(&at(uri))).is_err(), "{uri}");
    }
}

// Clauses: VP-8.2-05, VP-8.2-06, JAR-6.3-03
// Checks: WVP-019
#[test]
fn r05_redirect_uri_beside_direct_post_is_told_to_the_verifier() {
    let world = world();
    let claims = with(|claims| claims["redirect_uri"] = "https://verifier.example/cb".into());
    let (side, asked) = resolve_object(&world, &*world.verifier_signer, TYP, &claims);
    let error = asked.unwrap_err();
    assert_eq!(error.refusal.code(), "invalid_request");
    // Only when the person has said so.
    assert_eq!(side.log.lock().unwrap().len(), 1);
    run(side.wallet.tell(error)).unwrap().unwrap();
    let log = side.log.lock().unwrap();
    let body = std::str::from_utf8(log[1].body()).unwrap();
    assert!(body.starts_with("error=invalid_request&") && body.ends_with("&state=some.state"), "{body}");
}

// Clauses: VP-5.2-01, VP-5.2-03, VP-5.2-09
// Checks: WVP-020
#[test]
fn r06_nonce_and_state_of_other_characters() {
    let world = world();
    for nonce in [
        json!(null),
        json!(""),
        json!("a b"),
        json!("a+b"),
        json!("é"),
        json!("a/b"),
        json!("x".repeat(3000)),
    ] {
        refused_with(resolve(&world, &with(|claims| claims["nonce"] = nonce)), "invalid_request");
    }
    for state in ["", "a b", "ü", "a&b"] {
        refused_with(resolve(&world, &with(|claims| claims["state"] = state.into())), "invalid_request");
    }
}

// Clauses: VP-5-10, VP-5.1-20, VP-8.4-02
// Checks: WVP-023
#[test]
fn r09_transaction_data_of_no_known_type() {
    let world = world();
    let data = b64::encode(json!({ "type": "unknown", "credential_ids": ["pid"] }).to_string());
    for data in [json!([data]), json!([]), json!("x"), json!({}), json!(["!"]), json!(null)] {
        let claims = with(|claims| claims["transaction_data"] = data.clone());
        let result = resolve(&world, &claims);
        if data.is_null() {
            assert!(result.is_ok(), "null is nothing");
        } else {
            refused_with(result, "invalid_transaction_data");
        }
    }
}

fn keys(keys: &Value) -> Value {
    with(|claims| {
        claims["response_mode"] = "direct_post.jwt".into();
        claims["client_metadata"]["jwks"] = json!({ "keys": keys });
    })
}

// Clauses: VP-5.1-09, VP-8.3-02, VP-8.3-03, VP-8.3-04, VP-8.3.1-01
// Checks: WVP-012, WVP-034, WVP-036, WVP-037, WVP-038
#[test]
fn r14_keys_that_can_not_be_used_are_passed_over() {
    use credenza_crypto::{Curve, Decrypter as _, SoftwareDecrypter};
    let world = world();
    let key = |changes: Value| {
        let key = SoftwareDecrypter::generate(Curve::P256, &SeededRandom::new(1)).unwrap();
        let mut value = key.public_jwk().to_value();
        value.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        value
    };
    let good = key(json!({ "kid": "good" }));
    let mut no_use = key(json!({ "kid": "good" }));
    no_use.as_object_mut().unwrap().remove("use");
    let mut no_alg = key(json!({ "kid": "no-alg" }));
    no_alg.as_object_mut().unwrap().remove("alg");
    let unusable = [
        json!({ "kty": "AKP", "alg": "ML-KEM-768", "kid": "pq", "pub": "AA" }),
        json!({ "kty": "EC", "crv": "P-256", "alg": "ECDH-ES", "kid": "off", "x": b64::encode([1; 32]), "y": b64::encode([1; 32]) }),
        json!({ "kty": "OKP", "crv": "X448", "alg": "ECDH-ES", "kid": "bc", "x": b64::encode([1; 56]) }),
        key(json!({ "kid": "sig", "use": "sig" })),
        key(json!({ "kid": "rsa", "alg": "RSA-OAEP-256" })),
        no_alg,
        json!({}),
    ];
    for good in [&good, &no_use] {
        let mut all = unusable.to_vec();
        all.push((*good).clone());
        let (side, asked) = resolve_object(&world, &*world.verifier_signer, TYP, &keys(&json!(all)));
        let asked = asked.unwrap();
        assert!(asked.is_encrypted());
        world.agree(&side, asked, &world.held()).unwrap();
        // WVP-034 to WVP-038
        let log = side.log.lock().unwrap();
        let form = credenza_oauth::Form::parse(log[1].body()).unwrap();
        assert!(!form.has("vp_token") && !form.has("state"));
        let header = form.get("response").unwrap().split('.').next().unwrap();
        let header = credenza_core::json::parse(&b64::decode(header).unwrap()).unwrap();
        assert_eq!(
            (&header["kid"], &header["alg"], &header["enc"]),
            (&json!("good"), &json!("ECDH-ES"), &json!("A128GCM"))
        );
    }
    for none in [json!(unusable), json!([])] {
        assert!(matches!(refusal(resolve(&world, &keys(&none))), Refusal::Encryption(_)));
    }
    // J21: a private key in public metadata.
    let private = key(json!({ "d": b64::encode([1; 32]) }));
    refused_with(resolve(&world, &keys(&json!([good, private]))), "invalid_request");
    let mut unknown = keys(&json!([good]));
    unknown["client_metadata"]["encrypted_response_enc_values_supported"] = json!(["A999GCM"]);
    assert!(matches!(refusal(resolve(&world, &unknown)), Refusal::Encryption(_)));
    let mut second = keys(&json!([good]));
    second["client_metadata"]["encrypted_response_enc_values_supported"] = json!(["A999GCM", "A256GCM"]);
    assert!(resolve(&world, &second).is_ok());
}

// Clauses: VP-5.1-01, VP-6-02, VP-6.1-03, VP-6.1-04, VP-6.1-07, VP-6.4.1-04, VP-7-01
#[test]
fn r16_a_query_that_is_none() {
    let world = world();
    refused_with(resolve(&world, &with(|claims| claims["scope"] = "pid".into())), "invalid_request");
    let scope = with(|claims| {
        claims.as_object_mut().unwrap().remove("dcql_query");
        claims["scope"] = "pid".into();
    });
    refused_with(resolve(&world, &scope), "invalid_scope");
    let credential = json!({ "id": "a", "format": "dc+sd-jwt", "meta": { "vct_values": [VCT] } });
    for query in [
        json!(null),
        json!({}),
        json!([]),
        json!("x"),
        json!({ "credentials": [] }),
        json!({ "credentials": [credential, credential] }),
        json!({ "credentials": [{ "id": "a b", "format": "dc+sd-jwt", "meta": { "vct_values": [VCT] } }] }),
        json!({ "credentials": [{ "id": "a", "format": "dc+sd-jwt" }] }),
        json!({ "credentials": [{ "id": "a", "format": "dc+sd-jwt", "meta": {"vct_values": [VCT]}, "claim_sets": [["x"]] }] }),
        json!({ "credentials": [{ "id": "a", "format": "dc+sd-jwt", "meta": {"vct_values": [VCT]}, "claims": [{ "path": [-1] }] }] }),
    ] {
        refused_with(resolve(&world, &with(|claims| claims["dcql_query"] = query)), "invalid_request");
    }
    let unknown = json!({ "credentials": [{ "id": "a", "format": "anoncreds", "meta": {} }] });
    let claims = with(|claims| claims["dcql_query"] = unknown);
    refused_with(resolve(&world, &claims), "vp_formats_not_supported");
    for (name, value) in [("response_type", "code"), ("response_mode", "form_post"), ("response_mode", "")] {
        refused_with(resolve(&world, &with(|claims| claims[name] = value.into())), "invalid_request");
    }
}

#[test]
fn r17_a_link_or_a_request_that_is_too_large() {
    let world = world();
    let side = world.wallet();
    let long = format!("{}&x={}", by_value(|_| {}), "y".repeat(70_000));
    assert!(matches!(refusal(run(side.wallet.resolve(&long))), Refusal::Link(_)));
    for link in ["", "openid4vp://", "openid4vp://?client_id=a&client_id=b", "no url", "openid4vp://?%zz=1"] {
        let refusal = refusal(run(side.wallet.resolve(link)));
        assert!(matches!(refusal, Refusal::Link(_) | Refusal::ClientId(_)), "{link}: {refusal}");
    }
    let big = "x".repeat(300 * 1024);
    let side = world.wallet_over(move |_| Ok(object_response(big.clone())), |builder| builder);
    assert!(matches!(
        refusal(run(side.wallet.resolve(&link(CLIENT)))),
        Refusal::Fetch(HttpError::TooLarge(_))
    ));
}

#[test]
fn every_check_of_a_request_is_named() {
    let world = world();
    let report = resolve(&world, &claims()).unwrap().report().clone();
    assert!(report.ok(), "{report}");
    for id in ["trust.verifier", "vp.request.signature", "vp.request.same-client", "vp.request.response-uri"]
    {
        assert_eq!(report.find(id).unwrap().outcome, credenza_core::Outcome::Passed, "{id}");
    }
    let unsigned = run(world.wallet().wallet.resolve(&by_value(|_| {}))).unwrap();
    let signature = unsigned.report().find("vp.request.signature").unwrap();
    assert_eq!(signature.outcome, credenza_core::Outcome::Skipped);
    for (name, value, id) in [
        ("client_id", json!("x509_san_dns:other.example"), "vp.request.same-client"),
        ("aud", json!("x"), "vp.request.audience"),
        ("exp", json!(1), "vp.request.times"),
        ("response_mode", json!("form_post"), "vp.request.response-mode"),
        ("response_uri", json!("https://evil.example"), "vp.request.response-uri"),
        ("client_metadata", json!(1), "vp.request.metadata"),
        ("redirect_uri", json!("https://verifier.example"), "vp.request.redirect-uri"),
        ("response_type", json!("code"), "vp.request.response-type"),
        ("state", json!("a b"), "vp.request.state"),
        ("nonce", json!("a b"), "vp.request.nonce"),
        ("transaction_data", json!(["x"]), "vp.request.transaction-data"),
        ("verifier_info", json!(1), "vp.request.verifier-info"),
        ("dcql_query", json!(1), "vp.request.query"),
    ] {
        let error = resolve(&world, &with(|claims| claims[name] = value)).unwrap_err();
        assert_eq!(error.report.first_failure().unwrap().rule.id, id);
        assert!(!error.report.ok());
    }
}
