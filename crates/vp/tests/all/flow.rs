//! The whole way, in every mode: asked, resolved, matched, answered, verified, handed out.

use credenza_core::Outcome;
use credenza_vp::messages::RequestUriMethod;
use credenza_vp::verifier::{RequestedPrefix, Status};
use credenza_vp::wallet::HowKnown;
use credenza_vp::{PresentationRequest, ResponseMode};
use serde_json::{Value, json};

use crate::world::{World, query, run, world, world_with};

fn every_mode() -> Vec<PresentationRequest> {
    let mut requests = Vec::new();
    for prefix in [RequestedPrefix::X509Hash, RequestedPrefix::X509SanDns, RequestedPrefix::RedirectUri] {
        for response_mode in [ResponseMode::DirectPost, ResponseMode::DirectPostJwt] {
            for method in [RequestUriMethod::Get, RequestUriMethod::Post] {
                if prefix == RequestedPrefix::RedirectUri && method == RequestUriMethod::Post {
                    continue;
                }
                let mut request = PresentationRequest::new(query());
                request.prefix = Some(prefix);
                request.response_mode = response_mode;
                request.request_uri_method = method;
                requests.push(request);
            }
        }
    }
    requests
}

// Clauses: VP-5-01, VP-5.1-14, VP-5.1-15, VP-5.2-06, VP-5.2-07, VP-5.6-01, VP-5.9.3-02, VP-6.4-01, VP-8.2-01, VP-8.3-05, VP-14.1.2-02, VP-14.1.2-03, VP-14.1.2-04, VP-14.1.2-05, VP-14.8-01, VP-B.3-01, VP-B.3.6-01, VP-B.3.6-02
// Checks: WVP-014, WVP-048, WVP-053, WVP-056, WVP-058, WVP-059
#[test]
fn every_mode_leads_from_a_link_to_claims() {
    for request in every_mode() {
        let mode = format!("{request:?}");
        let world = world();
        let created = world.create(request.clone());
        assert_eq!(world.status(&created.id), Status::Created);

        let side = world.wallet();
        let asked = run(side.wallet.resolve(&created.wallet_link)).expect(&mode);
        assert_eq!(asked.who().client_id.as_str(), created.client_id);
        assert_eq!(asked.response_host(), "verifier.example");
        assert_eq!(asked.is_encrypted(), request.response_mode == ResponseMode::DirectPostJwt);
        match request.prefix {
            Some(RequestedPrefix::RedirectUri) => assert_eq!(asked.who().how, HowKnown::Unsigned),
            _ => {
                assert!(matches!(asked.who().how, HowKnown::Trusted(_)));
                assert_eq!(world.status(&created.id), Status::Retrieved);
            }
        }

        let holdings = world.held();
        let shown = {
            let matches = asked.matches(&holdings);
            let proposals = matches.proposals();
            assert_eq!(proposals.len(), 1);
            matches.preview(&proposals[0])
        };
        assert_eq!(shown["family_name"], "Möbius");
        assert!(!shown.contains_key("given_name") && !shown.contains_key("nationalities"));

        let answered = world.agree(&side, asked, &holdings).expect(&mode);
        assert_eq!(answered.redirect_uri, None);
        assert_eq!(world.status(&created.id), Status::Verified);

        let result = run(world.verifier.result(&created.id, None)).unwrap();
        let [presentation] = result.presentations.as_slice() else { panic!("{mode}") };
        assert_eq!(presentation.query_id, "pid");
        assert!(presentation.holder_bound);
        assert_eq!(presentation.claims["age_equal_or_over"], json!({ "18": true }));
        assert_eq!(presentation.claims.get("given_name"), None);
        assert!(presentation.issuer_evidence.contains("Test Issuer"), "{}", presentation.issuer_evidence);
        let (shown, mut verified) = (Value::Object(shown), presentation.claims.clone());
        // The person saw exactly what the verifier got.
        verified.as_object_mut().unwrap().retain(|name, _| shown.get(name).is_some());
        assert_eq!(shown, presentation.claims, "{mode}: {verified}");
    }
}

// Clauses: VP-8.6-01
#[test]
fn the_report_names_every_check() {
    let world = world();
    let created = world.create(PresentationRequest::new(query()));
    world.present(&created.wallet_link).unwrap();
    let report = run(world.verifier.report(&created.id)).unwrap().unwrap();
    assert_eq!(report["ok"], true);
    let part = &report["parts"][0];
    let passed = |id: &str| {
        let all = part["checks"].as_array().unwrap().iter().chain(report["checks"].as_array().unwrap());
        all.filter(|check| check["id"] == id).any(|check| check["outcome"] == "passed")
    };
    for id in [
        "trust.issuer",
        "sd-jwt.signature",
        "sd-jwt.kb.nonce",
        "sd-jwt.kb.aud",
        "sd-jwt.kb.sd-hash",
        "sd-jwt.kb.signature",
        "dcql.type",
        "dcql.claims",
        "dcql.multiple",
    ] {
        assert!(passed(id), "{id} in {report:#}");
    }
    assert!(!report.to_string().contains("Möbius"), "a report has no claim values");
}

#[test]
fn events_tell_the_story_once_each() {
    let world = world();
    let created = world.create(PresentationRequest::new(query()));
    world.present(&created.wallet_link).unwrap();
    let kinds: Vec<_> = world.events.0.lock().unwrap().iter().map(|(_, event)| event.kind.clone()).collect();
    assert_eq!(kinds, ["presentation.created", "presentation.retrieved", "presentation.verified"]);
    let view = run(world.verifier.session(&created.id)).unwrap();
    let sequence: Vec<_> = view.events.iter().map(|event| event.sequence).collect();
    assert_eq!(sequence, [1, 2, 3]);
}

// Clauses: VP-8.2-13, VP-8.2-17, VP-14.2-01, VP-14.3.3-01, HAIP-5.1-10
#[test]
fn p07_the_result_needs_the_code_of_the_redirect_and_gives_it_once() {
    let world = world_with(|builder| builder.allow_redirects(["https://shop.example/".parse().unwrap()]));
    let mut request = PresentationRequest::new(query());
    request.redirect = Some("https://shop.example/done#response_code={RESPONSE_CODE}".to_owned());
    let created = world.create(request);
    let answered = world.present(&created.wallet_link).unwrap();
    let redirect = answered.redirect_uri.unwrap();
    let code = redirect.fragment().unwrap().strip_prefix("response_code=").unwrap().to_owned();
    assert_eq!(code.len(), 43, "256 bits");

    // The attacker has the session, and not the browser that the wallet has sent away.
    let refused = credenza_vp::verifier::ResultError::ResponseCode;
    for wrong in [None, Some(""), Some("x"), Some(created.id.as_str()), Some(&code[..42])] {
        assert_eq!(run(world.verifier.result(&created.id, wrong)).unwrap_err(), refused, "{wrong:?}");
    }
    let view = run(world.verifier.session(&created.id)).unwrap();
    assert!(view.needs_response_code);
    assert!(!serde_json::to_string(&view).unwrap().contains(&code));
    assert_eq!(run(world.verifier.result(&created.id, Some(&code))).unwrap().presentations.len(), 1);
    // P08: the code is used up.
    assert_eq!(run(world.verifier.result(&created.id, Some(&code))).unwrap_err(), refused);
}

#[test]
fn p08_neither_session_nor_code_is_in_what_a_wallet_sees() {
    let world = world_with(|builder| builder.allow_redirects(["https://shop.example/".parse().unwrap()]));
    let mut request = PresentationRequest::new(query());
    request.redirect = Some("https://shop.example/done".to_owned());
    request.correlation_id = Some("order-4711".to_owned());
    let created = world.create(request);
    let seen = format!("{}{:?}", created.wallet_link, world.request_claims(&created));
    for secret in [created.id.as_str(), "order-4711", "shop.example"] {
        assert!(!seen.contains(secret), "{secret}");
    }
    assert_ne!(created.id, created.request_id);
}

// Clauses: VP-6.4.2-03, VP-15.9-01
#[test]
fn declining_is_told_and_does_not_say_why() {
    for nothing_to_answer_with in [true, false] {
        let world = world();
        let created = world.create(PresentationRequest::new(query()));
        let side = world.wallet();
        let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
        let holdings = if nothing_to_answer_with { Vec::new() } else { world.held() };
        let matches = asked.matches(&holdings);
        assert_eq!(matches.satisfiable(), !nothing_to_answer_with);
        assert_eq!(matches.unmet().len(), usize::from(nothing_to_answer_with));
        drop(matches);
        run(asked.decline(&side.wallet)).unwrap();
        let view = run(world.verifier.session(&created.id)).unwrap();
        assert_eq!(view.status, Status::Failed);
        let error = view.wallet_error.unwrap();
        assert_eq!((error.error.as_str(), error.error_description), ("access_denied", None));
        let body = side.log.lock().unwrap().last().unwrap().body().clone();
        assert!(body.starts_with(b"response="), "also a refusal is encrypted");
    }
}

#[test]
fn p25_what_a_policy_lets_through_is_shown_as_a_warning() {
    let world = world_with(|builder| {
        let policy = credenza_vp::verifier::Policy { accept_unchecked_status: true, ..Default::default() };
        builder.policy(policy)
    });
    let mut claims = World::claims();
    claims["status"] = json!({ "status_list": { "idx": 1, "uri": "https://issuer.example/s" } });
    let plain = world.plain(query());
    let paths: [&[&str]; 2] = [&["family_name"], &["age_equal_or_over", "18"]];
    let presentation = world.bound_of(world.issue(&claims), &paths, &plain.nonce, &plain.client_id);
    let token = json!({ "pid": [presentation] }).to_string();
    world.post(&plain.created.request_id, &[("vp_token", &token), ("state", &plain.state)]).unwrap();
    let report = run(world.verifier.report(&plain.created.id)).unwrap().unwrap();
    let outcome = report["parts"][0]["checks"].as_array().unwrap().iter();
    let outcome = outcome.filter(|check| check["id"] == "credential.status").map(|check| &check["outcome"]);
    assert_eq!(outcome.collect::<Vec<_>>(), [&json!(Outcome::Warned)]);
}
