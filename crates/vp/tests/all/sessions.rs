//! The life of a session (catalogue rows P09, P12, P13, P14, P16): what changes it, what does not, what is shown.

use std::time::Duration;

use credenza_oauth::EndpointError as _;
use credenza_query::Dcql;
use credenza_vp::messages::RequestUriMethod;
use credenza_vp::verifier::{
    BuildError, CreateError, Fetch, RequestObjectError, RequestedPrefix, RespondError, ResultError,
    SessionError, Status,
};
use credenza_vp::{PresentationRequest, ResponseMode};
use serde_json::json;

use crate::world::{VCT, query, run, world, world_with};

const PATHS: [&[&str]; 2] = [&["family_name"], &["age_equal_or_over", "18"]];

// Clauses: VP-14.3.3-01
#[test]
fn p09_ids_that_are_not_ours_all_look_the_same() {
    let world = world();
    let created = world.create(PresentationRequest::new(query()));
    for id in ["", "x", created.request_id.as_str(), &"y".repeat(10_000), "AAAAAAAAAAAAAAAAAAAAAA"] {
        assert_eq!(run(world.verifier.session(id)).unwrap_err(), SessionError::Unknown);
        assert_eq!(run(world.verifier.report(id)).unwrap_err(), SessionError::Unknown);
        assert_eq!(run(world.verifier.result(id, None)).unwrap_err(), ResultError::Unknown);
        assert_eq!(run(world.verifier.cancel(id)).unwrap_err(), SessionError::Unknown);
    }
    assert_eq!(run(world.verifier.result(&created.id, None)).unwrap_err(), ResultError::NotVerified);
}

// Clauses: VP-14.3.2-01, VP-8.2-11
#[test]
fn p12_an_error_needs_the_state_and_never_beats_a_success() {
    let world = world();
    let plain = world.plain(query());
    let id = plain.created.request_id.as_str();
    for state in [None, Some("x"), Some("")] {
        let mut parameters = vec![("error", "access_denied")];
        parameters.extend(state.map(|state| ("state", state)));
        assert!(matches!(world.post(id, &parameters), Err(RespondError::State)));
        assert_eq!(world.status(&plain.created.id), Status::Retrieved);
    }
    let error = [("error", "access_denied"), ("error_description", "no"), ("state", plain.state.as_str())];
    assert_eq!(world.post(id, &error).unwrap().redirect_uri, None);
    assert_eq!(world.status(&plain.created.id), Status::Failed);
    // The person changes his mind: the request is the same, and so is its right answer.
    let token = json!({ "pid": [world.bound(&PATHS, &plain.nonce, &plain.client_id)] }).to_string();
    world.post(id, &[("vp_token", &token), ("state", &plain.state)]).unwrap();
    assert_eq!(world.status(&plain.created.id), Status::Verified);
    assert!(matches!(world.post(id, &error), Err(RespondError::Unknown)));
    assert_eq!(world.status(&plain.created.id), Status::Verified);
    let both = [("vp_token", token.as_str()), ("error", "access_denied"), ("state", plain.state.as_str())];
    assert!(world.post(id, &both).is_err());
}

#[test]
fn p12_rubbish_changes_nothing() {
    let world = world();
    let created = world.create(PresentationRequest::new(query()));
    let before = serde_json::to_value(run(world.verifier.session(&created.id)).unwrap()).unwrap();
    for body in
        [&b""[..], b"x", b"vp_token={}", b"response=a.b.c.d.e", b"error=x", b"\xff\xfe", b"a=1&a=2", b"%"]
    {
        let error = run(world.verifier.respond(&created.request_id, body)).unwrap_err();
        assert_eq!(error.status(), 400);
    }
    let after = serde_json::to_value(run(world.verifier.session(&created.id)).unwrap()).unwrap();
    assert_eq!(before, after);
    world.present(&created.wallet_link).unwrap();
}

#[test]
fn p12_what_a_wallet_says_is_cut_and_cleaned() {
    let world = world();
    let plain = world.plain(query());
    let (error, description) = ("x\"<script>\n".repeat(50), "\u{7}é\"".repeat(1000));
    let parameters =
        [("error", error.as_str()), ("error_description", &description), ("state", &plain.state)];
    world.post(&plain.created.request_id, &parameters).unwrap();
    let kept = run(world.verifier.session(&plain.created.id)).unwrap().wallet_error.unwrap();
    assert!(kept.error.len() <= 64);
    assert!(kept.error_description.unwrap().len() <= 512);
    assert!(kept.error.chars().all(|one| one.is_ascii_graphic() || one == ' '));
}

// Clauses: VP-5.10-05, VP-5.10-11, VP-5.10.1-02
// Checks: VER-008, VER-010, VER-011
#[test]
fn p13_the_request_object_is_served_again_and_is_made_afresh() {
    let world = world();
    let mut request = PresentationRequest::new(query());
    request.request_uri_method = RequestUriMethod::Post;
    let created = world.create(request);
    assert!(created.wallet_query.contains("request_uri_method=post"));
    let fetch = |body: &[u8]| {
        let object = run(world.verifier.request_object(&created.request_id, Fetch::Post(body))).unwrap();
        let jws = credenza_crypto::Jws::parse(&object.jwt).unwrap();
        credenza_core::json::parse_object(&jws.payload).unwrap()
    };
    let first = fetch(b"wallet_nonce=one&wallet_metadata=%7B%7D&unknown=1");
    let second = fetch(b"wallet_nonce=two");
    assert_eq!((&first["wallet_nonce"], &second["wallet_nonce"]), (&json!("one"), &json!("two")));
    let same = ["nonce", "state", "client_id", "response_uri", "client_metadata", "dcql_query"];
    for claim in same {
        assert_eq!(first[claim], second[claim], "{claim}");
    }
    assert!(!world.request_claims(&created).contains_key("wallet_nonce"), "VER-011");
    assert_eq!(run(world.verifier.session(&created.id)).unwrap().events.len(), 2, "created, retrieved");

    world.present(&created.wallet_link).unwrap();
    let error = run(world.verifier.request_object(&created.request_id, Fetch::Get)).unwrap_err();
    assert_eq!(error, RequestObjectError::Unknown);
    assert_eq!(error.status(), 404);
}

#[test]
fn p14_wallet_metadata_is_bounded_and_lowers_nothing() {
    let world = world();
    let created = world.create(PresentationRequest::new(query()));
    let big = format!("wallet_metadata=%7B%22a%22%3A%22{}%22%7D", "x".repeat(100_000));
    let long = format!("wallet_nonce={}", "x".repeat(600));
    for (body, status) in [
        (big.as_str(), 413),
        (long.as_str(), 400),
        ("wallet_metadata=%5B%5D", 400),
        ("wallet_metadata=x", 400),
        ("wallet_metadata=%7B%22a%22%3A1%2C%22a%22%3A2%7D", 400),
        ("wallet_nonce=a&wallet_nonce=b", 400),
    ] {
        let fetch = Fetch::Post(body.as_bytes());
        let error = run(world.verifier.request_object(&created.request_id, fetch)).unwrap_err();
        assert_eq!(error.status(), status, "{error}");
    }
    // What would be weaker is not signed, nor let through: the wallet gets nothing.
    for downgrade in [
        json!({ "request_object_signing_alg_values_supported": ["none", "HS256"] }),
        json!({ "authorization_encryption_enc_values_supported": ["A128CBC-HS256"] }),
    ] {
        let body = credenza_oauth::form::encode(&[("wallet_metadata", &downgrade.to_string())]);
        let fetch = Fetch::Post(body.as_bytes());
        let error = run(world.verifier.request_object(&created.request_id, fetch)).unwrap_err();
        assert_eq!((error.status().as_u16(), error.code()), (400, "invalid_request"));
    }
}

// Clauses: OABCP-7.1.3-03, OABCP-7.11.1-01
#[test]
fn p16_redirects_only_below_what_is_configured() {
    let world = world_with(|builder| builder.allow_redirects(["https://shop.example/done".parse().unwrap()]));
    for evil in ["https://evil.example/", "https://shop.example/", "javascript:alert(1)", "/done", ""] {
        let mut request = PresentationRequest::new(query());
        request.redirect = Some(evil.to_owned());
        assert_eq!(run(world.verifier.create(request)).unwrap_err(), CreateError::Redirect, "{evil}");
    }
    assert!(world.store.is_empty());
}

// Clauses: VP-5.1-17, VP-5.2-06
#[test]
fn what_can_not_be_asked() {
    let world = world();
    let refused = |change: fn(&mut PresentationRequest)| {
        let mut request = PresentationRequest::new(query());
        change(&mut request);
        run(world.verifier.create(request)).unwrap_err()
    };
    assert_eq!(refused(|it| it.response_mode = ResponseMode::Unsupported), CreateError::ResponseMode);
    assert_eq!(refused(|it| it.lifetime = Some(Duration::ZERO)), CreateError::Lifetime);
    assert_eq!(refused(|it| it.lifetime = Some(Duration::from_secs(90_000))), CreateError::Lifetime);
    assert_eq!(
        refused(|it| it.correlation_id = Some("x".repeat(300))),
        CreateError::TooLong("the correlation id")
    );
    for endpoint in ["x", "javascript:alert(1)", "http://evil.example/", "https://w.example/#x"] {
        let mut request = PresentationRequest::new(query());
        request.authorization_endpoint = Some(endpoint.to_owned());
        assert_eq!(run(world.verifier.create(request)).unwrap_err(), CreateError::AuthorizationEndpoint);
    }
    let method = refused(|it| {
        it.prefix = Some(RequestedPrefix::RedirectUri);
        it.request_uri_method = RequestUriMethod::Post;
    });
    assert_eq!(method, CreateError::Method);
    let unknown = json!({ "credentials": [{ "id": "a", "format": "anoncreds", "meta": {} }] });
    let unknown = credenza_query::DcqlQuery::parse(&unknown).unwrap();
    let error = run(world.verifier.create(PresentationRequest::new(unknown))).unwrap_err();
    assert_eq!(error, CreateError::Format("anoncreds".to_owned()));
}

#[test]
fn an_unanswered_request_expires_and_is_forgotten_later() {
    let world = world();
    let plain = world.plain(query());
    let token = json!({ "pid": [world.bound(&PATHS, &plain.nonce, &plain.client_id)] }).to_string();
    world.clock.advance(Duration::from_secs(299));
    assert_eq!(world.status(&plain.created.id), Status::Retrieved);
    world.clock.advance(Duration::from_secs(1));
    let view = run(world.verifier.session(&plain.created.id)).unwrap();
    assert_eq!(view.status, Status::Expired);
    assert_eq!(view.events.last().unwrap().kind, "presentation.expired");
    let error = world.post(&plain.created.request_id, &[("vp_token", &token), ("state", &plain.state)]);
    assert!(matches!(error, Err(RespondError::Unknown)));
    let fetch = run(world.verifier.request_object(&plain.created.request_id, Fetch::Get));
    assert_eq!(fetch.unwrap_err(), RequestObjectError::Unknown);
    assert_eq!(run(world.verifier.cancel(&plain.created.id)).unwrap_err(), SessionError::Ended);
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(run(world.verifier.session(&plain.created.id)).unwrap_err(), SessionError::Unknown);
}

#[test]
fn a_cancelled_request_is_over() {
    let world = world();
    let created = world.create(PresentationRequest::new(query()));
    assert_eq!(run(world.verifier.cancel(&created.id)).unwrap().status, Status::Cancelled);
    assert_eq!(run(world.verifier.cancel(&created.id)).unwrap_err(), SessionError::Ended);
    let side = world.wallet();
    assert!(run(side.wallet.resolve(&created.wallet_link)).is_err());
    assert!(matches!(run(world.verifier.respond(&created.request_id, b"x=y")), Err(RespondError::Unknown)));
}

#[test]
fn refusals_are_noted_up_to_a_number() {
    let world = world();
    let plain = world.plain(query());
    let wrong = json!({ "pid": [world.bound(&PATHS, "another", &plain.client_id)] }).to_string();
    for _ in 0..20 {
        let error = world.post(&plain.created.request_id, &[("vp_token", &wrong), ("state", &plain.state)]);
        assert!(matches!(error, Err(RespondError::Refused(_))));
    }
    let view = run(world.verifier.session(&plain.created.id)).unwrap();
    assert_eq!(view.status, Status::Retrieved);
    assert_eq!(view.refusal.as_deref(), Some("sd-jwt.kb.nonce"));
    assert!(view.events.len() <= credenza_vp::verifier::session::MAX_EVENTS);
    assert_eq!(run(world.verifier.report(&plain.created.id)).unwrap().unwrap()["ok"], false);
    let right = json!({ "pid": [world.bound(&PATHS, &plain.nonce, &plain.client_id)] }).to_string();
    world.post(&plain.created.request_id, &[("vp_token", &right), ("state", &plain.state)]).unwrap();
    let view = run(world.verifier.session(&plain.created.id)).unwrap();
    assert_eq!(view.events.last().unwrap().kind, "presentation.verified");
}

#[test]
fn p18_trust_is_looked_at_when_the_answer_comes() {
    let world = world();
    let plain = world.plain(query());
    world.trust.replace(&[]).unwrap();
    let token = json!({ "pid": [world.bound(&PATHS, &plain.nonce, &plain.client_id)] }).to_string();
    let error = world.post(&plain.created.request_id, &[("vp_token", &token), ("state", &plain.state)]);
    assert_eq!(error.unwrap_err().reason(), Some("trust.issuer"));
}

#[test]
fn verifiers_that_can_not_be_built() {
    use credenza_core::{NoEvents, Sealer, SeededRandom};
    use credenza_crypto::{Algorithm, SoftwareSigner};
    use credenza_vp::{Ports, Verifier};
    use std::sync::Arc;
    let world = world();
    let ports = || Ports {
        store: world.store.clone(),
        clock: world.clock.clone(),
        random: world.random.clone(),
        sealer: Arc::new(Sealer::fresh(&*world.random)),
        trust: world.trust.clone(),
        events: Arc::new(NoEvents),
    };
    let build = |base: &str| Verifier::builder(base.parse().unwrap(), ports());
    let signer = world.verifier_signer.clone();
    for base in [
        "http://verifier.example",
        "https://verifier.example?x",
        "https://verifier.example#x",
        "ftp://x",
        "http://127.0.0.1",
    ] {
        let built = build(base).request_signer(signer.clone()).build();
        assert_eq!(built.unwrap_err(), BuildError::BaseUrl, "{base}");
    }
    assert_eq!(build("https://verifier.example").build().unwrap_err(), BuildError::NoSigner);
    assert!(build("https://verifier.example").default_prefix(RequestedPrefix::RedirectUri).build().is_ok());
    let bare = Arc::new(SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(1)).unwrap());
    let built = build("https://verifier.example").request_signer(bare).build();
    assert_eq!(built.unwrap_err(), BuildError::NoCertificates);
    let other = SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(1)).unwrap();
    let other = Arc::new(other.with_x5c(credenza_crypto::Signer::x5c(&*signer).to_vec()));
    let built = build("https://verifier.example").request_signer(other).build();
    assert_eq!(built.unwrap_err(), BuildError::OtherKey);
    let built = build("https://other.example").request_signer(signer.clone());
    let built = built.default_prefix(RequestedPrefix::X509SanDns).build();
    assert_eq!(built.unwrap_err(), BuildError::DnsName);
    let redirect = build("https://verifier.example").request_signer(signer);
    let redirect = redirect.allow_redirects(["javascript:alert(1)".parse().unwrap()]).build();
    assert_eq!(redirect.unwrap_err(), BuildError::RedirectPrefix);
}

// Clauses: VP-5.2-08, VP-5.3-01
#[test]
fn a_query_without_binding_keeps_its_link_to_the_request_by_state() {
    let query = Dcql::credential("t").sd_jwt([VCT]).without_holder_binding().build().unwrap();
    let world = world();
    let (one, other) = (world.plain(query.clone()), world.plain(query));
    let token = json!({ "t": [world.issue(&crate::world::World::claims())] }).to_string();
    assert!(world.post(&one.created.request_id, &[("vp_token", &token)]).is_err());
    assert!(world.post(&one.created.request_id, &[("vp_token", &token), ("state", &other.state)]).is_err());
    world.post(&one.created.request_id, &[("vp_token", &token), ("state", &one.state)]).unwrap();
}

// What somebody has shown is kept for so long and no longer.
#[test]
fn what_was_shown_is_erased_after_its_time() {
    let minute = Duration::from_secs(60);
    let world = world_with(|builder| builder.lifetime(minute).retention(minute));
    let ask = || {
        let created = world.create(PresentationRequest::new(query()));
        world.present(&created.wallet_link).unwrap();
        created.id
    };
    let kept = world.store.len();
    let id = ask();
    assert!(world.store.len() > kept);
    world.clock.advance(minute + minute - Duration::from_secs(1));
    assert_eq!(run(world.verifier.result(&id, None)).unwrap().presentations.len(), 1);
    assert!(run(world.verifier.report(&id)).unwrap().is_some());
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(run(world.verifier.session(&id)).unwrap_err(), SessionError::Unknown);
    assert_eq!(run(world.verifier.report(&id)).unwrap_err(), SessionError::Unknown);
    assert_eq!(run(world.verifier.result(&id, None)).unwrap_err(), ResultError::Unknown);
    // It is not only out of sight: the store lets go of the record.
    run(credenza_core::Store::sweep(&*world.store, usize::MAX)).unwrap();
    assert_eq!(world.store.len(), kept);
}
