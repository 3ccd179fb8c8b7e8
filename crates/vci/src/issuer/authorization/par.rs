//! The pushed authorization request endpoint (RFC 9126 §2).

use std::time::Duration;

use credenza_core::{StoreError, UnixTime, id};
use credenza_oauth::dpop::Proof;
use credenza_oauth::par::REQUEST_URI_PREFIX;
use credenza_oauth::{AuthorizationRequest, Form, PushedAuthorizationResponse, Reply};
use http::HeaderMap;

use super::{AuthorizationSettings, PushError, Reason, Replayed, Spent};
use crate::issuer::seals::Purpose;
use crate::issuer::token::ProofRefused;
use crate::issuer::{Issuer, media_type};

impl Issuer {
    /// The pushed authorization request endpoint: the headers and the form of a POST. A DPoP proof that comes along
    /// binds the code to its key (RFC 9449 §10.1).
    ///
    /// # Errors
    /// See [`PushError`].
    pub async fn pushed_authorization(
        &self,
        headers: &HeaderMap,
        form: &[u8],
    ) -> Result<Reply<PushedAuthorizationResponse>, PushError> {
        let now = self.clock.now();
        let settings = self.authorization.settings().ok_or(PushError::Unsupported)?;
        let proof = self.grant_proof(headers, &self.endpoints.pushed_authorization, now).map_err(
            |error| match error {
                ProofRefused::Invalid(report) => PushError::InvalidDpopProof(report),
                ProofRefused::UseNonce(nonce) => PushError::UseDpopNonce(nonce),
            },
        )?;
        let mut spent = Spent::with(proof.as_ref());
        match self.push(settings, headers, form, proof.as_ref(), &mut spent, now).await {
            Ok(response) => Ok(Reply::created(response).with_dpop_nonce(self.token_nonce(now))),
            Err(error) => Err(match spent.alone(&*self.store).await {
                Err(replayed @ (Replayed::Dpop(_) | Replayed::Client(_))) => replayed.into(),
                _ => error,
            }),
        }
    }

    async fn push(
        &self,
        settings: &AuthorizationSettings,
        headers: &HeaderMap,
        form: &[u8],
        proof: Option<&Proof>,
        spent: &mut Spent,
        now: UnixTime,
    ) -> Result<PushedAuthorizationResponse, PushError> {
        let invalid = |reason| PushError::Request(Reason::Invalid(reason));
        if media_type(headers).as_deref() != Some("application/x-www-form-urlencoded") {
            return Err(invalid("the body must be application/x-www-form-urlencoded"));
        }
        let form = Form::parse(form)
            .map_err(|_| invalid("the form is malformed, too large, or says something twice"))?;
        let jkt = proof.map(|proof| proof.jkt.as_str());
        let caller = self.caller(headers, &form, jkt, spent, now).await?;
        if form.has("request_uri") {
            return Err(invalid("request_uri must not be pushed"));
        }
        let mut request = AuthorizationRequest::parse(&form).map_err(Reason::from)?;
        match (&request.dpop_jkt, jkt) {
            (Some(named), Some(proven)) if named != proven => {
                return Err(invalid("dpop_jkt is not the key of the DPoP proof"));
            }
            (None, Some(proven)) => request.dpop_jkt = Some(proven.to_owned()),
            _ => {}
        }
        let addressee =
            self.addressee(settings, &caller, request.redirect_uri.as_deref()).map_err(invalid)?;
        let pending = self.prepare(settings, request, &caller, addressee.redirect_uri, now).await;
        let pending = pending.map_err(PushError::Unavailable)??;
        let id = id::short(&*self.random);
        let mut writes = vec![self.keep(&id, &pending).map_err(PushError::Unavailable)?];
        writes.extend(spent.writes());
        match self.store.commit(writes).await {
            Ok(()) => {}
            Err(StoreError::Conflict(number)) if number > 0 => return Err(spent.replayed(number - 1).into()),
            Err(error) => return Err(PushError::Unavailable(error)),
        }
        let lifetime = settings.lifetimes.request_uri;
        let request_uri = self.request_uri(&id, lifetime, now);
        Ok(PushedAuthorizationResponse { request_uri, expires_in: lifetime.as_secs() })
    }

    /// The `request_uri` of a request that is kept under this name.
    pub(super) fn request_uri(&self, id: &str, lifetime: Duration, now: UnixTime) -> String {
        let handle = self.seals.seal(Purpose::RequestUri, now + lifetime, id.as_bytes());
        format!("{REQUEST_URI_PREFIX}{handle}")
    }
}

impl From<Replayed> for PushError {
    fn from(replayed: Replayed) -> Self {
        match replayed {
            Replayed::Dpop(report) => Self::InvalidDpopProof(report),
            Replayed::Client(error) => Self::Client(error),
            Replayed::Unavailable(error) => Self::Unavailable(error),
        }
    }
}
