//! An mdoc, as ISO/IEC 18013-5 and the specification want it.

use credenza_core::b64;
use credenza_crypto::hash::sha256;
use credenza_crypto::{Algorithm, Certificate, Signer as _};
use credenza_formats::mdoc::{IssuerSigned, MdocLimits};
use credenza_vci::issuer::{CredentialConfiguration, OfferError, OfferRequest};
use serde_json::{Map, Value, json};

use crate::formats::zoo::{MDL, Zoo, claims};
use crate::support::*;

/// What is mandatory in a driving licence: ISO/IEC 18013-5, table 5.
const MANDATORY: [&str; 11] = [
    "family_name",
    "given_name",
    "birth_date",
    "issue_date",
    "expiry_date",
    "issuing_country",
    "issuing_authority",
    "document_number",
    "portrait",
    "driving_privileges",
    "un_distinguishing_sign",
];

/// The driving licence that comes with the service.
fn licence() -> CredentialConfiguration {
    let text = include_str!("../../../../credenza/src/config/credential-types/mdl.json");
    CredentialConfiguration { id: "licence".to_owned(), scope: None, ..serde_json::from_str(text).unwrap() }
}

fn fetch(world: &World, id: &str, claims: Map<String, Value>) -> (Vec<u8>, credenza_crypto::PublicKey) {
    let token = world.redeem(&world.create(OfferRequest::of(id, claims)));
    let key = world.key();
    let proofs = json!({ "jwt": [world.proof(&key, &world.nonce())] });
    let response = world.credential(&token, &json!({ "credential_configuration_id": id, "proofs": proofs }));
    let text = body(&response)["credentials"][0]["credential"].as_str().unwrap().to_owned();
    assert!(!text.contains(['=', '+', '/', '.']), "base64url without padding, and no JWT");
    (b64::decode(&text).unwrap(), key.public_jwk().key.clone())
}

// Checks: ISS-105 to ISS-110
#[test]
fn an_mdoc_is_what_the_issuer_has_signed_for_the_key_that_was_proven() {
    let zoo = Zoo::new();
    let (bytes, key) = fetch(&zoo.world, "mdl", claims("mdl"));
    // A map (of two), and neither a device response nor anything else.
    assert_eq!(bytes[0], 0xa2);
    let parsed = IssuerSigned::parse(&bytes, &MdocLimits::default()).unwrap();
    let auth = &parsed.issuer_auth;
    assert_eq!(auth.header.algorithm, -7);
    let [leaf] = parsed.x5chain() else { panic!("the document signer alone") };
    let leaf = Certificate::parse(leaf).unwrap();
    assert!(!leaf.is_self_issued());
    auth.verify(&leaf.key, &[Algorithm::Es256], &[]).unwrap();
    assert_eq!(parsed.mso.doc_type, MDL);
    assert_eq!(parsed.mso.device_key, key);
    assert_eq!(parsed.mso.digest_algorithm, "SHA-256");
    let mut items = 0;
    for (namespace, item) in parsed.elements() {
        let digest = parsed.mso.digest(namespace, item.digest_id);
        assert_eq!(digest, Some(&sha256(item.encoded.whole)[..]), "{}", item.identifier);
        items += 1;
    }
    assert_eq!(items, 8);
}

// Checks: ISS-111
#[test]
fn an_mdoc_with_a_status_has_it_in_what_was_signed() {
    let (world, _) =
        super::credentials::with_status(|builder| builder.configuration(licence_without_mandatory()));
    let little = json!({ "org.iso.18013.5.1": { "given_name": "Erika" } });
    let (bytes, _) = fetch(&world, "licence", little.as_object().unwrap().clone());
    let held = credenza_formats::mdoc::Held::restore(bytes, &MdocLimits::default()).unwrap();
    let status = held.status().unwrap().as_object().unwrap();
    assert_eq!(status.keys().collect::<Vec<_>>(), ["status_list"]);
}

fn licence_without_mandatory() -> CredentialConfiguration {
    CredentialConfiguration { claims: vec![], ..licence() }
}

// Checks: ISS-112
#[test]
fn a_driving_licence_has_all_that_is_mandatory_or_is_not_offered() {
    let world = World::with(|builder| builder.configuration(licence()));
    let mut elements = json!({
        "given_name": "Erika", "expiry_date": "2030-01-02", "issuing_authority": "Amt", "document_number": "1",
        "un_distinguishing_sign": "UT",
    });
    let more = claims("mdl").remove("org.iso.18013.5.1").unwrap();
    elements.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let whole = |elements: &Value| json!({ "org.iso.18013.5.1": elements }).as_object().unwrap().clone();
    for name in MANDATORY {
        let mut less = elements.clone();
        less.as_object_mut().unwrap().remove(name).unwrap();
        let refused = wait(world.issuer.create_offer(OfferRequest::of("licence", whole(&less))));
        assert!(matches!(refused, Err(OfferError::MissingClaim { .. })), "{name}: {refused:?}");
    }
    let (bytes, _) = fetch(&world, "licence", whole(&elements));
    let parsed = IssuerSigned::parse(&bytes, &MdocLimits::default()).unwrap();
    for name in MANDATORY {
        let mut found = parsed.elements().filter(|(_, item)| item.identifier == name);
        let namespace = found.next().map(|(namespace, _)| namespace);
        assert_eq!((namespace, found.next().is_none()), (Some("org.iso.18013.5.1"), true), "{name}");
    }
}
