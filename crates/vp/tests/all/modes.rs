//! Ways back: the browser's, and by value; what the wallet says about itself; HAIP (catalogue rows P11, P14, R15).

use credenza_crypto::{ContentEncryption, jwe};
use credenza_query::Dcql;
use credenza_query::dcql::DcqlQuery;
use credenza_vp::messages::{RequestUriForm, RequestUriMethod};
use credenza_vp::verifier::{
    BuildError, CreateError, Fetch, RequestObjectError, RequestedPrefix, RespondError, Status,
};
use credenza_vp::wallet::{Refusal, UntrustedVerifiers};
use credenza_vp::{PresentationRequest, Profile, ResponseMode};
use serde_json::{Value, json};

use crate::request_kit::{CLIENT, TYP, by_value, claims, link, refusal, refused_with, resolve, with};
use crate::world::{VCT, query, run, world, world_with};

const PAGE: &str = "https://verifier.example/done";

fn redirected(mode: ResponseMode) -> PresentationRequest {
    let mut request = PresentationRequest::new(query());
    request.response_mode = mode;
    request.redirect_uri = Some(PAGE.to_owned());
    request
}

// Clauses: VP-5.6-02, VP-5.6-03, VP-5.9.3-01, VP-5.9.3-23, VP-8.1-01
#[test]
fn the_browser_carries_the_answer() {
    for mode in [ResponseMode::Fragment, ResponseMode::Query] {
        for prefix in [RequestedPrefix::X509Hash, RequestedPrefix::X509SanDns, RequestedPrefix::RedirectUri] {
            let world = world_with(|builder| builder.allow_redirects([PAGE.parse().unwrap()]));
            let mut request = redirected(mode);
            request.prefix = Some(prefix);
            let created = world.create(request);
            let side = world.wallet();
            let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
            let sent = side.log.lock().unwrap().len();
            let answered = world.agree(&side, asked, &world.held()).unwrap();
            assert_eq!(side.log.lock().unwrap().len(), sent, "nothing is posted");
            let url = answered.redirect_uri.unwrap();
            assert!(url.as_str().starts_with(PAGE));
            let parameters = if mode == ResponseMode::Fragment {
                assert_eq!(url.query(), None);
                url.fragment()
            } else {
                assert_eq!(url.fragment(), None);
                url.query()
            };
            let body = parameters.unwrap().as_bytes();
            run(world.verifier.respond(&created.request_id, body)).unwrap();
            assert_eq!(world.status(&created.id), Status::Verified);
        }
    }
}

#[test]
fn the_browser_carries_a_refusal() {
    let world = world_with(|builder| builder.allow_redirects([PAGE.parse().unwrap()]));
    let created = world.create(redirected(ResponseMode::Fragment));
    let side = world.wallet();
    let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
    let url = run(asked.decline(&side.wallet)).unwrap().redirect_uri.unwrap();
    run(world.verifier.respond(&created.request_id, url.fragment().unwrap().as_bytes())).unwrap();
    let seen = run(world.verifier.session(&created.id)).unwrap();
    assert_eq!((seen.status, seen.wallet_error.unwrap().error.as_str()), (Status::Failed, "access_denied"));
}

// Clauses: VP-5.9.3-23
#[test]
fn r04_a_redirect_uri_that_is_not_the_verifiers() {
    let world = world();
    let redirect = |uri: &str| {
        with(|claims| {
            claims["response_mode"] = "fragment".into();
            claims["redirect_uri"] = uri.into();
            claims.as_object_mut().unwrap().remove("response_uri");
        })
    };
    assert!(resolve(&world, &redirect("https://verifier.example/cb")).is_ok());
    for uri in [
        "https://evil.example/cb",
        "javascript:alert(1)",
        "https://verifier.example/cb#x",
        "http://verifier.example",
    ] {
        refused_with(resolve(&world, &redirect(uri)), "invalid_request");
    }
    let both = with(|claims| {
        claims["response_mode"] = "fragment".into();
        claims["redirect_uri"] = "https://verifier.example/cb".into();
    });
    refused_with(resolve(&world, &both), "invalid_request");
}

#[test]
fn redirects_that_can_not_be_asked_for() {
    let world = world_with(|builder| builder.allow_redirects([PAGE.parse().unwrap()]));
    let mut without = redirected(ResponseMode::Fragment);
    without.redirect_uri = None;
    let mut posted = redirected(ResponseMode::DirectPost);
    posted.response_mode = ResponseMode::DirectPost;
    for request in [without, posted, redirected(ResponseMode::DcApi)] {
        assert_eq!(run(world.verifier.create(request)).unwrap_err(), CreateError::ResponseMode);
    }
    let mut elsewhere = redirected(ResponseMode::Fragment);
    elsewhere.redirect_uri = Some("https://evil.example/".to_owned());
    assert_eq!(run(world.verifier.create(elsewhere)).unwrap_err(), CreateError::Redirect);
}

// Clauses: VP-5-01, JAR-5-01, JAR-10.1-01
#[test]
fn a_signed_request_by_value() {
    let world = world();
    let mut request = PresentationRequest::new(query());
    request.by_value = true;
    let created = world.create(request.clone());
    assert_eq!(created.request_uri, None);
    let side = world.wallet();
    let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
    assert!(side.log.lock().unwrap().is_empty(), "there is nothing to fetch");
    world.agree(&side, asked, &world.held()).unwrap();
    assert_eq!(world.status(&created.id), Status::Verified);
    request.request_uri_method = RequestUriMethod::Post;
    assert_eq!(run(world.verifier.create(request)).unwrap_err(), CreateError::Method);
}

// Clauses: VP-5.10-06, VP-5.10-05, VP-5.10-11, VP-5.10.1-01, JAR-4-07, JAR-5-07, JAR-6.1-01
// Checks: VER-020
#[test]
fn ver020_a_request_object_is_encrypted_for_a_wallet_that_wants_it() {
    let world = world();
    let mut request = PresentationRequest::new(query());
    request.request_uri_method = RequestUriMethod::Post;
    let created = world.create(request);
    let side = world.wallet_with(credenza_vp::wallet::WalletBuilder::encrypted_requests);
    let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
    {
        let log = side.log.lock().unwrap();
        let form = RequestUriForm::parse(log[0].body()).unwrap();
        let metadata = form.wallet_metadata.clone().unwrap();
        assert_eq!(metadata["jwks"]["keys"].as_array().unwrap().len(), 1);
        let object = run(world.verifier.request_object(&created.request_id, Fetch::Post(log[0].body())));
        let kid = jwe::peek_kid(&object.unwrap().jwt).unwrap();
        assert_eq!(kid.as_deref(), metadata["jwks"]["keys"][0]["kid"].as_str());
    }
    world.agree(&side, asked, &world.held()).unwrap();
    assert_eq!(world.status(&created.id), Status::Verified);

    // A wallet that wants it does not take less.
    let plain = world.sign_request(&*world.verifier_signer, TYP, &claims());
    let side = world.wallet_over(
        move |_| Ok(crate::world::object_response(plain.clone())),
        credenza_vp::wallet::WalletBuilder::encrypted_requests,
    );
    let link = format!("{}&request_uri_method=post", link(CLIENT));
    assert!(matches!(refusal(run(side.wallet.resolve(&link))), Refusal::RequestObject(_)));
}

// Clauses: VP-5.10-08, VP-10.1-01, VP-10.1-02, VP-10.1-04
#[test]
fn p14_a_wallet_that_could_not_answer_gets_no_request() {
    let world = world();
    let created = world.create(PresentationRequest::new(query()));
    let fetch = |metadata: Value| {
        let Value::Object(metadata) = metadata else { panic!("metadata is an object") };
        let form = RequestUriForm { wallet_metadata: Some(metadata), wallet_nonce: None };
        run(world.verifier.request_object(&created.request_id, Fetch::Post(form.to_body().as_bytes())))
    };
    for fine in [
        json!({}),
        json!({ "client_id_prefixes_supported": ["redirect_uri", "x509_hash"] }),
        json!({ "vp_formats_supported": { "dc+sd-jwt": null }, "unknown": [1] }),
        json!({ "request_object_signing_alg_values_supported": ["ES256"] }),
        json!({ "authorization_encryption_enc_values_supported": ["A256GCM"] }),
        json!({ "response_modes_supported": ["direct_post.jwt"] }),
        json!({ "jwks": { "keys": [] } }),
    ] {
        let fetched = fetch(fine.clone());
        assert!(fetched.is_ok(), "{fine}");
    }
    let signing_key = credenza_crypto::Signer::public_jwk(&*world.verifier_signer).to_value();
    for unsuited in [
        json!({ "client_id_prefixes_supported": ["redirect_uri"] }),
        json!({ "vp_formats_supported": { "ldp_vc": {} } }),
        json!({ "request_object_signing_alg_values_supported": ["RS256", "none"] }),
        json!({ "authorization_encryption_enc_values_supported": ["A192GCM"] }),
        json!({ "response_modes_supported": ["fragment"] }),
        json!({ "jwks": {} }),
        json!({ "jwks": { "keys": [signing_key] } }),
    ] {
        let error = fetch(unsuited.clone()).unwrap_err();
        assert!(matches!(error, RequestObjectError::Wallet(_)), "{unsuited}: {error}");
    }
}

// Clauses: VP-5.1-09
// Checks: WVP-038
#[test]
fn wvp038_every_content_encryption() {
    for enc in ContentEncryption::ALL {
        let world = world_with(|builder| builder.response_encryptions(&[enc]));
        let created = world.create(PresentationRequest::new(query()));
        let side = world.wallet();
        let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
        world.agree(&side, asked, &world.held()).unwrap();
        assert_eq!(world.status(&created.id), Status::Verified);
        let log = side.log.lock().unwrap();
        let form = credenza_oauth::Form::parse_within(log.last().unwrap().body(), 1 << 20).unwrap();
        let header = form.get("response").unwrap().split('.').next().unwrap().to_owned();
        let header = credenza_core::json::parse_object(&credenza_core::b64::decode(header).unwrap()).unwrap();
        assert_eq!(header["enc"], enc.name());
        assert_eq!(header["alg"], "ECDH-ES");
    }
}

// Clauses: HAIP-5.1-04
#[test]
fn p11_an_encryption_that_was_not_offered() {
    let world = world();
    let created = world.create(PresentationRequest::new(query()));
    let claims = world.request_claims(&created);
    let key = credenza_crypto::Jwk::from_value(&claims["client_metadata"]["jwks"]["keys"][0]).unwrap();
    let alg = credenza_crypto::KeyManagement::EcdhEs;
    let sealed = jwe::encrypt(
        &key,
        alg,
        ContentEncryption::A128CbcHs256,
        &jwe::Parameters::default(),
        b"{}",
        &*world.random,
    );
    let posted = world.post(&created.request_id, &[("response", &sealed.unwrap())]);
    assert!(matches!(posted.unwrap_err(), RespondError::Decrypt));
}

fn scopes(ids: &[&str]) -> Vec<DcqlQuery> {
    ids.iter().map(|id| Dcql::credential(*id).sd_jwt([VCT]).claim(["family_name"]).build().unwrap()).collect()
}

// Clauses: VP-5.1-01, VP-5.5-01, VP-5.5-02, VP-5.5-03
#[test]
fn r16_a_query_that_goes_by_a_name() {
    let world = world();
    let mut request = PresentationRequest::new(query());
    request.scope = Some("com.example.pid".to_owned());
    let created = world.create(request);
    let known = world.wallet_with(|it| it.scope("com.example.pid", query()));
    let asked = run(known.wallet.resolve(&created.wallet_link)).unwrap();
    assert_eq!(asked.query().dcql(), Some(&query()));
    world.agree(&known, asked, &world.held()).unwrap();
    assert_eq!(world.status(&created.id), Status::Verified);

    let scoped = |scope: &str| {
        by_value(|claims| {
            claims["scope"] = scope.into();
            claims.as_object_mut().unwrap().remove("dcql_query");
        })
    };
    let queries = scopes(&["a", "b", "a"]);
    let side = world.wallet_with(|it| {
        let named = ["a", "b", "again"].into_iter().zip(queries);
        named.fold(it, |it, (name, query)| it.scope(name, query))
    });
    let both = run(side.wallet.resolve(&scoped("a b"))).unwrap();
    let query = both.query().dcql().unwrap();
    assert_eq!(query.credentials().len(), 2);
    assert_eq!(query.credential_sets().len(), 2, "both are insisted on");
    for unknown in ["c", "a c", "a again", " "] {
        refused_with(run(side.wallet.resolve(&scoped(unknown))), "invalid_scope");
    }
    refused_with(
        run(side.wallet.resolve(&by_value(|claims| claims["scope"] = "a".into()))),
        "invalid_request",
    );
}

#[test]
fn a_wallet_that_is_not_there_can_say_so() {
    let world = world();
    let created = world.create(PresentationRequest::new(query()));
    let side = world.wallet();
    let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
    run(asked.unavailable(&side.wallet)).unwrap();
    let error = run(world.verifier.session(&created.id)).unwrap().wallet_error.unwrap();
    assert_eq!(error.error, "wallet_unavailable");
}

fn builder(world: &crate::world::World) -> credenza_vp::verifier::VerifierBuilder {
    let ports = credenza_vp::Ports {
        store: world.store.clone(),
        clock: world.clock.clone(),
        random: world.random.clone(),
        sealer: std::sync::Arc::new(credenza_core::Sealer::fresh(&*world.random)),
        trust: world.trust.clone(),
        events: world.events.clone(),
    };
    credenza_vp::Verifier::builder(crate::world::BASE.parse().unwrap(), ports)
        .request_signer(world.verifier_signer.clone())
}

fn haip_world() -> crate::world::World {
    world_with(|builder| builder.profile(Profile::Haip).allow_redirects([PAGE.parse().unwrap()]))
}

fn haip_request() -> PresentationRequest {
    let mut request = PresentationRequest::new(query());
    request.redirect = Some(PAGE.to_owned());
    request
}

// Clauses: HAIP-5-03, HAIP-5-04, HAIP-5-07, HAIP-5-08, HAIP-5-12, HAIP-5-13, HAIP-5-14, HAIP-5.1-03, HAIP-5.1-04, HAIP-5.1-06, HAIP-5.1-08,
// HAIP-5-10, HAIP-5-11, HAIP-5.1-10
#[test]
fn haip_from_a_link_to_claims() {
    let world = haip_world();
    let created = world.create(haip_request());
    assert!(created.client_id.starts_with("x509_hash:"));
    let encryptions =
        &world.request_claims(&created)["client_metadata"]["encrypted_response_enc_values_supported"];
    assert_eq!(*encryptions, json!(["A128GCM", "A256GCM"]));
    let side = world.wallet_with(|it| it.profile(Profile::Haip));
    let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
    let answered = world.agree(&side, asked, &world.held()).unwrap();
    let code = answered.redirect_uri.unwrap().query().unwrap().replace("response_code=", "");
    assert!(run(world.verifier.result(&created.id, None)).is_err());
    run(world.verifier.result(&created.id, Some(&code))).unwrap();
    let log = side.log.lock().unwrap();
    let form = credenza_oauth::Form::parse_within(log.last().unwrap().body(), 1 << 20).unwrap();
    let header = form.get("response").unwrap().split('.').next().unwrap().to_owned();
    let header = credenza_core::json::parse_object(&credenza_core::b64::decode(header).unwrap()).unwrap();
    assert_eq!(header["enc"], "A256GCM", "the longer key, whatever the verifier's order");
}

// Clauses: HAIP-5-04, HAIP-5-13, HAIP-5.1-03, HAIP-5.1-04, HAIP-5.1-08
#[test]
fn haip_a_verifier_that_can_not_comply() {
    let world = haip_world();
    let change = |change: fn(&mut PresentationRequest)| {
        let mut request = haip_request();
        change(&mut request);
        run(world.verifier.create(request)).unwrap_err()
    };
    for problem in [
        change(|request| request.response_mode = ResponseMode::DirectPost),
        change(|request| request.prefix = Some(RequestedPrefix::X509SanDns)),
        change(|request| request.prefix = Some(RequestedPrefix::RedirectUri)),
        change(|request| request.by_value = true),
        change(|request| request.redirect = None),
    ] {
        assert!(matches!(&problem, CreateError::Profile(rule) if rule.contains("HAIP 1.0 §5")), "{problem}");
    }
    let build =
        |configure: fn(credenza_vp::verifier::VerifierBuilder) -> credenza_vp::verifier::VerifierBuilder| {
            configure(builder(&world).profile(Profile::Haip)).build().map(|_| ()).unwrap_err()
        };
    for problem in [
        build(|it| it.default_prefix(RequestedPrefix::RedirectUri)),
        build(|it| it.default_prefix(RequestedPrefix::X509SanDns)),
        build(|it| it.response_encryptions(&[ContentEncryption::A256Gcm])),
    ] {
        assert!(matches!(problem, BuildError::Profile(_)), "{problem}");
    }
}

// Clauses: HAIP-5-04, HAIP-5.1-03, HAIP-5.1-04
#[test]
fn haip_requests_that_a_wallet_refuses() {
    let world = world();
    let haip = |builder: credenza_vp::wallet::WalletBuilder| {
        builder.profile(Profile::Haip).untrusted_verifiers(UntrustedVerifiers::Show)
    };
    let mut requests = Vec::new();
    for (prefix, mode, by_value) in [
        (RequestedPrefix::X509SanDns, ResponseMode::DirectPostJwt, false),
        (RequestedPrefix::RedirectUri, ResponseMode::DirectPostJwt, false),
        (RequestedPrefix::X509Hash, ResponseMode::DirectPost, false),
        (RequestedPrefix::X509Hash, ResponseMode::DirectPostJwt, true),
    ] {
        let mut request = PresentationRequest::new(query());
        (request.prefix, request.response_mode, request.by_value) = (Some(prefix), mode, by_value);
        requests.push(request);
    }
    for request in requests {
        let created = world.create(request);
        let side = world.wallet_with(haip);
        let refusal = refusal(run(side.wallet.resolve(&created.wallet_link)));
        assert!(matches!(&refusal, Refusal::Profile(rule) if rule.contains("HAIP 1.0 §5")), "{refusal}");
    }
    // Whoever is not vouched for is refused, whatever else was configured.
    let stranger = world_with(|builder| builder);
    let created = stranger.create(PresentationRequest::new(query()));
    let verifier = stranger.verifier.clone();
    let other = credenza_trust::X509Anchors::new(&[]).unwrap();
    let http =
        credenza_core::FnHttp::new(move |request: http::Request<Vec<u8>>, _: credenza_core::Limits| {
            Ok::<_, credenza_core::HttpError>(crate::world::serve(&verifier, &request))
        });
    let wallet = credenza_vp::Wallet::builder(
        std::sync::Arc::new(http),
        std::sync::Arc::new(other),
        world.clock.clone(),
        world.random.clone(),
    );
    let refused = run(haip(wallet).build().resolve(&created.wallet_link));
    assert!(matches!(refusal(refused), Refusal::Untrusted(_)));
}
