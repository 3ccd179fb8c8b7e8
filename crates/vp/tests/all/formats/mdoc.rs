//! mdocs (OID4VP 1.0 §B.2; catalogue rows of device authentication and transcripts).

use std::time::Duration;

use credenza_core::b64;
use credenza_crypto::SoftwareSigner;
use credenza_crypto::{Algorithm, SoftwareDecrypter};
use credenza_formats::mdoc::{Held, MdocLimits, PID, SessionTranscript};
use credenza_query::dcql::Format;
use credenza_query::{Dcql, DcqlQuery};
use credenza_vp::messages::Presentation;
use credenza_vp::verifier::Policy;
use credenza_vp::verifier::credential::{Bound, Context, Holder, verify};
use credenza_vp::wallet::{AnswerError, Choice, Holding};
use credenza_vp::{PresentationRequest, ResponseMode};
use serde_json::json;

use super::{both_ways, failed, paths, pid, pid_by, send, text, transcript, world};
use crate::world::{BASE, DAY, NOW, Plain, World, certified, run};

fn query() -> DcqlQuery {
    Dcql::credential("id").mdoc(PID).claim([PID, "family_name"]).intent_to_retain(false).build().unwrap()
}

fn signed(world: &World, plain: &Plain) -> Vec<u8> {
    let held = pid(world);
    run(held.present(&paths(&[&[PID, "family_name"]])).sign(&world.holder, &transcript(plain))).unwrap()
}

fn signed_for(world: &World, transcript: &SessionTranscript) -> Presentation {
    text(run(pid(world).present(&paths(&[&[PID, "family_name"]])).sign(&world.holder, transcript)).unwrap())
}

// Clauses: VP-B.2.3-01, VP-B.2.4-01, VP-B.2.6.1-01, VP-B.2.6.1-04, VP-B.2.6.1-07, VP-B.2.6.1-08, VP-B.2.6.1-09,
// VP-B.2.6.1-10, VP-B.2.6.1-11, MDOC-H-B.2.5-01, MDOC-H-8.3-02
// Checks: WVP-063, WVP-064, WVP-066, WVP-067
#[test]
fn an_mdoc_is_presented_with_what_was_asked_for_and_nothing_else() {
    let world = world();
    let result = both_ways(&world, &query(), &[Holding::mdoc(pid(&world), true)]);
    let [one] = result.presentations.as_slice() else { panic!("one presentation") };
    assert_eq!(one.claims, json!({ PID: { "family_name": "Möbius" } }));
    assert_eq!((one.format.as_str(), one.types.as_slice()), ("mso_mdoc", &[PID.to_owned()][..]));
    assert!(one.holder_bound && one.holder.as_ref().unwrap().key == world.holder.public_key());
    assert!(one.device_signed.is_empty() && !one.authority_key_ids.is_empty());
}

// Clauses: VP-B.2.2-05
#[test]
fn an_mdoc_is_authenticated_by_a_mac_where_a_key_can_be_agreed_on() {
    let world = world();
    let scalar = b64::decode(
        world.holder.to_private_jwk().expose().split("\"d\":\"").nth(1).unwrap().split('"').next().unwrap(),
    );
    let device_key = SoftwareDecrypter::from_scalar(credenza_crypto::Curve::P256, &scalar.unwrap()).unwrap();
    let holding = Holding::mdoc(pid(&world), true);
    for (response_mode, signer) in
        [(ResponseMode::DirectPostJwt, None), (ResponseMode::DirectPost, Some(&world.holder as _))]
    {
        let created =
            world.create(PresentationRequest { response_mode, ..PresentationRequest::new(query()) });
        let side = world.wallet();
        let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
        let disclose = paths(&[&[PID, "family_name"]]);
        let choice = Choice {
            query_id: "id",
            holding: &holding,
            disclose: &disclose,
            signer,
            device_key: Some(&device_key),
        };
        run(asked.answer(&side.wallet, &[choice])).unwrap();
        assert!(run(world.verifier.result(&created.id, None)).is_ok(), "{response_mode:?}");
    }
}

// Clauses: VP-B.2.6.1-07, VP-B.2.6.1-08, VP-B.2.6.1-09, VP-B.2.6.1-10, VP-B.2.6.1-11, VP-14.1.2-01, MDOC-V-9.3.2-01,
// MDOC-H-B.2.6.1-01
// Checks: VER-067
#[test]
fn p02_an_mdoc_for_another_session() {
    let world = world();
    let plain = world.plain(query());
    let place = format!("{BASE}/openid4vp/response/{}", plain.created.request_id);
    let (client, nonce) = (plain.client_id.as_str(), plain.nonce.as_str());
    let others = [
        SessionTranscript::openid4vp(client, "another", None, &place),
        SessionTranscript::openid4vp("x509_san_dns:verifier.example", nonce, None, &place),
        SessionTranscript::openid4vp(plain.client().original(), nonce, None, &place),
        SessionTranscript::openid4vp(client, nonce, None, "https://evil.example/response"),
        SessionTranscript::openid4vp(client, nonce, Some(&[7; 32]), &place),
        SessionTranscript::openid4vp_dc_api(BASE, nonce, None),
        SessionTranscript::iso_18013_7(client, &place, nonce, "generated"),
    ];
    for other in others {
        assert_eq!(failed(&world, &plain, &signed_for(&world, &other)), "mdoc.device-auth.signature");
    }
    send(&world, &plain, &signed_for(&world, &transcript(&plain))).unwrap();
}

/// Between what the issuer and what the holder has signed.
fn split(response: &[u8]) -> (&[u8], &[u8]) {
    let at = response.windows(13).position(|window| window == b"\x6cdeviceSigned").unwrap();
    response.split_at(at)
}

fn replaced(bytes: &[u8], old: &[u8], new: &[u8], place: usize) -> Vec<u8> {
    let mut found = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(old));
    let at = found.nth(place).unwrap();
    [&bytes[..at], new, &bytes[at + old.len()..]].concat()
}

#[test]
fn s10_another_holders_signature_under_an_mdoc() {
    let world = world();
    let plain = world.plain(query());
    let thief = SoftwareSigner::generate(Algorithm::Es256, &credenza_core::SeededRandom::new(99)).unwrap();
    let own = Held::restore(pid_by(&world.issuer, &thief.public_key()), &MdocLimits::default()).unwrap();
    let own = run(own.present(&paths(&[&[PID, "family_name"]])).sign(&thief, &transcript(&plain))).unwrap();
    let stolen = signed(&world, &plain);
    let forged = [split(&stolen).0, split(&own).1].concat();
    assert_eq!(failed(&world, &plain, &text(forged)), "mdoc.device-auth.signature");
}

// Checks: WVP-061
#[test]
fn s20_an_mdoc_is_what_was_issued() {
    let world = world();
    let plain = world.plain(query());
    let response = signed(&world, &plain);
    let altered = replaced(&response, "Möbius".as_bytes(), "Mobius!".as_bytes(), 0);
    assert_eq!(failed(&world, &plain, &text(altered)), "mdoc.digest");
    // The first is the document's own word; what the issuer has signed comes later.
    let other_type = replaced(&response, PID.as_bytes(), b"eu.europa.ec.eudi.pid.2", 0);
    assert_eq!(failed(&world, &plain, &text(other_type)), "mdoc.doc-type");
    assert_eq!(failed(&world, &plain, &text(&response[1..])), "mdoc.parse");
    assert_eq!(failed(&world, &plain, &Presentation::Text("=".to_owned())), "mdoc.parse");
    let object = json!({ "docType": PID });
    let object = Presentation::Object(object.as_object().cloned().unwrap());
    assert_eq!(failed(&world, &plain, &object), "vp.presentation.shape");
    send(&world, &plain, &text(response)).unwrap();
}

// Clauses: VP-B.2.3-01, VP-6.4.1-06, VP-8.6-01, MDOC-V-B.2.3-01
#[test]
fn p05_another_type_of_mdoc_or_less_than_was_asked_for() {
    let world = world();
    let other = Dcql::credential("id").mdoc("org.iso.18013.5.1.mDL").build().unwrap();
    let plain = world.plain(other);
    assert_eq!(failed(&world, &plain, &text(signed(&world, &plain))), "dcql.type");

    let held = pid(&world);
    for short in [paths(&[]), paths(&[&[PID, "given_name"]]), paths(&[&["other", "family_name"]])] {
        // A holder has answered: nothing better will come, and each time it is another request.
        let plain = world.plain(query());
        let response = run(held.present(&short).sign(&world.holder, &transcript(&plain))).unwrap();
        assert_eq!(failed(&world, &plain, &text(response)), "dcql.claims");
    }
}

// Clauses: VP-6.4.1-06
#[test]
fn w10_a_wallet_discloses_no_more_of_an_mdoc_than_was_asked_for() {
    let world = world();
    let created = world.create(PresentationRequest::new(query()));
    let holding = Holding::mdoc(pid(&world), true);
    for disclose in [paths(&[&[PID, "family_name"], &[PID, "given_name"]]), paths(&[])] {
        let side = world.wallet();
        let asked = run(side.wallet.resolve(&created.wallet_link)).unwrap();
        let choice = Choice {
            query_id: "id",
            holding: &holding,
            disclose: &disclose,
            signer: Some(&world.holder),
            device_key: None,
        };
        let error = run(asked.answer(&side.wallet, &[choice])).unwrap_err();
        assert!(matches!(error, AnswerError::Choice(_)), "{error}");
        assert_eq!(side.log.lock().unwrap().iter().filter(|one| one.method() == "POST").count(), 0);
    }
}

// Clauses: MDOC-V-9.3.1-01
#[test]
fn x03_an_mdoc_that_has_ended_and_one_of_a_stranger() {
    let world = world();
    let stranger = credenza_crypto::x509::CertificateAuthority::generate(
        "Stranger",
        NOW - DAY,
        1000 * DAY,
        &*world.random,
    );
    let stranger = certified(&stranger.unwrap(), "Stranger", "issuer.example", &*world.random);
    let plain = world.plain(query());
    let held = Held::restore(pid_by(&stranger, &world.holder.public_key()), &MdocLimits::default()).unwrap();
    let response =
        run(held.present(&paths(&[&[PID, "family_name"]])).sign(&world.holder, &transcript(&plain)));
    assert_eq!(failed(&world, &plain, &text(response.unwrap())), "trust.issuer");

    world.clock.advance(11 * DAY);
    let plain = world.plain(query());
    assert_eq!(failed(&world, &plain, &text(signed(&world, &plain))), "mdoc.validity");
    world.clock.set(NOW - Duration::from_secs(500));
    let plain = world.plain(query());
    assert_eq!(failed(&world, &plain, &text(signed(&world, &plain))), "mdoc.validity");
}

#[test]
fn an_mdoc_as_it_was_issued() {
    let world = world();
    let issued = pid_by(&world.issuer, &world.holder.public_key());
    let policy = Policy::default();
    let context = Context { policy: &policy, trust: &*world.trust, status: None, now: NOW };
    let judged = |bytes: &[u8], holder| run(verify(&text(bytes), &Format::Mdoc, holder, context));
    let (report, checked) = judged(&issued, Holder::Unbound);
    let checked = checked.unwrap_or_else(|| panic!("{report}"));
    assert_eq!(checked.claims[PID]["given_name"], "August");
    assert!(!checked.holder_bound);
    // A presentation is not what was issued, and the other way round; and no session, no presentation.
    let plain = world.plain(query());
    let presented = signed(&world, &plain);
    assert!(judged(&presented, Holder::Unbound).1.is_none());
    assert!(judged(&issued, Holder::Any).1.is_none());
    assert!(judged(&presented, Holder::Any).1.is_some());
    let (report, none) = judged(&presented, Holder::Bound(Bound::new(&plain.nonce, &plain.client_id)));
    assert_eq!(report.first_failure().unwrap().rule.id, "mdoc.device-auth");
    assert!(none.is_none());
    let transcript = transcript(&plain);
    let bound = Bound::new(&plain.nonce, &plain.client_id).with_transcript(&transcript);
    assert!(judged(&presented, Holder::Bound(bound)).1.is_some());
}

// Clauses: MDOC-H-B.2.6.1-02
#[test]
fn an_mdoc_is_bound_to_what_was_signed_and_not_to_what_stands_beside_it() {
    let world = world();
    let created = world.create(PresentationRequest::new(query()));
    let side = world.wallet();
    let link = format!(
        "{}&nonce=other&response_uri=https%3A%2F%2Fevil.example%2Fr&response_mode=direct_post",
        created.wallet_link
    );
    let asked = run(side.wallet.resolve(&link)).unwrap();
    world.agree(&side, asked, &[Holding::mdoc(pid(&world), true)]).unwrap();
    assert!(run(world.verifier.result(&created.id, None)).is_ok());
}

// Clauses: VP-B.2.1-03, MDOC-H-B.2.1-01
#[test]
fn r09_an_mdoc_authorises_no_transaction() {
    let world = world();
    let resolve = |query: serde_json::Value, id: &str| {
        let data = b64::encode(json!({ "type": "payment", "credential_ids": [id] }).to_string());
        let claims = crate::request_kit::with(|claims| {
            claims["dcql_query"] = query;
            claims["transaction_data"] = json!([data]);
        });
        let jwt = world.sign_request(&*world.verifier_signer, crate::request_kit::TYP, &claims);
        let answer = move |_: &http::Request<Vec<u8>>| Ok(crate::world::object_response(jwt.clone()));
        let kind = credenza_vp::messages::TransactionType::new("payment");
        let side = world.wallet_over(answer, |builder| builder.transaction_type(kind));
        run(side.wallet.resolve(&crate::request_kit::link(crate::request_kit::CLIENT)))
    };
    assert!(resolve(json!(crate::world::query()), "pid").is_ok());
    crate::request_kit::refused_with(resolve(json!(query()), "id"), "invalid_transaction_data");
}
