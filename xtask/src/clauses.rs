//! The clause ledger: which requirement of which specification is covered by a test.
//!
//! Tests name clauses in a comment above them. `tests/clauses/*.txt` lists the clauses there are: id, level, and whom
//! the sentence binds. `tests/clauses/reasons/*.toml` says why some have no test, and which lists must have no gap.

mod ledger;
mod page;
mod reasons;
mod tests_read;

use std::fs;

use crate::process::root;
use ledger::Ledger;

/// The page, from the root of the repository.
const PAGE: &str = "docs/conformance/ledger.md";

/// Writes the page anew, whatever it says; then tells what is wrong.
pub(crate) fn write() -> Result<String, String> {
    let ledger = ledger()?;
    let page = root().join(PAGE);
    fs::write(&page, page::render(&ledger)).map_err(|error| format!("{}: {error}", page.display()))?;
    sound(&ledger)
}

/// Checks without writing: clauses that are none, gaps where there may be none, and a page that is out of date.
pub(crate) fn check() -> Result<String, String> {
    let ledger = ledger()?;
    let sum = sound(&ledger)?;
    let page = fs::read_to_string(root().join(PAGE)).unwrap_or_default();
    match page == page::render(&ledger) {
        true => Ok(sum),
        false => Err(format!("{PAGE} is out of date: run `cargo xtask clauses`")),
    }
}

fn ledger() -> Result<Ledger, String> {
    Ledger::read(&root().join("tests/clauses"), &tests_read::all(&root())?)
}

fn sound(ledger: &Ledger) -> Result<String, String> {
    match ledger.faults() {
        [] => Ok(ledger.sum()),
        faults => Err(faults.join("\n")),
    }
}
