//! Making a DPoP proof, as the client does.

use credenza_core::{Random, UnixTime, id};
use credenza_crypto::{Header, IdentifiedBy, SignError, Signer, jwt};
use serde::Serialize;

use super::PROOF_TYPE;
use crate::token::ath;

/// What a proof is made for.
#[derive(Debug, Clone, Copy)]
pub struct ProofRequest<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The URL that is asked; query and fragment are cut off.
    pub url: &'a str,
    /// The time.
    pub now: UnixTime,
    /// The access token that the request carries, when it carries one.
    pub access_token: Option<&'a str>,
    /// The nonce that this server has given last.
    pub nonce: Option<&'a str>,
}

#[derive(Serialize)]
struct Claims<'a> {
    jti: String,
    htm: &'a str,
    htu: &'a str,
    iat: UnixTime,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
}

/// Makes a proof for one request (RFC 9449 §4.2); never use it for a second one.
///
/// # Errors
/// The signer could not sign.
pub async fn prove(
    signer: &dyn Signer,
    random: &dyn Random,
    request: &ProofRequest<'_>,
) -> Result<String, SignError> {
    let htu = request.url.split(['?', '#']).next().unwrap_or(request.url);
    let claims = Claims {
        jti: id::unguessable(random),
        htm: request.method,
        htu,
        iat: request.now,
        ath: request.access_token.map(ath),
        nonce: request.nonce,
    };
    let header = Header::signing(signer, PROOF_TYPE, IdentifiedBy::Jwk);
    jwt::sign(signer, &header, &claims).await
}
