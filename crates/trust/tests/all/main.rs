//! The adapters of the Trust port, against the port's promises and the catalogue's attacks.

#![cfg(test)]

mod did_keys;
mod did_methods;
mod federation;
mod jwt_vc_issuers;
mod lists;
mod pinned;
mod revocation;
mod x509;

use credenza_core::UnixTime;

/// The present of these tests.
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// What a future brings that waits for nothing outside.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("it waits for the outside"),
    }
}
