//! What is made by our own issuers is taken apart, and what is wrong with it is seen.

use std::time::Duration;

use credenza_core::{FixedClock, Outcome, SystemRandom, b64};
use credenza_crypto::cose::{self, Content, SigningHeader, Writer};
use credenza_crypto::x509::{CertificateAuthority, LeafProfile, Publication, RevokedCertificate, Subject};
use credenza_crypto::{Algorithm, HashAlgorithm, IdentifiedBy, Jwk, Signer as _, SoftwareSigner};
use credenza_formats::mdoc::{self, ElementTypes, KeyAuthorizations, ValidityInfo};
use credenza_formats::status_list::{EncodedList, Level, Status, StatusArray, StatusBits, token};
use credenza_trust::did;
use serde_json::json;

use super::*;

const NOW: UnixTime = UnixTime::from_secs(1_750_000_000);
const DAY: Duration = Duration::from_secs(86_400);

fn inspect(text: &str) -> Inspection {
    Inspector::new(Arc::new(FixedClock::at(NOW))).inspect(text).unwrap()
}

fn outcome(inspection: &Inspection, id: &str) -> Option<Outcome> {
    inspection.report.as_ref()?.find(id).map(|check| check.outcome)
}

fn part<'a>(inspection: &'a Inspection, name: &str) -> &'a InspectedPart {
    inspection.parts.iter().find(|part| part.name == name).unwrap_or_else(|| panic!("no {name}"))
}

fn iaca() -> (CertificateAuthority, Publication) {
    let signer = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap();
    let subject = Subject { country: Some("UT".to_owned()), ..Subject::from("Utopia IACA") };
    let publication =
        Publication { contact: "mailto:a@b.example".to_owned(), crl_url: "https://b.example/crl".to_owned() };
    let iaca =
        CertificateAuthority::iaca(signer, subject, &publication, NOW, DAY * 3000, &SystemRandom).unwrap();
    (iaca, publication)
}

fn document_signer() -> SoftwareSigner {
    let (iaca, publication) = iaca();
    let signer = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap();
    let subject = Subject { country: Some("UT".to_owned()), ..Subject::from("Utopia DS") };
    let profile = LeafProfile::document_signer(subject, publication, NOW, DAY * 300);
    let chain = iaca.issue_chain(&signer.public_key(), &profile, &SystemRandom).unwrap();
    signer.with_x5c(chain)
}

async fn licence() -> Vec<u8> {
    let signer = document_signer();
    let claims = json!({"org.iso.18013.5.1": {"family_name": "Mustermann", "age_over_18": true}});
    let holder = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap();
    let validity =
        ValidityInfo { signed: NOW, valid_from: NOW, valid_until: NOW + DAY, expected_update: None };
    let issuance = mdoc::Issuance {
        doc_type: mdoc::MDL,
        claims: claims.as_object().unwrap(),
        types: &ElementTypes::standard(),
        holder: &holder.public_key(),
        validity,
        hash: HashAlgorithm::Sha256,
        status: None,
        key_authorizations: &KeyAuthorizations::default(),
    };
    mdoc::issue(&signer, &issuance, &SystemRandom).await.unwrap()
}

#[tokio::test]
async fn a_mobile_document_with_matched_digests() {
    let licence = licence().await;
    for text in [b64::encode(&licence), b64::encode_std(&licence), crate::keys::authority::hex(&licence)] {
        let found = inspect(&text);
        assert!(found.kind.starts_with("mdoc: IssuerSigned"), "{}", found.kind);
        let names = &part(&found, "org.iso.18013.5.1").content;
        assert_eq!(names["family_name"]["value"], "Mustermann");
        assert_eq!(names["family_name"]["digest"], "matches");
        assert_eq!(part(&found, "mobile security object").content["doc_type"], mdoc::MDL);
        assert_eq!(outcome(&found, "inspect.mdoc.digests"), Some(Outcome::Passed));
        assert_eq!(outcome(&found, "inspect.mdoc.validity"), Some(Outcome::Passed));
        assert!(part(&found, "diagnostic notation").content.as_str().unwrap().contains("24(<<{\"digestID\""));
    }
    // One letter of a value is another.
    let at = licence.windows(10).position(|part| part == b"Mustermann").unwrap();
    let mut forged = licence.clone();
    forged[at] = b'X';
    assert_eq!(outcome(&inspect(&b64::encode(&forged)), "inspect.mdoc.digests"), Some(Outcome::Failed));
}

#[tokio::test]
async fn status_lists_are_counted() {
    let signer = document_signer();
    let mut statuses = StatusArray::new(StatusBits::from_number(2).unwrap(), 1000).unwrap();
    statuses.set(3, Status::Invalid).unwrap();
    statuses.set(7, Status::Suspended).unwrap();
    let list = EncodedList::new(&statuses, Level::BEST);
    let issuance = token::Issuance::new("https://example.org/list", NOW);
    let header = token::jwt::header(&signer, IdentifiedBy::X5c);
    let jwt = token::jwt::issue(&signer, &header, &issuance, &list).await.unwrap();
    let cwt = token::cwt::issue(&signer, IdentifiedBy::X5c, &issuance, &list).await.unwrap();
    for (text, kind) in [(jwt, "JWT: status list"), (b64::encode(cwt), "CWT: status list")] {
        let found = inspect(&text);
        assert_eq!(found.kind, kind);
        let list = &part(&found, "status list").content;
        assert_eq!(list["statuses"]["1 INVALID"], 1, "{list}");
        assert_eq!(list["statuses"]["2 SUSPENDED"], 1);
        assert_eq!(list["entries"], 1000);
        assert_eq!(outcome(&found, "inspect.status-list"), Some(Outcome::Passed));
    }
}

#[test]
fn w3c_documents() {
    let mut credential = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential", "Degree"],
        "issuer": "https://issuer.example",
        "credentialSubject": {"id": "did:example:1"},
        "proof": {"type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "proofPurpose": "assertionMethod"},
    });
    let found = inspect(&credential.to_string());
    assert_eq!(found.kind, "W3C credential, with an embedded proof");
    assert_eq!(part(&found, "proof").content["cryptosuite"], "eddsa-jcs-2022");
    assert_eq!(outcome(&found, "inspect.w3c.cryptosuite"), Some(Outcome::Passed));
    assert!(found.report.unwrap().ok());

    credential["proof"]["cryptosuite"] = json!("rot13");
    credential.as_object_mut().unwrap().remove("issuer");
    let found = inspect(&credential.to_string());
    assert_eq!(outcome(&found, "inspect.w3c.cryptosuite"), Some(Outcome::Failed));
    assert!(!found.report.unwrap().ok());

    let presentation = json!({
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "verifiableCredential": [credential],
    });
    assert_eq!(inspect(&presentation.to_string()).kind, "W3C presentation");
}

#[test]
fn dids_and_their_documents() {
    let signer = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap();
    let did = did::key::from_public_key(&signer.public_key()).unwrap();
    let found = inspect(did.as_str());
    assert_eq!(found.kind, "did:key");
    assert_eq!(part(&found, "keys").content[0]["key"]["crv"], "P-256");
    let own = did::jwk::from_jwk(&Jwk::new(signer.public_key())).unwrap();
    assert_eq!(inspect(own.as_str()).kind, "did:jwk");
    assert_eq!(
        part(&inspect("did:web:example.org"), "document").content,
        "https://example.org/.well-known/did.json"
    );
    assert_eq!(outcome(&inspect("did:key:zNonsense"), "inspect.did.document"), Some(Outcome::Failed));
    assert!(Inspector::new(Arc::new(FixedClock::at(NOW))).inspect("did:").is_err());

    let good = json!({"id": "did:web:example.org", "verificationMethod": []});
    assert_eq!(inspect(&good.to_string()).kind, "DID document");
    let bad = json!({"id": "did:web:example.org", "verificationMethod": 1});
    assert_eq!(outcome(&inspect(&bad.to_string()), "inspect.did.document"), Some(Outcome::Failed));
}

#[test]
fn certificates_are_held_against_what_they_seem_to_be_for() {
    let chain = document_signer();
    let found = inspect(&crate::keys::file::chain_pem(&chain));
    let remark = part(&found, "certificate 1").remark.clone().unwrap();
    assert!(remark.contains("keeps the profile of a signer of mobile documents"), "{remark}");
    let (iaca, _) = iaca();
    let remark = part(&inspect(&iaca.to_pem()), "certificate 1").remark.clone().unwrap();
    assert!(remark.contains("root of an issuing authority"), "{remark}");
    let long = LeafProfile::new("Bare", NOW, DAY).purpose("1.0.18013.5.1.2");
    let bare = iaca.issue(&chain.public_key(), &long, &SystemRandom).unwrap();
    let remark = part(&inspect(&b64::encode_std(bare)), "certificate 1").remark.clone().unwrap();
    assert!(remark.contains("breaks x509.profile."), "{remark}");

    let revoked = [RevokedCertificate { serial: vec![0x41, 7], since: NOW }];
    let list = iaca.revocation_list(&revoked, 1, NOW, NOW + DAY).unwrap();
    for text in [
        b64::encode_std(&list),
        format!("-----BEGIN X509 CRL-----\n{}\n-----END X509 CRL-----", b64::encode_std(&list)),
    ] {
        let found = inspect(&text);
        assert_eq!(found.kind, "certificate revocation list");
        assert_eq!(part(&found, "revocation list").content["certificates"][0]["serial"], "4107");
        assert_eq!(outcome(&found, "inspect.crl"), Some(Outcome::Passed));
    }
    let late = iaca.revocation_list(&[], 2, NOW - DAY - DAY, NOW - DAY).unwrap();
    assert_eq!(outcome(&inspect(&b64::encode_std(late)), "inspect.crl"), Some(Outcome::Failed));
}

#[tokio::test]
async fn lists_and_statements() {
    let (iaca, _) = iaca();
    let mut vical = Writer::default();
    vical.map(4).text("version").text("1.0").text("vicalProvider").text("Utopia").text("date").tag(0);
    vical.text("2025-06-01T00:00:00Z").text("certificateInfos").array(1).map(2).text("certificate");
    vical.bytes(iaca.certificate()).text("docType").array(1).text(mdoc::MDL);
    let signer = document_signer();
    let header = SigningHeader::new(&signer);
    let signed = cose::sign1(&signer, &header, Content::Attached(vical.as_bytes()), &[]).await.unwrap();
    let found = inspect(&b64::encode(signed));
    assert_eq!(found.kind, "VICAL: a list of issuing authorities");
    assert_eq!(part(&found, "authorities").content[0]["doc_types"][0], mdoc::MDL);

    let jwt = |typ: &str, claims: &Value| {
        let header = json!({"alg": "ES256", "typ": typ}).to_string();
        format!("{}.{}.AA", b64::encode(header), b64::encode(claims.to_string()))
    };
    let list = json!({"LoTE": {
        "ListAndSchemeInformation": {"ListIssueDateTime": "2025-06-01T00:00:00Z"},
        "TrustedEntitiesList": [{"TrustedEntityServices": [{"ServiceInformation": {
            "ServiceTypeIdentifier": "x",
            "ServiceDigitalIdentity": {"X509Certificates": [{"val": b64::encode_std(iaca.certificate())}]},
        }}]}],
    }});
    for text in [list.to_string(), jwt("JWT", &list)] {
        let found = inspect(&text);
        assert!(found.kind.ends_with("list of trusted entities"), "{}", found.kind);
        assert_eq!(part(&found, "services").content[0]["certificates"][0], iaca.parsed().subject);
    }
    let statement = json!({"iss": "https://a.example", "sub": "https://a.example", "iat": 1, "exp": 2_000_000_000,
        "jwks": {"keys": [signer.public_jwk().to_value()]}, "metadata": {"openid_provider": {}}});
    let found = inspect(&jwt("entity-statement+jwt", &statement));
    assert_eq!(found.kind, "JWT: entity configuration");
    assert_eq!(outcome(&found, "inspect.federation.statement"), Some(Outcome::Passed));
    let found = inspect(&jwt("entity-statement+jwt", &json!({"iss": "x"})));
    assert_eq!(outcome(&found, "inspect.federation.statement"), Some(Outcome::Failed));
}

#[test]
fn c05_hostile_cbor_ends_in_a_sentence() {
    // A key twice, an indefinite length, nesting without end, and embedded items without end.
    let mut nested = vec![0x81; 4000];
    nested.push(0);
    let mut embedded = vec![0x80];
    for _ in 0..200 {
        let mut outer = Writer::default();
        outer.encoded(&embedded);
        embedded = outer.into_bytes();
    }
    for (bytes, outcome_of) in [
        (vec![0xa2, 1, 1, 1, 2], Outcome::Failed),
        (vec![0x9f, 1, 0xff], Outcome::Failed),
        (nested, Outcome::Failed),
        (embedded, Outcome::Passed),
        (vec![0x81, 0xf9, 0x3c, 0x00], Outcome::Passed),
    ] {
        let found = inspect(&b64::encode(&bytes));
        assert_eq!(outcome(&found, "inspect.cbor"), Some(outcome_of), "{}", found.kind);
    }
    let huge = Inspector::new(Arc::new(FixedClock::at(NOW))).inspect("mv____8"); // an array of four thousand million
    assert!(huge.is_err());
}

proptest::proptest! {
    #[test]
    fn bytes_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = Inspector::new(Arc::new(FixedClock::at(NOW))).inspect(&b64::encode(bytes));
    }

    #[test]
    fn nor_do_nearly_right_documents(at in 0_usize..3000, byte in proptest::num::u8::ANY) {
        let mut licence = LICENCE.clone();
        if let Some(place) = licence.get_mut(at) {
            *place = byte;
        }
        let _ = Inspector::new(Arc::new(FixedClock::at(NOW))).inspect(&b64::encode(licence));
    }
}

static LICENCE: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(licence())
});
