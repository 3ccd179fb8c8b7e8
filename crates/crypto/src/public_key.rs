//! Public keys: points and moduli that were checked when they came in, and the verification of signatures.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256K1_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED,
    ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters,
    RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

use der::asn1::UintRef;
use der::{Decode as _, Encode as _};

use crate::{Algorithm, Curve};

/// RSA moduli outside of these lengths (in bytes) are refused.
const RSA_MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;

/// A public key. It can only be made from values that are one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum PublicKey {
    /// A point on a Weierstrass curve, uncompressed: 4, x, y (SEC 1 §2.3.3).
    Ec {
        /// The curve that the point is on.
        curve: Curve,
        /// 4, x, y.
        point: Box<[u8]>,
    },
    /// A key on Ed25519 or X25519.
    Okp {
        /// Which of the two.
        curve: Curve,
        /// The 32 bytes of RFC 8032 or RFC 7748.
        bytes: [u8; 32],
    },
    /// An RSA key of 2048 to 8192 bits.
    Rsa {
        /// The modulus, big-endian, no leading zeros.
        n: Box<[u8]>,
        /// The exponent, big-endian, no leading zeros.
        e: Box<[u8]>,
    },
}

/// The bytes are not a public key of that kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a point on the curve, or not a key of an accepted size")]
pub struct NotAKey;

/// Why a signature was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// This algorithm does not go with this key.
    #[error("the algorithm {0} does not go with this kind of key")]
    KeyMismatch(Algorithm),
    /// Not a signature of this message by this key.
    #[error("the signature does not verify")]
    Invalid,
}

impl PublicKey {
    /// A point from its coordinates, each exactly as long as the curve says.
    ///
    /// # Errors
    /// Wrong length, not on the curve, or not a Weierstrass curve.
    pub fn from_coordinates(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, NotAKey> {
        if x.len() != curve.coordinate() || y.len() != curve.coordinate() {
            return Err(NotAKey);
        }
        let mut point = Vec::with_capacity(1 + x.len() + y.len());
        point.push(4);
        point.extend_from_slice(x);
        point.extend_from_slice(y);
        Self::from_point(curve, &point)
    }

    /// A point in SEC 1's uncompressed form.
    ///
    /// # Errors
    /// Any other form, not on the curve, or not a Weierstrass curve.
    pub fn from_point(curve: Curve, point: &[u8]) -> Result<Self, NotAKey> {
        let algorithm = ecdsa(curve)?;
        if point.first() != Some(&4) || point.len() != 1 + 2 * curve.coordinate() {
            return Err(NotAKey);
        }
        ParsedPublicKey::new(algorithm, point).map_err(|_| NotAKey)?;
        Ok(Self::Ec { curve, point: point.into() })
    }

    /// A point in SEC 1's compressed form (§2.3.3): 2 or 3, x.
    ///
    /// # Errors
    /// Any other form, not on the curve, or not a Weierstrass curve.
    pub fn from_compressed_point(curve: Curve, compressed: &[u8]) -> Result<Self, NotAKey> {
        if !matches!(compressed.first(), Some(2 | 3)) || compressed.len() != 1 + curve.coordinate() {
            return Err(NotAKey);
        }
        let parsed = ParsedPublicKey::new(ecdsa(curve)?, compressed).map_err(|_| NotAKey)?;
        // SubjectPublicKeyInfo ends with the point in its uncompressed form (RFC 5480 §2.2).
        let info = AsDer::<PublicKeyX509Der<'_>>::as_der(&parsed).map_err(|_| NotAKey)?;
        let start = info.as_ref().len().checked_sub(1 + 2 * curve.coordinate()).ok_or(NotAKey)?;
        Self::from_point(curve, info.as_ref().get(start..).ok_or(NotAKey)?)
    }

    /// The point in SEC 1's compressed form, as multicodec and `did:key` carry it; `None` for keys that are not on a Weierstrass curve.
    #[must_use]
    pub fn to_compressed_point(&self) -> Option<Vec<u8>> {
        let (x, y) = self.coordinates()?;
        let mut compressed = Vec::with_capacity(1 + x.len());
        compressed.push(2 + (y.last()? & 1));
        compressed.extend_from_slice(x);
        Some(compressed)
    }

    /// A key on Ed25519 or X25519.
    ///
    /// # Errors
    /// Another curve, or not 32 bytes.
    pub fn from_okp(curve: Curve, bytes: &[u8]) -> Result<Self, NotAKey> {
        match curve {
            Curve::Ed25519 | Curve::X25519 => {
                Ok(Self::Okp { curve, bytes: bytes.try_into().map_err(|_| NotAKey)? })
            }
            _ => Err(NotAKey),
        }
    }

    /// An RSA key from modulus and exponent, big-endian.
    ///
    /// # Errors
    /// A modulus outside of 2048 to 8192 bits, an even or oversized exponent, leading zeros.
    pub fn from_rsa(n: &[u8], e: &[u8]) -> Result<Self, NotAKey> {
        let odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
        if !RSA_MODULUS.contains(&n.len()) || n.first() == Some(&0) || !odd(n) {
            return Err(NotAKey);
        }
        if e.is_empty() || e.len() > 4 || e.first() == Some(&0) || !odd(e) || e == [1] {
            return Err(NotAKey);
        }
        Ok(Self::Rsa { n: n.into(), e: e.into() })
    }

    /// An RSA key from RSAPublicKey, as certificates carry it (RFC 8017 §A.1.1).
    ///
    /// # Errors
    /// Not that structure, or as [`from_rsa`](Self::from_rsa).
    pub fn from_rsa_der(bytes: &[u8]) -> Result<Self, NotAKey> {
        let numbers = Vec::<UintRef<'_>>::from_der(bytes).map_err(|_| NotAKey)?;
        let [n, e] = numbers.as_slice() else { return Err(NotAKey) };
        Self::from_rsa(n.as_bytes(), e.as_bytes())
    }

    /// RSAPublicKey of an RSA key (RFC 8017 §A.1.1).
    #[must_use]
    pub fn to_rsa_der(&self) -> Option<Vec<u8>> {
        let Self::Rsa { n, e } = self else { return None };
        vec![UintRef::new(n).ok()?, UintRef::new(e).ok()?].to_der().ok()
    }

    /// The curve, when it has one.
    #[must_use]
    pub fn curve(&self) -> Option<Curve> {
        match self {
            Self::Ec { curve, .. } | Self::Okp { curve, .. } => Some(*curve),
            Self::Rsa { .. } => None,
        }
    }

    /// x and y of a Weierstrass point.
    #[must_use]
    pub fn coordinates(&self) -> Option<(&[u8], &[u8])> {
        match self {
            Self::Ec { curve, point } => point.get(1..)?.split_at_checked(curve.coordinate()),
            _ => None,
        }
    }

    /// Whether signatures of `algorithm` can be made with this kind of key.
    #[must_use]
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::Rsa { .. } => algorithm.curve().is_none(),
            _ => algorithm.curve() == self.curve(),
        }
    }

    /// Verifies a signature in JOSE's form: r and s side by side for ECDSA (RFC 7518 §3.4).
    ///
    /// # Errors
    /// The algorithm does not go with the key, or the signature is not one.
    pub fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        if !self.fits(algorithm) {
            return Err(SignatureError::KeyMismatch(algorithm));
        }
        match self {
            Self::Rsa { n, e } => {
                let parameters: &RsaParameters = match algorithm {
                    Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
                    _ => &RSA_PKCS1_2048_8192_SHA256,
                };
                RsaPublicKeyComponents { n, e }
                    .verify(parameters, message, signature)
                    .map_err(|_| SignatureError::Invalid)
            }
            Self::Okp { bytes, .. } => verify(&ED25519, bytes, 64, message, signature),
            Self::Ec { curve, point } => {
                let by: &'static dyn VerificationAlgorithm = match algorithm {
                    Algorithm::Es384 => &ECDSA_P384_SHA384_FIXED,
                    Algorithm::Es512 => &ECDSA_P521_SHA512_FIXED,
                    Algorithm::Es256K => &ECDSA_P256K1_SHA256_FIXED,
                    _ => &ECDSA_P256_SHA256_FIXED,
                };
                verify(by, point, 2 * curve.coordinate(), message, signature)
            }
        }
    }
}

/// The algorithm by which points of the curve are parsed.
fn ecdsa(curve: Curve) -> Result<&'static dyn VerificationAlgorithm, NotAKey> {
    match curve {
        Curve::P256 => Ok(&ECDSA_P256_SHA256_FIXED),
        Curve::P384 => Ok(&ECDSA_P384_SHA384_FIXED),
        Curve::P521 => Ok(&ECDSA_P521_SHA512_FIXED),
        Curve::Secp256k1 => Ok(&ECDSA_P256K1_SHA256_FIXED),
        Curve::Ed25519 | Curve::X25519 => Err(NotAKey),
    }
}

fn verify(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &[u8],
    length: usize,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    if signature.len() != length {
        return Err(SignatureError::Invalid);
    }
    UnparsedPublicKey::new(algorithm, key).verify(message, signature).map_err(|_| SignatureError::Invalid)
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.curve() {
            Some(curve) => write!(out, "PublicKey({})", curve.name()),
            None => out.write_str("PublicKey(RSA)"),
        }
    }
}
