//! What is presented, against what was asked for (catalogue rows P02 to P06, P10, P11, P22).

use credenza_core::{SeededRandom, b64};
use credenza_crypto::{Algorithm, ContentEncryption, Curve, Jwk, KeyManagement, Signer, SoftwareSigner};
use credenza_crypto::{Decrypter as _, SoftwareDecrypter, jwe};
use credenza_oauth::EndpointError as _;
use credenza_query::{Dcql, DcqlQuery};
use credenza_vp::PresentationRequest;
use credenza_vp::messages::response::ResponseSyntaxError;
use credenza_vp::verifier::{Policy, RespondError, Status};
use serde_json::{Value, json};

use crate::world::{Plain, VCT, World, certified, query, run, world};

const PATHS: [&[&str]; 2] = [&["family_name"], &["age_equal_or_over", "18"]];

fn post(world: &World, plain: &Plain, token: &Value) -> Result<(), RespondError> {
    let token = token.to_string();
    world.post(&plain.created.request_id, &[("vp_token", &token), ("state", &plain.state)]).map(|_| ())
}

#[track_caller]
fn refused_by(world: &World, plain: &Plain, token: &Value, rule: &str) {
    let error = post(world, plain, token).unwrap_err();
    assert_eq!(error.code(), "invalid_request");
    assert_eq!(error.status(), 400);
    assert_eq!(error.reason(), Some(rule), "{:?}", error.report().map(ToString::to_string));
    assert_eq!(
        run(world.verifier.result(&plain.created.id, None)).unwrap_err().to_string(),
        "the presentation was not verified"
    );
}

// Clauses: VP-14.1.2-05, VP-14.8-01, VP-B.3.6-02
#[test]
fn p02_made_for_another_verifier() {
    let world = world();
    let plain = world.plain(query());
    let presentation = world.bound(&PATHS, &plain.nonce, "x509_san_dns:other.example");
    refused_by(&world, &plain, &json!({ "pid": [presentation] }), "sd-jwt.kb.aud");
}

// Clauses: VP-5.2-02, VP-5.2-03, VP-5.2-09, VP-5.3-01, JAR-10.2-06, JAR-11.2.1-02
// Checks: VER-027
#[test]
fn p03_nonces_states_and_ids_are_fresh_and_long() {
    let world = world();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..200 {
        let plain = world.plain(query());
        assert_eq!(plain.nonce.len(), 43);
        assert!(plain.state.len() >= 22, "at least 128 bits");
        for text in [&plain.nonce, &plain.state, &plain.created.id, &plain.created.request_id] {
            assert!(credenza_vp::messages::is_url_safe(text));
            assert!(seen.insert(text.clone()));
        }
    }
}

// Clauses: VP-5.3-01, VP-8.6-01
#[test]
fn p04_holder_binding_is_what_the_query_says_and_never_what_came() {
    let world = world();
    let unbound = world.issue(&World::claims());
    let required = world.plain(query());
    refused_by(&world, &required, &json!({ "pid": [unbound] }), "sd-jwt.kb.present");
    let optional =
        Dcql::credential("pid").sd_jwt([VCT]).without_holder_binding().claim(["family_name"]).build();
    let plain = world.plain(optional.unwrap());
    post(&world, &plain, &json!({ "pid": [unbound] })).unwrap();
    let result = run(world.verifier.result(&plain.created.id, None)).unwrap();
    assert!(!result.presentations[0].holder_bound);
}

fn asked(query: Result<DcqlQuery, credenza_query::QueryError>) -> (World, Plain) {
    let world = world();
    let plain = world.plain(query.unwrap());
    (world, plain)
}

// Clauses: VP-6.4.1-06, VP-8.6-01, VP-14.9-01, VP-14.9-02
#[test]
fn p05_another_type_or_missing_claims_or_other_values() {
    let (world, plain) = asked(Dcql::credential("pid").sd_jwt(["urn:other"]).claim(["family_name"]).build());
    let token = json!({ "pid": [world.bound(&PATHS, &plain.nonce, &plain.client_id)] });
    refused_by(&world, &plain, &token, "dcql.type");
    // A holder has answered this very request: nothing better will come from him.
    assert_eq!(world.status(&plain.created.id), Status::Rejected);
    assert!(matches!(post(&world, &plain, &token), Err(RespondError::Unknown)));

    let (world, plain) = asked(Ok(query()));
    let token = json!({ "pid": [world.bound(&[&["family_name"]], &plain.nonce, &plain.client_id)] });
    refused_by(&world, &plain, &token, "dcql.claims");

    let (world, plain) =
        asked(Dcql::credential("pid").sd_jwt([VCT]).claim(["family_name"]).values(["Other"]).build());
    let token = json!({ "pid": [world.bound(&PATHS, &plain.nonce, &plain.client_id)] });
    refused_by(&world, &plain, &token, "dcql.values");
}

// Clauses: VP-8.1-02, VP-8.6-03
#[test]
fn p05_more_than_was_asked_for() {
    let (world, plain) = asked(Ok(query()));
    let one = world.bound(&PATHS, &plain.nonce, &plain.client_id);
    refused_by(&world, &plain, &json!({ "pid": [one, one] }), "dcql.multiple");
    let (world, plain) = asked(Ok(query()));
    let one = world.bound(&PATHS, &plain.nonce, &plain.client_id);
    refused_by(&world, &plain, &json!({ "pid": [one], "other": ["x"] }), "dcql.credential.known");
    let many: Vec<_> = (0..65).map(|_| one.clone()).collect();
    let (world, plain) = asked(Ok(query()));
    refused_by(&world, &plain, &json!({ "pid": many }), "vp.presentation.count");
}

// Clauses: VP-8.6-01, VP-8.6-03
#[test]
fn p05_a_member_of_a_required_set_is_missing() {
    let both = || Dcql::credential("a").sd_jwt([VCT]).credential("b").sd_jwt([VCT]).set([["a", "b"]]).build();
    let (world, plain) = asked(both());
    let one = world.bound(&[], &plain.nonce, &plain.client_id);
    refused_by(&world, &plain, &json!({ "a": [one] }), "dcql.sets");
    let (world, plain) = asked(both());
    let one = || world.bound(&[], &plain.nonce, &plain.client_id);
    post(&world, &plain, &json!({ "a": [one()], "b": [one()] })).unwrap();
    assert_eq!(run(world.verifier.result(&plain.created.id, None)).unwrap().presentations.len(), 2);
}

// Clauses: VP-6.1-09, VP-6.1.1.1-01, X509-V-AKI-01, HAIP-5-15
#[test]
fn p05_from_none_of_the_trusted_authorities() {
    let world = world();
    let key = world.root.parsed().subject_key_id.clone().unwrap();
    let of = |value: &str| {
        Dcql::credential("pid").sd_jwt([VCT]).trusted_authority("aki", [value]).claim(["family_name"]).build()
    };
    let plain = world.plain(of(&b64::encode([1, 2, 3])).unwrap());
    let token = json!({ "pid": [world.bound(&PATHS, &plain.nonce, &plain.client_id)] });
    refused_by(&world, &plain, &token, "dcql.trusted-authorities");
    // X10: the raw bytes count; the root vouches for the intermediate CA, whose certificate is in the chain.
    let plain = world.plain(of(&b64::encode(&key)).unwrap());
    let token = json!({ "pid": [world.bound(&PATHS, &plain.nonce, &plain.client_id)] });
    post(&world, &plain, &token).unwrap();
}

// Clauses: VP-8.6-02, VP-8.6-03, VP-14.1.2-06
#[test]
fn p05_one_bad_presentation_spoils_the_answer_and_no_claim_gets_out() {
    let (world, plain) = asked(Dcql::credential("pid").sd_jwt([VCT]).multiple().build());
    let good = world.bound(&[], &plain.nonce, &plain.client_id);
    let bad = world.bound(&[], "another nonce", &plain.client_id);
    refused_by(&world, &plain, &json!({ "pid": [good, bad] }), "sd-jwt.kb.nonce");
    assert_eq!(world.status(&plain.created.id), Status::Retrieved);
}

#[test]
fn an_issuer_that_nobody_trusts() {
    let (world, plain) = asked(Ok(query()));
    let stranger = credenza_crypto::x509::CertificateAuthority::generate(
        "Stranger",
        crate::world::NOW - crate::world::DAY,
        200 * crate::world::DAY,
        &SeededRandom::new(5),
    )
    .unwrap();
    let issuer = certified(&stranger, "Test Issuer", "issuer.example", &SeededRandom::new(6));
    let credential = world.issue_by(&issuer, &World::claims(), Some(world.holder.public_jwk()));
    let token = json!({ "pid": [world.bound_of(credential, &PATHS, &plain.nonce, &plain.client_id)] });
    refused_by(&world, &plain, &token, "trust.issuer");
    // J03: the key that the credential brings along proves nothing.
    let bare = SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(8)).unwrap();
    let credential = world.issue_by(&bare, &World::claims(), Some(world.holder.public_jwk()));
    let token = json!({ "pid": [world.bound_of(credential, &PATHS, &plain.nonce, &plain.client_id)] });
    refused_by(&world, &plain, &token, "trust.issuer");
    assert_eq!(world.status(&plain.created.id), Status::Retrieved);
}

// Clauses: VP-8.1-01, VP-8.6-01, VP-8.6-03
#[test]
fn p06_a_vp_token_of_the_wrong_shape() {
    let (world, plain) = asked(Ok(query()));
    let one = world.bound(&PATHS, &plain.nonce, &plain.client_id);
    for (token, problem) in [
        (json!([one]), ResponseSyntaxError::VpToken),
        (json!(one), ResponseSyntaxError::VpToken),
        (json!(null), ResponseSyntaxError::VpToken),
        (json!({}), ResponseSyntaxError::VpToken),
        (json!(json!({ "pid": [one] }).to_string()), ResponseSyntaxError::VpToken),
        (json!({ "pid": [] }), ResponseSyntaxError::Presentations),
        (json!({ "pid": one }), ResponseSyntaxError::Presentations),
        (json!({ "pid": null }), ResponseSyntaxError::Presentations),
        (json!({ "pid": [null] }), ResponseSyntaxError::Presentations),
        (json!({ "pid": [[one]] }), ResponseSyntaxError::Presentations),
        (json!({ "pid": [1] }), ResponseSyntaxError::Presentations),
    ] {
        match post(&world, &plain, &token) {
            Err(RespondError::Syntax(found)) => assert_eq!(found, problem, "{token}"),
            other => panic!("{token}: {other:?}"),
        }
    }
    let twice = format!(r#"{{"pid":["{one}"],"pid":["{one}"]}}"#);
    let state = plain.state.as_str();
    for parameters in [
        vec![("vp_token", twice.as_str()), ("state", state)],
        vec![("vp_token", "{"), ("state", state)],
        vec![("vp_token", ""), ("state", state)],
        vec![("state", state)],
        vec![],
    ] {
        let error = world.post(&plain.created.request_id, &parameters).unwrap_err();
        assert!(matches!(error, RespondError::Syntax(_)), "{error}");
        assert_eq!(error.status(), 400);
    }
    refused_by(&world, &plain, &json!({ "pid": [{ "@context": [] }] }), "vp.presentation.shape");
    post(&world, &plain, &json!({ "pid": [one] })).unwrap();
}

// Clauses: VP-5.3-01, VP-14.3.2-01
#[test]
fn p10_a_request_or_state_that_is_not_ours() {
    let world = world();
    let (plain, other) = (world.plain(query()), world.plain(query()));
    let token = json!({ "pid": [world.bound(&PATHS, &plain.nonce, &plain.client_id)] }).to_string();
    let id = plain.created.request_id.as_str();
    let mut flipped = id.to_owned();
    flipped.replace_range(10..11, if &flipped[10..11] == "A" { "B" } else { "A" });
    for unknown in ["", "x", plain.created.id.as_str(), flipped.as_str(), &"A".repeat(10_000)] {
        let error = world.post(unknown, &[("vp_token", &token), ("state", &plain.state)]).unwrap_err();
        assert!(matches!(error, RespondError::Unknown), "{error}");
        assert_eq!(error.status(), 400);
    }
    let short = &plain.state[1..];
    for state in [None, Some(other.state.as_str()), Some(""), Some(short), Some(other.created.id.as_str())] {
        let mut parameters = vec![("vp_token", token.as_str())];
        parameters.extend(state.map(|state| ("state", state)));
        let error = world.post(id, &parameters).unwrap_err();
        assert!(matches!(error, RespondError::State), "{error}");
    }
    let error = world.post(&other.created.request_id, &[("vp_token", &token), ("state", &plain.state)]);
    assert!(matches!(error, Err(RespondError::State)));
    assert_eq!(world.status(&other.created.id), Status::Retrieved);
    world.post(id, &[("vp_token", &token), ("state", &plain.state)]).unwrap();
}

struct Encrypted {
    plain: Plain,
    key: Jwk,
}

fn encrypted(world: &World) -> Encrypted {
    let created = world.create(PresentationRequest::new(query()));
    let claims = world.request_claims(&created);
    let text = |name: &str| claims[name].as_str().unwrap().to_owned();
    let key = Jwk::from_value(&claims["client_metadata"]["jwks"]["keys"][0]).unwrap();
    let plain = Plain { nonce: text("nonce"), state: text("state"), client_id: text("client_id"), created };
    Encrypted { plain, key }
}

fn seal(world: &World, key: &Jwk, enc: ContentEncryption, content: &Value) -> String {
    let parameters = jwe::Parameters { apu: b"some", apv: b"thing", ..jwe::Parameters::default() };
    let content = content.to_string();
    jwe::encrypt(key, KeyManagement::EcdhEs, enc, &parameters, content.as_bytes(), &*world.random).unwrap()
}

// Clauses: VP-8.3-01, VP-8.3-05
// Checks: VER-056
#[test]
fn p11_encrypted_to_another_key_or_not_at_all() {
    let world = world();
    let (Encrypted { plain, key }, other) = (encrypted(&world), encrypted(&world));
    let content = json!({
        "vp_token": { "pid": [world.bound(&PATHS, &plain.nonce, &plain.client_id)] },
        "state": plain.state,
    });
    let id = plain.created.request_id.as_str();
    let token = content["vp_token"].to_string();

    let in_the_clear = world.post(id, &[("vp_token", &token), ("state", &plain.state)]).unwrap_err();
    assert!(matches!(in_the_clear, RespondError::ResponseMode));

    let own = SoftwareDecrypter::generate(Curve::P256, &SeededRandom::new(3)).unwrap();
    let mut own_key_our_kid = own.public_jwk().clone();
    own_key_our_kid.kid = key.kid.clone();
    let mut our_key_other_kid = key.clone();
    our_key_other_kid.kid = Some("other".to_owned());
    let gcm = ContentEncryption::A128Gcm;
    let cbc = ContentEncryption::A128CbcHs256;
    let whole = seal(&world, &key, gcm, &content);
    let cut = whole[..whole.len() - 4].to_owned();
    for response in [
        seal(&world, &other.key, gcm, &content),
        seal(&world, own.public_jwk(), gcm, &content),
        seal(&world, &own_key_our_kid, gcm, &content),
        seal(&world, &our_key_other_kid, gcm, &content),
        seal(&world, &key, cbc, &content),
        cut,
        "a.b.c.d.e".to_owned(),
        "x".to_owned(),
    ] {
        let error = world.post(id, &[("response", &response)]).unwrap_err();
        assert!(matches!(error, RespondError::Decrypt), "{error}");
        assert_eq!((error.status().as_u16(), error.code()), (400, "invalid_request"));
    }
    for junk in
        [json!({}), json!([]), json!("x"), json!({ "vp_token": "{}" }), json!({ "state": plain.state })]
    {
        let error = world.post(id, &[("response", &seal(&world, &key, gcm, &junk))]).unwrap_err();
        assert!(matches!(error, RespondError::Syntax(_)), "{error}");
    }
    let mut stateless = content.clone();
    stateless.as_object_mut().unwrap().remove("state");
    let error = world.post(id, &[("response", &seal(&world, &key, gcm, &stateless))]).unwrap_err();
    assert!(matches!(error, RespondError::State));
    let both = [("response", whole.as_str()), ("vp_token", token.as_str())];
    assert!(world.post(id, &both).is_err());
    // None of it has done any harm. VER-056: apu and apv are whatever the wallet likes.
    world.post(id, &[("response", &seal(&world, &key, ContentEncryption::A256Gcm, &content))]).unwrap();
    assert_eq!(world.status(&plain.created.id), Status::Verified);
    assert!(world.post(id, &[("response", &whole)]).is_err());
}

#[test]
fn p11_an_encrypted_answer_where_none_was_asked_for() {
    let world = world();
    let plain = world.plain(query());
    let Encrypted { key, .. } = encrypted(&world);
    let response = seal(&world, &key, ContentEncryption::A128Gcm, &json!({ "vp_token": { "pid": ["x"] } }));
    let error = world.post(&plain.created.request_id, &[("response", &response)]).unwrap_err();
    assert!(matches!(error, RespondError::ResponseMode));
}

#[test]
fn p22_neither_claims_nor_keys_can_be_read_in_the_store() {
    use credenza_core::{Key, Store as _};
    let world = world();
    let Encrypted { plain, .. } = encrypted(&world);
    let side = world.wallet();
    let asked = run(side.wallet.resolve(&plain.created.wallet_link)).unwrap();
    world.agree(&side, asked, &world.held()).unwrap();
    assert_eq!(world.store.len(), 1);
    let key = Key::new("presentation", plain.created.id.clone());
    let record = run(world.store.get(&key)).unwrap().unwrap();
    let sealed = String::from_utf8(record.value).unwrap();
    for text in [sealed.as_bytes(), &b64::decode(&sealed).unwrap()] {
        for canary in ["Möbius", plain.nonce.as_str(), "family_name", "\"d\""] {
            assert!(!text.windows(canary.len()).any(|window| window == canary.as_bytes()), "{canary}");
        }
    }
    let result = run(world.verifier.result(&plain.created.id, None)).unwrap();
    assert!(!format!("{result:?}{:?}", result.presentations).contains("bius"), "h07");
    assert!(run(world.verifier.delete(&plain.created.id)).unwrap());
    assert!(!run(world.verifier.delete(&plain.created.id)).unwrap());
    assert!(world.store.is_empty());
}

#[test]
fn p25_a_status_that_nobody_looks_up_is_refused() {
    let (world, plain) = asked(Ok(query()));
    let mut claims = World::claims();
    claims["status"] = json!({ "status_list": { "idx": 1, "uri": "https://issuer.example/s" } });
    let token =
        json!({ "pid": [world.bound_of(world.issue(&claims), &PATHS, &plain.nonce, &plain.client_id)] });
    refused_by(&world, &plain, &token, "credential.status");
    assert!(!Policy::default().accept_unchecked_status);
}

#[test]
fn p23_a_body_that_is_too_large() {
    let world = crate::world::world_with(|builder| builder.max_response(1000));
    let plain = world.plain(query());
    let error = world.post(&plain.created.request_id, &[("vp_token", &"x".repeat(2000))]).unwrap_err();
    assert_eq!(error.status(), 413);
}
