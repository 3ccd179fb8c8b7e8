//! Reading the rows that tests name: in their own names (`as_033_as_034_…`), or in a comment above
//! them (`// Checks: ISS-012, AS-004 to AS-006`).

use std::fs;
use std::path::Path;

use crate::sources;

/// A row that a test names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) row: String,
    /// The test: crate, file and function.
    pub(super) test: String,
}

/// All that are named in the Rust files of the crates.
pub(super) fn all(root: &Path) -> Result<Vec<Named>, String> {
    let crates = root.join("crates");
    let mut named = Vec::new();
    for file in sources::rust(&crates)? {
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let name = module(file.strip_prefix(&crates).unwrap_or(&file));
        let rows = in_text(&text).map_err(|problem| format!("{name}: {problem}"))?;
        named.extend(rows.into_iter().map(|(row, test)| Named { row, test: format!("{name}::{test}") }));
    }
    Ok(named)
}

/// `vci/tests/all/pushed.rs` is `vci::pushed`.
fn module(file: &Path) -> String {
    let parts = file.with_extension("");
    let parts = parts.iter().map(|part| part.to_string_lossy());
    parts
        .filter(|part| !["src", "tests", "all", "mod"].contains(&part.as_ref()))
        .collect::<Vec<_>>()
        .join("::")
}

/// The marker is put together here, so that this file names no rows itself.
const MARKER: &str = concat!("// ", "Checks:");

/// The rows that a file names, each with the function that comes next. A list goes on in the next line of the comment
/// after a comma.
fn in_text(text: &str) -> Result<Vec<(String, String)>, String> {
    let (mut named, mut waiting) = (Vec::new(), Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(function) = function(line) {
            waiting.extend(in_name(function));
            waiting.sort();
            waiting.dedup();
            named.extend(waiting.drain(..).map(|row| (row, function.to_owned())));
        }
        let Some(rest) = line.trim_start().strip_prefix(MARKER) else { continue };
        let mut list = rest.trim().to_owned();
        while list.ends_with(',') {
            let next = lines.next().and_then(|line| line.trim_start().strip_prefix("//"));
            list.push_str(next.ok_or("a list of rows ends with a comma")?.trim());
        }
        for item in list.split(',').map(str::trim) {
            match item.split_once(" to ") {
                None => waiting.push(item.to_owned()),
                Some((first, last)) => waiting.extend(range(first.trim(), last.trim())?),
            }
        }
    }
    if waiting.is_empty() { Ok(named) } else { Err("rows are named, and no test follows".to_owned()) }
}

fn function(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line.strip_prefix("pub(crate) ").unwrap_or(line);
    let name = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?;
    name.split(['(', '<']).next()
}

/// The rows in the name of a test. A range in a name is a headline and no claim: its rows are named in a comment.
fn in_name(function: &str) -> Vec<String> {
    let words: Vec<&str> = function.split('_').collect();
    let is_number = |word: &str| word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit());
    let mut rows = Vec::new();
    for (at, role) in words.iter().enumerate() {
        let Some(number) = words.get(at + 1).filter(|word| is_number(word)) else { continue };
        let range = words.get(at + 2).is_some_and(|word| *word == "to");
        if !range && ["iss", "as", "wvci", "wvp", "ver"].contains(role) {
            rows.push(format!("{}-{number}", role.to_uppercase()));
        }
    }
    rows
}

/// `X-003 to X-005`
fn range(first: &str, last: &str) -> Result<Vec<String>, String> {
    let parts = |row: &str| {
        let (list, number) = row.rsplit_once('-')?;
        Some((list.to_owned(), number.parse::<u32>().ok()?))
    };
    match (parts(first), parts(last)) {
        (Some((list, from)), Some((other, to))) if list == other && from <= to => {
            Ok((from..=to).map(|number| format!("{list}-{number:03}")).collect())
        }
        _ => Err(format!("{first} to {last} is no range of rows")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_belong_to_the_test_below_them() {
        let text = format!(
            "{MARKER} A-001,\n// A-003 to A-004\n#[test]\nfn one() {{\n}}\n    {MARKER} B-001\n    #[tokio::test]\n    \
             async fn two() {{}}\n"
        );
        let pair = |row: &str, test: &str| (row.to_owned(), test.to_owned());
        let expected =
            [pair("A-001", "one"), pair("A-003", "one"), pair("A-004", "one"), pair("B-001", "two")];
        assert_eq!(in_text(&text).unwrap(), expected);
        assert!(in_text(&format!("{MARKER} A-003 to A-001\nfn x() {{}}")).is_err());
        assert!(in_text(&format!("{MARKER} A-001\n")).is_err());
        assert_eq!(in_name("a09_as_041_as_043_no_uri"), ["AS-041", "AS-043"]);
        assert!(in_name("ver_001_to_003_the_link").is_empty());
        assert!(in_name("as_it_is").is_empty());
        assert_eq!(module(Path::new("vci/tests/all/formats/mod.rs")), "vci::formats");
    }
}
