//! Interactive Authorization: the holder is authorized by what the wallet presents, and goes on in a browser only where
//! that is not enough (OID4VCI 1.1 §6).

use credenza_core::{Report, Secret, id, json};
use credenza_oauth::{
    AuthorizationRequest, AuthorizationResponse, ErrorBody, ExpectedResponse, PushedAuthorizationResponse,
    ResponseError, pkce,
};
use serde_json::{Map, Value};
use url::Url;

use super::authorize::came_to;
use super::dpop_key::DpopKey;
use super::opened::{Plan, Ready, Right};
use super::server::AuthorizationServer;
use super::transport::{answer, refusal, unexpected};
use super::{NeedsAuthorization, Step, WalletError};
use crate::messages::interactive::{
    AuthorizationCodeResponse, INSUFFICIENT_AUTHORIZATION, INTERACTION_TYPES_SUPPORTED, InteractionRequired,
    InteractionType, InteractionTypes, MISSING_INTERACTION_TYPE, REDIRECT_TO_WEB,
};

/// A server that wants more interactions than that does not come to an end.
const MAX_INTERACTIONS: u32 = 8;

const STEP: Step = Step::AuthorizationChallenge;

/// What the server says.
#[derive(Debug)]
pub enum Interacted {
    /// The authorization is complete, and the holder can accept.
    Ready(Ready),
    /// A credential has to be presented.
    Presentation(Box<Presenting>),
    /// The holder has to go on in a browser.
    Web(Box<InWeb>),
    /// Not in this way: [`NeedsAuthorization::authorize`] is left.
    Browser(NeedsAuthorization),
}

/// The server asks for a presentation.
pub struct Presenting {
    flow: Flow,
    request: Map<String, Value>,
    session: Secret,
}

/// The holder goes on in a browser: not one that the wallet is the master of (RFC 8252 §8.12).
pub struct InWeb {
    flow: Flow,
    url: Url,
    redirect_uri: String,
}

/// What an authorization goes on with.
struct Flow {
    plan: Box<Plan>,
    endpoint: Url,
    /// Where a browser comes back to, when there can be one.
    redirect_uri: Option<String>,
    state: String,
    verifier: Secret,
    dpop: Option<DpopKey>,
    challenge: Option<String>,
    interactions: u32,
}

impl NeedsAuthorization {
    /// Whether the server can be asked without a browser. All its endpoints that get a secret have to be where it is
    /// itself: metadata that mixes two servers leads a code of one to the other.
    #[must_use]
    pub fn can_interact(&self) -> bool {
        let server = &self.plan.server;
        let origin = |text: &str| Url::parse(text).ok().map(|url| url.origin()).filter(url::Origin::is_tuple);
        let own = origin(&server.issuer);
        let at_home =
            |endpoint: &Option<String>| own.is_some() && endpoint.as_deref().and_then(origin) == own;
        at_home(&server.authorization_challenge_endpoint) && at_home(&server.token_endpoint)
    }

    /// Whether the server takes nothing else.
    #[must_use]
    pub fn must_interact(&self) -> bool {
        self.plan.server.require_interactive_authorization == Some(true)
    }

    /// Asks the authorization challenge endpoint. With `redirect_uri`, an https URL, the wallet supports going on in a
    /// browser, too.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn interact(self, redirect_uri: Option<&str>) -> Result<Interacted, WalletError> {
        if !self.can_interact() {
            return Err(WalletError::Unsupported("an authorization server that is asked by a browser alone"));
        }
        if redirect_uri.is_some_and(|uri| !uri.starts_with("https://")) {
            return Err(WalletError::Unsupported("to come back from a browser to another URL than https"));
        }
        let plan = self.plan;
        let parts = &plan.parts;
        let endpoint = plan.server.authorization_challenge_endpoint.as_deref().unwrap_or_default();
        let endpoint = parts.url(Step::ServerMetadata, endpoint)?;
        let verifier = pkce::verifier(&*parts.random);
        let state = id::unguessable(&*parts.random);
        let dpop = DpopKey::generate(parts, &plan.server)?;
        let address = redirect_uri.unwrap_or_default();
        let mut request = AuthorizationRequest::new(parts.client.named()?, address, verifier.expose());
        request.redirect_uri = redirect_uri.map(str::to_owned);
        request.state = redirect_uri.map(|_| state.clone());
        request.issuer_state = plan.issuer_state().map(str::to_owned);
        request.dpop_jkt = dpop.as_ref().map(DpopKey::thumbprint);
        plan.ask_for(&mut request);
        let types = InteractionTypes { presentation: true, web: redirect_uri.is_some() }.to_string();
        let redirect_uri = request.redirect_uri.clone();
        let parameters = request.parameters();
        let fields: Vec<(&str, &str)> = parameters
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            // It comes with the client authentication.
            .filter(|(name, _)| *name != "client_id")
            .chain([(INTERACTION_TYPES_SUPPORTED, types.as_str())])
            .collect();
        let flow =
            Flow { plan, endpoint, redirect_uri, state, verifier, dpop, challenge: None, interactions: 0 };
        flow.ask(&fields).await
    }
}

impl Flow {
    async fn ask(mut self, fields: &[(&str, &str)]) -> Result<Interacted, WalletError> {
        let plan = &self.plan;
        let server = AuthorizationServer::new(&plan.parts, &plan.server, self.dpop.take());
        let mut server = server.with_challenge(self.challenge.take());
        let response = server.post(STEP, &self.endpoint, fields).await?;
        (self.challenge, self.dpop) = (server.next_challenge(), server.dpop);
        if response.status().is_success() {
            let AuthorizationCodeResponse { authorization_code: code } = answer(STEP, &response, &[200])?;
            let Self { plan, redirect_uri, verifier, dpop, challenge, .. } = self;
            let right = Right::Authorized { code, redirect_uri, verifier, dpop, challenge };
            return Ok(Interacted::Ready(Ready { plan, right }));
        }
        let said: Option<ErrorBody> = json::object_from_slice(response.body()).ok();
        match said.as_ref().map(|body| body.error.as_str()) {
            Some(INSUFFICIENT_AUTHORIZATION) => {
                self.required(answer(STEP, &response, &[response.status().as_u16()])?)
            }
            Some(MISSING_INTERACTION_TYPE | REDIRECT_TO_WEB) => {
                Ok(Interacted::Browser(NeedsAuthorization { plan: self.plan }))
            }
            _ => Err(refusal(STEP, &response)),
        }
    }

    fn required(mut self, required: InteractionRequired) -> Result<Interacted, WalletError> {
        self.interactions = self.interactions.saturating_add(1);
        if self.interactions > MAX_INTERACTIONS {
            return Err(WalletError::Untrustworthy("the authorization server asks for more and more"));
        }
        let session = required.auth_session;
        match InteractionType::from_urn(&required.interaction_type_required) {
            Some(InteractionType::Presentation) => match required.openid4vp_request {
                Some(request) => {
                    Ok(Interacted::Presentation(Box::new(Presenting { flow: self, request, session })))
                }
                None => Err(unexpected(STEP, "openid4vp_request is missing")),
            },
            Some(InteractionType::Web) => {
                let redirect_uri = self.redirect_uri.clone().ok_or(WalletError::Unsupported(
                    "an authorization server that demands a browser without being asked for one",
                ))?;
                let request_uri =
                    required.request_uri.ok_or_else(|| unexpected(STEP, "request_uri is missing"))?;
                let server = &self.plan.server;
                let endpoint = server.authorization_endpoint.as_deref().unwrap_or_default();
                let pushed = PushedAuthorizationResponse {
                    request_uri,
                    expires_in: required.expires_in.unwrap_or_default(),
                };
                let url = pushed.to_url(endpoint, self.plan.parts.client.named()?);
                let url = self.plan.parts.url(Step::ServerMetadata, &url)?;
                Ok(Interacted::Web(Box::new(InWeb { flow: self, url, redirect_uri })))
            }
            // §6.2.1: the issuance ends.
            None => Err(WalletError::Unsupported("an interaction that the authorization server demands")),
        }
    }
}

impl Presenting {
    /// The endpoint that asks. What is presented has to be bound to it.
    #[must_use]
    pub fn endpoint(&self) -> &Url {
        &self.flow.endpoint
    }

    /// The request of OID4VP, which nobody has looked at.
    #[must_use]
    pub fn request(&self) -> &Map<String, Value> {
        &self.request
    }

    /// Goes on with the response of OID4VP, or its error.
    ///
    /// # Errors
    /// See [`WalletError`].
    pub async fn answer(self, response: Map<String, Value>) -> Result<Interacted, WalletError> {
        let response = Value::Object(response).to_string();
        let fields = [("auth_session", self.session.expose()), ("openid4vp_response", response.as_str())];
        self.flow.ask(&fields).await
    }

    /// Gives this way up: the holder signs in with a browser.
    #[must_use]
    pub fn in_browser(self) -> NeedsAuthorization {
        NeedsAuthorization { plan: self.flow.plan }
    }
}

impl InWeb {
    /// Where the browser has to go.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Goes on with the URL that the browser was sent back to: with the code, or with more to do (§6.2.1.2).
    ///
    /// # Errors
    /// See [`WalletError`]. A response that belongs to something else ends nothing: the interaction comes back.
    pub async fn finish(self, response: &Url) -> Result<Interacted, (Option<Box<Self>>, WalletError)> {
        match self.accept(response) {
            Ok(Some(code)) => {
                let Flow { plan, verifier, dpop, challenge, .. } = self.flow;
                let redirect_uri = Some(self.redirect_uri);
                let right = Right::Authorized { code, redirect_uri, verifier, dpop, challenge };
                Ok(Interacted::Ready(Ready { plan, right }))
            }
            Ok(None) => {
                let session = parameter(response, "auth_session").unwrap_or_default();
                let verifier = self.flow.verifier.clone();
                let fields = [("auth_session", session.as_str()), ("code_verifier", verifier.expose())];
                self.flow.ask(&fields).await.map_err(|error| (None, error))
            }
            Err(error) => Err((Some(Box::new(self)), error)),
        }
    }

    /// The code, or `None` where there is an `auth_session` in its place.
    fn accept(&self, response: &Url) -> Result<Option<Secret>, WalletError> {
        let mut report = Report::new("authorization response");
        let server = &self.flow.plan.server;
        let expected = ExpectedResponse {
            state: &self.flow.state,
            issuer: &server.issuer,
            iss_supported: server.authorization_response_iss_parameter_supported == Some(true),
        };
        let accepted = if !came_to(&self.redirect_uri, response) {
            Err(ResponseError::Foreign)
        } else if let (Some(session), None) =
            (parameter(response, "auth_session"), parameter(response, "code"))
        {
            // The same has to hold for it as for a code.
            let mut same = response.clone();
            same.query_pairs_mut().append_pair("code", &session);
            let accepted = AuthorizationResponse::from_url(&same);
            accepted.and_then(|it| it.accept(&expected, &mut report)).map(|_| None)
        } else {
            let accepted = AuthorizationResponse::from_url(response);
            accepted.and_then(|it| it.accept(&expected, &mut report)).map(Some)
        };
        accepted.map_err(|error| WalletError::Authorization { error, report: Box::new(report) })
    }
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

impl std::fmt::Debug for Presenting {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Presenting({:?})", self.flow.plan.summary)
    }
}

impl std::fmt::Debug for InWeb {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "InWeb({:?})", self.flow.plan.summary)
    }
}
