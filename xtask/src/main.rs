//! Credenza's own tasks: `cargo xtask test` runs everything that has to hold before a change is merged.

mod api;
mod checklist;
mod clauses;
mod layering;
mod licences;
mod process;
mod rules;
mod sources;
mod steps;
mod test;
mod tools;
mod vectors;

use std::process::ExitCode;

const HELP: &str = "\
Credenza's own tasks

Usage: cargo xtask COMMAND

Commands:
  test [STEP…]   everything, or the named steps alone; installs what it lacks from Debian's packages
  layering       does every crate import from lower floors only?
  clauses        which clause and which row of the certification checklist has a test? Writes both pages
  interop        published wallets of others against our service (see interop/)
  fuzz [--seconds N] [TARGET…]   changed inputs against every parser (see fuzz/)
  licences       are all dependencies from crates.io, under an accepted licence, and none of them banned?
  rules          does a test name each check by its id?
  vectors        does a test read each file of tests/vectors?
  help           this text

Steps of `test`, in their order:
  fmt  clippy  layering  clauses  checklist  rules  vectors  licences  advisories  build  unit  pkcs11  docs  interop  api  demo
";

/// Both pages are written, also when the first has a fault.
fn both(clauses: Result<String, String>, checklist: Result<String, String>) -> Result<(), String> {
    let sums = [clauses?, checklist?];
    println!("{}", sums.join("\n"));
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", [].as_slice()),
    };
    let done = match command {
        "test" => test::run(rest),
        "layering" => layering::check_workspace().map(|seen| println!("{seen}")),
        "clauses" => both(clauses::write(), checklist::write()),
        "interop" => test::run(&["interop".to_owned()]),
        "fuzz" => test::fuzz(rest),
        "licences" => licences::check_workspace().map(|seen| println!("{seen}")),
        "rules" => rules::check_workspace().map(|seen| println!("{seen}")),
        "vectors" => vectors::check_workspace().map(|seen| println!("{seen}")),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("there is no task \"{other}\"; `cargo xtask help` names them")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
