//! JSON Web Encryption (RFC 7516) in compact form: ECDH-ES with AES-GCM and its relatives.

use credenza_core::Random;

use crate::{Decrypter, Jwk};

/// A content encryption algorithm (`enc`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContentEncryption {
    /// `A128GCM`
    A128Gcm,
    /// `A256GCM`
    A256Gcm,
    /// `A128CBC-HS256`
    A128CbcHs256,
    /// `A256CBC-HS512`
    A256CbcHs512,
}

/// A key management algorithm (`alg`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyManagement {
    /// `ECDH-ES`, direct key agreement
    EcdhEs,
    /// `ECDH-ES+A128KW`
    EcdhEsA128Kw,
    /// `ECDH-ES+A256KW`
    EcdhEsA256Kw,
}

/// Why a JWE was not opened. One text for everything that depends on the key, so that there is no oracle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JweError {
    /// Not five parts of canonical base64url with a JSON header.
    #[error("not a compact JWE: {0}")]
    Malformed(&'static str),
    /// `alg`, `enc` or `zip` is not one that was offered.
    #[error("the encryption algorithm is not accepted here")]
    Algorithm,
    /// The key of the recipient can't be used for this.
    #[error("the recipient's key can't be encrypted to")]
    Key,
    /// It does not decrypt.
    #[error("the content does not decrypt")]
    Decrypt,
}

/// What is said beside the content.
#[derive(Debug, Clone, Default)]
pub struct Parameters<'a> {
    /// `apu`, before encoding.
    pub apu: &'a [u8],
    /// `apv`, before encoding.
    pub apv: &'a [u8],
    /// `typ` or `cty`, where a profile wants one.
    pub cty: Option<&'a str>,
}

/// What came out of a JWE.
#[derive(Debug)]
pub struct Opened {
    /// The content.
    pub plaintext: Vec<u8>,
    /// `kid` of the header.
    pub kid: Option<String>,
    /// `apu`, decoded; empty when absent.
    pub apu: Vec<u8>,
    /// `apv`, decoded; empty when absent.
    pub apv: Vec<u8>,
    /// The content encryption that was used.
    pub enc: ContentEncryption,
}

/// Encrypts to a public key; its `kid` is repeated in the header.
///
/// # Errors
/// [`JweError::Key`] when the key is not for encryption or not on a curve for key agreement.
pub fn encrypt(
    recipient: &Jwk,
    alg: KeyManagement,
    enc: ContentEncryption,
    parameters: &Parameters<'_>,
    plaintext: &[u8],
    random: &dyn Random,
) -> Result<String, JweError> {
    let _ = (recipient, alg, enc, parameters, plaintext, random);
    Err(JweError::Key)
}

/// Decrypts a compact JWE whose `enc` is one of `accepted`.
///
/// # Errors
/// See [`JweError`].
pub async fn decrypt(
    text: &str,
    decrypter: &dyn Decrypter,
    accepted: &[ContentEncryption],
) -> Result<Opened, JweError> {
    let _ = (text, decrypter, accepted);
    Err(JweError::Decrypt)
}

/// The `kid` in the header of a compact JWE, to find the decrypter by; nothing about it is authentic.
///
/// # Errors
/// [`JweError::Malformed`].
pub fn peek_kid(text: &str) -> Result<Option<String>, JweError> {
    let _ = text;
    Err(JweError::Malformed("not implemented yet"))
}
