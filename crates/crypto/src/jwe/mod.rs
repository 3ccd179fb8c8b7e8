//! JSON Web Encryption (RFC 7516) in compact form: ECDH-ES with AES-GCM and its relatives, and RSA-OAEP-256.

mod agreement;
mod compression;
mod content;
mod header;

use std::fmt;

use credenza_core::{Random, b64};
use serde_json::{Map, Value};

use crate::{Curve, Decrypter, Jwk, PublicKey};
use agreement::ToRecipient;
use header::ReceivedHeader;

/// No header is longer, in bytes before decoding: room for an ephemeral key, `apu` and `apv`.
pub const MAX_HEADER: usize = 8 * 1024;

/// No JWE is longer, in bytes: room for a response with portraits.
pub const MAX_MESSAGE: usize = 4 * 1024 * 1024;

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

impl ContentEncryption {
    /// All of them, in the order in which they are preferred.
    pub const ALL: [Self; 4] = [Self::A128Gcm, Self::A256Gcm, Self::A128CbcHs256, Self::A256CbcHs512];

    /// By the exact `enc` value.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|enc| enc.name() == name)
    }

    /// The `enc` value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::A128Gcm => "A128GCM",
            Self::A256Gcm => "A256GCM",
            Self::A128CbcHs256 => "A128CBC-HS256",
            Self::A256CbcHs512 => "A256CBC-HS512",
        }
    }
}

/// A key management algorithm (`alg`). RSA1_5, RSA-OAEP with SHA-1, PBES2, `dir` and
/// the symmetric ones are not in this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyManagement {
    /// `ECDH-ES`, direct key agreement
    EcdhEs,
    /// `ECDH-ES+A128KW`
    EcdhEsA128Kw,
    /// `ECDH-ES+A256KW`
    EcdhEsA256Kw,
    /// `RSA-OAEP-256`
    RsaOaep256,
}

impl KeyManagement {
    /// All of them, in the order in which they are preferred.
    pub const ALL: [Self; 4] = [Self::EcdhEs, Self::EcdhEsA128Kw, Self::EcdhEsA256Kw, Self::RsaOaep256];

    /// By the exact `alg` value.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|alg| alg.name() == name)
    }

    /// The algorithm that a key names, when the key can be encrypted to with it: of the right type, and not for
    /// something else by its `use`.
    #[must_use]
    pub fn of_key(key: &Jwk) -> Option<Self> {
        Self::from_name(key.alg.as_deref()?).filter(|alg| check_key(key, *alg).is_ok())
    }

    /// Whether keys of this kind can be encrypted to with this algorithm.
    fn fits(self, key: &PublicKey) -> bool {
        match (self, key) {
            (Self::RsaOaep256, PublicKey::Rsa { .. }) => true,
            (Self::RsaOaep256, _) | (_, PublicKey::Rsa { .. }) => false,
            (_, PublicKey::Ec { curve, .. }) => *curve != Curve::Secp256k1,
            (_, PublicKey::Okp { curve, .. }) => *curve == Curve::X25519,
        }
    }

    /// The `alg` value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdhEs => "ECDH-ES",
            Self::EcdhEsA128Kw => "ECDH-ES+A128KW",
            Self::EcdhEsA256Kw => "ECDH-ES+A256KW",
            Self::RsaOaep256 => "RSA-OAEP-256",
        }
    }
}

/// Why a JWE was not opened. One text for everything that depends on the key, so that there is no oracle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JweError {
    /// Not five parts of canonical base64url with a JSON header that can be used.
    #[error("not a compact JWE: {0}")]
    Malformed(&'static str),
    /// `alg`, `enc` or `zip` is not one that was offered.
    #[error("the encryption algorithm is not accepted here")]
    Algorithm,
    /// The key of the recipient is not for this: by its `use`, its `alg`, its `kid` or its curve.
    #[error("the recipient's key is not for this")]
    Key,
    /// It does not decrypt.
    #[error("the content does not decrypt")]
    Decrypt,
}

/// What is said beside the content.
#[derive(Debug, Clone, Default)]
pub struct Parameters<'a> {
    /// `apu`, before encoding; left out when empty.
    pub apu: &'a [u8],
    /// `apv`, before encoding; left out when empty.
    pub apv: &'a [u8],
    /// `cty`, where a profile wants one.
    pub cty: Option<&'a str>,
    /// Whether the content is compressed first (`zip`: `DEF`). Only where no part of it is an attacker's: the length
    /// of the message tells about its content.
    pub compress: bool,
}

/// What a recipient takes.
#[derive(Debug, Clone, Copy)]
pub struct Accepted<'a> {
    /// The content encryptions.
    pub enc: &'a [ContentEncryption],
    /// Up to how many bytes a compressed content is decompressed; `None` refuses compression.
    pub inflate: Option<usize>,
}

/// What came out of a JWE.
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

impl fmt::Debug for Opened {
    /// Tells the length of the content and not the content: it is somebody's personal data.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Opened")
            .field("plaintext", &format_args!("{} bytes", self.plaintext.len()))
            .field("kid", &self.kid)
            .field("enc", &self.enc)
            .finish_non_exhaustive()
    }
}

/// Encrypts to a public key with a fresh ephemeral one; the recipient's `kid` is repeated in the header
/// (OID4VP 1.0 §8.3).
///
/// # Errors
/// [`JweError::Key`] when the key is for signatures, for another `alg`, or not on a curve for key agreement.
pub fn encrypt(
    recipient: &Jwk,
    alg: KeyManagement,
    enc: ContentEncryption,
    parameters: &Parameters<'_>,
    plaintext: &[u8],
    random: &dyn Random,
) -> Result<String, JweError> {
    check_key(recipient, alg)?;
    let ToRecipient { key, encrypted_key, epk } =
        agreement::to_recipient(&recipient.key, alg, enc, (parameters.apu, parameters.apv), random)?;

    let mut members = Map::new();
    members.insert("alg".to_owned(), alg.name().into());
    members.insert("enc".to_owned(), enc.name().into());
    let mut optional = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            members.insert(name.to_owned(), Value::String(value));
        }
    };
    optional("kid", recipient.kid.clone());
    optional("apu", (!parameters.apu.is_empty()).then(|| b64::encode(parameters.apu)));
    optional("apv", (!parameters.apv.is_empty()).then(|| b64::encode(parameters.apv)));
    optional("cty", parameters.cty.map(str::to_owned));
    optional("zip", parameters.compress.then(|| compression::DEF.to_owned()));
    if let Some(epk) = epk {
        members.insert("epk".to_owned(), Jwk::new(epk).to_value());
    }

    let compressed = if parameters.compress { Some(compression::deflate(plaintext)?) } else { None };
    let plaintext = compressed.as_deref().unwrap_or(plaintext);
    let mut text = String::with_capacity(640 + plaintext.len() * 4 / 3);
    b64::encode_to(Value::Object(members).to_string(), &mut text);
    let sealed = content::seal(enc, &key, text.as_bytes(), plaintext, random)?;
    for part in [&encrypted_key, &sealed.iv, &sealed.ciphertext, &sealed.tag] {
        text.push('.');
        b64::encode_to(part, &mut text);
    }
    Ok(text)
}

/// Decrypts a compact JWE whose `enc` is one of `accepted`, and which is not compressed. Its `alg` must be the one
/// that the key's JWK names, and its `kid`, when it and the key have one, must be the key's.
///
/// # Errors
/// See [`JweError`].
pub async fn decrypt(
    text: &str,
    decrypter: &dyn Decrypter,
    accepted: &[ContentEncryption],
) -> Result<Opened, JweError> {
    decrypt_accepted(text, decrypter, Accepted { enc: accepted, inflate: None }).await
}

/// Decrypts a compact JWE of the kinds that are accepted, as [`decrypt`] does.
///
/// # Errors
/// See [`JweError`].
pub async fn decrypt_accepted(
    text: &str,
    decrypter: &dyn Decrypter,
    accepted: Accepted<'_>,
) -> Result<Opened, JweError> {
    let parts = Parts::split(text)?;
    let header = ReceivedHeader::parse(parts.header)?;
    let recipient = decrypter.public_jwk();
    check_key(recipient, header.alg)?;
    if !accepted.enc.contains(&header.enc) || (header.compressed && accepted.inflate.is_none()) {
        return Err(JweError::Algorithm);
    }
    if let (Some(sent), Some(own)) = (&header.kid, &recipient.kid)
        && sent != own
    {
        return Err(JweError::Key);
    }
    if header.epk.as_ref().is_some_and(|epk| epk.curve() != recipient.key.curve()) {
        return Err(JweError::Malformed("epk is on another curve than the recipient's key"));
    }
    let decode = |part: &str, what| b64::decode(part).map_err(|_| JweError::Malformed(what));
    let encrypted_key = decode(parts.encrypted_key, "the encrypted key is not base64url")?;
    if encrypted_key.is_empty() != (header.alg == KeyManagement::EcdhEs) {
        return Err(JweError::Malformed("an encrypted key where none belongs, or none where one does"));
    }
    let sealed = content::Sealed {
        iv: decode(parts.iv, "the IV is not base64url")?,
        ciphertext: decode(parts.ciphertext, "the ciphertext is not base64url")?,
        tag: decode(parts.tag, "the tag is not base64url")?,
    };
    sealed.check_lengths(header.enc)?;

    let key = agreement::from_sender(decrypter, &header, &encrypted_key).await?;
    let plaintext = content::open(header.enc, &key, parts.header.as_bytes(), sealed)?;
    let plaintext = match accepted.inflate {
        Some(max) if header.compressed => compression::inflate(&plaintext, max)?,
        _ => plaintext,
    };
    let ReceivedHeader { kid, apu, apv, enc, .. } = header;
    Ok(Opened { plaintext, kid, apu, apv, enc })
}

/// The `kid` in the header of a compact JWE, to find the decrypter by; nothing about it is authentic.
///
/// # Errors
/// [`JweError::Malformed`] or [`JweError::Algorithm`].
pub fn peek_kid(text: &str) -> Result<Option<String>, JweError> {
    Ok(ReceivedHeader::parse(Parts::split(text)?.header)?.kid)
}

/// A key says what it is for, by its type, `use` and `alg`; what it does not say is not held against it.
fn check_key(recipient: &Jwk, alg: KeyManagement) -> Result<(), JweError> {
    if !alg.fits(&recipient.key)
        || recipient.usage.as_deref().is_some_and(|usage| usage != "enc")
        || recipient.alg.as_deref().is_some_and(|named| named != alg.name())
    {
        return Err(JweError::Key);
    }
    Ok(())
}

/// The five parts, still encoded.
struct Parts<'a> {
    header: &'a str,
    encrypted_key: &'a str,
    iv: &'a str,
    ciphertext: &'a str,
    tag: &'a str,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Result<Self, JweError> {
        if text.len() > MAX_MESSAGE {
            return Err(JweError::Malformed("longer than a message may be"));
        }
        let mut parts = text.split('.');
        let mut next = || parts.next().ok_or(JweError::Malformed("not five parts"));
        let split =
            Self { header: next()?, encrypted_key: next()?, iv: next()?, ciphertext: next()?, tag: next()? };
        if parts.next().is_some() {
            return Err(JweError::Malformed("not five parts"));
        }
        if split.header.len() > MAX_HEADER {
            return Err(JweError::Malformed("the header is longer than it may be"));
        }
        Ok(split)
    }
}
