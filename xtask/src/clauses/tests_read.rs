//! Reading the clauses that tests name: `// Clauses: VP-8.2-01, VP-8.2-03 to VP-8.2-06`.

use std::fs;
use std::path::{Path, PathBuf};

/// A clause that a test names, and in which file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) id: String,
    pub(super) file: String,
}

/// All that are named in Rust files of the workspace.
pub(super) fn all(root: &Path) -> Result<Vec<Named>, String> {
    let mut files = Vec::new();
    for folder in ["crates", "xtask", "fuzz"] {
        collect(&root.join(folder), &mut files)?;
    }
    files.sort();
    let mut named = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let name = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        let ids = in_text(&text).map_err(|problem| format!("{name}: {problem}"))?;
        named.extend(ids.into_iter().map(|id| Named { id, file: name.clone() }));
    }
    Ok(named)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                collect(&path, files)?;
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// The marker is put together here, so that this file names no clauses itself.
const MARKER: &str = concat!("// ", "Clauses:");

/// The clauses that a file names. A list goes on in the next line of the comment after a comma.
fn in_text(text: &str) -> Result<Vec<String>, String> {
    let mut ids = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(rest) = line.trim_start().strip_prefix(MARKER) else { continue };
        let mut list = rest.trim().to_owned();
        while list.ends_with(',') {
            let next = lines.next().and_then(|line| line.trim_start().strip_prefix("//"));
            let next = next.ok_or("a list of clauses ends with a comma")?;
            list.push_str(next.trim().strip_prefix("Clauses:").unwrap_or(next));
        }
        for item in list.split(',') {
            match item.trim().split_once(" to ") {
                None => ids.push(item.trim().to_owned()),
                Some((first, last)) => ids.extend(range(first.trim(), last.trim())?),
            }
        }
    }
    Ok(ids)
}

/// `X-1-03 to X-1-05`
fn range(first: &str, last: &str) -> Result<Vec<String>, String> {
    let parts = |id: &str| {
        let (section, number) = id.rsplit_once('-')?;
        Some((section.to_owned(), number.parse::<u32>().ok()?, number.len()))
    };
    match (parts(first), parts(last)) {
        (Some((section, from, width)), Some((other, to, _))) if section == other && from <= to => {
            Ok((from..=to).map(|number| format!("{section}-{number:0width$}")).collect())
        }
        _ => Err(format!("{first} to {last} is no range of clauses")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_lines_and_ranges() {
        let text = format!(
            "    {MARKER} A-1-01,A-1-02,\n    // A-2-01 to A-2-03\n// A-9-01\n/// {MARKER}\n{MARKER} B-1-1"
        );
        let ids = in_text(&text).unwrap();
        assert_eq!(ids, ["A-1-01", "A-1-02", "A-2-01", "A-2-02", "A-2-03", "B-1-1"]);
        assert!(in_text(&format!("{MARKER} A-1-03 to A-1-01")).is_err());
        assert!(in_text(&format!("{MARKER} A-1-01 to B-1-02")).is_err());
        assert!(in_text(&format!("{MARKER} A-1-01,\nfn x() {{}}")).is_err());
    }
}
