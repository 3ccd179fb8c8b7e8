//! What a client may cost: every bound of the listener and of the handlers, by name.

use std::time::Duration;

/// The service's bounds. Each default suits a service behind a proxy on a small machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request's body; more is answered with 413 before it is read.
    pub body: usize,
    /// Bytes of a request's head; more is answered with 431.
    pub head: usize,
    /// Number of header fields; more is answered with 431.
    pub headers: usize,
    /// Time for the head of a request to arrive, and for an idle connection to send the next one.
    pub head_time: Duration,
    /// Time from the head of a request to the head of its response, reading the body included; 503 after it.
    pub request_time: Duration,
    /// Time in which a client must take at least one byte of a response that waits for it.
    pub write_time: Duration,
    /// Connections at a time; further ones wait in the kernel's queue.
    pub connections: usize,
    /// Event streams at a time; further ones are answered with 503.
    pub event_streams: usize,
    /// How long an event stream lives; the browser comes back with `Last-Event-ID`.
    pub event_stream_time: Duration,
    /// Pause between two signs of life on an event stream. With each the session is read again, so that what
    /// another node did is seen.
    pub heartbeat: Duration,
    /// Time for requests in flight to end after the order to stop.
    pub shutdown_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 256 * 1024,
            head: 32 * 1024,
            headers: 64,
            head_time: Duration::from_secs(10),
            request_time: Duration::from_secs(30),
            write_time: Duration::from_secs(30),
            connections: 4096,
            event_streams: 1024,
            event_stream_time: Duration::from_secs(15 * 60),
            heartbeat: Duration::from_secs(5),
            shutdown_time: Duration::from_secs(10),
        }
    }
}
