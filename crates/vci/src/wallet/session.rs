//! A token and how it is used: DPoP proofs, and the nonces that servers want in them.

use std::sync::Arc;

use credenza_core::{Secret, UnixTime};
use credenza_crypto::{Algorithm, Signer, SoftwareSigner};
use credenza_oauth::dpop::{self, DPOP, ProofRequest};
use credenza_oauth::error::DPOP_NONCE;
use credenza_oauth::{AuthorizationServerMetadata, TokenType};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Response};
use serde::{Deserialize, Serialize};
use url::Url;

use super::opened::Plan;
use super::transport::{answer, refusal};
use super::{DpopUse, Parts, Step, WalletError};
use crate::messages::{PRE_AUTHORIZED_CODE, TokenResponse};

/// Algorithms of our DPoP keys, best first.
const DPOP_ALGORITHMS: [Algorithm; 3] = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Es384];

/// No nonce of a server is longer, in bytes.
const MAX_NONCE: usize = 2048;

/// An access token, with the key that it is bound to.
pub(super) struct Session {
    parts: Arc<Parts>,
    token: Secret,
    dpop: Option<DpopKey>,
}

/// A session at rest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct KeptSession {
    access_token: Secret,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dpop_key: Option<Secret>,
}

/// A key for the proofs of one token. It lives as long as the token does.
struct DpopKey {
    signer: SoftwareSigner,
    /// The last nonce of the server that is being talked to.
    nonce: Option<String>,
}

impl DpopKey {
    fn generate(parts: &Parts, server: &AuthorizationServerMetadata) -> Result<Option<Self>, WalletError> {
        let supported = &server.dpop_signing_alg_values_supported;
        let usable = |algorithm: &&Algorithm| supported.iter().any(|name| name == algorithm.name());
        let Some(algorithm) = DPOP_ALGORITHMS.iter().find(usable) else {
            return match parts.policy.dpop {
                DpopUse::WhenSupported => Ok(None),
                DpopUse::Required => {
                    Err(WalletError::Unsupported("the authorization server does not know DPoP"))
                }
            };
        };
        let signer = SoftwareSigner::generate(*algorithm, &*parts.random)
            .map_err(|error| credenza_crypto::SignError(error.to_string()))?;
        Ok(Some(Self { signer, nonce: None }))
    }

    async fn prove(
        &self,
        parts: &Parts,
        url: &Url,
        access_token: Option<&str>,
        now: UnixTime,
    ) -> Result<HeaderValue, WalletError> {
        let request = ProofRequest {
            method: "POST",
            url: url.as_str(),
            now,
            access_token,
            nonce: self.nonce.as_deref(),
        };
        let proof = dpop::prove(&self.signer as &dyn Signer, &*parts.random, &request).await?;
        HeaderValue::from_str(&proof)
            .map_err(|_| WalletError::Unsupported("a DPoP proof that is no header value"))
    }

    /// Remembers the nonce of an answer; whether there is a new one.
    fn remember(&mut self, response: &Response<Vec<u8>>) -> bool {
        let nonce = response.headers().get(DPOP_NONCE).and_then(|value| value.to_str().ok());
        let Some(nonce) = nonce.filter(|nonce| !nonce.is_empty() && nonce.len() <= MAX_NONCE) else {
            return false;
        };
        let new = self.nonce.as_deref() != Some(nonce);
        self.nonce = Some(nonce.to_owned());
        new
    }
}

impl Session {
    /// Redeems the code of an offer (§6.1).
    pub(super) async fn redeem(
        plan: &Plan,
        tx_code: Option<&Secret>,
    ) -> Result<(Self, TokenResponse), WalletError> {
        let parts = plan.parts.clone();
        let url = &plan.summary.token_endpoint;
        let mut dpop = DpopKey::generate(&parts, &plan.server)?;
        let mut form = vec![
            ("grant_type", PRE_AUTHORIZED_CODE),
            ("pre-authorized_code", plan.grant.pre_authorized_code.as_str()),
        ];
        form.extend(tx_code.map(|code| ("tx_code", code.expose())));
        form.extend(parts.policy.client_id.as_deref().map(|id| ("client_id", id)));
        let form = credenza_oauth::form::encode(&form);
        let mut again = true;
        let response = loop {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
            if let Some(key) = &dpop {
                headers.insert(DPOP, key.prove(&parts, url, None, parts.clock.now()).await?);
            }
            let body = form.clone().into_bytes();
            let response = parts.send(Step::Token, Method::POST, url, headers, body).await?;
            let new_nonce = dpop.as_mut().is_some_and(|key| key.remember(&response));
            // A nonce is asked for before anything else is looked at, so that the code was not spent.
            if again && new_nonce && wants_nonce(Step::Token, &response) {
                again = false;
                continue;
            }
            break response;
        };
        let token: TokenResponse = answer(Step::Token, &response, &[200])?;
        match (&mut dpop, token.token_type) {
            (Some(key), TokenType::DPoP) => key.nonce = None,
            (None, TokenType::Bearer) => {}
            (Some(_), TokenType::Bearer) => {
                return Err(WalletError::Untrustworthy(
                    "the access token is not bound to the key that was proven",
                ));
            }
            (None, TokenType::DPoP) => {
                return Err(WalletError::Untrustworthy(
                    "the access token is bound to a key that was not proven",
                ));
            }
        }
        if token.access_token.expose().is_empty() {
            return Err(super::transport::unexpected(Step::Token, "the access token is empty"));
        }
        Ok((Self { parts, token: token.access_token.clone(), dpop }, token))
    }

    /// Sends JSON with the token; once more when the server wants a nonce in the DPoP proof.
    pub(super) async fn post(
        &mut self,
        step: Step,
        url: &Url,
        body: Vec<u8>,
    ) -> Result<Response<Vec<u8>>, WalletError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.post_with(step, url, &headers, body).await
    }

    /// Sends a body of the type that is given.
    pub(super) async fn post_with(
        &mut self,
        step: Step,
        url: &Url,
        given: &HeaderMap,
        body: Vec<u8>,
    ) -> Result<Response<Vec<u8>>, WalletError> {
        let mut again = true;
        loop {
            let mut headers = given.clone();
            let scheme = if self.dpop.is_some() { TokenType::DPoP } else { TokenType::Bearer };
            let mut authorization =
                HeaderValue::from_str(&format!("{} {}", scheme.name(), self.token.expose())).map_err(
                    |_| WalletError::Untrustworthy("the access token has characters that no token has"),
                )?;
            authorization.set_sensitive(true);
            headers.insert(AUTHORIZATION, authorization);
            if let Some(key) = &self.dpop {
                let token = Some(self.token.expose());
                headers.insert(DPOP, key.prove(&self.parts, url, token, self.parts.clock.now()).await?);
            }
            let response = self.parts.send(step, Method::POST, url, headers, body.clone()).await?;
            let new_nonce = self.dpop.as_mut().is_some_and(|key| key.remember(&response));
            if again && new_nonce && response.status() == 401 && wants_nonce(step, &response) {
                again = false;
                continue;
            }
            return Ok(response);
        }
    }

    /// What is needed to go on after a restart. It is secret.
    pub(super) fn to_kept(&self) -> KeptSession {
        KeptSession {
            access_token: self.token.clone(),
            dpop_key: self.dpop.as_ref().map(|key| key.signer.to_private_jwk()),
        }
    }

    /// Goes on after a restart.
    pub(super) fn from_kept(parts: Arc<Parts>, kept: &KeptSession) -> Result<Self, WalletError> {
        let dpop = match &kept.dpop_key {
            None => None,
            Some(jwk) => {
                let signer = SoftwareSigner::from_private_jwk(jwk.expose())
                    .map_err(|error| credenza_crypto::SignError(error.to_string()))?;
                Some(DpopKey { signer, nonce: None })
            }
        };
        Ok(Self { parts, token: kept.access_token.clone(), dpop })
    }

    /// Takes a nonce that the nonce endpoint has sent along (§7.2).
    pub(super) fn remember(&mut self, response: &Response<Vec<u8>>) {
        if let Some(key) = &mut self.dpop {
            key.remember(response);
        }
    }
}

/// Whether a refusal says `use_dpop_nonce`: in the body or in a challenge (RFC 9449 §8, §9).
fn wants_nonce(step: Step, response: &Response<Vec<u8>>) -> bool {
    const CODE: &str = "use_dpop_nonce";
    let challenges = response.headers().get_all(http::header::WWW_AUTHENTICATE);
    !response.status().is_success()
        && (matches!(refusal(step, response), WalletError::Refused { code, .. } if code == CODE)
            || challenges.iter().any(|value| value.to_str().is_ok_and(|text| text.contains(CODE))))
}
