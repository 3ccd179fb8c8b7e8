//! How a wallet answers: no more than was asked for, once, and to nowhere else (catalogue rows R10, R11, R18, R20).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use credenza_core::SeededRandom;
use credenza_crypto::{Algorithm, SoftwareSigner};
use credenza_query::Dcql;
use credenza_vp::PresentationRequest;
use credenza_vp::wallet::{AnswerError, Choice};
use http::{Response, StatusCode};
use serde_json::{Value, json};

use crate::request_kit::{CLIENT, TYP, claims, link, served};
use crate::world::{VCT, World, holding, object_response, query, run, world};

// Clauses: VP-6.4-01, VP-6.4.1-01, VP-6.4.1-02, VP-5-07
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
        let choice = Choice {
            query_id: id,
            holding: &holdings[0],
            disclose,
            signer: Some(&world.holder),
            device_key: None,
        };
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
fn r18_a_request_that_has_expired_while_the_person_was_thinking() {
    let world = world();
    let created = world.create(PresentationRequest::new(query()));
    let side = world.wallet();
    let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
    world.clock.advance(Duration::from_secs(300));
    assert_eq!(world.agree(&side, asked, &world.held()).unwrap_err(), AnswerError::Expired);
}

// Clauses: VP-8.2-13, VP-8.2-20, VP-8.2-16
// Checks: WVP-045
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
    let choice = Choice {
        query_id: "pid",
        holding: &holdings[0],
        disclose: &disclose,
        signer: Some(&other),
        device_key: None,
    };
    assert!(matches!(run(asked.answer(&side.wallet, &[choice])), Err(AnswerError::Sign(_))));
    assert_eq!(side.log.lock().unwrap().len(), 1);
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
