//! The order to stop, for answers that would otherwise go on: event streams.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use tokio::sync::watch;

/// Ends when the listener that a request came in by is told to stop.
#[derive(Clone)]
pub(crate) struct Stopping(Option<watch::Receiver<()>>);

impl Stopping {
    /// The sender stops everything by being dropped.
    pub(crate) fn by(listener: watch::Receiver<()>) -> Self {
        Self(Some(listener))
    }

    /// Waits for the order; for ever, when there is no listener to give it.
    pub(crate) async fn ordered(&mut self) {
        match &mut self.0 {
            // The channel carries nothing: a change is its end.
            Some(listener) => while listener.changed().await.is_ok() {},
            None => std::future::pending().await,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Stopping {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or(Self(None)))
    }
}
