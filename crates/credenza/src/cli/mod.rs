//! Commands and their arguments; each command has its own module.

mod bench;
mod ca;
mod contexts;
mod demo;
mod deployment;
mod doctor;
mod healthz;
mod init;
mod inspect;
mod issue;
mod keys;
mod load;
mod migrate;
mod output;
mod passphrase;
mod sealing;
mod serve;
mod thing;
mod verify;
mod wallet;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Issue, hold, present and verify digital credentials (OpenID4VCI, OpenID4VP, SD-JWT VC).
///
/// Start with:  credenza demo
///
/// Results go to standard output, questions and progress to standard error. Exit codes: 0 as it should be, 1 refused
/// or failed, 2 wrong arguments or configuration.
#[derive(Parser)]
#[command(name = "credenza", version, max_term_width = 110)]
struct Arguments {
    /// Print JSON for programs instead of text for people.
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show everything at work on this machine, in the browser; nothing is kept.
    Demo(demo::Arguments),
    /// Write a commented configuration with fresh keys, ready for `serve`.
    Init(init::Arguments),
    /// Run issuer, authorization server and verifier from a configuration.
    Serve(serve::Arguments),
    /// Move the state of a service to another store: from SQLite to PostgreSQL, sessions to Redis.
    ///
    /// Copies sessions (what expires) and records (issued credentials, status lists, credential types) with their versions;
    /// the source is left as it is. Stop all nodes first: what they change behind its back is not copied. A run that was
    /// interrupted goes on where it was when the same command is given again.
    ///
    /// A target that has something already is refused, so that two services are never mixed by mistake.
    Migrate(migrate::Arguments),
    /// A holder's wallet in the terminal: accept offers, answer requests.
    Wallet(wallet::Arguments),
    /// Decode an offer, request, token, credential, metadata, key or certificate.
    Inspect(inspect::Arguments),
    /// Verify a credential, presentation, token, list or certificate chain, and print every check.
    Verify(verify::Arguments),
    /// Make private keys, show their public parts and DIDs, protect them with a passphrase, replace them.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Run a certification authority in a folder: roots (IACA), signers, readers, revocation lists.
    #[command(subcommand)]
    Ca(ca::Command),
    /// Sign a credential from a file of claims, in any format, without a protocol.
    Issue(issue::Arguments),
    /// Examine a deployment from outside, as a wallet sees it, and say what to change.
    Doctor(doctor::Arguments),
    /// Ask the service of a configuration on this machine whether it is well; for probes that can only run a command.
    Healthz(healthz::Arguments),
    /// Put a deployment under load with virtual wallets, at a given rate, and tell how long everything took.
    Load(load::Arguments),
    /// Measure this machine, and what Credenza adds to the signatures it has to make.
    Bench(bench::Arguments),
}

/// How a command ended that has run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// As it should be.
    Good,
    /// Refused; the reason was printed.
    Bad,
}

/// What was asked for can't be done as it was asked: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

impl Usage {
    fn error(message: impl Into<String>) -> anyhow::Error {
        Self(message.into()).into()
    }
}

pub(crate) fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let json = arguments.json;
    let done = match arguments.command {
        Command::Demo(arguments) => on_all_threads(demo::run(arguments, json)),
        Command::Serve(arguments) => on_all_threads(serve::run(arguments, json)),
        Command::Migrate(arguments) => on_all_threads(migrate::run(arguments, json)),
        Command::Init(arguments) => init::run(&arguments, json),
        Command::Wallet(arguments) => on_one_thread(wallet::run(arguments, json)),
        Command::Inspect(arguments) => on_one_thread(inspect::run(arguments, json)),
        Command::Verify(arguments) => on_one_thread(verify::run(arguments, json)),
        Command::Keys(command) => keys::run(command, json),
        Command::Ca(command) => ca::run(command, json),
        Command::Issue(arguments) => on_one_thread(issue::run(arguments, json)),
        Command::Doctor(arguments) => on_one_thread(doctor::run(arguments, json)),
        Command::Healthz(arguments) => on_one_thread(healthz::run(arguments, json)),
        Command::Load(arguments) => on_all_threads(load::run(arguments, json)),
        Command::Bench(arguments) => on_all_threads(bench::run(arguments, json)),
    };
    match done {
        Ok(Verdict::Good) => ExitCode::SUCCESS,
        Ok(Verdict::Bad) => ExitCode::FAILURE,
        Err(error) => {
            output::error(&error, json);
            ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
        }
    }
}

/// Runs a service.
fn on_all_threads(command: impl Future<Output = anyhow::Result<Verdict>>) -> anyhow::Result<Verdict> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(command)
}

/// Runs a command that waits for one thing at a time.
fn on_one_thread(command: impl Future<Output = anyhow::Result<Verdict>>) -> anyhow::Result<Verdict> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }
}
