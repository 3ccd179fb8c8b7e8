//! Fuzzing on the stable toolchain: inputs from `tests/vectors`, changed at random but reproducibly, against every parser
//! of what strangers send.
//!
//! An input passes when the parser comes back: accepted or refused, without a panic, within [`run::TIME`], and without
//! taking much more memory than the input is long. Run a short round of all targets with `cargo xtask test fuzz`, a long one of some with
//! `cargo xtask fuzz --seconds 600 sd-jwt mdoc`.

mod corpus;
mod mutate;
mod run;
mod targets;

use std::process::ExitCode;
use std::time::Duration;

use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const HELP: &str = "\
Usage: credenza-fuzz [--seconds N | --rounds N] [--seed N] [TARGET…]

Without --seconds, the same inputs each time: N rounds (1000) for each target. A failing input is written to
target/fuzz and told by its seed.
";

fn main() -> ExitCode {
    match work() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn work() -> Result<(), String> {
    let mut plan = run::Plan { seconds: None, rounds: 1000, seed: 1 };
    let mut wanted = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|text| text.parse::<u64>().ok()).ok_or(HELP);
        match argument.as_str() {
            "--seconds" => plan.seconds = Some(Duration::from_secs(number()?)),
            "--rounds" => plan.rounds = number()?,
            "--seed" => plan.seed = number()?,
            "--help" | "-h" => {
                print!("{HELP}");
                return Ok(());
            }
            name if targets::ALL.iter().any(|target| target.name == name) => wanted.push(argument),
            other => {
                let names: Vec<_> = targets::ALL.iter().map(|target| target.name).collect();
                return Err(format!("there is no target {other:?}; there are: {}", names.join(" ")));
            }
        }
    }
    let seeds = corpus::read()?;
    let chosen: Vec<_> = targets::ALL
        .iter()
        .filter(|target| wanted.is_empty() || wanted.iter().any(|name| name == target.name))
        .collect();
    run::all(&chosen, &seeds, &plan)
}
