//! Printing: text for people, JSON for programs, errors and progress apart from results.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use serde::Serialize;
use serde_json::{Value, json};

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
pub(super) async fn ask(question: &str) -> anyhow::Result<bool> {
    let answer = ask_text(&format!("{question} [y/N] ")).await?;
    Ok(matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Asks for a line. Ctrl-C ends the command: while a question is open, nothing is under way.
pub(super) async fn ask_text(question: &str) -> anyhow::Result<String> {
    let mut err = io::stderr();
    write!(err, "{question}")?;
    err.flush()?;
    let line = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map(|_| answer)
    });
    tokio::select! {
        line = line => Ok(line??.trim().to_owned()),
        _ = tokio::signal::ctrl_c() => {
            eprintln!();
            std::process::exit(INTERRUPTED)
        }
    }
}

/// What shells expect of a command that was interrupted.
const INTERRUPTED: i32 = 130;

/// A verification report that came as JSON, for people.
pub(super) fn report_text(report: &Value) -> String {
    let mut text = String::new();
    write_report(report, 0, &mut text);
    text
}

fn write_report(report: &Value, depth: usize, text: &mut String) {
    let of =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let list = |name: &str| report.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let indent = "  ".repeat(depth);
    let mark = if report.get("ok") == Some(&Value::Bool(true)) { '✓' } else { '✗' };
    text.push_str(&format!("{indent}{mark} {}\n", of(report, "subject")));
    let checks = list("checks");
    let width = checks.iter().map(|check| of(check, "id").len()).max().unwrap_or(0);
    for check in &checks {
        let mark = match of(check, "outcome").as_str() {
            "passed" => '✓',
            "failed" => '✗',
            "warned" => '!',
            _ => '–',
        };
        let (id, meaning, section) = (of(check, "id"), of(check, "meaning"), of(check, "section"));
        text.push_str(&format!("{indent}  {mark} {id:width$}  {meaning}  [{section}]\n"));
        if check.get("evidence").is_some() {
            text.push_str(&format!("{indent}    {:width$}  → {}\n", "", of(check, "evidence")));
        }
    }
    for part in &list("parts") {
        write_report(part, depth + 1, text);
    }
}
