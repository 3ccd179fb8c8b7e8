//! People who show a credential inside of an authorization, without a browser (OID4VCI 1.1 §6.2.1.1): by our own
//! verifier, with the same query and the same claims as on the page.

use std::sync::Arc;

use credenza_core::Answer;
use credenza_vci::issuer::{Approval, PresentationAsked, PresentationFailure, PresentationInside};
use credenza_vp::PresentationRequest;
use credenza_vp::verifier::{RespondError, ResultError, Status};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{ElsewhereError, PresentationSignIn};
use crate::users::UserAuthentication;

/// [`PresentationSignIn`] for wallets that are authorized without a browser.
#[derive(Clone)]
pub struct SignInInside {
    sign_in: Arc<PresentationSignIn>,
    users: Option<Arc<dyn UserAuthentication>>,
}

/// The session at the verifier, and the name under which it is answered.
#[derive(Serialize, Deserialize)]
struct Kept {
    session: String,
    request: String,
}

impl SignInInside {
    /// The query and its claims; and those who are known here by name and password, whom nobody becomes by a
    /// credential.
    #[must_use]
    pub fn new(sign_in: Arc<PresentationSignIn>, users: Option<Arc<dyn UserAuthentication>>) -> Self {
        Self { sign_in, users }
    }

    async fn hand_out(&self, endpoint: &Url) -> Result<PresentationAsked, PresentationFailure> {
        let query = self.sign_in.query.current().await;
        let query = query.map_err(|error| PresentationFailure::Unavailable(error.to_string()))?;
        let request = PresentationRequest::inside_authorization(query);
        let created = self.sign_in.verifier.create_for_authorization(request, endpoint).await;
        let created = created.map_err(|error| PresentationFailure::Unavailable(error.to_string()))?;
        let kept = Kept { session: created.id, request: created.request_id };
        let kept = serde_json::to_string(&kept)
            .map_err(|error| PresentationFailure::Unavailable(error.to_string()))?;
        Ok(PresentationAsked { request: created.request, kept })
    }

    async fn take_in(&self, kept: &str, response: &[u8]) -> Result<Approval, PresentationFailure> {
        let refused = |reason: &str| PresentationFailure::Refused(reason.to_owned());
        let kept: Kept =
            serde_json::from_str(kept).map_err(|_| refused("what was remembered can't be read"))?;
        let verifier = &self.sign_in.verifier;
        match verifier.respond_inside_authorization(&kept.request, response).await {
            Ok(Status::Verified) => {}
            Ok(_) => return Err(PresentationFailure::Declined),
            Err(RespondError::Unknown) => return Err(PresentationFailure::Before),
            Err(RespondError::Store(error)) => {
                return Err(PresentationFailure::Unavailable(error.to_string()));
            }
            Err(RespondError::Refused(report)) => {
                let rule = report.first_failure().map(|check| check.rule.id);
                return Err(refused(rule.unwrap_or("a check failed")));
            }
            Err(error) => return Err(refused(&error.to_string())),
        }
        let result = verifier.result(&kept.session, None).await.map_err(|error| match error {
            ResultError::Store(error) => PresentationFailure::Unavailable(error.to_string()),
            error => refused(&error.to_string()),
        })?;
        let user = self.sign_in.read(result).map_err(|error| match error {
            ElsewhereError::Unavailable(reason) => PresentationFailure::Unavailable(reason),
            ElsewhereError::Refused(reason) => PresentationFailure::Refused(reason),
            ElsewhereError::Denied => PresentationFailure::Declined,
        })?;
        if let Some(users) = &self.users {
            match users.find(&user.subject).await {
                Ok(None) => {}
                Ok(Some(_)) => return Err(refused("the subject is a name that a user here has")),
                Err(error) => return Err(PresentationFailure::Unavailable(error.to_string())),
            }
        }
        Ok(user.into())
    }
}

impl PresentationInside for SignInInside {
    fn ask<'a>(&'a self, endpoint: &'a Url) -> Answer<'a, Result<PresentationAsked, PresentationFailure>> {
        Answer::later(self.hand_out(endpoint))
    }

    fn judge<'a>(
        &'a self,
        kept: &'a str,
        response: &'a [u8],
    ) -> Answer<'a, Result<Approval, PresentationFailure>> {
        Answer::later(self.take_in(kept, response))
    }
}

impl std::fmt::Debug for SignInInside {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "SignInInside({:?})", self.sign_in)
    }
}
