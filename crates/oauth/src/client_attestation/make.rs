//! Making attestations, as the wallet provider does, and proofs of possession, as the wallet does.

use std::time::Duration;

use credenza_core::{Random, UnixTime, id};
use credenza_crypto::{Header, IdentifiedBy, Jwk, SignError, Signer, jwt};
use serde_json::{Map, Value, json};

use super::{ATTESTATION_TYPE, POP_TYPE};

/// What a wallet provider vouches for.
#[derive(Debug, Clone)]
pub struct AttestationRequest<'a> {
    /// The wallet provider (`iss`).
    pub issuer: &'a str,
    /// The client identifier, which all instances of this wallet share (HAIP §4.4.1).
    pub client_id: &'a str,
    /// The key of the instance. It should be another one for each authorization server (draft 10 §10.1).
    pub instance_key: &'a Jwk,
    /// The time.
    pub now: UnixTime,
    /// For how long it is good.
    pub lifetime: Duration,
    /// More claims: `wallet_name`, `wallet_link`, `status` (OID4VCI Appendix E).
    pub more: Map<String, Value>,
}

/// Makes an attestation. The signer's certificates go into `x5c` when it has some, else its `kid`.
///
/// # Errors
/// The signer could not sign.
pub async fn attest(signer: &dyn Signer, request: AttestationRequest<'_>) -> Result<String, SignError> {
    let mut claims = request.more;
    let public = Jwk::new(request.instance_key.key.clone()).to_value();
    claims.insert("iss".to_owned(), request.issuer.into());
    claims.insert("sub".to_owned(), request.client_id.into());
    claims.insert("iat".to_owned(), json!(request.now));
    claims.insert("exp".to_owned(), json!(request.now + request.lifetime));
    claims.insert("cnf".to_owned(), json!({ "jwk": public }));
    jwt::sign(signer, &Header::signing(signer, ATTESTATION_TYPE, IdentifiedBy::X5c), &claims).await
}

/// What a proof of possession is made for.
#[derive(Debug, Clone, Copy)]
pub struct PopRequest<'a> {
    /// The client identifier, as the attestation has it.
    pub client_id: &'a str,
    /// The issuer identifier of the authorization server.
    pub audience: &'a str,
    /// The time.
    pub now: UnixTime,
    /// The challenge that this server has given last. It must be used when the server offers challenges.
    pub challenge: Option<&'a str>,
}

/// Makes a proof of possession with the instance's key, for one request.
///
/// # Errors
/// The signer could not sign.
pub async fn prove(
    signer: &dyn Signer,
    random: &dyn Random,
    request: &PopRequest<'_>,
) -> Result<String, SignError> {
    let mut claims = json!({
        "iss": request.client_id,
        "aud": request.audience,
        "jti": id::unguessable(random),
        "iat": request.now,
    });
    if let (Some(challenge), Some(claims)) = (request.challenge, claims.as_object_mut()) {
        claims.insert("challenge".to_owned(), challenge.into());
    }
    jwt::sign(signer, &Header::signing(signer, POP_TYPE, IdentifiedBy::Nothing), &claims).await
}
