//! `credenza demo`.

mod once;
mod presets;
pub(crate) mod sample;
mod world;

use std::path::PathBuf;

use anyhow::Context as _;
use credenza::core::{SystemRandom, id};
use credenza::server::{Limits, serve};
use serde_json::json;

use super::{Verdict, output, serve as service};

pub(crate) use once::client::Client;
use world::prepare;

/// Runs issuer, verifier and a wallet on one port of this machine, with pages for all of them. Nothing is kept.
///
/// With --once: no pages and no browser; issues, presents, verifies, tampers and replays over real HTTP, prints what
/// was checked, and ends with exit code 0 only if every step ended as it must.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The port; by default 7777, or any that is free when that one is taken.
    #[arg(long)]
    port: Option<u16>,

    /// Run the whole story once, without a browser, and print the report.
    #[arg(long)]
    once: bool,
}

pub(super) async fn run(arguments: Arguments, json: bool) -> anyhow::Result<Verdict> {
    let folder = TemporaryFolder::new()?;
    let port = if arguments.once { arguments.port.or(Some(0)) } else { arguments.port };
    let demo = prepare(port, &folder.0).await.with_context(|| match arguments.port {
        Some(port) => format!("the demo can't start on port {port}"),
        None => "the demo can't start".to_owned(),
    })?;
    if arguments.once {
        return once::run(demo, json).await;
    }
    service::log("warn");
    let url = demo.url.as_str();
    let line = if json { json!({"url": url}).to_string() } else { format!("Credenza demo: {url}") };
    output::line(&line)?;
    let work = tokio::spawn(demo.service.work(service::shutdown()));
    serve(demo.listener, demo.router, Limits::default(), service::shutdown()).await?;
    work.await?;
    Ok(Verdict::Good)
}

/// A folder that is gone when the command ends.
pub(crate) struct TemporaryFolder(pub(crate) PathBuf);

impl TemporaryFolder {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("credenza-{}", id::short(&SystemRandom)));
        credenza::keys::private_folder(&path)?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
