//! Session transcripts, to the byte.

use credenza_crypto::Jwk;
use credenza_formats::mdoc::SessionTranscript;
use serde_json::Value;

use super::support::hex;
use crate::support::vectors;

fn bytes(case: &Value) -> Vec<u8> {
    hex(case["session_transcript_cbor_hex"].as_str().unwrap())
}

fn made(case: &Value, thumbprint: Option<&[u8; 32]>) -> SessionTranscript {
    let info: Vec<&str> =
        case["info"].as_array().unwrap().iter().map(|value| value.as_str().unwrap_or_default()).collect();
    match case["handover"].as_str().unwrap() {
        "OpenID4VPHandover" => SessionTranscript::openid4vp(info[0], info[1], thumbprint, info[3]),
        "OpenID4VCIIAEHandover" => SessionTranscript::interactive_authorization(info[0], info[1], thumbprint),
        "OpenID4VPDCAPIHandover" => SessionTranscript::openid4vp_dc_api(info[0], info[1], thumbprint),
        other => panic!("{other}"),
    }
}

// Clauses: VP-B.2.6.1-01 to VP-B.2.6.1-11, VP-B.2.6.2-01 to VP-B.2.6.2-07, VP-B.2.6.2-09 to VP-B.2.6.2-11,
// MDOC-H-B.2.6-01, MDOC-H-B.2.6.1-01, MDOC-H-B.2.6.1-03, MDOC-H-B.2.6.2-01
// Checks: WVP-065
#[test]
fn of_openid4vp() {
    let file = vectors("openid4vp-1.0/session_transcript.json");
    let published = file["published"].as_array().unwrap();
    for case in published {
        let jwk = Jwk::from_value(&case["response_encryption_jwk"]).unwrap();
        assert_eq!(jwk.thumbprint().to_vec(), hex(case["jwk_thumbprint_sha256_hex"].as_str().unwrap()));
        assert_eq!(made(case, Some(&jwk.thumbprint())).as_bytes(), bytes(case));
    }
    let derived = file["derived_unencrypted_variants"]["cases"].as_array().unwrap();
    for case in derived {
        assert_eq!(made(case, None).as_bytes(), bytes(case));
    }
    assert_eq!((published.len(), derived.len()), (2, 2));
}

#[test]
fn of_a_presentation_inside_of_an_authorization() {
    let file = vectors("openid4vci-1.1-draft/session_transcript.json");
    let published = file["published"].as_array().unwrap();
    assert_eq!(published.len(), 1);
    let jwk = Jwk::from_value(&published[0]["response_encryption_jwk"]).unwrap();
    assert_eq!(made(&published[0], Some(&jwk.thumbprint())).as_bytes(), bytes(&published[0]));
    assert_ne!(made(&published[0], None).as_bytes(), bytes(&published[0]));
}

#[test]
fn of_iso_18013_7() {
    let case = &vectors("iso-18013-7/handover.json")["oid4vp_handover"];
    let text = |name: &str| case[name].as_str().unwrap();
    let made = SessionTranscript::iso_18013_7(
        text("client_id"),
        text("response_uri"),
        text("nonce"),
        text("mdoc_generated_nonce"),
    );
    assert_eq!(made.as_bytes(), bytes(case));
}

#[test]
fn of_other_sessions() {
    let annex_d = vectors("iso-18013-5-annex-d/annex_d.json");
    let embedded = hex(annex_d["hex"]["session_transcript_bytes"].as_str().unwrap());
    // D8 18, and a length in three bytes.
    let transcript = SessionTranscript::from_cbor(embedded[5..].to_vec()).unwrap();
    assert_eq!(transcript.embedded(), embedded);
    for bad in ["83f6f6", "82f6f6", "84f6f6f6f6", "83f6f6f600", "a0", "9ff6f6f6ff"] {
        assert!(SessionTranscript::from_cbor(hex(bad)).is_err(), "{bad}");
    }
    assert!(SessionTranscript::from_cbor(hex("83f6f6f6")).is_ok());
    let annex_c = SessionTranscript::org_iso_mdoc("gmVkY2FwaQ", "https://example.com");
    assert!(annex_c.as_bytes().starts_with(&hex("83f6f6826564636170695820")));
    assert!(!format!("{annex_c:?}").contains("dcapi"));
}
