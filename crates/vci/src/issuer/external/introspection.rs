//! Asking a server about its access tokens (RFC 7662).

use std::sync::PoisonError;

use credenza_core::{Limits, Secret, UnixTime, b64, json};
use credenza_crypto::hash::sha256;
use credenza_oauth::form;
use http::Request;
use serde::Deserialize;
use url::Url;

use super::{Answered, BELIEVED, ExternalAuthorizationServer, Foreign, MAX_ANSWERS};
use crate::issuer::{AccessError, Issuer};

#[derive(Deserialize)]
struct Response {
    active: bool,
    #[serde(flatten)]
    token: Foreign,
}

impl Issuer {
    /// What a server says about a token; `None` when it is not good, or not for us. The answer is kept for a moment.
    pub(super) async fn introspect(
        &self,
        server: &ExternalAuthorizationServer,
        endpoint: &Url,
        client: (&str, &Secret),
        token: &str,
        now: UnixTime,
    ) -> Result<Option<Foreign>, AccessError> {
        let name = sha256(format!("{} {token}", server.issuer).as_bytes());
        {
            let answers = self.external.answers.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(answered) = answers.get(&name).filter(|answered| now < answered.until) {
                return Ok(answered.token.clone().filter(|said| self.is_for_us(server, said, now)));
            }
        }
        let http = self.external.http.as_ref().ok_or(AccessError::Unavailable)?;
        let body = form::encode(&[("token", token), ("token_type_hint", "access_token")]);
        let request = Request::post(endpoint.as_str())
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .header("authorization", basic(client))
            .body(body.into_bytes())
            .map_err(|_| AccessError::Unavailable)?;
        let response = http.send(request, Limits::default()).await.map_err(|_| AccessError::Unavailable)?;
        let said: Option<Response> =
            response.status().is_success().then(|| json::object_from_slice(response.body()).ok()).flatten();
        let said = said.ok_or(AccessError::Unavailable)?;
        let token = said.active.then_some(said.token).filter(|said| self.is_for_us(server, said, now));
        let mut answers = self.external.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= MAX_ANSWERS {
            answers.retain(|_, answered| now < answered.until);
        }
        if answers.len() < MAX_ANSWERS {
            answers.insert(name, Answered { token: token.clone(), until: now + BELIEVED });
        }
        Ok(token)
    }
}

/// `client_secret_basic` (RFC 6749 §2.3.1): both parts are form-encoded first.
fn basic((client_id, secret): (&str, &Secret)) -> String {
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", b64::encode_std(format!("{}:{}", encoded(client_id), encoded(secret.expose()))))
}
