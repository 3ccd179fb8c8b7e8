//! The Digital Credentials API without a platform: asked by a website, answered to its origin (WVP-013, WVP-015,
//! WVP-021, WVP-046, WVP-057).

use credenza_core::SeededRandom;
use credenza_crypto::jws::json::{Signing, sign_general};
use credenza_crypto::{Algorithm, IdentifiedBy, Signer, SigningHeader, SoftwareSigner};
use credenza_trust::did::jwk as did_jwk;
use credenza_vp::dc_api::{Call, MessageError, Protocol};
use credenza_vp::verifier::{CreatedDcApi, DcApiCall, RespondError, Status, VerifierIdentity};
use credenza_vp::wallet::{Asked, HowKnown, Refusal, WalletBuilder};
use credenza_vp::{PresentationRequest, ResponseMode};
use serde_json::{Map, Value, json};

use crate::request_kit::{TYP, claims, refusal, refused_with};
use crate::world::{World, certified, query, run, world, world_with};

pub(crate) const SITE: &str = "https://shop.example";

pub(crate) fn call(protocol: Protocol) -> DcApiCall {
    DcApiCall { origins: vec![SITE.to_owned()], protocol, identities: Vec::new() }
}

pub(crate) fn create(world: &World, protocol: Protocol, mode: ResponseMode) -> CreatedDcApi {
    let mut request = PresentationRequest::over_dc_api(query());
    request.response_mode = mode;
    run(world.verifier.create_for_dc_api(request, call(protocol))).unwrap()
}

pub(crate) fn bytes(call: &Call) -> Vec<u8> {
    serde_json::to_vec(call).unwrap()
}

pub(crate) fn resolve(
    world: &World,
    origin: &str,
    request: &[u8],
) -> Result<Asked, credenza_vp::wallet::ResolveError> {
    run(world.wallet().wallet.resolve_dc_api(origin, request))
}

pub(crate) fn answer(world: &World, asked: Asked) -> Call {
    let side = world.wallet();
    let answered = world.agree(&side, asked, &world.held()).unwrap();
    assert_eq!(answered.redirect_uri, None);
    assert!(side.log.lock().unwrap().is_empty(), "nothing is sent");
    answered.dc_api.unwrap()
}

// Clauses: VP-A.1-01, VP-A.1-02, VP-A.2-02, VP-A.2-04, VP-A.2-05, VP-A.2-06, VP-A.3.2.2-01, VP-A.3.2.2-02, VP-A.4-01, HAIP-5.2-03, HAIP-5.2-05, HAIP-5.2-06
// Checks: WVP-046, WVP-057
#[test]
fn every_kind_of_request_is_answered_to_its_origin() {
    for protocol in Protocol::ALL {
        for mode in [ResponseMode::DcApi, ResponseMode::DcApiJwt] {
            let world = world();
            let created = create(&world, protocol, mode);
            let asked = resolve(&world, SITE, &bytes(&created.request)).unwrap();
            assert_eq!(asked.response_host(), "shop.example");
            assert_eq!(asked.is_encrypted(), mode == ResponseMode::DcApiJwt);
            if protocol == Protocol::Unsigned {
                assert_eq!(
                    (asked.who().name.as_str(), &asked.who().how),
                    ("shop.example", &HowKnown::Unsigned)
                );
            } else {
                assert!(matches!(asked.who().how, HowKnown::Trusted(_)));
            }
            let answer = answer(&world, asked);
            assert_eq!(answer.protocol, protocol);
            let member = if mode == ResponseMode::DcApi { "vp_token" } else { "response" };
            assert_eq!(answer.data.keys().collect::<Vec<_>>(), [member]);
            run(world.verifier.respond_dc_api(&created.request_id, Some(SITE), &bytes(&answer))).unwrap();
            assert_eq!(world.status(&created.id), Status::Verified);
            let result = run(world.verifier.result(&created.id, None)).unwrap();
            assert_eq!(result.presentations[0].claims["family_name"], "Möbius");
        }
    }
}

// Clauses: VP-A.2-02, VP-A.2-04, VP-A.2-05, VP-A.2-06, VP-A.3.2.2-01, VP-A.3.2.2-02
// Checks: VER-033
#[test]
fn what_a_website_is_given() {
    let signer = SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(50)).unwrap();
    let kid = format!("{}#0", did_jwk::from_jwk(signer.public_jwk()).unwrap().as_str());
    let identity = VerifierIdentity::did(&kid, std::sync::Arc::new(signer)).unwrap();
    let world = world_with(|builder| builder.identity(identity));
    let unsigned = create(&world, Protocol::Unsigned, ResponseMode::DcApiJwt).request.data;
    for name in ["client_id", "expected_origins", "state", "response_uri", "aud"] {
        assert!(!unsigned.contains_key(name), "{name}");
    }
    assert_eq!(unsigned["response_mode"], "dc_api.jwt");
    assert_eq!(unsigned["response_type"], "vp_token");

    let signed = create(&world, Protocol::Signed, ResponseMode::DcApiJwt).request.data;
    let jws = credenza_crypto::Jws::parse(signed["request"].as_str().unwrap()).unwrap();
    assert!(jws.header.has_type(TYP));
    let payload = credenza_core::json::parse_object(&jws.payload).unwrap();
    assert_eq!(payload["expected_origins"], json!([SITE]));
    assert!(payload["client_id"].as_str().unwrap().starts_with("x509_hash:"));

    let mut request = PresentationRequest::over_dc_api(query());
    request.verifier_info = vec![credenza_vp::messages::VerifierInfo {
        format: "jwt".to_owned(),
        data: json!("a.b.c"),
        credential_ids: None,
    }];
    let several = run(world.verifier.create_for_dc_api(request, call(Protocol::Multisigned))).unwrap();
    let Value::Object(jws) = several.request.data["request"].clone() else { panic!("a JWS in JSON") };
    let jws = credenza_crypto::jws::json::JsonJws::from_object(jws).unwrap();
    assert_eq!(jws.signatures.len(), 3);
    let payload = credenza_core::json::parse_object(&jws.payload).unwrap();
    assert!(!payload.contains_key("client_id") && !payload.contains_key("verifier_info"));
    let clients: Vec<_> = jws
        .signatures
        .iter()
        .map(|one| {
            let header = one.header().unwrap();
            assert!(header.members.contains_key("verifier_info"));
            header.members["client_id"].as_str().unwrap().split(':').next().unwrap().to_owned()
        })
        .collect();
    assert_eq!(clients, ["x509_hash", "x509_san_dns", "decentralized_identifier"]);
    let options = several.request.to_get_options();
    assert_eq!(options["digital"]["requests"][0]["protocol"], "openid4vp-v1-multisigned");
    assert_eq!(resolve(&world, SITE, options.to_string().as_bytes()).unwrap().verifier_info().len(), 1);
}

// Clauses: VP-A.2-03, VP-A.2-10, VP-A.2-12
// Checks: WVP-014, WVP-015
#[test]
fn d02_wvp015_an_unsigned_request_says_nothing_about_who_asks() {
    let world = world();
    let mut created = create(&world, Protocol::Unsigned, ResponseMode::DcApi);
    let data = &mut created.request.data;
    data.insert("client_id".to_owned(), "x509_san_dns:bank.example".into());
    data.insert("expected_origins".to_owned(), json!(["https://bank.example"]));
    data.insert("state".to_owned(), "not echoed".into());
    data.insert("response_uri".to_owned(), "https://bank.example/r".into());
    data.insert("redirect_uri".to_owned(), "https://bank.example/r".into());
    data.insert("iss".to_owned(), "https://bank.example".into());
    let asked = resolve(&world, SITE, &bytes(&created.request)).unwrap();
    assert_eq!(asked.who().client_id.as_str(), "origin:https://shop.example");
    assert_eq!((asked.who().name.as_str(), &asked.who().how), ("shop.example", &HowKnown::Unsigned));
    let answer = answer(&world, asked);
    assert!(!answer.data.contains_key("state"));
    run(world.verifier.respond_dc_api(&created.request_id, None, &bytes(&answer))).unwrap();

    let strict = world.wallet_with(WalletBuilder::signed_only).wallet;
    let refused = run(strict.resolve_dc_api(SITE, &bytes(&created.request)));
    assert!(matches!(refusal(refused), Refusal::Untrusted(_)));
}

fn signed_by(world: &World, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut claims = claims();
    claims["response_mode"] = "dc_api".into();
    claims["expected_origins"] = json!(["https://other.example", SITE]);
    change(&mut claims);
    let request = world.sign_request(&*world.verifier_signer, TYP, &claims);
    json!({ "protocol": "openid4vp-v1-signed", "data": { "request": request } }).to_string().into_bytes()
}

// Clauses: VP-A.2-04, VP-A.2-06, VP-A.2-07, VP-A.2-08, VP-A.2-09
// Checks: WVP-021
#[test]
fn d01_d07_wvp021_signed_requests_that_are_refused() {
    let world = world();
    resolve(&world, SITE, &signed_by(&world, |_| {})).unwrap();
    resolve(
        &world,
        SITE,
        &signed_by(&world, |claims| claims.as_object_mut().unwrap().remove("aud").map_or((), drop)),
    )
    .unwrap();
    for origins in [
        json!(["https://other.example"]),
        json!(["https://shop.example/"]),
        json!(["https://shop.example:443"]),
        json!(["https://SHOP.example"]),
        json!(["http://shop.example"]),
        json!(["javascript:alert(1)"]),
        json!(["shop.example"]),
        json!([]),
        json!(SITE),
        json!([1]),
        json!(null),
    ] {
        let request = signed_by(&world, |claims| claims["expected_origins"] = origins);
        refused_with(resolve(&world, SITE, &request), "invalid_request");
    }
    for (name, value, code) in [
        ("client_id", json!("x509_san_dns:other.example"), "invalid_request"),
        ("client_id", json!("origin:https://shop.example"), "invalid_request"),
        ("client_id", json!("unknown:x"), "invalid_request"),
        ("client_id", json!(null), "invalid_request"),
        ("aud", json!("https://other.example"), "invalid_request_object"),
        ("exp", json!(1), "invalid_request_object"),
        ("nonce", json!(null), "invalid_request"),
        ("response_mode", json!("direct_post"), "invalid_request"),
        ("response_mode", json!("fragment"), "invalid_request"),
        ("response_mode", json!(null), "invalid_request"),
        ("response_mode", json!("dc_api.jwt"), "invalid_request"),
        ("response_type", json!("code"), "invalid_request"),
        ("transaction_data", json!(["x"]), "invalid_transaction_data"),
        ("request_uri", json!("https://verifier.example/request"), "invalid_request_object"),
    ] {
        let request = signed_by(&world, |claims| claims[name] = value.clone());
        refused_with(resolve(&world, SITE, &request), code);
    }
    // A website's error is a code, and nothing more.
    let error =
        resolve(&world, SITE, &signed_by(&world, |claims| claims["nonce"] = json!(null))).unwrap_err();
    let told = run(world.wallet().wallet.tell(error)).unwrap().unwrap().dc_api.unwrap();
    assert_eq!(
        serde_json::to_value(&told).unwrap(),
        json!({
            "protocol": "openid4vp-v1-signed", "data": { "error": "invalid_request" }
        })
    );
    // Broken signatures, other types, and keys of somebody else.
    let stranger = certified(&world.root, "Other", "other.example", &SeededRandom::new(3));
    for (signer, typ) in [(&stranger, TYP), (&*world.verifier_signer, "JWT")] {
        let mut claims = claims();
        claims["response_mode"] = "dc_api".into();
        claims["expected_origins"] = json!([SITE]);
        let request = world.sign_request(signer, typ, &claims);
        let request = json!({ "protocol": "openid4vp-v1-signed", "data": { "request": request } });
        assert!(resolve(&world, SITE, request.to_string().as_bytes()).is_err());
    }
}

/// A request under the given signatures: who signs, and the members of its protected header.
fn several(signatures: &[(&SoftwareSigner, Value)], payload: &Value) -> Vec<u8> {
    let headers: Vec<_> = signatures
        .iter()
        .map(|(signer, more)| {
            let Value::Object(more) = more.clone() else { panic!("members are an object") };
            SigningHeader::new(*signer, TYP, IdentifiedBy::X5c, more)
        })
        .collect();
    let signing = signatures
        .iter()
        .zip(&headers)
        .map(|((signer, _), header)| Signing { signer: *signer, header, unprotected: Map::new() })
        .collect();
    let jws = run(sign_general(signing, payload.to_string().as_bytes())).unwrap();
    json!({ "protocol": "openid4vp-v1-multisigned", "data": { "request": jws } }).to_string().into_bytes()
}

// Clauses: VP-A.3.2.2-01, VP-A.3.2.2-02
// Checks: WVP-013, WVP-017
#[test]
fn d04_wvp013_one_good_signature_of_several_is_enough() {
    let world = world();
    let mut payload = claims();
    payload["response_mode"] = "dc_api".into();
    payload["expected_origins"] = json!([SITE]);
    payload.as_object_mut().unwrap().remove("client_id");
    let good = (&*world.verifier_signer, json!({ "client_id": "x509_san_dns:verifier.example" }));
    let stranger = certified(&world.root, "Other", "other.example", &SeededRandom::new(3));
    let not_his = (&stranger, json!({ "client_id": "x509_san_dns:verifier.example" }));
    let nameless = (&stranger, json!({}));
    let unknown = (&stranger, json!({ "client_id": "decentralized_identifier:did:example:1" }));
    for signatures in [
        vec![good.clone()],
        vec![good.clone(), not_his.clone()],
        vec![unknown.clone(), nameless.clone(), not_his.clone(), good.clone()],
    ] {
        let asked = resolve(&world, SITE, &several(&signatures, &payload)).unwrap();
        assert_eq!(asked.who().client_id.as_str(), "x509_san_dns:verifier.example");
        assert!(asked.report().ok());
    }
    for signatures in [vec![not_his.clone()], vec![unknown, nameless, not_his]] {
        assert!(resolve(&world, SITE, &several(&signatures, &payload)).is_err());
    }
    // One of the signatures is broken: the other stands.
    let request = several(&[good.clone(), good.clone()], &payload);
    let mut request = credenza_core::json::parse(&request).unwrap();
    let broken = &mut request["data"]["request"]["signatures"][0]["signature"];
    *broken = json!(credenza_core::b64::encode([7; 64]));
    resolve(&world, SITE, request.to_string().as_bytes()).unwrap();
    request["data"]["request"]["signatures"][1]["signature"] = json!(credenza_core::b64::encode([7; 64]));
    assert!(matches!(
        refusal(resolve(&world, SITE, request.to_string().as_bytes())),
        Refusal::RequestObject(_)
    ));
    // A name beside what was signed is nobody's.
    let header = SigningHeader::new(&*world.verifier_signer, TYP, IdentifiedBy::X5c, Map::new());
    let name = json!({ "client_id": "x509_san_dns:verifier.example" });
    let Value::Object(unprotected) = name else { panic!("an object") };
    let signing = vec![Signing { signer: &*world.verifier_signer, header: &header, unprotected }];
    let jws = run(sign_general(signing, payload.to_string().as_bytes())).unwrap();
    let beside = json!({ "protocol": "openid4vp-v1-multisigned", "data": { "request": jws } });
    assert!(resolve(&world, SITE, beside.to_string().as_bytes()).is_err());
    // What belongs to a signature has no place in what all have signed.
    for (name, value) in [("client_id", json!("x509_san_dns:verifier.example")), ("verifier_info", json!([]))]
    {
        let mut payload = payload.clone();
        payload[name] = value;
        assert!(resolve(&world, SITE, &several(std::slice::from_ref(&good), &payload)).is_err(), "{name}");
    }
    let mut elsewhere = payload;
    elsewhere["expected_origins"] = json!(["https://other.example"]);
    refused_with(resolve(&world, SITE, &several(&[good], &elsewhere)), "invalid_request");
}

#[test]
fn calls_that_are_none() {
    let world = world();
    let good = create(&world, Protocol::Unsigned, ResponseMode::DcApi).request;
    let data = Value::Object(good.data.clone());
    let unsigned = "openid4vp-v1-unsigned";
    for fine in [
        json!({ "digital": { "requests": [{ "protocol": "org-iso-mdoc", "data": {} }, good] } }),
        json!({ "requests": [{ "protocol": "openid4vp-v2-signed", "data": {} }, good, { "protocol": unsigned }] }),
        json!(good),
    ] {
        resolve(&world, SITE, fine.to_string().as_bytes()).unwrap();
    }
    for bad in [
        json!([]),
        json!({}),
        json!({ "digital": {} }),
        json!({ "requests": [] }),
        json!({ "requests": good }),
        json!({ "requests": [1] }),
        json!({ "protocol": "openid4vp", "data": data }),
        json!({ "protocol": unsigned, "data": "x" }),
        json!({ "protocol": "openid4vp-v1-signed", "data": data }),
        json!({ "protocol": "openid4vp-v1-signed", "data": { "request": {} } }),
        json!({ "protocol": "openid4vp-v1-multisigned", "data": { "request": "a.b.c" } }),
        json!({ "protocol": "openid4vp-v1-multisigned", "data": {} }),
    ] {
        assert!(resolve(&world, SITE, bad.to_string().as_bytes()).is_err(), "{bad}");
    }
    for origin in ["", "shop.example", "https://shop .example", "https://shop.example\n"] {
        let refused = refusal(resolve(&world, origin, &bytes(&good)));
        assert!(matches!(refused, Refusal::Link(_)), "{origin}");
    }
    assert!(resolve(&world, "android:apk-key-hash:abc", &bytes(&good)).is_ok());
    assert_eq!(Call::parse(b"{\"protocol\":1}").unwrap_err(), MessageError::Protocol);
}

// Clauses: VP-A.4-01, VP-8.6-02
// Checks: WVP-057
#[test]
fn d03_wvp057_an_answer_for_another_origin_is_refused() {
    let world = world();
    let mut request = PresentationRequest::over_dc_api(query());
    request.response_mode = ResponseMode::DcApi;
    let mut call = call(Protocol::Signed);
    call.origins.push("https://other.example".to_owned());
    let created = run(world.verifier.create_for_dc_api(request, call)).unwrap();
    let asked = resolve(&world, SITE, &bytes(&created.request)).unwrap();
    let answer = answer(&world, asked);
    let respond = |origin, answer: &Call| {
        run(world.verifier.respond_dc_api(&created.request_id, origin, &bytes(answer)))
    };
    match respond(Some("https://other.example"), &answer).unwrap_err() {
        RespondError::Refused(report) => {
            assert_eq!(report.first_failure().unwrap().rule.id, "sd-jwt.kb.aud");
        }
        other => panic!("{other}"),
    }
    assert!(matches!(respond(None, &answer), Err(RespondError::Origin)));
    assert!(matches!(respond(Some("https://evil.example"), &answer), Err(RespondError::Origin)));
    let mut otherwise = answer.clone();
    otherwise.protocol = Protocol::Unsigned;
    assert!(matches!(respond(Some(SITE), &otherwise), Err(RespondError::ResponseMode)));
    // Not by the other door, nor without the encryption that was asked for.
    let form = world.post(&created.request_id, &[("vp_token", "{}"), ("state", "")]);
    assert!(form.is_err());
    let encrypted = create(&world, Protocol::Signed, ResponseMode::DcApiJwt);
    let plain = run(world.verifier.respond_dc_api(&encrypted.request_id, None, &bytes(&answer)));
    assert!(matches!(plain, Err(RespondError::ResponseMode)));
    for body in [&b"{}"[..], b"", b"{\"protocol\":\"openid4vp-v1-signed\"}"] {
        assert!(run(world.verifier.respond_dc_api(&created.request_id, Some(SITE), body)).is_err());
    }
    respond(Some(SITE), &answer).unwrap();
    assert!(matches!(respond(Some(SITE), &answer), Err(RespondError::Unknown)), "once");
}
