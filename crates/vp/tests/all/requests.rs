//! Requests that a wallet must refuse (catalogue rows R01 to R20, X08, X09), and how it answers those it takes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use credenza_core::{AddressPolicy, HttpError, SeededRandom, b64};
use credenza_crypto::x509::{CertificateAuthority, LeafProfile};
use credenza_crypto::{Algorithm, Signer, SoftwareSigner, hash};
use credenza_query::Dcql;
use credenza_vp::messages::RequestUriMethod;
use credenza_vp::wallet::{AnswerError, Choice, HowKnown, Refusal, ResolveError, UntrustedVerifiers};
use credenza_vp::{Asked, PresentationRequest};
use http::{Response, StatusCode};
use serde_json::{Value, json};

use crate::world::{
    DAY, NOW, VCT, WalletSide, World, certified, holding, object_response, query, run, serve, world,
    world_with,
};

const TYP: &str = "oauth-authz-req+jwt";
const CLIENT: &str = "x509_san_dns:verifier.example";

/// A request that is right in everything.
fn claims() -> Value {
    json!({
        "client_id": CLIENT,
        "aud": "https://self-issued.me/v2",
        "iat": NOW.as_secs(),
        "exp": NOW.as_secs() + 300,
        "response_type": "vp_token",
        "response_mode": "direct_post",
        "response_uri": "https://verifier.example/response",
        "nonce": "n-0S6_WzA2Mj~.",
        "state": "some.state",
        "dcql_query": query(),
        "client_metadata": { "vp_formats_supported": { "dc+sd-jwt": {} } },
    })
}

fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut claims = claims();
    change(&mut claims);
    claims
}

/// A wallet that is served this request object, and anything under /response.
fn served(world: &World, jwt: String) -> WalletSide {
    world.wallet_over(
        move |request| match request.uri().path() {
            "/request" => Ok(object_response(jwt.clone())),
            _ => Ok(Response::new(b"{}".to_vec())),
        },
        |builder| builder,
    )
}

fn link(client_id: &str) -> String {
    let pairs = [("client_id", client_id), ("request_uri", "https://verifier.example/request")];
    format!("openid4vp://?{}", credenza_oauth::form::encode(&pairs))
}

fn resolve_object(
    world: &World,
    signer: &dyn Signer,
    typ: &str,
    claims: &Value,
) -> (WalletSide, Result<Asked, ResolveError>) {
    let side = served(world, world.sign_request(signer, typ, claims));
    let asked = run(side.wallet.resolve(&link(CLIENT)));
    (side, asked)
}

fn resolve(world: &World, claims: &Value) -> Result<Asked, ResolveError> {
    resolve_object(world, &*world.verifier_signer, TYP, claims).1
}

#[track_caller]
fn refusal(result: Result<Asked, ResolveError>) -> Refusal {
    result.map(|asked| panic!("{asked:?} should be refused")).unwrap_err().refusal
}

#[track_caller]
fn refused_with(result: Result<Asked, ResolveError>, code: &str) {
    let refusal = refusal(result);
    assert_eq!(refusal.code(), code, "{refusal}");
}

fn by_value(change: impl FnOnce(&mut Value)) -> String {
    let mut claims = claims();
    claims["client_id"] = "redirect_uri:https://verifier.example/response".into();
    change(&mut claims);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pairs: Vec<_> =
        claims.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), text(value))).collect();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
    format!("openid4vp://?{}", credenza_oauth::form::encode(&pairs))
}

#[test]
fn the_right_request_is_taken() {
    let world = world();
    let asked = resolve(&world, &claims()).unwrap();
    assert_eq!(asked.who().name, "verifier.example");
    assert!(matches!(&asked.who().how, HowKnown::Trusted(how) if how.contains("Test Root")));
    let side = world.wallet();
    let asked = run(side.wallet.resolve(&by_value(|_| {}))).unwrap();
    assert_eq!(asked.who().how, HowKnown::Unsigned);
    assert_eq!(asked.who().name, "verifier.example");
    assert!(side.log.lock().unwrap().is_empty(), "nothing to fetch");
}

// Clauses: VP-5.9.1-01, VP-5.9.1-02, VP-5.9.2-01, VP-5.9.3-16, VP-5.9.3-28, JAR-10.2-01
#[test]
fn r01_prefixes_and_signatures_that_do_not_go_together() {
    let world = world();
    let side = world.wallet();
    for prefix in [
        "x509_san_dns:verifier.example",
        "x509_hash:Uvo3HtuIxuhC92rShpgqcT3YXwrqRxWEviRiA0OZszk",
        "origin:https://verifier.example",
        "https://verifier.example",
        "unknown:verifier.example",
        "example-client",
        "decentralized_identifier:did:example:123",
        "verifier_attestation:verifier.example",
        "openid_federation:https://verifier.example",
        "redirect_uri:javascript:alert(1)",
        "redirect_uri:",
        "",
    ] {
        let unsigned = by_value(|claims| claims["client_id"] = prefix.into());
        refused_with(run(side.wallet.resolve(&unsigned)), "invalid_request");
    }
    let signed = "redirect_uri:https://verifier.example/response";
    refused_with(run(side.wallet.resolve(&link(signed))), "invalid_request");
    assert!(side.log.lock().unwrap().is_empty(), "nothing was fetched or sent");
    let unsigned = with(|claims| claims["client_id"] = signed.into());
    let jwt = world.sign_request(&*world.verifier_signer, TYP, &unsigned);
    let pairs = [("client_id", signed), ("request", jwt.as_str())];
    let link = format!("openid4vp://?{}", credenza_oauth::form::encode(&pairs));
    refused_with(run(side.wallet.resolve(&link)), "invalid_request");
}

// Clauses: JAR-10.5-03
#[test]
fn r01_unsigned_requests_can_be_switched_off() {
    let world = world();
    let side = world.wallet_with(credenza_vp::wallet::WalletBuilder::signed_only);
    assert!(matches!(refusal(run(side.wallet.resolve(&by_value(|_| {})))), Refusal::Untrusted(_)));
}

// Clauses: VP-5-03, VP-5.1-06, VP-5.8-02, VP-5.9.3-20, VP-5.9.3-21, JAR-6.2-01, JAR-6.2-03, JAR-6.2-04
#[test]
fn r02_a_request_object_that_is_not_right_and_nothing_is_sent() {
    let world = world();
    let signer = &*world.verifier_signer;
    let mut cases = Vec::new();
    for typ in ["JWT", "jwt", "", "oauth-authz-req", "kb+jwt"] {
        cases.push(resolve_object(&world, signer, typ, &claims()));
    }
    for aud in
        [json!("https://verifier.example"), json!(["https://self-issued.me/v2", "x"]), json!(null), json!(1)]
    {
        cases.push(resolve_object(&world, signer, TYP, &with(|claims| claims["aud"] = aud)));
    }
    for (name, time) in
        [("exp", NOW.as_secs() - 61), ("iat", NOW.as_secs() + 61), ("nbf", NOW.as_secs() + 61)]
    {
        cases.push(resolve_object(&world, signer, TYP, &with(|claims| claims[name] = time.into())));
    }
    for (name, value) in
        [("exp", json!("1")), ("nonce", json!([])), ("request_uri", json!("https://x.example"))]
    {
        cases.push(resolve_object(&world, signer, TYP, &with(|claims| claims[name] = value)));
    }
    // The certificate of one, the signature of another, who puts his key into client_metadata.
    let thief = SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(4)).unwrap();
    let jwk = thief.public_jwk().to_value();
    let thief = thief.with_x5c(signer.x5c().to_vec());
    let forged = with(|claims| claims["client_metadata"]["jwks"] = json!({ "keys": [jwk] }));
    cases.push(resolve_object(&world, &thief, TYP, &forged));
    // No certificates at all.
    let bare = SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(4)).unwrap();
    cases.push(resolve_object(&world, &bare, TYP, &claims()));
    let right = world.sign_request(signer, TYP, &claims());
    for broken in [format!("{}AAAA", &right[..right.len() - 4]), right.replace('.', "~"), String::new()] {
        let side = served(&world, broken);
        let asked = run(side.wallet.resolve(&link(CLIENT)));
        cases.push((side, asked));
    }
    for (number, (side, asked)) in cases.into_iter().enumerate() {
        let Err(error) = asked else { panic!("case {number} was taken") };
        assert!(matches!(error.refusal, Refusal::RequestObject(_)), "{number}: {error}");
        assert!(run(side.wallet.tell(error)).is_none(), "{number}: there is nobody to tell");
        let log = side.log.lock().unwrap();
        assert!(log.iter().all(|request| request.uri().path() == "/request"), "{number}");
    }
}

// Clauses: VP-5.9.3-21, VP-5.9.3-26, JAR-6.2-04
#[test]
fn r02_a_verifier_that_nobody_vouches_for() {
    let world = world();
    let random = SeededRandom::new(12);
    let stranger = CertificateAuthority::generate("Stranger", NOW - DAY, 200 * DAY, &random).unwrap();
    let signer = certified(&stranger, "Verifier", "verifier.example", &random);
    assert!(matches!(refusal(resolve_object(&world, &signer, TYP, &claims()).1), Refusal::Untrusted(_)));

    let jwt = world.sign_request(&signer, TYP, &claims());
    let answer = move |_: &http::Request<Vec<u8>>| Ok(object_response(jwt.clone()));
    let show =
        |builder: credenza_vp::wallet::WalletBuilder| builder.untrusted_verifiers(UntrustedVerifiers::Show);
    let asked = run(world.wallet_over(answer, show).wallet.resolve(&link(CLIENT))).unwrap();
    assert!(matches!(asked.who().how, HowKnown::Untrusted(_)));
    // Its signature must be right all the same.
    let thief = SoftwareSigner::generate(Algorithm::Es256, &random).unwrap().with_x5c(signer.x5c().to_vec());
    let jwt = world.sign_request(&thief, TYP, &claims());
    let side = world.wallet_over(move |_| Ok(object_response(jwt.clone())), show);
    assert!(matches!(refusal(run(side.wallet.resolve(&link(CLIENT)))), Refusal::RequestObject(_)));
}

// Clauses: VP-5.10.1-06, VP-5.10.1-07, VP-5.10.1-08, VP-5.10.1-09, JAR-5-06, JAR-6.3-01, JAR-6.3-02, JAR-10.7-01
#[test]
fn r03_another_client_id_outside_than_inside() {
    let world = world();
    for inside in [json!("x509_san_dns:other.example"), json!("verifier.example"), json!(null)] {
        let claims = with(|claims| claims["client_id"] = inside);
        assert!(matches!(refusal(resolve(&world, &claims)), Refusal::ClientId(_)));
    }
    // Parameters in the URL beside the request object are not looked at.
    let jwt = world.sign_request(&*world.verifier_signer, TYP, &claims());
    let side = served(&world, jwt);
    let link = format!(
        "{}&nonce=other&response_uri=https%3A%2F%2Fevil.example&response_mode=fragment&x=y",
        link(CLIENT)
    );
    let asked = run(side.wallet.resolve(&link)).unwrap();
    assert_eq!(asked.response_host(), "verifier.example");
}

// Clauses: VP-5.9.3-23, VP-8.2-03, VP-8.2-07, VP-14.3.1-01, VP-15.8.2-02
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

// Clauses: VP-8.2-05, VP-8.2-06
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

// Clauses: VP-5.1-15, VP-5.10-01, VP-5.10-02, VP-5.10-07, VP-5.10-08, VP-5.10.1-04, VP-5.10.1-05
#[test]
fn r07_the_wallets_nonce_comes_back() {
    let world = world();
    let link = format!("{}&request_uri_method=post", link(CLIENT));
    for returned in [None, Some("other")] {
        let claims = with(|claims| {
            if let Some(returned) = returned {
                claims["wallet_nonce"] = returned.into();
            }
        });
        let side = served(&world, world.sign_request(&*world.verifier_signer, TYP, &claims));
        assert!(matches!(refusal(run(side.wallet.resolve(&link))), Refusal::RequestObject(_)));
        let log = side.log.lock().unwrap();
        let [request] = log.as_slice() else { panic!("one request") };
        // WVP-006 to WVP-010
        assert_eq!(request.method(), "POST");
        assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
        assert_eq!(request.headers()["accept"], "application/oauth-authz-req+jwt");
        assert_eq!(request.uri().query(), None);
        let form = credenza_oauth::Form::parse(request.body()).unwrap();
        assert!(form.get("wallet_nonce").unwrap().len() >= 22);
        credenza_core::json::parse_object(form.get("wallet_metadata").unwrap().as_bytes()).unwrap();
    }
}

// Clauses: VP-5.10.2-01
#[test]
fn r08_no_redirect_is_followed_and_no_error_is_overlooked() {
    let world = world();
    for status in [301, 302, 303, 307, 308, 400, 404, 500, 204, 206] {
        let side = world.wallet_over(
            move |_| {
                let response = Response::builder().status(status).header("location", "https://evil.example/");
                Ok(response.body(Vec::new()).unwrap())
            },
            |builder| builder,
        );
        let refusal = refusal(run(side.wallet.resolve(&link(CLIENT))));
        match refusal {
            Refusal::FetchStatus(_) | Refusal::Fetch(HttpError::Redirected) => {}
            other => panic!("{status}: {other}"),
        }
        assert_eq!(side.log.lock().unwrap().len(), 1);
    }
    // The same for the answer.
    let jwt = world.sign_request(&*world.verifier_signer, TYP, &claims());
    let side = world.wallet_over(
        move |request| match request.uri().path() {
            "/request" => Ok(object_response(jwt.clone())),
            _ => {
                let response = Response::builder().status(307).header("location", "https://evil.example/");
                Ok(response.body(Vec::new()).unwrap())
            }
        },
        |builder| builder,
    );
    let asked = run(side.wallet.resolve(&link(CLIENT))).unwrap();
    let error = world.agree(&side, asked, &world.held()).unwrap_err();
    assert!(matches!(error, AnswerError::Http(HttpError::Redirected) | AnswerError::Refused { .. }));
    assert_eq!(side.log.lock().unwrap().len(), 2);
}

// Clauses: VP-5.10.1-01
#[test]
fn the_content_type_of_a_request_object() {
    let world = world();
    let jwt = world.sign_request(&*world.verifier_signer, TYP, &claims());
    for (content_type, fine) in [
        ("application/oauth-authz-req+jwt", true),
        ("Application/OAuth-Authz-Req+JWT; charset=utf-8", true),
        ("application/jwt", false),
        ("text/html", false),
        ("", false),
    ] {
        let jwt = jwt.clone();
        let side = world.wallet_over(
            move |_| {
                let response = Response::builder().header("content-type", content_type);
                Ok(response.body(jwt.clone().into_bytes()).unwrap())
            },
            |builder| builder,
        );
        assert_eq!(run(side.wallet.resolve(&link(CLIENT))).is_ok(), fine, "{content_type}");
    }
}

// Clauses: VP-5-10, VP-5.1-20, VP-8.4-02
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

// Clauses: VP-6.4-01, VP-6.4.1-01, VP-6.4.1-02
#[test]
fn r10_no_more_is_disclosed_than_was_asked_for() {
    let cases: Vec<(credenza_query::DcqlQuery, Value)> = vec![
        (Dcql::credential("pid").sd_jwt([VCT]).build().unwrap(), json!({})),
        (
            Dcql::credential("pid").sd_jwt([VCT]).claim(["address", "country"]).build().unwrap(),
            json!({ "address": { "country": "DE" } }),
        ),
        (
            Dcql::credential("pid").sd_jwt([VCT]).claim(["nationalities"]).build().unwrap(),
            json!({ "nationalities": ["DE", "FR"] }),
        ),
        (
            Dcql::credential("pid")
                .sd_jwt([VCT])
                .claim(["missing"])
                .id("a")
                .claim(["given_name"])
                .id("b")
                .claim(["family_name"])
                .id("c")
                .claim_set(["a"])
                .claim_set(["b"])
                .claim_set(["b", "c"])
                .build()
                .unwrap(),
            json!({ "given_name": "August" }),
        ),
    ];
    for (query, expected) in cases {
        let world = world();
        let created = world.create(PresentationRequest::new(query));
        let side = world.wallet();
        let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
        world.agree(&side, asked, &world.held()).unwrap();
        let result = run(world.verifier.result(&created.id, None)).unwrap();
        let mut claims = result.presentations[0].claims.clone();
        claims.as_object_mut().unwrap().retain(|name, _| {
            !["vct", "iss", "iat", "exp", "cnf", "_sd_alg", "_sd"].contains(&name.as_str())
        });
        // Objects whose members are all withheld are empty, and say no more than that they exist.
        claims.as_object_mut().unwrap().retain(|_, value| *value != json!({}) && *value != json!([]));
        assert_eq!(claims, expected);
    }
}

// Clauses: VP-6.4-01, VP-6.4.1-03, VP-6.4.1-08, VP-6.4.2-02
#[test]
fn r10_a_choice_that_discloses_more_or_less_is_not_sent() {
    let world = world();
    let holdings = world.held();
    let path = |name: &str| credenza_core::ClaimsPath::keys([name]).unwrap();
    let (family, given) = (path("family_name"), path("given_name"));
    let more = [
        family.clone(),
        given.clone(),
        credenza_core::ClaimsPath::keys(["age_equal_or_over", "18"]).unwrap(),
    ];
    let less = [family];
    for (id, disclose) in [("pid", &more[..]), ("pid", &less[..]), ("pid", &[]), ("other", &less[..])] {
        let side = served(&world, world.sign_request(&*world.verifier_signer, TYP, &claims()));
        let asked = run(side.wallet.resolve(&link(CLIENT))).unwrap();
        let choice = Choice { query_id: id, holding: &holdings[0], disclose, signer: Some(&world.holder) };
        assert!(matches!(run(asked.answer(&side.wallet, &[choice])), Err(AnswerError::Choice(_))));
        assert_eq!(side.log.lock().unwrap().len(), 1, "nothing was sent");
    }
    let side = served(&world, world.sign_request(&*world.verifier_signer, TYP, &claims()));
    let asked = run(side.wallet.resolve(&link(CLIENT))).unwrap();
    assert!(matches!(run(asked.answer(&side.wallet, &[])), Err(AnswerError::Choice(_))));
}

// Clauses: VP-6.4.1-05, VP-6.4.2-03, VP-15.1-01, VP-15.4.1-01, VP-15.4.1-02
#[test]
fn r11_nothing_is_sent_before_the_person_has_decided() {
    let world = world();
    let query =
        Dcql::credential("pid").sd_jwt([VCT]).claim(["family_name"]).values(["Probe"]).build().unwrap();
    let created = world.create(PresentationRequest::new(query));
    let side = world.wallet();
    let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
    let holdings = world.held();
    let matches = asked.matches(&holdings);
    assert!(!matches.satisfiable() && matches.proposals().is_empty());
    let why = matches.unmet()[0].to_string();
    assert!(!why.contains("Möbius") && !why.contains("Probe"), "{why}");
    drop(matches);
    assert_eq!(side.log.lock().unwrap().len(), 1, "only the request was fetched");
    run(asked.decline(&side.wallet)).unwrap();
}

fn keys(keys: &Value) -> Value {
    with(|claims| {
        claims["response_mode"] = "direct_post.jwt".into();
        claims["client_metadata"]["jwks"] = json!({ "keys": keys });
    })
}

// Clauses: VP-5.1-09, VP-8.3-02, VP-8.3-03, VP-8.3-04, VP-8.3.1-01
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

// Clauses: VP-5.1-17
#[test]
fn r15_the_method_of_fetching() {
    let world = world();
    let side = world.wallet();
    for method in ["POST", "GET", "put", "Post"] {
        let link = format!("{}&request_uri_method={method}", link(CLIENT));
        refused_with(run(side.wallet.resolve(&link)), "invalid_request_uri_method");
    }
    let without = format!("{}&request_uri_method=post", by_value(|_| {}));
    refused_with(run(side.wallet.resolve(&without)), "invalid_request");
    assert!(side.log.lock().unwrap().is_empty());
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
    let mdoc = Dcql::credential("mdl").mdoc("org.iso.18013.5.1.mDL").build().unwrap();
    let claims = with(|claims| claims["dcql_query"] = serde_json::to_value(mdoc).unwrap());
    refused_with(resolve(&world, &claims), "vp_formats_not_supported");
    for (name, value) in [("response_type", "code"), ("response_mode", "fragment"), ("response_mode", "")] {
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
fn r18_one_request_is_answered_once() {
    // `answer` and `decline` take the request by value: a second answer does not compile. What is left is a wallet
    // that opens the link twice; then the verifier takes one of the two.
    let world = Arc::new(world());
    let created = world.create(PresentationRequest::new(query()));
    let side = world.wallet();
    let asked: Vec<_> = (0..8).map(|_| run(side.wallet.resolve(&created.wallet_link)).unwrap()).collect();
    let (accepted, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for asked in asked {
            scope.spawn(|| match world.agree(&side, asked, &world.held()) {
                Ok(_) => accepted.fetch_add(1, Ordering::SeqCst),
                Err(AnswerError::Refused { status: 400, .. }) => refused.fetch_add(1, Ordering::SeqCst),
                Err(other) => panic!("{other}"),
            });
        }
    });
    assert_eq!((accepted.into_inner(), refused.into_inner()), (1, 7));
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
        ("response_mode", json!("fragment"), "vp.request.response-mode"),
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

#[test]
fn r18_a_request_that_has_expired_while_the_person_was_thinking() {
    let world = world();
    let created = world.create(PresentationRequest::new(query()));
    let side = world.wallet();
    let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
    world.clock.advance(Duration::from_secs(300));
    assert_eq!(world.agree(&side, asked, &world.held()).unwrap_err(), AnswerError::Expired);
}

// Clauses: VP-8.2-13, VP-8.2-20
#[test]
fn r20_where_a_verifier_may_send_the_person() {
    let world = world();
    let jwt = world.sign_request(&*world.verifier_signer, TYP, &claims());
    let target = Arc::new(Mutex::new(String::new()));
    let answer = target.clone();
    let side = world.wallet_over(
        move |request| match request.uri().path() {
            "/request" => Ok(object_response(jwt.clone())),
            _ => Ok(Response::new(
                json!({ "redirect_uri": *answer.lock().unwrap(), "x": 1 }).to_string().into_bytes(),
            )),
        },
        |builder| builder,
    );
    for (uri, fine) in [
        ("https://shop.example/done?a=b#response_code=c", true),
        ("https://verifier.example", true),
        ("http://shop.example/done", false),
        ("http://127.0.0.1/", false),
        ("https://127.0.0.1/", false),
        ("https://10.0.0.1/", false),
        ("https://169.254.169.254/latest", false),
        ("https://localhost/", false),
        ("javascript:alert(1)", false),
        ("file:///etc/passwd", false),
        ("data:text/html,x", false),
        ("otherapp://open", false),
        ("intent://x#Intent;end", false),
        ("https://user:pass@shop.example/", false),
        ("/done", false),
        ("", false),
    ] {
        uri.clone_into(&mut target.lock().unwrap());
        let asked = run(side.wallet.resolve(&link(CLIENT))).unwrap();
        match world.agree(&side, asked, &world.held()) {
            // WVP-045: nothing of it changes.
            Ok(answered) => {
                assert!(fine, "{uri}");
                assert_eq!(answered.redirect_uri.unwrap().as_str().trim_end_matches('/'), uri);
            }
            Err(error) => assert!(!fine && error == AnswerError::Redirect, "{uri}: {error}"),
        }
    }
}

#[test]
fn what_verifiers_answer_that_is_no_success() {
    let world = world();
    let jwt = world.sign_request(&*world.verifier_signer, TYP, &claims());
    for (status, body, expected) in [
        (200, "[]", AnswerError::Malformed),
        (200, "x", AnswerError::Malformed),
        (200, r#"{"redirect_uri":1}"#, AnswerError::Malformed),
        (
            400,
            r#"{"error":"invalid_request","error_description":"no \"\u0007"}"#,
            AnswerError::Refused {
                status: 400,
                code: "invalid_request".into(),
                description: Some("no '?".into()),
            },
        ),
        (500, "oops", AnswerError::Refused { status: 500, code: String::new(), description: None }),
    ] {
        let jwt = jwt.clone();
        let side = world.wallet_over(
            move |request| match request.uri().path() {
                "/request" => Ok(object_response(jwt.clone())),
                _ => {
                    let status = StatusCode::from_u16(status).unwrap();
                    Ok(Response::builder().status(status).body(body.as_bytes().to_vec()).unwrap())
                }
            },
            |builder| builder,
        );
        let asked = run(side.wallet.resolve(&link(CLIENT))).unwrap();
        assert_eq!(world.agree(&side, asked, &world.held()).unwrap_err(), expected);
    }
}

// Clauses: VP-5.9.3-19
#[test]
fn x08_the_dns_name_is_one_of_the_leafs_exactly() {
    let world = world();
    let random = SeededRandom::new(21);
    let leaf = |common_name: &str, dns: &[&str], uri: Option<&str>| {
        let signer = SoftwareSigner::generate(Algorithm::Es256, &random).unwrap();
        let mut profile = LeafProfile::new(common_name, NOW - DAY, 10 * DAY);
        for name in dns {
            profile = profile.dns_name(*name);
        }
        if let Some(uri) = uri {
            profile = profile.uri(uri);
        }
        let chain = world.root.issue_chain(&signer.public_jwk().key, &profile, &random).unwrap();
        signer.with_x5c(chain)
    };
    for (signer, client_id, fine) in [
        (leaf("x", &["verifier.example"], None), "verifier.example", true),
        (leaf("x", &["other.example", "VERIFIER.example"], None), "verifier.example", true),
        (leaf("verifier.example", &[], None), "verifier.example", false),
        (leaf("x", &["*.example"], None), "verifier.example", false),
        (leaf("x", &["*.example"], None), "*.example", false),
        (leaf("x", &[], Some("https://verifier.example")), "verifier.example", false),
        (leaf("x", &["verifier.example"], None), "verifier.example.", false),
        (leaf("x", &["verifier.example"], None), "erifier.example", false),
        (leaf("x", &["verifier.example"], None), "vérifier.example", false),
        (leaf("x", &["verifier.example"], None), "verifier.example:443", false),
        (leaf("x", &["verifier.example"], None), "", false),
    ] {
        let full = format!("x509_san_dns:{client_id}");
        let claims = with(|claims| claims["client_id"] = full.as_str().into());
        let side = served(&world, world.sign_request(&signer, TYP, &claims));
        assert_eq!(run(side.wallet.resolve(&link(&full))).is_ok(), fine, "{client_id}");
        assert_eq!(side.log.lock().unwrap().len(), 1);
    }
}

// Clauses: VP-5.9.3-24, VP-5.9.3-25
#[test]
fn x09_the_hash_is_that_of_the_leaf_in_one_form() {
    let world = world();
    let random = SeededRandom::new(22);
    let middle = world.root.intermediate("Middle", NOW - DAY, 500 * DAY, &random).unwrap();
    let signer = certified(&middle, "V", "verifier.example", &random);
    let [leaf, above] = signer.x5c() else { panic!("two certificates") };
    let hash_of = |bytes: &[u8]| b64::encode(hash::sha256(bytes));
    let right = hash_of(leaf);
    let hex: String = hash::sha256(leaf).iter().map(|byte| format!("{byte:02x}")).collect();
    for (hash, fine) in [
        (right.clone(), true),
        (hash_of(above), false),
        (hash_of(b""), false),
        (hex, false),
        (b64::encode_std(hash::sha256(leaf)), false),
        (format!("{right}="), false),
        (b64::encode(credenza_crypto::HashAlgorithm::Sha384.hash(leaf)), false),
        (right[..42].to_owned(), false),
    ] {
        let full = format!("x509_hash:{hash}");
        let claims = with(|claims| claims["client_id"] = full.as_str().into());
        let side = served(&world, world.sign_request(&signer, TYP, &claims));
        assert_eq!(run(side.wallet.resolve(&link(&full))).is_ok(), fine, "{hash}");
    }
}

// Clauses: JAR-6.2-01, JAR-10.5-04
#[test]
fn j01_no_signature_and_no_mac() {
    let world = world();
    let right = world.sign_request(&*world.verifier_signer, TYP, &claims());
    let payload = right.split('.').nth(1).unwrap();
    for alg in ["none", "None", "HS256"] {
        let header = b64::encode(json!({ "alg": alg, "typ": TYP }).to_string());
        for jwt in [format!("{header}.{payload}."), format!("{header}.{payload}.AAAA")] {
            let side = served(&world, jwt);
            assert!(matches!(refusal(run(side.wallet.resolve(&link(CLIENT)))), Refusal::RequestObject(_)));
        }
    }
}

// Clauses: VP-B.3-01
#[test]
fn credentials_without_a_key_are_presented_as_they_are() {
    let world = world();
    let query = Dcql::credential("t").sd_jwt([VCT]).without_holder_binding().claim(["given_name"]).build();
    let created = world.create(PresentationRequest::new(query.unwrap()));
    let side = world.wallet();
    let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
    let ticket = holding(world.issue_by(&world.issuer, &World::claims(), None), false);
    world.agree(&side, asked, &[ticket]).unwrap();
    assert!(!run(world.verifier.result(&created.id, None)).unwrap().presentations[0].holder_bound);
}

#[test]
fn the_key_of_another_credential_does_not_present_this_one() {
    let world = world();
    let side = served(&world, world.sign_request(&*world.verifier_signer, TYP, &claims()));
    let asked = run(side.wallet.resolve(&link(CLIENT))).unwrap();
    let holdings = world.held();
    let disclose = asked.matches(&holdings).proposals()[0].disclose.to_vec();
    let other = SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(77)).unwrap();
    let choice = Choice { query_id: "pid", holding: &holdings[0], disclose: &disclose, signer: Some(&other) };
    assert!(matches!(run(asked.answer(&side.wallet, &[choice])), Err(AnswerError::Sign(_))));
    assert_eq!(side.log.lock().unwrap().len(), 1);
}

#[test]
fn a_demo_on_loopback() {
    let world = world_with(|builder| builder.addresses(AddressPolicy::Loopback));
    let mut request = PresentationRequest::new(query());
    request.request_uri_method = RequestUriMethod::Post;
    let created = world.create(request);
    let verifier = world.verifier.clone();
    let side = world.wallet_over(move |request| Ok(serve(&verifier, request)), |builder| builder);
    assert!(run(side.wallet.resolve(&created.wallet_link)).is_ok());
}

const LEAVES: [&[&str]; 7] = [
    &["family_name"],
    &["given_name"],
    &["address", "locality"],
    &["address", "country"],
    &["age_equal_or_over", "18"],
    &["age_equal_or_over", "21"],
    &["nationalities"],
];

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]

    // Clauses: VP-6.4-01, VP-6.4.1-01
    #[test]
    fn r10_disclosed_is_what_was_asked_for_whatever_that_is(asked in proptest::bits::u8::masked(0x7f)) {
        let wanted = |number: usize| asked & (1 << number) != 0;
        let mut query = Dcql::credential("pid").sd_jwt([VCT]);
        for (number, path) in LEAVES.iter().enumerate() {
            if wanted(number) {
                query = query.claim(path.iter().copied());
            }
        }
        let world = world();
        let created = world.create(PresentationRequest::new(query.build().unwrap()));
        world.present(&created.wallet_link).unwrap();
        let result = run(world.verifier.result(&created.id, None)).unwrap();
        let claims = &result.presentations[0].claims;
        for (number, path) in LEAVES.iter().enumerate() {
            let found = path.iter().try_fold(claims, |value, name| value.get(name));
            let found = found.filter(|value| **value != json!([]));
            let held = World::claims();
            let expected = path.iter().try_fold(&held, |value, name| value.get(name));
            proptest::prop_assert_eq!(found, expected.filter(|_| wanted(number)), "{:?}", path);
        }
    }
}
