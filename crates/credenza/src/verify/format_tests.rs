//! What is issued in each format verifies for whom trusts the issuer, and for nobody else, and not when it was changed.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Outcome, SystemRandom, b64};
use credenza_crypto::x509::{
    self, CertificateAuthority, LeafProfile, Publication, RevokedCertificate, Subject,
};
use credenza_crypto::{Algorithm, IdentifiedBy, Jwk, Signer as _, SoftwareSigner};
use credenza_formats::mdoc;
use credenza_formats::status_list::{EncodedList, Level, StatusArray, StatusBits, token};
use credenza_query::dcql::Format;
use credenza_trust::did;
use credenza_trust::{Anchor, AnyOf, DidKeys, DidResolver, Nobody, Purpose, X509Anchors};
use serde_json::{Map, Value, json};

use super::*;
use crate::issue::{Order, issue};

const NOW: UnixTime = UnixTime::from_secs(1_750_000_000);
const DAY: Duration = Duration::from_secs(86_400);

struct World {
    iaca: CertificateAuthority,
    publication: Publication,
    signer: SoftwareSigner,
    holder: SoftwareSigner,
    contexts: Contexts,
}

impl World {
    fn new() -> Self {
        let key = || SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap();
        let named = |name: &str| Subject { country: Some("UT".to_owned()), ..Subject::from(name) };
        let publication = Publication {
            contact: "mailto:a@b.example".to_owned(),
            crl_url: "https://b.example/crl".to_owned(),
        };
        let iaca =
            CertificateAuthority::iaca(key(), named("IACA"), &publication, NOW, DAY * 3000, &SystemRandom)
                .unwrap();
        let signer = key();
        let profile = LeafProfile::document_signer(named("Signer"), publication.clone(), NOW, DAY * 300)
            .uri("https://issuer.example");
        let chain = iaca.issue_chain(&signer.public_key(), &profile, &SystemRandom).unwrap();
        Self {
            iaca,
            publication,
            signer: signer.with_x5c(chain),
            holder: key(),
            contexts: Contexts::bundled(),
        }
    }

    fn signer(&self) -> SoftwareSigner {
        SoftwareSigner::from_private_jwk(self.signer.to_private_jwk().expose()).unwrap()
    }

    fn trust(&self) -> AnyOf {
        let anchors = X509Anchors::new(&[Anchor::for_issuers(self.iaca.certificate().to_vec())]).unwrap();
        let own = did::jwk::from_jwk(&Jwk::new(self.signer.public_key())).unwrap();
        let dids =
            DidKeys::new(DidResolver::offline()).trust(own, &[Purpose::Issuer { credential_type: "" }]);
        AnyOf::new(vec![Arc::new(anchors), Arc::new(dids)])
    }

    async fn issue(&self, format: Format, claims: &Value, credential_type: &str) -> String {
        let holder = Jwk::new(self.holder.public_key());
        let order = Order {
            format,
            credential_type: Some(credential_type),
            issuer: None,
            holder: Some(&holder),
            selective: None,
            status: None,
            contexts: &self.contexts,
            now: NOW,
            valid_for: DAY,
        };
        let claims: Map<String, Value> = claims.as_object().cloned().unwrap();
        match issue(self.signer(), claims, &order, &SystemRandom).await.unwrap() {
            Value::String(text) => text,
            document => document.to_string(),
        }
    }
}

fn demand<'a>(trust: &'a dyn Trust, anchors: &'a [Vec<u8>]) -> Demand<'a> {
    Demand { trust, anchors, holder: None, status: None, now: NOW }
}

async fn judged(text: &str, trust: &dyn Trust) -> Report {
    verify(text, demand(trust, &[])).await.unwrap()
}

fn failed(report: &Report, id: &str) -> bool {
    report.find(id).is_some_and(|check| check.outcome == Outcome::Failed)
}

#[tokio::test]
async fn each_format_from_issue_to_verify() {
    let world = World::new();
    let trust = world.trust();
    let person = json!({"given_name": "Erika", "family_name": "Mustermann"});
    let licence = json!({mdoc::MDL_NAMESPACE: {"family_name": "Mustermann", "issuing_country": "UT"}});
    for (format, claims, name) in [
        (Format::SdJwtVc, &person, "urn:example:person"),
        (Format::Mdoc, &licence, mdoc::MDL),
        (Format::JwtVcJson, &person, "Person"),
        (Format::JwtVcJsonLd, &person, "Person"),
        (Format::VcJwt, &person, "Person"),
        (Format::VcSdJwt, &person, "Person"),
        (Format::LdpVc, &person, "Person"),
    ] {
        let text = world.issue(format.clone(), claims, name).await;
        let report = judged(&text, &trust).await;
        assert!(report.ok(), "{format:?} {text}\n{report}");
        assert!(!judged(&text, &Nobody).await.ok(), "{format:?} trusts nobody");
        let late = Demand { now: NOW + DAY * 3, ..demand(&trust, &[]) };
        assert!(!verify(&text, late).await.unwrap().ok(), "{format:?} has expired");
        let changed = change(&text, &format);
        assert!(!judged(&changed, &trust).await.ok(), "{format:?} was changed");
        assert!(
            !verify(&text, Demand { holder: Some(("n", "a")), ..demand(&trust, &[]) }).await.unwrap().ok()
                || format.is_w3c()
                || format == Format::Mdoc,
            "{format:?} was not presented"
        );
    }
}

/// One character of what is signed is another.
fn change(text: &str, format: &Format) -> String {
    match format {
        Format::LdpVc => text.replace("Erika", "Erica"),
        Format::Mdoc => {
            let mut bytes = b64::decode(text).unwrap();
            let at = bytes.windows(10).position(|part| part == b"Mustermann").unwrap();
            bytes[at] = b'X';
            b64::encode(bytes)
        }
        _ => {
            let mut parts: Vec<String> = text.split('.').map(str::to_owned).collect();
            let claims = String::from_utf8(b64::decode(&parts[1]).unwrap()).unwrap();
            parts[1] = b64::encode(claims.replacen("issuer.example", "issuer.exbmple", 1).replacen(
                "did:jwk:e",
                "did:jwk:f",
                1,
            ));
            parts.join(".")
        }
    }
}

#[tokio::test]
async fn what_can_not_be_issued_is_said() {
    let world = World::new();
    let order = |format: &str, credential_type| Order {
        format: Format::new(format),
        credential_type,
        issuer: None,
        holder: None,
        selective: None,
        status: None,
        contexts: &world.contexts,
        now: NOW,
        valid_for: DAY,
    };
    let claims = json!({"a": 1}).as_object().cloned().unwrap();
    for (format, name, wanted) in [
        ("other", Some("x"), "format other"),
        ("dc+sd-jwt", None, "vct"),
        ("mso_mdoc", None, "document type"),
        ("mso_mdoc", Some("x"), "bound to a key"),
        ("ldp_vc", None, "type"),
    ] {
        let error =
            issue(world.signer(), claims.clone(), &order(format, name), &SystemRandom).await.unwrap_err();
        assert!(error.to_string().contains(wanted), "{format}: {error}");
    }
}

#[tokio::test]
async fn an_mdoc_is_bound_to_its_session() {
    let world = World::new();
    let trust = world.trust();
    let licence = json!({mdoc::MDL_NAMESPACE: {"family_name": "M", "issuing_country": "UT"}});
    let text = world.issue(Format::Mdoc, &licence, mdoc::MDL).await;
    let held = mdoc::Held::restore(b64::decode(text).unwrap(), &mdoc::MdocLimits::default()).unwrap();
    let (client, uri) = ("x509_hash:abc", "https://v.example/r");
    let transcript = SessionTranscript::openid4vp(client, "nonce", None, uri);
    let path = credenza_core::ClaimsPath::keys([mdoc::MDL_NAMESPACE, "family_name"]).unwrap();
    let presented = held.present(&[path]).sign(&world.holder, &transcript).await.unwrap();
    let text = b64::encode(presented);

    let bound = Demand { holder: Some(("nonce", client)), ..demand(&trust, &[]) };
    let particulars = Particulars { transcript: Some(&transcript), ..Particulars::default() };
    let report = verify_with(&text, bound, particulars).await.unwrap();
    assert!(report.ok(), "{report}");
    let other = SessionTranscript::openid4vp(client, "another", None, uri);
    let particulars = Particulars { transcript: Some(&other), ..Particulars::default() };
    assert!(!verify_with(&text, bound, particulars).await.unwrap().ok());
    assert!(!verify(&text, bound).await.unwrap().ok(), "no session, no verdict");
    let report = judged(&text, &trust).await;
    assert_eq!(report.find("verify.purpose").unwrap().outcome, Outcome::Warned, "{report}");
}

#[tokio::test]
async fn status_lists_in_both_forms() {
    let world = World::new();
    let statuses = StatusArray::new(StatusBits::from_number(1).unwrap(), 100).unwrap();
    let list = EncodedList::new(&statuses, Level::BEST);
    let issuance = token::Issuance::new("https://issuer.example/list", NOW);
    let header = token::jwt::header(&world.signer, IdentifiedBy::X5c);
    let jwt = token::jwt::issue(&world.signer, &header, &issuance, &list).await.unwrap();
    let cwt = token::cwt::issue(&world.signer, IdentifiedBy::X5c, &issuance, &list).await.unwrap();
    let anchor = Anchor { status_lists: true, ..Anchor::for_issuers(world.iaca.certificate().to_vec()) };
    let trust = X509Anchors::new(&[anchor]).unwrap();
    for text in [jwt, b64::encode(cwt)] {
        let report = judged(&text, &trust).await;
        assert!(report.ok(), "{report}");
        assert!(!judged(&text, &Nobody).await.ok());
        let elsewhere = Particulars { list_uri: Some("https://other.example"), ..Particulars::default() };
        assert!(!verify_with(&text, demand(&trust, &[]), elsewhere).await.unwrap().ok());
    }
}

#[tokio::test]
async fn certificates_keep_their_profile_and_are_not_revoked() {
    let world = World::new();
    let pem = crate::keys::file::chain_pem(&world.signer);
    let anchors = [world.iaca.certificate().to_vec()];
    let check = async |profile, lists: &[Vec<u8>]| {
        let particulars =
            Particulars { profile: Some(profile), revocation_lists: lists, ..Particulars::default() };
        verify_with(&pem, demand(&Nobody, &anchors), particulars).await.unwrap()
    };
    let report = check(CertificateProfile::DocumentSigner, &[]).await;
    assert!(report.ok(), "{report}");
    assert!(failed(&check(CertificateProfile::Reader, &[]).await, "x509.profile.extended-key-usage"));

    let serial = credenza_crypto::Certificate::parse(&world.signer.x5c()[0]).unwrap().serial;
    let good = world.iaca.revocation_list(&[], 1, NOW, NOW + DAY).unwrap();
    assert!(check(CertificateProfile::DocumentSigner, &[good]).await.ok());
    let revoked = [RevokedCertificate { serial, since: NOW }];
    let bad = world.iaca.revocation_list(&revoked, 2, NOW, NOW + DAY).unwrap();
    assert!(failed(&check(CertificateProfile::DocumentSigner, &[bad]).await, "verify.revocation"));
    let old = world.iaca.revocation_list(&[], 3, NOW - DAY - DAY, NOW - DAY).unwrap();
    assert!(failed(&check(CertificateProfile::DocumentSigner, &[old]).await, "verify.revocation"));

    let particulars = Particulars { profile: Some(CertificateProfile::Root), ..Particulars::default() };
    let root = x509::der_to_pem(world.iaca.certificate());
    let report = verify_with(&root, demand(&Nobody, &anchors), particulars).await.unwrap();
    assert!(report.ok(), "{report}");
    assert!(!verify_with(&root, demand(&Nobody, &[]), particulars).await.unwrap().ok());
    assert_eq!(world.publication.crl_url, "https://b.example/crl");
}
