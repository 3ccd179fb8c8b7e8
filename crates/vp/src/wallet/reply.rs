//! Getting an answer across: posted, carried by the browser, or handed to whoever called.

use credenza_core::{id, json};
use credenza_crypto::jwe;
use credenza_formats::mdoc::SessionTranscript;
use credenza_oauth::error::allowed;
use credenza_oauth::{ErrorBody, form};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Method, Request, StatusCode};
use serde_json::{Map, Value};
use url::Url;
use zeroize::Zeroizing;

use super::encrypt::Encryption;
use super::{AnswerError, Asked, ResolveError, Wallet, address};
use crate::dc_api::{Call, Protocol};
use crate::dialects::Spoken;
use crate::messages::{AuthorizationResponse, IdToken, ResponseAccepted, VpToken, WalletError};

/// Where and how the verifier is answered.
pub(super) struct Reply {
    pub(super) to: Destination,
    pub(super) state: Option<String>,
    pub(super) encryption: Option<Encryption>,
    /// The draft that the request is written in.
    pub(super) spoken: Option<Spoken>,
    /// In a draft what the holder of an mdoc signs, and the header of the encryption says: a nonce of the wallet, and
    /// that of the request.
    pub(super) nonces: Option<(String, String)>,
}

/// Where an answer goes.
#[derive(Debug, Clone)]
pub(super) enum Destination {
    /// Posted to the `response_uri`.
    Post(Place),
    /// Carried by the person's browser, in the fragment of the `redirect_uri` or in its query.
    Redirect { place: Place, fragment: bool },
    /// Back to the authorization challenge endpoint that has asked.
    Interactive(Place),
    /// Returned to the platform, for the website of this origin.
    Caller { origin: String, host: String, protocol: Protocol },
}

/// A URL of the verifier, read and as it was written.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) url: Url,
    pub(super) text: String,
}

impl Destination {
    /// Whom the person answers.
    pub(super) fn host(&self) -> &str {
        match self {
            Self::Post(place) | Self::Redirect { place, .. } | Self::Interactive(place) => {
                place.url.host_str().unwrap_or_default()
            }
            Self::Caller { host, .. } => host,
        }
    }
}

/// `state` is nobody else's business.
impl std::fmt::Debug for Reply {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Reply(to {})", self.to.host())
    }
}

/// The answer is on its way, or has arrived.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answered {
    /// Where the person's browser has to go now: because the verifier wants that, or because it carries the answer
    /// (response modes `fragment` and `query`).
    pub redirect_uri: Option<Url>,
    /// What the website gets, for a request through the Digital Credentials API.
    pub dc_api: Option<Call>,
    /// What the authorization challenge endpoint gets (`openid4vp_response`), for a request from there.
    pub interactive: Option<Map<String, Value>>,
}

impl Asked {
    /// Says no (`access_denied`): because the person does not want to, or because there is nothing to answer with;
    /// the verifier does not learn which.
    ///
    /// # Errors
    /// See [`AnswerError`].
    pub async fn decline(self, wallet: &Wallet) -> Result<Answered, AnswerError> {
        let error = WalletError { error: "access_denied".to_owned(), error_description: None };
        wallet.send(self.reply, Err(error)).await
    }

    /// Says that the wallet can't be reached (`wallet_unavailable`): for a provider whose claimed URL was opened in a
    /// browser, with no wallet there to open it (OID4VP 1.0 §8.5). Only after the person has agreed: it tells that
    /// there is none (§15.9.1).
    ///
    /// # Errors
    /// See [`AnswerError`].
    pub async fn unavailable(self, wallet: &Wallet) -> Result<Answered, AnswerError> {
        let error = WalletError { error: "wallet_unavailable".to_owned(), error_description: None };
        wallet.send(self.reply, Err(error)).await
    }

    /// What the holder of an mdoc signs for this request (OID4VP 1.0 §B.2.6; in a draft ISO/IEC TS 18013-7 Annex B).
    #[must_use]
    pub fn transcript(&self) -> SessionTranscript {
        if let (Some(_), Destination::Post(place) | Destination::Redirect { place, .. }) =
            (&self.reply.spoken, &self.reply.to)
        {
            let own = self.reply.nonces.as_ref().map(|(own, _)| own.as_str()).unwrap_or_default();
            return SessionTranscript::iso_18013_7(&self.audience, &place.text, &self.nonce, own);
        }
        let thumbprint = self.reply.encryption.as_ref().map(|encryption| encryption.key.thumbprint());
        match &self.reply.to {
            Destination::Post(place) | Destination::Redirect { place, .. } => SessionTranscript::openid4vp(
                self.who.client_id.as_str(),
                &self.nonce,
                thumbprint.as_ref(),
                &place.text,
            ),
            Destination::Interactive(place) => {
                SessionTranscript::interactive_authorization(&place.text, &self.nonce, thumbprint.as_ref())
            }
            Destination::Caller { origin, .. } => {
                SessionTranscript::openid4vp_dc_api(origin, &self.nonce, thumbprint.as_ref())
            }
        }
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

    pub(super) async fn send(
        &self,
        reply: Reply,
        outcome: Result<VpToken, WalletError>,
    ) -> Result<Answered, AnswerError> {
        self.send_with(reply, outcome, None).await
    }

    /// The same with an ID token.
    pub(super) async fn send_with(
        &self,
        reply: Reply,
        outcome: Result<VpToken, WalletError>,
        id_token: Option<IdToken>,
    ) -> Result<Answered, AnswerError> {
        let Reply { to, state, encryption, spoken, nonces } = reply;
        let nonces = nonces.as_ref().map(|(own, verifiers)| (own.as_str(), verifiers.as_str()));
        let response = AuthorizationResponse { state, outcome, id_token };
        match to {
            Destination::Post(place) => {
                let body = match self.encrypted(encryption.as_ref(), spoken.as_ref(), &response, nonces)? {
                    None => self.form(spoken.as_ref(), &response)?,
                    Some(jwe) => form::encode(&[("response", &jwe)]),
                };
                self.post(&place.url, body).await
            }
            Destination::Redirect { place, fragment } => {
                let parameters = self.form(spoken.as_ref(), &response)?;
                let redirect_uri = Some(carried(place.url, fragment, parameters));
                Ok(Answered { redirect_uri, ..Answered::default() })
            }
            Destination::Caller { protocol, .. } => {
                let data = self.handed_over(encryption.as_ref(), response)?;
                Ok(Answered { dc_api: Some(Call { protocol, data }), ..Answered::default() })
            }
            Destination::Interactive(_) => {
                let data = self.handed_over(encryption.as_ref(), response)?;
                Ok(Answered { interactive: Some(data), ..Answered::default() })
            }
        }
    }

    fn form(&self, spoken: Option<&Spoken>, response: &AuthorizationResponse) -> Result<String, AnswerError> {
        let Some(spoken) = spoken else { return Ok(response.to_form()) };
        spoken.form(response, &id::short(&*self.random)).map_err(|_| AnswerError::Malformed)
    }

    fn encrypted(
        &self,
        encryption: Option<&Encryption>,
        spoken: Option<&Spoken>,
        response: &AuthorizationResponse,
        nonces: Option<(&str, &str)>,
    ) -> Result<Option<String>, AnswerError> {
        let Some(Encryption { key, alg, enc }) = encryption else { return Ok(None) };
        let content = Zeroizing::new(match spoken {
            None => response.to_json(),
            Some(spoken) => {
                let parameters = spoken.response(response, &id::short(&*self.random));
                let parameters = parameters.map_err(|_| AnswerError::Malformed)?;
                serde_json::to_vec(&parameters).map_err(|_| AnswerError::Malformed)?
            }
        });
        let (apu, apv) = nonces.unwrap_or_default();
        let parameters =
            jwe::Parameters { apu: apu.as_bytes(), apv: apv.as_bytes(), ..jwe::Parameters::default() };
        jwe::encrypt(key, *alg, *enc, &parameters, &content, &*self.random)
            .map(Some)
            .map_err(|_| AnswerError::Encrypt)
    }

    /// The `data` of an answer (OID4VP 1.0 §A.4). An error is a code alone, in the clear.
    fn handed_over(
        &self,
        encryption: Option<&Encryption>,
        mut response: AuthorizationResponse,
    ) -> Result<Map<String, Value>, AnswerError> {
        // Not defined for this way, so that nobody can expect it back.
        response.state = None;
        if let Err(error) = &response.outcome {
            return Ok(Map::from_iter([("error".to_owned(), error.error.clone().into())]));
        }
        if let Some(jwe) = self.encrypted(encryption, None, &response, None)? {
            return Ok(Map::from_iter([("response".to_owned(), jwe.into())]));
        }
        match response.to_value() {
            Value::Object(data) => Ok(data),
            _ => Err(AnswerError::Malformed),
        }
    }

    async fn post(&self, response_uri: &Url, body: String) -> Result<Answered, AnswerError> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(response_uri.as_str())
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
        Ok(Answered { redirect_uri, ..Answered::default() })
    }
}

/// The redirect URI with the answer in it (OAuth 2.0 Multiple Response Types §2.1).
fn carried(mut uri: Url, fragment: bool, parameters: String) -> Url {
    if fragment {
        uri.set_fragment(Some(&parameters));
    } else {
        let query = match uri.query() {
            Some(query) if !query.is_empty() => format!("{query}&{parameters}"),
            _ => parameters,
        };
        uri.set_query(Some(&query));
    }
    uri
}
