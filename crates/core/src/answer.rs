//! What a port answers: a value that is there already, or a future that will bring it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The answer of a port's method.
///
/// A software key or a store in memory answers at once and costs no allocation; an HSM or a database answers with a
/// future. Both are awaited alike.
///
/// ```
/// # use credenza_core::Answer;
/// fn quick() -> Answer<'static, u8> { Answer::ready(7) }
/// fn slow() -> Answer<'static, u8> { Answer::later(async { 7 }) }
/// ```
#[must_use = "an answer does nothing until it is awaited"]
pub enum Answer<'a, T> {
    /// The value, until it is taken by the first poll.
    Ready(Option<T>),
    /// Work that is still to be done.
    Later(Pin<Box<dyn Future<Output = T> + Send + 'a>>),
}

impl<'a, T> Answer<'a, T> {
    /// An answer that is there.
    pub fn ready(value: T) -> Self {
        Self::Ready(Some(value))
    }

    /// An answer that a future brings.
    pub fn later(future: impl Future<Output = T> + Send + 'a) -> Self {
        Self::Later(Box::pin(future))
    }
}

impl<T: Unpin> Future for Answer<'_, T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match self.get_mut() {
            Self::Ready(value) => match value.take() {
                Some(value) => Poll::Ready(value),
                None => Poll::Pending,
            },
            Self::Later(future) => future.as_mut().poll(context),
        }
    }
}
