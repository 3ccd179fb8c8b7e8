//! From a shared secret to a content encryption key: Concat KDF and AES key wrap (RFC 7518 §4.6, §4.4).

use aws_lc_rs::digest;
use aws_lc_rs::key_wrap::{AES_128, AES_256, AesKek, KeyWrap as _};
use zeroize::Zeroizing;

use super::{ContentEncryption, JweError, KeyManagement, content};

/// What AES key wrap adds to the key (RFC 3394 §2.2.1).
const WRAP_OVERHEAD: usize = 8;

/// The key that direct agreement encrypts the content with, or that wraps such a key.
pub(super) fn derive(
    alg: KeyManagement,
    enc: ContentEncryption,
    secret: &[u8],
    apu: &[u8],
    apv: &[u8],
) -> Zeroizing<Vec<u8>> {
    match alg {
        KeyManagement::EcdhEs => concat_kdf(secret, enc.name(), apu, apv, content::key_length(enc)),
        KeyManagement::EcdhEsA128Kw => concat_kdf(secret, alg.name(), apu, apv, 16),
        KeyManagement::EcdhEsA256Kw => concat_kdf(secret, alg.name(), apu, apv, 32),
    }
}

/// NIST SP 800-56A §5.8.1 with SHA-256, and with OtherInfo as RFC 7518 §4.6.2 lays it out.
fn concat_kdf(secret: &[u8], algorithm: &str, apu: &[u8], apv: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    // Names, parties and keys come from messages of bounded size: no length here comes near 2^32.
    let counted = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes();
    let mut key = Zeroizing::new(Vec::with_capacity(length + digest::SHA256_OUTPUT_LEN));
    let mut round: u32 = 0;
    while key.len() < length {
        round = round.saturating_add(1);
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(&round.to_be_bytes());
        hash.update(secret);
        for field in [algorithm.as_bytes(), apu, apv] {
            hash.update(&counted(field.len()));
            hash.update(field);
        }
        hash.update(&counted(length.saturating_mul(8)));
        key.extend_from_slice(hash.finish().as_ref());
    }
    key.truncate(length);
    key
}

/// Wraps the content encryption key.
pub(super) fn wrap(alg: KeyManagement, wrapping: &[u8], key: &[u8]) -> Result<Vec<u8>, JweError> {
    let mut wrapped = vec![0; key.len() + WRAP_OVERHEAD];
    kek(alg, wrapping)?.wrap(key, &mut wrapped).map_err(|_| JweError::Key)?;
    Ok(wrapped)
}

/// Unwraps a content encryption key, which must be `length` bytes long.
pub(super) fn unwrap(
    alg: KeyManagement,
    wrapping: &[u8],
    wrapped: &[u8],
    length: usize,
) -> Result<Zeroizing<Vec<u8>>, JweError> {
    if wrapped.len() != length + WRAP_OVERHEAD {
        return Err(JweError::Decrypt);
    }
    let mut key = Zeroizing::new(vec![0; wrapped.len()]);
    let unwrapped = kek(alg, wrapping)?.unwrap(wrapped, &mut key).map_err(|_| JweError::Decrypt)?.len();
    if unwrapped != length {
        return Err(JweError::Decrypt);
    }
    key.truncate(length);
    Ok(key)
}

fn kek(alg: KeyManagement, key: &[u8]) -> Result<AesKek, JweError> {
    let cipher = match alg {
        KeyManagement::EcdhEsA128Kw => &AES_128,
        KeyManagement::EcdhEs | KeyManagement::EcdhEsA256Kw => &AES_256,
    };
    AesKek::new(cipher, key).map_err(|_| JweError::Key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use credenza_core::b64;

    #[test]
    fn rfc7518_appendix_c() {
        let secret = [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163,
            218, 128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
        ];
        let key = derive(KeyManagement::EcdhEs, ContentEncryption::A128Gcm, &secret, b"Alice", b"Bob");
        assert_eq!(b64::encode(&*key), "VqqN6vgjbSBcIijNcacQGg");
    }
}
