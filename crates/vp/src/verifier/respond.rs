//! Taking a response in (OID4VP 1.0 §8.2, §8.3.1, §8.6).

use credenza_core::{Report, Secret, id, secret};
use credenza_crypto::{Decrypter, SoftwareDecrypter, jwe};
use credenza_oauth::{Form, error::allowed};
use serde_json::Value;
use zeroize::Zeroizing;

use super::credential::{Bound, Context};
use super::error::reason;
use super::judge::{Occasion, Verdict, judge};
use super::session::{Asked, Step};
use super::storage::{Loaded, StepError};
use super::{INTERACTIVE, RespondError, Verifier, jarm, redirect};
use crate::dialects::ResponseError;
use crate::messages::{AuthorizationResponse, ResponseAccepted, ResponseForm, VpToken, WalletError};
use crate::siop::{self, IdTokenRequest, SelfIssuedSubject};

/// No error code of a wallet is kept beyond that length.
const MAX_ERROR_CODE: usize = 64;

/// Where an answer came in, and what came around it.
#[derive(Clone, Copy)]
pub(super) struct Arrival<'a> {
    pub(super) request_id: &'a str,
    /// The website, through the Digital Credentials API.
    pub(super) origin: Option<&'a str>,
    /// The wallet's own nonce (`apu`), which holders of mdocs sign in drafts; may be empty.
    pub(super) wallet_nonce: &'a str,
    /// The checks of the wallet's signature, where the whole answer was signed.
    pub(super) signed: Option<&'a Report>,
}

/// A response, the `apu` of its encryption, and the checks of its signature.
pub(super) struct Received {
    pub(super) response: AuthorizationResponse,
    pub(super) wallet_nonce: String,
    pub(super) signed: Option<Report>,
}

impl From<AuthorizationResponse> for Received {
    fn from(response: AuthorizationResponse) -> Self {
        Self { response, wallet_nonce: String::new(), signed: None }
    }
}

impl Verifier {
    /// Takes the form that was posted to the response URI, decrypts it, and verifies every presentation in it before
    /// it answers. See the [module](super) on what ends a session.
    ///
    /// # Errors
    /// See [`RespondError`].
    pub async fn respond(&self, request_id: &str, body: &[u8]) -> Result<ResponseAccepted, RespondError> {
        let form = Form::parse_within(body, self.config.max_response)?;
        let id = self.open_id(request_id).ok_or(RespondError::Unknown)?;
        let loaded = self.load(&id).await?.ok_or(RespondError::Unknown)?;
        if loaded.session.status(self.now()).is_final() {
            return Err(RespondError::Unknown);
        }
        let Received { response, wallet_nonce, signed } = self.open(&loaded.session.request, &form).await?;
        let state = response.state.as_deref().unwrap_or_default();
        if !secret::equal(state.as_bytes(), loaded.session.request.state.as_bytes()) {
            return Err(RespondError::State);
        }
        let arrival =
            Arrival { request_id, origin: None, wallet_nonce: &wallet_nonce, signed: signed.as_ref() };
        self.settled_with(loaded, response, arrival).await
    }

    /// Judges a response that is known to be one to this session.
    pub(super) async fn settled_with(
        &self,
        loaded: Loaded,
        response: AuthorizationResponse,
        arrival: Arrival<'_>,
    ) -> Result<ResponseAccepted, RespondError> {
        match response.outcome {
            Err(error) => {
                // The way back is the same, and its code leads to nothing.
                let code = id::unguessable(&*self.ports.random);
                let redirect_uri =
                    loaded.session.redirect.as_deref().map(|template| redirect::with_code(template, &code));
                self.settle(loaded, &Step::WalletError(presentable(&error))).await?;
                Ok(ResponseAccepted { redirect_uri })
            }
            Ok(token) => {
                let id_token = response.id_token.as_ref().map(|token| token.0.as_str());
                self.answered(loaded, (&token, id_token), arrival).await
            }
        }
    }

    async fn answered(
        &self,
        loaded: Loaded,
        (token, id_token): (&VpToken, Option<&str>),
        Arrival { request_id, origin, wallet_nonce, signed }: Arrival<'_>,
    ) -> Result<ResponseAccepted, RespondError> {
        let context = Context {
            policy: &self.config.policy,
            trust: &*self.ports.trust,
            status: self.config.status.as_deref(),
            now: self.now(),
        };
        let asked = match origin {
            Some(_) => loaded.session.asked_over_dc_api().ok_or(RespondError::ResponseMode)?,
            None => &loaded.session.request,
        };
        // Through the Digital Credentials API the origin stands for the verifier, signed request or not (§A.4).
        // Inside of an authorization its endpoint does (OID4VCI 1.1 §A.1.1.5).
        let audience = match (&asked.endpoint, origin) {
            (Some(endpoint), _) => format!("{INTERACTIVE}{endpoint}"),
            (None, Some(origin)) => format!("origin:{origin}"),
            (None, None) => asked.audience().to_owned(),
        };
        let key = asked.decryption_key.as_ref();
        let key = key.and_then(|key| SoftwareDecrypter::from_private_jwk(key.expose()).ok());
        let transcript = asked.transcript(&self.response_uri(request_id), origin, wallet_nonce);
        let bound = Bound {
            transcript: Some(&transcript),
            reader_key: key.as_ref().map(|key| key as &dyn Decrypter),
            ..Bound::new(&asked.nonce, &audience)
        };
        let occasion = Occasion { bound, transactions: &asked.transactions };
        let verdict = judge(&asked.query, token, occasion, context).await;
        let Verdict { mut report, presentations, authentic } = verdict;
        let subject = match &asked.id_token {
            None => None,
            Some(wanted) => {
                let (part, subject) = self.judge_id_token(asked, wanted, id_token).await;
                report.parts.push(part);
                subject
            }
        };
        report.parts.extend(signed.cloned());
        let document = serde_json::to_value(&report).unwrap_or(Value::Null);
        if !report.ok() {
            let rule = reason(&report);
            let step = if authentic {
                Step::Rejected { report: document, rule }
            } else {
                Step::Refused { report: document, rule }
            };
            self.settle(loaded, &step).await?;
            return Err(RespondError::Refused(Box::new(report)));
        }
        // Through the Digital Credentials API the answer is in the browser that has asked: no code has to find it.
        let redirect = loaded.session.redirect.as_ref().filter(|_| origin.is_none());
        let code = redirect.map(|_| id::unguessable(&*self.ports.random));
        let redirect_uri = loaded.session.redirect.as_deref().zip(code.as_deref());
        let redirect_uri = redirect_uri.map(|(template, code)| redirect::with_code(template, code));
        let response_code = code.map(Secret::new);
        let step = Step::Verified { presentations, response_code, subject, report: document };
        self.settle(loaded, &step).await?;
        Ok(ResponseAccepted { redirect_uri })
    }

    /// Judges the ID token beside the presentations. That its nonce is used once is the session's doing.
    async fn judge_id_token(
        &self,
        asked: &Asked,
        wanted: &IdTokenRequest,
        id_token: Option<&str>,
    ) -> (Report, Option<SelfIssuedSubject>) {
        let policy = &self.config.policy;
        let expected = siop::Expected {
            client_id: asked.audience(),
            nonce: &asked.nonce,
            syntaxes: &wanted.subject_syntaxes,
            algorithms: &[wanted.algorithm],
            dids: &policy.holder_dids,
            now: self.now(),
            leeway: policy.leeway,
            max_age: policy.max_age,
        };
        siop::validate(id_token, &expected).await
    }

    /// The parameters of the response, out of the encryption if one was asked for.
    async fn open(&self, asked: &Asked, form: &Form<'_>) -> Result<Received, RespondError> {
        if asked.response_mode.is_returned() {
            return Err(RespondError::ResponseMode);
        }
        let read = match &asked.spoken {
            None => ResponseForm::read(form)?,
            Some(spoken) => spoken.read_form(form)?,
        };
        match (read, &asked.decryption_key) {
            (ResponseForm::Plain(response), None) => Ok(response.into()),
            // A wallet that can't encrypt may say so in the clear (§8.3.1).
            (ResponseForm::Plain(response), Some(_)) if response.outcome.is_err() => Ok(response.into()),
            (ResponseForm::Encrypted(text), Some(_)) => match &asked.spoken {
                // Signed and not encrypted: to refuse it would hide nothing any more.
                Some(spoken) if jarm::is_signed(&text) => {
                    let (response, report) = self.open_signed(asked, spoken, &text)?;
                    Ok(Received { signed: Some(report), ..response.into() })
                }
                _ => self.decrypt(asked, &text).await,
            },
            _ => Err(RespondError::ResponseMode),
        }
    }

    pub(super) async fn decrypt(&self, asked: &Asked, text: &str) -> Result<Received, RespondError> {
        let key = asked.decryption_key.as_ref().ok_or(RespondError::ResponseMode)?;
        let key = SoftwareDecrypter::from_private_jwk(key.expose()).map_err(|_| RespondError::Decrypt)?;
        let opened = jwe::decrypt(text, &key, &self.config.content_encryptions).await;
        let opened = opened.map_err(|_| RespondError::Decrypt)?;
        let content = Zeroizing::new(opened.plaintext);
        let (response, signed) = match &asked.spoken {
            None => (AuthorizationResponse::from_json(&content)?, None),
            Some(spoken) if jarm::is_nested(text) => {
                let token = std::str::from_utf8(&content).map_err(|_| ResponseError::Nothing)?;
                let (response, report) = self.open_signed(asked, spoken, token)?;
                (response, Some(report))
            }
            Some(spoken) => (spoken.read_json(&content)?, None),
        };
        // What is no text is no nonce of a wallet, and no signature is for it then.
        let wallet_nonce = String::from_utf8(opened.apu).unwrap_or_default();
        Ok(Received { response, wallet_nonce, signed })
    }

    async fn settle(&self, loaded: Loaded, step: &Step) -> Result<(), RespondError> {
        self.step(loaded, step).await.map_err(|error| match error {
            StepError::Unknown | StepError::Ended => RespondError::Unknown,
            StepError::Store(error) => RespondError::Store(error),
        })
    }
}

/// What a wallet says, with nothing in it but characters that an error may have.
fn presentable(error: &WalletError) -> WalletError {
    let code: String = allowed(&error.error).chars().take(MAX_ERROR_CODE).collect();
    WalletError { error: code, error_description: error.error_description.as_deref().map(allowed) }
}
