//! Requests to the authorization server: with client authentication and DPoP proofs, and with the nonces and challenges
//! that it wants in them.

use credenza_oauth::dpop::DPOP;
use credenza_oauth::{AuthorizationServerMetadata, TokenType, client_assertion, client_attestation, form};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Response};
use url::Url;

use super::client::{self, Attested, Client};
use super::dpop_key::DpopKey;
use super::transport::{answer, refusal};
use super::{Parts, Step, WalletError};
use crate::messages::TokenResponse;

/// No challenge is longer, in bytes.
const MAX_CHALLENGE: usize = 2048;

/// An authorization server that is being talked to.
pub(super) struct AuthorizationServer<'a> {
    parts: &'a Parts,
    metadata: &'a AuthorizationServerMetadata,
    pub(super) dpop: Option<DpopKey>,
    /// What the wallet provider says, for this server.
    attested: Option<Attested>,
    challenge: Option<String>,
    /// Whether the challenge came with an answer, for the proof that comes next.
    challenge_is_new: bool,
    named: bool,
}

impl<'a> AuthorizationServer<'a> {
    pub(super) const fn new(
        parts: &'a Parts,
        metadata: &'a AuthorizationServerMetadata,
        dpop: Option<DpopKey>,
    ) -> Self {
        Self { parts, metadata, dpop, attested: None, challenge: None, challenge_is_new: false, named: true }
    }

    /// For a code of an offer: a name that anybody can say is not said where nobody asks for it (§12.3).
    pub(super) fn for_offered_code(mut self) -> Self {
        let anonymous = self.metadata.pre_authorized_grant_anonymous_access_supported == Some(true);
        self.named = !(anonymous && matches!(self.parts.client, Client::Public { .. }));
        self
    }

    /// Begins with a challenge that an earlier answer of the server had.
    pub(super) fn with_challenge(mut self, challenge: Option<String>) -> Self {
        self.challenge = challenge;
        self
    }

    /// The challenge of the last answer, which the next proof of possession must have (client attestation, draft 10
    /// §6.2).
    pub(super) fn next_challenge(&self) -> Option<String> {
        self.challenge.clone().filter(|_| self.challenge_is_new)
    }

    /// By which name the server knows the wallet.
    pub(super) fn client_id(&self) -> Option<&'a str> {
        self.parts.client.id().filter(|_| self.named)
    }

    /// Asks the token endpoint, and makes sure that the token is bound to the key that was proven.
    pub(super) async fn token(&mut self, fields: &[(&str, &str)]) -> Result<TokenResponse, WalletError> {
        let endpoint = self.metadata.token_endpoint.as_deref().unwrap_or_default();
        let url = self.parts.url(Step::ServerMetadata, endpoint)?;
        let response = self.post(Step::Token, &url, fields).await?;
        let token: TokenResponse = answer(Step::Token, &response, &[200])?;
        match (&self.dpop, token.token_type) {
            (Some(_), TokenType::DPoP) | (None, TokenType::Bearer) => Ok(token),
            (Some(_), TokenType::Bearer) => {
                Err(WalletError::Untrustworthy("the access token is not bound to the key that was proven"))
            }
            (None, TokenType::DPoP) => {
                Err(WalletError::Untrustworthy("the access token is bound to a key that was not proven"))
            }
        }
    }

    /// Posts a form. A nonce or a challenge is asked for before anything else is looked at, so that no code was spent
    /// when the request is sent again: once for each.
    pub(super) async fn post(
        &mut self,
        step: Step,
        url: &Url,
        fields: &[(&str, &str)],
    ) -> Result<Response<Vec<u8>>, WalletError> {
        let (mut nonce_again, mut challenge_again) = (true, true);
        loop {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
            let mut body: Vec<(&str, &str)> = fields.to_vec();
            body.extend(self.client_id().map(|id| ("client_id", id)));
            let assertion = self.authenticate(&mut headers).await?;
            if let Some(assertion) = &assertion {
                body.push(("client_assertion_type", client_assertion::ASSERTION_TYPE));
                body.push(("client_assertion", assertion));
            }
            if let Some(key) = &self.dpop {
                let now = self.parts.clock.now();
                headers.insert(DPOP, key.prove(self.parts, url, None, now).await?);
            }
            let body = form::encode(&body).into_bytes();
            let response = self.parts.send(step, Method::POST, url, headers, body).await?;
            let new_nonce = self.dpop.as_mut().is_some_and(|key| key.remember(&response));
            let new_challenge = self.remember_challenge(&response);
            if response.status().is_success() {
                return Ok(response);
            }
            match refusal(step, &response) {
                WalletError::Refused { code, .. } if code == "use_dpop_nonce" && new_nonce && nonce_again => {
                    nonce_again = false;
                }
                WalletError::Refused { code, .. }
                    if code == "use_attestation_challenge" && challenge_again =>
                {
                    challenge_again = false;
                    if !new_challenge {
                        self.challenge = None;
                    }
                }
                _ => return Ok(response),
            }
        }
    }

    /// Shows who the wallet is: by headers, or by the assertion that comes back.
    async fn authenticate(&mut self, headers: &mut HeaderMap) -> Result<Option<String>, WalletError> {
        let parts = self.parts;
        let client_id = parts.client.id().unwrap_or_default();
        let now = parts.clock.now();
        let server = &self.metadata.issuer;
        match parts.client.method(self.metadata) {
            client::Method::None if parts.policy.require_client_authentication => Err(
                WalletError::Unsupported("an authorization server to which the wallet can't authenticate"),
            ),
            client::Method::None => Ok(None),
            client::Method::Assertion(signer) => {
                let assertion = client_assertion::make(signer, &*parts.random, client_id, server, now);
                Ok(Some(assertion.await?))
            }
            client::Method::Attestation(instance) => {
                let methods = &self.metadata.client_attestation_pop_methods_supported;
                if !methods.is_empty() && !methods.iter().any(|it| it == client_attestation::POP_METHOD) {
                    return Err(WalletError::Unsupported(
                        "an authorization server that takes no JWT as proof of the attested key",
                    ));
                }
                if self.challenge.is_none() {
                    self.challenge = self.fetch_challenge().await?;
                }
                self.challenge_is_new = false;
                if self.attested.is_none() {
                    self.attested = Some(instance.attested(server).await?);
                }
                let Some(attested) = &self.attested else { return Ok(None) };
                let request = client_attestation::PopRequest {
                    client_id,
                    audience: server,
                    now,
                    challenge: self.challenge.as_deref(),
                };
                let pop = client_attestation::prove(&*attested.key, &*parts.random, &request).await?;
                headers.insert(client_attestation::ATTESTATION, value(attested.attestation.expose())?);
                headers.insert(client_attestation::POP, value(&pop)?);
                Ok(None)
            }
        }
    }

    /// A challenge, where the server gives some out.
    async fn fetch_challenge(&self) -> Result<Option<String>, WalletError> {
        let Some(endpoint) = &self.metadata.challenge_endpoint else { return Ok(None) };
        let step = Step::Challenge;
        let url = self.parts.url(step, endpoint)?;
        let response = self.parts.send(step, Method::POST, &url, HeaderMap::new(), Vec::new()).await?;
        let given: client_attestation::ChallengeResponse = answer(step, &response, &[200])?;
        Ok(Some(given.attestation_challenge).filter(|challenge| challenge.len() <= MAX_CHALLENGE))
    }

    /// Remembers the challenge of an answer for the next request; whether there is one.
    fn remember_challenge(&mut self, response: &Response<Vec<u8>>) -> bool {
        let given = response.headers().get(client_attestation::CHALLENGE).and_then(|it| it.to_str().ok());
        let given = given.filter(|challenge| !challenge.is_empty() && challenge.len() <= MAX_CHALLENGE);
        if let Some(challenge) = given {
            self.challenge = Some(challenge.to_owned());
            self.challenge_is_new = true;
        }
        given.is_some()
    }
}

fn value(text: &str) -> Result<HeaderValue, WalletError> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| WalletError::Unsupported("an attestation that is no header value"))?;
    value.set_sensitive(true);
    Ok(value)
}

impl Client {
    /// The name that an authorization request needs.
    pub(super) fn named(&self) -> Result<&str, WalletError> {
        self.id().ok_or(WalletError::Unsupported("an authorization request of a wallet without a client_id"))
    }
}
