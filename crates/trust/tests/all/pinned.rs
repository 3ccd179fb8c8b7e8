//! Pinned keys, and how they stand beside certificates.

use std::sync::Arc;

use credenza_core::SeededRandom;
use credenza_crypto::{Algorithm, Jwk, JwkSet, Signer, SoftwareSigner};
use credenza_trust::contract::{ask, check};
use credenza_trust::{AnyOf, Distrust, KeyMaterial, PinnedKeys, Purpose, Trust};

use crate::NOW;

const ISSUER: &str = "https://issuer.example";
const PID: Purpose<'static> = Purpose::Issuer { credential_type: "urn:eudi:pid:1" };

fn key(seed: u64, kid: &str) -> Jwk {
    let signer = SoftwareSigner::generate(Algorithm::Es256, &SeededRandom::new(seed)).unwrap();
    signer.with_kid(kid).public_jwk().clone()
}

#[test]
fn keeps_the_promises_of_the_port() {
    let keys = JwkSet { keys: vec![key(1, "one"), key(2, "two")] };
    let pinned = PinnedKeys::new().with(ISSUER, keys, &[PID]);
    let material = KeyMaterial { issuer: Some(ISSUER), kid: Some("two"), ..KeyMaterial::default() };
    check(&pinned, &material, &[PID], NOW);
    let trusted = ask(&pinned, &material, PID, NOW).unwrap();
    assert_eq!(trusted.key, key(2, "two").key);
}

#[test]
fn j23_a_name_that_two_keys_have_is_nobodys() {
    let keys = JwkSet { keys: vec![key(1, "same"), key(2, "same")] };
    let pinned = PinnedKeys::new().with(ISSUER, keys, &[PID]);
    for kid in [Some("same"), Some("other"), None] {
        let material = KeyMaterial { issuer: Some(ISSUER), kid, ..KeyMaterial::default() };
        assert_eq!(ask(&pinned, &material, PID, NOW).unwrap_err(), Distrust::Unknown, "{kid:?}");
    }
}

#[test]
fn x12_a_pinned_issuer_is_not_known_by_certificates() {
    struct Everybody(Jwk);
    impl Trust for Everybody {
        fn resolve<'a>(
            &'a self,
            _: &'a KeyMaterial<'a>,
            _: Purpose<'a>,
            _: credenza_core::UnixTime,
        ) -> credenza_core::Answer<'a, Result<credenza_trust::Trusted, Distrust>> {
            let key = self.0.key.clone();
            credenza_core::Answer::later(async move {
                Ok(credenza_trust::Trusted {
                    key,
                    how: "everybody".into(),
                    name: None,
                    authority_key_ids: Vec::new(),
                    authorities: Vec::new(),
                    leaf: None,
                })
            })
        }
    }
    let pinned = PinnedKeys::new().with(ISSUER, JwkSet { keys: vec![key(1, "one")] }, &[PID]);
    let any = AnyOf::new(vec![Arc::new(pinned), Arc::new(Everybody(key(3, "three")))]);
    let chain = [vec![1, 2, 3]];
    let by_certificate = KeyMaterial { issuer: Some(ISSUER), x5c: Some(&chain), ..KeyMaterial::default() };
    assert_eq!(ask(&any, &by_certificate, PID, NOW).unwrap_err(), Distrust::Mechanism);
    let other = KeyMaterial { issuer: Some("https://other.example"), ..by_certificate };
    assert_eq!(ask(&any, &other, PID, NOW).unwrap().how, "everybody");
    let by_key = KeyMaterial { issuer: Some(ISSUER), ..KeyMaterial::default() };
    assert_eq!(ask(&any, &by_key, PID, NOW).unwrap().key, key(1, "one").key);
}
