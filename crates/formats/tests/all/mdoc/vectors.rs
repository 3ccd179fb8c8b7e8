//! What others have issued and presented.

use credenza_core::{Outcome, Report, UnixTime, b64};
use credenza_crypto::cose::{CborError, CoseKey, algorithm};
use credenza_crypto::x509::pem_to_der_chain;
use credenza_crypto::{Algorithm, Certificate, Curve, PublicKey, SoftwareDecrypter, SoftwareSigner};
use credenza_formats::mdoc::{
    CountryMismatch, DeviceBinding, DeviceResponse, Expected, Held, HolderBinding, IssuerSigned, MDL,
    MDL_NAMESPACE, MdocLimits, PID, SessionTranscript, TimeForm, Verified, device_auth, verify,
};
use serde_json::{Value, json};

use super::support::{check_by, hex};
use crate::support::{failed, file, now, paths, vectors};

const LIMITS: MdocLimits = MdocLimits { total: 1024 * 1024, documents: 8, elements: 1024, digests: 4096 };

/// Noon of a day.
fn noon(day: &str) -> UnixTime {
    UnixTime::from_rfc3339(&format!("{day}T12:00:00Z")).unwrap()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no text {name}"))
}

/// The key in the document's own certificate: these tests trust it.
fn leaf_key(chain: &[&[u8]]) -> PublicKey {
    match Certificate::parse(chain[0]) {
        Ok(certificate) => certificate.key,
        // Ubique's has a serial number of 32 bytes, where RFC 5280 §4.1.2.2 allows 20: its key is all we read of it.
        Err(_) => {
            let prefix = hex("2a8648ce3d030107034200");
            let at = chain[0].windows(prefix.len()).position(|part| part == prefix).unwrap() + prefix.len();
            PublicKey::from_point(Curve::P256, &chain[0][at..at + 65]).unwrap()
        }
    }
}

fn signer_of(response: &[u8]) -> PublicKey {
    leaf_key(DeviceResponse::parse(response, &LIMITS).unwrap().documents[0].x5chain())
}

fn evidence<'a>(report: &'a Report, rule: &str) -> &'a Outcome {
    &report.find(rule).unwrap_or_else(|| panic!("{rule} was not looked at\n{report}")).outcome
}

fn annex_d(name: &str) -> Vec<u8> {
    hex(text(&vectors("iso-18013-5-annex-d/annex_d.json")["hex"], name))
}

fn annex_d_reader() -> SoftwareDecrypter {
    SoftwareDecrypter::from_scalar(Curve::P256, &annex_d("ephemeral_reader_key_d")).unwrap()
}

fn annex_d_transcript() -> SessionTranscript {
    SessionTranscript::from_cbor(annex_d("session_transcript_bytes")[5..].to_vec()).unwrap()
}

fn check_annex_d(response: &[u8], day: &str) -> (Option<Verified>, Report) {
    let (transcript, reader) = (annex_d_transcript(), annex_d_reader());
    let binding = DeviceBinding { reader_key: Some(&reader), ..DeviceBinding::new(&transcript) };
    let expected = Expected {
        doc_type: Some(MDL),
        times: TimeForm::Exact,
        holder_binding: HolderBinding::Required(binding),
        ..Expected::new(noon(day))
    };
    check_by(response, &signer_of(response), &expected)
}

#[test]
fn iso_18013_5_annex_d() {
    let (verified, report) = check_annex_d(&annex_d("device_response"), "2021-09-01");
    let verified = verified.unwrap_or_else(|| panic!("{report}"));
    for rule in ["mdoc.issuer-auth.signature", "mdoc.digest", "mdoc.device-auth.mac", "mdoc.validity.signed"]
    {
        assert_eq!(evidence(&report, rule), &Outcome::Passed);
    }
    let elements = &verified.claims[MDL_NAMESPACE];
    assert_eq!(elements["family_name"], "Doe");
    assert_eq!(elements["issue_date"], "2019-10-20");
    assert_eq!(elements["portrait"], b64::encode(annex_d("device_response_portrait_data")));
    assert_eq!(elements["driving_privileges"][1]["vehicle_category_code"], "B");
    assert_eq!(elements.as_object().unwrap().len(), 6);
    assert!(verified.device_signed.is_empty() && verified.status.is_none());
    let device_key = PublicKey::from_coordinates(
        Curve::P256,
        &annex_d("static_device_key_x"),
        &annex_d("static_device_key_y"),
    );
    assert_eq!(Ok(verified.holder), device_key);
}

#[test]
fn iso_18013_5_annex_d_at_other_times_and_with_other_keys() {
    let response = annex_d("device_response");
    for (day, rule) in [("2021-10-03", "mdoc.validity"), ("2020-09-30", "mdoc.validity")] {
        failed(&check_annex_d(&response, day).1, rule);
    }
    // Without the reader's key there is nothing to verify the MAC with.
    let transcript = annex_d_transcript();
    let holder_binding = HolderBinding::Required(DeviceBinding::new(&transcript));
    let expected = Expected { holder_binding, ..Expected::new(noon("2021-09-01")) };
    failed(&check_by(&response, &signer_of(&response), &expected).1, "mdoc.device-auth.alg");
    // With another reader's key, and with another transcript.
    let other = SoftwareDecrypter::from_scalar(Curve::P256, &annex_d("ephemeral_device_key_d")).unwrap();
    let another = super::support::transcript();
    for (reader, transcript) in [(&other, &transcript), (&annex_d_reader(), &another)] {
        let binding = DeviceBinding { reader_key: Some(reader), ..DeviceBinding::new(transcript) };
        let expected = Expected {
            holder_binding: HolderBinding::Required(binding),
            ..Expected::new(noon("2021-09-01"))
        };
        failed(&check_by(&response, &signer_of(&response), &expected).1, "mdoc.device-auth.mac");
    }
}

// Clauses: MDOC-H-9.1.3-01, MDOC-H-9.1.3-04
#[test]
fn iso_18013_5_annex_d_from_the_wallet_s_side() {
    let response = annex_d("device_response");
    let reader = annex_d_reader();
    let device_key = SoftwareDecrypter::from_scalar(Curve::P256, &annex_d("static_device_key_d")).unwrap();
    let parsed = DeviceResponse::parse(&response, &LIMITS).unwrap();
    let document = &parsed.documents[0];
    let signed = document.device_signed.as_ref().unwrap();
    let transcript = annex_d_transcript();
    let content = device_auth::device_authentication(&transcript, document.doc_type, signed.namespaces.whole);
    let secret = now(credenza_crypto::Decrypter::agree(&device_key, &reader_public(&reader))).unwrap();
    let mac = signed.auth.mac.as_ref().unwrap();
    assert_eq!(mac.header.algorithm, algorithm::HMAC_256);
    let key = device_auth::mac_key(&secret, &transcript);
    assert_eq!(mac.verify_detached(&content, &key, &[]), Ok(()));
    // EMacKey as it is printed.
    let printed = credenza_crypto::cose::MacKey::new(&annex_d("derived_emackey"));
    assert_eq!(mac.verify_detached(&content, &printed, &[]), Ok(()));
}

fn reader_public(reader: &SoftwareDecrypter) -> PublicKey {
    credenza_crypto::Decrypter::public_jwk(reader).key.clone()
}

/// The transcript of a recorded response, made from the parameters of its request.
fn recorded_transcript(case: &Value) -> SessionTranscript {
    let parameters = &case["parameters"];
    let of = |name| text(parameters, name);
    match text(case, "id") {
        "animo-mdoc-05" => {
            let thumbprint = hex(of("jwk_thumbprint_hex")).try_into().unwrap();
            SessionTranscript::openid4vp(of("client_id"), of("nonce"), Some(&thumbprint), of("response_uri"))
        }
        "google" => SessionTranscript::openid4vp_dc_api_draft_24(of("origin"), of("client_id"), of("nonce")),
        _ => SessionTranscript::iso_18013_7(
            of("client_id"),
            of("response_uri"),
            of("nonce"),
            of("mdoc_generated_nonce"),
        ),
    }
}

// Clauses: VP-B.2.6.1-12
#[test]
fn responses_of_four_wallets() {
    let file = vectors("mdoc-responses/device_responses.json");
    let cases = file["device_responses"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let id = text(case, "id");
        let transcript = recorded_transcript(case);
        assert_eq!(transcript.as_bytes(), hex(text(case, "session_transcript_cbor_hex")), "{id}");
        let response = b64::decode(text(case, "device_response_b64url")).unwrap();
        let document = &case["documents"][0];
        let holder_binding = HolderBinding::Required(DeviceBinding::new(&transcript));
        let expected = Expected {
            doc_type: document["doctype"].as_str(),
            holder_binding,
            ..Expected::new(noon(text(case, "evaluate_at")))
        };
        let (verified, report) = check_by(&response, &signer_of(&response), &expected);
        for rule in ["mdoc.issuer-auth.signature", "mdoc.digest"] {
            assert_eq!(evidence(&report, rule), &Outcome::Passed, "{id}");
        }
        if id == "ubique" {
            let failures = report.checks.iter().filter(|check| check.outcome == Outcome::Failed);
            assert_eq!(failures.map(|check| check.rule.id).collect::<Vec<_>>(), ["mdoc.issuer-auth.x5chain"]);
            check_device_signature(&response, &transcript);
            continue;
        }
        assert_eq!(evidence(&report, "mdoc.device-auth.signature"), &Outcome::Passed, "{id}");
        let verified = verified.unwrap_or_else(|| panic!("{id}\n{report}"));
        let until = text(&document["validity"], "validUntil").replace(' ', "T");
        assert_eq!(Some(verified.validity.valid_until), UnixTime::from_rfc3339(&until), "{id}");
        // Google's licence has fractions of seconds in its times.
        let form = if id == "google" { Outcome::Warned } else { Outcome::Passed };
        assert_eq!(evidence(&report, "mdoc.validity.form"), &form, "{id}");
        if id == "google" {
            let strict = Expected { times: TimeForm::Exact, ..expected };
            failed(&check_by(&response, &signer_of(&response), &strict).1, "mdoc.validity.form");
        }
        // The same response for any other request.
        let other = super::support::transcript();
        let holder_binding = HolderBinding::Required(DeviceBinding::new(&other));
        let expected = Expected { holder_binding, ..expected };
        failed(&check_by(&response, &signer_of(&response), &expected).1, "mdoc.device-auth.signature");
    }
}

/// The holder's signature alone.
fn check_device_signature(response: &[u8], transcript: &SessionTranscript) {
    let parsed = DeviceResponse::parse(response, &LIMITS).unwrap();
    let document = &parsed.documents[0];
    let signed = document.device_signed.as_ref().unwrap();
    let content = device_auth::device_authentication(transcript, document.doc_type, signed.namespaces.whole);
    let key = &document.issuer_signed.mso.device_key;
    let signature = signed.auth.signature.as_ref().unwrap();
    assert_eq!(signature.verify_detached(&content, key, &[Algorithm::Es256], &[]), Ok(()));
}

#[test]
fn an_issued_licence() {
    let file = vectors("mdoc-responses/device_responses.json");
    let case = &file["issuer_signed"][0];
    let bytes = b64::decode(text(case, "issuer_signed_b64url")).unwrap();
    let parsed = IssuerSigned::parse(&bytes, &LIMITS).unwrap();
    let holder = parsed.mso.device_key.clone();
    let issuer = leaf_key(parsed.x5chain());
    let mut report = Report::new("issued");
    let expected = Expected { doc_type: Some(MDL), ..Expected::new(noon("2025-03-01")) };
    let held = Held::accept(bytes.clone(), &LIMITS, &issuer, &holder, &expected, &mut report);
    let held = held.unwrap_or_else(|| panic!("{report}"));
    assert_eq!(held.as_bytes(), bytes);
    let namespaces: Vec<&str> = held.claims().keys().map(String::as_str).collect();
    assert_eq!((namespaces, held.elements().count()), (vec![MDL_NAMESPACE, "org.iso.18013.5.1.DE"], 18));
    // Its digests are numbered with 32 random bits.
    assert_eq!(evidence(&report, "mdoc.digest-id.range"), &Outcome::Warned);
    // The intermediate of the chain was issued by the certificate that is to be trusted.
    assert_eq!(pem_to_der_chain(case["trusted_certificates_pem"][0].as_str().unwrap()).unwrap().len(), 1);
}

// Checks: VER-058
#[test]
fn presentations_in_the_conformance_suite() {
    let read = |name: &str| {
        let text = file(&format!("oidf-conformance/ParseVpTokenAsMdoc/{name}.txt"));
        b64::decode(text.trim()).unwrap()
    };
    // No request is known: the issuer's part is verified.
    for (name, doc_type, day, elements) in [
        ("mdoc-animo", PID, "2024-11-01", Some(6)),
        ("mdoc-mac", MDL, "2025-06-01", Some(11)),
        ("mdoc", MDL, "2025-02-09", None),
    ] {
        let response = read(name);
        let expected = Expected { doc_type: Some(doc_type), ..Expected::new(noon(day)) };
        let (verified, report) = check_by(&response, &signer_of(&response), &expected);
        let verified = verified.unwrap_or_else(|| panic!("{name}\n{report}"));
        let disclosed = verified.claims.values().next().map(|elements| elements.as_object().unwrap().len());
        assert_eq!(disclosed, elements, "{name}");
    }
    let response = read("mdoc-mac");
    let parsed = DeviceResponse::parse(&response, &LIMITS).unwrap();
    let auth = &parsed.documents[0].device_signed.as_ref().unwrap().auth;
    assert!(auth.mac.is_some() && auth.signature.is_none());
}

#[test]
fn presentations_to_the_european_verifier() {
    let mut count = 0;
    for (name, day) in [("06-pidPlusMdl", "2025-06-01"), ("08-mdl", "2025-12-20")] {
        let tokens = vectors(&format!("eudi-verifier/{name}-vpToken.json"));
        for token in tokens.as_object().unwrap().values() {
            let response = b64::decode(token[0].as_str().unwrap()).unwrap();
            let mut report = Report::new("response");
            let parsed = DeviceResponse::read(&response, &LIMITS, &mut report).unwrap();
            assert!(parsed.check(&mut report));
            for document in &parsed.documents {
                let expected = Expected {
                    doc_type: Some(document.doc_type),
                    // The certificate is of EU, the licence of Greece.
                    country: CountryMismatch::Warned,
                    ..Expected::new(noon(day))
                };
                let issuer = leaf_key(document.x5chain());
                let verified = now(verify(document, &issuer, &expected, &mut report));
                let verified = verified.unwrap_or_else(|| panic!("{name}\n{report}"));
                assert_eq!(verified.status.is_some(), name == "08-mdl");
                if name == "08-mdl" {
                    let strict = Expected { country: CountryMismatch::Refused, ..expected };
                    failed(&check_by(&response, &issuer, &strict).1, "mdoc.issuing-country");
                }
                count += 1;
            }
            // Two documents in one response: not with HAIP.
            let several = parsed.documents.len() > 1;
            assert_eq!(parsed.single(&mut Report::new("single")).is_none(), several);
        }
    }
    assert_eq!(count, 5);
}

#[test]
fn the_european_wallet_s_pid() {
    let bytes = b64::decode(file("eudi-wallet-vp/mso_mdoc_pid-issuersigned.txt").trim()).unwrap();
    let key = SoftwareSigner::from_private_jwk(&file("eudi-wallet-vp/mso_mdoc_pid-devicekey.json")).unwrap();
    let issuer = leaf_key(IssuerSigned::parse(&bytes, &LIMITS).unwrap().x5chain());
    let at = noon("2026-07-15");
    let mut report = Report::new("issued");
    let expected = Expected { doc_type: Some(PID), ..Expected::new(at) };
    let held = Held::accept(bytes, &LIMITS, &issuer, &key.public_key(), &expected, &mut report);
    let held = held.unwrap_or_else(|| panic!("{report}"));

    let query = vectors("eudi-wallet-vp/mso_mdoc-pid-dcql-query.json");
    let path = query["credentials"][0]["claims"][0]["path"].to_string();
    let presentation = held.present(&paths(&[&path]));
    assert_eq!(presentation.count(), 1);
    let transcript = super::support::transcript();
    let response = now(presentation.sign(&key, &transcript)).unwrap();
    let holder_binding = HolderBinding::Required(DeviceBinding::new(&transcript));
    let (verified, report) = check_by(&response, &issuer, &Expected { holder_binding, ..Expected::new(at) });
    let verified = verified.unwrap_or_else(|| panic!("{report}"));
    let disclosed = verified.claims[PID].as_object().unwrap();
    assert_eq!(disclosed.keys().collect::<Vec<_>>(), ["family_name"]);
    assert_eq!(disclosed["family_name"], held.claims()[PID]["family_name"]);
}

#[test]
fn structures_of_isomdl() {
    let definitions = vectors("isomdl/definitions.json");
    let of = |name| hex(text(&definitions["hex"], name));
    let response = of("device_response");
    // Made up: the signatures are over a sentence, and so there is no mobile security object.
    assert_eq!(DeviceResponse::parse(&response, &LIMITS).unwrap_err(), CborError::Unexpected(0).into());
    let issued = of("issuer_signed");
    let parsed = IssuerSigned::parse(&issued, &LIMITS).unwrap();
    let issuer = leaf_key(parsed.x5chain());
    let holder = parsed.mso.device_key.clone();
    let mut report = Report::new("issued");
    let expected = Expected { doc_type: Some(MDL), ..Expected::new(noon("2021-06-01")) };
    let held = Held::accept(issued.clone(), &LIMITS, &issuer, &holder, &expected, &mut report);
    assert!(held.is_some(), "{report}");
    let key = of("cose_key_ec_p256");
    assert!(CoseKey::parse(&key).is_ok());
    assert_eq!(of("session_session_transcript"), annex_d("session_transcript_bytes"));
    // Without the elements' values the digests are others.
    let mut report = Report::new("dehydrated");
    let dehydrated =
        Held::accept(of("issuer_signed_dehydrated"), &LIMITS, &issuer, &holder, &expected, &mut report);
    assert!(dehydrated.is_none() && !report.ok());
    assert_eq!(json!(held.unwrap().status()), Value::Null);
}
