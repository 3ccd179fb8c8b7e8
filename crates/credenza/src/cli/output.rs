//! Printing: text for people, JSON for programs, errors and progress apart from results.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use serde::Serialize;
use serde_json::json;

/// Prints a result as JSON.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    line(&text)
}

/// Prints a line of a result. A closed pipe (`| head`) ends the command quietly.
pub(super) fn line(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        other => Ok(other?),
    }
}

/// Tells why a command failed.
pub(super) fn error(error: &anyhow::Error, as_json: bool) {
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    if as_json {
        println!("{}", json!({"error": chain.join(": ")}));
    } else {
        eprintln!("credenza: {}", chain.join(": "));
    }
}

/// Says what is going on, to people who watch.
pub(super) fn progress(text: &str) {
    if io::stderr().is_terminal() {
        eprintln!("… {text}");
    }
}

/// Whether somebody is there to answer.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks yes or no; anything but a clear yes is a no.
pub(super) fn ask(question: &str) -> io::Result<bool> {
    let answer = ask_text(&format!("{question} [y/N] "))?;
    Ok(matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Asks for a line.
pub(super) fn ask_text(question: &str) -> io::Result<String> {
    let mut err = io::stderr().lock();
    write!(err, "{question}")?;
    err.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}
