//! The checklist of the certification suite: which of its checks is shown by which test of ours.
//!
//! Tests name rows in their own names (`as_033_…`), or in a comment above (`// Checks: ISS-012, AS-004 to AS-006`). `tests/checklist/*.txt` lists the
//! rows there are, in our own words; `out-of-scope.toml` beside them says why some have no test, and which lists must
//! have no gap.

mod list;
mod named;
mod page;

use std::fs;

use crate::process::root;
use list::Checklist;

const PAGE: &str = "docs/conformance/checklist.md";

/// Writes the page anew, whatever it says; then tells what is wrong.
pub(crate) fn write() -> Result<String, String> {
    let checklist = checklist()?;
    let file = root().join(PAGE);
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    fs::write(&file, page::render(&checklist)).map_err(|error| format!("{}: {error}", file.display()))?;
    sound(&checklist)
}

/// Checks without writing: rows that are none, gaps where there may be none, and a page that is out of date.
pub(crate) fn check() -> Result<String, String> {
    let checklist = checklist()?;
    let sum = sound(&checklist)?;
    let page = fs::read_to_string(root().join(PAGE)).unwrap_or_default();
    match page == page::render(&checklist) {
        true => Ok(sum),
        false => Err(format!("{PAGE} is out of date: run `cargo xtask clauses`")),
    }
}

fn checklist() -> Result<Checklist, String> {
    Checklist::read(&root().join("tests/checklist"), &named::all(&root())?)
}

fn sound(checklist: &Checklist) -> Result<String, String> {
    match checklist.faults() {
        [] => Ok(checklist.sum()),
        faults => Err(faults.join("\n")),
    }
}
