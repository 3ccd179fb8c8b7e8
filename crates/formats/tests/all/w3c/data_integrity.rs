//! Embedded proofs: made, verified, and attacked.

use std::time::Duration;

use credenza_core::{Report, SeededRandom, UnixTime};
use credenza_crypto::{Algorithm, SoftwareSigner};
use credenza_formats::w3c::binding::Challenge;
use credenza_formats::w3c::data_integrity::{
    Contexts, Cryptosuite, Expected, Presenting, ProofOptions, Purpose, SignError, VerificationMethod,
    present, sign, verification_methods, verify_credential, verify_presentation,
};
use credenza_formats::w3c::{DataModel, Moment, VerifiedCredential, VerifiedPresentation};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{TIME, contexts, failed, v1, v2, with, without};
use crate::support::now;

const ISSUER: &str = "did:example:issuer";
const HOLDER: &str = "did:example:holder";
const NONCE: &str = "n-0S6_WzA2Mj";
const VERIFIER: &str = "x509_san_dns:client.example.org";
const SUITES: [(Cryptosuite, Algorithm); 6] = [
    (Cryptosuite::EcdsaJcs, Algorithm::Es256),
    (Cryptosuite::EcdsaJcs, Algorithm::Es384),
    (Cryptosuite::EcdsaRdfc, Algorithm::Es256),
    (Cryptosuite::EcdsaRdfc, Algorithm::Es384),
    (Cryptosuite::EddsaJcs, Algorithm::EdDsa),
    (Cryptosuite::EddsaRdfc, Algorithm::EdDsa),
];

fn signer(algorithm: Algorithm) -> SoftwareSigner {
    SoftwareSigner::generate(algorithm, &SeededRandom::new(7)).unwrap()
}

/// `did:example:x#ES256` is the test key of that algorithm, and each party has all of them for both purposes.
fn method(url: &str, _: Purpose) -> Option<VerificationMethod> {
    let (controller, name) = url.split_once('#')?;
    let key = signer(Algorithm::from_name(name)?).public_key();
    Some(VerificationMethod { key, controller: controller.to_owned() })
}

fn v1_for_proofs() -> Map<String, Value> {
    let mut document = v1();
    document["@context"].as_array_mut().unwrap().push("https://w3id.org/security/data-integrity/v2".into());
    document
}

fn url(party: &str, algorithm: Algorithm) -> String {
    format!("{party}#{algorithm}")
}

fn signed_by(
    document: Map<String, Value>,
    party: &str,
    suite: Cryptosuite,
    algorithm: Algorithm,
) -> Map<String, Value> {
    let url = url(party, algorithm);
    let options =
        ProofOptions { created: Some(TIME), ..ProofOptions::new(suite, &url, Purpose::AssertionMethod) };
    now(sign(document, &options, &signer(algorithm), &contexts())).unwrap()
}

fn signed(document: Map<String, Value>, suite: Cryptosuite, algorithm: Algorithm) -> Map<String, Value> {
    signed_by(document, ISSUER, suite, algorithm)
}

fn verify_at(
    document: Map<String, Value>,
    at: UnixTime,
    known: &Contexts,
) -> (Option<VerifiedCredential>, Report) {
    let mut report = Report::new("credential");
    let verified = verify_credential(document, &method, &Expected::at(Moment::at(at), known), &mut report);
    assert_eq!(verified.is_some(), report.ok(), "{report}");
    (verified, report)
}

fn verify(document: Map<String, Value>) -> (Option<VerifiedCredential>, Report) {
    verify_at(document, TIME, &contexts())
}

fn refused(document: Map<String, Value>, rule: &str) {
    failed(&verify(document).1, rule);
}

#[test]
fn every_suite_goes_round_in_both_versions() {
    for (suite, algorithm) in SUITES {
        for document in [v1_for_proofs(), v2()] {
            let verified = verify(signed(document.clone(), suite, algorithm)).0.unwrap();
            assert_eq!(*verified.credential.document(), document);
            // What was changed afterwards is refused, in each suite.
            let mut changed = signed(document.clone(), suite, algorithm);
            changed["credentialSubject"]["id"] = json!("did:example:mallory");
            refused(changed, "w3c.proof.signature");
            let mut changed = signed(document, suite, algorithm);
            changed["proof"]["created"] = json!("2025-06-15T15:06:41Z");
            refused(changed, "w3c.proof.signature");
        }
    }
}

#[test]
fn w03_proofs_that_are_missing_or_wrong() {
    let good = || signed(v2(), Cryptosuite::EcdsaRdfc, Algorithm::Es256);
    refused(v2(), "w3c.proof.present");
    refused(with(v2(), "proof", json!([])), "w3c.proof.present");
    refused(with(v2(), "proof", json!(vec![json!({}); 9])), "w3c.proof.present");
    for member in ["type", "verificationMethod", "proofPurpose", "proofValue"] {
        let mut document = good();
        document["proof"].as_object_mut().unwrap().remove(member);
        refused(document, "w3c.proof.form");
    }
    let changed = |name: &str, value: Value| {
        let mut document = good();
        document["proof"][name] = value;
        document
    };
    refused(changed("proofValue", json!("uAAAA")), "w3c.proof.form");
    refused(changed("proofValue", json!("z0OIl")), "w3c.proof.form");
    refused(changed("proofValue", json!("z11")), "w3c.proof.signature");
    refused(changed("created", json!("yesterday")), "w3c.proof.form");
    refused(changed("created", json!("2026-01-01T00:00:00Z")), "w3c.proof.created");
    refused(changed("expires", json!("2025-01-01T00:00:00Z")), "w3c.proof.expires");
    refused(changed("proofPurpose", json!("authentication")), "w3c.proof.purpose");
    refused(changed("cryptosuite", json!("ecdsa-sd-2023")), "w3c.proof.cryptosuite");
    refused(changed("type", json!("Ed25519Signature2018")), "w3c.proof.cryptosuite");
    refused(changed("cryptosuite", json!("ecdsa-jcs-2019")), "w3c.proof.signature");
    refused(changed("verificationMethod", json!("did:example:issuer#unknown")), "w3c.proof.method");
    refused(changed("previousProof", json!("urn:uuid:none")), "w3c.proof.chain");
    // The method of another controller.
    refused(
        signed_by(v2(), "did:example:mallory", Cryptosuite::EcdsaRdfc, Algorithm::Es256),
        "w3c.issuer-key",
    );
    // A set is as good as its worst proof.
    let mut set = good();
    let mut bad = set["proof"].clone();
    bad["verificationMethod"] = json!(url("did:example:other", Algorithm::Es256));
    set["proof"] = json!([set["proof"], bad]);
    refused(set, "w3c.proof.signature");
    let set = signed_by(good(), "did:example:witness", Cryptosuite::EddsaJcs, Algorithm::EdDsa);
    assert_eq!(verification_methods(&set).len(), 2);
    assert_eq!(verify(set).0.unwrap().keys.len(), 2);
}

#[test]
fn w03_parts_that_no_proof_covers() {
    let good = || signed(v1_for_proofs(), Cryptosuite::EcdsaRdfc, Algorithm::Es256);
    for (name, value) in [
        ("undefined", json!("unsigned")),
        ("two words", json!("unsigned")),
        ("evidence", json!(null)),
        ("@included", json!([{ "id": "urn:x:1" }])),
        ("@unknown", json!("x")),
        ("_:blank", json!("x")),
        ("termsOfUse", json!({ "type": "@none" })),
        ("termsOfUse", json!({ "type": "UndefinedType" })),
        ("termsOfUse", json!({ "id": "relative", "type": "UniversityDegreeCredential" })),
        ("evidence", json!("@evidence")),
    ] {
        let (verified, report) = verify(with(good(), name, value.clone()));
        assert!(verified.is_none(), "{name}: {value}\n{report}");
        failed(&report, "w3c.proof.canonical");
        // Nor is such a thing signed.
        let document = with(v1_for_proofs(), name, value);
        let options =
            ProofOptions::new(Cryptosuite::EcdsaRdfc, "did:example:issuer#ES256", Purpose::AssertionMethod);
        let refused = now(sign(document, &options, &signer(Algorithm::Es256), &contexts()));
        assert!(matches!(refused, Err(SignError::Document(_))), "{name}");
    }
    let direction = json!({ "@value": "x", "@language": "en", "@direction": "ltr" });
    refused(
        with(signed(v2(), Cryptosuite::EcdsaRdfc, Algorithm::Es256), "name", direction),
        "w3c.proof.canonical",
    );
    // A text of that form where texts are expected is as good as any.
    let at = with(v2(), "name", json!("@alice"));
    assert!(verify(signed(at, Cryptosuite::EcdsaRdfc, Algorithm::Es256)).0.is_some());
}

#[test]
fn w04_contexts_that_are_not_known() {
    for suite in [Cryptosuite::EcdsaRdfc, Cryptosuite::EcdsaJcs] {
        let good = || signed(v2(), suite, Algorithm::Es256);
        let base = "https://www.w3.org/ns/credentials/v2";
        for context in [
            json!([base, "https://evil.example/context"]),
            json!([base, "http://169.254.169.254/latest"]),
            json!([base, { "alumniOf": "https://evil.example/x" }]),
            json!([base, null]),
        ] {
            refused(with(good(), "@context", context), "w3c.proof.contexts");
        }
        // Known ones that do not go together.
        for context in [
            json!([base, "https://www.w3.org/2018/credentials/v1"]),
            json!([base, "https://www.w3.org/ns/did/v1", base]),
        ] {
            let _ = verify(with(good(), "@context", context.clone()));
            let mut nested = good();
            nested["credentialSubject"]["@context"] = context;
            let _ = verify(nested);
        }
        let mut nested = good();
        nested["credentialSubject"]["@context"] = json!({ "alumniOf": "https://evil.example/x" });
        refused(nested, "w3c.proof.contexts");
        // Known to others, and not here.
        failed(&verify_at(good(), TIME, &Contexts::bundled()).1, "w3c.proof.contexts");
    }
    // Contexts that a proof over JSON does not cover are not part of what was signed.
    let mut longer = signed(v2(), Cryptosuite::EcdsaJcs, Algorithm::Es256);
    longer["@context"].as_array_mut().unwrap().push("https://w3id.org/security/multikey/v1".into());
    assert_eq!(*verify(longer).0.unwrap().credential.document(), v2());
}

#[test]
fn w05_a_document_made_to_stop_a_verifier() {
    let mut document = v2();
    let nodes: Vec<Value> = (0..12)
        .map(|one| {
            let others: Vec<Value> = (0..12)
                .filter(|other| *other != one)
                .map(|other| json!({ "id": format!("_:n{other}") }))
                .collect();
            json!({ "id": format!("_:n{one}"), "alumniOf": others })
        })
        .collect();
    document["credentialSubject"]["alumniOf"] = json!(nodes);
    let mut poisoned = signed(v2(), Cryptosuite::EcdsaRdfc, Algorithm::Es256);
    poisoned["credentialSubject"] = document["credentialSubject"].clone();
    refused(poisoned, "w3c.proof.canonical");
}

#[test]
fn w08_suites_and_keys_outside_of_the_list() {
    let contexts = contexts();
    for (suite, algorithm) in SUITES {
        let mut report = Report::new("credential");
        let others: Vec<_> = Cryptosuite::CURRENT.iter().copied().filter(|other| *other != suite).collect();
        let expected = Expected { cryptosuites: &others, ..Expected::at(Moment::at(TIME), &contexts) };
        assert!(verify_credential(signed(v2(), suite, algorithm), &method, &expected, &mut report).is_none());
        failed(&report, "w3c.proof.cryptosuite");
    }
    for algorithm in [Algorithm::Es512, Algorithm::Es256K, Algorithm::EdDsa] {
        let mut document = signed(v2(), Cryptosuite::EcdsaJcs, Algorithm::Es256);
        document["proof"]["verificationMethod"] = json!(url(ISSUER, algorithm));
        refused(document, "w3c.proof.key");
        let options =
            ProofOptions::new(Cryptosuite::EcdsaJcs, "did:example:issuer#x", Purpose::AssertionMethod);
        assert_eq!(now(sign(v2(), &options, &signer(algorithm), &contexts)), Err(SignError::Suite));
    }
    let options = ProofOptions::new(
        Cryptosuite::Ed25519Signature2020,
        "did:example:issuer#x",
        Purpose::AssertionMethod,
    );
    assert_eq!(now(sign(v2(), &options, &signer(Algorithm::EdDsa), &contexts)), Err(SignError::Suite));
}

fn verify_vp(
    document: Map<String, Value>,
    nonce: &str,
    audience: &str,
) -> (Option<VerifiedPresentation>, Report) {
    let contexts = contexts();
    let mut report = Report::new("presentation");
    let expected = Expected::at(Moment::at(TIME), &contexts);
    let verified =
        verify_presentation(document, &method, &Challenge::new(nonce, audience), &expected, &mut report);
    assert_eq!(verified.is_some(), report.ok(), "{report}");
    (verified, report)
}

#[test]
fn presentations_answer_their_request() {
    for (suite, algorithm) in SUITES {
        for (model, credential) in [(DataModel::V1, v1_for_proofs()), (DataModel::V2, v2())] {
            let credential = signed(credential, suite, algorithm);
            let url = url(HOLDER, algorithm);
            let presenting = Presenting {
                model,
                holder: HOLDER,
                credentials: std::slice::from_ref(&credential),
                suite,
                verification_method: &url,
                nonce: NONCE,
                audience: VERIFIER,
                created: TIME,
                lifetime: Duration::from_secs(300),
            };
            let document = now(present(&signer(algorithm), &presenting, &contexts())).unwrap();
            let presentation = verify_vp(document.clone(), NONCE, VERIFIER).0.unwrap();
            let verified = verify(credential.clone()).0.unwrap();
            assert!(presentation.check_binding(&verified, &mut Report::new("binding")));
            failed(&verify_vp(document.clone(), "another", VERIFIER).1, "w3c.proof.challenge");
            failed(&verify_vp(document.clone(), NONCE, "other").1, "w3c.proof.domain");
            for (member, rule) in [("challenge", "w3c.proof.challenge"), ("domain", "w3c.proof.domain")] {
                let mut without = document.clone();
                without["proof"].as_object_mut().unwrap().remove(member);
                failed(&verify_vp(without, NONCE, VERIFIER).1, rule);
            }
            let mut wider = document.clone();
            wider["proof"]["domain"] = json!([VERIFIER, "other"]);
            failed(&verify_vp(wider, NONCE, VERIFIER).1, "w3c.proof.domain");
            let mut purpose = document.clone();
            purpose["proof"]["proofPurpose"] = json!("assertionMethod");
            failed(&verify_vp(purpose, NONCE, VERIFIER).1, "w3c.proof.purpose");
            // Another credential in it, or another holder on it.
            let emptied = with(document.clone(), "verifiableCredential", json!([]));
            failed(&verify_vp(emptied, NONCE, VERIFIER).1, "w3c.proof.signature");
            let theft = Presenting { holder: "did:example:mallory", ..presenting };
            let theft = now(present(&signer(algorithm), &theft, &contexts())).unwrap();
            failed(&verify_vp(theft, NONCE, VERIFIER).1, "w3c.holder-key");
            let late = Presenting {
                created: UnixTime::from_secs(TIME.as_secs() - 900),
                lifetime: Duration::from_secs(9_000),
                ..presenting
            };
            let late = now(present(&signer(algorithm), &late, &contexts())).unwrap();
            failed(&verify_vp(late, NONCE, VERIFIER).1, "w3c.proof.age");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_claim_goes_round_and_none_can_be_changed(text in "[^\\p{C}]{0,40}", number in -1_000_000_i64..1_000_000, suite in 0_usize..6) {
        let (suite, algorithm) = SUITES[suite];
        let mut document = v2();
        document["credentialSubject"]["freeText"] = json!([text, number]);
        let signed = signed(document.clone(), suite, algorithm);
        let verified = verify(signed.clone()).0.unwrap();
        prop_assert_eq!(verified.credential.into_document(), document);
        let mut changed = signed;
        changed["credentialSubject"]["freeText"] = json!([text, number + 1]);
        failed(&verify(changed).1, "w3c.proof.signature");
    }

    #[test]
    fn no_document_makes_it_panic(name in "[@a-zA-Z:_ ]{0,8}", text in ".{0,20}", shape in 0_usize..6) {
        let value = match shape {
            0 => json!(text),
            1 => json!({ "id": text, "type": text }),
            2 => json!([{ "@value": text, "@language": text }, 1.5]),
            3 => json!({ "@list": [text, { "@set": [] }] }),
            4 => json!({ "@context": text }),
            _ => json!({ text: { "@type": 7 } }),
        };
        let signed = signed(v2(), Cryptosuite::EcdsaRdfc, Algorithm::Es256);
        let _ = verify(with(signed.clone(), &name, value.clone()));
        let _ = verify(with(signed, "proof", value.clone()));
        let _ = verify(with(without(v2(), "id"), "credentialSubject", value));
    }
}
