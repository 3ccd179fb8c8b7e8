//! Handing the request object out (OID4VP 1.0 §5.10; RFC 9101 §5.2.3).

use credenza_crypto::{jwe, jwt};

use super::session::Step;
use super::storage::StepError;
use super::wallet_metadata::{self, Recipient};
use super::{RequestObjectError, Verifier};
use crate::messages::{AuthorizationRequest, RequestUriForm};

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
    /// The signed JWT, encrypted if the wallet wants that.
    pub jwt: String,
}

impl RequestObject {
    /// Its media type.
    pub const CONTENT_TYPE: &'static str = "application/oauth-authz-req+jwt";
}

impl Verifier {
    /// The request object, signed afresh. It may be fetched again until the request is answered or has expired.
    ///
    /// What a wallet says about itself decides whether the request object is encrypted to it, and whether it gets one:
    /// what requests are signed with and responses encrypted with is the verifier's own policy.
    ///
    /// # Errors
    /// See [`RequestObjectError`].
    pub async fn request_object(
        &self,
        request_id: &str,
        fetch: Fetch<'_>,
    ) -> Result<RequestObject, RequestObjectError> {
        let RequestUriForm { wallet_metadata, wallet_nonce } = match fetch {
            Fetch::Get => RequestUriForm::default(),
            Fetch::Post(body) => RequestUriForm::parse(body)?,
        };
        let id = self.open_id(request_id).ok_or(RequestObjectError::Unknown)?;
        let loaded = self.load(&id).await?.ok_or(RequestObjectError::Unknown)?;
        let now = self.now();
        let session = &loaded.session;
        if session.status(now).is_final() || session.request.response_mode.is_returned() {
            return Err(RequestObjectError::Unknown);
        }
        let signing = self.signing(session.request.prefix).ok_or(RequestObjectError::Unknown)?;
        let recipient = match &wallet_metadata {
            None => None,
            Some(metadata) => {
                let (algorithm, asked) = (signing.signer.algorithm().name(), &session.request);
                wallet_metadata::check(metadata, asked, algorithm, &self.config.content_encryptions)?;
                wallet_metadata::recipient(metadata)?
            }
        };
        let claims = AuthorizationRequest { wallet_nonce, ..self.claims(session, request_id, now) };
        let claims = session.request.wire(claims);
        let claims =
            claims.map_err(|_| RequestObjectError::Wallet("the draft that is spoken has no such request"))?;
        let mut jwt = jwt::sign(&*signing.signer, &signing.header, &claims).await?;
        if let Some(Recipient { key, alg, enc }) = recipient {
            let nested = jwe::Parameters { cty: Some("JWT"), ..jwe::Parameters::default() };
            jwt =
                jwe::encrypt(&key, alg, enc, &nested, jwt.as_bytes(), &*self.ports.random).map_err(|_| {
                    RequestObjectError::Wallet("the request can't be encrypted to the wallet's key")
                })?;
        }
        match self.step(loaded, &Step::Fetched).await {
            Ok(()) => Ok(RequestObject { jwt }),
            Err(StepError::Store(error)) => Err(error.into()),
            Err(StepError::Unknown | StepError::Ended) => Err(RequestObjectError::Unknown),
        }
    }
}
