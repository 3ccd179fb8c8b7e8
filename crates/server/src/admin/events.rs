//! Event streams: server-sent events that a client can resume, or the same as one JSON document.
//!
//! The numbers of events are the ids of the stream. A client that comes back with `Last-Event-ID` is sent what it has
//! missed, from the session's record; then what happens live. With each heartbeat the record is read again, so that
//! nothing is lost that another node did.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::response::sse;
use axum::response::{IntoResponse, Response, Sse};
use credenza_core::{Event, StoreError};
use credenza_vci::issuer::SessionState;
use credenza_vp::verifier::SessionError;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, broadcast};

use super::no_such;
use super::presentations::has_ended;
use crate::media_type;
use crate::problem::{Kind, Problem};
use crate::respond::{NO_STORE, json};
use crate::service::Service;
use crate::stopping::Stopping;

/// Which session.
#[derive(Debug, Clone)]
pub(crate) enum Session {
    Offer(String),
    Presentation(String),
}

/// What the events of a stream are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Naming {
    /// By what happened: `offer.retrieved`.
    ByKind,
    /// All `change`: for a page that only wants to know when to look again.
    Change,
}

/// What has happened so far, and whether more can.
struct Timeline {
    events: Vec<Event>,
    ended: bool,
}

impl Session {
    fn id(&self) -> &str {
        match self {
            Self::Offer(id) | Self::Presentation(id) => id,
        }
    }

    async fn timeline(&self, service: &Service) -> Result<Option<Timeline>, StoreError> {
        match self {
            Self::Offer(id) => Ok(service
                .issuer
                .session(id)
                .await?
                .map(|view| Timeline { events: view.events, ended: offer_has_ended(view.state) })),
            Self::Presentation(id) => match service.verifier.session(id).await {
                Ok(view) => Ok(Some(Timeline { events: view.events, ended: has_ended(view.status) })),
                Err(SessionError::Store(error)) => Err(error),
                Err(_) => Ok(None),
            },
        }
    }
}

/// Whether nothing more can happen to an offer. An issued one still waits for the wallet's word.
pub(crate) const fn offer_has_ended(state: SessionState) -> bool {
    use SessionState::{Acknowledged, Cancelled, Expired, Failed};
    matches!(state, Acknowledged | Failed | Expired | Cancelled)
}

/// The events of a session: as JSON when `?format=json` or `Accept` says so, as a stream otherwise.
pub(super) async fn answer(
    service: &Arc<Service>,
    session: Session,
    naming: Naming,
    uri: &Uri,
    headers: &HeaderMap,
    stopping: Stopping,
) -> Result<Response, Problem> {
    let query = uri.query().unwrap_or_default();
    let asked: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let as_json = match asked.as_slice() {
        [] => false,
        [(name, value)] if name == "format" && value == "json" => true,
        _ => {
            let detail = "there is nothing to be asked for but format=json";
            return Err(Problem::new(Kind::InvalidRequest).because(detail));
        }
    };
    if as_json || media_type::prefers(headers, "application/json", "text/event-stream") {
        let timeline = session.timeline(service).await?.ok_or_else(|| no_such("session"))?;
        #[derive(Serialize)]
        struct Document {
            events: Vec<Event>,
            ended: bool,
        }
        return Ok(json(StatusCode::OK, &Document { events: timeline.events, ended: timeline.ended }));
    }
    stream(service, session, naming, headers, stopping).await
}

/// The live stream.
pub(crate) async fn stream(
    service: &Arc<Service>,
    session: Session,
    naming: Naming,
    headers: &HeaderMap,
    stopping: Stopping,
) -> Result<Response, Problem> {
    let slot = Arc::clone(&service.event_streams).try_acquire_owned().map_err(|_| {
        Problem::new(Kind::Unavailable).because("too many event streams, ask for JSON instead")
    })?;
    // Watch first, read second: what happens in between is in both, and is sent once.
    let live = service.hub.watch(session.id());
    let timeline = session.timeline(service).await?.ok_or_else(|| no_such("session"))?;
    let state = Stream {
        service: Arc::clone(service),
        session,
        naming,
        live,
        seen: last_event_id(headers),
        ended: timeline.ended,
        waiting: Vec::new(),
        until: Instant::now() + service.limits.event_stream_time,
        stopping,
        _slot: slot,
    };
    let state = state.with(timeline.events);
    let events = stream::unfold(state, Stream::next);
    let keep_alive = sse::KeepAlive::new().interval(KEEP_ALIVE);
    let mut response = Sse::new(events).keep_alive(keep_alive).into_response();
    let out = response.headers_mut();
    out.insert(NO_STORE.0, NO_STORE.1);
    // Proxies that collect answers would keep events back.
    out.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    out.insert(header::VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

/// Comments on the stream, so that nobody on the way takes it for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

fn last_event_id(headers: &HeaderMap) -> u32 {
    headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse().ok())
        .unwrap_or_default()
}

struct Stream {
    service: Arc<Service>,
    session: Session,
    naming: Naming,
    live: broadcast::Receiver<Event>,
    /// Number of the last event that the client has.
    seen: u32,
    ended: bool,
    /// Events to be sent, the next one last.
    waiting: Vec<Event>,
    until: Instant,
    stopping: Stopping,
    _slot: OwnedSemaphorePermit,
}

impl Stream {
    fn with(mut self, events: Vec<Event>) -> Self {
        let mut new: Vec<Event> = events.into_iter().filter(|event| event.sequence > self.seen).collect();
        new.sort_by_key(|event| std::cmp::Reverse(event.sequence));
        self.waiting = new;
        self
    }

    async fn next(mut self) -> Option<(Result<sse::Event, Infallible>, Self)> {
        loop {
            if let Some(event) = self.waiting.pop() {
                self.seen = event.sequence;
                return Some((Ok(self.wire(&event)), self));
            }
            if self.ended || Instant::now() >= self.until {
                return None;
            }
            // A live event says that there is something to read; the record says what, and whether it is the end.
            let heartbeat = self.service.limits.heartbeat;
            let woken = tokio::select! {
                woken = tokio::time::timeout(heartbeat, self.live.recv()) => woken,
                () = self.stopping.ordered() => return None,
            };
            if matches!(woken, Ok(Err(broadcast::error::RecvError::Closed))) {
                return None;
            }
            match self.session.timeline(&self.service).await {
                Ok(Some(timeline)) => {
                    self.ended = timeline.ended;
                    self = self.with(timeline.events);
                }
                Ok(None) => return None,
                // The store is away for a moment: the next heartbeat asks again.
                Err(_) => {}
            }
        }
    }

    fn wire(&self, event: &Event) -> sse::Event {
        let name = match self.naming {
            Naming::ByKind => event.kind.as_str(),
            Naming::Change => "change",
        };
        let data = serde_json::to_string(event).unwrap_or_default();
        sse::Event::default().id(event.sequence.to_string()).event(name).data(data)
    }
}
