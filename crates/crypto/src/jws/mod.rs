//! JSON Web Signatures (RFC 7515): the compact form here, the JSON forms in [`json`].

pub mod json;

use credenza_core::b64;

use crate::{Algorithm, Header, Jwk, PublicKey, SignError, SignatureError, Signer, SigningHeader};

/// No header is longer, in bytes before decoding: room for a chain of certificates.
pub const MAX_HEADER: usize = 32 * 1024;

/// No token is longer, in bytes.
pub const MAX_TOKEN: usize = 1024 * 1024;

/// Why a JWS was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Not three parts of canonical base64url, or not JSON where JSON belongs.
    #[error("not a compact JWS: {0}")]
    Malformed(&'static str),
    /// `alg` is `none`, a MAC or unknown, or it is not among those that are accepted here.
    #[error("the signature algorithm is not accepted here")]
    Algorithm,
    /// `crit` or `b64`: there is no extension that must be understood and is.
    #[error("the header has a critical extension that is not supported")]
    Critical,
    /// The signature does not verify.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

/// A JWS that was taken apart and not verified yet. It borrows the text.
#[derive(Debug, Clone)]
pub struct Jws<'a> {
    /// The protected header.
    pub header: Header,
    /// The payload, decoded.
    pub payload: Vec<u8>,
    signing_input: &'a str,
    signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Takes a compact JWS apart.
    ///
    /// # Errors
    /// [`JwsError::Malformed`], [`JwsError::Algorithm`] or [`JwsError::Critical`].
    pub fn parse(text: &'a str) -> Result<Self, JwsError> {
        Self::parse_within(text, MAX_TOKEN)
    }

    /// As [`parse`](Self::parse), for tokens that may be longer or must be shorter than [`MAX_TOKEN`]: at most
    /// `max` bytes.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_within(text: &'a str, max: usize) -> Result<Self, JwsError> {
        if text.len() > max {
            return Err(JwsError::Malformed("longer than a token may be"));
        }
        let (signing_input, signature) =
            text.rsplit_once('.').ok_or(JwsError::Malformed("not three parts"))?;
        let (header, payload) =
            signing_input.split_once('.').ok_or(JwsError::Malformed("not three parts"))?;
        if header.len() > MAX_HEADER {
            return Err(JwsError::Malformed("the header is longer than it may be"));
        }
        let decode = |part: &str, what| b64::decode(part).map_err(|_| JwsError::Malformed(what));
        // A dot is no base64url character, so that a fourth part is refused here too.
        let header = Header::parse(&decode(header, "the header is not base64url")?)?;
        let payload = decode(payload, "the payload is not base64url")?;
        let signature = decode(signature, "the signature is not base64url")?;
        Ok(Self { header, payload, signing_input, signature })
    }

    /// Verifies the signature with a key, if its algorithm is one of those allowed.
    ///
    /// # Errors
    /// [`JwsError::Algorithm`] or [`JwsError::Signature`].
    pub fn verify(&self, key: &PublicKey, allowed: &[Algorithm]) -> Result<(), JwsError> {
        if !allowed.contains(&self.header.algorithm) {
            return Err(JwsError::Algorithm);
        }
        Ok(key.verify(self.header.algorithm, self.signing_input.as_bytes(), &self.signature)?)
    }

    /// As [`verify`](Self::verify), with a key about which more is said: its `use` and its `alg` bind.
    ///
    /// # Errors
    /// [`JwsError::Algorithm`] or [`JwsError::Signature`].
    pub fn verify_by(&self, jwk: &Jwk, allowed: &[Algorithm]) -> Result<(), JwsError> {
        if !jwk.verifies(self.header.algorithm) {
            return Err(SignatureError::KeyMismatch(self.header.algorithm).into());
        }
        self.verify(&jwk.key, allowed)
    }
}

/// Signs a payload under a header, in compact form.
///
/// # Errors
/// The signer could not sign.
pub async fn sign(signer: &dyn Signer, header: &SigningHeader, payload: &[u8]) -> Result<String, SignError> {
    let signature_length = 88;
    let mut text =
        String::with_capacity(header.encoded().len() + payload.len() * 4 / 3 + signature_length + 6);
    text.push_str(header.encoded());
    text.push('.');
    b64::encode_to(payload, &mut text);
    let signature = signer.sign(text.as_bytes()).await?;
    text.push('.');
    b64::encode_to(signature, &mut text);
    Ok(text)
}
