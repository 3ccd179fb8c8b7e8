//! Content encryption: AES-GCM, and AES-CBC with HMAC (RFC 7518 §5.2, §5.3).

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    AES_128, AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use credenza_core::{Random, secret};

use super::{ContentEncryption, JweError};

const GCM_IV: usize = 12;
const GCM_TAG: usize = 16;
const CBC_IV: usize = 16;

/// The encrypted content with what is needed to open it.
pub(super) struct Sealed {
    pub(super) iv: Vec<u8>,
    pub(super) ciphertext: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

impl Sealed {
    /// Refuses a shortened tag and an IV of another length before any key is touched.
    pub(super) fn check_lengths(&self, enc: ContentEncryption) -> Result<(), JweError> {
        let (iv, tag) = match enc {
            ContentEncryption::A128Gcm | ContentEncryption::A256Gcm => (GCM_IV, GCM_TAG),
            ContentEncryption::A128CbcHs256 | ContentEncryption::A256CbcHs512 => {
                (CBC_IV, key_length(enc) / 2)
            }
        };
        if self.iv.len() != iv {
            return Err(JweError::Malformed("the IV has the wrong length"));
        }
        if self.tag.len() != tag {
            return Err(JweError::Malformed("the tag has the wrong length"));
        }
        Ok(())
    }
}

/// Bytes of the content encryption key.
pub(super) const fn key_length(enc: ContentEncryption) -> usize {
    match enc {
        ContentEncryption::A128Gcm => 16,
        ContentEncryption::A256Gcm | ContentEncryption::A128CbcHs256 => 32,
        ContentEncryption::A256CbcHs512 => 64,
    }
}

pub(super) fn seal(
    enc: ContentEncryption,
    key: &[u8],
    aad: &[u8],
    plaintext: &[u8],
    random: &dyn Random,
) -> Result<Sealed, JweError> {
    match enc {
        ContentEncryption::A128Gcm | ContentEncryption::A256Gcm => {
            let mut iv = [0; GCM_IV];
            random.fill(&mut iv);
            let mut ciphertext = plaintext.to_vec();
            let tag = gcm(enc, key)?
                .seal_in_place_separate_tag(Nonce::assume_unique_for_key(iv), Aad::from(aad), &mut ciphertext)
                .map_err(|_| JweError::Key)?;
            Ok(Sealed { iv: iv.to_vec(), ciphertext, tag: tag.as_ref().to_vec() })
        }
        ContentEncryption::A128CbcHs256 | ContentEncryption::A256CbcHs512 => {
            let mut iv = [0; CBC_IV];
            random.fill(&mut iv);
            let keys = CbcKeys::split(enc, key)?;
            let mut ciphertext = plaintext.to_vec();
            PaddedBlockEncryptingKey::cbc_pkcs7(keys.cipher()?)
                .and_then(|cipher| {
                    cipher.less_safe_encrypt(&mut ciphertext, EncryptionContext::Iv128(FixedLength::from(iv)))
                })
                .map_err(|_| JweError::Key)?;
            let tag = keys.tag(aad, &iv, &ciphertext).to_vec();
            Ok(Sealed { iv: iv.to_vec(), ciphertext, tag })
        }
    }
}

pub(super) fn open(
    enc: ContentEncryption,
    key: &[u8],
    aad: &[u8],
    sealed: Sealed,
) -> Result<Vec<u8>, JweError> {
    let Sealed { iv, ciphertext: mut content, tag } = sealed;
    match enc {
        ContentEncryption::A128Gcm | ContentEncryption::A256Gcm => {
            let nonce = Nonce::try_assume_unique_for_key(&iv).map_err(|_| JweError::Decrypt)?;
            content.extend_from_slice(&tag);
            let length = gcm(enc, key)?
                .open_in_place(nonce, Aad::from(aad), &mut content)
                .map_err(|_| JweError::Decrypt)?
                .len();
            content.truncate(length);
        }
        ContentEncryption::A128CbcHs256 | ContentEncryption::A256CbcHs512 => {
            let keys = CbcKeys::split(enc, key)?;
            // The tag first: padding is looked at only of what the sender has made, so that it is no oracle.
            if !secret::equal(keys.tag(aad, &iv, &content).as_ref(), &tag) {
                return Err(JweError::Decrypt);
            }
            let iv = FixedLength::try_from(iv.as_slice()).map_err(|_| JweError::Decrypt)?;
            let cipher =
                PaddedBlockDecryptingKey::cbc_pkcs7(keys.cipher()?).map_err(|_| JweError::Decrypt)?;
            let length = cipher
                .decrypt(&mut content, DecryptionContext::Iv128(iv))
                .map_err(|_| JweError::Decrypt)?
                .len();
            content.truncate(length);
        }
    }
    Ok(content)
}

fn gcm(enc: ContentEncryption, key: &[u8]) -> Result<LessSafeKey, JweError> {
    let algorithm = if enc == ContentEncryption::A128Gcm { &AES_128_GCM } else { &AES_256_GCM };
    UnboundKey::new(algorithm, key).map(LessSafeKey::new).map_err(|_| JweError::Key)
}

/// The two halves of an AES-CBC-HMAC key (RFC 7518 §5.2.2.1).
struct CbcKeys<'a> {
    mac: hmac::Key,
    encryption: &'a [u8],
}

/// An HMAC, cut to its first half.
struct CbcTag {
    tag: hmac::Tag,
    length: usize,
}

impl AsRef<[u8]> for CbcTag {
    fn as_ref(&self) -> &[u8] {
        self.tag.as_ref().get(..self.length).unwrap_or_default()
    }
}

impl CbcTag {
    fn to_vec(&self) -> Vec<u8> {
        self.as_ref().to_vec()
    }
}

impl<'a> CbcKeys<'a> {
    fn split(enc: ContentEncryption, key: &'a [u8]) -> Result<Self, JweError> {
        let (mac, encryption) = key.split_at_checked(key_length(enc) / 2).ok_or(JweError::Key)?;
        let hash = match enc {
            ContentEncryption::A256CbcHs512 => hmac::HMAC_SHA512,
            _ => hmac::HMAC_SHA256,
        };
        Ok(Self { mac: hmac::Key::new(hash, mac), encryption })
    }

    fn cipher(&self) -> Result<UnboundCipherKey, JweError> {
        let algorithm = if self.encryption.len() == 16 { &AES_128 } else { &AES_256 };
        UnboundCipherKey::new(algorithm, self.encryption).map_err(|_| JweError::Key)
    }

    fn tag(&self, aad: &[u8], iv: &[u8], ciphertext: &[u8]) -> CbcTag {
        let bits = u64::try_from(aad.len()).unwrap_or(u64::MAX).saturating_mul(8);
        let mut context = hmac::Context::with_key(&self.mac);
        for part in [aad, iv, ciphertext, &bits.to_be_bytes()] {
            context.update(part);
        }
        CbcTag { tag: context.sign(), length: self.encryption.len() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Project Wycheproof: every case with the IV and the tag that JOSE has.
    #[test]
    fn published_cases_of_gcm() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/wycheproof/aes_gcm_test.json");
        let vectors: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let mut judged = 0;
        for group in vectors["testGroups"].as_array().unwrap() {
            let enc = match (group["keySize"].as_u64(), group["ivSize"].as_u64(), group["tagSize"].as_u64()) {
                (Some(128), Some(96), Some(128)) => ContentEncryption::A128Gcm,
                (Some(256), Some(96), Some(128)) => ContentEncryption::A256Gcm,
                _ => continue,
            };
            for case in group["tests"].as_array().unwrap() {
                let of = |name: &str| hex(case[name].as_str().unwrap());
                let sealed = Sealed { iv: of("iv"), ciphertext: of("ct"), tag: of("tag") };
                let opened = open(enc, &of("key"), &of("aad"), sealed);
                let valid = case["result"] == "valid";
                assert_eq!(opened.ok(), valid.then(|| of("msg")), "{case}");
                judged += 1;
            }
        }
        assert!(judged > 80, "{judged}");
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }
}
