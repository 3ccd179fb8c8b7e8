//! Whether a test reads each file of `tests/vectors`, and its README says where it is from.

use crate::process::root;
use crate::sources::{files, rust};
use std::fs;

/// Kept for people who read the definitions beside them: no engine of ours takes them as input.
const UNREAD: &str = "presentation-exchange/sample-credentials/";

/// Looks at all of them; answers with what it has seen.
///
/// A file counts as read where Rust text of this repository has its name, or its folder's path at the end of a string or
/// before a slash: tests that read whole folders name the folder.
pub(crate) fn check_workspace() -> Result<String, String> {
    let root = root();
    let folder = root.join("tests/vectors");
    let mut text = String::new();
    for source in rust(&root.join("crates"))?.into_iter().chain(rust(&root.join("fuzz/src"))?) {
        text.push_str(&fs::read_to_string(&source).map_err(|error| error.to_string())?);
    }
    let readme = fs::read_to_string(folder.join("README.md")).map_err(|error| error.to_string())?;
    let all: Vec<String> = files(&folder)?
        .iter()
        .filter_map(|file| Some(file.strip_prefix(&folder).ok()?.to_str()?.to_owned()))
        .filter(|name| name != "README.md" && !name.starts_with(UNREAD))
        .collect();
    let unread: Vec<&String> = all.iter().filter(|name| !is_read(name, &text)).collect();
    let unnamed: Vec<&String> = all.iter().filter(|name| !is_named(name, &readme)).collect();
    if unread.is_empty() && unnamed.is_empty() {
        return Ok(format!("{} vector files, each read by a test", all.len()));
    }
    Err(format!(
        "vectors that no test reads: {unread:?}; of which the README does not say whose they are: {unnamed:?}"
    ))
}

fn is_read(name: &str, text: &str) -> bool {
    let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    // Tests may name the last folder alone, and read all in it.
    let mut folders =
        std::iter::successors(Some(folder), |path| path.split_once('/').map(|(_, below)| below));
    text.contains(file)
        || text.contains(&format!("\"{stem}\""))
        || folders.any(|path| text.contains(&format!("{path}\"")) || text.contains(&format!("{path}/{{")))
}

fn is_named(name: &str, readme: &str) -> bool {
    let top = name.split('/').next().unwrap_or(name);
    readme.contains(&format!("`{top}`")) || readme.contains(&format!("`{top}/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_by_its_name_or_by_its_folder() {
        assert!(is_read("a/b/c.json", "vector(\"a/b/c.json\")"));
        assert!(is_read("a/b/c.json", "vector(\"a/b\")"));
        assert!(is_read("a/b/c.json", "format!(\"a/b/{name}.json\")"));
        assert!(is_read("a/b/c.json", "vector(\"c\")"));
        assert!(!is_read("a/b/c.json", "vector(\"a/b/d.json\")"));
    }
}
