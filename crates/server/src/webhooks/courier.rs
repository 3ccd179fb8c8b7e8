//! Sends what waits for one webhook: messages of one session in order, several sessions at a time, and less and less
//! often to a receiver that does not answer.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use credenza_core::{HttpError, Limits, Random, StoreError, UnixTime};
use futures_util::{StreamExt as _, stream};
use http::{Request, Response, header};
use serde::Serialize;
use serde_json::Value;

use super::deliveries::{Attempt, Delivery, Outcome, Queued};
use super::register::{Change, Include, Webhook};
use super::{Webhooks, lease, secret};

/// So many sessions at a time.
const SESSIONS: usize = 8;

/// So many places of the queue are looked at in one go.
const PAGE: usize = 256;

/// After so many failures in a row nothing more is tried for a while.
pub(super) const PATIENCE: u32 = 3;

/// What a receiver's answer may cost: its words are not read. It is over before the lease is.
const LIMITS: Limits = Limits { body: 64 * 1024, redirects: 0, time: Duration::from_secs(15) };
const _: () = assert!(LIMITS.time.as_secs() < lease::MARGIN.as_secs());

/// Pauses between two tries, in seconds: two days altogether.
const PAUSES: [u64; 11] = [5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400];

/// No receiver can ask for a longer pause.
const LONGEST_PAUSE: u64 = 86_400;

impl Webhooks {
    /// Sends everything that is due to a webhook; says how many failures in a row there were at the end.
    pub(super) async fn deliver(&self, webhook: &Webhook, lease: &str) -> Result<u32, StoreError> {
        let failures = AtomicU32::new(0);
        let mut after: Option<String> = None;
        // A session whose message could not be sent, if the page has ended with it.
        let mut stuck: Option<String> = None;
        loop {
            let page = self.deliveries.queued(&webhook.id, after.as_deref(), PAGE).await?;
            let Some(last) = page.last() else { break };
            let (full, last) = (page.len() == PAGE, (last.id.clone(), last.place.session.clone()));
            let mut sessions: Vec<Vec<Queued>> = Vec::new();
            for queued in page {
                if stuck.as_deref() == Some(&*queued.place.session) {
                    continue;
                }
                match sessions.last_mut() {
                    Some(one) if one.iter().all(|known| known.place.session == queued.place.session) => {
                        one.push(queued);
                    }
                    _ => sessions.push(vec![queued]),
                }
            }
            let work = stream::iter(sessions)
                .map(|session| self.deliver_session(webhook, session, &failures, lease))
                .buffer_unordered(SESSIONS);
            let blocked: Vec<_> = work.collect().await;
            for blocked in blocked {
                if let Some(session) = blocked?
                    && session == last.1
                {
                    stuck = Some(session);
                }
            }
            let worn = failures.load(Ordering::SeqCst) >= PATIENCE;
            if worn || !full || !self.leases.is_held(lease) {
                break;
            }
            after = Some(last.0);
        }
        Ok(failures.into_inner())
    }

    /// Sends the messages of one session, until one can't be sent; then says which session that is.
    async fn deliver_session(
        &self,
        webhook: &Webhook,
        messages: Vec<Queued>,
        failures: &AtomicU32,
        lease: &str,
    ) -> Result<Option<String>, StoreError> {
        for queued in messages {
            let session = queued.place.session.clone();
            let now = self.ports.clock.now();
            let may = queued.place.due <= now
                && failures.load(Ordering::SeqCst) < PATIENCE
                && self.leases.is_held(lease);
            if !may {
                return Ok(Some(session));
            }
            let Some(delivery) = self.deliveries.get(&webhook.id, &queued.place.delivery).await? else {
                return Ok(Some(session));
            };
            let answered = self.send(webhook, &delivery, now).await?;
            let (attempt, outcome) = self.judge(webhook, answered, queued.place.tries, now).await?;
            let sent = matches!(outcome, Outcome::Delivered);
            let over = !matches!(outcome, Outcome::Again(_));
            self.deliveries.tried(queued, attempt, outcome).await?;
            if sent {
                failures.store(0, Ordering::SeqCst);
            } else {
                failures.fetch_add(1, Ordering::SeqCst);
                tracing::warn!(
                    webhook = webhook.id,
                    delivery = delivery.id,
                    over,
                    "a webhook was not delivered"
                );
            }
            if !over {
                return Ok(Some(session));
            }
        }
        Ok(None)
    }

    async fn send(
        &self,
        webhook: &Webhook,
        delivery: &Delivery,
        now: UnixTime,
    ) -> Result<Result<Response<Vec<u8>>, HttpError>, StoreError> {
        let body = self.body(webhook, delivery).await?;
        let Some(signature) = secret::sign(&webhook.secrets, &self.ports.sealer, &delivery.id, now, &body)
        else {
            return Ok(Err(HttpError::Forbidden("the secret can't be read: rotate it")));
        };
        let request = Request::post(&webhook.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", &delivery.id)
            .header("webhook-timestamp", now.as_secs())
            .header("webhook-signature", signature)
            .body(body);
        Ok(match request {
            Ok(request) => self.ports.http.send(request, LIMITS).await,
            Err(_) => Err(HttpError::Forbidden("the URL is none for a request")),
        })
    }

    /// The message as it is sent. What was presented is read now, and never kept with the delivery.
    async fn body(&self, webhook: &Webhook, delivery: &Delivery) -> Result<Vec<u8>, StoreError> {
        #[derive(Serialize)]
        struct Wire<'a> {
            r#type: &'a str,
            timestamp: String,
            data: Data<'a>,
        }
        #[derive(Serialize)]
        struct Data<'a> {
            session: &'a str,
            sequence: u64,
            #[serde(skip_serializing_if = "Option::is_none")]
            correlation_id: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            reason: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            credential: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            status: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            result: Option<Value>,
        }
        let message = &delivery.message;
        let session = message.session.as_str();
        let (mut correlation_id, mut result) = (None, None);
        if message.kind.starts_with("presentation.") {
            if let Ok(view) = self.verifier.session(session).await {
                let wanted = webhook.include == Include::Result && message.kind == "presentation.verified";
                if wanted && !view.needs_response_code {
                    let verified = self.verifier.result(session, None).await.ok();
                    result = verified.and_then(|verified| serde_json::to_value(verified).ok());
                }
                correlation_id = view.correlation_id;
            }
        } else if message.kind != "webhook.test" {
            correlation_id = self.issuer.session(session).await?.and_then(|view| view.reference);
        }
        let data = Data {
            session,
            sequence: message.sequence,
            correlation_id,
            reason: message.reason.as_deref(),
            credential: message.credential.as_deref(),
            status: message.status.as_deref(),
            result,
        };
        let wire = Wire { r#type: &message.kind, timestamp: message.at.to_rfc3339(), data };
        serde_json::to_vec(&wire).map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    async fn judge(
        &self,
        webhook: &Webhook,
        answered: Result<Response<Vec<u8>>, HttpError>,
        tries: u32,
        now: UnixTime,
    ) -> Result<(Attempt, Outcome), StoreError> {
        let pause = PAUSES.get(usize::try_from(tries).unwrap_or(usize::MAX)).copied();
        let again = |pause: Option<u64>| match pause {
            Some(seconds) => Outcome::Again(now + jittered(&*self.ports.random, seconds)),
            None => Outcome::Failed,
        };
        let response = match answered {
            Err(error) => {
                let attempt = Attempt { at: now, status: None, error: Some(error.to_string()) };
                return Ok((attempt, again(pause)));
            }
            Ok(response) => response,
        };
        let status = response.status();
        let attempt = Attempt { at: now, status: Some(status.as_u16()), error: None };
        if status.is_success() {
            return Ok((attempt, Outcome::Delivered));
        }
        if status == http::StatusCode::GONE {
            // The receiver says that it will never want anything again.
            let off = Change { enabled: Some(false), ..Change::default() };
            if let Err(error) = self.register.change(&webhook.id, off).await {
                tracing::warn!(webhook = webhook.id, %error, "a webhook that is gone can't be switched off");
            }
        }
        let asked = response.headers().get(header::RETRY_AFTER);
        let asked = asked.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let pause = pause.map(|pause| pause.max(asked.unwrap_or_default().min(LONGEST_PAUSE)));
        Ok((attempt, again(pause)))
    }
}

/// The pause and up to a fifth more, so that those who failed together do not come back together.
fn jittered(random: &dyn Random, seconds: u64) -> Duration {
    let mut bytes = [0; 2];
    random.fill(&mut bytes);
    let more = seconds.saturating_mul(1000) / 5 * u64::from(u16::from_be_bytes(bytes)) / u64::from(u16::MAX);
    Duration::from_secs(seconds) + Duration::from_millis(more)
}
