//! Examples that the specifications print.

use credenza_crypto::{Algorithm, Certificate, ContentEncryption, Jwk, Jws, SoftwareDecrypter, jwe};
use serde_json::Value;

use crate::support::{list, now, text, vector};

#[test]
fn rfc7638_thumbprints() {
    let file = vector("rfc-examples/oauth.json");
    let mut seen = 0;
    for example in list(&file, "vectors") {
        if let Some(thumbprint) = example.get("thumbprint") {
            let jwk = Jwk::from_value(&example["jwk"]).unwrap();
            assert_eq!(jwk.thumbprint_text(), thumbprint.as_str().unwrap());
            if let Some(uri) = example.get("thumbprint_uri") {
                assert_eq!(jwk.thumbprint_uri(), uri.as_str().unwrap());
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 2);
}

#[test]
fn rfc9449_proofs() {
    let file = vector("rfc-examples/oauth.json");
    let mut seen = 0;
    for example in list(&file, "vectors") {
        for proof in example.get("proofs").and_then(Value::as_array).into_iter().flatten() {
            let proof = proof["proof"].as_str();
            let jws = Jws::parse(proof.expect("a proof is a JWT")).unwrap();
            assert!(jws.header.has_type("dpop+jwt"));
            let jwk = jws.header.jwk().unwrap().unwrap();
            jws.verify(&jwk.key, &[Algorithm::Es256]).unwrap();
            seen += 1;
        }
    }
    assert_eq!(seen, 3);
}

#[test]
fn openid4vp_encrypted_response() {
    let file = vector("openid4vp-1.0/encrypted_response.json");
    let key = SoftwareDecrypter::from_private_jwk(&file["recipient_private_jwk"].to_string()).unwrap();
    let response = text(&file, "response_jwe");
    assert_eq!(jwe::peek_kid(response).unwrap().as_deref(), Some("ac"));
    let opened = now(jwe::decrypt(response, &key, &[ContentEncryption::A128Gcm])).unwrap();
    assert_eq!(opened.plaintext, text(&file, "plaintext").as_bytes());
    assert_eq!(opened.kid.as_deref(), Some("ac"));
}

#[test]
fn openid4vci_signatures() {
    let file = vector("openid4vci-1.0/jwt_examples.json");
    let mut verified = 0;
    for example in list(&file, "vectors") {
        let token = text(example, "serialized");
        let token = token.split('~').next().unwrap();
        let jws = Jws::parse(token).unwrap();
        let key = if let Some(chain) = jws.header.x5c().unwrap() {
            Certificate::parse(&chain[0]).unwrap().key
        } else if let Some(jwk) = jws.header.jwk().unwrap() {
            jwk.key
        } else if let Some(jwk) = example.get("issuer_jwk") {
            Jwk::from_value(jwk).unwrap().key
        } else {
            continue;
        };
        jws.verify(&key, &[Algorithm::Es256]).unwrap();
        verified += 1;
    }
    assert_eq!(verified, 4);
}
