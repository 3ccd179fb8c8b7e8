//! Each kind of thing: as it should be, by a stranger, changed, too old.

use credenza_core::{Outcome, SystemRandom};
use credenza_crypto::{Header, IdentifiedBy, Jwk, JwkSet, Signer as _, SoftwareSigner, jwt, x509};
use credenza_trust::{Anchor, Nobody, X509Anchors};
use serde_json::json;

use super::*;
use crate::keys::identity::Identity;

const NOW: UnixTime = UnixTime::from_secs(1_750_000_000);

fn demand<'a>(trust: &'a dyn Trust, anchors: &'a [Vec<u8>]) -> Demand<'a> {
    Demand { trust, anchors, holder: None, status: None, now: NOW }
}

fn identity() -> Identity {
    Identity::generate("Test", &"https://v.example".parse().unwrap(), NOW, &SystemRandom).unwrap()
}

async fn request(signer: &SoftwareSigner, exp: i64) -> String {
    let header = Header::signing(signer, "oauth-authz-req+jwt", IdentifiedBy::X5c);
    jwt::sign(signer, &header, &json!({"nonce": "n", "exp": exp})).await.unwrap()
}

fn failed(report: &Report, id: &str) -> bool {
    report.find(id).is_some_and(|check| check.outcome == Outcome::Failed)
}

#[tokio::test]
async fn a_request_by_a_known_verifier() {
    let identity = identity();
    let root = identity.authority.certificate().to_vec();
    let text = request(&identity.verifier, 1_750_000_300).await;
    let trust = X509Anchors::new(&[Anchor::for_verifiers(root.clone())]).unwrap();
    assert!(verify(&text, demand(&trust, &[])).await.unwrap().ok());

    let issuers_only = X509Anchors::new(&[Anchor::for_issuers(root)]).unwrap();
    assert!(failed(&verify(&text, demand(&issuers_only, &[])).await.unwrap(), "verify.signer"));
    assert!(failed(&verify(&text, demand(&Nobody, &[])).await.unwrap(), "verify.signer"));

    let old = request(&identity.verifier, 1_749_000_000).await;
    assert!(failed(&verify(&old, demand(&trust, &[])).await.unwrap(), "verify.times"));
}

#[tokio::test]
async fn a_changed_token_fails_by_its_signature() {
    let identity = identity();
    let trust = GivenKeys(JwkSet { keys: vec![Jwk::new(identity.verifier.public_jwk().key.clone())] });
    let text = request(&identity.verifier, 1_750_000_300).await;
    assert!(verify(&text, demand(&trust, &[])).await.unwrap().ok());
    let mut parts: Vec<&str> = text.split('.').collect();
    parts[1] = "e30";
    assert!(failed(&verify(&parts.join("."), demand(&trust, &[])).await.unwrap(), "verify.signature"));
    for nonsense in ["a.b.c", "e30.e30.AA"] {
        assert!(failed(&verify(nonsense, demand(&trust, &[])).await.unwrap(), "verify.parse"));
    }
}

#[tokio::test]
async fn a_chain_of_certificates() {
    let identity = identity();
    let root = identity.authority.certificate().to_vec();
    let pem = x509::der_to_pem(&identity.issuer.x5c()[0]);
    assert!(verify(&pem, demand(&Nobody, &[root])).await.unwrap().ok());
    assert!(failed(&verify(&pem, demand(&Nobody, &[])).await.unwrap(), "verify.path"));
}

#[tokio::test]
async fn other_texts_are_not_verifiable() {
    for text in ["", "hello", "{}", "a.b", "a.b.c.d.e"] {
        assert!(verify(text, demand(&Nobody, &[])).await.is_err(), "{text:?}");
    }
}
