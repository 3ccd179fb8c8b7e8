//! The authorization challenge endpoint (OID4VCI 1.1 §6): an authorization that goes on between server and wallet.
//!
//! The first request says what is wanted, and which interactions the wallet supports. A presentation comes first; a
//! browser is where that leads nowhere, and the code comes back with it then. So an authorization ends after two
//! interactions at most. What waits for an answer is a record under a name that the `auth_session` is made of; whoever
//! answers takes it away with the same write that makes what follows, so that each `auth_session` is good once.

mod error;
mod port;

use credenza_core::{Key, Secret, StoreError, UnixTime, Write, id};
use credenza_oauth::dpop::Proof;
use credenza_oauth::{AuthorizationRequest, Form, Reply};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use url::Url;

use super::decide::Decided;
use super::interaction::Pending;
use super::{AuthorizationSettings, AuthorizeError, Caller, Reason, Spent};
use crate::issuer::seals::Purpose;
use crate::issuer::{Issuer, media_type};
use crate::messages::interactive::{
    AuthorizationCodeResponse, INTERACTION_TYPES_SUPPORTED, InteractionRequired, InteractionType,
    InteractionTypes,
};

pub use error::InteractiveError;
pub use port::{InteractiveAuthorization, PresentationAsked, PresentationFailure, PresentationInside};

const KIND: &str = "vci.interactive_authorization";

/// An authorization that waits for a presentation.
#[derive(Serialize, Deserialize)]
struct Waiting {
    pending: Pending,
    /// The key of the DPoP proof that it began with: each request that follows has to have one.
    proven: Option<String>,
    /// Whether the wallet can open a browser.
    web: bool,
    /// What leads to the request for the presentation.
    kept: String,
}

fn key(id: &str) -> Key {
    Key::new(KIND, id)
}

fn invalid(reason: &'static str) -> InteractiveError {
    InteractiveError::Request(Reason::Invalid(reason))
}

impl Issuer {
    /// Whether there is an authorization challenge endpoint.
    #[must_use]
    pub fn has_interactive_authorization(&self) -> bool {
        self.authorization.interactive().is_some()
    }

    /// The authorization challenge endpoint: the headers and the form of a POST.
    ///
    /// # Errors
    /// See [`InteractiveError`]; that an interaction is required is one of them.
    pub async fn authorization_challenge(
        &self,
        headers: &HeaderMap,
        form: &[u8],
    ) -> Result<Reply<AuthorizationCodeResponse>, InteractiveError> {
        let now = self.clock.now();
        let settings = self.authorization.settings().ok_or(InteractiveError::Unsupported)?;
        let interactive = self.authorization.interactive().ok_or(InteractiveError::Unsupported)?;
        let proof = self.grant_proof(headers, &self.endpoints.authorization_challenge, now)?;
        let mut spent = Spent::with(proof.as_ref());
        let read = self.read_challenge(headers, form, proof.as_ref(), &mut spent, now).await;
        // Proofs count as used whatever becomes of the request, so that nobody can try another one with them.
        spent.alone(&*self.store).await?;
        let (form, caller) = read?;
        let asked = Asked { form: &form, caller: &caller, proof: proof.as_ref(), now };
        let code = match form.get("auth_session") {
            None => return Err(self.initial(settings, interactive, asked).await),
            Some(session) => self.intermediate(settings, interactive, session, asked).await?,
        };
        let response = AuthorizationCodeResponse { authorization_code: code };
        Ok(Reply::ok(response).with_dpop_nonce(self.token_nonce(now)))
    }

    async fn read_challenge<'a>(
        &self,
        headers: &HeaderMap,
        form: &'a [u8],
        proof: Option<&Proof>,
        spent: &mut Spent,
        now: UnixTime,
    ) -> Result<(Form<'a>, Caller), InteractiveError> {
        if media_type(headers).as_deref() != Some("application/x-www-form-urlencoded") {
            return Err(invalid("the body must be application/x-www-form-urlencoded"));
        }
        let form = Form::parse(form)
            .map_err(|_| invalid("the form is malformed, too large, or says something twice"))?;
        let jkt = proof.map(|proof| proof.jkt.as_str());
        let caller = self.caller(headers, &form, jkt, spent, now).await?;
        Ok((form, caller))
    }

    /// The first request (§6.1.1): there is always something that the wallet has to do, or that is wrong.
    async fn initial(
        &self,
        settings: &AuthorizationSettings,
        interactive: &InteractiveAuthorization,
        asked: Asked<'_>,
    ) -> InteractiveError {
        let (types, pending) = match self.begin(settings, asked).await {
            Ok(begun) => begun,
            Err(error) => return error,
        };
        match &interactive.presentation {
            Some(port) if types.presentation => {
                let request = match port.ask(&self.endpoints.authorization_challenge).await {
                    Ok(request) => request,
                    Err(error) => return unavailable(&error),
                };
                let proven = asked.proof.map(|proof| proof.jkt.clone());
                let waiting = Waiting { pending, proven, web: types.web, kept: request.kept };
                let (session, write) = match self.wait(&waiting) {
                    Ok(waits) => waits,
                    Err(error) => return error.into(),
                };
                if let Err(error) = self.store.commit(vec![write]).await {
                    return error.into();
                }
                InteractiveError::Required(Box::new(InteractionRequired {
                    auth_session: session,
                    interaction_type_required: InteractionType::Presentation.as_str().to_owned(),
                    openid4vp_request: Some(request.request),
                    request_uri: None,
                    expires_in: None,
                }))
            }
            _ if types.web => self.to_web(settings, &pending, Vec::new(), asked.now).await,
            Some(_) => InteractiveError::MissingType(InteractionType::Presentation),
            None => InteractiveError::MissingType(InteractionType::Web),
        }
    }

    /// Everything about a first request that can be checked before anybody does something.
    async fn begin(
        &self,
        settings: &AuthorizationSettings,
        Asked { form, caller, proof, now }: Asked<'_>,
    ) -> Result<(InteractionTypes, Pending), InteractiveError> {
        let types =
            form.get(INTERACTION_TYPES_SUPPORTED).ok_or(invalid("interaction_types_supported is missing"))?;
        let types = InteractionTypes::parse(types)
            .ok_or(invalid("interaction_types_supported is not a list of URNs with commas between them"))?;
        if form.has("request_uri") {
            return Err(invalid("request_uri does not belong here"));
        }
        let mut request = AuthorizationRequest::parse(form).map_err(Reason::from)?;
        match (&request.dpop_jkt, proof.map(|proof| &proof.jkt)) {
            (Some(named), Some(proven)) if named != proven => {
                return Err(invalid("dpop_jkt is not the key of the DPoP proof"));
            }
            (None, Some(proven)) => request.dpop_jkt = Some(proven.clone()),
            _ => {}
        }
        let redirect_uri = match self.addressee(settings, caller, request.redirect_uri.as_deref()) {
            Ok(addressee) => addressee.redirect_uri,
            // Without a browser nobody is led anywhere.
            Err(_) if request.redirect_uri.is_none() && !types.web && self.may_ask(settings, caller) => {
                String::new()
            }
            Err(reason) => return Err(invalid(reason)),
        };
        if types.web && Url::parse(&redirect_uri).ok().is_none_or(|url| url.scheme() != "https") {
            return Err(invalid("redirect_uri must be https for urn:openid:dcp:ia:auth_via_web"));
        }
        let pending = self.prepare(settings, request, caller, redirect_uri, now).await??;
        Ok((types, pending))
    }

    fn may_ask(&self, settings: &AuthorizationSettings, caller: &Caller) -> bool {
        let registered = caller.client_id.as_deref().and_then(|id| self.authorization.registered(id));
        registered.is_some() || settings.public_clients || caller.instance.is_some()
    }

    /// A request that follows (§6.1.2). Whoever can't show that it is the same client leaves the authorization as it is.
    async fn intermediate(
        &self,
        settings: &AuthorizationSettings,
        interactive: &InteractiveAuthorization,
        session: &str,
        Asked { form, caller, proof, now }: Asked<'_>,
    ) -> Result<Secret, InteractiveError> {
        let id = self.seals.open_text(Purpose::AuthSession, now, session);
        let id = id.map_err(|_| InteractiveError::Session)?;
        let waiting = self.waiting_for(&id).await?.ok_or(InteractiveError::Session)?;
        let Waiting { pending, proven, web, kept } = waiting;
        let same = caller.client_id.as_ref().is_none_or(|client_id| *client_id == pending.request.client_id)
            && caller.authenticated == pending.authenticated
            && caller.instance == pending.instance
            && (proven.is_none() || proven.as_deref() == proof.map(|proof| proof.jkt.as_str()));
        if !same {
            return Err(InteractiveError::Session);
        }
        let response =
            form.get("openid4vp_response").ok_or(invalid("openid4vp_response is missing"))?.as_bytes();
        let port = interactive.presentation.as_ref().ok_or(InteractiveError::Session)?;
        let take = Write::Remove { key: key(&id) };
        let approval = match port.judge(&kept, response).await {
            Ok(approval) => approval,
            Err(error @ PresentationFailure::Unavailable(_)) => return Err(unavailable(&error)),
            // Whoever has answered it is about to take it away.
            Err(PresentationFailure::Before) => return Err(InteractiveError::Session),
            Err(PresentationFailure::Declined) if web => {
                return Err(self.to_web(settings, &pending, vec![take], now).await);
            }
            Err(error) => return Err(self.over(take, error.to_string()).await),
        };
        match self.agree(&pending, take.clone(), approval, now).await {
            Ok(Decided::Code(code)) => Ok(code),
            Ok(Decided::TooLate) => {
                Err(self.over(take, "the offer can't be taken up any more".to_owned()).await)
            }
            Ok(Decided::Before) => Err(InteractiveError::Session),
            Err(AuthorizeError::Unavailable(error)) => Err(error.into()),
            Err(error) => Err(self.over(take, error.to_string()).await),
        }
    }

    /// Goes on in a browser (§6.2.1.2), from where the code comes back: the `auth_session` has nothing left to do.
    async fn to_web(
        &self,
        settings: &AuthorizationSettings,
        pending: &Pending,
        mut writes: Vec<Write>,
        now: UnixTime,
    ) -> InteractiveError {
        let id = id::short(&*self.random);
        match self.keep(&id, pending) {
            Ok(write) => writes.push(write),
            Err(error) => return error.into(),
        }
        match self.store.commit(writes).await {
            Ok(()) => {}
            Err(StoreError::Conflict(0)) => return InteractiveError::Session,
            Err(error) => return error.into(),
        }
        let lifetime = settings.lifetimes.request_uri;
        InteractiveError::Required(Box::new(InteractionRequired {
            auth_session: self.auth_session(&id::unguessable(&*self.random), now + lifetime),
            interaction_type_required: InteractionType::Web.as_str().to_owned(),
            openid4vp_request: None,
            request_uri: Some(self.request_uri(&id, lifetime, now)),
            expires_in: Some(lifetime.as_secs()),
        }))
    }

    /// Ends an authorization without a code.
    async fn over(&self, take: Write, reason: String) -> InteractiveError {
        match self.store.commit(vec![take]).await {
            Ok(()) => InteractiveError::Denied(reason),
            Err(StoreError::Conflict(_)) => InteractiveError::Session,
            Err(error) => error.into(),
        }
    }

    fn wait(&self, waiting: &Waiting) -> Result<(Secret, Write), StoreError> {
        let id = id::unguessable(&*self.random);
        let value =
            serde_json::to_vec(waiting).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let expires = waiting.pending.expires;
        Ok((self.auth_session(&id, expires), Write::Insert { key: key(&id), value, expires }))
    }

    fn auth_session(&self, id: &str, expires: UnixTime) -> Secret {
        Secret::new(self.seals.seal(Purpose::AuthSession, expires, id.as_bytes()))
    }

    async fn waiting_for(&self, id: &str) -> Result<Option<Waiting>, StoreError> {
        let Some(record) = self.store.get(&key(id)).await? else { return Ok(None) };
        let waiting: Waiting = serde_json::from_slice(&record.value)
            .map_err(|_| StoreError::Unavailable("an authorization that waits can't be read".to_owned()))?;
        Ok((waiting.pending.issuer == self.identifier).then_some(waiting))
    }
}

/// A request, and who has sent it.
#[derive(Clone, Copy)]
struct Asked<'a> {
    form: &'a Form<'a>,
    caller: &'a Caller,
    proof: Option<&'a Proof>,
    now: UnixTime,
}

fn unavailable(error: &PresentationFailure) -> InteractiveError {
    InteractiveError::Unavailable(StoreError::Unavailable(error.to_string()))
}
