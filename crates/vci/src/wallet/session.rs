//! A token and how it is used: DPoP proofs, and the nonces that servers want in them.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Secret, UnixTime};
use credenza_oauth::TokenType;
use credenza_oauth::dpop::DPOP;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Response};
use serde::{Deserialize, Serialize};
use url::Url;

use super::dpop_key::DpopKey;
use super::opened::{Plan, Right};
use super::server::AuthorizationServer;
use super::transport::refusal;
use super::{Parts, Step, WalletError};
use crate::messages::{AUTHORIZATION_CODE, PRE_AUTHORIZED_CODE, TokenResponse};

/// An access token, with the key that it is bound to.
pub(super) struct Session {
    parts: Arc<Parts>,
    token: Secret,
    dpop: Option<DpopKey>,
    /// The name that the token was given to.
    client_id: Option<String>,
    /// When the token ends, where the server has said that.
    expires_at: Option<UnixTime>,
    /// The nonce that came with the last answer, as earlier drafts have it.
    nonce: Option<String>,
}

/// A session at rest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct KeptSession {
    access_token: Secret,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dpop_key: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<UnixTime>,
}

impl KeptSession {
    /// Whether the token is good no more.
    pub(super) fn has_ended(&self, now: UnixTime) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

impl Session {
    /// Redeems what the holder has for a token (§6.1).
    pub(super) async fn redeem(plan: &Plan, right: Right) -> Result<(Self, TokenResponse), WalletError> {
        let parts = &plan.parts;
        match right {
            Right::Offered { code, tx_code } => {
                let dpop = DpopKey::generate(parts, &plan.server)?;
                let mut fields =
                    vec![("grant_type", PRE_AUTHORIZED_CODE), ("pre-authorized_code", code.expose())];
                fields.extend(tx_code.as_ref().map(|code| ("tx_code", code.expose())));
                let server = AuthorizationServer::new(parts, &plan.server, dpop).for_offered_code();
                Self::ask(server, parts, &fields).await
            }
            Right::Authorized { code, redirect_uri, verifier, dpop, challenge } => {
                let mut fields = vec![
                    ("grant_type", AUTHORIZATION_CODE),
                    ("code", code.expose()),
                    ("code_verifier", verifier.expose()),
                ];
                fields.extend(redirect_uri.as_deref().map(|uri| ("redirect_uri", uri)));
                let server = AuthorizationServer::new(parts, &plan.server, dpop).with_challenge(challenge);
                Self::ask(server, parts, &fields).await
            }
        }
    }

    /// Asks the token endpoint.
    pub(super) async fn ask(
        mut server: AuthorizationServer<'_>,
        parts: &Arc<Parts>,
        fields: &[(&str, &str)],
    ) -> Result<(Self, TokenResponse), WalletError> {
        let token = server.token(fields).await?;
        if token.access_token.expose().is_empty() {
            return Err(super::transport::unexpected(Step::Token, "the access token is empty"));
        }
        let dpop = server.dpop.as_ref().map(DpopKey::elsewhere);
        let client_id = server.client_id().map(str::to_owned);
        let nonce = token.earlier.c_nonce.clone();
        let expires_at = token.expires_in.map(|seconds| parts.clock.now() + Duration::from_secs(seconds));
        let session = Self {
            parts: parts.clone(),
            token: token.access_token.clone(),
            dpop,
            client_id,
            expires_at,
            nonce,
        };
        Ok((session, token))
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

    /// The name that the token was given to, for key proofs: none where the wallet stayed anonymous (§F.1).
    pub(super) fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// The nonce that came with the last answer: good for one request.
    pub(super) fn take_nonce(&mut self) -> Option<String> {
        self.nonce.take()
    }

    /// Keeps a nonce for the next request.
    pub(super) fn keep_nonce(&mut self, nonce: Option<String>) {
        self.nonce = nonce.or(self.nonce.take());
    }

    /// The key that the token is bound to.
    pub(super) fn dpop(&self) -> Option<&DpopKey> {
        self.dpop.as_ref()
    }

    /// What is needed to go on after a restart. It is secret.
    pub(super) fn to_kept(&self) -> KeptSession {
        KeptSession {
            access_token: self.token.clone(),
            dpop_key: self.dpop.as_ref().map(DpopKey::to_kept),
            expires_at: self.expires_at,
        }
    }

    /// Goes on after a restart.
    pub(super) fn from_kept(parts: Arc<Parts>, kept: &KeptSession) -> Result<Self, WalletError> {
        let dpop = kept.dpop_key.as_ref().map(DpopKey::from_kept).transpose()?;
        let expires_at = kept.expires_at;
        Ok(Self { parts, token: kept.access_token.clone(), dpop, client_id: None, expires_at, nonce: None })
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
