//! Port: something that decrypts what was encrypted to its key, and its software adapter.

use std::fmt;

use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521, PrivateKey, UnparsedPublicKey, X25519};
use aws_lc_rs::encoding::AsBigEndian as _;
use credenza_core::{Answer, Random, Secret, b64};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::{Curve, Jwk, KeyError, PublicKey, private_key};

/// Comes to secrets with one private key: agrees on them (ECDH), or decrypts them (RSA). The key itself may be
/// anywhere.
pub trait Decrypter: Send + Sync {
    /// The public key, with `kid`, `alg` and `use` as they are published.
    fn public_jwk(&self) -> &Jwk;

    /// The shared secret with the peer's key (RFC 7518 §4.6: the Z value).
    fn agree<'a>(&'a self, peer: &'a PublicKey) -> Answer<'a, Result<SharedSecret, AgreeError>>;

    /// The key that was encrypted to this one with RSA-OAEP and SHA-256 (RFC 7518 §4.3). Keys on curves don't do that.
    fn decrypt_key<'a>(&'a self, encrypted: &'a [u8]) -> Answer<'a, Result<SharedSecret, AgreeError>> {
        let _ = encrypted;
        Answer::ready(Err(AgreeError))
    }
}

/// A shared secret: wiped when dropped.
pub type SharedSecret = Zeroizing<Vec<u8>>;

/// There is no shared secret: another curve, a point that is none, or the key is not to be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no key agreement with this peer")]
pub struct AgreeError;

/// A private key for key agreement in memory.
pub struct SoftwareDecrypter {
    jwk: Jwk,
    curve: Curve,
    key: PrivateKey,
}

impl SoftwareDecrypter {
    /// Makes a key from the given randomness. The `kid` is its thumbprint, `use` is `enc`, `alg` is `ECDH-ES`.
    ///
    /// # Errors
    /// A curve for signatures.
    pub fn generate(curve: Curve, random: &dyn Random) -> Result<Self, KeyError> {
        let mut decrypter = Self::ephemeral(curve, random)?;
        decrypter.jwk.kid = Some(decrypter.jwk.thumbprint_text());
        decrypter.jwk.usage = Some("enc".to_owned());
        decrypter.jwk.alg = Some("ECDH-ES".to_owned());
        Ok(decrypter)
    }

    /// Makes a key that nobody will refer to: without a name.
    pub(crate) fn ephemeral(curve: Curve, random: &dyn Random) -> Result<Self, KeyError> {
        private_key::draw(curve, random, |scalar| Self::from_scalar(curve, scalar))
    }

    /// From the private number, big-endian (X25519: as in RFC 7748), in full length.
    ///
    /// # Errors
    /// Not a private key of that curve.
    pub fn from_scalar(curve: Curve, scalar: &[u8]) -> Result<Self, KeyError> {
        if scalar.len() != curve.coordinate() {
            return Err(KeyError);
        }
        let key =
            PrivateKey::from_private_key(algorithm(curve).ok_or(KeyError)?, scalar).map_err(|_| KeyError)?;
        let public = key.compute_public_key().map_err(|_| KeyError)?;
        let public = match curve {
            Curve::X25519 => PublicKey::from_okp(curve, public.as_ref()),
            _ => PublicKey::from_point(curve, public.as_ref()),
        };
        Ok(Self { jwk: Jwk::new(public.map_err(|_| KeyError)?), curve, key })
    }

    /// From a private JWK.
    ///
    /// # Errors
    /// Not a private JWK of a curve for key agreement, or its public part is another key's.
    pub fn from_private_jwk(jwk: &str) -> Result<Self, KeyError> {
        let (scalar, public) = private_key::split_jwk(jwk)?;
        let mut decrypter = Self::from_scalar(public.key.curve().ok_or(KeyError)?, &scalar)?;
        if decrypter.jwk.key != public.key {
            return Err(KeyError);
        }
        decrypter.jwk = public;
        Ok(decrypter)
    }

    /// The private JWK, to be stored encrypted.
    #[must_use]
    pub fn to_private_jwk(&self) -> Secret {
        let scalar = match self.curve {
            Curve::X25519 => {
                let bytes: Result<aws_lc_rs::encoding::Curve25519SeedBin<'_>, _> = self.key.as_be_bytes();
                bytes.map(|bytes| b64::encode(bytes.as_ref()))
            }
            _ => {
                let bytes: Result<aws_lc_rs::encoding::EcPrivateKeyBin<'_>, _> = self.key.as_be_bytes();
                bytes.map(|bytes| b64::encode(bytes.as_ref()))
            }
        };
        let mut value = self.jwk.to_value();
        if let (Ok(scalar), Value::Object(members)) = (scalar, &mut value) {
            members.insert("d".to_owned(), Value::String(scalar));
        }
        Secret::new(value.to_string())
    }
}

impl Decrypter for SoftwareDecrypter {
    fn public_jwk(&self) -> &Jwk {
        &self.jwk
    }

    fn agree<'a>(&'a self, peer: &'a PublicKey) -> Answer<'a, Result<SharedSecret, AgreeError>> {
        Answer::ready(self.agree_now(peer))
    }
}

impl SoftwareDecrypter {
    /// The same without a port's ceremony.
    pub(crate) fn agree_now(&self, peer: &PublicKey) -> Result<SharedSecret, AgreeError> {
        if peer.curve() != Some(self.curve) {
            return Err(AgreeError);
        }
        let bytes: &[u8] = match peer {
            PublicKey::Ec { point, .. } => point,
            PublicKey::Okp { bytes, .. } => bytes,
            PublicKey::Rsa { .. } => return Err(AgreeError),
        };
        let peer = UnparsedPublicKey::new(algorithm(self.curve).ok_or(AgreeError)?, bytes);
        // aws-lc refuses points that are none, and X25519 results of all zeros.
        agreement::agree(&self.key, peer, AgreeError, |secret| Ok(Zeroizing::new(secret.to_vec())))
    }
}

impl fmt::Debug for SoftwareDecrypter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SoftwareDecrypter({}, {})", self.curve.name(), self.jwk.thumbprint_text())
    }
}

fn algorithm(curve: Curve) -> Option<&'static agreement::Algorithm> {
    match curve {
        Curve::P256 => Some(&ECDH_P256),
        Curve::P384 => Some(&ECDH_P384),
        Curve::P521 => Some(&ECDH_P521),
        Curve::X25519 => Some(&X25519),
        Curve::Secp256k1 | Curve::Ed25519 => None,
    }
}
