//! A property-based API tester against the service as it runs: what the description says is what happens.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::process::{cargo, execute, execute_and_read, root, text};
use crate::steps::{Count, Done};
use crate::tools;

/// The tester, from PyPI, in an environment of its own.
const TESTER: &str = "schemathesis==4.32.5";

/// So many seconds at most.
const TIME: &str = "45";

/// A service that ends with the step.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the tester, with the same cases each time (see `schemathesis.toml`).
pub(crate) fn test(target: &Path) -> Result<Done, String> {
    if tools::find("python3").is_none() {
        return Ok(Done::Skipped("python3 is not installed".to_owned()));
    }
    let tester = match installed(&target.join("api-tester"))? {
        Ok(tester) => tester,
        Err(reason) => return Ok(Done::Skipped(reason)),
    };
    execute(cargo(["build", "--locked", "--package", "credenza"]))?;
    let home = target.join("api-tester-service");
    let _ = fs::remove_dir_all(&home);
    let (service, url, token) = start(&target.join("debug").join("credenza"), &home)?;
    let mut run = Command::new(tester);
    // It leaves notes where it runs.
    run.current_dir(&home)
        .arg("--config-file")
        .arg(root().join("xtask").join("schemathesis.toml"))
        .args(["run", &format!("{url}/openapi.json")])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--max-time", TIME]);
    let (output, success) = execute_and_read(run)?;
    drop(service);
    let _ = fs::remove_dir_all(&home);
    let count = counted(&output);
    match (success, count) {
        (true, Some(count)) => Ok(Done::Ran(count)),
        (true, None) => Err("the API tester did not say what it has done".to_owned()),
        (false, _) => Err("the API is not what its description says".to_owned()),
    }
}

/// The tester, installed where it is missing; or why it can't be.
fn installed(folder: &Path) -> Result<Result<PathBuf, String>, String> {
    let tester = folder.join("bin").join("schemathesis");
    let mark = folder.join("installed");
    if tester.is_file() && fs::read_to_string(&mark).is_ok_and(|version| version == TESTER) {
        return Ok(Ok(tester));
    }
    let mut environment = Command::new("python3");
    environment.args(["-m", "venv"]).arg(folder);
    if execute(environment).is_err() {
        return Ok(Err("python3 has no module venv with pip".to_owned()));
    }
    let mut pip = Command::new(folder.join("bin").join("pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--retries", "1", TESTER]);
    if execute(pip).is_err() {
        return Ok(Err(format!("pip can't install {TESTER}: no network?")));
    }
    fs::write(&mark, TESTER).map_err(|error| format!("{}: {error}", mark.display()))?;
    Ok(Ok(tester))
}

/// Starts a service with everything that its description knows; says where it is, and its token.
fn start(binary: &Path, home: &Path) -> Result<(Running, String, String), String> {
    let said = |error: std::io::Error| format!("{}: {error}", binary.display());
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr());
    let at = free.map_err(said)?.to_string();
    let url = format!("http://{at}");
    let mut init = Command::new(binary);
    init.arg("init").arg("--dir").arg(home).args(["--url", &url, "--listen", &at, "--json"]);
    let written = init.output().map_err(said)?.stdout;
    let written: Value = serde_json::from_slice(&written).map_err(|error| format!("init: {error}"))?;
    let token = text(&written, "admin_token").to_owned();
    let config = home.join("credenza.toml");
    let settings = fs::read_to_string(&config).map_err(said)?;
    let settings = settings.replace("\n[admin]\n", "\n[admin]\naudit = true\n");
    fs::write(&config, settings).map_err(said)?;
    let mut serve = Command::new(binary);
    serve.arg("serve").arg("--config").arg(&config).env("RUST_LOG", "error").stdout(Stdio::piped());
    let mut service = Running(serve.spawn().map_err(said)?);
    let mut line = String::new();
    if let Some(output) = service.0.stdout.take() {
        BufReader::new(output).read_line(&mut line).map_err(said)?;
    }
    if line.starts_with("Credenza serves ") {
        Ok((service, url, token))
    } else {
        Err(format!("serve: {line}"))
    }
}

/// The cases, by the tester's last words: `2143 generated, 2143 passed, 56 skipped`.
fn counted(output: &str) -> Option<Count> {
    let line = output.lines().rev().find(|line| line.contains(" generated"))?;
    let passed = line.split_whitespace().next()?.parse().ok()?;
    Some(Count { passed, failed: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_counted() {
        let output = "Test cases:\n  2143 generated, 2143 passed, 56 skipped\n\nSeed: 1\n";
        assert_eq!(counted(output), Some(Count { passed: 2143, failed: 0 }));
        assert_eq!(counted("nothing"), None);
    }
}
