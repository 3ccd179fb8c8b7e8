//! Reading the clauses that tests name: `// Clauses: VP-8.2-01, VP-8.2-03 to VP-8.2-06`.

use std::fs;
use std::path::Path;

use crate::sources;

/// A clause that a test names, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) id: String,
    pub(super) test: Test,
}

/// A test, and the file that holds it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Test {
    pub(super) name: String,
    pub(super) file: String,
}

/// All that are named in Rust files of the workspace.
pub(super) fn all(root: &Path) -> Result<Vec<Named>, String> {
    let mut files = Vec::new();
    for folder in ["crates", "xtask", "fuzz"] {
        files.extend(sources::rust(&root.join(folder))?);
    }
    let mut named = Vec::new();
    for path in files {
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let file = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        let found = in_text(&text).map_err(|problem| format!("{file}: {problem}"))?;
        named.extend(
            found.into_iter().map(|(id, name)| Named { id, test: Test { name, file: file.clone() } }),
        );
    }
    Ok(named)
}

/// The marker is put together here, so that this file names no clauses itself.
const MARKER: &str = concat!("// ", "Clauses:");

/// The clauses that a file names, each with its test: the one that the comment stands above, or the one that it
/// stands in. A list goes on in the next line of the comment after a comma.
fn in_text(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    let mut around = None;
    while let Some(line) = lines.next() {
        around = function(line).or(around);
        let Some(rest) = line.trim_start().strip_prefix(MARKER) else { continue };
        let mut list = rest.trim().to_owned();
        while list.ends_with(',') {
            let next = lines.next().and_then(|line| line.trim_start().strip_prefix("//"));
            let next = next.ok_or("a list of clauses ends with a comma")?;
            list.push_str(next.trim().strip_prefix("Clauses:").unwrap_or(next));
        }
        let test = below(lines.clone())?.or(around);
        let test = test.ok_or_else(|| format!("{list}: there is no test below"))?;
        for item in list.split(',') {
            let ids = ids(item)?;
            found.extend(ids.into_iter().map(|id| (id, test.to_owned())));
        }
    }
    Ok(found)
}

/// The test that begins right below a comment; none when it is code that follows.
fn below<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Option<&'a str>, String> {
    let mut is_test = false;
    for line in lines {
        let start = line.trim_start();
        if start.starts_with("#[") {
            is_test |= start.contains("test");
        } else if !start.is_empty() && !start.starts_with("//") {
            return match function(line) {
                Some(name) if !is_test => Err(format!("{name} names clauses and is no test")),
                test => Ok(test),
            };
        }
    }
    Ok(None)
}

/// The name of the function that begins in this line.
fn function(line: &str) -> Option<&str> {
    let mut start = line.trim_start();
    for word in ["pub ", "pub(crate) ", "pub(super) ", "async "] {
        start = start.strip_prefix(word).unwrap_or(start);
    }
    let (name, _) = start.strip_prefix("fn ")?.split_once(['(', '<'])?;
    Some(name)
}

/// One clause, or `X-1-03 to X-1-05`.
pub(super) fn ids(item: &str) -> Result<Vec<String>, String> {
    let Some((first, last)) = item.trim().split_once(" to ") else {
        return Ok(vec![item.trim().to_owned()]);
    };
    let (first, last) = (first.trim(), last.trim());
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

    const TEST: &str = "#[test]\nfn shown() {}\n";

    #[test]
    fn lists_lines_and_ranges() {
        let text = format!(
            "    {MARKER} A-1-01,A-1-02,\n    // A-2-01 to A-2-03\n// A-9-01\n/// {MARKER}\n{MARKER} B-1-1\n{TEST}"
        );
        let found = in_text(&text).unwrap();
        let ids: Vec<_> = found.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, ["A-1-01", "A-1-02", "A-2-01", "A-2-02", "A-2-03", "B-1-1"]);
        assert!(in_text(&format!("{MARKER} A-1-03 to A-1-01\n{TEST}")).is_err());
        assert!(in_text(&format!("{MARKER} A-1-01 to B-1-02\n{TEST}")).is_err());
        assert!(in_text(&format!("{MARKER} A-1-01,\nfn x() {{}}")).is_err());
    }

    #[test]
    fn the_test_below_or_around_is_meant() {
        let name = |text: String| in_text(&text).map(|found| found[0].1.clone());
        let above =
            format!("fn other() {{}}\n{MARKER} A-1-01\n/// Why.\n#[tokio::test]\nasync fn below() {{}}\n");
        assert_eq!(name(above).unwrap(), "below");
        let inside =
            format!("#[test]\nfn around() {{\n    {MARKER} A-1-01\n    let x = 1;\n}}\nfn next() {{}}\n");
        assert_eq!(name(inside).unwrap(), "around");
        assert!(name(format!("{MARKER} A-1-01\nfn helper() {{}}\n")).is_err(), "it is no test");
        assert!(name(format!("{MARKER} A-1-01\n")).is_err(), "there is nothing");
    }
}
