//! `credenza keys sealing`.

use std::path::PathBuf;

use anyhow::Context as _;
use credenza::core::SystemRandom;
use credenza::keys::sealing::{Step, take};
use credenza::keys::{read_private, write_private};
use serde_json::json;

use super::{Usage, Verdict, output};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Which step.
    #[arg(value_enum)]
    step: Name,

    /// The file that `sealing_key` names.
    #[arg(default_value = "keys/sealing.key")]
    file: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Name {
    /// First: a fresh key that every node knows before one seals with it.
    Add,
    /// Second: the new key seals, the old one only opens.
    Use,
    /// Third, when what the old key has sealed is over: it goes away.
    Drop,
}

pub(super) fn run(arguments: &Arguments, json: bool) -> anyhow::Result<Verdict> {
    let file = arguments.file.display();
    let (step, next) = match arguments.step {
        Name::Add => (
            Step::Add,
            "Copy the file to all nodes and restart them one by one, then: credenza keys sealing use",
        ),
        Name::Use => (
            Step::Use,
            "Copy the file to all nodes and restart them one by one. When the longest session is over: \
             credenza keys sealing drop",
        ),
        Name::Drop => (Step::Drop, "Copy the file to all nodes and restart them one by one. That was all."),
    };
    let ring = read_private(&arguments.file)?;
    let ring = std::str::from_utf8(&ring).with_context(|| format!("{file} is no text"))?;
    let taken = take(step, ring, &SystemRandom).map_err(|error| Usage::error(format!("{file}: {error}")))?;
    write_private(&arguments.file, taken.expose().as_bytes())?;
    let keys = taken.expose().lines().count();
    if json {
        output::json(&json!({"file": file.to_string(), "keys": keys}))?;
    } else {
        output::line(&format!("{file} has {keys} keys now. {next}"))?;
    }
    Ok(Verdict::Good)
}
