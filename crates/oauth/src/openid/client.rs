//! One client of one provider: where the browser goes, and what has to be remembered until it comes back.

use std::sync::Arc;

use credenza_core::{Clock, Http, Random, Report, Secret, id};
use credenza_crypto::Signer;
use serde::{Deserialize, Serialize};
use url::Url;

use super::keys::Kept;
use super::{Identity, OpenIdError};
use crate::{AuthorizationResponse, ExpectedResponse, ResponseError, pkce, redirect_uri};

/// How the client is known at the provider.
#[derive(Clone)]
pub struct Settings {
    /// The provider's issuer identifier, character by character.
    pub issuer: String,
    /// Us.
    pub client_id: String,
    /// How we prove that.
    pub secrecy: Secrecy,
    /// What is asked for. `openid` is added where it is missing.
    pub scopes: Vec<String>,
    /// Whether the UserInfo endpoint is asked, where there is one.
    pub userinfo: bool,
    /// Where the provider sends the browser back to.
    pub redirect_uri: String,
}

/// How the client proves who it is.
#[derive(Clone)]
pub enum Secrecy {
    /// By a secret: in the header, or in the form where the provider accepts nothing else.
    Secret(Secret),
    /// By a JWT that it signs (`private_key_jwt`).
    Key(Arc<dyn Signer>),
}

/// A client of an OpenID Provider.
pub struct OpenIdClient {
    pub(super) settings: Settings,
    pub(super) http: Arc<dyn Http>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) kept: Kept,
}

/// What has to be remembered while the browser is away; nobody else may see it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    nonce: String,
    verifier: String,
}

impl std::fmt::Debug for Remembered {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Remembered(…)")
    }
}

/// The browser leaves.
#[derive(Debug, Clone)]
pub struct Departure {
    /// Where it goes.
    pub url: Url,
    /// What has to be remembered.
    pub remembered: Remembered,
}

impl OpenIdClient {
    /// A client.
    #[must_use]
    pub fn new(
        settings: Settings,
        http: Arc<dyn Http>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self { settings, http, clock, random, kept: Kept::default() }
    }

    /// Makes the authentication request (OpenID Connect Core §3.1.2.1), with PKCE. `state` comes back with the response:
    /// it must be unguessable, and new.
    ///
    /// # Errors
    /// See [`OpenIdError`].
    pub async fn begin(&self, state: &str) -> Result<Departure, OpenIdError> {
        let now = self.clock.now();
        let provider = self.kept.provider(&*self.http, &self.settings.issuer, now).await?;
        let nonce = id::unguessable(&*self.random);
        let verifier = pkce::verifier(&*self.random);
        let challenge = pkce::challenge(verifier.expose());
        let mut scopes: Vec<&str> = self.settings.scopes.iter().map(String::as_str).collect();
        if !scopes.contains(&"openid") {
            scopes.insert(0, "openid");
        }
        let url = redirect_uri::with_parameters(
            provider.authorization_endpoint.as_str(),
            &[
                ("response_type", "code"),
                ("client_id", &self.settings.client_id),
                ("redirect_uri", &self.settings.redirect_uri),
                ("scope", &scopes.join(" ")),
                ("state", state),
                ("nonce", &nonce),
                ("code_challenge", &challenge),
                ("code_challenge_method", pkce::METHOD),
            ],
        );
        let url = Url::parse(&url).map_err(|_| OpenIdError::Malformed("metadata"))?;
        let remembered = Remembered { nonce, verifier: verifier.expose().to_owned() };
        Ok(Departure { url, remembered })
    }

    /// Goes on with the URL that the browser came back with: that the response belongs to `state` and to the provider
    /// (RFC 9207), then the code becomes an ID token, and the ID token somebody.
    ///
    /// # Errors
    /// See [`OpenIdError`].
    pub async fn finish(
        &self,
        remembered: &Remembered,
        state: &str,
        response: &Url,
    ) -> Result<Identity, OpenIdError> {
        let now = self.clock.now();
        let provider = self.kept.provider(&*self.http, &self.settings.issuer, now).await?;
        let mut report = Report::new("authorization response");
        let expected =
            ExpectedResponse { state, issuer: &self.settings.issuer, iss_supported: provider.sends_iss };
        let accepted =
            AuthorizationResponse::from_url(response).and_then(|it| it.accept(&expected, &mut report));
        let code = accepted.map_err(|error| match error {
            ResponseError::Refused(body) => OpenIdError::Denied(body),
            error => OpenIdError::Response(error, Box::new(report)),
        })?;
        let tokens = self.redeem(&provider, &code, &remembered.verifier).await?;
        let id_token = self.identify(&provider, &tokens, &remembered.nonce).await?;
        let mut claims = id_token.claims;
        if let (true, Some(endpoint)) = (self.settings.userinfo, &provider.userinfo_endpoint) {
            let more = self.userinfo(endpoint, &tokens, &id_token.subject).await?;
            // What is signed is not overwritten.
            for (name, value) in more {
                claims.entry(name).or_insert(value);
            }
        }
        Ok(Identity { subject: id_token.subject, claims })
    }
}

impl std::fmt::Debug for OpenIdClient {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "OpenIdClient({} at {})", self.settings.client_id, self.settings.issuer)
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Settings({} at {})", self.client_id, self.issuer)
    }
}

impl std::fmt::Debug for Secrecy {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Secret(_) => "Secret(…)",
            Self::Key(_) => "Key(…)",
        })
    }
}
