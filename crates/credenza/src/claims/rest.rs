//! Claims from a service of the operator's own, which is asked when a credential is issued.
//!
//! It is asked with a POST of JSON, again about the same credential as often as the wallet asks, and answers `200` with
//! the claims, `202` for "later", `403` for "never". Everything else is a fault that may pass: where it can, it is asked
//! again within the time limit.

use std::sync::Arc;
use std::time::Duration;

use credenza_core::{Answer, Clock, Http, HttpError, Limits, Secret, b64, json};
use credenza_crypto::hash::HmacKey;
use credenza_vci::issuer::{ClaimsAnswer, ClaimsError, ClaimsSource, IssuanceContext};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, Request, Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::time::{Instant, sleep};
use url::Url;

/// No answer is longer, in bytes.
const MAX_ANSWER: usize = 256 * 1024;

/// The pause before the first repetition; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// When the wallet should ask again, where the answer does not say.
const LATER: Duration = Duration::from_secs(5);

/// A wallet is not told to wait longer.
const MAX_LATER: u64 = 7 * 24 * 60 * 60;

/// How the service knows that it is the issuer who asks.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A bearer token.
    Token(Secret),
    /// A signature over each request: HMAC-SHA-256, in the headers of Standard Webhooks.
    Key(Box<HmacKey>),
}

/// A service that is asked for claims.
pub struct RestClaims {
    http: Arc<dyn Http>,
    clock: Arc<dyn Clock>,
    url: Url,
    credentials: Credentials,
    time: Duration,
}

/// What it is asked.
#[derive(Serialize)]
struct Question<'a> {
    session: &'a str,
    credential_configuration_id: &'a str,
    credential_identifier: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offered_claims: Option<&'a Map<String, Value>>,
}

#[derive(Deserialize)]
struct Here {
    claims: Map<String, Value>,
}

#[derive(Deserialize)]
struct Later {
    #[serde(default)]
    retry_after: Option<u64>,
}

/// Why one try came to nothing.
enum Fault {
    /// The next one may go better.
    Passing(String),
    /// The next one would go alike.
    Lasting(String),
}

impl RestClaims {
    /// Asks at this URL. Every question has its answer, with all repetitions, after `time`.
    #[must_use]
    pub fn new(
        http: Arc<dyn Http>,
        clock: Arc<dyn Clock>,
        url: Url,
        credentials: Credentials,
        time: Duration,
    ) -> Self {
        Self { http, clock, url, credentials, time }
    }

    async fn ask(&self, context: &IssuanceContext<'_>) -> Result<ClaimsAnswer, ClaimsError> {
        let question = Question {
            session: context.session,
            credential_configuration_id: &context.configuration.id,
            credential_identifier: context.credential,
            reference: context.reference,
            subject: context.subject,
            offered_claims: context.offered,
        };
        let body = serde_json::to_vec(&question)
            .map_err(|_| ClaimsError::Unavailable("the question can't be written".to_owned()))?;
        let id = format!("{}#{}", context.session, context.credential);
        let end = Instant::now() + self.time;
        let mut pause = FIRST_PAUSE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let fault = match self.once(&id, body.clone(), left).await {
                Ok(answer) => return answer,
                Err(Fault::Lasting(reason)) => return Err(ClaimsError::Unavailable(reason)),
                Err(Fault::Passing(reason)) => reason,
            };
            if Instant::now() + pause >= end {
                return Err(ClaimsError::Unavailable(fault));
            }
            sleep(pause).await;
            pause *= 2;
        }
    }

    async fn once(
        &self,
        id: &str,
        body: Vec<u8>,
        time: Duration,
    ) -> Result<Result<ClaimsAnswer, ClaimsError>, Fault> {
        let request = self.request(id, body).map_err(|error| Fault::Lasting(error.to_string()))?;
        let limits = Limits { body: MAX_ANSWER, redirects: 0, time };
        let response = self.http.send(request, limits).await.map_err(|error| match error {
            HttpError::Unreachable(_) | HttpError::TimedOut => Fault::Passing(error.to_string()),
            _ => Fault::Lasting(error.to_string()),
        })?;
        answer(&response)
    }

    /// The same content is sent under the same `webhook-id`, so that the service can tell a repetition.
    fn request(&self, id: &str, body: Vec<u8>) -> http::Result<Request<Vec<u8>>> {
        let request = Request::post(self.url.as_str())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .header("webhook-id", id);
        let request = match &self.credentials {
            Credentials::Token(token) => request.header(AUTHORIZATION, format!("Bearer {}", token.expose())),
            Credentials::Key(key) => {
                let at = self.clock.now().as_secs();
                let mut signed = format!("{id}.{at}.").into_bytes();
                signed.extend_from_slice(&body);
                request
                    .header("webhook-timestamp", at)
                    .header("webhook-signature", format!("v1,{}", b64::encode_std(key.mac(&signed))))
            }
        };
        request.body(body)
    }
}

/// What the answer says. Its content is personal data and gets into no text.
fn answer(response: &Response<Vec<u8>>) -> Result<Result<ClaimsAnswer, ClaimsError>, Fault> {
    let malformed = || Fault::Lasting(format!("the answer {} is malformed", response.status().as_u16()));
    match response.status() {
        StatusCode::OK => {
            let Here { claims } = json::from_slice(response.body()).map_err(|_| malformed())?;
            Ok(Ok(ClaimsAnswer::Claims(claims)))
        }
        StatusCode::ACCEPTED => {
            let said = match response.body().as_slice() {
                [] => None,
                body => json::from_slice::<Later>(body).map_err(|_| malformed())?.retry_after,
            };
            let seconds = said.or_else(|| retry_after(response.headers()));
            let later = seconds.map_or(LATER, |seconds| Duration::from_secs(seconds.clamp(1, MAX_LATER)));
            Ok(Ok(ClaimsAnswer::Deferred(later)))
        }
        StatusCode::FORBIDDEN => Ok(Err(ClaimsError::Denied)),
        status => {
            let reason = format!("it answered {}", status.as_u16());
            let passing = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
            Err(if passing { Fault::Passing(reason) } else { Fault::Lasting(reason) })
        }
    }
}

fn retry_after(headers: &HeaderMap) -> Option<u64> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()
}

impl ClaimsSource for RestClaims {
    fn claims<'a>(
        &'a self,
        context: &'a IssuanceContext<'a>,
    ) -> Answer<'a, Result<ClaimsAnswer, ClaimsError>> {
        Answer::later(self.ask(context))
    }
}

impl std::fmt::Debug for RestClaims {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("RestClaims")
    }
}
