//! Sending: presentations, a refusal, or an error.

use credenza_core::{ClaimsPath, UnixTime, json};
use credenza_crypto::{Signer, jwe};
use credenza_formats::sd_jwt::Binding;
use credenza_oauth::error::allowed;
use credenza_oauth::{ErrorBody, form};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Method, Request, StatusCode};
use serde_json::Map;
use url::Url;
use zeroize::Zeroizing;

use super::encrypt::Encryption;
use super::holding::Credential;
use super::{AnswerError, Asked, Holding, ResolveError, Wallet, address, select};
use crate::messages::{AuthorizationResponse, Presentation, ResponseAccepted, VpToken, WalletError};

/// Where and how the verifier is answered.
pub(super) struct Reply {
    pub(super) response_uri: Url,
    pub(super) state: Option<String>,
    pub(super) encryption: Option<Encryption>,
}

/// `state` is nobody else's business.
impl std::fmt::Debug for Reply {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Reply(to {})", self.response_uri.host_str().unwrap_or_default())
    }
}

/// One presentation that the person has agreed to.
#[derive(Clone, Copy)]
pub struct Choice<'a> {
    /// The id of the credential query that it answers.
    pub query_id: &'a str,
    /// The credential.
    pub holding: &'a Holding,
    /// What is disclosed: from [`super::Proposal`] or a [`Match`](credenza_query::dcql::Match).
    pub disclose: &'a [ClaimsPath],
    /// The holder's key, when the query requires it.
    pub signer: Option<&'a dyn Signer>,
}

/// The verifier has taken the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Where the person's browser has to go now, when the verifier wants that.
    pub redirect_uri: Option<Url>,
}

impl Asked {
    /// Answers with these presentations. The request is used up by it, whatever comes of it.
    ///
    /// # Errors
    /// See [`AnswerError`].
    pub async fn answer(self, wallet: &Wallet, choices: &[Choice<'_>]) -> Result<Answered, AnswerError> {
        let now = wallet.clock.now();
        if self.expires.is_some_and(|expires| now >= expires) {
            return Err(AnswerError::Expired);
        }
        select::check(&self.query, choices)?;
        let mut token = VpToken::new();
        for choice in choices {
            let bound = self
                .query
                .credential(choice.query_id)
                .is_none_or(|query| query.require_cryptographic_holder_binding);
            let presentation = self.present(choice, bound, now).await?;
            token.add(choice.query_id, Presentation::Text(presentation));
        }
        wallet.send(self.reply, Ok(token)).await
    }

    async fn present(&self, choice: &Choice<'_>, bound: bool, now: UnixTime) -> Result<String, AnswerError> {
        let Credential::SdJwt(held) = &choice.holding.credential;
        let presentation = held.present(choice.disclose);
        if !bound {
            return Ok(presentation.into_string());
        }
        let signer = choice.signer.ok_or_else(|| AnswerError::Sign("there is none".to_owned()))?;
        let binding = Binding {
            nonce: &self.nonce,
            audience: self.who.client_id.as_str(),
            issued_at: now,
            more: Map::new(),
        };
        presentation.bind(signer, &binding).await.map_err(|error| AnswerError::Sign(error.to_string()))
    }

    /// Says no (`access_denied`): because the person does not want to, or because there is nothing to answer with;
    /// the verifier does not learn which.
    ///
    /// # Errors
    /// See [`AnswerError`].
    pub async fn decline(self, wallet: &Wallet) -> Result<Answered, AnswerError> {
        let error = WalletError { error: "access_denied".to_owned(), error_description: None };
        wallet.send(self.reply, Err(error)).await
    }
}

impl Wallet {
    /// Tells the verifier why its request was refused, when it is known for sure who that is; `None` when not. Ask the
    /// person first: a verifier learns from it that there is a wallet.
    pub async fn tell(&self, error: ResolveError) -> Option<Result<Answered, AnswerError>> {
        let ResolveError { refusal, reply, .. } = error;
        let error = WalletError {
            error: refusal.code().to_owned(),
            error_description: Some(allowed(&refusal.to_string())),
        };
        Some(self.send(*reply?, Err(error)).await)
    }

    async fn send(
        &self,
        reply: Reply,
        outcome: Result<VpToken, WalletError>,
    ) -> Result<Answered, AnswerError> {
        let response = AuthorizationResponse { state: reply.state, outcome };
        let body = match &reply.encryption {
            None => response.to_form(),
            Some(Encryption { key, alg, enc }) => {
                let content = Zeroizing::new(response.to_json());
                let parameters = jwe::Parameters::default();
                let jwe = jwe::encrypt(key, *alg, *enc, &parameters, &content, &*self.random)
                    .map_err(|_| AnswerError::Encrypt)?;
                form::encode(&[("response", &jwe)])
            }
        };
        let request = Request::builder()
            .method(Method::POST)
            .uri(reply.response_uri.as_str())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(body.into_bytes())
            .map_err(|_| AnswerError::Malformed)?;
        let response = self.http.send(request, self.config.limits).await?;
        let status = response.status();
        let body = response.into_body();
        if status != StatusCode::OK {
            let error: Option<ErrorBody> = json::object_from_slice(&body).ok();
            let (code, description) =
                error.map(|error| (error.error, error.error_description)).unwrap_or_default();
            return Err(AnswerError::Refused {
                status: status.as_u16(),
                code: allowed(&code),
                description: description.as_deref().map(allowed),
            });
        }
        // Members that are not known are ignored, and so is a body that is not there.
        let accepted = if body.is_empty() {
            ResponseAccepted::default()
        } else {
            json::object_from_slice(&body).map_err(|_| AnswerError::Malformed)?
        };
        let redirect_uri = match accepted.redirect_uri {
            None => None,
            Some(text) => {
                Some(address::acceptable(&text, self.config.addresses).ok_or(AnswerError::Redirect)?)
            }
        };
        Ok(Answered { redirect_uri })
    }
}
