//! The service as its clients meet it.

#![cfg(test)]

mod access;
mod admin;
mod authorize;
mod certification;
mod credential_types;
mod dc_api;
mod deferred;
mod definitions;
mod events;
mod headers;
mod listener;
mod lists;
mod logs;
mod metrics;
mod network;
mod openapi;
mod pages;
mod properties;
mod queries;
mod schema;
mod signing_in_elsewhere;
mod status_lists;
mod tls;
mod type_metadata;
mod wallet_plane;
mod webhooks;
mod websites;
mod world;

use std::sync::Arc;

use credenza_core::{FixedClock, SeededRandom, UnixTime};
use world::{Wanted, World};

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_795_000_000);

/// The usual world at a fixed time.
pub(crate) fn fixed() -> World {
    fixed_with(Wanted::default())
}

pub(crate) fn fixed_with(wanted: Wanted) -> World {
    world::world_with(wanted, Arc::new(SeededRandom::new(11)), Arc::new(FixedClock::at(NOW)))
}
