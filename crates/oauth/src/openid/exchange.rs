//! The exchange between client and provider that no browser sees: the code, the ID token, more claims.

use credenza_core::{Limits, Report, Secret, b64, json};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{Request, Response};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::client::{OpenIdClient, Secrecy};
use super::discovery::Provider;
use super::id_token::{self, Expected, IdToken, InvalidIdToken};
use super::{OpenIdError, rules};
use crate::{ErrorBody, client_assertion, form};

const TOKEN: &str = "token endpoint";
const USERINFO: &str = "UserInfo endpoint";

/// What the token endpoint answers (OpenID Connect Core §3.1.3.3).
#[derive(Deserialize)]
pub(super) struct Tokens {
    access_token: Secret,
    token_type: String,
    id_token: Secret,
}

impl OpenIdClient {
    /// The code becomes tokens.
    pub(super) async fn redeem(
        &self,
        provider: &Provider,
        code: &Secret,
        verifier: &str,
    ) -> Result<Tokens, OpenIdError> {
        let settings = &self.settings;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", &settings.redirect_uri),
            ("code_verifier", verifier),
        ];
        let mut request = Request::post(provider.token_endpoint.as_str())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json");
        let assertion;
        match &settings.secrecy {
            Secrecy::Secret(secret) if provider.secret_in_form => {
                fields
                    .extend([("client_id", settings.client_id.as_str()), ("client_secret", secret.expose())]);
            }
            Secrecy::Secret(secret) => {
                request = request.header(AUTHORIZATION, basic(&settings.client_id, secret));
            }
            Secrecy::Key(signer) => {
                let now = self.clock.now();
                let made = client_assertion::make(
                    &**signer,
                    &*self.random,
                    &settings.client_id,
                    &settings.issuer,
                    now,
                );
                assertion = made.await.map_err(|error| OpenIdError::Signer(error.to_string()))?;
                fields.extend([
                    ("client_id", settings.client_id.as_str()),
                    ("client_assertion_type", client_assertion::ASSERTION_TYPE),
                    ("client_assertion", &assertion),
                ]);
            }
        }
        let body = form::encode(&fields).into_bytes();
        let request = request.body(body).map_err(|_| OpenIdError::Malformed(TOKEN))?;
        let response = self.send(TOKEN, request).await?;
        let tokens: Tokens =
            json::object_from_slice(response.body()).map_err(|_| OpenIdError::Malformed(TOKEN))?;
        match tokens.token_type.eq_ignore_ascii_case("Bearer") {
            true => Ok(tokens),
            false => Err(OpenIdError::Malformed(TOKEN)),
        }
    }

    /// The ID token says who it is. Where no key verifies it the provider may have new ones.
    pub(super) async fn identify(
        &self,
        provider: &Provider,
        tokens: &Tokens,
        nonce: &str,
    ) -> Result<IdToken, OpenIdError> {
        let now = self.clock.now();
        let expected = Expected {
            issuer: &self.settings.issuer,
            client_id: &self.settings.client_id,
            nonce,
            access_token: Some(tokens.access_token.expose()),
            now,
        };
        let token = tokens.id_token.expose();
        let mut report = Report::new("ID token");
        let keys = self.kept.keys(&*self.http, &provider.jwks_uri, now, false).await?;
        let mut outcome = id_token::verify(token, &keys, &expected, &mut report);
        if outcome == Err(InvalidIdToken::Key) {
            let keys = self.kept.keys(&*self.http, &provider.jwks_uri, now, true).await?;
            report = Report::new("ID token");
            outcome = id_token::verify(token, &keys, &expected, &mut report);
        }
        outcome.map_err(|_| OpenIdError::Refused(Box::new(report)))
    }

    /// What else the provider says about them (OpenID Connect Core §5.3), as plain JSON.
    pub(super) async fn userinfo(
        &self,
        endpoint: &Url,
        tokens: &Tokens,
        subject: &str,
    ) -> Result<Map<String, Value>, OpenIdError> {
        let request = Request::get(endpoint.as_str())
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, format!("Bearer {}", tokens.access_token.expose()))
            .body(Vec::new())
            .map_err(|_| OpenIdError::Malformed(USERINFO))?;
        let response = self.send(USERINFO, request).await?;
        let claims = json::parse_object(response.body()).map_err(|_| OpenIdError::Malformed(USERINFO))?;
        let same = claims.get("sub").and_then(Value::as_str) == Some(subject);
        let mut report = Report::new("UserInfo");
        match report.check(&rules::USERINFO_SUB, same, || "no sub, or somebody else's") {
            true => Ok(claims),
            false => Err(OpenIdError::Refused(Box::new(report))),
        }
    }

    async fn send(
        &self,
        what: &'static str,
        request: Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, OpenIdError> {
        let sent = self.http.send(request, Limits::default()).await;
        let response = sent.map_err(|error| OpenIdError::Unreachable(what, error))?;
        let status = response.status().as_u16();
        if status == 200 {
            return Ok(response);
        }
        // That the code was not taken is nothing that the person has decided: only the browser brings that.
        match json::object_from_slice::<ErrorBody>(response.body()) {
            Ok(body) if body.error == "temporarily_unavailable" => Err(OpenIdError::Failed(what, 503)),
            _ => Err(OpenIdError::Failed(what, status)),
        }
    }
}

/// `client_secret_basic` (RFC 6749 §2.3.1): both parts are form-encoded first.
fn basic(client_id: &str, secret: &Secret) -> String {
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", b64::encode_std(format!("{}:{}", encoded(client_id), encoded(secret.expose()))))
}
