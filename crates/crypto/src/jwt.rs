//! JSON Web Tokens: a type for what is not verified yet, and the checks of time.

use std::time::Duration;

use credenza_core::{UnixTime, json};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Algorithm, Header, Jws, JwsError, PublicKey, SignError, Signer, SigningHeader, jws};

/// How far clocks may differ, unless a profile says otherwise.
pub const LEEWAY: Duration = Duration::from_secs(60);

/// Why a JWT was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// The JWS around it is not acceptable.
    #[error(transparent)]
    Jws(#[from] JwsError),
    /// `typ` is missing or another one: this JWT is for something else.
    #[error("typ is not \"{0}\"")]
    Type(&'static str),
    /// The claims are not a JSON object with the members that are needed.
    #[error("the claims are not what this kind of token carries")]
    Claims,
    /// `exp` has passed.
    #[error("expired")]
    Expired,
    /// `nbf` or `iat` is in the future.
    #[error("not valid yet")]
    NotYetValid,
}

/// A JWT whose signature has not been looked at. Its claims come out by [`verify`](Unverified::verify).
#[derive(Debug, Clone)]
pub struct Unverified<'a, T> {
    jws: Jws<'a>,
    claims: T,
}

impl<'a, T: DeserializeOwned> Unverified<'a, T> {
    /// Takes a JWT of the media type `typ` apart.
    ///
    /// # Errors
    /// Everything of [`JwtError`] but the times.
    pub fn parse(text: &'a str, typ: &'static str) -> Result<Self, JwtError> {
        Self::parse_untyped(text, |header| header.has_type(typ))
            .map_err(|error| error.unwrap_or(JwtError::Type(typ)))
    }

    /// Reads a JWT whose header is accepted, of protocols from before explicit types (RFC 8725 §3.11): what it is has
    /// to be clear from its claims.
    ///
    /// # Errors
    /// [`JwtError`]; `None`: the header is not accepted.
    pub fn parse_untyped(
        text: &'a str,
        accepts: impl FnOnce(&Header) -> bool,
    ) -> Result<Self, Option<JwtError>> {
        let jws = Jws::parse(text).map_err(|error| Some(error.into()))?;
        if !accepts(&jws.header) {
            return Err(None);
        }
        let claims = json::object_from_slice(&jws.payload).map_err(|_| Some(JwtError::Claims))?;
        Ok(Self { jws, claims })
    }
}

impl<T> Unverified<'_, T> {
    /// The header, to find the key by.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.jws.header
    }

    /// The claims before they are known to be anybody's: only to find the key by.
    #[must_use]
    pub fn dangerous_claims(&self) -> &T {
        &self.claims
    }

    /// Verifies the signature and hands the claims out.
    ///
    /// # Errors
    /// [`JwtError::Jws`].
    pub fn verify(self, key: &PublicKey, allowed: &[Algorithm]) -> Result<T, JwtError> {
        self.jws.verify(key, allowed)?;
        Ok(self.claims)
    }
}

/// Checks `exp`, `nbf` and `iat` against the clock. The second of `exp` itself is too late (RFC 7519 §4.1.4).
///
/// # Errors
/// [`JwtError::Expired`] or [`JwtError::NotYetValid`].
pub fn check_times(
    now: UnixTime,
    leeway: Duration,
    expires: Option<UnixTime>,
    not_before: Option<UnixTime>,
    issued_at: Option<UnixTime>,
) -> Result<(), JwtError> {
    if expires.is_some_and(|expires| now >= expires + leeway) {
        return Err(JwtError::Expired);
    }
    if not_before.into_iter().chain(issued_at).any(|start| now + leeway < start) {
        return Err(JwtError::NotYetValid);
    }
    Ok(())
}

/// Signs claims as a JWT.
///
/// # Errors
/// The signer could not sign.
pub async fn sign<T: Serialize + Sync>(
    signer: &dyn Signer,
    header: &SigningHeader,
    claims: &T,
) -> Result<String, SignError> {
    let payload = serde_json::to_vec(claims).map_err(|error| SignError(error.to_string()))?;
    jws::sign(signer, header, &payload).await
}
