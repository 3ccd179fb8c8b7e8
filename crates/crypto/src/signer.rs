//! Port: something that signs, and its software adapter.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::encoding::AsBigEndian as _;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P256K1_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
};
use credenza_core::{Answer, Random, Secret, b64};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::{Algorithm, Curve, Jwk, PublicKey, private_key};

/// Signs with one key and one algorithm. The key itself may be anywhere: in memory, in an HSM, behind a service.
pub trait Signer: Send + Sync {
    /// The algorithm of its signatures.
    fn algorithm(&self) -> Algorithm;

    /// The public key, with `kid` and `alg` where they are known.
    fn public_jwk(&self) -> &Jwk;

    /// The certificates that vouch for the key: DER, leaf first, without the trust anchor. Empty when there are none.
    fn x5c(&self) -> &[Vec<u8>] {
        &self.public_jwk().x5c
    }

    /// Signs the message (not a hash of it); for ECDSA the answer is r and s side by side.
    fn sign<'a>(&'a self, message: &'a [u8]) -> Answer<'a, Result<Vec<u8>, SignError>>;
}

/// The signer could not sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the signer is unavailable: {0}")]
pub struct SignError(pub String);

/// The private key can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a private key that can be used")]
pub struct KeyError;

/// A private key in memory.
pub struct SoftwareSigner {
    algorithm: Algorithm,
    jwk: Jwk,
    pair: Pair,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SoftwareSigner {
    /// Makes a key from the given randomness.
    ///
    /// # Errors
    /// RSA keys are not made here.
    pub fn generate(algorithm: Algorithm, random: &dyn Random) -> Result<Self, KeyError> {
        let curve = algorithm.curve().ok_or(KeyError)?;
        private_key::draw(curve, random, |scalar| Self::from_scalar(algorithm, scalar))
    }

    /// From the private number of an EC key or the seed of an Ed25519 key, big-endian, in full length.
    ///
    /// # Errors
    /// Wrong length, not a key, or RSA.
    pub fn from_scalar(algorithm: Algorithm, scalar: &[u8]) -> Result<Self, KeyError> {
        let curve = algorithm.curve().filter(|curve| scalar.len() == curve.coordinate()).ok_or(KeyError)?;
        let (pair, key) = match curve {
            Curve::Ed25519 => {
                let pair = Ed25519KeyPair::from_seed_unchecked(scalar).map_err(|_| KeyError)?;
                let key = PublicKey::from_okp(curve, pair.public_key().as_ref()).map_err(|_| KeyError)?;
                (Pair::Ed25519(pair), key)
            }
            _ => {
                let der = sec1(curve, scalar)?;
                let pair =
                    EcdsaKeyPair::from_private_key_der(signing(algorithm)?, &der).map_err(|_| KeyError)?;
                let key = PublicKey::from_point(curve, pair.public_key().as_ref()).map_err(|_| KeyError)?;
                (Pair::Ecdsa(pair), key)
            }
        };
        let mut jwk = Jwk::new(key);
        jwk.alg = Some(algorithm.name().to_owned());
        Ok(Self { algorithm, jwk, pair })
    }

    /// From a private JWK; `alg` may be left out where the curve says it.
    ///
    /// # Errors
    /// Not a private JWK of a supported curve, or its public part is another key's.
    pub fn from_private_jwk(jwk: &str) -> Result<Self, KeyError> {
        let (scalar, public) = private_key::split_jwk(jwk)?;
        let algorithm = match public.key.curve().ok_or(KeyError)? {
            Curve::P256 => Algorithm::Es256,
            Curve::P384 => Algorithm::Es384,
            Curve::P521 => Algorithm::Es512,
            Curve::Secp256k1 => Algorithm::Es256K,
            Curve::Ed25519 => Algorithm::EdDsa,
            Curve::X25519 => return Err(KeyError),
        };
        let mut signer = Self::from_scalar(algorithm, &scalar)?;
        if signer.jwk.key != public.key {
            return Err(KeyError);
        }
        signer.jwk = Jwk { alg: Some(algorithm.name().to_owned()), ..public };
        Ok(signer)
    }

    /// From PEM, as other tools write keys: PKCS#8 (`PRIVATE KEY`) or SEC 1 (`EC PRIVATE KEY`), not encrypted. The
    /// first key counts; the curve says the algorithm.
    ///
    /// # Errors
    /// No private key of a supported curve.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyError)?;
        let der = der.secret_der();
        for algorithm in [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::Es256K] {
            if let Ok(pair) = EcdsaKeyPair::from_private_key_der(signing(algorithm)?, der) {
                let scalar = pair.private_key().as_be_bytes().map_err(|_| KeyError)?;
                return Self::from_scalar(algorithm, scalar.as_ref());
            }
        }
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| KeyError)?;
        let seed = pair.seed().map_err(|_| KeyError)?;
        let seed = seed.as_be_bytes().map_err(|_| KeyError)?;
        Self::from_scalar(Algorithm::EdDsa, seed.as_ref())
    }

    /// The private JWK, to be stored encrypted.
    #[must_use]
    pub fn to_private_jwk(&self) -> Secret {
        let mut value = self.jwk.to_value();
        let scalar = match &self.pair {
            Pair::Ecdsa(pair) => {
                pair.private_key().as_be_bytes().ok().map(|bytes| b64::encode(bytes.as_ref()))
            }
            Pair::Ed25519(pair) => pair
                .seed()
                .ok()
                .and_then(|seed| seed.as_be_bytes().ok())
                .map(|bytes| b64::encode(bytes.as_ref())),
        };
        if let (Some(scalar), Value::Object(members)) = (scalar, &mut value) {
            members.insert("d".to_owned(), Value::String(scalar));
        }
        Secret::new(value.to_string())
    }

    /// The public key alone.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.jwk.key.clone()
    }

    /// The same as [`sign`](Signer::sign), without a port's ceremony.
    pub(crate) fn sign_now(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signature = match &self.pair {
            Pair::Ecdsa(pair) => pair.sign_digest(&digest::digest(digest_of(self.algorithm), message)),
            Pair::Ed25519(pair) => pair.try_sign(message),
        };
        match signature {
            Ok(signature) => Ok(signature.as_ref().to_vec()),
            Err(_) => Err(SignError("the software key failed".to_owned())),
        }
    }

    /// The same key under the name `kid`.
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.jwk.kid = Some(kid.into());
        self
    }

    /// The same key with the certificates that vouch for it: DER, leaf first, without the anchor.
    #[must_use]
    pub fn with_x5c(mut self, chain: Vec<Vec<u8>>) -> Self {
        self.jwk.x5c = chain;
        self
    }
}

impl Signer for SoftwareSigner {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn public_jwk(&self) -> &Jwk {
        &self.jwk
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> Answer<'a, Result<Vec<u8>, SignError>> {
        Answer::ready(self.sign_now(message))
    }
}

impl fmt::Debug for SoftwareSigner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SoftwareSigner({}, {})", self.algorithm, self.jwk.thumbprint_text())
    }
}

fn digest_of(algorithm: Algorithm) -> &'static digest::Algorithm {
    match algorithm {
        Algorithm::Es384 => &digest::SHA384,
        Algorithm::Es512 => &digest::SHA512,
        _ => &digest::SHA256,
    }
}

fn signing(algorithm: Algorithm) -> Result<&'static EcdsaSigningAlgorithm, KeyError> {
    match algorithm {
        Algorithm::Es256 => Ok(&ECDSA_P256_SHA256_FIXED_SIGNING),
        Algorithm::Es384 => Ok(&ECDSA_P384_SHA384_FIXED_SIGNING),
        Algorithm::Es512 => Ok(&ECDSA_P521_SHA512_FIXED_SIGNING),
        Algorithm::Es256K => Ok(&ECDSA_P256K1_SHA256_FIXED_SIGNING),
        Algorithm::EdDsa | Algorithm::Ps256 | Algorithm::Rs256 => Err(KeyError),
    }
}

/// ECPrivateKey of RFC 5915 without the public key: aws-lc computes that.
fn sec1(curve: Curve, scalar: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let oid: &[u8] = match curve {
        Curve::P256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
        Curve::P384 => &[0x2b, 0x81, 0x04, 0x00, 0x22],
        Curve::P521 => &[0x2b, 0x81, 0x04, 0x00, 0x23],
        Curve::Secp256k1 => &[0x2b, 0x81, 0x04, 0x00, 0x0a],
        Curve::Ed25519 | Curve::X25519 => return Err(KeyError),
    };
    // All lengths are below 128, so that one byte says each.
    let length = |bytes: usize| u8::try_from(bytes).map_err(|_| KeyError);
    let mut der = Zeroizing::new(Vec::with_capacity(96));
    der.extend_from_slice(&[0x30, length(3 + 2 + scalar.len() + 4 + oid.len())?]);
    der.extend_from_slice(&[0x02, 1, 1]);
    der.extend_from_slice(&[0x04, length(scalar.len())?]);
    der.extend_from_slice(scalar);
    der.extend_from_slice(&[0xa0, length(2 + oid.len())?, 0x06, length(oid.len())?]);
    der.extend_from_slice(oid);
    Ok(der)
}
