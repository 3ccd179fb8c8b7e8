//! Rows M06 to M08, M10 and M11 of the attack catalogue: what the holder has signed, and for whom.

use credenza_core::SeededRandom;
use credenza_crypto::{Algorithm, Curve, Decrypter as _, PublicKey, SoftwareDecrypter, SoftwareSigner};
use credenza_formats::mdoc::{
    DeviceBinding, ElementTypes, Expected, Held, HolderBinding, KeyAuthorizations, MDL_NAMESPACE, MdocLimits,
    PresentError, SessionTranscript,
};
use serde_json::json;

use super::support::{
    Auth, Forgery, MDL_PATH, NO_AUTHORIZATIONS, NOW, accepted, cbor, check, check_with, device_key_info,
    embedded, hex, holder, issued_with, key, licence, refused, replace, transcript,
};
use crate::support::{failed, now, object, paths};

const CLIENT: &str = "x509_san_dns:verifier.example.org";
const NONCE: &str = "n-0S6_WzA2Mj";
const URI: &str = "https://verifier.example.org/response";
const ORIGIN: &str = "https://verifier.example.org";

// Clauses: VP-B.2.6.2-08, MDOC-V-9.3.2-01, MDOC-V-9.3.2-02
#[test]
fn m06_presentations_for_another_request() {
    let thumbprint = Some(&[7; 32]);
    let others = [
        ("nonce", SessionTranscript::openid4vp(CLIENT, "n-0S6_WzA2Mk", thumbprint, URI)),
        ("client", SessionTranscript::openid4vp("x509_san_dns:verifier.example.com", NONCE, thumbprint, URI)),
        ("no prefix", SessionTranscript::openid4vp("verifier.example.org", NONCE, thumbprint, URI)),
        (
            "uri",
            SessionTranscript::openid4vp(CLIENT, NONCE, thumbprint, "https://verifier.example.org/other"),
        ),
        ("not encrypted", SessionTranscript::openid4vp(CLIENT, NONCE, None, URI)),
        ("DC API", SessionTranscript::openid4vp_dc_api(ORIGIN, NONCE, thumbprint)),
        ("DC API, draft 24", SessionTranscript::openid4vp_dc_api_draft_24(ORIGIN, CLIENT, NONCE)),
        ("18013-7", SessionTranscript::iso_18013_7(CLIENT, URI, NONCE, "")),
        ("org-iso-mdoc", SessionTranscript::org_iso_mdoc("gmVkY2FwaQ", ORIGIN)),
        ("nothing", SessionTranscript::from_cbor(hex("83f6f6f6")).unwrap()),
    ];
    for (what, transcript) in others {
        let response = Forgery { transcript, ..Forgery::default() }.response();
        let (verified, report) = check(&response);
        assert!(verified.is_none(), "{what}");
        failed(&report, "mdoc.device-auth.signature");
    }
    let prefixed =
        SessionTranscript::openid4vp_dc_api("origin:https://verifier.example.org", NONCE, thumbprint);
    assert_ne!(prefixed, SessionTranscript::openid4vp_dc_api(ORIGIN, NONCE, thumbprint));
}

#[test]
fn m07_a_response_that_was_encrypted_to_somebody_else_first() {
    let transcript = SessionTranscript::openid4vp(CLIENT, NONCE, Some(&[6; 32]), URI);
    refused(&Forgery { transcript, ..Forgery::default() }.response(), "mdoc.device-auth.signature");
}

// Clauses: MDOC-H-9.1.3-03, MDOC-V-9.3.2-02
#[test]
fn m08_exactly_one_authentication_by_the_key_that_the_issuer_signed() {
    for auth in [Auth::Both, Auth::Neither, Auth::NoDeviceSigned] {
        refused(&Forgery { auth, ..Forgery::default() }.response(), "mdoc.device-auth");
    }
    // Another key than the issuer's word says.
    let device_key_info = Some(device_key_info(&key(44).public_key(), &[]));
    refused(&Forgery { device_key_info, ..Forgery::default() }.response(), "mdoc.device-auth.signature");
    // A key beside the signature is nobody's.
    let more = cbor(|out| {
        out.text("deviceKey").raw(&device_key_info_of(&key(44).public_key()));
    });
    accepted(&Forgery { more, ..Forgery::default() }.response());
    // Content that is attached: it would have to be the right one, and has no business there.
    refused(&Forgery { attached: true, ..Forgery::default() }.response(), "mdoc.device-auth.signature");
    // A MAC where no key was agreed on.
    let (response, _) = mac_response(Curve::P256);
    refused(&response, "mdoc.device-auth.alg");
    // Not asked for, it is not looked at.
    let expected = Expected { holder_binding: HolderBinding::NotRequired, ..Expected::new(NOW) };
    let response = Forgery { auth: Auth::NoDeviceSigned, ..Forgery::default() }.response();
    assert!(check_with(&response, &expected).0.is_some());
}

fn device_key_info_of(key: &PublicKey) -> Vec<u8> {
    device_key_info(key, &[])
}

fn scalar(jwk: &str) -> Vec<u8> {
    let jwk: serde_json::Value = serde_json::from_str(jwk).unwrap();
    credenza_core::b64::decode(jwk["d"].as_str().unwrap()).unwrap()
}

/// A presentation with a MAC, and the reader's key.
fn mac_response(curve: Curve) -> (Vec<u8>, SoftwareDecrypter) {
    let device = SoftwareDecrypter::generate(curve, &SeededRandom::new(8)).unwrap();
    let reader = SoftwareDecrypter::generate(curve, &SeededRandom::new(9)).unwrap();
    let issued = issued_with(&licence(), &device.public_jwk().key, &NO_AUTHORIZATIONS);
    let held = Held::restore(issued, &MdocLimits::default()).unwrap();
    let presentation = held.present(&paths(&[MDL_PATH]));
    let response = now(presentation.mac(&device, &reader.public_jwk().key, &transcript())).unwrap();
    (response, reader)
}

// Clauses: MDOC-H-9.1.3-04, MDOC-V-9.3.2-02
#[test]
fn a_mac_instead_of_a_signature() {
    for curve in [Curve::P256, Curve::P384, Curve::P521, Curve::X25519] {
        let (response, reader) = mac_response(curve);
        let transcript = transcript();
        let binding = DeviceBinding { reader_key: Some(&reader), ..DeviceBinding::new(&transcript) };
        let expected = Expected { holder_binding: HolderBinding::Required(binding), ..Expected::new(NOW) };
        let (verified, report) = check_with(&response, &expected);
        assert!(verified.is_some(), "{curve:?}\n{report}");
        // Another reader, another curve, another transcript.
        let stranger = SoftwareDecrypter::generate(curve, &SeededRandom::new(10)).unwrap();
        let elsewhere = if curve == Curve::P256 { Curve::P384 } else { Curve::P256 };
        let elsewhere = SoftwareDecrypter::generate(elsewhere, &SeededRandom::new(10)).unwrap();
        let other = SessionTranscript::openid4vp(CLIENT, "other", None, URI);
        for (reader, transcript) in [(&stranger, &transcript), (&elsewhere, &transcript), (&reader, &other)] {
            let binding = DeviceBinding { reader_key: Some(reader), ..DeviceBinding::new(transcript) };
            let expected =
                Expected { holder_binding: HolderBinding::Required(binding), ..Expected::new(NOW) };
            failed(&check_with(&response, &expected).1, "mdoc.device-auth.mac");
        }
        // The MAC of a signature's algorithm.
        if curve == Curve::P256 {
            let renamed = replace(&response, &hex("8443a10105a0f6"), &hex("8443a10126a0f6"));
            failed(&check_with(&renamed, &expected).1, "mdoc.device-auth.alg");
        }
    }
}

// Clauses: MDOC-V-HAIP-01
#[test]
fn every_algorithm_of_a_holder() {
    for algorithm in [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa] {
        let signer = SoftwareSigner::generate(algorithm, &SeededRandom::new(8)).unwrap();
        let issued = issued_with(&licence(), &signer.public_key(), &NO_AUTHORIZATIONS);
        let held = Held::restore(issued, &MdocLimits::default()).unwrap();
        let transcript = transcript();
        let response = now(held.present(&paths(&[MDL_PATH])).sign(&signer, &transcript)).unwrap();
        let binding = DeviceBinding { algorithms: &[algorithm], ..DeviceBinding::new(&transcript) };
        let expected = Expected { holder_binding: HolderBinding::Required(binding), ..Expected::new(NOW) };
        assert!(check_with(&response, &expected).0.is_some(), "{algorithm}");
        let binding = DeviceBinding { algorithms: &[], ..DeviceBinding::new(&transcript) };
        let expected = Expected { holder_binding: HolderBinding::Required(binding), ..Expected::new(NOW) };
        failed(&check_with(&response, &expected).1, "mdoc.device-auth.alg");
    }
    let signer = SoftwareSigner::generate(Algorithm::Es256K, &SeededRandom::new(8)).unwrap();
    let issued = issued_with(&licence(), &signer.public_key(), &NO_AUTHORIZATIONS);
    let held = Held::restore(issued, &MdocLimits::default()).unwrap();
    let presented = now(held.present(&[]).sign(&signer, &transcript()));
    assert_eq!(presented, Err(PresentError::Algorithm(Algorithm::Es256K)));
}

// Clauses: MDOC-V-9.3.2-05
#[test]
fn m11_the_holder_s_algorithm_goes_with_the_key() {
    // Signed as ES256, named as ES384.
    let response = Forgery::default().response();
    let renamed = replace(&response, &hex("8443a10126a0f6"), &hex("8444a1013822a0f6"));
    let transcript = transcript();
    let binding = DeviceBinding {
        algorithms: &[Algorithm::Es256, Algorithm::Es384],
        ..DeviceBinding::new(&transcript)
    };
    let expected = Expected { holder_binding: HolderBinding::Required(binding), ..Expected::new(NOW) };
    failed(&check_with(&renamed, &expected).1, "mdoc.device-auth.alg");
    // The fully specified number has the same meaning, and another signature.
    let renamed = replace(&response, &hex("8443a10126a0f6"), &hex("8443a10128a0f6"));
    failed(&check_with(&renamed, &expected).1, "mdoc.device-auth.signature");
}

// Clauses: MDOC-I-9.1.2.4-07, MDOC-V-9.3.2-03
#[test]
fn m10_what_the_holder_signs_himself() {
    let device_namespaces = cbor(|out| {
        out.map(1).text(MDL_NAMESPACE).map(1).text("age_over_21").bool(true);
    });
    let with = |authorizations: &[u8]| {
        let device_key_info = Some(device_key_info(&holder().public_key(), authorizations));
        Forgery { device_namespaces: device_namespaces.clone(), device_key_info, ..Forgery::default() }
            .response()
    };
    refused(&with(&[]), "mdoc.key-authorizations");
    let element = |namespace: &str, element: &str| {
        cbor(|out| {
            out.map(1).text("dataElements").map(1).text(namespace).array(1).text(element);
        })
    };
    let whole = cbor(|out| {
        out.map(1).text("nameSpaces").array(1).text(MDL_NAMESPACE);
    });
    for authorizations in [element(MDL_NAMESPACE, "age_over_21"), whole] {
        let verified = accepted(&with(&authorizations));
        assert_eq!(verified.device_signed[MDL_NAMESPACE]["age_over_21"], true);
        assert!(verified.claims[MDL_NAMESPACE].get("age_over_21").is_none(), "never among the issuer's");
    }
    refused(&with(&element(MDL_NAMESPACE, "age_over_18")), "mdoc.key-authorizations");
    refused(&with(&element("org.example", "age_over_21")), "mdoc.key-authorizations");
    // As a whole and by its elements.
    let both = cbor(|out| {
        out.map(2).text("nameSpaces").array(1).text(MDL_NAMESPACE);
        out.text("dataElements").map(1).text(MDL_NAMESPACE).array(1).text("age_over_21");
    });
    refused(&with(&both), "mdoc.key-authorizations");
    // What came is not what was signed.
    let forgery =
        Forgery { swap: Some((embedded(&[0xa0]), embedded(&device_namespaces))), ..Forgery::default() };
    refused(&forgery.response(), "mdoc.device-auth.signature");
}

// Clauses: MDOC-H-9.1.3-06
#[test]
fn m10_a_wallet_signs_only_what_it_may() {
    let authorizations = KeyAuthorizations {
        namespaces: vec!["org.example.payment".to_owned()],
        elements: vec![(MDL_NAMESPACE.to_owned(), vec!["age_over_21".to_owned()])],
    };
    let issued = issued_with(&licence(), &holder().public_key(), &authorizations);
    let held = Held::restore(issued, &MdocLimits::default()).unwrap();
    assert_eq!(held.key_authorizations(), &authorizations);
    let signed = |elements: serde_json::Value| {
        let presentation = held.present(&paths(&[MDL_PATH]));
        presentation.device_signed(&object(elements), &ElementTypes::standard())
    };
    let presentation = signed(json!({
        "org.example.payment": { "amount": { "currency": "EUR", "cents": 1250 } },
        MDL_NAMESPACE: { "age_over_21": true },
    }));
    let response = now(presentation.unwrap().sign(&holder(), &transcript())).unwrap();
    let verified = accepted(&response);
    assert_eq!(verified.device_signed["org.example.payment"]["amount"]["cents"], 1250);
    let refused = signed(json!({ MDL_NAMESPACE: { "age_over_18": true } })).unwrap_err();
    assert_eq!(refused, PresentError::NotAuthorized("age_over_18".to_owned()));
    assert_eq!(signed(json!({ MDL_NAMESPACE: 1 })).unwrap_err(), PresentError::Elements);
    assert_eq!(
        signed(json!({ "org.example.payment": { "amount": nested(20) } })).unwrap_err(),
        PresentError::Elements
    );
}

fn nested(depth: usize) -> serde_json::Value {
    (0..depth).fold(json!(1), |inner, _| json!([inner]))
}

#[test]
fn another_key_presents_nothing() {
    let issued = issued_with(&licence(), &holder().public_key(), &NO_AUTHORIZATIONS);
    let held = Held::restore(issued, &MdocLimits::default()).unwrap();
    let presentation = held.present(&paths(&[MDL_PATH]));
    assert_eq!(now(presentation.sign(&key(44), &transcript())), Err(PresentError::AnotherKey));
    let reader = SoftwareDecrypter::generate(Curve::P384, &SeededRandom::new(9)).unwrap();
    let same = scalar(holder().to_private_jwk().expose());
    let device = SoftwareDecrypter::from_scalar(Curve::P256, &same).unwrap();
    let elsewhere = now(presentation.mac(&device, &reader.public_jwk().key, &transcript()));
    assert!(matches!(elsewhere, Err(PresentError::Agree(_))));
    let stranger = SoftwareDecrypter::generate(Curve::P256, &SeededRandom::new(9)).unwrap();
    let other = now(presentation.mac(&stranger, &reader.public_jwk().key, &transcript()));
    assert_eq!(other, Err(PresentError::AnotherKey));
}
