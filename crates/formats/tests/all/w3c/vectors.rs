//! The printed vectors of the cryptosuites, step by step.

use std::collections::HashMap;

use credenza_core::{Report, base58, jcs};
use credenza_crypto::{HashAlgorithm, SoftwareSigner};
use credenza_formats::w3c::Moment;
use credenza_formats::w3c::data_integrity::{
    Cryptosuite, Expected, ProofOptions, Purpose, hash_data, rdfc, sign, to_quads, verify_credential,
};
use serde_json::{Map, Value};

use super::{TIME, contexts, vector_method, without};
use crate::support::{now, object, vectors};

type Files = HashMap<String, String>;

fn files(folder: &str) -> Files {
    serde_json::from_value(vectors(&format!("{folder}/test_vectors.json"))["files"].clone()).unwrap()
}

fn json(files: &Files, name: &str) -> Map<String, Value> {
    object(serde_json::from_str(&files[name]).unwrap_or_else(|error| panic!("{name}: {error}")))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn rfc_8785_reference_data() {
    for (name, vector) in vectors("jcs/rfc8785.json")["vectors"].as_object().unwrap() {
        let input = serde_json::from_str(vector["input"].as_str().unwrap()).unwrap();
        assert_eq!(jcs::canonicalize(&input).unwrap(), vector["output"].as_str().unwrap(), "{name}");
    }
}

/// Canonical forms, hashes and the signed document of one suite.
fn steps(files: &Files, folder: &str, tag: &str, suite: Cryptosuite, hash: HashAlgorithm) {
    let text = |step: &str| files[&format!("{folder}/{step}{tag}.txt")].as_str();
    let signed = json(files, &format!("{folder}/signed{tag}.json"));
    let config = json(files, &format!("{folder}/proofConfig{tag}.json"));
    let document = without(signed.clone(), "proof");
    let canonical = |object: &Map<String, Value>| match suite.is_jcs() {
        true => jcs::canonicalize(&Value::Object(object.clone())).unwrap(),
        false => {
            let quads = to_quads(object, &contexts()).unwrap_or_else(|error| panic!("{folder}: {error}"));
            rdfc::canonicalize(&quads, hash, rdfc::MAX_WORK).unwrap()
        }
    };
    assert_eq!(canonical(&document), text("canonDoc"), "{folder}");
    assert_eq!(canonical(&config), text("proofCanon"), "{folder}");
    let hashes = hash_data(suite, hash, &document, &config, &contexts(), rdfc::MAX_WORK).unwrap();
    let (options, content) = hashes.split_at(hashes.len() / 2);
    assert_eq!(hex(options), text("proofHash"), "{folder}");
    assert_eq!(hex(content), text("docHash"), "{folder}");
    assert_eq!(hex(&hashes), text("combinedHash"), "{folder}");
    let value = signed["proof"]["proofValue"].as_str().unwrap();
    assert_eq!(value, text("sigBTC58"), "{folder}");
    assert_eq!(hex(&base58::decode(&value[1..]).unwrap()), text("sigHex"), "{folder}");
    verifies(signed, &[suite]);
}

fn verifies(signed: Map<String, Value>, cryptosuites: &[Cryptosuite]) {
    let contexts = contexts();
    let expected = Expected { cryptosuites, ..Expected::at(Moment::at(TIME), &contexts) };
    let mut report = Report::new("vector");
    let verified = verify_credential(signed, &vector_method, &expected, &mut report);
    assert!(verified.is_some() && report.ok(), "{report}");
}

#[test]
fn ecdsa_cryptosuites_appendix_a() {
    let files = files("vc-di-ecdsa");
    for (folder, tag, suite, hash) in [
        ("ecdsa-jcs-2019-p256", "JCSECDSAP256", Cryptosuite::EcdsaJcs, HashAlgorithm::Sha256),
        ("ecdsa-jcs-2019-p384", "JCSECDSAP384", Cryptosuite::EcdsaJcs, HashAlgorithm::Sha384),
        ("ecdsa-rdfc-2019-p256", "ECDSAP256", Cryptosuite::EcdsaRdfc, HashAlgorithm::Sha256),
        ("ecdsa-rdfc-2019-p384", "ECDSAP384", Cryptosuite::EcdsaRdfc, HashAlgorithm::Sha384),
    ] {
        steps(&files, folder, tag, suite, hash);
    }
}

#[test]
fn eddsa_cryptosuites_appendices_a_and_b() {
    let files = files("vc-di-eddsa");
    for (folder, tag, suite) in [
        ("eddsa-jcs-2022", "JCS", Cryptosuite::EddsaJcs),
        ("eddsa-rdfc-2022", "DataInt", Cryptosuite::EddsaRdfc),
        ("Ed25519Signature2020", "EdSig", Cryptosuite::Ed25519Signature2020),
    ] {
        steps(&files, folder, tag, suite, HashAlgorithm::Sha256);
    }
}

/// Ed25519 is deterministic: what we sign is the printed document.
#[test]
fn the_printed_eddsa_documents_are_made_again() {
    let files = files("vc-di-eddsa");
    let private = json(&files, "keyPair.json")["privateKeyMultibase"].as_str().unwrap().to_owned();
    let seed = base58::decode(&private[1..]).unwrap();
    let signer = SoftwareSigner::from_scalar(credenza_crypto::Algorithm::EdDsa, &seed[2..34]).unwrap();
    for (name, suite) in [
        ("eddsa-jcs-2022/signedJCS.json", Cryptosuite::EddsaJcs),
        ("eddsa-rdfc-2022/signedDataInt.json", Cryptosuite::EddsaRdfc),
    ] {
        let printed = json(&files, name);
        let options = ProofOptions {
            created: Some(credenza_core::UnixTime::from_rfc3339("2023-02-24T23:36:38Z").unwrap()),
            ..ProofOptions::new(
                suite,
                printed["proof"]["verificationMethod"].as_str().unwrap(),
                Purpose::AssertionMethod,
            )
        };
        let document = without(printed.clone(), "proof");
        assert_eq!(now(sign(document, &options, &signer, &contexts())).unwrap(), printed, "{name}");
    }
}

#[test]
fn proof_sets_and_chains_verify() {
    let files = files("vc-di-eddsa");
    for name in ["signedProofSet1", "signedProofSet2", "signedProofChain1", "signedProofChain2"] {
        verifies(json(&files, &format!("proof-set-chain/{name}.json")), &[Cryptosuite::EddsaRdfc]);
    }
}

#[test]
fn a_chain_with_a_missing_or_broken_link_is_refused() {
    let files = files("vc-di-eddsa");
    let chain = json(&files, "proof-set-chain/signedProofChain2.json");
    let contexts = contexts();
    let expected = Expected::at(Moment::at(TIME), &contexts);
    for left_out in 0..3 {
        let mut broken = chain.clone();
        broken["proof"].as_array_mut().unwrap().remove(left_out);
        let mut report = Report::new("vector");
        assert!(verify_credential(broken, &vector_method, &expected, &mut report).is_none());
        super::failed(&report, "w3c.proof.chain");
    }
    // The last link covers the one before, whatever that says.
    let mut broken = chain;
    broken["proof"][2]["created"] = "2023-02-26T22:06:39Z".into();
    let mut report = Report::new("vector");
    assert!(verify_credential(broken, &vector_method, &expected, &mut report).is_none());
    super::failed(&report, "w3c.proof.signature");
}
