//! Project Wycheproof's vectors. Each test states how many cases it has judged and how many are out of scope.

use credenza_crypto::{
    Algorithm, ContentEncryption, Curve, Decrypter, Jwk, JwkSet, Jws, PublicKey, RsaDecrypter,
    SoftwareDecrypter, jwe,
};
use serde_json::Value;

use crate::support::{hex, list, now, public, text, vector};

const ALL: [Algorithm; 7] = [
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::Es256K,
    Algorithm::EdDsa,
    Algorithm::Ps256,
    Algorithm::Rs256,
];

/// RSA keys that a library of 2017 made badly (CVE-2017-15361) are not looked for.
const ROCA: &str = "rejectsKeyWithRocaVulnerability";

fn valid(case: &Value) -> bool {
    text(case, "result") == "valid"
}

fn signatures(file: &str, algorithm: Algorithm, key: impl Fn(&Value) -> Vec<u8>) -> usize {
    let curve = algorithm.curve().unwrap();
    let mut judged = 0;
    let vectors = vector(file);
    for group in list(&vectors, "testGroups") {
        let bytes = key(group);
        let key = match curve {
            Curve::Ed25519 => PublicKey::from_okp(curve, &bytes),
            _ => PublicKey::from_point(curve, &bytes),
        }
        .unwrap();
        for case in list(group, "tests") {
            let verified = key.verify(algorithm, &hex(text(case, "msg")), &hex(text(case, "sig")));
            assert_eq!(verified.is_ok(), valid(case), "{case}");
            judged += 1;
        }
    }
    judged
}

#[test]
fn j04_ecdsa_p256() {
    let file = "wycheproof/ecdsa_secp256r1_sha256_p1363_test.json";
    let point = |group: &Value| hex(text(&group["publicKey"], "uncompressed"));
    assert_eq!(signatures(file, Algorithm::Es256, point), count(file));
}

#[test]
fn j04_ecdsa_p384() {
    let file = "wycheproof/ecdsa_secp384r1_sha384_p1363_test.json";
    let point = |group: &Value| hex(text(&group["publicKey"], "uncompressed"));
    assert_eq!(signatures(file, Algorithm::Es384, point), count(file));
}

#[test]
fn j04_ed25519() {
    let file = "wycheproof/ed25519_test.json";
    let key = |group: &Value| hex(text(&group["publicKey"], "pk"));
    assert_eq!(signatures(file, Algorithm::EdDsa, key), count(file));
}

fn count(file: &str) -> usize {
    usize::try_from(vector(file)["numberOfTests"].as_u64().unwrap()).unwrap()
}

/// A JWS under the key, or the set of keys, of its group: as an application does it, `alg` and `use` of the key bind.
fn verifies(group: &Value, token: &str) -> bool {
    let Ok(jws) = Jws::parse(token) else { return false };
    let judge = |jwk: &Jwk| jws.verify_by(jwk, &ALL).is_ok();
    let keys = group.get("public").or_else(|| group.get("private")).unwrap();
    if keys.get("keys").is_some() {
        return JwkSet::from_value(keys)
            .is_ok_and(|set| jws.header.kid.as_deref().and_then(|kid| set.by_kid(kid)).is_some_and(judge));
    }
    Jwk::from_value(keys).is_ok_and(|jwk| judge(&jwk))
}

/// Algorithms that are not implemented on purpose: MACs, and RSA with other hashes than SHA-256.
fn out_of_scope(group: &Value) -> bool {
    let key = group.get("private").or_else(|| group.get("public")).unwrap();
    let alg = key.get("alg").and_then(Value::as_str);
    key.get("kty").and_then(Value::as_str) == Some("oct")
        || matches!(alg, Some("RS384" | "RS512" | "PS384" | "PS512"))
}

#[test]
fn json_web_signature() {
    let file = "wycheproof/json_web_signature_test.json";
    let (mut judged, mut beyond, mut stricter) = (0, 0, Vec::new());
    let vectors = vector(file);
    for group in list(&vectors, "testGroups") {
        for case in list(group, "tests") {
            let verified = verifies(group, text(case, "jws"));
            if out_of_scope(group) {
                assert!(!verified, "out of scope, and accepted: {case}");
                beyond += 1;
            } else if valid(case) && !verified {
                stricter.push(case["tcId"].as_u64().unwrap());
            } else {
                assert_eq!(verified, valid(case), "{case}");
            }
            judged += 1;
        }
    }
    assert_eq!(judged, count(file));
    // MACs and RSA with other hashes than SHA-256; PS384 under a key for PS256, and keys for "ES521", which is none.
    assert_eq!(beyond, 73);
    assert_eq!(stricter, [346, 347, 350, 351]);
}

#[test]
fn json_web_key() {
    let file = "wycheproof/json_web_key_test.json";
    let (mut judged, mut different) = (0, Vec::new());
    let vectors = vector(file);
    for group in list(&vectors, "testGroups") {
        for case in list(group, "tests") {
            let verified = verifies(group, text(case, "jws"));
            if text(case, "comment") == ROCA {
                judged += 1;
                continue;
            }
            if verified != valid(case) {
                different.push(case["tcId"].as_u64().unwrap());
            }
            assert!(!verified || valid(case), "{case}");
            judged += 1;
        }
    }
    assert_eq!(judged, count(file));
    // Valid ones that are refused: MACs.
    assert_eq!(different, [2, 13, 14, 15]);
}

/// The content, when it opens with the key of the group.
fn opens(group: &Value, message: &str) -> Option<Vec<u8>> {
    let jwk = group["private"].to_string();
    let key: Box<dyn Decrypter> = match group["private"]["kty"].as_str() {
        Some("RSA") => Box::new(RsaDecrypter::from_private_jwk(&jwk).ok()?),
        _ => Box::new(SoftwareDecrypter::from_private_jwk(&jwk).ok()?),
    };
    Some(now(jwe::decrypt(message, &*key, &ContentEncryption::ALL)).ok()?.plaintext)
}

/// Key management that is not implemented on purpose: symmetric keys, RSA with other paddings, AES-192.
fn decrypts(group: &Value) -> bool {
    let key = &group["private"];
    match key["kty"].as_str() {
        Some("EC") => key["alg"] != "ECDH-ES+A192KW",
        _ => key["alg"] == "RSA-OAEP-256",
    }
}

#[test]
fn json_web_encryption() {
    let file = "wycheproof/json_web_encryption_test.json";
    let (mut judged, mut beyond, mut stricter) = (0, 0, Vec::new());
    let vectors = vector(file);
    for group in list(&vectors, "testGroups") {
        for case in list(group, "tests") {
            let opened = opens(group, text(case, "jwe"));
            judged += 1;
            if !decrypts(group) {
                assert!(opened.is_none(), "out of scope, and opened: {case}");
                beyond += 1;
            } else if let Some(opened) = opened {
                assert!(valid(case), "{case}");
                assert_eq!(opened, hex(text(case, "pt")), "{case}");
            } else if valid(case) {
                stricter.push(case["tcId"].as_u64().unwrap());
            }
        }
    }
    assert_eq!(judged, count(file));
    // Symmetric keys, RSA with other paddings, AES-192.
    assert_eq!(beyond, 77);
    assert_eq!(stricter, [53, 56, 77, 80, 89, 92]);
}

#[test]
fn json_web_crypto() {
    let file = "wycheproof/json_web_crypto_test.json";
    let (mut judged, mut beyond) = (0, 0);
    let vectors = vector(file);
    for group in list(&vectors, "testGroups") {
        for case in list(group, "tests") {
            // Two cases are in JSON, which is not what is asked for.
            let accepted = match (case.get("jws"), case.get("jwe")) {
                (Some(Value::String(token)), None) => verifies(group, token),
                (None, Some(Value::String(message))) => opens(group, message).is_some(),
                _ => false,
            };
            let key = group.get("private").or_else(|| group.get("public")).unwrap();
            let symmetric = key["kty"] == "oct" || key.get("keys").is_some();
            if text(case, "comment") == ROCA {
                beyond += 1;
            } else if symmetric {
                assert!(!accepted, "{case}");
                beyond += 1;
            } else {
                assert_eq!(accepted, valid(case), "{case}");
            }
            judged += 1;
        }
    }
    assert_eq!(judged, count(file));
    // MACs, symmetric keys, one weak RSA key.
    assert_eq!(beyond, 38);
}

#[test]
fn keys_with_a_private_member_are_no_public_keys() {
    let vectors = vector("wycheproof/json_web_signature_test.json");
    for group in list(&vectors, "testGroups") {
        let private = &group["private"];
        if private.get("d").is_some() {
            assert!(Jwk::from_value(private).is_err());
            assert!(Jwk::from_value(&public(private)).is_ok());
        }
    }
}
