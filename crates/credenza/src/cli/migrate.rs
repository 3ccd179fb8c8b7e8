//! `credenza migrate`.

use std::io::{IsTerminal as _, Write as _};
use std::ops::ControlFlow;

use credenza::core::{Clock as _, SystemClock};
use credenza::store::transfer::{Part, Progress, Transfer, TransferError, transfer};
use serde_json::{Map, json};

use super::{Usage, Verdict, output};

/// From where to where.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    From a laptop's file to a database that several nodes share:\n    \
    credenza migrate --from sqlite:credenza.db --to postgres://credenza:PASSWORD@db.example/credenza\n  \
    Sessions alone to Redis; records stay in the database (database = and sessions = in credenza.toml):\n    \
    credenza migrate --only sessions --from postgres://credenza:PASSWORD@db.example/credenza \\\n      \
    --to redis://:PASSWORD@redis.example\n\n\
    Afterwards write the target's URL into credenza.toml of every node, and start them. Flows under way go on, but \
    for sessions that leave Redis: what was sealed there is good there alone.")]
pub(super) struct Arguments {
    /// The store to read: sqlite:FILE, postgres://…, or redis://… with --only sessions.
    #[arg(long, value_name = "URL", env = "CREDENZA_MIGRATE_FROM", hide_env_values = true)]
    from: String,

    /// The store to write. Its tables are made.
    #[arg(long, value_name = "URL", env = "CREDENZA_MIGRATE_TO", hide_env_values = true)]
    to: String,

    /// What to copy; both, unless said otherwise.
    #[arg(long, value_enum)]
    only: Option<Only>,

    /// Write to a target that is in use, and replace what has the same name there.
    #[arg(long)]
    into_used: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Only {
    /// What expires: offers, codes, presentations, values that were used.
    Sessions,
    /// What stays: issued credentials, status lists, credential types.
    Records,
}

pub(super) async fn run(arguments: Arguments, json: bool) -> anyhow::Result<Verdict> {
    let parts: &[Part] = match arguments.only {
        None => &[Part::Records, Part::Sessions],
        Some(Only::Sessions) => &[Part::Sessions],
        Some(Only::Records) => &[Part::Records],
    };
    let asked = Transfer {
        from: &arguments.from,
        to: &arguments.to,
        parts,
        into_used: arguments.into_used,
        now: SystemClock.now(),
    };
    let mut moved = Map::new();
    let shown = std::io::stderr().is_terminal() && !json;
    let mut told = |progress: Progress| {
        let name = progress.part.name();
        moved.insert(name.to_owned(), json!(progress.moved));
        if shown {
            // Nothing is lost when it can't be shown.
            let _ = write!(std::io::stderr(), "\r{name}: {} of {}  ", progress.moved, progress.total);
        }
        ControlFlow::Continue(())
    };
    let done = transfer(asked, &mut told).await;
    if shown {
        let _ = writeln!(std::io::stderr());
    }
    done.map_err(|error| explained(&error))?;
    let count = |part: Part| moved.get(part.name()).cloned().unwrap_or_else(|| json!(0));
    let counts = parts.iter().map(|part| (part.name(), count(*part)));
    if json {
        output::json(&counts.map(|(name, count)| (name.to_owned(), count)).collect::<Map<_, _>>())?;
    } else {
        let counts: Vec<String> = counts.map(|(name, count)| format!("{count} {name}")).collect();
        output::line(&format!("Copied {}.", counts.join(" and ")))?;
    }
    Ok(Verdict::Good)
}

/// With what to do about it.
fn explained(error: &TransferError) -> anyhow::Error {
    let remedy = match error {
        TransferError::Used(_) => "; to replace what has the same name there, add --into-used",
        TransferError::OtherSource => "; give the command with that source, or empty the target",
        TransferError::SessionsAlone => ": add --only sessions",
        _ => return anyhow::anyhow!("{error}"),
    };
    Usage::error(format!("{error}{remedy}"))
}
