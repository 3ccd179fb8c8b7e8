//! What every adapter of [`Signer`] and [`Decrypter`] promises, checked from outside: for the tests of adapters.

use credenza_core::SystemRandom;

use crate::jwe::{self, Parameters};
use crate::{ContentEncryption, Curve, Decrypter, KeyManagement, PublicKey, Signer, SoftwareDecrypter};

/// A promise that was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Broken(pub &'static str);

/// Messages that an adapter must be able to sign: nothing, a token, more than one block of any hash.
const LENGTHS: [usize; 4] = [0, 1, 300, 70_000];

/// Checks a signer.
///
/// # Errors
/// The first promise that it breaks.
pub async fn signer(signer: &dyn Signer) -> Result<(), Broken> {
    let (algorithm, jwk) = (signer.algorithm(), signer.public_jwk());
    demand(jwk.key.fits(algorithm), "the key is of another type than the algorithm")?;
    demand(jwk.alg.as_deref().is_none_or(|alg| alg == algorithm.name()), "the JWK names another algorithm")?;
    demand(jwk.usage.as_deref() != Some("enc"), "the JWK is for encryption")?;
    demand(jwk.to_value().get("d").is_none(), "the public JWK has a private member")?;
    let expected = algorithm.curve().map_or(0, |curve| 2 * curve.coordinate());
    for length in LENGTHS {
        let message = vec![0x5a; length];
        let signature = signer.sign(&message).await.map_err(|_| Broken("it does not sign"))?;
        demand(expected == 0 || signature.len() == expected, "the signature is not in JOSE's form")?;
        let verified = |message: &[u8]| jwk.key.verify(algorithm, message, &signature).is_ok();
        demand(verified(&message), "its signature does not verify with its key")?;
        demand(!verified(b"another message"), "its signature verifies another message")?;
    }
    if let Some(leaf) = signer.x5c().first() {
        let leaf = crate::Certificate::parse(leaf).map_err(|_| Broken("its certificate can't be read"))?;
        demand(leaf.key == jwk.key, "its certificate is another key's")?;
    }
    Ok(())
}

/// Checks a decrypter.
///
/// # Errors
/// The first promise that it breaks.
pub async fn decrypter(decrypter: &dyn Decrypter) -> Result<(), Broken> {
    let jwk = decrypter.public_jwk();
    demand(jwk.usage.as_deref() != Some("sig"), "the JWK is for signatures")?;
    demand(jwk.to_value().get("d").is_none(), "the public JWK has a private member")?;
    let Some(curve) = jwk.key.curve() else { return rsa(decrypter).await };
    let peer = software(curve)?;
    let here = decrypter.agree(&peer.public_jwk().key).await.map_err(|_| Broken("it does not agree"))?;
    let there = peer.agree(&jwk.key).await.map_err(|_| Broken("its key is not for key agreement"))?;
    demand(*here == *there, "it agrees on another secret than its peer")?;
    let other = if curve == Curve::P256 { Curve::P384 } else { Curve::P256 };
    let stranger = software(other)?;
    let refused = decrypter.agree(&stranger.public_jwk().key).await.is_err();
    demand(refused, "it agrees with a key on another curve")?;
    if let Ok(nothing) = PublicKey::from_okp(Curve::X25519, &[0; 32]) {
        demand(decrypter.agree(&nothing).await.is_err(), "it agrees on a secret that everybody knows")?;
    }
    Ok(())
}

/// An RSA key opens what was encrypted to it, and agrees on nothing.
async fn rsa(decrypter: &dyn Decrypter) -> Result<(), Broken> {
    let (alg, enc) = (KeyManagement::RsaOaep256, ContentEncryption::A256Gcm);
    let jwk = decrypter.public_jwk();
    let message = jwe::encrypt(jwk, alg, enc, &Parameters::default(), b"content", &SystemRandom)
        .map_err(|_| Broken("its key is not for RSA-OAEP-256"))?;
    let opened =
        jwe::decrypt(&message, decrypter, &[enc]).await.map_err(|_| Broken("it does not decrypt"))?;
    demand(opened.plaintext == b"content", "it decrypts something else")?;
    let peer = software(Curve::P256)?;
    demand(decrypter.agree(&peer.public_jwk().key).await.is_err(), "it agrees with a key on a curve")?;
    demand(decrypter.decrypt_key(&[]).await.is_err(), "it decrypts what is no ciphertext")
}

fn software(curve: Curve) -> Result<SoftwareDecrypter, Broken> {
    SoftwareDecrypter::generate(curve, &SystemRandom)
        .map_err(|_| Broken("its curve is not one for key agreement"))
}

fn demand(kept: bool, promise: &'static str) -> Result<(), Broken> {
    if kept { Ok(()) } else { Err(Broken(promise)) }
}
