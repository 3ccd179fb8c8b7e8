//! Credentials and presentations as JWTs and SD-JWTs.

use std::time::Duration;

use credenza_core::{ClaimsPath, Report, SeededRandom, b64};
use credenza_crypto::{Algorithm, IdentifiedBy, Jwk, PublicKey, Signer as _, SoftwareSigner};
use credenza_formats::sd_jwt::{Concealment, SdJwt, SdJwtLimits};
use credenza_formats::w3c::binding::{Challenge, KeyOf};
use credenza_formats::w3c::jwt::{self, EITHER, Expected, Issuance, IssueError, Presenting, Securing, VcJwt};
use credenza_formats::w3c::{Embedded, Moment, VerifiedCredential, VerifiedPresentation, sd_jwt};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{TIME, failed, v1, v2, with, without};
use crate::support::{holder, issuer, now, object, sign, sign_under, stranger, vectors};

const ISSUER: &str = "did:example:issuer";
const HOLDER: &str = "did:example:holder";
const NONCE: &str = "n-0S6_WzA2Mj";
const VERIFIER: &str = "x509_san_dns:client.example.org";

fn key(signer: &SoftwareSigner) -> PublicKey {
    signer.public_key()
}

fn issued(document: &Map<String, Value>, securing: Securing, bound_to: Option<&Jwk>) -> String {
    let header = jwt::header(&issuer(), securing, IdentifiedBy::Nothing);
    now(jwt::issue(
        &issuer(),
        &Issuance { header: &header, securing, credential: document, holder: bound_to },
    ))
    .unwrap()
}

fn verify_as(text: &str, of: KeyOf<'_>, expected: &Expected<'_>) -> (Option<VerifiedCredential>, Report) {
    let mut report = Report::new("credential");
    let verified = VcJwt::read(text, &mut report).and_then(|jwt| jwt::verify(jwt, of, expected, &mut report));
    assert_eq!(verified.is_some(), report.ok(), "{report}");
    (verified, report)
}

fn verify(text: &str) -> (Option<VerifiedCredential>, Report) {
    let key = key(&issuer());
    verify_as(text, KeyOf::controlled_by(&key, ISSUER), &Expected::at(Moment::at(TIME)))
}

fn refused(text: &str, rule: &str) {
    failed(&verify(text).1, rule);
}

/// A JWT of VCDM 1.1 with any claims.
fn forged(claims: &Value) -> String {
    sign(&issuer(), "JWT", &claims.to_string())
}

#[test]
fn both_ways_of_securing_go_round() {
    let one = verify(&issued(&v1(), Securing::Claim, None)).0.unwrap();
    assert_eq!(*one.credential.document(), v1());
    let two = verify(&issued(&v2(), Securing::Payload, Some(holder().public_jwk()))).0.unwrap();
    assert_eq!(two.holder.unwrap().key, key(&holder()));
    assert_eq!(without(two.credential.into_document(), "cnf"), v2());
    let header = jwt::header(&issuer(), Securing::Claim, IdentifiedBy::Nothing);
    let wrong = v2();
    let issuance = Issuance { header: &header, securing: Securing::Claim, credential: &wrong, holder: None };
    assert_eq!(now(jwt::issue(&issuer(), &issuance)), Err(IssueError::DataModel));
    let several = with(v1(), "credentialSubject", json!([{ "a": 1 }, { "b": 2 }]));
    let issuance = Issuance { credential: &several, ..issuance };
    assert_eq!(now(jwt::issue(&issuer(), &issuance)), Err(IssueError::Property("credentialSubject")));
    let confused = with(v2(), "vc", json!({}));
    let issuance = Issuance { credential: &confused, securing: Securing::Payload, ..issuance };
    assert_eq!(now(jwt::issue(&issuer(), &issuance)), Err(IssueError::Claim("vc")));
}

#[test]
fn openid4vci_prints_a_credential_that_verifies() {
    let file = vectors("openid4vci-1.0/jwt_examples.json");
    let mut vectors = file["vectors"].as_array().unwrap().iter();
    let vector = vectors.find(|vector| vector["name"] == "credential_response_jwt_vc_json.txt").unwrap();
    let key = Jwk::from_value(&vector["issuer_jwk"]).unwrap().key;
    let issuer = KeyOf::controlled_by(&key, "https://credential-issuer.example.com");
    let text = vector["serialized"].as_str().unwrap();
    let (verified, report) = verify_as(text, issuer, &Expected::at(Moment::at(TIME)));
    let verified = verified.unwrap_or_else(|| panic!("{report}"));
    assert_eq!(Value::Object(verified.credential.into_document()), vector["payload"]["vc"]);
}

#[test]
fn registered_claims_complete_the_document() {
    let mut vc = without(without(without(v1(), "issuer"), "id"), "issuanceDate");
    vc["credentialSubject"].as_object_mut().unwrap().remove("id");
    let text = forged(&json!({
        "iss": ISSUER, "jti": "urn:uuid:1", "nbf": 1_735_689_600, "exp": 1_893_456_000, "sub": HOLDER, "vc": vc,
    }));
    let verified = verify(&text).0.unwrap().credential;
    assert_eq!(
        (verified.issuer(), verified.id(), verified.subject_id()),
        (ISSUER, Some("urn:uuid:1"), Some(HOLDER))
    );
    assert_eq!(verified.document()["issuanceDate"], "2025-01-01T00:00:00Z");
}

#[test]
fn w01_claims_that_contradict_the_credential() {
    for (claim, value) in [
        ("iss", json!("did:example:mallory")),
        ("iss", json!(7)),
        ("sub", json!("did:example:mallory")),
        ("jti", json!("urn:uuid:another")),
        ("nbf", json!(1_735_689_601)),
        ("exp", json!(1_893_456_001)),
    ] {
        let mut claims = json!({ "vc": v1() });
        claims[claim] = value.clone();
        refused(&forged(&claims), "w3c.jwt.mapping");
        // VC-JOSE-COSE has no dates to compare, and the names alike.
        if matches!(claim, "iss" | "sub" | "jti") {
            let payload = Value::Object(with(v2(), claim, value)).to_string();
            refused(&sign(&issuer(), "vc+jwt", &payload), "w3c.jwt.mapping");
        }
    }
    // A subject that can't be said by `sub`.
    let several = with(v1(), "credentialSubject", json!([{ "id": HOLDER }, { "id": "did:example:other" }]));
    refused(&forged(&json!({ "sub": HOLDER, "vc": several })), "w3c.jwt.mapping");
    // Two documents in one token.
    let both = with(v2(), "vc", Value::Object(v1()));
    refused(&sign(&issuer(), "vc+jwt", &Value::Object(both).to_string()), "w3c.jwt.claims");
    refused(&forged(&json!({ "vc": "text" })), "w3c.jwt.claims");
    refused(&forged(&json!({ "vc": v2() })), "w3c.jwt.claims");
    // A time that ends the token ends the credential.
    let early = with(v2(), "exp", json!(1_700_000_000));
    refused(&sign(&issuer(), "vc+jwt", &Value::Object(early).to_string()), "w3c.jwt.exp");
}

#[test]
fn times_and_keys_that_are_none() {
    const LATE: i64 = 4_000_000_000;
    let payload = |claim: &str, value: Value| {
        let payload = Value::Object(with(v2(), claim, value)).to_string();
        sign(&issuer(), "vc+jwt", &payload)
    };
    for (claim, value, rule) in [
        ("nbf", json!(LATE), "w3c.jwt.nbf"),
        ("nbf", json!("soon"), "w3c.jwt.nbf"),
        ("iat", json!(LATE), "w3c.jwt.iat"),
        ("iat", json!("today"), "w3c.jwt.iat"),
        ("exp", json!("never"), "w3c.jwt.exp"),
        ("cnf", json!({ "kid": "somebody" }), "w3c.cnf"),
        ("cnf", json!({ "jwk": { "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" } }), "w3c.cnf"),
        ("cnf", json!("somebody"), "w3c.cnf"),
    ] {
        refused(&payload(claim, value), rule);
    }
    let good = verify(&payload("cnf", json!({ "jwk": holder().public_jwk().to_value() }))).0.unwrap();
    assert!(good.holder.is_some());
}

#[test]
fn headers_keys_and_signatures() {
    let text = issued(&v2(), Securing::Payload, None);
    let (start, signature) = text.rsplit_once('.').unwrap();
    let (head, _) = start.split_once('.').unwrap();
    let altered = b64::encode(Value::Object(with(v2(), "name", json!("x"))).to_string());
    refused(&format!("{head}.{altered}.{signature}"), "w3c.jwt.signature");
    let payload = Value::Object(v2()).to_string();
    refused(&sign(&issuer(), "dc+sd-jwt", &payload), "w3c.jwt.typ");
    refused(&sign(&issuer(), "vp+jwt", &payload), "w3c.jwt.typ");
    refused(&sign(&issuer(), "JWT", &payload), "w3c.jwt.typ");
    refused(&sign_under(&issuer(), r#"{"alg":"ES256","typ":"vc+jwt","cty":"vp"}"#, &payload), "w3c.jwt.cty");
    refused(&sign_under(&issuer(), r#"{"alg":"none","typ":"vc+jwt"}"#, &payload), "w3c.jwt.parse");
    refused(&sign(&issuer(), "vc+jwt", r#"{"a":1,"a":2}"#), "w3c.jwt.parse");
    let key = key(&issuer());
    let expected = Expected::at(Moment::at(TIME));
    failed(&verify_as(&text, KeyOf::controlled_by(&key, "did:example:other"), &expected).1, "w3c.issuer-key");
    let only = Expected { securing: &[Securing::Claim], ..expected };
    failed(&verify_as(&text, KeyOf::known(&key), &only).1, "w3c.jwt.typ");
    assert!(verify_as(&text, KeyOf::known(&key), &Expected { securing: EITHER, ..expected }).0.is_some());
}

#[test]
fn w08_algorithms_outside_of_the_list() {
    for algorithm in [Algorithm::Es256K, Algorithm::EdDsa, Algorithm::Es384] {
        let signer = SoftwareSigner::generate(algorithm, &SeededRandom::new(5)).unwrap();
        let text = sign(&signer, "vc+jwt", &Value::Object(v2()).to_string());
        let key = key(&signer);
        let expected = Expected::at(Moment::at(TIME));
        failed(&verify_as(&text, KeyOf::known(&key), &expected).1, "w3c.jwt.alg");
        let listed = Expected { algorithms: &[algorithm], ..expected };
        assert!(verify_as(&text, KeyOf::known(&key), &listed).0.is_some());
    }
}

fn presented(securing: Securing, by: &SoftwareSigner, credentials: &[Embedded<'_>]) -> String {
    let header = jwt::presentation_header(by, securing, IdentifiedBy::Nothing);
    let presenting = Presenting {
        header: &header,
        securing,
        holder: Some(HOLDER),
        credentials,
        nonce: NONCE,
        audience: VERIFIER,
        issued_at: TIME,
        lifetime: Duration::from_secs(300),
    };
    now(jwt::present(by, &presenting)).unwrap()
}

fn verify_vp(
    text: &str,
    of: KeyOf<'_>,
    nonce: &str,
    audience: &str,
) -> (Option<VerifiedPresentation>, Report) {
    let mut report = Report::new("presentation");
    let expected = Expected::at(Moment::at(TIME));
    let challenge = Challenge::new(nonce, audience);
    let verified = VcJwt::read(text, &mut report)
        .and_then(|jwt| jwt::verify_presentation(jwt, of, &challenge, &expected, &mut report));
    assert_eq!(verified.is_some(), report.ok(), "{report}");
    (verified, report)
}

#[test]
fn presentations_go_round_and_are_bound() {
    let holder_key = key(&holder());
    let of = KeyOf::controlled_by(&holder_key, HOLDER);
    for (securing, document) in [(Securing::Claim, v1()), (Securing::Payload, v2())] {
        let credential = issued(&document, securing, None);
        let text = presented(securing, &holder(), &[Embedded::Jwt(credential.as_str().into())]);
        let presentation = verify_vp(&text, of, NONCE, VERIFIER).0.unwrap();
        assert_eq!(presentation.presentation.credentials(), [Embedded::Jwt(credential.as_str().into())]);
        let verified = verify(&credential).0.unwrap();
        assert!(presentation.check_binding(&verified, &mut Report::new("binding")));
    }
}

#[test]
fn w02_presentations_by_others_or_for_others() {
    let credential = issued(&v2(), Securing::Payload, None);
    let embedded = [Embedded::Jwt(credential.as_str().into())];
    let text = presented(Securing::Payload, &holder(), &embedded);
    let holder_key = key(&holder());
    let of = KeyOf::controlled_by(&holder_key, HOLDER);
    failed(&verify_vp(&text, of, "another", VERIFIER).1, "w3c.vp.nonce");
    failed(&verify_vp(&text, of, NONCE, "x509_san_dns:other.example").1, "w3c.vp.aud");
    let mallory = "did:example:mallory";
    failed(
        &verify_vp(&text, KeyOf::controlled_by(&holder_key, mallory), NONCE, VERIFIER).1,
        "w3c.holder-key",
    );
    let stranger_key = key(&stranger());
    failed(
        &verify_vp(&text, KeyOf::controlled_by(&stranger_key, HOLDER), NONCE, VERIFIER).1,
        "w3c.jwt.signature",
    );
    // Neither nonce nor audience, an audience among others, an old one.
    let vp = json!({
        "@context": ["https://www.w3.org/2018/credentials/v1"], "type": ["VerifiablePresentation"],
        "verifiableCredential": [],
    });
    for (claims, rule) in [
        (json!({ "iss": HOLDER, "aud": VERIFIER, "vp": vp }), "w3c.vp.nonce"),
        (json!({ "iss": HOLDER, "nonce": NONCE, "vp": vp }), "w3c.vp.aud"),
        (json!({ "iss": HOLDER, "nonce": NONCE, "aud": [VERIFIER, "x"], "vp": vp }), "w3c.vp.aud"),
        (
            json!({ "iss": HOLDER, "nonce": NONCE, "aud": VERIFIER, "iat": 1_700_000_000, "vp": vp }),
            "w3c.vp.age",
        ),
        (
            json!({ "iss": HOLDER, "nonce": NONCE, "aud": VERIFIER, "exp": 1_700_000_000, "vp": vp }),
            "w3c.jwt.exp",
        ),
        (json!({ "nonce": NONCE, "aud": VERIFIER, "vp": vp }), "w3c.holder-key"),
    ] {
        failed(&verify_vp(&sign(&holder(), "JWT", &claims.to_string()), of, NONCE, VERIFIER).1, rule);
    }
    // A holder of nothing presents somebody else's credential, by a key of his own.
    let claims = object(json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"], "type": ["VerifiablePresentation"],
        "holder": mallory, "nonce": NONCE, "aud": VERIFIER, "verifiableCredential": [],
    }));
    let text = sign(&stranger(), "vp+jwt", &Value::Object(claims).to_string());
    let theft = verify_vp(&text, KeyOf::controlled_by(&stranger_key, mallory), NONCE, VERIFIER).0.unwrap();
    for bound_to in [None, Some(holder().public_jwk().clone())] {
        let stolen = verify(&issued(&v2(), Securing::Payload, bound_to.as_ref())).0.unwrap();
        let mut report = Report::new("binding");
        assert!(!theft.check_binding(&stolen, &mut report));
        failed(&report, "w3c.holder-binding");
    }
}

#[test]
fn sd_jwt_goes_round_and_shows_what_it_must() {
    let header = sd_jwt::header(&issuer(), IdentifiedBy::Nothing);
    let document = v2();
    let alumni = ClaimsPath::keys(["credentialSubject", "alumniOf"]).unwrap();
    let concealment = Concealment::at([&alumni]);
    let holder = holder();
    let issuance = sd_jwt::Issuance {
        header: &header,
        credential: &document,
        concealment: &concealment,
        holder: Some(holder.public_jwk()),
    };
    let text = now(sd_jwt::issue(&issuer(), &issuance, &SeededRandom::new(1))).unwrap();
    let key = key(&issuer());
    let verify = |text: &str, controller: &str| {
        let mut report = Report::new("credential");
        let parsed = SdJwt::read(text, &SdJwtLimits::default(), &mut report).unwrap();
        let of = KeyOf::controlled_by(&key, controller);
        (sd_jwt::verify(parsed, of, &sd_jwt::expected(TIME), &mut report), report)
    };
    let verified = verify(&text, ISSUER).0.unwrap();
    assert_eq!(verified.holder.as_ref().unwrap().key, holder.public_key());
    assert_eq!(verified.credential.document()["credentialSubject"]["alumniOf"], "The School of Examples");
    failed(&verify(&text, "did:example:other").1, "w3c.issuer-key");
    let path = ClaimsPath::keys(["credentialStatus", "statusListIndex"]).unwrap();
    let hidden = Concealment::at([&path]);
    let refused = now(sd_jwt::issue(
        &issuer(),
        &sd_jwt::Issuance { concealment: &hidden, ..issuance },
        &SeededRandom::new(1),
    ));
    assert_eq!(refused, Err(sd_jwt::IssueError::NotConcealable("credentialStatus")));
    // An issuer who has hidden the status all the same.
    let status = crate::support::member("credentialStatus", &document["credentialStatus"]);
    let payload = with(without(v2(), "credentialStatus"), "_sd", json!([status.digest]));
    let forged = crate::support::forge_as("vc+sd-jwt", &Value::Object(payload).to_string(), &[&status]);
    failed(&verify(&forged, ISSUER).1, "w3c.sd-jwt.visible");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[A-Za-z0-9_.-]{0,80}", claims in "\\{\"(vc|iss|sub|exp)\":(1|\"x\"|\\{\\}|null)\\}") {
        let mut report = Report::new("test");
        let _ = VcJwt::read(&text, &mut report).map(|jwt| jwt.dangerous_signer().is_some());
        let _ = verify(&sign(&issuer(), "JWT", &claims));
        let _ = verify(&sign(&issuer(), "vc+jwt", &claims));
    }

    #[test]
    fn any_claim_goes_round(name in "[a-z]{3,12}x", text in ".{0,60}", number: i32) {
        let mut document = v2();
        document["credentialSubject"][&name] = json!({ "text": text, "number": number });
        let verified = verify(&issued(&document, Securing::Payload, None)).0.unwrap();
        prop_assert_eq!(verified.credential.into_document(), document);
    }
}
