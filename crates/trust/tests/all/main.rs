//! The adapters of the Trust port, against the port's promises and the catalogue's attacks.

#![cfg(test)]

mod pinned;
mod x509;

use credenza_core::UnixTime;

/// The present of these tests.
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
