//! Running targets, and telling which input brought one down.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::MEMORY;
use crate::mutate::{Dice, mutate};
use crate::targets::Target;

/// No parser takes longer for one input, without optimisation and on a busy machine.
pub(crate) const TIME: Duration = Duration::from_secs(3);

/// Memory that any input may take, and so much more for each of its bytes.
const MEMORY_AT_LEAST: usize = 32 * 1024 * 1024;
const MEMORY_PER_BYTE: usize = 512;

pub(crate) struct Plan {
    /// For each target; without it, so many rounds.
    pub(crate) seconds: Option<Duration>,
    pub(crate) rounds: u64,
    pub(crate) seed: u64,
}

pub(crate) fn all(targets: &[&Target], seeds: &[Vec<u8>], plan: &Plan) -> Result<(), String> {
    let mut failures = Vec::new();
    for target in targets {
        match one(target, seeds, plan) {
            Ok(told) => println!("{told}"),
            Err(failure) => failures.push(failure),
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

fn one(target: &Target, seeds: &[Vec<u8>], plan: &Plan) -> Result<String, String> {
    let start = Instant::now();
    let mut good = Vec::new();
    for seed in seeds {
        if attempt(target, seed)? {
            good.push(seed.as_slice());
        }
    }
    // Good ones lead further than others do; with none, everything is as good.
    let all: Vec<&[u8]> = seeds.iter().map(Vec::as_slice).collect();
    let own = if good.is_empty() { &all } else { &good };
    let (mut round, mut accepted) = (0, 0u64);
    let goes_on = |round: u64| match plan.seconds {
        Some(time) => start.elapsed() < time,
        None => round < plan.rounds,
    };
    while goes_on(round) {
        let mut dice = Dice::new(plan.seed.wrapping_mul(1_000_003).wrapping_add(round));
        let seed = dice.pick(own).copied().unwrap_or_default();
        let input = mutate(seed, &all, &mut dice);
        accepted += u64::from(attempt(target, &input)?);
        round += 1;
    }
    Ok(format!(
        "{:18} {:>4} good seeds, {round} inputs of which {accepted} were accepted, {:.1} s",
        target.name,
        good.len(),
        start.elapsed().as_secs_f64()
    ))
}

/// Whether the input was accepted; an error when it did harm.
fn attempt(target: &Target, input: &[u8]) -> Result<bool, String> {
    MEMORY.reset_peak_usage();
    let (before, start) = (MEMORY.current_usage(), Instant::now());
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    let (took, memory) = (start.elapsed(), MEMORY.peak_usage().saturating_sub(before));
    let harm = match outcome {
        Err(_) => "panicked".to_owned(),
        Ok(_) if took > TIME => format!("took {:.1} s", took.as_secs_f64()),
        Ok(_) if memory > MEMORY_AT_LEAST + MEMORY_PER_BYTE * input.len() => format!("took {memory} bytes"),
        Ok(accepted) => return Ok(accepted),
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/fuzz");
    let file = folder.join(format!("{}-{}", target.name, input.len()));
    let kept = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, input));
    let place = kept.map_or_else(|error| error.to_string(), |()| file.display().to_string());
    Err(format!("{}: {harm} for an input of {} bytes: {place}", target.name, input.len()))
}
