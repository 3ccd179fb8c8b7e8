//! The files of the repository.

use std::fs;
use std::path::{Path, PathBuf};

/// All files below a folder, in order, without what was built; none when there is no such folder.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    let mut open = Vec::from_iter(folder.is_dir().then(|| folder.to_owned()));
    while let Some(folder) = open.pop() {
        let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if !path.is_dir() {
                found.push(path);
            } else if path.file_name().is_some_and(|name| name != "target") {
                open.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The Rust files below a folder, in order.
pub(crate) fn rust(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut files = files(folder)?;
    files.retain(|file| file.extension().is_some_and(|ending| ending == "rs"));
    Ok(files)
}
