//! The holder's signature, attacked (catalogue rows S09 to S15): each is refused by the check that is meant for it,
//! and the session stays open for the right answer.

use std::time::Duration;

use credenza_core::{ClaimsPath, SeededRandom, UnixTime};
use credenza_crypto::{Algorithm, Header, IdentifiedBy, Signer, SoftwareSigner, hash, jwt};
use credenza_formats::sd_jwt::{Held, SdJwtLimits};
use credenza_vp::verifier::{RespondError, Status};
use serde_json::{Value, json};

use crate::world::{Plain, World, query, world};

const PATHS: [&[&str]; 2] = [&["family_name"], &["age_equal_or_over", "18"]];

/// Presents the credential of `claims` without a KB-JWT.
fn unbound(world: &World, claims: &Value) -> String {
    let held = Held::restore(world.issue(claims), &SdJwtLimits::default()).unwrap();
    let paths: Vec<_> = PATHS.iter().map(|path| ClaimsPath::keys(path.iter().copied()).unwrap()).collect();
    held.present(&paths).into_string()
}

/// A KB-JWT by hand.
fn kb(
    presentation: &str,
    signer: &dyn Signer,
    typ: &str,
    change: impl FnOnce(&mut Value),
    plain: &Plain,
) -> String {
    let mut claims = json!({
        "nonce": plain.nonce,
        "aud": plain.client_id,
        "iat": crate::world::NOW.as_secs(),
        "sd_hash": credenza_core::b64::encode(hash::sha256(presentation.as_bytes())),
    });
    change(&mut claims);
    let header = Header::signing(signer, typ, IdentifiedBy::Nothing);
    crate::world::run(jwt::sign(signer, &header, &claims)).unwrap()
}

fn send(world: &World, plain: &Plain, presentation: &str) -> Result<(), RespondError> {
    let token = json!({ "pid": [presentation] }).to_string();
    let parameters = [("vp_token", token.as_str()), ("state", plain.state.as_str())];
    world.post(&plain.created.request_id, &parameters).map(|_| ())
}

/// Refused by this check, and a right answer still gets through.
#[track_caller]
fn refused(world: &World, plain: &Plain, presentation: &str, rule: &str) {
    let error = send(world, plain, presentation).unwrap_err();
    let failure = error.report().and_then(|report| report.first_failure()).map(|check| check.rule.id);
    assert_eq!(failure, Some(rule));
    assert_eq!(world.status(&plain.created.id), Status::Retrieved);
}

#[track_caller]
fn still_answerable(world: &World, plain: &Plain) {
    send(world, plain, &world.bound(&PATHS, &plain.nonce, &plain.client_id)).unwrap();
    assert_eq!(world.status(&plain.created.id), Status::Verified);
}

// Clauses: VP-8.6-02, VP-8.6-03, VP-14.1.2-01
#[test]
fn s09_the_holders_signature_is_cut_off() {
    let world = world();
    let plain = world.plain(query());
    let bound = world.bound(&PATHS, &plain.nonce, &plain.client_id);
    let (without, _) = bound.rsplit_once('~').unwrap();
    refused(&world, &plain, &format!("{without}~"), "sd-jwt.kb.present");
    // Without the last ~ the last disclosure stands where the KB-JWT should.
    assert!(matches!(send(&world, &plain, without), Err(RespondError::Refused(_))));
    still_answerable(&world, &plain);
}

// Checks: VER-061
#[test]
fn s10_signed_by_another_key_or_bound_to_none() {
    let world = world();
    let plain = world.plain(query());
    let presentation = unbound(&world, &World::claims());
    let thief = SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(99)).unwrap();
    let forged = kb(&presentation, &thief, "kb+jwt", |_| {}, &plain);
    refused(&world, &plain, &format!("{presentation}{forged}"), "sd-jwt.kb.signature");

    let unbindable = world.issue_by(&world.issuer, &World::claims(), None);
    let held = Held::restore(unbindable, &SdJwtLimits::default()).unwrap();
    let paths: Vec<_> = PATHS.iter().map(|path| ClaimsPath::keys(path.iter().copied()).unwrap()).collect();
    let presentation = held.present(&paths).into_string();
    let signed = kb(&presentation, &world.holder, "kb+jwt", |_| {}, &plain);
    let error = send(&world, &plain, &format!("{presentation}{signed}")).unwrap_err();
    let rule = error.report().unwrap().first_failure().unwrap().rule.id;
    assert!(rule.starts_with("sd-jwt.kb."), "{rule}");
    still_answerable(&world, &plain);
}

#[test]
fn s10_another_kind_of_token_is_no_key_binding() {
    let world = world();
    let plain = world.plain(query());
    let presentation = unbound(&world, &World::claims());
    for typ in ["JWT", "openid4vci-proof+jwt", "kb"] {
        let token = kb(&presentation, &world.holder, typ, |_| {}, &plain);
        refused(&world, &plain, &format!("{presentation}{token}"), "sd-jwt.kb.typ");
    }
}

// Clauses: VP-14.1.2-06, VP-B.3.6-01
// Checks: VER-063
#[test]
fn s11_the_nonce_is_that_of_the_stored_request() {
    let world = world();
    let plain = world.plain(query());
    let presentation = unbound(&world, &World::claims());
    for nonce in [json!("own"), json!(null), json!([plain.nonce]), json!(1), json!("")] {
        let token = kb(&presentation, &world.holder, "kb+jwt", |claims| claims["nonce"] = nonce, &plain);
        refused(&world, &plain, &format!("{presentation}{token}"), "sd-jwt.kb.nonce");
    }
    still_answerable(&world, &plain);
}

// Clauses: VP-14.1.2-05, VP-14.8-01, VP-B.3.6-02
// Checks: VER-064
#[test]
fn s12_the_audience_is_the_whole_client_identifier() {
    let world = world();
    let plain = world.plain(query());
    let presentation = unbound(&world, &World::claims());
    let own = plain.client();
    for aud in [
        json!("x509_san_dns:verifier.example"),
        json!(own.original()),
        json!("https://verifier.example"),
        json!([own.as_str(), "evil"]),
        json!([own.as_str()]),
        json!(format!("{own}/")),
        json!("origin:https://verifier.example"),
        json!(null),
    ] {
        let evil = aud.clone();
        let token = kb(&presentation, &world.holder, "kb+jwt", |claims| claims["aud"] = evil, &plain);
        let error = send(&world, &plain, &format!("{presentation}{token}")).unwrap_err();
        let rule = error.report().unwrap().first_failure().unwrap().rule.id;
        assert_eq!(rule, "sd-jwt.kb.aud", "{aud}");
    }
    // So many refusals are noted; what comes after is judged all the same.
    still_answerable(&world, &plain);
}

// Checks: VER-062
#[test]
fn s13_the_disclosures_are_those_that_were_signed() {
    let world = world();
    let plain = world.plain(query());
    let bound = world.bound(&PATHS, &plain.nonce, &plain.client_id);
    let parts: Vec<&str> = bound.split('~').collect();
    let [jwt, disclosures @ .., kb] = parts.as_slice() else { panic!("three parts at least") };
    let join = |disclosures: &[&str]| {
        let mut text = format!("{jwt}~");
        disclosures.iter().for_each(|one| text.push_str(&format!("{one}~")));
        text + kb
    };
    let mut reversed = disclosures.to_vec();
    reversed.reverse();
    refused(&world, &plain, &join(&reversed), "sd-jwt.kb.sd-hash");
    // Another disclosure of the same credential, that the holder did not show.
    let all = world.bound_of(format!("{jwt}~{}~", disclosures.join("~")), &PATHS, "n", "a");
    assert!(all.starts_with(jwt));
    for dropped in 0..disclosures.len() {
        let mut fewer = disclosures.to_vec();
        fewer.remove(dropped);
        let error = send(&world, &plain, &join(&fewer)).unwrap_err();
        assert!(error.report().unwrap().first_failure().unwrap().rule.id.starts_with("sd-jwt."));
    }
    let other = kb_over_other_hash(&world, &plain);
    refused(&world, &plain, &other, "sd-jwt.kb.sd-hash");
    still_answerable(&world, &plain);
}

fn kb_over_other_hash(world: &World, plain: &Plain) -> String {
    let presentation = unbound(world, &World::claims());
    let hash = credenza_crypto::HashAlgorithm::Sha384.hash(presentation.as_bytes());
    let change = |claims: &mut Value| claims["sd_hash"] = credenza_core::b64::encode(hash).into();
    let token = kb(&presentation, &world.holder, "kb+jwt", change, plain);
    format!("{presentation}{token}")
}

// Checks: WVP-055, VER-065, VER-066
#[test]
fn s14_the_holder_has_signed_just_now() {
    const YEAR: i64 = 365 * 24 * 3600;
    let world = world();
    let plain = world.plain(query());
    let presentation = unbound(&world, &World::claims());
    let now = crate::world::NOW.as_secs();
    let iats = [
        json!(now - YEAR),
        json!(now + YEAR),
        json!(now - 301 - 60),
        json!(now + 121),
        json!(null),
        json!("now"),
    ];
    for iat in iats {
        let token = kb(&presentation, &world.holder, "kb+jwt", |claims| claims["iat"] = iat.clone(), &plain);
        let error = send(&world, &plain, &format!("{presentation}{token}")).unwrap_err();
        assert_eq!(error.report().unwrap().first_failure().unwrap().rule.id, "sd-jwt.kb.iat", "{iat}");
    }
    for iat in [now - 299, now, now + 59] {
        let plain = world.plain(query());
        let token = kb(&presentation, &world.holder, "kb+jwt", |claims| claims["iat"] = iat.into(), &plain);
        send(&world, &plain, &format!("{presentation}{token}")).unwrap();
    }
}

// Clauses: VP-14.1.2-01, VP-14.1.2-06
#[test]
fn s15_a_presentation_is_for_one_request() {
    let world = world();
    let (first, second) = (world.plain(query()), world.plain(query()));
    let presentation = world.bound(&PATHS, &first.nonce, &first.client_id);
    send(&world, &first, &presentation).unwrap();
    refused(&world, &second, &presentation, "sd-jwt.kb.nonce");
    assert!(matches!(send(&world, &first, &presentation), Err(RespondError::Unknown)));
}

// Clauses: HAIP-6.1.1-01
#[test]
fn x03_the_issuers_certificate_has_ended() {
    let world = world();
    world.clock.set(UnixTime::from_secs(crate::world::NOW.as_secs()) + Duration::from_secs(99 * 24 * 3600));
    let mut claims = World::claims();
    claims["exp"] = (world.now().as_secs() + 1_000_000).into();
    let plain = world.plain(query());
    let presentation = world.bound_of(world.issue(&claims), &PATHS, &plain.nonce, &plain.client_id);
    send(&world, &plain, &presentation).unwrap();
    world.clock.advance(Duration::from_secs(2 * 24 * 3600));
    let plain = world.plain(query());
    let presentation = world.bound_of(world.issue(&claims), &PATHS, &plain.nonce, &plain.client_id);
    refused(&world, &plain, &presentation, "trust.issuer");
}
