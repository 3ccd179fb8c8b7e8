//! The event hub: from what happens to a session to whoever watches it right now.
//!
//! The truth is the list of events in the session's record; the hub only spares watchers the asking. What it drops
//! (nobody listens, a watcher is slow, another node did it) is read from the record with the next heartbeat.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use credenza_core::{Event, EventSink, Write};
use tokio::sync::broadcast;

use crate::metrics::Metrics;
use crate::webhooks::Outbox;

/// Events a slow watcher may be behind before it has to read the record again.
const BACKLOG: usize = 32;

/// Hands each event to the watchers of its session, and counts it.
#[derive(Default)]
pub struct EventHub {
    watched: Mutex<HashMap<String, broadcast::Sender<Event>>>,
    metrics: Arc<Metrics>,
    outbox: OnceLock<Arc<Outbox>>,
}

impl EventHub {
    /// A hub that nobody watches yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What is counted of the service whose hub it is.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Has events noted for webhooks from now on.
    pub(crate) fn note_in(&self, outbox: Arc<Outbox>) {
        // The first one stays: a hub belongs to one service.
        let _ = self.outbox.set(outbox);
    }

    /// Watches a session from now on.
    pub(crate) fn watch(&self, session: &str) -> broadcast::Receiver<Event> {
        let mut watched = self.lock();
        if let Some(sender) = watched.get(session) {
            return sender.subscribe();
        }
        // Sessions whose watchers have left are forgotten when somebody new comes.
        watched.retain(|_, sender| sender.receiver_count() > 0);
        let (sender, receiver) = broadcast::channel(BACKLOG);
        watched.insert(session.to_owned(), sender);
        receiver
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, broadcast::Sender<Event>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for EventHub {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("EventHub")
    }
}

impl EventSink for EventHub {
    fn outbox(&self, session: &str, event: &Event) -> Option<Write> {
        self.outbox.get()?.note(session, event)
    }

    fn emit(&self, session: &str, event: &Event) {
        self.metrics.happened(&event.kind);
        if let Some(outbox) = self.outbox.get() {
            outbox.noted();
        }
        if let Some(sender) = self.lock().get(session) {
            // An error says that nobody is listening any more.
            let _ = sender.send(event.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use credenza_core::UnixTime;

    fn event(sequence: u32) -> Event {
        Event { sequence, at: UnixTime::EPOCH, kind: "offer.created".into(), reason: None }
    }

    #[test]
    fn watchers_of_the_session_alone_are_told() {
        let hub = EventHub::new();
        hub.emit("a", &event(1));
        let (mut a, mut b) = (hub.watch("a"), hub.watch("b"));
        hub.emit("a", &event(2));
        assert_eq!(a.try_recv().unwrap().sequence, 2);
        assert!(a.try_recv().is_err() && b.try_recv().is_err());
    }

    #[test]
    fn forgotten_when_the_watchers_have_left() {
        let hub = EventHub::new();
        for number in 0..1000 {
            drop(hub.watch(&number.to_string()));
        }
        assert!(hub.lock().len() <= 1);
    }
}
