//! The authorization endpoint (RFC 6749 §3.1), and what a request must fulfil before the user sees it.

use credenza_core::{Secret, StoreError, UnixTime, Write, id};
use credenza_oauth::par::REQUEST_URI_PREFIX;
use credenza_oauth::{AuthorizationRequest, AuthorizationResponse, ErrorBody, Form, redirect_uri};

use super::interaction::{self, Pending};
use super::wanted::is_open;
use super::{AuthorizationSettings, AuthorizeError, Caller, Interaction, Reason};
use crate::issuer::Issuer;
use crate::issuer::seals::Purpose;

/// Where the answer to a request goes.
pub(super) struct Addressee {
    pub(super) redirect_uri: String,
    /// Whether it is registered, so that a browser may be led there before anybody has agreed: to any other address
    /// this server would be an open redirector (RFC 9700 §4.11.2).
    pub(super) registered: bool,
}

const OVER: AuthorizeError =
    AuthorizeError::Shown("This request was answered before, or it is too old. Start again in your wallet.");

impl Issuer {
    /// The authorization endpoint: the query of the URL that the browser came with. It can be loaded again until
    /// somebody has decided.
    ///
    /// # Errors
    /// See [`AuthorizeError`].
    pub async fn authorize(&self, query: &str) -> Result<Interaction, AuthorizeError> {
        use AuthorizeError::Shown;
        let now = self.clock.now();
        let settings =
            self.authorization.settings().ok_or(Shown("This issuer is not asked by a browser."))?;
        let form = Form::parse(query.as_bytes())
            .map_err(|_| Shown("The request is malformed, or says something twice."))?;
        let client_id =
            form.get("client_id").ok_or(Shown("The request does not say which wallet it is from."))?;
        if let Some(request_uri) = form.get("request_uri") {
            return self.pushed(request_uri, client_id, now).await;
        }
        let caller = Caller { client_id: Some(client_id.to_owned()), authenticated: false, instance: None };
        let addressee = self.addressee(settings, &caller, form.get("redirect_uri")).map_err(Shown)?;
        let refuse = |code: &str, reason: String| {
            if !addressee.registered {
                return Shown(
                    "The wallet asks for something that this issuer can't give, or in a wrong way.",
                );
            }
            let body = ErrorBody { error: code.to_owned(), error_description: Some(reason), error_uri: None };
            let state = form
                .get("state")
                .filter(|state| state.len() <= credenza_oauth::authorization_request::MAX_STATE);
            AuthorizeError::Redirect(self.response_url(&addressee.redirect_uri, state, Err(body)))
        };
        if settings.require_par {
            return Err(refuse("invalid_request", "authorization requests must be pushed here".to_owned()));
        }
        let request =
            AuthorizationRequest::parse(&form).map_err(|error| refuse(error.code(), error.to_string()))?;
        let pending = self.prepare(settings, request, &caller, addressee.redirect_uri.clone(), now).await?;
        let pending = pending.map_err(|reason| refuse(reason.code(), reason.to_string()))?;
        let id = id::short(&*self.random);
        let write = self.keep(&id, &pending)?;
        self.store.commit(vec![write]).await?;
        Ok(self.interaction_of(&id, pending))
    }

    /// The interaction that a page's form names.
    ///
    /// # Errors
    /// See [`AuthorizeError`].
    pub async fn interaction(&self, handle: &str) -> Result<Interaction, AuthorizeError> {
        let (id, pending) = self.waiting(handle).await?;
        Ok(self.interaction_of(&id, pending))
    }

    pub(super) async fn waiting(&self, handle: &str) -> Result<(String, Pending), AuthorizeError> {
        let now = self.clock.now();
        let id = self.seals.open_text(Purpose::Interaction, now, handle).map_err(|_| OVER)?;
        let pending = self.pending(&id).await?.ok_or(OVER)?;
        Ok((id, pending))
    }

    /// A request that was pushed (RFC 9126 §4): nothing else in the query counts.
    async fn pushed(
        &self,
        request_uri: &str,
        client_id: &str,
        now: UnixTime,
    ) -> Result<Interaction, AuthorizeError> {
        let handle = request_uri.strip_prefix(REQUEST_URI_PREFIX).unwrap_or_default();
        let id = self.seals.open_text(Purpose::RequestUri, now, handle).map_err(|_| OVER)?;
        let pending = self.pending(&id).await?.ok_or(OVER)?;
        if pending.request.client_id != client_id {
            return Err(AuthorizeError::Shown("This request was made by another wallet."));
        }
        Ok(self.interaction_of(&id, pending))
    }

    /// Where the answer to this client goes; or why it is nobody that can be answered.
    pub(super) fn addressee(
        &self,
        settings: &AuthorizationSettings,
        caller: &Caller,
        asked: Option<&str>,
    ) -> Result<Addressee, &'static str> {
        let client = caller.client_id.as_deref().and_then(|id| self.authorization.registered(id));
        let Some(client) = client else {
            if !settings.public_clients && caller.instance.is_none() {
                return Err("This wallet is not known here.");
            }
            let uri = asked.ok_or("The request does not say where to go back to.")?;
            redirect_uri::check(uri).map_err(|_| "The request names an address that no wallet may have.")?;
            return Ok(Addressee { redirect_uri: uri.to_owned(), registered: false });
        };
        let redirect_uri = match (asked, client.redirect_uris.as_slice()) {
            (None, [only]) => only.clone(),
            (None, _) => return Err("The request does not say where to go back to."),
            (Some(asked), known) if known.iter().any(|known| redirect_uri::matches(known, asked)) => {
                asked.to_owned()
            }
            (Some(_), _) => return Err("The request names an address that is not the wallet's."),
        };
        Ok(Addressee { redirect_uri, registered: true })
    }

    /// Checks everything about a request that can be checked before somebody signs in.
    pub(super) async fn prepare(
        &self,
        settings: &AuthorizationSettings,
        request: AuthorizationRequest,
        caller: &Caller,
        redirect_uri: String,
        now: UnixTime,
    ) -> Result<Result<Pending, Reason>, StoreError> {
        if request.resource.as_ref().is_some_and(|resource| *resource != self.identifier) {
            return Ok(Err(Reason::Invalid("resource names another issuer")));
        }
        // It may have been made up or come from somebody else's offer (§5.1.3): it counts only when it was sealed here.
        let offer = match &request.issuer_state {
            None => None,
            Some(state) => match self.seals.open_text(Purpose::IssuerState, now, state) {
                Ok(id) => self.load(&id).await?.map(|loaded| (id, loaded.session)),
                Err(_) => None,
            }
            .filter(|(_, session)| is_open(session, now)),
        };
        if request.issuer_state.is_some() && offer.is_none() {
            return Ok(Err(Reason::Invalid("issuer_state does not belong to an offer that can be taken up")));
        }
        let wanted = match self.wanted(&request, offer.as_ref().map(|(_, session)| session)) {
            Ok(wanted) => wanted,
            Err(reason) => return Ok(Err(reason)),
        };
        Ok(Ok(Pending {
            issuer: self.identifier.clone(),
            request,
            redirect_uri,
            authenticated: caller.authenticated,
            instance: caller.instance.clone(),
            wanted,
            session: offer.map(|(id, _)| id),
            expires: now + settings.lifetimes.interaction,
        }))
    }

    pub(super) fn keep(&self, id: &str, pending: &Pending) -> Result<Write, StoreError> {
        let value =
            serde_json::to_vec(pending).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Write::Insert { key: interaction::key(id), value, expires: pending.expires })
    }

    /// The URL that an answer goes to, always with `iss` (RFC 9207 §2).
    pub(super) fn response_url(
        &self,
        redirect_uri: &str,
        state: Option<&str>,
        outcome: Result<Secret, ErrorBody>,
    ) -> String {
        let iss = Some(self.identifier.clone());
        AuthorizationResponse { outcome, state: state.map(str::to_owned), iss }.to_url(redirect_uri)
    }
}
