//! Whose answer it is, and to whom (catalogue rows P15, P19, P20, R19, R21, D03, D06).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use credenza_core::{Answer, Report, SeededRandom, UnixTime};
use credenza_crypto::{Algorithm, Signer as _, SoftwareSigner};
use credenza_query::Dcql;
use credenza_vp::dc_api::{Call, Protocol};
use credenza_vp::messages::RequestUriForm;
use credenza_vp::verifier::{DcApiCall, RespondError, Status, StatusCheck, StatusError};
use credenza_vp::{PresentationRequest, ResponseMode};
use serde_json::{Value, json};

use crate::world::{VCT, World, query, run, world, world_with};

const PATHS: [&[&str]; 2] = [&["family_name"], &["age_equal_or_over", "18"]];

/// Counts how often somebody would have been asked.
struct Counting(Arc<AtomicUsize>);

impl StatusCheck for Counting {
    fn check<'a>(
        &'a self,
        _status: &'a Value,
        _now: UnixTime,
        _report: &'a mut Report,
    ) -> Answer<'a, Result<(), StatusError>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Answer::ready(Ok(()))
    }
}

#[test]
fn p15_what_a_credential_refers_to_is_fetched_when_its_issuer_is_trusted_and_not_before() {
    let asked = Arc::new(AtomicUsize::new(0));
    let check = Arc::new(Counting(asked.clone()));
    let world = world_with(|builder| builder.status(check));
    let mut claims = World::claims();
    claims["status"] = json!({ "status_list": { "idx": 1, "uri": "https://169.254.169.254/latest" } });
    let stranger = SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(8)).unwrap();
    for (by, times) in [(&stranger, 0), (&world.issuer, 1)] {
        let plain = world.plain(query());
        let credential = world.issue_by(by, &claims, Some(world.holder.public_jwk()));
        let presentation = world.bound_of(credential, &PATHS, &plain.nonce, &plain.client_id);
        let token = json!({ "pid": [presentation] }).to_string();
        let posted = world.post(&plain.created.request_id, &[("vp_token", &token), ("state", &plain.state)]);
        assert_eq!((posted.is_ok(), asked.load(Ordering::SeqCst)), (times == 1, times));
    }
}

// Checks: VER-060
#[test]
fn s02_the_issuers_signature_is_broken() {
    let world = world();
    let plain = world.plain(query());
    let bound = world.bound(&PATHS, &plain.nonce, &plain.client_id);
    let (jwt, rest) = bound.split_once('~').unwrap();
    let (signed, signature) = jwt.rsplit_once('.').unwrap();
    let mut bytes = credenza_core::b64::decode(signature).unwrap();
    bytes[5] ^= 1;
    let broken = format!("{signed}.{}~{rest}", credenza_core::b64::encode(bytes));
    let token = json!({ "pid": [broken] }).to_string();
    let parameters = [("vp_token", token.as_str()), ("state", plain.state.as_str())];
    let error = world.post(&plain.created.request_id, &parameters).unwrap_err();
    assert_eq!(error.reason(), Some("sd-jwt.signature"));
}

#[test]
fn p19_p20_each_presentation_says_whose_it_is_and_who_says_so() {
    let world = world();
    let both = Dcql::credential("a").sd_jwt([VCT]).credential("b").sd_jwt([VCT]).build().unwrap();
    let plain = world.plain(both);
    let other = SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(31)).unwrap();
    let issuer =
        crate::world::certified(&world.root, "Other Issuer", "other.example", &SeededRandom::new(32));
    let own = world.bound(&[], &plain.nonce, &plain.client_id);
    // The same claims of somebody else, by somebody else.
    let credential = world.issue_by(&issuer, &World::claims(), Some(other.public_jwk()));
    let held = credenza_formats::sd_jwt::Held::restore(credential, &Default::default()).unwrap();
    let binding = credenza_formats::sd_jwt::Binding {
        nonce: &plain.nonce,
        audience: &plain.client_id,
        issued_at: world.now(),
        more: serde_json::Map::new(),
    };
    let theirs = run(held.present(&[]).bind(&other, &binding)).unwrap();
    let token = json!({ "a": [own], "b": [theirs] }).to_string();
    world.post(&plain.created.request_id, &[("vp_token", &token), ("state", &plain.state)]).unwrap();
    let result = run(world.verifier.result(&plain.created.id, None)).unwrap();
    let [one, two] = result.presentations.as_slice() else { panic!("two presentations") };
    let keys = [one, two].map(|each| each.holder.as_ref().unwrap().key.clone());
    assert_eq!(keys, [world.holder.public_key(), other.public_key()], "two people, and it can be seen");
    assert!(one.issuer_evidence.contains("Test Issuer") && two.issuer_evidence.contains("Other Issuer"));
}

#[test]
fn r19_answers_to_two_requests_of_one_verifier_are_not_mixed_up() {
    let world = world();
    let created: Vec<_> = (0..2).map(|_| world.create(PresentationRequest::new(query()))).collect();
    let side = world.wallet();
    let mut asked: Vec<_> =
        created.iter().map(|one| run(side.wallet.resolve(&one.wallet_link)).unwrap()).collect();
    // The second is answered first, the first is declined.
    world.agree(&side, asked.pop().unwrap(), &world.held()).unwrap();
    run(asked.pop().unwrap().decline(&side.wallet)).unwrap();
    assert_eq!(
        [&created[0], &created[1]].map(|one| world.status(&one.id)),
        [Status::Failed, Status::Verified]
    );
}

#[test]
fn r21_all_wallets_say_the_same_about_themselves() {
    let world = world();
    let mut request = PresentationRequest::new(query());
    request.request_uri_method = credenza_vp::messages::RequestUriMethod::Post;
    let created = world.create(request);
    let said: Vec<_> = (0..2)
        .map(|_| {
            let side = world.wallet();
            run(side.wallet.resolve(&created.wallet_link)).unwrap();
            let log = side.log.lock().unwrap();
            let headers = log[0].headers().clone();
            let form = RequestUriForm::parse(log[0].body()).unwrap();
            (headers, form.wallet_metadata.clone(), form.wallet_nonce.clone())
        })
        .collect();
    assert_eq!((&said[0].0, &said[0].1), (&said[1].0, &said[1].1));
    assert_ne!(said[0].2, said[1].2, "but for the nonce, which is new each time");
}

#[test]
fn d03_through_the_api_a_presentation_is_for_the_origin_and_not_for_the_name_of_the_verifier() {
    const SITE: &str = "https://shop.example";
    let world = world();
    for protocol in [Protocol::Unsigned, Protocol::Signed] {
        let mut request = PresentationRequest::over_dc_api(query());
        request.response_mode = ResponseMode::DcApi;
        let call = DcApiCall { origins: vec![SITE.to_owned()], protocol, identities: Vec::new() };
        let created = run(world.verifier.create_for_dc_api(request, call)).unwrap();
        let asked = run(world
            .wallet()
            .wallet
            .resolve_dc_api(SITE, serde_json::to_string(&created.request).unwrap().as_bytes()))
        .unwrap();
        let client_id = asked.who().client_id.as_str().to_owned();
        let nonce = nonce_of(&created.request);
        let answer = |audience: &str| {
            let data = json!({ "vp_token": { "pid": [world.bound(&PATHS, &nonce, audience)] } });
            let call = json!({ "protocol": created.request.protocol, "data": data });
            run(world.verifier.respond_dc_api(&created.request_id, Some(SITE), call.to_string().as_bytes()))
        };
        for wrong in [SITE, "origin:https://evil.example", "x509_san_dns:verifier.example"] {
            let Err(RespondError::Refused(report)) = answer(wrong) else { panic!("{wrong} was taken") };
            assert_eq!(report.first_failure().unwrap().rule.id, "sd-jwt.kb.aud");
        }
        if protocol == Protocol::Signed {
            assert!(matches!(answer(&client_id), Err(RespondError::Refused(_))), "{client_id}");
        }
        answer("origin:https://shop.example").unwrap();
    }
}

/// The nonce of a call, signed or not.
fn nonce_of(call: &Call) -> String {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    match call.data.get("request") {
        None => text(&call.data["nonce"]),
        Some(jwt) => {
            let jws = credenza_crypto::Jws::parse(jwt.as_str().unwrap()).unwrap();
            text(&credenza_core::json::parse_object(&jws.payload).unwrap()["nonce"])
        }
    }
}
