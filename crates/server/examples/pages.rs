//! The pages on http://127.0.0.1:8970, over an issuer and a verifier in memory and a wallet that pretends: for whoever
//! works on their looks. `cargo run -p credenza-server --example pages`

#![expect(clippy::unwrap_used, reason = "a tool for the workbench may stop with a stack trace")]

#[path = "../tests/all/network.rs"]
mod network;
#[path = "../tests/all/world.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod world;

use std::sync::Arc;

use credenza_core::{SystemClock, SystemRandom};
use world::{Wanted, world_with};

const BASE: &str = "http://127.0.0.1:8970";

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let wanted = Wanted { base: BASE, ..Wanted::default() };
    let limits = wanted.limits;
    let world = world_with(wanted, Arc::new(SystemRandom), Arc::new(SystemClock));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8970").await?;
    println!("{BASE}");
    credenza_server::serve(listener, world.router, limits, std::future::pending()).await
}
