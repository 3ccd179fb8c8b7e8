//! Who asks: requests whose sender is not who he says (catalogue rows R01 to R03, R07, R08, R15, X08, X09).

use credenza_core::{AddressPolicy, HttpError, SeededRandom, b64};
use credenza_crypto::x509::{CertificateAuthority, LeafProfile};
use credenza_crypto::{Algorithm, Signer, SoftwareSigner, hash};
use credenza_vp::PresentationRequest;
use credenza_vp::messages::RequestUriMethod;
use credenza_vp::wallet::{AnswerError, HowKnown, Refusal, UntrustedVerifiers};
use http::Response;
use serde_json::json;

use crate::request_kit::{
    CLIENT, TYP, by_value, claims, link, refusal, refused_with, resolve, resolve_object, served, with,
};
use crate::world::{DAY, NOW, certified, object_response, query, run, serve, world, world_with};

// Clauses: JAR-11.1-03
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

// Clauses: VP-5.9.1-01, VP-5.9.1-02, VP-5.9.2-01, VP-5.9.3-16, VP-5.9.3-28, JAR-10.2-01, VP-5.10-09
// Checks: WVP-022
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

// Clauses: VP-5-03, VP-5.1-06, VP-5.8-02, VP-5.9.3-20, VP-5.9.3-21, JAR-6.2-01, JAR-6.2-03, JAR-6.2-04, VP-5.10.1-03,
// JAR-4-02, JAR-4-04
// Checks: WVP-017
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

// Clauses: VP-5.10.1-06, VP-5.10.1-07, VP-5.10.1-08, VP-5.10.1-09, JAR-5-06, JAR-6.3-01, JAR-6.3-02, JAR-10.7-01,
// JAR-5-08
// Checks: WVP-018
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

// Clauses: VP-5.1-15, VP-5.10-01, VP-5.10-02, VP-5.10-07, VP-5.10-08, VP-5.10.1-04, VP-5.10.1-05
// Checks: WVP-005, WVP-006, WVP-007, WVP-008, WVP-009, WVP-010, WVP-011
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

// Clauses: VP-5.10.1-01, JAR-5.2-02
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

// Clauses: VP-5.9.3-19, X509-V-SAN-01
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

// Clauses: VP-5.9.3-24, VP-5.9.3-25, X509-V-HASH-01
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

// Clauses: JAR-6.2-01, JAR-10.5-04, JAR-5-07, JAR-10.1-01
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
