//! The adapters keep the promises of their ports, and the contract finds out those that don't.

use credenza_core::{Answer, SeededRandom, SystemRandom};
use credenza_crypto::contract::{self, Broken};
use credenza_crypto::{
    AgreeError, Algorithm, Curve, Decrypter, Jwk, KeyError, PublicKey, RsaDecrypter, SharedSecret, SignError,
    Signer, SoftwareDecrypter, SoftwareSigner,
};

use crate::support::{SIGNING, now, signer};

const EXCHANGE: [Curve; 4] = [Curve::P256, Curve::P384, Curve::P521, Curve::X25519];

// Clauses: JWTBCP-3.2-03
#[test]
fn software_signers_keep_the_contract() {
    for algorithm in SIGNING {
        for signer in [signer(algorithm), SoftwareSigner::generate(algorithm, &SystemRandom).unwrap()] {
            now(contract::signer(&signer)).unwrap();
        }
    }
}

#[test]
fn software_decrypters_keep_the_contract() {
    for curve in EXCHANGE {
        let decrypter = SoftwareDecrypter::generate(curve, &SystemRandom).unwrap();
        now(contract::decrypter(&decrypter)).unwrap();
    }
}

#[test]
fn rsa_decrypters_keep_the_contract() {
    let jwk = crate::support::vector("jose-cookbook/jwk/3_4.rsa_private_key.json");
    let mut jwk = jwk.as_object().unwrap().clone();
    jwk.remove("use");
    let decrypter = RsaDecrypter::from_private_jwk(&serde_json::to_string(&jwk).unwrap()).unwrap();
    now(contract::decrypter(&decrypter)).unwrap();
}

/// Agrees with one key in the name of another.
struct TwoFaced(SoftwareDecrypter, SoftwareDecrypter);

impl Decrypter for TwoFaced {
    fn public_jwk(&self) -> &Jwk {
        self.0.public_jwk()
    }

    fn agree<'a>(&'a self, peer: &'a PublicKey) -> Answer<'a, Result<SharedSecret, AgreeError>> {
        self.1.agree(peer)
    }
}

#[test]
fn faulty_decrypters_are_found_out() {
    let on = |curve| SoftwareDecrypter::generate(curve, &SystemRandom).unwrap();
    for (shown, used) in
        [(Curve::P256, Curve::P256), (Curve::P256, Curve::P384), (Curve::X25519, Curve::X25519)]
    {
        let broken = now(contract::decrypter(&TwoFaced(on(shown), on(used))));
        assert!(matches!(broken, Err(Broken(_))));
    }
}

struct Faulty {
    inner: SoftwareSigner,
    jwk: Jwk,
    spoil: fn(Vec<u8>) -> Vec<u8>,
}

impl Signer for Faulty {
    fn algorithm(&self) -> Algorithm {
        self.inner.algorithm()
    }

    fn public_jwk(&self) -> &Jwk {
        &self.jwk
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> Answer<'a, Result<Vec<u8>, SignError>> {
        let signature = now(self.inner.sign(message)).map(self.spoil);
        Answer::ready(signature)
    }
}

#[test]
fn faulty_signers_are_found_out() {
    let faulty = |algorithm, jwk: Jwk, spoil| {
        let faulty = Faulty { inner: signer(algorithm), jwk, spoil };
        now(contract::signer(&faulty))
    };
    let own = |algorithm| signer(algorithm).public_jwk().clone();
    let other = SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap().public_jwk().clone();
    assert_eq!(faulty(Algorithm::Es256, own(Algorithm::Es256), |signature| signature), Ok(()));
    for broken in [
        faulty(Algorithm::Es256, own(Algorithm::Es384), |signature| signature),
        faulty(Algorithm::Es256, other, |signature| signature),
        faulty(Algorithm::Es256, own(Algorithm::Es256), |signature| signature[1..].to_vec()),
        faulty(Algorithm::Es256, Jwk { usage: Some("enc".into()), ..own(Algorithm::Es256) }, |signature| {
            signature
        }),
    ] {
        assert!(matches!(broken, Err(Broken(_))));
    }
}

#[test]
fn the_same_randomness_gives_the_same_key() {
    for algorithm in SIGNING {
        assert_eq!(signer(algorithm).public_jwk(), signer(algorithm).public_jwk());
        let other = SoftwareSigner::generate(algorithm, &SeededRandom::new(12)).unwrap();
        assert_ne!(signer(algorithm).public_jwk(), other.public_jwk());
    }
}

#[test]
fn private_keys_come_back_as_they_were() {
    for algorithm in SIGNING {
        let signer = signer(algorithm).with_kid("name");
        let stored = signer.to_private_jwk();
        let again = SoftwareSigner::from_private_jwk(stored.expose()).unwrap();
        assert_eq!(again.public_jwk(), signer.public_jwk());
        assert_eq!(again.to_private_jwk().expose(), stored.expose());
    }
    for curve in EXCHANGE {
        let decrypter = SoftwareDecrypter::generate(curve, &SeededRandom::new(1)).unwrap();
        let stored = decrypter.to_private_jwk();
        let again = SoftwareDecrypter::from_private_jwk(stored.expose()).unwrap();
        assert_eq!(again.public_jwk(), decrypter.public_jwk());
    }
}

#[test]
fn private_keys_that_are_none() {
    let good: serde_json::Value =
        serde_json::from_str(signer(Algorithm::Es256).to_private_jwk().expose()).unwrap();
    let other: serde_json::Value = serde_json::from_str(
        SoftwareSigner::generate(Algorithm::Es256, &SystemRandom).unwrap().to_private_jwk().expose(),
    )
    .unwrap();
    let with = |d: serde_json::Value| {
        let mut jwk = good.clone();
        jwk["d"] = d;
        SoftwareSigner::from_private_jwk(&jwk.to_string()).err()
    };
    assert_eq!(with(other["d"].clone()), Some(KeyError));
    let zero = credenza_core::b64::encode([0; 32]);
    let most = credenza_core::b64::encode([0xff; 32]);
    for d in [zero.into(), most.into(), "".into(), "AA".into(), 1.into(), serde_json::Value::Null] {
        assert_eq!(with(d), Some(KeyError));
    }
    assert!(SoftwareSigner::from_private_jwk("").is_err());
    assert!(SoftwareSigner::generate(Algorithm::Rs256, &SystemRandom).is_err());
    assert!(SoftwareDecrypter::generate(Curve::Ed25519, &SystemRandom).is_err());
    assert!(SoftwareDecrypter::generate(Curve::Secp256k1, &SystemRandom).is_err());
}

#[test]
fn keys_of_other_tools() {
    let file = include_str!("openssl-keys.pem");
    let keys: Vec<String> =
        file.split("-----BEGIN ").skip(1).map(|key| format!("-----BEGIN {key}")).collect();
    let expected = [
        Some(Algorithm::Es256),
        Some(Algorithm::Es384),
        Some(Algorithm::Es512),
        Some(Algorithm::Es256K),
        Some(Algorithm::EdDsa),
        None,
        Some(Algorithm::Es256),
    ];
    assert_eq!(keys.len(), expected.len());
    for (pem, expected) in keys.iter().zip(expected) {
        let signer = SoftwareSigner::from_pem(pem);
        assert_eq!(signer.as_ref().ok().map(Signer::algorithm), expected);
        if let Ok(signer) = signer {
            now(contract::signer(&signer)).unwrap();
        }
    }
    for bad in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
        assert!(SoftwareSigner::from_pem(bad).is_err());
    }
}
