//! Taking a response in (OID4VP 1.0 §8.2, §8.3.1, §8.6).

use credenza_core::{Secret, id, secret};
use credenza_crypto::{SoftwareDecrypter, jwe};
use credenza_oauth::{Form, error::allowed};
use serde_json::Value;
use zeroize::Zeroizing;

use super::create::CONTENT_ENCRYPTIONS;
use super::credential::Context;
use super::error::reason;
use super::judge::{Verdict, judge};
use super::session::{Asked, Step};
use super::storage::{Loaded, StepError};
use super::{RespondError, Verifier, redirect};
use crate::messages::{AuthorizationResponse, ResponseAccepted, ResponseForm, VpToken, WalletError};

/// No error code of a wallet is kept beyond that length.
const MAX_ERROR_CODE: usize = 64;

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
        let response = open(&loaded.session.request, &form).await?;
        let state = response.state.as_deref().unwrap_or_default();
        if !secret::equal(state.as_bytes(), loaded.session.request.state.as_bytes()) {
            return Err(RespondError::State);
        }
        match response.outcome {
            Err(error) => {
                self.settle(loaded, &Step::WalletError(presentable(&error))).await?;
                Ok(ResponseAccepted::default())
            }
            Ok(token) => self.answered(loaded, &token).await,
        }
    }

    async fn answered(&self, loaded: Loaded, token: &VpToken) -> Result<ResponseAccepted, RespondError> {
        let context = Context {
            policy: &self.config.policy,
            trust: &*self.ports.trust,
            status: self.config.status.as_deref(),
            now: self.now(),
        };
        let asked = &loaded.session.request;
        let verdict = judge(&asked.dcql, token, &asked.nonce, &asked.client_id, context).await;
        let Verdict { report, presentations, authentic } = verdict;
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
        let code = loaded.session.redirect.as_ref().map(|_| id::unguessable(&*self.ports.random));
        let redirect_uri = loaded.session.redirect.as_deref().zip(code.as_deref());
        let redirect_uri = redirect_uri.map(|(template, code)| redirect::with_code(template, code));
        let response_code = code.map(Secret::new);
        let step = Step::Verified { presentations, response_code, report: document };
        self.settle(loaded, &step).await?;
        Ok(ResponseAccepted { redirect_uri })
    }

    async fn settle(&self, loaded: Loaded, step: &Step) -> Result<(), RespondError> {
        self.step(loaded, step).await.map_err(|error| match error {
            StepError::Unknown | StepError::Ended => RespondError::Unknown,
            StepError::Store(error) => RespondError::Store(error),
        })
    }
}

/// The parameters of the response, out of the encryption if one was asked for.
async fn open(asked: &Asked, form: &Form<'_>) -> Result<AuthorizationResponse, RespondError> {
    let encrypted = match (ResponseForm::read(form)?, &asked.decryption_key) {
        (ResponseForm::Plain(response), None) => return Ok(response),
        // A wallet that can't encrypt may say so in the clear (§8.3.1).
        (ResponseForm::Plain(response), Some(_)) if response.outcome.is_err() => return Ok(response),
        (ResponseForm::Encrypted(text), Some(key)) => {
            let key = SoftwareDecrypter::from_private_jwk(key.expose()).map_err(|_| RespondError::Decrypt)?;
            jwe::decrypt(&text, &key, &CONTENT_ENCRYPTIONS).await.map_err(|_| RespondError::Decrypt)?
        }
        _ => return Err(RespondError::ResponseMode),
    };
    let content = Zeroizing::new(encrypted.plaintext);
    Ok(AuthorizationResponse::from_json(&content)?)
}

/// What a wallet says, with nothing in it but characters that an error may have.
fn presentable(error: &WalletError) -> WalletError {
    let code: String = allowed(&error.error).chars().take(MAX_ERROR_CODE).collect();
    WalletError { error: code, error_description: error.error_description.as_deref().map(allowed) }
}
