//! The examples of the COSE working group, and those of other implementations.

use credenza_core::{UnixTime, b64};
use credenza_crypto::cose::{
    self, Content, CoseError, CoseKey, Mac0, MacKey, Sign1, SigningHeader, Tagging, Writer, cwt,
};
use credenza_crypto::{Algorithm, Curve, PublicKey, SoftwareSigner};
use serde_json::Value;

use crate::support::{SIGNING, hex, now, signer, text, vector};

/// Accepted: `COSE_Sign1` with `alg` in the protected header, of an algorithm that goes with its key.
const SIGNED: [&str; 7] = [
    "CWT/A_3.json",
    "RFC8152/Appendix_C_2_1.json",
    "ecdsa-examples/ecdsa-sig-01.json",
    "ecdsa-examples/ecdsa-sig-02.json",
    "ecdsa-examples/ecdsa-sig-03.json",
    "eddsa-examples/eddsa-sig-01.json",
    "sign1-tests/sign-pass-02.json",
];

/// Accepted as well: the same without its tag.
const UNTAGGED: &str = "sign1-tests/sign-pass-03.json";

/// Accepted: `COSE_Mac0` with HMAC 256/256 in the protected header.
const AUTHENTICATED: [&str; 2] = ["hmac-examples/HMac-enc-01.json", "mac0-tests/HMac-01.json"];

/// Valid by RFC 9052 and refused here: `alg` is unprotected, or P-256 signs with SHA-512, or it is Ed448, or a MAC of
/// another length.
const NOT_OURS: [&str; 12] = [
    "CWT/A_4.json",
    "CWT/A_7.json",
    "RFC8152/Appendix_C_6_1.json",
    "ecdsa-examples/ecdsa-sig-04.json",
    "eddsa-examples/eddsa-sig-02.json",
    "hmac-examples/HMac-enc-02.json",
    "hmac-examples/HMac-enc-03.json",
    "hmac-examples/HMac-enc-05.json",
    "mac0-tests/mac-pass-01.json",
    "mac0-tests/mac-pass-02.json",
    "mac0-tests/mac-pass-03.json",
    "sign1-tests/sign-pass-01.json",
];

fn coordinate(key: &Value, name: &str) -> Vec<u8> {
    match key.get(format!("{name}_hex")) {
        Some(value) => hex(value.as_str().unwrap()),
        None => b64::decode(text(key, name)).unwrap(),
    }
}

fn public_key(key: &Value) -> Option<PublicKey> {
    match text(key, "crv") {
        "Ed448" => None,
        "Ed25519" => Some(PublicKey::from_okp(Curve::Ed25519, &coordinate(key, "x")).unwrap()),
        crv => {
            let curve = Curve::from_name(crv).unwrap();
            // P-521 without its leading zeros.
            let pad = |name| {
                let short = coordinate(key, name);
                let mut full = vec![0; curve.coordinate() - short.len()];
                full.extend(short);
                full
            };
            Some(PublicKey::from_coordinates(curve, &pad("x"), &pad("y")).unwrap())
        }
    }
}

fn external(input: &Value) -> Vec<u8> {
    input.get("external").map(|aad| hex(aad.as_str().unwrap())).unwrap_or_default()
}

fn check_sign1(example: &Value) -> Result<(), CoseError> {
    let bytes = hex(text(&example["output"], "cbor"));
    let message = Sign1::parse(&bytes, Tagging::Optional)?;
    let input = &example["input"]["sign0"];
    // A key of a type that is not ours is never found: any other stands in for it.
    let key = public_key(&input["key"]).unwrap_or_else(|| signer(Algorithm::EdDsa).public_key());
    message.verify(&key, &SIGNING, &external(input))
}

fn check_mac0(example: &Value) -> Result<(), CoseError> {
    let bytes = hex(text(&example["output"], "cbor"));
    let message = Mac0::parse(&bytes, Tagging::Optional)?;
    let input = &example["input"]["mac0"];
    let key = &input["recipients"][0]["key"];
    message.verify(&MacKey::new(&coordinate(key, "k")), &external(input))
}

#[test]
fn working_group_examples() {
    let files = vector("cose/cose_wg_examples.json");
    let files = files["files"].as_object().unwrap();
    let (mut signed, mut authenticated, mut broken, mut not_ours) = (0, 0, 0, 0);
    for (name, example) in files {
        let result = match &example["input"] {
            input if input.get("sign0").is_some() => check_sign1(example),
            input if input.get("mac0").is_some() => check_mac0(example),
            // Messages with several signers or recipients, and encrypted ones, are not for us.
            _ => continue,
        };
        let name = name.as_str();
        if example.get("fail").is_some() {
            assert!(result.is_err(), "{name}");
            broken += 1;
        } else if SIGNED.contains(&name) || name == UNTAGGED {
            assert_eq!(result, Ok(()), "{name}");
            signed += 1;
        } else if AUTHENTICATED.contains(&name) {
            assert_eq!(result, Ok(()), "{name}");
            authenticated += 1;
        } else {
            assert!(NOT_OURS.contains(&name), "{name} is in no list");
            assert!(result.is_err(), "{name}");
            not_ours += 1;
        }
    }
    assert_eq!((signed, authenticated, broken, not_ours), (8, 2, 13, 12));
}

#[test]
fn a_tag_that_profiles_demand_or_forbid() {
    let files = vector("cose/cose_wg_examples.json");
    let tagged = hex(text(&files["files"]["sign1-tests/sign-pass-02.json"]["output"], "cbor"));
    let bare = hex(text(&files["files"][UNTAGGED]["output"], "cbor"));
    assert!(Sign1::parse(&tagged, Tagging::Required).is_ok());
    assert!(Sign1::parse(&bare, Tagging::Absent).is_ok());
    assert_eq!(Sign1::parse(&tagged, Tagging::Absent).unwrap_err(), CoseError::Tag);
    assert_eq!(Sign1::parse(&bare, Tagging::Required).unwrap_err(), CoseError::Tag);
    // 98 is a COSE_Sign, 17 a COSE_Mac0.
    for tag in [vec![0xd8, 98], vec![0xd1]] {
        let mut other = tag;
        other.extend_from_slice(&bare);
        assert_eq!(Sign1::parse(&other, Tagging::Optional).unwrap_err(), CoseError::Tag);
    }
}

// RFC 8392 A.1, A.3.
#[test]
fn the_claims_of_a_cwt() {
    let files = vector("cose/cose_wg_examples.json");
    let bytes = hex(text(&files["files"]["CWT/A_3.json"]["output"], "cbor"));
    let message = Sign1::parse(&bytes, Tagging::Required).unwrap();
    let payload = message.payload.unwrap();
    let claims = cwt::Claims::parse(payload).unwrap();
    assert_eq!(claims.issuer, Some("coap://as.example.com"));
    assert_eq!(claims.subject, Some("erikw"));
    assert_eq!(claims.audience, Some("coap://light.example.com"));
    assert_eq!(claims.expires, Some(UnixTime::from_secs(1_444_064_944)));
    assert_eq!(claims.not_before, Some(UnixTime::from_secs(1_443_944_944)));
    assert_eq!(claims.issued_at, Some(UnixTime::from_secs(1_443_944_944)));
    assert_eq!(claims.id, Some(&[0x0b, 0x71][..]));
    assert_eq!(claims.to_bytes(), payload);
    assert!(claims.check_times(UnixTime::from_secs(1_444_000_000), std::time::Duration::ZERO).is_ok());
    assert!(claims.check_times(UnixTime::from_secs(1_444_064_944), std::time::Duration::ZERO).is_err());
    assert!(claims.check_times(UnixTime::from_secs(1_443_944_943), std::time::Duration::ZERO).is_err());
}

#[test]
fn of_isomdl() {
    let definitions = vector("isomdl/definitions.json");
    let bytes = |name| hex(text(&definitions["hex"], name));
    let key = bytes("cose_key_ec_p256");
    let parsed = CoseKey::parse(&key).unwrap();
    let mut written = Writer::default();
    cose::key::write(&parsed.key, &mut written).unwrap();
    assert_eq!(written.into_bytes(), key);

    let sign1 = bytes("cose_sign1_serialized");
    let sign1 = Sign1::parse(&sign1, Tagging::Absent).unwrap();
    assert_eq!(sign1.algorithm(), Some(Algorithm::Es256));
    assert_eq!(sign1.payload, Some(&b"This is the content."[..]));
    assert_eq!(sign1.header.kid, Some(&b"11"[..]));
    let mac0 = bytes("cose_mac0_serialized");
    let mac0 = Mac0::parse(&mac0, Tagging::Absent).unwrap();
    assert_eq!(mac0.header.algorithm, cose::algorithm::HMAC_256);
}

#[test]
fn every_algorithm_signs_and_verifies() {
    for algorithm in SIGNING {
        let signer: SoftwareSigner = signer(algorithm);
        let header = SigningHeader { typ: Some("application/test+cwt"), ..SigningHeader::new(&signer) };
        let attached = now(cose::sign1(&signer, &header, Content::Attached(b"content"), b"aad")).unwrap();
        let message = Sign1::parse(&attached, Tagging::Absent).unwrap();
        assert_eq!(message.header.typ, Some("application/test+cwt"));
        assert_eq!(message.verify(&signer.public_key(), &[algorithm], b"aad"), Ok(()));
        assert!(message.verify(&signer.public_key(), &[algorithm], b"").is_err(), "another external_aad");
        assert_eq!(message.verify(&signer.public_key(), &[], b"aad"), Err(CoseError::Algorithm));

        let detached = now(cose::sign1(&signer, &header, Content::Detached(b"content"), b"")).unwrap();
        let message = Sign1::parse(&detached, Tagging::Absent).unwrap();
        let key = signer.public_key();
        assert_eq!(message.verify_detached(b"content", &key, &[algorithm], b""), Ok(()));
        assert!(message.verify_detached(b"contend", &key, &[algorithm], b"").is_err());
        assert_eq!(message.verify(&key, &[algorithm], b""), Err(CoseError::Content));
    }
}

// OID4VP 1.0 §B.2.2.
// Clauses: MDOC-H-B.2.2-02
#[test]
fn what_an_algorithm_list_asks_for() {
    use cose::algorithm::{mac_meets, signature_meets};
    let p256 = Some(Curve::P256);
    assert!(signature_meets(-7, -7, p256) && signature_meets(-9, -7, p256) && signature_meets(-9, -9, p256));
    assert!(!signature_meets(-7, -9, p256), "the list says -7, the header does not");
    assert!(!signature_meets(-9, -7, Some(Curve::P384)));
    assert!(!signature_meets(-51, -7, p256) && !signature_meets(-50, -7, p256));
    assert!(signature_meets(-51, -35, Some(Curve::P384)) && signature_meets(-52, -36, Some(Curve::P521)));
    assert!(
        signature_meets(-19, -8, Some(Curve::Ed25519)) && !signature_meets(-53, -8, Some(Curve::Ed25519))
    );
    assert!(mac_meets(-65537, Curve::P256) && mac_meets(5, Curve::P256) && !mac_meets(-65538, Curve::P256));
    assert!(mac_meets(-65540, Curve::X25519) && !mac_meets(-7, Curve::P256));
    for algorithm in SIGNING {
        assert_eq!(Algorithm::from_cose(algorithm.cose()), Some(algorithm));
        assert_eq!(Algorithm::from_cose(algorithm.cose_fully_specified()), Some(algorithm));
    }
}
