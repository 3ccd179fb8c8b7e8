//! `credenza bench`.

mod flows;
mod formats;
mod formats_kit;
mod in_process;
mod issuance;
mod matching;
mod measure;
mod nodes;
mod status_lists;
mod store_speed;

use serde_json::json;

use super::{Verdict, output};

/// Measures this machine: raw signatures, issuance and verification on one thread, and whole flows over loopback HTTP
/// with the CPU time that the service needs for one. Everything is a ratio to the raw signature operations that it
/// contains, measured in turns in the same run; figures are medians.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// How many rounds of the in-process part; more are steadier.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,

    /// How many wallets at the same time.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=256))]
    wallets: u32,

    /// For how long they run, in seconds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,

    /// Measure flows over this database instead, and what the store adds to it. It should be empty: sessions and
    /// credentials are left in it.
    #[arg(long, value_name = "URL", env = "CREDENZA_BENCH_DATABASE", hide_env_values = true)]
    database: Option<String>,

    /// Sessions in another store, such as redis://….
    #[arg(
        long,
        value_name = "URL",
        requires = "database",
        env = "CREDENZA_BENCH_SESSIONS",
        hide_env_values = true
    )]
    sessions: Option<String>,

    /// How many nodes share them, behind a proxy.
    #[arg(long, default_value_t = 1, requires = "database", value_parser = clap::value_parser!(u32).range(1..=16))]
    nodes: u32,
}

pub(super) async fn run(arguments: Arguments, json: bool) -> anyhow::Result<Verdict> {
    if cfg!(debug_assertions) {
        eprintln!("This is a debug build: the figures mean nothing. Use: cargo run --release -- bench");
    }
    if let Some(database) = &arguments.database {
        let Arguments { nodes, wallets, seconds, rounds, .. } = arguments;
        let sessions = arguments.sessions.as_deref();
        let setting = nodes::Setting { database, sessions, nodes, wallets, seconds, rounds };
        let figures = nodes::measure(setting).await?;
        if json {
            output::json(&figures)?;
        } else {
            output::line(&figures.to_string())?;
        }
        return Ok(Verdict::Good);
    }
    output::progress("in process, one thread");
    let measured = in_process::measure(arguments.rounds).await?;
    output::progress("format by format");
    let formats = formats::measure(arguments.rounds).await?;
    output::progress("status lists");
    let lists = tokio::task::spawn_blocking(status_lists::measure).await??;
    output::progress("matching");
    let matching = tokio::task::spawn_blocking(matching::measure).await??;
    output::progress("whole flows over loopback HTTP");
    let flows = flows::measure(arguments.wallets, arguments.seconds).await?;
    output::progress("issuances of other kinds, and beside many sessions");
    let issuance = issuance::measure(arguments.seconds).await?;
    if json {
        output::json(
            &json!({"in_process": measured, "formats": formats, "status_lists": lists, "matching": matching,
                "service": flows, "issuance": issuance}),
        )?;
    } else {
        output::line(&measured.to_string())?;
        output::line(&formats.to_string())?;
        output::line(&lists.to_string())?;
        output::line(&matching.to_string())?;
        output::line(&flows.to_string())?;
        output::line(&issuance.to_string())?;
    }
    Ok(Verdict::Good)
}
