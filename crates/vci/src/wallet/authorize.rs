//! The authorization code flow: the holder signs in with a browser, and the wallet gets a code for it (§5).

use credenza_core::{Report, Secret, id};
use credenza_oauth::{
    AuthorizationRequest, AuthorizationResponse, ExpectedResponse, PushedAuthorizationResponse,
    ResponseError, pkce,
};
use url::Url;

use super::dpop_key::DpopKey;
use super::opened::{Plan, Ready, Right, Summary};
use super::server::AuthorizationServer;
use super::transport::answer;
use super::{Step, WalletError};
use crate::messages::AuthorizationDetail;

/// An offer for which the holder has to sign in with the issuer.
#[derive(Debug)]
pub struct NeedsAuthorization {
    pub(super) plan: Box<Plan>,
}

/// The holder is signing in.
pub struct Authorizing {
    plan: Box<Plan>,
    url: Url,
    redirect_uri: String,
    state: String,
    verifier: Secret,
    dpop: Option<DpopKey>,
    challenge: Option<String>,
}

impl NeedsAuthorization {
    /// What is offered.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.plan.summary
    }

    /// Prepares the request: pushes it where the server takes that (RFC 9126). The browser is to be sent to
    /// [`Authorizing::url`], and will come back to `redirect_uri`.
    ///
    /// # Errors
    /// See [`WalletError`]; the server can refuse what was pushed.
    pub async fn authorize(self, redirect_uri: &str) -> Result<Authorizing, WalletError> {
        let plan = self.plan;
        let parts = &plan.parts;
        let methods = &plan.server.code_challenge_methods_supported;
        if !methods.is_empty() && !methods.iter().any(|method| method == pkce::METHOD) {
            return Err(WalletError::Unsupported("an authorization server without PKCE by S256"));
        }
        let endpoint = plan.server.authorization_endpoint.as_deref().unwrap_or_default();
        let endpoint = parts.url(Step::ServerMetadata, endpoint)?;
        let verifier = pkce::verifier(&*parts.random);
        let state = id::unguessable(&*parts.random);
        let mut server =
            AuthorizationServer::new(parts, &plan.server, DpopKey::generate(parts, &plan.server)?);
        let mut request = AuthorizationRequest::new(parts.client.named()?, redirect_uri, verifier.expose());
        request.state = Some(state.clone());
        request.issuer_state = plan.issuer_state().map(str::to_owned);
        request.dpop_jkt = server.dpop.as_ref().map(DpopKey::thumbprint);
        plan.ask_for(&mut request);
        let url = match &plan.server.pushed_authorization_request_endpoint {
            Some(pushed) => {
                let step = Step::PushedAuthorization;
                let pushed = parts.url(step, pushed)?;
                let parameters = request.parameters();
                let fields: Vec<(&str, &str)> = parameters
                    .iter()
                    .map(|(name, value)| (*name, value.as_str()))
                    // It comes with the client authentication.
                    .filter(|(name, _)| *name != "client_id")
                    .collect();
                let response = server.post(step, &pushed, &fields).await?;
                let pushed: PushedAuthorizationResponse = answer(step, &response, &[201, 200])?;
                pushed.to_url(endpoint.as_str(), &request.client_id)
            }
            None if plan.server.require_pushed_authorization_requests == Some(true) => {
                return Err(WalletError::Untrustworthy(
                    "the authorization server demands pushed requests and has no endpoint for them",
                ));
            }
            None if parts.policy.require_par => {
                return Err(WalletError::Unsupported("an authorization server without pushed requests"));
            }
            None => request.to_url(endpoint.as_str()),
        };
        let url = parts.url(Step::ServerMetadata, &url)?;
        let challenge = server.next_challenge();
        let dpop = server.dpop;
        Ok(Authorizing { url, redirect_uri: redirect_uri.to_owned(), state, verifier, dpop, challenge, plan })
    }
}

impl Authorizing {
    /// What is offered.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.plan.summary
    }

    /// Where the browser has to go.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Goes on with the URL that the browser was sent back to.
    ///
    /// # Errors
    /// [`WalletError::Authorization`]. A response that belongs to something else ends nothing: the request comes back,
    /// to wait for the right one.
    pub fn finish(self, response: &Url) -> Result<Ready, (Box<Self>, WalletError)> {
        let mut report = Report::new("authorization response");
        let accepted = if came_to(&self.redirect_uri, response) {
            let expected = ExpectedResponse {
                state: &self.state,
                issuer: &self.plan.server.issuer,
                iss_supported: self.plan.server.authorization_response_iss_parameter_supported == Some(true),
            };
            AuthorizationResponse::from_url(response).and_then(|it| it.accept(&expected, &mut report))
        } else {
            Err(ResponseError::Foreign)
        };
        match accepted {
            Ok(code) => {
                let Self { plan, redirect_uri, verifier, dpop, challenge, .. } = self;
                let redirect_uri = Some(redirect_uri);
                let right = Right::Authorized { code, redirect_uri, verifier, dpop, challenge };
                Ok(Ready { plan, right })
            }
            Err(error) => {
                let error = WalletError::Authorization { error, report: Box::new(report) };
                Err((Box::new(self), error))
            }
        }
    }
}

/// Whether a URL is the redirect URI with a response on it.
pub(super) fn came_to(redirect_uri: &str, response: &Url) -> bool {
    let Ok(expected) = Url::parse(redirect_uri) else { return false };
    let place = |url: &Url| {
        let mut url = url.clone();
        url.set_query(None);
        url.set_fragment(None);
        url
    };
    place(&expected) == place(response)
}

impl Plan {
    /// Says what is wanted: as scopes where every credential has one, in detail otherwise (§5.1.1, §5.1.2).
    pub(super) fn ask_for(&self, request: &mut AuthorizationRequest) {
        let known = &self.metadata.credential_configurations_supported;
        let wanted = &self.summary.credentials;
        let scopes: Option<Vec<&str>> =
            wanted.iter().map(|offered| known.get(&offered.configuration_id)?.scope.as_deref()).collect();
        let issuer = &self.metadata.credential_issuer;
        let several = !self.metadata.authorization_servers.is_empty();
        if let Some(mut scopes) = scopes {
            scopes.dedup();
            request.scope = Some(scopes.join(" "));
            request.resource = several.then(|| issuer.clone());
            return;
        }
        for offered in wanted {
            let mut detail = AuthorizationDetail::new(&offered.configuration_id);
            if several {
                detail.locations.push(issuer.clone());
            }
            if let Ok(serde_json::Value::Object(detail)) = serde_json::to_value(detail) {
                request.authorization_details.push(detail);
            }
        }
    }
}

impl std::fmt::Debug for Authorizing {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Authorizing({:?})", self.plan.summary)
    }
}
