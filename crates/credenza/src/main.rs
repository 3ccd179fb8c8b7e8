//! The command line of Credenza.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
