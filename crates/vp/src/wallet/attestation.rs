//! Verifier attestations: somebody trusted says whose key it is (OID4VP 1.0 §12).

use credenza_core::UnixTime;
use credenza_crypto::{Header, Jwk, PublicKey, Unverified, jwt};
use credenza_trust::{KeyMaterial, Purpose};
use serde::Deserialize;

use super::{Refusal, Wallet};
use crate::messages::{ClientId, VERIFIER_ATTESTATION_TYPE};

/// What an attestation says. What is not known is ignored.
#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    exp: UnixTime,
    #[serde(default)]
    iat: Option<UnixTime>,
    #[serde(default)]
    nbf: Option<UnixTime>,
    cnf: Confirmation,
    #[serde(default)]
    redirect_uris: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Confirmation {
    jwk: Jwk,
}

/// An attestation that holds.
pub(super) struct Attested {
    /// The verifier's key.
    pub(super) key: PublicKey,
    /// Who says so, and why he is believed.
    pub(super) how: String,
    /// The only addresses that the answer may go to.
    pub(super) redirect_uris: Option<Vec<String>>,
}

fn refuse(problem: impl Into<String>) -> Refusal {
    Refusal::RequestObject(format!("its verifier attestation: {}", problem.into()))
}

/// Verifies the attestation in the header of a request object.
pub(super) async fn verify(
    wallet: &Wallet,
    client_id: &ClientId,
    header: &Header,
) -> Result<Attested, Refusal> {
    let text = header.members.get("jwt").and_then(|value| value.as_str());
    let text = text.ok_or_else(|| refuse("there is none"))?;
    let unverified = Unverified::<Claims>::parse(text, VERIFIER_ATTESTATION_TYPE)
        .map_err(|error| refuse(error.to_string()))?;
    let x5c = unverified.header().x5c().map_err(|error| refuse(error.to_string()))?;
    let issuer = unverified.dangerous_claims().iss.clone();
    let material = KeyMaterial {
        x5c: x5c.as_deref(),
        kid: unverified.header().kid.as_deref(),
        issuer: Some(&issuer),
        jwk: None,
    };
    let now = wallet.clock.now();
    // Whoever may attest is known apart from whoever may ask: the one is not the other.
    let trusted = wallet
        .attesters
        .resolve(&material, Purpose::Verifier, now)
        .await
        .map_err(|distrust| Refusal::Untrusted(format!("the issuer of its attestation: {distrust}")))?;
    let how = format!("attested by {issuer}: {}", trusted.how);
    let claims = unverified
        .verify(&trusted.key, &wallet.config.algorithms)
        .map_err(|error| refuse(error.to_string()))?;
    jwt::check_times(now, jwt::LEEWAY, Some(claims.exp), claims.nbf, claims.iat)
        .map_err(|error| refuse(error.to_string()))?;
    if claims.sub != client_id.original() {
        return Err(Refusal::ClientId("the attestation is another verifier's"));
    }
    Ok(Attested { key: claims.cnf.jwk.key, how, redirect_uris: claims.redirect_uris })
}
