//! The adapters of the Trust port, against the port's promises and the catalogue's attacks.

#![cfg(test)]

mod did_keys;
mod did_methods;
mod pinned;
mod x509;

use credenza_core::UnixTime;

/// The present of these tests.
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// The value of an answer that waits for nothing outside.
pub(crate) fn answered<T: Unpin>(mut answer: credenza_core::Answer<'_, T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::Pin::new(&mut answer).poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("it waits for the outside"),
    }
}
