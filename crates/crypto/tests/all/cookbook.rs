//! RFC 7520 (JOSE cookbook) and the examples of RFC 8037, as far as they are in scope.

use credenza_core::b64;
use credenza_crypto::jws::json::JsonJws;
use credenza_crypto::{
    Algorithm, ContentEncryption, Decrypter as _, JweError, Jwk, JwkError, Jws, JwsError, Signer as _,
    SoftwareDecrypter, SoftwareSigner, jwe,
};
use serde_json::Value;

use crate::support::{now, public, text, vector};

const ALL: [Algorithm; 5] =
    [Algorithm::Es256, Algorithm::Es512, Algorithm::EdDsa, Algorithm::Ps256, Algorithm::Rs256];

#[test]
fn rfc7520_3_keys() {
    for (file, expected) in [
        ("3_1.ec_public_key", None),
        ("3_2.ec_private_key", Some(JwkError::Private)),
        ("3_3.rsa_public_key", None),
        ("3_4.rsa_private_key", Some(JwkError::Private)),
        ("3_5.symmetric_key_mac_computation", Some(JwkError::Private)),
        ("3_6.symmetric_key_encryption", Some(JwkError::Private)),
    ] {
        let value = vector(&format!("jose-cookbook/jwk/{file}.json"));
        match Jwk::from_value(&value) {
            Ok(jwk) => assert_eq!((jwk.to_value(), expected), (value, None)),
            Err(error) => assert_eq!(Some(error), expected, "{file}"),
        }
    }
    let private = vector("jose-cookbook/jwk/3_2.ec_private_key.json");
    let signer = SoftwareSigner::from_private_jwk(&private.to_string()).unwrap();
    assert_eq!(signer.algorithm(), Algorithm::Es512);
    let again: Value = serde_json::from_str(signer.to_private_jwk().expose()).unwrap();
    assert_eq!(again["d"], private["d"]);
}

#[test]
fn rfc7520_4_signatures() {
    for file in ["jws/4_1.rsa_v15_signature", "jws/4_3.ecdsa_signature", "curve25519/jws"] {
        let file = vector(&format!("jose-cookbook/{file}.json"));
        let key = Jwk::from_value(&public(&file["input"]["key"])).unwrap().key;
        let jws = Jws::parse(text(&file["output"], "compact")).unwrap();
        assert_eq!(jws.payload, text(&file["input"], "payload").as_bytes());
        jws.verify(&key, &ALL).unwrap();
        for form in ["json", "json_flat"] {
            let jws = JsonJws::parse(file["output"][form].to_string().as_bytes()).unwrap();
            jws.verify(&jws.signatures[0], &key, &ALL).unwrap();
            assert_eq!(jws.to_compact(&jws.signatures[0]), text(&file["output"], "compact"));
        }
    }
}

/// HMAC, PS384, and headers that are not protected are out of scope, and refused as such.
#[test]
fn rfc7520_4_what_is_refused() {
    for file in ["4_2.rsa-pss_signature", "4_4.hmac-sha2_integrity_protection"] {
        let file = vector(&format!("jose-cookbook/jws/{file}.json"));
        assert_eq!(Jws::parse(text(&file["output"], "compact")).unwrap_err(), JwsError::Algorithm);
    }
    let file = vector("jose-cookbook/jws/4_5.signature_with_detached_content.json");
    assert!(Jws::parse(text(&file["output"], "compact")).is_err());
    assert!(JsonJws::parse(file["output"]["json"].to_string().as_bytes()).is_err());
    for file in ["4_6.protecting_specific_header_fields", "4_7.protecting_content_only"] {
        let file = vector(&format!("jose-cookbook/jws/{file}.json"));
        for form in ["json", "json_flat"] {
            let jws = JsonJws::parse(file["output"][form].to_string().as_bytes()).unwrap();
            assert!(jws.signatures[0].header().is_err());
        }
    }
    for file in ["rfc7797/hmac-sha2_b64_false", "rfc7797/4.2.hmac-sha2_b64_false"] {
        let file = vector(&format!("jose-cookbook/{file}.json"));
        let jws = file["output"]["json_flat"].to_string();
        assert!(JsonJws::parse(jws.as_bytes()).map_or(true, |jws| jws.signatures[0].header().is_err()));
    }
}

#[test]
fn rfc7520_4_8_several_signatures() {
    let file = vector("jose-cookbook/jws/4_8.multiple_signatures.json");
    let jws = JsonJws::parse(file["output"]["json"].to_string().as_bytes()).unwrap();
    let key = Jwk::from_value(&public(&file["input"]["key"][0])).unwrap().key;
    jws.verify(&jws.signatures[0], &key, &ALL).unwrap();
    assert!(matches!(jws.signatures[1].header(), Err(JwsError::Malformed(_))));
    assert_eq!(jws.signatures[2].header().unwrap_err(), JwsError::Algorithm);
}

/// RFC 8032's signatures are determined by key and message.
#[test]
fn rfc8037_a_signature_is_reproduced() {
    let file = vector("jose-cookbook/curve25519/jws.json");
    let signer = SoftwareSigner::from_private_jwk(&file["input"]["key"].to_string()).unwrap();
    let signature = now(signer.sign(text(&file["signing"], "sig-input").as_bytes())).unwrap();
    assert_eq!(b64::encode(signature), text(&file["signing"], "sig"));
    assert_eq!(signer.public_jwk().thumbprint_text(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn rfc7520_5_encryption() {
    for file in [
        "jwe/5_4.key_agreement_with_key_wrapping_using_ecdh-es_and_aes-keywrap_with_aes-gcm",
        "jwe/5_5.key_agreement_using_ecdh-es_with_aes-cbc-hmac-sha2",
        "curve25519/ecdh-es",
    ] {
        let file = vector(&format!("jose-cookbook/{file}.json"));
        let key = SoftwareDecrypter::from_private_jwk(&file["input"]["key"].to_string()).unwrap();
        let message = text(&file["output"], "compact");
        let opened = now(jwe::decrypt(message, &key, &ContentEncryption::ALL)).unwrap();
        assert_eq!(opened.plaintext, text(&file["input"], "plaintext").as_bytes());
        assert_eq!(opened.kid, key.public_jwk().kid);
    }
}

#[test]
fn rfc7520_5_what_is_refused() {
    let mut refused = 0;
    for file in [
        "5_1.key_encryption_using_rsa_v15_and_aes-hmac-sha2",
        "5_2.key_encryption_using_rsa-oaep_with_aes-gcm",
        "5_3.key_wrap_using_pbes2-aes-keywrap_with-aes-cbc-hmac-sha2",
        "5_6.direct_encryption_using_aes-gcm",
        "5_7.key_wrap_using_aes-gcm_keywrap_with_aes-cbc-hmac-sha2",
        "5_8.key_wrap_using_aes-keywrap_with_aes-gcm",
        "5_9.compressed_content",
    ] {
        let file = vector(&format!("jose-cookbook/jwe/{file}.json"));
        assert_eq!(jwe::peek_kid(text(&file["output"], "compact")).unwrap_err(), JweError::Algorithm);
        refused += 1;
    }
    assert_eq!(refused, 7);
}

/// The extension that leaves the payload as it is (RFC 7797) is not understood, so what names it as critical is refused.
#[test]
fn rfc7797_is_refused() {
    for file in ["4.2.hmac-sha2_b64_false", "hmac-sha2_b64_false"] {
        let value = vector(&format!("jose-cookbook/rfc7797/{file}.json"));
        let protected = b64::encode(value["signing"]["protected"].to_string());
        let signature = text(&value["signing"], "sig");
        let payload = b64::encode(text(&value["input"], "payload"));
        assert!(Jws::parse(&format!("{protected}.{payload}.{signature}")).is_err(), "{file}");
    }
}
