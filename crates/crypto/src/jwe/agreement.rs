//! How both sides come to the content encryption key: ECDH with Concat KDF and AES key wrap, or RSA-OAEP (RFC 7518
//! §4.3, §4.4, §4.6).

use aws_lc_rs::digest;
use aws_lc_rs::key_wrap::{AES_128, AES_256, AesKek, KeyWrap as _};
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use credenza_core::Random;
use zeroize::Zeroizing;

use super::header::ReceivedHeader;
use super::{ContentEncryption, JweError, KeyManagement, content};
use crate::rsa_decrypter::spki;
use crate::{Decrypter, PublicKey, SoftwareDecrypter};

/// What AES key wrap adds to the key (RFC 3394 §2.2.1).
const WRAP_OVERHEAD: usize = 8;

/// A content encryption key, with what tells it to the recipient.
pub(super) struct ToRecipient {
    pub(super) key: Zeroizing<Vec<u8>>,
    pub(super) encrypted_key: Vec<u8>,
    pub(super) epk: Option<PublicKey>,
}

/// Makes a content encryption key for the owner of `recipient`.
pub(super) fn to_recipient(
    recipient: &PublicKey,
    alg: KeyManagement,
    enc: ContentEncryption,
    (apu, apv): (&[u8], &[u8]),
    random: &dyn Random,
) -> Result<ToRecipient, JweError> {
    let fresh = || {
        let mut key = Zeroizing::new(vec![0; content::key_length(enc)]);
        random.fill(&mut key);
        key
    };
    if alg == KeyManagement::RsaOaep256 {
        let key = fresh();
        return Ok(ToRecipient { encrypted_key: oaep(recipient, &key)?, key, epk: None });
    }
    let curve = recipient.curve().ok_or(JweError::Key)?;
    let ephemeral = SoftwareDecrypter::ephemeral(curve, random).map_err(|_| JweError::Key)?;
    let secret = ephemeral.agree_now(recipient).map_err(|_| JweError::Key)?;
    let derived = derive(alg, enc, &secret, apu, apv);
    let epk = Some(ephemeral.public_jwk().key.clone());
    if alg == KeyManagement::EcdhEs {
        return Ok(ToRecipient { key: derived, encrypted_key: Vec::new(), epk });
    }
    let key = fresh();
    Ok(ToRecipient { encrypted_key: wrap(alg, &derived, &key)?, key, epk })
}

/// The content encryption key that the sender has told us.
pub(super) async fn from_sender(
    decrypter: &dyn Decrypter,
    header: &ReceivedHeader,
    encrypted_key: &[u8],
) -> Result<Zeroizing<Vec<u8>>, JweError> {
    let length = content::key_length(header.enc);
    let Some(epk) = &header.epk else {
        let key = decrypter.decrypt_key(encrypted_key).await.map_err(|_| JweError::Decrypt)?;
        return if key.len() == length { Ok(key) } else { Err(JweError::Decrypt) };
    };
    let secret = decrypter.agree(epk).await.map_err(|_| JweError::Decrypt)?;
    let derived = derive(header.alg, header.enc, &secret, &header.apu, &header.apv);
    match header.alg {
        KeyManagement::EcdhEs => Ok(derived),
        alg => unwrap(alg, &derived, encrypted_key, length),
    }
}

/// RSAES-OAEP. Its padding takes its randomness from aws-lc itself.
fn oaep(recipient: &PublicKey, key: &[u8]) -> Result<Vec<u8>, JweError> {
    let PublicKey::Rsa { n, e } = recipient else { return Err(JweError::Key) };
    let der = spki(n, e).map_err(|_| JweError::Key)?;
    let recipient = PublicEncryptingKey::from_der(&der)
        .and_then(|key| Ok(OaepPublicEncryptingKey::new(key)?))
        .map_err(|_| JweError::Key)?;
    let mut encrypted = vec![0; recipient.ciphertext_size()];
    let length = recipient
        .encrypt(&OAEP_SHA256_MGF1SHA256, key, &mut encrypted, None)
        .map_err(|_| JweError::Key)?
        .len();
    encrypted.truncate(length);
    Ok(encrypted)
}

/// The key that direct agreement encrypts the content with, or that wraps such a key.
fn derive(
    alg: KeyManagement,
    enc: ContentEncryption,
    secret: &[u8],
    apu: &[u8],
    apv: &[u8],
) -> Zeroizing<Vec<u8>> {
    match alg {
        KeyManagement::EcdhEs => concat_kdf(secret, enc.name(), apu, apv, content::key_length(enc)),
        KeyManagement::EcdhEsA128Kw => concat_kdf(secret, alg.name(), apu, apv, 16),
        KeyManagement::EcdhEsA256Kw | KeyManagement::RsaOaep256 => {
            concat_kdf(secret, alg.name(), apu, apv, 32)
        }
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
fn wrap(alg: KeyManagement, wrapping: &[u8], key: &[u8]) -> Result<Vec<u8>, JweError> {
    let mut wrapped = vec![0; key.len() + WRAP_OVERHEAD];
    kek(alg, wrapping)?.wrap(key, &mut wrapped).map_err(|_| JweError::Key)?;
    Ok(wrapped)
}

/// Unwraps a content encryption key, which must be `length` bytes long.
fn unwrap(
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
        _ => &AES_256,
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
