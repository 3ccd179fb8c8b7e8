//! Judging an ID token: each check of SIOPv2 §11.1 on a token that is right, and on one that is wrong in that alone.

use std::time::Duration;

use credenza_core::{Report, UnixTime, b64};
use credenza_crypto::{Algorithm, Jwk, SoftwareSigner};
use credenza_trust::DidResolver;
use credenza_trust::did;
use credenza_vp::siop::{Expected, SelfIssuedSubject, SubjectSyntax, validate};
use serde_json::{Value, json};

use super::{CALLBACK, by_thumbprint, failures, token, vector_value};
use crate::world::{NOW, World, run, world};

const ES256: [Algorithm; 1] = [Algorithm::Es256];
static ANY: [SubjectSyntax; 1] = [SubjectSyntax::AnyDid];

fn syntaxes() -> Vec<SubjectSyntax> {
    vec![SubjectSyntax::JwkThumbprint, SubjectSyntax::did("jwk"), SubjectSyntax::did("key")]
}

fn judged_with(
    token: Option<&str>,
    change: impl FnOnce(&mut Expected<'_>),
) -> (Report, Option<SelfIssuedSubject>) {
    let (syntaxes, dids) = (syntaxes(), DidResolver::offline());
    let client_id = format!("redirect_uri:{CALLBACK}");
    let mut expected = Expected {
        client_id: &client_id,
        nonce: "n-0S6_WzA2Mj",
        syntaxes: &syntaxes,
        algorithms: &ES256,
        dids: &dids,
        now: NOW,
        leeway: Duration::from_secs(60),
        max_age: Duration::from_secs(300),
    };
    change(&mut expected);
    run(validate(token, &expected))
}

fn judged(token: &str) -> (Report, Option<SelfIssuedSubject>) {
    judged_with(Some(token), |_| {})
}

/// What fails when a right token is changed like this and signed again.
#[track_caller]
fn fails(world: &World, change: impl FnOnce(&mut Value)) -> Vec<&'static str> {
    let mut claims = by_thumbprint(&world.holder);
    change(&mut claims);
    let (report, subject) = judged(&token(&world.holder, &[], &claims));
    assert_eq!(subject.is_none(), !report.ok());
    failures(&report)
}

fn remove(claims: &mut Value, name: &str) {
    claims.as_object_mut().unwrap().remove(name);
}

fn did_key(signer: &SoftwareSigner) -> (String, String) {
    let did = did::key::from_public_key(&signer.public_key()).unwrap();
    (did.as_str().to_owned(), did.with_fragment(did.id()).to_string())
}

fn by_did(signer: &SoftwareSigner, did: &str) -> Value {
    let mut claims = by_thumbprint(signer);
    claims["iss"] = did.into();
    claims["sub"] = did.into();
    remove(&mut claims, "sub_jwk");
    claims
}

// Clauses: SIOP-8-01, SIOP-11-02, SIOP-11-03, SIOP-11-04, SIOP-11-05, SIOP-11.1-01, SIOP-11.1-02, SIOP-11.1-04, SIOP-11.1-05, SIOP-11.1-06, SIOP-11.1-11, SIOP-11.1-12, SIOP-11.1-15
#[test]
fn a_subject_by_thumbprint() {
    let world = world();
    let claims = by_thumbprint(&world.holder);
    let (report, subject) = judged(&token(&world.holder, &[], &claims));
    assert!(report.ok(), "{report:?}");
    let subject = subject.unwrap();
    assert_eq!(subject.sub, claims["sub"]);
    assert_eq!(subject.subject_syntax, SubjectSyntax::JwkThumbprint);
    assert!(subject.self_asserted.is_empty());
    // §8 has the hash without the URI around it.
    let hash = Jwk::new(world.holder.public_key()).thumbprint_text();
    assert!(
        fails(&world, |claims| {
            claims["iss"] = hash.as_str().into();
            claims["sub"] = hash.as_str().into();
        })
        .is_empty()
    );
}

// Clauses: SIOP-13.1.1-01, SIOP-13.1.1-02
#[test]
fn other_claims_are_the_persons_own_word() {
    let world = world();
    let mut claims = by_thumbprint(&world.holder);
    claims["email"] = "erika@example.com".into();
    let (_, subject) = judged(&token(&world.holder, &[], &claims));
    let subject = subject.unwrap();
    assert_eq!(Value::Object(subject.self_asserted.clone()), json!({ "email": "erika@example.com" }));
    assert!(!format!("{subject:?}").contains("erika"));
}

// Clauses: SIOP-8-02, SIOP-8-03, SIOP-11.1-09, SIOP-11.1-10, SIOP-11.1-13
#[test]
fn a_subject_by_did() {
    let world = world();
    let did_jwk = did::jwk::from_jwk(&Jwk::new(world.holder.public_key())).unwrap();
    let by_jwk = (did_jwk.as_str().to_owned(), did_jwk.with_fragment("0").to_string());
    for (did, kid) in [did_key(&world.holder), by_jwk] {
        let claims = by_did(&world.holder, &did);
        let (report, subject) = judged(&token(&world.holder, &[("kid", kid.into())], &claims));
        assert!(report.ok(), "{report:?}");
        assert_eq!(subject.unwrap().sub, did);
    }
}

// Clauses: SIOP-8-02, SIOP-8-03, SIOP-11-06, SIOP-11.1-06, SIOP-11.1-09, SIOP-11.1-10, SIOP-11.1-13
#[test]
fn a_did_has_to_lead_to_the_key_that_has_signed() {
    let world = world();
    let other = SoftwareSigner::generate(Algorithm::Es256, &*world.random).unwrap();
    let ((did, kid), (_, others)) = (did_key(&world.holder), did_key(&other));
    let key = vec!["siop.id-token.key"];
    let claims = by_did(&world.holder, &did);
    let judge = |signer, header: &[(&str, Value)], claims: &Value| {
        failures(&judged(&token(signer, header, claims)).0)
    };
    assert_eq!(judge(&world.holder, &[], &claims), key, "no kid");
    assert_eq!(judge(&world.holder, &[("kid", did.clone().into())], &claims), key, "no key named");
    assert_eq!(judge(&other, &[("kid", others.into())], &claims), key, "another DID's key");
    assert_eq!(judge(&world.holder, &[("kid", format!("{did}#x").into())], &claims), key, "no such key");
    let kid = [("kid", Value::from(kid))];
    assert_eq!(judge(&other, &kid, &claims), ["siop.id-token.signature"]);
    let mut both = claims.clone();
    both["sub_jwk"] = Jwk::new(world.holder.public_key()).to_value();
    assert_eq!(judge(&world.holder, &kid, &both), key, "a sub_jwk beside a DID");
    // A method that was not asked for is not even resolved.
    let (report, _) = judged_with(Some(&token(&world.holder, &kid, &claims)), |expected| {
        expected.syntaxes = &[SubjectSyntax::JwkThumbprint];
    });
    assert_eq!(failures(&report), ["siop.id-token.subject-syntax"]);
    // did stands for every method, and the resolver says which it knows.
    let (report, _) =
        judged_with(Some(&token(&world.holder, &kid, &claims)), |expected| expected.syntaxes = &ANY);
    assert!(report.ok());
    let web = by_did(&world.holder, "did:web:example.com");
    let (report, _) = judged_with(
        Some(&token(&world.holder, &[("kid", "did:web:example.com#1".into())], &web)),
        |expected| expected.syntaxes = &ANY,
    );
    assert_eq!(failures(&report), key, "nothing is fetched");
}

// Clauses: SIOP-11-02, SIOP-11.1-02, SIOP-11.1-03
#[test]
fn d05_issued_by_somebody_else() {
    let world = world();
    let rule = vec!["siop.id-token.self-issued"];
    assert_eq!(fails(&world, |claims| claims["iss"] = "https://self-issued.me/v2".into()), rule);
    assert_eq!(fails(&world, |claims| claims["iss"] = "https://op.example".into()), rule);
    for name in ["iss", "sub"] {
        assert_eq!(fails(&world, |claims| remove(claims, name)), ["siop.id-token.shape"], "{name}");
    }
}

// Clauses: SIOP-11.1-04
#[test]
fn d05_made_for_somebody_else() {
    let world = world();
    let rule = vec!["siop.id-token.aud"];
    assert_eq!(fails(&world, |claims| claims["aud"] = "redirect_uri:https://evil.example/cb".into()), rule);
    // A client identifier is whole with its prefix.
    assert_eq!(fails(&world, |claims| claims["aud"] = CALLBACK.into()), rule);
    assert_eq!(fails(&world, |claims| claims["aud"] = json!(["https://a.example"])), rule);
    assert_eq!(fails(&world, |claims| remove(claims, "aud")), rule);
    let several = json!(["https://a.example", format!("redirect_uri:{CALLBACK}")]);
    assert!(fails(&world, |claims| claims["aud"] = several).is_empty());
}

// Clauses: SIOP-11.1-15
#[test]
fn d05_another_nonce() {
    let world = world();
    let rule = vec!["siop.id-token.nonce"];
    assert_eq!(fails(&world, |claims| claims["nonce"] = "n-0S6_WzA2Mk".into()), rule);
    assert_eq!(fails(&world, |claims| remove(claims, "nonce")), rule);
    assert_eq!(fails(&world, |claims| claims["nonce"] = json!(["n-0S6_WzA2Mj"])), rule);
}

// Clauses: SIOP-11.1-14
#[test]
fn d05_at_another_time() {
    let world = world();
    let at = |offset: i64| Value::from(NOW.as_secs() + offset);
    let (expired, issued) = (vec!["siop.id-token.exp"], vec!["siop.id-token.iat"]);
    assert!(fails(&world, |claims| claims["exp"] = at(-59)).is_empty(), "within the leeway");
    assert_eq!(fails(&world, |claims| claims["exp"] = at(-60)), expired);
    assert_eq!(fails(&world, |claims| remove(claims, "exp")), expired);
    assert_eq!(fails(&world, |claims| claims["exp"] = "tomorrow".into()), expired);
    assert!(fails(&world, |claims| claims["iat"] = at(60)).is_empty(), "within the leeway");
    assert_eq!(fails(&world, |claims| claims["iat"] = at(61)), issued);
    assert_eq!(fails(&world, |claims| claims["iat"] = at(-361)), issued);
    assert_eq!(fails(&world, |claims| remove(claims, "iat")), issued);
}

// Clauses: SIOP-8-01, SIOP-11.1-07, SIOP-11.1-12
#[test]
fn d05_another_key_than_sub_says() {
    let world = world();
    let other = SoftwareSigner::generate(Algorithm::Es256, &*world.random).unwrap();
    let others = Jwk::new(other.public_key());
    // Signed by an attacker, with his own key, as somebody else.
    let mut claims = by_thumbprint(&world.holder);
    claims["sub_jwk"] = others.to_value();
    assert_eq!(failures(&judged(&token(&other, &[], &claims)).0), ["siop.id-token.sub"]);
    // With the right key in the token, and signed by another.
    let claims = by_thumbprint(&world.holder);
    assert_eq!(failures(&judged(&token(&other, &[], &claims)).0), ["siop.id-token.signature"]);
    let key = vec!["siop.id-token.key"];
    assert_eq!(fails(&world, |claims| remove(claims, "sub_jwk")), key);
    assert_eq!(fails(&world, |claims| claims["sub_jwk"] = "key".into()), key);
    assert_eq!(fails(&world, |claims| claims["sub_jwk"]["x5u"] = "https://a.example".into()), key);
    assert_eq!(fails(&world, |claims| claims["sub_jwk"]["x5c"] = json!(["AAAA"])), key);
    assert_eq!(fails(&world, |claims| claims["sub_jwk"]["d"] = "AAAA".into()), key, "a private key");
}

// Clauses: SIOP-11.1-05
#[test]
fn d05_subjects_of_no_known_syntax() {
    let world = world();
    let hash = Jwk::new(world.holder.public_key()).thumbprint_text();
    let subs = [
        "alice".to_owned(),
        format!("urn:ietf:params:oauth:jwk-thumbprint:sha-512:{hash}"),
        format!("{hash}="),
        "did:".to_owned(),
        "did:jwk:".to_owned(),
        "https://self-issued.me/v2".to_owned(),
    ];
    for sub in subs {
        let failed = fails(&world, |claims| {
            claims["iss"] = sub.as_str().into();
            claims["sub"] = sub.as_str().into();
        });
        assert_eq!(failed, ["siop.id-token.subject-syntax"], "{sub}");
    }
}

// Clauses: SIOP-11.1-06, SIOP-11.1-08
#[test]
fn d05_algorithms_that_are_not_allowed() {
    let world = world();
    let right = token(&world.holder, &[], &by_thumbprint(&world.holder));
    let (report, _) = judged_with(Some(&right), |expected| expected.algorithms = &[Algorithm::EdDsa]);
    assert!(failures(&report).contains(&"siop.id-token.alg"), "{report:?}");
    let payload = right.split('.').nth(1).unwrap();
    for header in [r#"{"alg":"none"}"#, r#"{"alg":"HS256"}"#, r#"{"alg":"ES256","crit":["exp"]}"#] {
        let forged = format!("{}.{payload}.AAAA", b64::encode(header));
        assert_eq!(failures(&judged(&forged).0), ["siop.id-token.shape"], "{header}");
    }
    let cut = right.rsplit_once('.').unwrap().0;
    assert_eq!(failures(&judged(&format!("{cut}.")).0).len(), 1, "no signature");
}

#[test]
fn d05_tokens_that_are_none() {
    let world = world();
    let shape = vec!["siop.id-token.shape"];
    for text in ["", "x", "a.b.c", "a.b.c.d.e", "{}"] {
        assert_eq!(failures(&judged(text).0), shape, "{text}");
    }
    assert_eq!(failures(&judged_with(None, |_| {}).0), shape);
    // A key binding of an SD-JWT has iat, aud and nonce too, and is another statement.
    let claims = by_thumbprint(&world.holder);
    for typ in ["kb+jwt", "openid4vci-proof+jwt", "dpop+jwt", "oauth-authz-req+jwt"] {
        assert_eq!(
            failures(&judged(&token(&world.holder, &[("typ", typ.into())], &claims)).0),
            shape,
            "{typ}"
        );
    }
    let twice = r#"{"iss":"a","sub":"a","sub":"b"}"#;
    let header = b64::encode(r#"{"alg":"ES256"}"#);
    assert_eq!(failures(&judged(&format!("{header}.{}.AAAA", b64::encode(twice))).0), shape);
}

// Clauses: SIOP-8-01, SIOP-11-04, SIOP-11.1-12
#[test]
fn the_printed_tokens() {
    // They are printed without signatures: everything else holds.
    let header = b64::encode(r#"{"alg":"RS256"}"#);
    let printed = |name: &str| format!("{header}.{}.AAAA", b64::encode(vector_value(name).to_string()));
    let judge = |token: &str, syntaxes: &'static [SubjectSyntax]| {
        let (report, subject) = judged_with(Some(token), |expected| {
            expected.client_id = CALLBACK;
            expected.now = UnixTime::from_secs(1_311_280_970);
            expected.algorithms = &[Algorithm::Rs256];
            expected.syntaxes = syntaxes;
        });
        assert!(subject.is_none());
        failures(&report)
    };
    let by_key = judge(&printed("id_token_thumbprint.json"), &[SubjectSyntax::JwkThumbprint]);
    assert_eq!(by_key, ["siop.id-token.signature"]);
    // The method did:example is nobody's.
    assert_eq!(judge(&printed("id_token_did.json"), &ANY), ["siop.id-token.key"]);
}
