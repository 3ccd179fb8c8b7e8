//! `COSE_Key` (RFC 9052 §7, RFC 9053 §7): public keys only.

use super::{CborError, Kind, Label, Reader, Writer};
use crate::public_key::NotAKey;
use crate::{Algorithm, Curve, PublicKey};

const KTY: i64 = 1;
const KID: i64 = 2;
const ALG: i64 = 3;
const CRV: i64 = -1;
const X: i64 = -2;
const Y: i64 = -3;
const D: i64 = -4;
const OKP: i64 = 1;
const EC2: i64 = 2;
const SYMMETRIC: i64 = 4;

/// A public key with what was said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoseKey<'b> {
    /// The key itself.
    pub key: PublicKey,
    /// `kid`: its name.
    pub kid: Option<&'b [u8]>,
    /// `alg`: the one algorithm it is for.
    pub algorithm: Option<i64>,
}

/// Why a COSE key was not accepted. Never repeats a value of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyDefect {
    /// Not acceptable CBOR.
    #[error(transparent)]
    Cbor(#[from] CborError),
    /// A parameter is missing or has the wrong form.
    #[error("not a COSE key: a parameter is missing or has the wrong form")]
    Malformed,
    /// It has a private parameter; whoever sent it has given a secret away.
    #[error("a private key was sent where a public one belongs")]
    Private,
    /// A type or curve that is not supported, or a type that does not go with the curve.
    #[error("this type of key is not supported")]
    Unsupported,
    /// A compressed point: its other coordinate is left to the reader.
    #[error("a compressed point is not supported")]
    Compressed,
    /// Not a point on its curve, or coordinates of a wrong length.
    #[error("the values are not a key of the type it names")]
    NotAKey,
}

impl From<NotAKey> for KeyDefect {
    fn from(_: NotAKey) -> Self {
        Self::NotAKey
    }
}

impl<'b> CoseKey<'b> {
    /// Reads a key that fills `bytes`.
    ///
    /// # Errors
    /// See [`KeyDefect`].
    pub fn parse(bytes: &'b [u8]) -> Result<Self, KeyDefect> {
        Reader::whole(bytes, Self::read)
    }

    /// Reads a key that is the reader's next item.
    ///
    /// # Errors
    /// See [`KeyDefect`].
    pub fn read(reader: &mut Reader<'b>) -> Result<Self, KeyDefect> {
        let (mut kty, mut crv, mut kid, mut algorithm) = (None, None, None, None);
        let (mut x, mut y) = (None, None);
        reader.map(|label, value| {
            match label {
                Label::Integer(KTY) => kty = Some(value.integer().map_err(|_| KeyDefect::Unsupported)?),
                // Some issuers write a text, which is no kid.
                Label::Integer(KID) if value.kind()? == Kind::Bytes => kid = Some(value.bytes()?),
                Label::Integer(ALG) => {
                    algorithm = Some(value.integer().map_err(|_| KeyDefect::Unsupported)?);
                }
                Label::Integer(CRV) => crv = Some(value.integer().map_err(|_| KeyDefect::Unsupported)?),
                Label::Integer(X) => x = Some(value.bytes()?),
                Label::Integer(Y) if value.kind()? == Kind::Bool => return Err(KeyDefect::Compressed),
                Label::Integer(Y) => y = Some(value.bytes()?),
                Label::Integer(D) => return Err(KeyDefect::Private),
                _ => value.skip()?,
            }
            Ok(())
        })?;
        let kty = kty.ok_or(KeyDefect::Malformed)?;
        if kty == SYMMETRIC {
            return Err(KeyDefect::Private);
        }
        let curve = curve(crv.ok_or(KeyDefect::Unsupported)?).ok_or(KeyDefect::Unsupported)?;
        let x = x.ok_or(KeyDefect::Malformed)?;
        let key = match (kty, curve, y) {
            (OKP, Curve::Ed25519 | Curve::X25519, None) => PublicKey::from_okp(curve, x)?,
            (EC2, Curve::P256 | Curve::P384 | Curve::P521 | Curve::Secp256k1, Some(y)) => {
                PublicKey::from_coordinates(curve, x, y)?
            }
            (OKP | EC2, ..) => return Err(KeyDefect::Malformed),
            _ => return Err(KeyDefect::Unsupported),
        };
        if algorithm.and_then(Algorithm::from_cose).is_some_and(|algorithm| !key.fits(algorithm)) {
            return Err(KeyDefect::Malformed);
        }
        Ok(Self { key, kid, algorithm })
    }
}

/// Writes a key and nothing else that was said about it.
///
/// # Errors
/// [`KeyDefect::Unsupported`] for RSA.
pub fn write(key: &PublicKey, out: &mut Writer) -> Result<(), KeyDefect> {
    match key {
        PublicKey::Ec { curve, .. } => {
            let (x, y) = key.coordinates().ok_or(KeyDefect::NotAKey)?;
            out.map(4).integer(KTY).integer(EC2).integer(CRV).integer(number(*curve));
            out.integer(X).bytes(x).integer(Y).bytes(y);
        }
        PublicKey::Okp { curve, bytes } => {
            out.map(3).integer(KTY).integer(OKP).integer(CRV).integer(number(*curve)).integer(X).bytes(bytes);
        }
        PublicKey::Rsa { .. } => return Err(KeyDefect::Unsupported),
    }
    Ok(())
}

const fn curve(number: i64) -> Option<Curve> {
    match number {
        1 => Some(Curve::P256),
        2 => Some(Curve::P384),
        3 => Some(Curve::P521),
        4 => Some(Curve::X25519),
        6 => Some(Curve::Ed25519),
        8 => Some(Curve::Secp256k1),
        _ => None,
    }
}

const fn number(curve: Curve) -> i64 {
    match curve {
        Curve::P256 => 1,
        Curve::P384 => 2,
        Curve::P521 => 3,
        Curve::X25519 => 4,
        Curve::Ed25519 => 6,
        Curve::Secp256k1 => 8,
    }
}
