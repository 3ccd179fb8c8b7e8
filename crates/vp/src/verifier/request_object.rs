//! Handing the request object out (OID4VP 1.0 §5.10; RFC 9101 §5.2.3).

use credenza_crypto::jwt;
use serde_json::Value;

use super::session::Step;
use super::storage::StepError;
use super::{RequestObjectError, RequestedPrefix, Verifier};
use crate::messages::{AuthorizationRequest, RequestUriForm, SELF_ISSUED_AUDIENCE};

/// How a wallet fetches a request object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetch<'a> {
    /// GET.
    Get,
    /// POST, with this form.
    Post(&'a [u8]),
}

/// A request object, to be sent as [`RequestObject::CONTENT_TYPE`] and never cached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestObject {
    /// The signed JWT.
    pub jwt: String,
}

impl RequestObject {
    /// Its media type.
    pub const CONTENT_TYPE: &'static str = "application/oauth-authz-req+jwt";
}

impl Verifier {
    /// The request object, signed afresh. It may be fetched again until the request is answered or has expired.
    ///
    /// What a wallet says about itself is read, and changes nothing: what requests are signed with and responses
    /// encrypted with is the verifier's own policy.
    ///
    /// # Errors
    /// See [`RequestObjectError`].
    pub async fn request_object(
        &self,
        request_id: &str,
        fetch: Fetch<'_>,
    ) -> Result<RequestObject, RequestObjectError> {
        let wallet_nonce = match fetch {
            Fetch::Get => None,
            Fetch::Post(body) => RequestUriForm::parse(body)?.wallet_nonce,
        };
        let id = self.open_id(request_id).ok_or(RequestObjectError::Unknown)?;
        let loaded = self.load(&id).await?.ok_or(RequestObjectError::Unknown)?;
        let identity = self.config.identity.as_ref().ok_or(RequestObjectError::Unknown)?;
        let now = self.now();
        let session = &loaded.session;
        if session.status(now).is_final() || session.request.prefix == RequestedPrefix::RedirectUri {
            return Err(RequestObjectError::Unknown);
        }
        let claims = AuthorizationRequest {
            aud: Some(Value::from(SELF_ISSUED_AUDIENCE)),
            iat: Some(now),
            exp: Some(session.expires_at),
            wallet_nonce,
            ..self.parameters(session, request_id)
        };
        let jwt = jwt::sign(&*identity.signer, &identity.header, &claims).await?;
        match self.step(loaded, &Step::Fetched).await {
            Ok(()) => Ok(RequestObject { jwt }),
            Err(StepError::Store(error)) => Err(error.into()),
            Err(StepError::Unknown | StepError::Ended) => Err(RequestObjectError::Unknown),
        }
    }
}
