//! Public keys as multibase of multicodec: what `did:key` and `publicKeyMultibase` carry.

use credenza_core::{base58, jcs, json};
use credenza_crypto::{Curve, Jwk, PublicKey};

use super::KeyDefect;

const SECP256K1: u64 = 0xe7;
const X25519: u64 = 0xec;
const ED25519: u64 = 0xed;
const P256: u64 = 0x1200;
const P384: u64 = 0x1201;
const P521: u64 = 0x1202;
const RSA: u64 = 0x1205;
/// `jwk_jcs-pub`: the canonical JSON (RFC 8785) of a JWK, which is how EBSI writes `did:key`.
const JWK_JCS: u64 = 0xeb51;

/// Reads a key: `z`, and base58 of a codec and the bytes that it prescribes.
pub(super) fn decode(text: &str) -> Result<Jwk, KeyDefect> {
    let encoded = text.strip_prefix('z').ok_or(KeyDefect::Malformed("not multibase of base58"))?;
    let bytes = base58::decode(encoded).ok_or(KeyDefect::Malformed("not base58"))?;
    let (codec, raw) = varint(&bytes).ok_or(KeyDefect::Malformed("no multicodec"))?;
    let key = match codec {
        SECP256K1 => PublicKey::from_compressed_point(Curve::Secp256k1, raw),
        P256 => PublicKey::from_compressed_point(Curve::P256, raw),
        P384 => PublicKey::from_compressed_point(Curve::P384, raw),
        P521 => PublicKey::from_compressed_point(Curve::P521, raw),
        ED25519 => PublicKey::from_okp(Curve::Ed25519, raw),
        X25519 => PublicKey::from_okp(Curve::X25519, raw),
        RSA => PublicKey::from_rsa_der(raw),
        JWK_JCS => return canonical_jwk(raw),
        _ => return Err(KeyDefect::Unsupported),
    };
    key.map(Jwk::new).map_err(|_| KeyDefect::NotAKey)
}

/// Writes a key in the form of its type.
pub(super) fn encode(key: &PublicKey) -> Option<String> {
    let (codec, raw) = match key {
        PublicKey::Okp { curve, bytes } => {
            (if *curve == Curve::X25519 { X25519 } else { ED25519 }, bytes.to_vec())
        }
        PublicKey::Rsa { .. } => (RSA, key.to_rsa_der()?),
        PublicKey::Ec { curve, .. } => {
            let codec = match curve {
                Curve::P384 => P384,
                Curve::P521 => P521,
                Curve::Secp256k1 => SECP256K1,
                _ => P256,
            };
            (codec, key.to_compressed_point()?)
        }
    };
    Some(multibase(codec, &raw))
}

/// Writes a key as its canonical JWK.
pub(super) fn encode_jwk(key: &PublicKey) -> Option<String> {
    let value = Jwk::new(key.clone()).to_value();
    Some(multibase(JWK_JCS, jcs::canonicalize(&value).ok()?.as_bytes()))
}

fn multibase(codec: u64, raw: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(raw.len() + 3);
    let mut rest = codec;
    loop {
        let low = rest.to_le_bytes()[0] & 0x7f;
        rest >>= 7;
        bytes.push(if rest == 0 { low } else { low | 0x80 });
        if rest == 0 {
            break;
        }
    }
    bytes.extend_from_slice(raw);
    format!("z{}", base58::encode(&bytes))
}

/// An unsigned number in the multiformats' form: at most three bytes here, the shortest form only.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (index, byte) in bytes.iter().enumerate().take(3) {
        number |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let shortest = index == 0 || *byte != 0;
            return bytes.get(index + 1..).filter(|_| shortest).map(|rest| (number, rest));
        }
    }
    None
}

/// The bytes have to be the one form that a JWK's canonical JSON has: another form would be another DID of the same
/// key.
fn canonical_jwk(bytes: &[u8]) -> Result<Jwk, KeyDefect> {
    let value = json::parse(bytes).map_err(|_| KeyDefect::Malformed("not the JSON of a JWK"))?;
    let jwk = Jwk::from_value(&value)?;
    if !jcs::canonicalize(&value).is_ok_and(|text| text.as_bytes() == bytes) {
        return Err(KeyDefect::Malformed("not the canonical JSON of a JWK"));
    }
    Ok(jwk)
}
