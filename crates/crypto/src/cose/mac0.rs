//! `COSE_Mac0`: a message with one authentication tag (RFC 9052 §6.2), HMAC 256/256 only.

use std::fmt;

use aws_lc_rs::{hkdf, hmac};
use zeroize::Zeroizing;

use super::algorithm::HMAC_256;
use super::sign1::{Content, read_message, to_be_signed};
use super::{CoseError, Header, MAC0_TAG, Reader, SigningHeader, Tagging, Writer};

const CONTEXT: &str = "MAC0";

/// A key that both sides share.
pub struct MacKey(hmac::Key);

impl MacKey {
    /// From its bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// 32 bytes by HKDF with SHA-256 (RFC 5869) from a shared secret.
    #[must_use]
    pub fn derive(secret: &[u8], salt: &[u8], info: &[u8]) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        let info = [info];
        let derived = hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
            .extract(secret)
            .expand(&info, hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut *key));
        debug_assert!(derived.is_ok(), "one block is never too long");
        Self::new(&*key)
    }
}

/// Shows nothing of the key.
impl fmt::Debug for MacKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("MacKey(…)")
    }
}

/// An authenticated message that was taken apart and not verified yet. It borrows.
#[derive(Debug, Clone)]
pub struct Mac0<'b> {
    /// Both headers.
    pub header: Header<'b>,
    /// The content, when it is attached.
    pub payload: Option<&'b [u8]>,
    tag: &'b [u8],
}

impl<'b> Mac0<'b> {
    /// Takes a message apart, which fills `bytes`.
    ///
    /// # Errors
    /// See [`CoseError`].
    pub fn parse(bytes: &'b [u8], tagging: Tagging) -> Result<Self, CoseError> {
        Reader::whole(bytes, |reader| Self::read(reader, tagging))
    }

    /// Takes a message apart, which is the reader's next item.
    ///
    /// # Errors
    /// See [`CoseError`].
    pub fn read(reader: &mut Reader<'b>, tagging: Tagging) -> Result<Self, CoseError> {
        let (header, payload, tag) = read_message(reader, MAC0_TAG, tagging)?;
        Ok(Self { header, payload, tag })
    }

    /// Verifies the tag over the attached content, in constant time.
    ///
    /// # Errors
    /// [`CoseError::Algorithm`], [`CoseError::Content`] or [`CoseError::Mac`].
    pub fn verify(&self, key: &MacKey, external_aad: &[u8]) -> Result<(), CoseError> {
        self.verify_over(self.payload.ok_or(CoseError::Content)?, key, external_aad)
    }

    /// Verifies the tag over content that is not in the message, in constant time.
    ///
    /// # Errors
    /// [`CoseError::Algorithm`], [`CoseError::Content`] or [`CoseError::Mac`].
    pub fn verify_detached(
        &self,
        content: &[u8],
        key: &MacKey,
        external_aad: &[u8],
    ) -> Result<(), CoseError> {
        if self.payload.is_some() {
            return Err(CoseError::Content);
        }
        self.verify_over(content, key, external_aad)
    }

    fn verify_over(&self, content: &[u8], key: &MacKey, external_aad: &[u8]) -> Result<(), CoseError> {
        if self.header.algorithm != HMAC_256 {
            return Err(CoseError::Algorithm);
        }
        let message = to_be_signed(CONTEXT, self.header.protected, external_aad, content);
        hmac::verify(&key.0, &message, self.tag).map_err(|_| CoseError::Mac)
    }
}

/// Authenticates: a `COSE_Mac0` without its CBOR tag.
#[must_use]
pub fn create(key: &MacKey, content: Content<'_>, external_aad: &[u8]) -> Vec<u8> {
    let header = SigningHeader { algorithm: HMAC_256, ..SigningHeader::default() };
    let protected = header.protected();
    let message = to_be_signed(CONTEXT, &protected, external_aad, content.bytes());
    let mut out = Writer::with_capacity(message.len() + 64);
    out.array(4).bytes(&protected);
    header.write_unprotected(&mut out);
    content.write(&mut out);
    out.bytes(hmac::sign(&key.0, &message).as_ref());
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Project Wycheproof: 32 bytes are the beginning of whatever is longer.
    #[test]
    fn published_cases_of_hkdf() {
        let path =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/wycheproof/hkdf_sha256_test.json");
        let vectors: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let mut judged = 0;
        for group in vectors["testGroups"].as_array().unwrap() {
            for case in group["tests"].as_array().unwrap() {
                let of = |name: &str| hex(case[name].as_str().unwrap());
                if case["result"] != "valid" || of("okm").len() < 32 {
                    continue;
                }
                let derived = MacKey::derive(&of("ikm"), &of("salt"), &of("info"));
                let published = MacKey::new(&of("okm")[..32]);
                let tag = |key: &MacKey| hmac::sign(&key.0, b"message").as_ref().to_vec();
                assert_eq!(tag(&derived), tag(&published), "{case}");
                judged += 1;
            }
        }
        assert!(judged > 40, "{judged}");
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }
}
