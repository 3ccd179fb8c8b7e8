//! Programs that the tests need and cargo does not bring: found, or installed from Debian's packages.

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Where a program is, if it is.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Makes sure that the programs are there; installs the packages when one is missing and we may.
pub(crate) fn ensure(programs: &[&str], packages: &[&str]) -> Result<(), String> {
    let missing = || programs.iter().filter(|program| find(program).is_none()).copied().collect::<Vec<_>>();
    if missing().is_empty() {
        return Ok(());
    }
    eprintln!("installing {}", packages.join(", "));
    apt(&["update", "-qq"])?;
    let mut install = vec!["install", "-qq", "--yes", "--no-install-recommends"];
    install.extend(packages);
    apt(&install)?;
    match missing().as_slice() {
        [] => Ok(()),
        missing => Err(format!("{} still missing after the installation", missing.join(", "))),
    }
}

fn apt(arguments: &[&str]) -> Result<(), String> {
    let failed = |why: String| format!("apt-get {}: {why}", arguments.join(" "));
    let status = Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdout(Stdio::null())
        .status()
        .map_err(|error| failed(error.to_string()))?;
    if status.success() {
        Ok(())
    } else {
        Err(failed(format!("{status}; is this a Debian, and are you root?")))
    }
}
