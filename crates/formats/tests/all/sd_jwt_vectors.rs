//! The examples of the specifications and of other implementations.

use std::collections::BTreeSet;

use credenza_core::{ClaimsPath, PathElement, Report, SeededRandom, UnixTime, b64};
use credenza_crypto::{HashAlgorithm, IdentifiedBy, PublicKey, Signer as _, SoftwareSigner, hash::sha256};
use credenza_formats::sd_jwt::{
    self, Binding, Concealment, Decoys, Expected, Held, HolderBinding, Issuance, KeyBinding, Profile, SdJwt,
    SdJwtLimits,
};
use serde_json::{Map, Value, json};

use crate::support::{check_with, failed, file, issuer, now, object, public_key, vectors};

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap()
}

/// The text of a file that was broken into lines for print.
fn unwrapped(name: &str) -> String {
    file(name).split_whitespace().collect()
}

/// Each printed SD-JWT verifies with the printed key, to the printed claims, at the time of its KB-JWT.
fn examples(name: &str, count: usize) {
    let all = vectors(name);
    let key = public_key(&all["issuer_jwk"]);
    let vectors = all["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), count);
    for vector in vectors {
        let serialized = text(vector, "serialized");
        if vector["kind"] == "jwt" {
            assert!(SdJwt::parse(serialized, &SdJwtLimits::default()).is_err(), "a JWT is not an SD-JWT");
            continue;
        }
        digests(vector);
        let kb = &vector["kb_jwt"]["payload"];
        let at = kb["iat"].as_i64().unwrap_or(1_748_537_250);
        let credential = vector["header"]["typ"] == "dc+sd-jwt";
        let profile = if credential { Expected::credential } else { Expected::plain };
        let mut expected = profile(UnixTime::from_secs(at));
        if kb.is_object() {
            let binding = KeyBinding::new(text(kb, "nonce"), text(kb, "aud"));
            expected.holder_binding = HolderBinding::Required(binding);
        }
        let (verified, report) = check_with(serialized, &key, &expected);
        let verified = verified.unwrap_or_else(|| panic!("{}: {report}", vector["section"]));
        assert_eq!(Value::Object(verified.claims), vector["processed_payload"], "{}", vector["section"]);
        assert_eq!(verified.key_binding.is_some(), kb.is_object());

        // The same without its signature, and with another key.
        let (_, report) = check_with(serialized, &issuer().public_jwk().key, &expected);
        failed(&report, "sd-jwt.signature");
        if kb.is_object() {
            holder_binding_counts(serialized, &key, &expected);
        }
    }
}

fn digests(vector: &Value) {
    let parsed = SdJwt::parse(text(vector, "serialized"), &SdJwtLimits::default()).unwrap();
    let printed = vector["disclosures"].as_array().unwrap();
    assert_eq!(parsed.disclosures().len(), printed.len());
    for (received, printed) in parsed.disclosures().iter().zip(printed) {
        assert_eq!(*received, text(printed, "disclosure"));
        assert_eq!(b64::encode(sha256(received.as_bytes())), text(printed, "digest"));
    }
}

/// A flipped digest in front of the KB-JWT, or another nonce, is noticed.
fn holder_binding_counts(serialized: &str, key: &PublicKey, expected: &Expected<'_>) {
    let HolderBinding::Required(binding) = expected.holder_binding else { panic!() };
    let other = KeyBinding { nonce: "another", ..binding };
    let expected_other = Expected { holder_binding: HolderBinding::Required(other), ..*expected };
    failed(&check_with(serialized, key, &expected_other).1, "sd-jwt.kb.nonce");

    let (first, rest) = serialized.split_once('~').unwrap();
    let (_, without_one) = rest.split_once('~').unwrap();
    let shortened = format!("{first}~{without_one}");
    let (_, report) = check_with(&shortened, key, expected);
    assert!(!report.ok());
}

// Clauses: SDJ-4-01, SDJ-4.1.1-03, SDJ-4.1.1-05, SDJ-4.2.3-01, SDJ-4.2.3-02, SDJ-4.2.3-03, SDJ-4.3-01, SDJ-4.3.1-01,
// SDJ-6-01, SDJ-6-02, SDJ-6-03, SDJ-7.1-01, SDJ-7.3-01
#[test]
fn rfc9901_examples() {
    examples("rfc9901-sd-jwt/sd_jwt_examples.json", 9);
}

// Clauses: SDVC-2.2-01, SDVC-2.2-03, SDVC-2.2-04, SDVC-2.4-01, SDVC-2.4-03, SDVC-2.4-04
#[test]
fn sd_jwt_vc_examples() {
    examples("sd-jwt-vc/sd_jwt_vc_examples.json", 5);
}

// Clauses: SDJ-4.2.1-01, SDJ-4.2.3-01, SDJ-4.2.3-03
#[test]
fn rfc9901_disclosure_encodings() {
    let all = vectors("rfc9901-sd-jwt/disclosure_encodings.json");
    let encodings = all["vectors"].as_array().unwrap();
    assert_eq!(encodings.len(), 5);
    for vector in encodings {
        let disclosure = text(vector, "disclosure");
        let digest = HashAlgorithm::Sha256.hash(disclosure.as_bytes());
        assert_eq!(b64::encode(digest), text(vector, "sha256_digest"), "{}", vector["name"]);

        // And it is accepted under that digest alone.
        let in_object = vector["contents"].as_array().unwrap().len() == 3;
        let digest = &vector["sha256_digest"];
        let payload = if in_object { json!({"_sd": [digest]}) } else { json!({"list": [{"...": digest}]}) };
        let sd_jwt =
            format!("{}~{disclosure}~", crate::support::sign(&issuer(), "jwt", &payload.to_string()));
        let claims = crate::support::accepted(&sd_jwt, &Expected::plain(crate::support::NOW));
        if in_object {
            assert_eq!(claims[vector["contents"][1].as_str().unwrap()], vector["contents"][2]);
        } else {
            assert_eq!(claims["list"][0], vector["contents"][1]);
        }
    }
}

// Clauses: SDVC-2.1-01, SDVC-2.2-01, SDVC-2.4-04
#[test]
fn openid4vp_sd_jwt_vcld() {
    let folder = "openid4vp-1.0/sd_jwt_vcld/01";
    let issued = unwrapped(&format!("{folder}/sd_jwt_issuance.txt"));
    let printed = unwrapped(&format!("{folder}/sd_jwt_presentation.txt"));
    let claims = vectors(&format!("{folder}/verified_contents.json"));
    let keys = vectors("rfc9901-sd-jwt/sd_jwt_examples.json");
    let issuer_key = public_key(&keys["issuer_jwk"]);
    let kb = vectors(&format!("{folder}/kb_jwt_payload.json"));

    let at = UnixTime::from_secs(kb["iat"].as_i64().unwrap());
    let expected = Expected {
        holder_binding: HolderBinding::Required(KeyBinding::new(text(&kb, "nonce"), text(&kb, "aud"))),
        ..Expected::credential(at)
    };
    let (verified, report) = check_with(&printed, &issuer_key, &expected);
    assert_eq!(Value::Object(verified.unwrap_or_else(|| panic!("{report}")).claims), claims);

    // A wallet of ours makes the same presentation, up to the signature.
    let mut report = Report::new("issued");
    let held = Held::accept(issued, &SdJwtLimits::default(), &issuer_key, &expected, &mut report)
        .unwrap_or_else(|| panic!("{report}"));
    let given_name = crate::support::path(r#"["ld", "credentialSubject", "givenName"]"#);
    let holder = SoftwareSigner::from_private_jwk(&keys["holder_jwk"].to_string()).unwrap();
    let binding =
        Binding { nonce: text(&kb, "nonce"), audience: text(&kb, "aud"), issued_at: at, more: Map::new() };
    let presentation = held.present(&[given_name]);
    assert!(printed.starts_with(presentation.as_str()));
    let ours = now(presentation.bind(&holder, &binding)).unwrap();
    let payload = |text: &str| -> Value {
        let kb_jwt = text.rsplit('~').next().unwrap();
        serde_json::from_slice(&b64::decode(kb_jwt.split('.').nth(1).unwrap()).unwrap()).unwrap()
    };
    assert_eq!(payload(&ours), payload(&printed));
    assert!(check_with(&ours, &issuer_key, &expected).1.ok());
}

#[test]
fn eudi_pid_is_held_and_presented() {
    let text = file("eudi-wallet-vp/sd-jwt-vc-pid.txt").trim().to_owned();
    let parsed = SdJwt::parse(&text, &SdJwtLimits::default()).unwrap();
    assert_eq!(parsed.dangerous_vct(), Some("urn:eudi:pid:1"));
    assert_eq!(parsed.header().kid.as_deref(), Some("lote.pid-provider"));
    let chain = parsed.header().x5c().unwrap().unwrap();
    let leaf = credenza_crypto::Certificate::parse(&chain[0]).unwrap();
    let expected = Expected::credential(UnixTime::from_secs(1_783_000_000));
    let mut report = Report::new("pid");
    let held = Held::accept(text, &SdJwtLimits::default(), &leaf.key, &expected, &mut report)
        .unwrap_or_else(|| panic!("{report}"));
    assert_eq!(held.disclosable_paths().len(), 27);

    let family_name = ClaimsPath::keys(["family_name"]).unwrap();
    let presentation = held.present(std::slice::from_ref(&family_name));
    let parsed = SdJwt::parse(presentation.as_str(), &SdJwtLimits::default()).unwrap();
    assert_eq!(parsed.disclosures().len(), 1);

    let holder = SoftwareSigner::from_private_jwk(&file("eudi-wallet-vp/sd-jwt-vc-pid-key.json")).unwrap();
    let bound = crate::support::bound(expected);
    let binding = Binding {
        nonce: crate::support::NONCE,
        audience: crate::support::VERIFIER,
        issued_at: expected.now,
        more: Map::new(),
    };
    let presentation = now(presentation.bind(&holder, &binding)).unwrap();
    let (verified, report) = check_with(&presentation, &leaf.key, &bound);
    let verified = verified.unwrap_or_else(|| panic!("{report}"));
    assert!(verified.claims.contains_key("family_name") && !verified.claims.contains_key("given_name"));
    assert!(verified.status().is_some());
}

/// sd-jwt-js describes what to conceal by frames: `_sd` names members or places, other members are frames below.
fn concealed(frame: &Value, claims: &Value, at: &[PathElement], out: &mut Vec<ClaimsPath>) {
    let step = |name: &str| match claims {
        Value::Array(_) => PathElement::Index(name.parse().unwrap()),
        _ => PathElement::Key(name.to_owned()),
    };
    for (name, below) in frame.as_object().into_iter().flatten() {
        match name.as_str() {
            "_sd" => {
                for name in below.as_array().unwrap() {
                    let name = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
                    out.push(ClaimsPath::new([at, &[step(&name)]].concat()).unwrap());
                }
            }
            "_sd_decoy" => {}
            _ => {
                let claims = claims.get(name).or_else(|| claims.get(name.parse::<usize>().ok()?)).unwrap();
                concealed(below, claims, &[at, &[step(name)]].concat(), out);
            }
        }
    }
}

/// And what to present by frames of `true`; a place counts the elements of the original array.
fn presented(frame: &Value, claims: &Value, at: &[PathElement], out: &mut Vec<ClaimsPath>) {
    for (name, below) in frame.as_object().into_iter().flatten() {
        let (step, claims) = match claims {
            Value::Array(items) => {
                let index = name.parse().unwrap();
                let Some(item) = items.get(index) else { continue };
                (PathElement::Index(index), item)
            }
            _ => (PathElement::Key(name.clone()), &claims[name]),
        };
        let at = [at, &[step]].concat();
        if below.is_object() {
            presented(below, claims, &at, out);
        } else {
            out.push(ClaimsPath::new(at).unwrap());
        }
    }
}

#[test]
fn sd_jwt_js_structures() {
    let all = vectors("sd-jwt-js/structures.json");
    let cases = object(all["cases"].clone());
    assert_eq!(cases.len(), 17);
    let signer = issuer();
    let header = sd_jwt::header(&signer, IdentifiedBy::Nothing);
    for (name, case) in cases {
        let (mut hide, mut show) = (Vec::new(), Vec::new());
        concealed(&case["disclosureFrame"], &case["claims"], &[], &mut hide);
        presented(&case["presentationFrames"], &case["claims"], &[], &mut show);
        let issuance = Issuance {
            header: &header,
            claims: &object(case["claims"].clone()),
            concealment: &Concealment::at(&hide).with_decoys(Decoys::Add(2)),
            holder: None,
            profile: Profile::Plain,
        };
        let text = now(sd_jwt::issue(&signer, &issuance, &SeededRandom::new(5))).unwrap();
        let held = Held::restore(text, &SdJwtLimits::default()).unwrap();
        assert_eq!(Value::Object(held.claims().clone()), case["claims"], "{name}");
        let found: BTreeSet<ClaimsPath> = held.disclosable_paths().into_iter().collect();
        assert_eq!(found, hide.into_iter().collect(), "{name}");

        let expected = Expected::plain(crate::support::NOW);
        let sent = held.present(&show);
        let mut seen = case["presentedClaims"].clone();
        if name == "array_none_disclosed" {
            // Recorded without it; RFC 9901 §7.1 keeps an object that has lost all its members as {}.
            seen["is_over"] = json!({});
        }
        assert_eq!(crate::support::accepted(sent.as_str(), &expected), seen, "{name}");
        assert_eq!(Value::Object(held.preview(&show)), seen, "{name}");
    }
}
