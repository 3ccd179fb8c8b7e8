//! Does a test name every check? A check is known to others by its id: nobody notices when an id that no test names
//! changes, or when a check with it is never made.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::process::root;
use crate::sources;

/// Looks through all sources of the workspace.
pub(crate) fn check_workspace() -> Result<String, String> {
    let mut rules = BTreeMap::new();
    let mut named = BTreeSet::new();
    for file in sources::rust(&root().join("crates"))? {
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let (product, tests) = if is_test(&file) { ("", text.as_str()) } else { split(&text) };
        let name = file.strip_prefix(root()).unwrap_or(&file).display().to_string();
        rules.extend(defined(product).map(|id| (id.to_owned(), name.clone())));
        named.extend(literals(tests).map(str::to_owned));
    }
    let missing: Vec<String> = rules
        .iter()
        .filter(|(id, _)| !named.contains(*id))
        .map(|(id, file)| format!("{file}: no test names {id:?}"))
        .collect();
    match missing.as_slice() {
        [] => Ok(format!("a test names each of {} checks", rules.len())),
        missing => Err(missing.join("\n")),
    }
}

fn is_test(file: &Path) -> bool {
    let of_tests = file.components().any(|part| part.as_os_str() == "tests");
    of_tests || file.file_stem().is_some_and(|name| name.to_string_lossy().ends_with("tests"))
}

/// What comes before the tests at the end of a file, and those.
fn split(text: &str) -> (&str, &str) {
    text.split_once("#[cfg(test)]").unwrap_or((text, ""))
}

/// The ids of the checks that are defined there.
fn defined(text: &str) -> impl Iterator<Item = &str> {
    text.split("Rule::new(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
}

/// Everything between two quotation marks of one line.
fn literals(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('"').skip(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_defined_and_what_is_named() {
        let text = "const A: Rule = Rule::new(\"a.b\", \"§1\", \"It.\");\nRule::new(\n    \"c\", \"\", \"\")\n\
                    #[cfg(test)]\nmod tests { assert_eq!(failed(\"a.b\"), Some(\"x\")); }";
        let (product, tests) = split(text);
        assert_eq!(defined(product).collect::<Vec<_>>(), ["a.b", "c"]);
        let named: Vec<_> = literals(tests).collect();
        assert!(named.contains(&"a.b") && named.contains(&"x") && !named.contains(&"c"));
    }

    #[test]
    fn files_of_tests() {
        for (file, is) in [
            ("crates/vp/tests/all/world.rs", true),
            ("crates/credenza/src/inspect/family_tests.rs", true),
            ("crates/credenza/src/inspect/rules.rs", false),
        ] {
            assert_eq!(is_test(Path::new(file)), is, "{file}");
        }
    }
}
